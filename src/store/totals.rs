//! The counts and sums of which every report consists.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    pub value_minor: i64,
    /// How long the matching page views were visible.
    pub engaged_ms: u64,
    /// Sessions that bounced as a whole (rules.md 15), even if only a part of them matched.
    pub bounces: u64,
    /// Distinct contacts, also of events sent by programs. 0 when the request does not ask for them.
    pub contacts: u64,
}

impl Totals {
    /// Adds totals of other rows. Their visitors and sessions must be others too, or they would be counted twice.
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
