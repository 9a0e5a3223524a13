//! The side of the command: it opens the store itself, or sends the command to the server that holds it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{MESSAGE_MAX, Reply, Request, address};
use crate::app::App;
use crate::app::commands::{self, Command};
use crate::app::ingest::fold;
use crate::base::clock::pause;
use crate::config::Config;
use crate::server::open::open_without_maps;
use crate::store;

/// The longest time a command waits for its answer. It is long, because a slow disk is no reason to give up on a
/// change.
const ANSWER_TIME: Duration = Duration::from_secs(120);
/// A process that holds the lock may be about to start (loading maps takes time) or to end. The command tries again
/// this often, after this pause.
const TRIES: u32 = 300;
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Why a command was not done, or why nobody knows whether it was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Refused(#[from] commands::Error),
    #[error("the store cannot be opened: {0}")]
    Store(#[from] store::Error),
    #[error(
        "the running server did not answer ({0}); check whether the change was made before you try again"
    )]
    Silent(std::io::Error),
    #[error("a command can have at most {MESSAGE_MAX} bytes")]
    TooLong,
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

/// Runs a command on the only writer of the store, wherever it is.
pub fn execute(config: &Config, command: Command) -> Result<Value, Error> {
    for _ in 0..TRIES {
        match open_without_maps(config) {
            Ok(app) => return direct(app, command),
            Err(store::Error::Locked(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(stream) = connect(&config.server.data_dir) {
            return ask(stream, command);
        }
        pause(TRY_AGAIN);
    }
    Err(store::Error::Locked(config.server.data_dir.clone()).into())
}

/// Runs a command that needs no store, in the server if one runs. Returns `None` without a server.
pub fn execute_in_server(data_dir: &Path, command: Command) -> Result<Option<Value>, Error> {
    connect(data_dir).map(|stream| ask(stream, command)).transpose()
}

fn direct(app: App, command: Command) -> Result<Value, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let app = Arc::new(app);
    let answer = runtime.map_err(Error::Runtime)?.block_on(async {
        if command.needs_folded_hits() {
            fold::fold_waiting(&app).await?;
        }
        commands::execute(&app, command).await
    });
    if let Some(app) = Arc::into_inner(app) {
        app.store.close();
    }
    Ok(answer?)
}

fn connect(data_dir: &Path) -> Option<UnixStream> {
    let (path, _dir) = address(data_dir).ok()?;
    UnixStream::connect(path).ok()
}

fn ask(mut stream: UnixStream, command: Command) -> Result<Value, Error> {
    let request = Request { version: env!("CARGO_PKG_VERSION").to_owned(), command };
    let mut line = serde_json::to_vec(&request).unwrap_or_default();
    line.push(b'\n');
    if line.len() > MESSAGE_MAX {
        return Err(Error::TooLong);
    }
    stream.set_read_timeout(Some(ANSWER_TIME)).map_err(Error::Silent)?;
    stream.set_write_timeout(Some(ANSWER_TIME)).map_err(Error::Silent)?;
    // A server that refuses at once may have closed the connection already. Its answer says more than the error of
    // writing.
    let sent = stream.write_all(&line);
    let mut answer = Vec::new();
    let mut reader = BufReader::new(stream.take(MESSAGE_MAX as u64));
    let heard = reader.read_until(b'\n', &mut answer);
    let Ok(reply) = serde_json::from_slice(&answer) else {
        let cut_off = std::io::Error::from(ErrorKind::UnexpectedEof);
        return Err(Error::Silent(sent.err().or(heard.err()).unwrap_or(cut_off)));
    };
    match reply {
        Reply::Done(value) => Ok(value),
        Reply::Refused(error) => Err(error.into()),
    }
}
