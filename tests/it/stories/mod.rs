//! The stories of visitors, from the beacon to the stored row.

mod closing;
mod companies;
mod completions;
mod consent_log;
mod engagement;
mod erasing;
mod export;
mod identities;
mod import_past;
mod imports;
mod list_conditions;
mod lists;
mod merged_histories;
mod merging;
mod person;
mod placeholders;
mod recount;
mod retention;
mod secrets;
mod submissions;
mod timeline;
mod visitor;
mod withdrawal;
