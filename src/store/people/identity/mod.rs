//! Whom an account believes: its identity keys, blocked emails, and contacts that many browsers join.

pub mod blocked_email;
pub mod contact_joining;
pub mod identity_key;
