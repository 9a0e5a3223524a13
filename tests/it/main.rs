//! One integration binary.
#![cfg(test)]

mod geo;
mod harness;
mod tracker;
