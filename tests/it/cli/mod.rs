//! The command line, as processes of their own.

mod binary;
mod demo;
mod generate;
