//! The control socket (rules.md 23). Commands of the command line run in the server that holds the data directory, or
//! in the command itself when there is no server. A request and an answer are one line of JSON each. `app::control`
//! alone decides what a command does. The operating system says who connects, and that decides whether the connection
//! is allowed.

mod client;
mod listener;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::app::commands::Command;
pub use client::{Error, execute, execute_in_server};
pub(super) use listener::Listener;

use crate::app::commands;

/// The name of the socket in the data directory.
pub const SOCKET_FILE: &str = "guestlog.sock";
/// Longest line in either direction, bytes. The largest custom JavaScript of an event fits in, even if all its
/// characters are escaped.
pub const MESSAGE_MAX: usize = 5 << 20;
/// Longest path of a socket, bytes. The limit of the system is 107.
const PATH_MAX: usize = 100;

#[derive(Serialize, Deserialize)]
struct Request {
    /// The version of the program. A server of another version might read a command differently.
    version: String,
    command: Command,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Value),
    Refused(commands::Error),
}

/// The address of the socket. A path that is too long is reached through an open directory, which must live until the
/// socket is bound or connected.
fn address(data_dir: &Path) -> std::io::Result<(PathBuf, Option<File>)> {
    let plain = data_dir.join(SOCKET_FILE);
    if plain.as_os_str().len() <= PATH_MAX {
        return Ok((plain, None));
    }
    let dir = File::open(data_dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_FILE}", dir.as_raw_fd()));
    Ok((short, Some(dir)))
}
