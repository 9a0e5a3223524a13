//! Who may do what: users, their accounts, sign-ins and links, and the tokens of programs.

pub mod member;
pub mod one_time_link;
pub mod sign_in;
pub mod token;
pub mod user;
