//! A machine with Guestlog on it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use guestlog::base::clock::pause;
use serde_json::Value;

/// Longest a test waits for a process.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory with a configuration of its own and no environment of the developer's.
pub(super) struct Machine {
    dir: tempfile::TempDir,
    /// Name of the data directory.
    data: String,
}

/// What a command answered.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Said {
    /// Stdout as JSON, of a command that was done.
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        self.any_json()
    }

    pub(super) fn any_json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It failed with this code and these words on stderr, and nothing on stdout.
    pub(super) fn fails(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "{words:?} is not in {self:?}");
        assert_eq!(self.out, "", "{self:?}");
    }
}

impl Machine {
    pub(super) fn new() -> Self {
        Self::with_data("data")
    }

    pub(super) fn with_data(data: &str) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap(), data: data.to_owned() };
        // A laptop's disk may be fuller than the floor of a server.
        std::fs::write(machine.path("guestlog.toml"), "[store]\nmin_free = 0\n").unwrap();
        machine
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn data(&self, name: &str) -> PathBuf {
        self.path(&self.data).join(name)
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guestlog"));
        command
            .current_dir(self.dir.path())
            .args(["--data-dir", &self.data])
            .args(args)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, "")
    }

    /// With this on stdin.
    pub(super) fn run_with(&self, args: &[&str], stdin: &str) -> Said {
        let mut child = self.command(args).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let done = child.wait_with_output().unwrap();
        Said {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }

    pub(super) fn json(&self, args: &[&str]) -> Value {
        self.run(&[&["--json"], args].concat()).json()
    }

    /// An account for a site `shop.test`.
    pub(super) fn account(&self) -> i64 {
        self.json(&["account", "add", "--name", "Shop", "--domain", "shop.test"])["account_id"]
            .as_i64()
            .unwrap()
    }

    /// Waits until everything is folded.
    pub(super) fn settle(&self) {
        for _ in 0..600 {
            if self.json(&["check"])["waiting"] == 0 {
                return;
            }
            pause(Duration::from_millis(50));
        }
        panic!("the fold never came to its end");
    }

    /// A running server; it is ended when this is dropped.
    pub(super) fn serve(&self) -> Server {
        let mut child = self.command(&["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let log = child.stderr.take().unwrap();
        let (send, lines) = mpsc::channel();
        // Reads to the end, so that the server never waits for room in the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut server = Server { child, address: String::new() };
        let mut seen = String::new();
        while server.address.is_empty() {
            let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no address in {seen}"));
            if let Some((_, address)) = line.split_once("listening on ") {
                address.trim().clone_into(&mut server.address);
            }
            seen.push_str(&line);
        }
        server
    }
}

pub(super) struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(super) address: String,
}

impl Server {
    /// Sends a page view with this event id; its status.
    pub(super) fn view(&self, account: i64, id: &str) -> u16 {
        send_view(&self.address, account, id)
    }

    /// Asks it to stop, and waits until it did: its exit code.
    pub(super) fn stop(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page view over HTTP: the status, 0 when no answer came.
pub(super) fn send_view(address: &str, account: i64, id: &str) -> u16 {
    let body = serde_json::json!({
        "a": account, "k": 1, "id": id, "age": 0, "vi": format!("{:0>32}", id.len()),
        "pu": "https://shop.test/shoes", "t": "Shoes", "cc": 15,
    });
    send(address, &body)
}

/// Sends a hit over HTTP: the status, 0 when no answer came.
pub(super) fn send(address: &str, body: &serde_json::Value) -> u16 {
    post(address, "/collect", body)
}

/// Posts JSON as plain text: the status, 0 when no answer came.
pub(super) fn post(address: &str, path: &str, body: &serde_json::Value) -> u16 {
    let host = address.trim_start_matches("http://");
    let text = body.to_string();
    let talk = || {
        let mut stream = std::net::TcpStream::connect(host).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nContent-Type: text/plain\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    };
    talk().unwrap_or(0)
}

/// Asks a store behind its owner's back, for what tests want to know.
pub(super) fn ask<T: rusqlite::types::FromSql>(file: &Path, sql: &str) -> T {
    let conn = rusqlite::Connection::open(file).unwrap();
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}
