//! Tales of visitors, from the beacon to the row.

mod closing;
mod visitor;
