//! Why no hit is accepted at the moment. The collector answers 503, and `/readyz` names it.

use crate::app::core::App;
use crate::app::state::dead_letters::{BYTES_MAX, LETTERS_MAX};
use crate::store::inbox::WAITING_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("less disk space is free than [store] min_free")]
    DiskSpace,
    #[error("{WAITING_MAX} hits wait to be processed, and no more may wait")]
    Waiting,
    #[error(
        "{count} hits could not be processed, and no more than {LETTERS_MAX} or {} MiB of them are kept; see guestlog \
         replay-deadletter",
        BYTES_MAX >> 20
    )]
    DeadLetters { count: u64 },
}

/// Why nothing is accepted now; `None` when it is.
#[must_use]
pub fn refusal(app: &App) -> Option<Refusal> {
    let inbox = &app.store.inbox;
    if inbox.is_out_of_space() {
        return Some(Refusal::DiskSpace);
    }
    if inbox.is_full() {
        return Some(Refusal::Waiting);
    }
    app.dead_letters.is_full().then(|| Refusal::DeadLetters { count: app.dead_letters.count() })
}
