//! Contacts: their rows, emails and changes, what became of those that were merged or are being erased, and the list of them.

pub mod alias;
pub mod contact;
pub mod contact_change;
pub mod contact_erasure;
pub mod contact_list;
pub mod email;
