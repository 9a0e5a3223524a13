//! Tales of visitors, from the beacon to the row.

mod closing;
mod completions;
mod erasing;
mod retention;
mod timeline;
mod visitor;
