//! The scan against a count written a second time, over the same invented facts.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test that finds something else than it wrote has to stop it"
)]

mod bounds;
mod history;
mod oracle;
mod random;
mod reports;
mod rules;
mod speed;
