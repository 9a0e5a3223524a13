//! The admin pages: rules for all templates, colours and scripts, access control, and every page.

mod accounts;
mod colours;
mod contacts;
mod event_list;
mod events;
mod export;
mod forms;
mod look;
mod matrix;
mod odd_texts;
mod pick;
mod publishing;
mod reports;
mod script;
mod setup;
mod sign_in;
mod suspected;
mod templates;
mod tokens;
mod troubled;
mod unexpected;
mod users;
mod views;
mod visitors;
