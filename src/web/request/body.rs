//! Reads request bodies with a limit on size and time. The framework has no time limit, so without one a slow client could
//! hold a connection for ever.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};

/// Longest time a body may take to arrive.
pub const TIME: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub enum Error {
    TooLarge,
    TooSlow,
    Broken(PayloadError),
}

/// A body of at most `max` bytes.
pub async fn read(
    mut body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    max: usize,
) -> Result<Vec<u8>, Error> {
    let read = async {
        let mut whole = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(Error::Broken)?;
            if whole.len() + chunk.len() > max {
                return Err(Error::TooLarge);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    };
    tokio::time::timeout(TIME, read).await.unwrap_or(Err(Error::TooSlow))
}
