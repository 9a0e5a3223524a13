//! Rows that are one value: a byte that says what follows, and then a struct in the format of the crate `postcard`, which
//! is documented and does not change. SQLite writes and reads such a row several times faster than one of twenty columns.
//!
//! The fields have no names in it, only an order. After a change of the fields a row needs a new first byte, and rows with
//! the old one must still be read.

use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::error::Error;

/// A kind of row.
pub(super) struct Form {
    /// What it is, for errors: "the row of a session".
    pub name: &'static str,
    pub first_byte: u8,
    /// Bytes reserved for an ordinary one.
    pub usual_bytes: usize,
}

impl Form {
    /// # Errors
    /// `Unreadable`, when the value cannot be written in this format.
    pub(super) fn pack(&self, value: &impl Serialize) -> Result<Vec<u8>, Error> {
        let mut row = Vec::with_capacity(self.usual_bytes);
        row.push(self.first_byte);
        postcard::to_extend(value, row).map_err(|error| Error::Unreadable(error.to_string()))
    }

    /// Reads the packed value in a column of a result.
    ///
    /// # Errors
    /// SQLite's, and `Unreadable`.
    pub(super) fn read<T: DeserializeOwned>(&self, row: &Row<'_>, column: usize) -> Result<T, Error> {
        self.unpack(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
    }

    /// # Errors
    /// `Unreadable` when the row is no such value. The text of the error quotes nothing of the row.
    pub(super) fn unpack<T: DeserializeOwned>(&self, row: &[u8]) -> Result<T, Error> {
        let unreadable = |what: String| Error::Unreadable(format!("{}: {what}", self.name));
        match row.split_first() {
            Some((first, rest)) if *first == self.first_byte => match postcard::take_from_bytes(rest) {
                Ok((value, [])) => Ok(value),
                Ok((_, surplus)) => Err(unreadable(format!("{} bytes too many", surplus.len()))),
                Err(error) => Err(unreadable(error.to_string())),
            },
            Some((first, _)) => Err(unreadable(format!("unknown kind {first}"))),
            None => Err(unreadable("it is empty".to_owned())),
        }
    }
}
