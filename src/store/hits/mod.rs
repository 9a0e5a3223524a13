//! What visits leave behind: the inbox, event rows of open days, sessions, the dictionary of their
//! texts, hits that could not be folded, and how far the fold has come.

pub mod dead_letter;
pub mod dictionary;
pub(in crate::store) mod dictionary_lookup;
pub mod event;
pub mod inbox;
pub mod session;
pub mod watermark;
