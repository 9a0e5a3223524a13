//! People: contacts, what is known about them, and the visitors that belong to them. Every statement about a person has a
//! channel and a degree of trust (`Provenance`). The functions take a connection and values and know no hit, so that
//! the fold, forms, the API, an import and the pages can all call them.
//!
//! Nothing here opens a transaction. Visitors and contacts get dense numbers from the row of their account. A
//! caller outside the fold wraps the call in `with_numbers`, which loads and stores that row. Both ways agree because the
//! store has one writer, and the fold keeps no numbers from one batch to the next.

pub mod block;
pub mod companies;
pub mod contacts;
pub mod delete_form;
pub mod edit;
pub mod erase;
pub mod find_person;
pub mod import;
pub mod lists;
pub mod merge;
pub mod properties;
pub mod property_definitions;
#[cfg(test)]
mod tests;
pub mod visitors;
pub mod withdraw;

use crate::domain::account::AccountId;
use crate::store::account::{self, Numbers};
use crate::store::{self, Connection};

/// Runs `work` with the numbers of an account and stores them after it.
///
/// # Errors
/// `NotFound` when there is no such account; those of `work`; the store's.
pub fn with_numbers<T, E: From<store::Error>>(
    conn: &Connection,
    account: AccountId,
    work: impl FnOnce(&mut Numbers) -> Result<T, E>,
) -> Result<T, E> {
    let mut numbers = account::find_numbers(conn, account)?.ok_or(store::Error::NotFound)?;
    let done = work(&mut numbers)?;
    account::update_numbers(conn, account, numbers)?;
    Ok(done)
}
