//! Tales of visitors, from the beacon to the row.

mod closing;
mod retention;
mod visitor;
