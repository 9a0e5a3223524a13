//! How long an account keeps each kind of data, in months of the calendar (rules.md 39). What is older is deleted in whole days of the
//! account's time zone.

use jiff::ToSpan;
use serde::{Deserialize, Serialize};

use super::period::LocalDay;
use crate::base::clock::{DAY, Millis};

/// The most months for which data can be kept: a hundred years.
pub const MONTHS_MAX: u32 = 1_200;

/// How long data is kept when neither the configuration nor an account says anything else, in months.
pub const KEPT_MONTHS: u32 = 25;

/// How long the consent log is kept at least when nobody says anything else, in months. It proves that what is collected was
/// allowed, also some years later.
pub const CONSENT_LOG_MONTHS: u32 = 60;

/// Data is deleted once a clock that jumped has gone on evenly for a day; after a jump further than this, only when
/// somebody has confirmed the time.
pub const JUMP_MAX: i64 = 31 * DAY;

/// Whether the clock has moved so far since old data was last deleted that somebody must say it is right.
#[must_use]
pub const fn needs_confirming(last: Millis, now: Millis) -> bool {
    now.since(last).abs() > JUMP_MAX
}

/// A kind of data that is kept for a time of its own. The words are stored.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Kind {
    /// Page views with their sessions and engagement, and counts of robots.
    Visits,
    /// Completions of events, with their values and properties.
    Completions,
    Submissions,
    /// Contacts of whom nothing was seen for that long: they are erased with everything they did.
    Contacts,
    /// What visitors chose in the banner.
    ConsentLog,
    /// What users of the pages did, and earlier custom JavaScript of events.
    AuditLog,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Visits,
        Self::Completions,
        Self::Submissions,
        Self::Contacts,
        Self::ConsentLog,
        Self::AuditLog,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// How many months each kind is kept; 0 means without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub visits: u32,
    pub completions: u32,
    pub submissions: u32,
    pub contacts: u32,
    pub consent_log: u32,
    pub audit_log: u32,
}

impl Retention {
    /// What holds for an account that has chosen nothing. Contacts are an organisation's own customers, so none is erased
    /// unless somebody decides it. The consent log is never kept shorter than what it proves.
    #[must_use]
    pub const fn of_months(months: u32) -> Self {
        let consent_log = if months > 0 && months < CONSENT_LOG_MONTHS { CONSENT_LOG_MONTHS } else { months };
        Self {
            visits: months,
            completions: months,
            submissions: months,
            contacts: 0,
            consent_log,
            audit_log: months,
        }
    }

    #[must_use]
    pub const fn months(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Visits => self.visits,
            Kind::Completions => self.completions,
            Kind::Submissions => self.submissions,
            Kind::Contacts => self.contacts,
            Kind::ConsentLog => self.consent_log,
            Kind::AuditLog => self.audit_log,
        }
    }

    pub const fn set(&mut self, kind: Kind, months: u32) {
        *match kind {
            Kind::Visits => &mut self.visits,
            Kind::Completions => &mut self.completions,
            Kind::Submissions => &mut self.submissions,
            Kind::Contacts => &mut self.contacts,
            Kind::ConsentLog => &mut self.consent_log,
            Kind::AuditLog => &mut self.audit_log,
        } = months;
    }

    /// # Errors
    /// More than `MONTHS_MAX` months of a kind.
    pub fn check(&self) -> Result<(), TooLong> {
        let is_too_long = |kind: &Kind| self.months(*kind) > MONTHS_MAX;
        Kind::ALL.into_iter().find(is_too_long).map_or(Ok(()), |kind| Err(TooLong(kind.as_str())))
    }

    /// The first local day that is kept of a kind; `None` when all are.
    #[must_use]
    pub fn first_kept(&self, kind: Kind, today: LocalDay) -> Option<LocalDay> {
        match self.months(kind) {
            0 => None,
            months => Some(first_kept(today, months)),
        }
    }
}

/// A kind would be kept for too many months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} can be kept for at most {MONTHS_MAX} months; 0 keeps them without end")]
pub struct TooLong(pub &'static str);

/// The first local day of so many months up to today.
fn first_kept(today: LocalDay, months: u32) -> LocalDay {
    let date = today.date().checked_sub(i64::from(months).months());
    date.map_or(LocalDay(i32::MIN / 2), LocalDay::of_date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::parse_day;

    #[test]
    fn months_are_those_of_the_calendar() {
        let first = |today: &str, months| {
            let kept = Retention::of_months(months).first_kept(Kind::Visits, parse_day(today).unwrap());
            kept.map(|day| day.to_string())
        };
        assert_eq!(first("2026-11-23", 25).as_deref(), Some("2024-10-23"));
        assert_eq!(first("2024-03-31", 1).as_deref(), Some("2024-02-29"));
        assert_eq!(first("2026-11-23", 0), None);
    }

    #[test]
    fn each_kind_has_its_months_up_to_the_limit() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            let mut retention = Retention::of_months(25);
            retention.set(kind, MONTHS_MAX);
            assert_eq!((retention.months(kind), retention.check()), (MONTHS_MAX, Ok(())));
            retention.set(kind, MONTHS_MAX + 1);
            assert_eq!(retention.check(), Err(TooLong(kind.as_str())));
        }
        assert_eq!(Retention::of_months(25).contacts, 0, "nobody is erased unless somebody decides it");
        let proof = |months| Retention::of_months(months).consent_log;
        assert_eq!((proof(1), proof(59), proof(60), proof(61)), (60, 60, 60, 61));
        assert_eq!(proof(0), 0, "it is kept as long as what it proves");
    }
}
