//! The scan against a count written a second time, over the same invented facts.
mod bounds;
mod erase;
mod history;
mod oracle;
mod random;
mod reports;
mod rules;
mod timeline;
