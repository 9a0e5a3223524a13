//! One integration binary.
#![cfg(test)]

mod cli;
mod geo;
mod harness;
mod tracker;
