//! What hits become: rows of the inbox, then events, sessions and texts of the dictionary; dead letters for hits that
//! could not be folded; and the watermark, which says how far the fold has come.

pub mod batch;
pub mod dead_letter;
pub mod dictionary;
pub(in crate::store) mod dictionary_lookup;
pub mod event;
pub mod inbox;
pub(in crate::store) mod pack_columns;
mod packed;
mod recent;
pub mod row;
pub mod session;
pub mod unpacked;
pub mod watermark;
