//! The side of the server: it accepts commands from the owner of the process and from root, a few at a time.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{MESSAGE_MAX, Reply, Request, SOCKET_FILE, address};
use crate::app::App;
use crate::app::commands::{self, Error};

/// The most commands at a time. Further ones wait in the queue of the system.
const COMMANDS_MAX: usize = 8;
/// The longest time a command may take to send its request, and to receive its answer.
const TALK_TIME: Duration = Duration::from_secs(5);
/// The longest time a stop waits for commands in progress.
const STOP_TIME: Duration = Duration::from_secs(4);

/// The bound socket. Dropping this removes it.
pub(in crate::server) struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Binds the socket in the data directory. The caller holds the lock of the directory, so a socket that exists
    /// was left by a server that is gone.
    pub(in crate::server) fn bind(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join(SOCKET_FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (short, _dir) = address(data_dir)?;
        let socket = UnixListener::bind(short)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { socket, path })
    }

    /// Serves until `stop` is notified, and then finishes what is in progress.
    pub(in crate::server) async fn serve(self, app: Arc<App>, stop: Arc<Notify>) {
        let mut talks = JoinSet::new();
        loop {
            while talks.try_join_next().is_some() {}
            if talks.len() >= COMMANDS_MAX {
                talks.join_next().await;
                continue;
            }
            tokio::select! {
                () = stop.notified() => break,
                taken = self.socket.accept() => match taken {
                    Ok((stream, _)) => {
                        let app = Arc::clone(&app);
                        talks.spawn(async move { answer_connection(&app, stream).await });
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "the control socket cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        let finish = async { while talks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME, finish).await.is_err() {
            tracing::warn!("the server stopped before all commands were finished");
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer_connection(app: &Arc<App>, mut stream: UnixStream) {
    let peer = stream.peer_cred().map(|peer| peer.uid());
    let own = rustix::process::geteuid().as_raw();
    let reply = match peer {
        Ok(uid) if uid == own || uid == 0 => {
            match tokio::time::timeout(TALK_TIME, read_request(&mut stream)).await {
                Ok(Ok(request)) => execute(app, request).await,
                Ok(Err(error)) => Reply::Refused(error),
                Err(_) => return,
            }
        }
        _ => {
            tracing::warn!("a command from another system user was refused");
            Reply::Refused(Error::failed(&"only root and the system user of the server can send it commands"))
        }
    };
    let mut line = serde_json::to_vec(&reply).unwrap_or_default();
    line.push(b'\n');
    // If the command has gone, nobody needs the answer. Its change is done all the same.
    let _ = tokio::time::timeout(TALK_TIME, stream.write_all(&line)).await;
}

async fn read_request(stream: &mut UnixStream) -> Result<Request, Error> {
    let mut line = Vec::new();
    let limit = MESSAGE_MAX as u64 + 1;
    BufReader::new(stream.take(limit))
        .read_until(b'\n', &mut line)
        .await
        .map_err(|error| Error::failed(&error))?;
    if line.len() > MESSAGE_MAX {
        return Err(Error::invalid(&format!("a command can have at most {MESSAGE_MAX} bytes")));
    }
    // The version is compared first, because a command of another version may not be readable.
    #[derive(serde::Deserialize)]
    struct Head {
        version: String,
    }
    let wrong = |error: serde_json::Error| Error::invalid(&format!("not a command: {error}"));
    let head: Head = serde_json::from_slice(&line).map_err(wrong)?;
    let own = env!("CARGO_PKG_VERSION");
    if head.version != own {
        return Err(Error::failed(&format!(
            "the running server has version {own} and this command has version {}; restart the server",
            head.version
        )));
    }
    serde_json::from_slice(&line).map_err(wrong)
}

async fn execute(app: &Arc<App>, request: Request) -> Reply {
    match commands::execute(app, request.command).await {
        Ok(value) => Reply::Done(value),
        Err(error) => Reply::Refused(error),
    }
}
