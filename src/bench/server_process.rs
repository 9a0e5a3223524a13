//! A server in a process of its own, so that its CPU time and memory are measured apart from those of the load.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A server that is measured. Dropping it ends the process.
pub(super) struct ServerProcess {
    child: Child,
    pub(super) address: SocketAddr,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// User and system time, microseconds.
    pub(super) cpu_us: u64,
    /// The most memory it has held, bytes.
    pub(super) rss_max: u64,
}

impl ServerProcess {
    /// Starts a server on a store, with settings as environment variables.
    pub(super) fn serve(data_dir: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start(&["serve", "--listen", "127.0.0.1:0"], Some(data_dir), settings)
    }

    /// The same with a limit of file descriptors.
    pub(super) fn serve_with_descriptors(data_dir: &Path, descriptors: u32) -> anyhow::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n \"$1\"; shift; exec \"$@\"", "sh", &descriptors.to_string()]);
        command.arg(std::env::current_exe()?);
        Self::start_by(command, &["serve", "--listen", "127.0.0.1:0"], Some(data_dir), &[])
    }

    /// Starts the server that stores nothing.
    pub(super) fn bare() -> anyhow::Result<Self> {
        Self::start(&["bench", "bare", "--listen", "127.0.0.1:0"], None, &[])
    }

    fn start(arguments: &[&str], data_dir: Option<&Path>, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_by(Command::new(std::env::current_exe()?), arguments, data_dir, settings)
    }

    /// Starts this program by a command and waits for the address that it logs.
    fn start_by(
        mut command: Command,
        arguments: &[&str],
        data_dir: Option<&Path>,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        command.envs(settings.iter().copied());
        command.args(arguments).env("GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS", "0");
        if let Some(dir) = data_dir {
            command.arg("--data-dir").arg(dir);
        }
        // The set-up link of the server must not be in the output of the benchmark.
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).stdin(Stdio::null()).spawn()?;
        let log = child.stderr.take().context("no log")?;
        let mut lines = BufReader::new(log).lines();
        while let Some(Ok(line)) = lines.next() {
            let Some((_, address)) = line.split_once("listening on http://") else { continue };
            // The log is read to its end, because the server would block on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(Self { child, address: address.trim().parse()? });
        }
        bail!("the server ended: {:?}", child.wait()?)
    }

    /// CPU time and memory so far, from `/proc`.
    pub(super) fn usage(&self) -> anyhow::Result<Usage> {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // These are the fields 14 and 15. Counting starts after the name of the process, which may hold spaces.
        let (_, after) = stat.rsplit_once(')').context("unreadable stat")?;
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Usage { cpu_us: ticks * 1_000_000 / per_second.max(1), rss_max: self.status("VmHWM:")? })
    }

    /// The memory it holds now, bytes.
    pub(super) fn memory(&self) -> anyhow::Result<u64> {
        self.status("VmRSS:")
    }

    /// The file descriptors it has open.
    pub(super) fn descriptors(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// A figure of `/proc/…/status`, bytes.
    fn status(&self, name: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .with_context(|| format!("no {name}"))?;
        Ok(kilobytes * 1024)
    }

    /// Ends the process without giving it time to finish anything.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ = self.child.wait();
    }
}
