//! The real binary as a process: started on a data directory, asked over real sockets, killed or stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use guestlog::base::clock::{Clock, RealClock, pause};
use guestlog::config::Config;
use guestlog::domain::account::{AccountId, Settings};
use guestlog::store;

/// Longest a start may take on a busy machine before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first `200` for `/readyz`.
    pub(crate) ready_after: Duration,
    log: Arc<Mutex<String>>,
}

/// Makes the store with one account, as `account add` does.
pub(crate) fn prepare(data_dir: &Path) -> AccountId {
    let mut config = Config::default();
    config.server.data_dir = data_dir.to_owned();
    let app = guestlog::server::open(&config).unwrap();
    let settings = Settings::parse("Test", &["example.com".to_owned()], "UTC", "EUR").unwrap();
    let now = RealClock.now();
    let account = app.store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, now));
    app.store.close();
    account.unwrap()
}

impl Server {
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[], &[]).unwrap_or_else(|log| panic!("no server came up:\n{log}"))
    }

    /// With further environment, behind a command that ends by running its arguments (`sh -c …`).
    ///
    /// # Errors
    /// What it said when it ended or was not ready in time.
    pub(crate) fn start_with(data_dir: &Path, env: &[(&str, &str)], before: &[&str]) -> Result<Self, String> {
        let began = RealClock.monotonic();
        let mut server = Self::spawn(data_dir, env, before)?;
        while server.status("/readyz") != Some(200) {
            if RealClock.monotonic() - began > PATIENCE {
                return Err(server.log());
            }
            pause(Duration::from_millis(2));
        }
        server.ready_after = RealClock.monotonic() - began;
        Ok(server)
    }

    /// One that listens, ready or not.
    ///
    /// # Errors
    /// What it said when it ended.
    pub(crate) fn spawn(data_dir: &Path, env: &[(&str, &str)], before: &[&str]) -> Result<Self, String> {
        // A release build is put to the same loops by its name.
        let named = std::env::var("GUESTLOG_BIN");
        let binary = named.as_deref().unwrap_or(env!("CARGO_BIN_EXE_guestlog"));
        let mut words = before.iter().copied().chain([binary]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        command.env("NO_COLOR", "1").env("GUESTLOG_STORE__MIN_FREE", "0");
        command.env("GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS", "0").envs(env.iter().copied());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (bound, heard) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let _ = bound.send(address.trim().parse::<SocketAddr>().unwrap());
                }
                let mut log = lines.lock().unwrap();
                // A fault that lasts is logged at every hit.
                if log.len() < 1 << 20 {
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        });
        let Ok(address) = heard.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(log.lock().unwrap().clone());
        };
        Ok(Self { child, address, ready_after: PATIENCE, log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop; how it ended and how long it took.
    pub(crate) fn stop(mut self) -> (ExitStatus, Duration) {
        let began = RealClock.monotonic();
        signal(self.id(), "TERM");
        while RealClock.monotonic() - began < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, RealClock.monotonic() - began);
            }
            pause(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        panic!("it does not stop:\n{}", self.log());
    }

    /// The status of a plain GET; `None` when there is no answer.
    pub(crate) fn status(&self, path: &str) -> Option<u16> {
        get(self.address, path).map(|(status, _)| status)
    }

    /// Hits accepted and not folded yet.
    pub(crate) fn waiting(&self) -> u64 {
        let (_, text) = get(self.address, "/metrics").expect("metrics");
        let line = text.lines().find_map(|line| line.strip_prefix("guestlog_hits_waiting ")).unwrap();
        line.trim().parse().unwrap()
    }

    pub(crate) fn wait_until_folded(&self) {
        let began = RealClock.monotonic();
        while self.waiting() > 0 {
            assert!(RealClock.monotonic() - began < PATIENCE, "the fold is stuck:\n{}", self.log());
            pause(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(process: u32, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(done.success());
}

/// Status and body of a GET on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// Says why a test is left out; true when the machine cannot do it.
pub(crate) fn skipped(what: &str, why: Option<String>) -> bool {
    if let Some(why) = &why {
        println!("SKIP: {what}: {why}");
    }
    why.is_some()
}
