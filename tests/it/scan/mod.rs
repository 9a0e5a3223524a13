//! The scan against a count written a second time, over the same invented facts.
mod bounds;
mod completions;
mod erase;
mod export;
mod histories;
mod history;
mod hit_history;
mod kills;
mod lists;
mod oracle;
mod random;
mod reports;
mod rules;
mod timeline;
