//! One integration binary.

mod tracker;
