//! Tales of visitors, from the beacon to the row.

mod visitor;
