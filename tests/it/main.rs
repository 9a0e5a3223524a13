//! One integration binary.
#![cfg(test)]

mod admin;
