//! What a condition of a list can be about, as the form offers it.

use crate::web::text::lists::Lists;

/// What a condition is about. It decides which fields it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum What {
    #[default]
    Completed,
    Viewed,
    Value,
    CompletedWith,
    CompletedWorth,
    Submitted,
    FirstSeen,
    LastSeen,
    Created,
    Email,
    Company,
    Source,
    Property,
    PropertyNumber,
    PropertyDate,
    List,
}

impl What {
    pub(crate) const ALL: [Self; 16] = [
        Self::Completed,
        Self::Viewed,
        Self::Value,
        Self::CompletedWith,
        Self::CompletedWorth,
        Self::Submitted,
        Self::LastSeen,
        Self::FirstSeen,
        Self::Created,
        Self::Source,
        Self::Email,
        Self::Company,
        Self::Property,
        Self::PropertyNumber,
        Self::PropertyDate,
        Self::List,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }

    pub(crate) const fn label(self, t: &Lists) -> &'static str {
        match self {
            Self::Completed => t.what.completed,
            Self::Viewed => t.what.viewed,
            Self::Value => t.what.value,
            Self::CompletedWith => t.what.completed_with,
            Self::CompletedWorth => t.what.completed_worth,
            Self::Submitted => t.what.submitted,
            Self::FirstSeen => t.what.first_seen,
            Self::LastSeen => t.what.last_seen,
            Self::Created => t.what.created,
            Self::Email => t.what.email,
            Self::Company => t.what.company,
            Self::Source => t.what.source,
            Self::Property => t.what.property,
            Self::PropertyNumber => t.what.property_number,
            Self::PropertyDate => t.what.property_date,
            Self::List => t.what.list,
        }
    }

    pub(crate) const fn is_activity(self) -> bool {
        matches!(self, Self::Completed | Self::Viewed | Self::Value)
    }

    /// Whether it is about how often something was done.
    pub(crate) const fn is_counted(self) -> bool {
        self.is_activity() || matches!(self, Self::CompletedWith | Self::CompletedWorth | Self::Submitted)
    }

    pub(crate) const fn has_time(self) -> bool {
        self.is_counted()
            || matches!(self, Self::FirstSeen | Self::LastSeen | Self::Created | Self::PropertyDate)
    }

    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::Email | Self::Company | Self::Source | Self::Property)
    }
}
