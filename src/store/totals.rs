//! The figures every report is made of.

/// What matching rows come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    pub value_minor: i64,
    /// Of the matching page views.
    pub engaged_ms: u64,
    /// Sessions that bounced (rules.md 15), as a whole, whatever of them matched.
    pub bounces: u64,
    /// Contacts the rows are of, those told by programs too; 0 where it is not asked for.
    pub contacts: u64,
}

impl Totals {
    /// Adds the figures of other rows, whose visitors and sessions are others too.
    pub(super) fn add(&mut self, other: &Self) {
        self.visitors += other.visitors;
        self.sessions += other.sessions;
        self.page_views += other.page_views;
        self.completions += other.completions;
        self.value_minor = self.value_minor.saturating_add(other.value_minor);
        self.engaged_ms += other.engaged_ms;
        self.bounces += other.bounces;
        self.contacts += other.contacts;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.page_views == 0 && self.completions == 0
    }
}
