//! The command line, as people and scripts use it: the real binary on a directory of its own, without a server
//! and beside one.

mod accounts;
mod binary;
mod companies;
mod consent;
mod contact_files;
mod contacts;
mod demo;
mod erasing;
mod events;
mod export;
mod generate;
mod harness;
mod listen;
mod lists;
mod maps;
mod retention;
mod stores;
mod upkeep;
