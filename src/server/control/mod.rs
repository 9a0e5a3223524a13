//! The control socket (rules.md 23): commands of the command line run in the server that holds the data
//! directory, or here when none does. One line of JSON each way. Nothing but `app::control` decides what a
//! command does; who may connect is decided by the system's own word for the peer.

mod client;
mod listener;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::app::commands::Command;
pub use client::{Error, execute, tell};
pub(super) use listener::Listener;

use crate::app::commands;

/// Name of the socket in the data directory.
pub const SOCKET_FILE: &str = "guestlog.sock";
/// Longest line either way, bytes: an event's custom JavaScript fits in, every quote of it escaped.
pub const MESSAGE_MAX: usize = 5 << 20;
/// Longest path a socket may have, bytes; the system's limit is 107.
const PATH_MAX: usize = 100;

/// What a command sends.
#[derive(Serialize, Deserialize)]
struct Request {
    /// A server of another version might read a command differently.
    version: String,
    command: Command,
}

/// What it gets.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Value),
    Refused(commands::Error),
}

/// Where the socket is. The longer paths go by way of an open directory, which must live until the socket is
/// bound or connected.
fn address(data_dir: &Path) -> std::io::Result<(PathBuf, Option<File>)> {
    let plain = data_dir.join(SOCKET_FILE);
    if plain.as_os_str().len() <= PATH_MAX {
        return Ok((plain, None));
    }
    let dir = File::open(data_dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_FILE}", dir.as_raw_fd()));
    Ok((short, Some(dir)))
}
