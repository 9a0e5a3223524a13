//! The scan against a count written a second time, over the same invented facts.
mod bounds;
mod history;
mod oracle;
mod random;
mod reports;
mod rules;
