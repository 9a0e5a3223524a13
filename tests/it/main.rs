//! One integration binary.
#![cfg(test)]

mod admin;
mod harness;
