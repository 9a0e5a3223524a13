//! One integration binary.
#![cfg(test)]

mod tracker;
