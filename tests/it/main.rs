//! One integration binary.

mod scan;
