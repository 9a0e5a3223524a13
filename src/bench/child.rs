//! A server as a process of its own, so that its CPU and memory can be told apart from the load's.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A server under measurement; ended when dropped.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// User and system time, microseconds.
    pub(super) cpu_us: u64,
    /// Most memory it ever held, bytes.
    pub(super) rss_max: u64,
}

impl Server {
    /// Starts this program with `arguments` and waits for the address it logs.
    ///
    /// # Errors
    /// When it ends without one.
    pub(super) fn start(arguments: &[&str], data_dir: Option<&Path>) -> anyhow::Result<Self> {
        Self::start_with(arguments, data_dir, &[])
    }

    /// As `start`, with settings by their variables.
    pub(super) fn start_with(
        arguments: &[&str],
        data_dir: Option<&Path>,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.envs(settings.iter().copied());
        command.args(arguments).env("GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS", "0");
        if let Some(dir) = data_dir {
            command.arg("--data-dir").arg(dir);
        }
        // Its set-up link must not stand in the answer of the benchmark.
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).stdin(Stdio::null()).spawn()?;
        let log = child.stderr.take().context("no log")?;
        let mut lines = BufReader::new(log).lines();
        while let Some(Ok(line)) = lines.next() {
            let Some((_, address)) = line.split_once("listening on http://") else { continue };
            // Somebody must go on reading, or the server blocks on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(Self { child, address: address.trim().parse()? });
        }
        bail!("the server ended: {:?}", child.wait()?)
    }

    /// CPU and memory so far, from `/proc`.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub(super) fn used(&self) -> anyhow::Result<Used> {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // Fields 14 and 15, counted behind the name, which may hold spaces.
        let (_, after) = stat.rsplit_once(')').context("unreadable stat")?;
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .context("no VmHWM")?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Used { cpu_us: ticks * 1_000_000 / per_second.max(1), rss_max: kilobytes * 1024 })
    }
}

impl Server {
    /// Ends it as a power cut would.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        );
        let _ = self.child.wait();
    }
}
