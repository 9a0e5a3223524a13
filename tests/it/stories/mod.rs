//! The stories of visitors, from the beacon to the stored row.

mod closing;
mod completions;
mod erasing;
mod recount;
mod retention;
mod timeline;
mod visitor;
