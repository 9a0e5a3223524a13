//! Where a session came from: HubSpot's rules for sources and their drill-downs (rules.md 11).

use serde::{Deserialize, Serialize};

/// HubSpot's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum Source {
    OrganicSearch,
    PaidSearch,
    EmailMarketing,
    SocialMedia,
    PaidSocial,
    Referrals,
    AiReferrals,
    OtherCampaigns,
    DirectTraffic,
    Offline,
}

impl Source {
    pub const ALL: [Self; 10] = [
        Self::OrganicSearch,
        Self::PaidSearch,
        Self::EmailMarketing,
        Self::SocialMedia,
        Self::PaidSocial,
        Self::Referrals,
        Self::AiReferrals,
        Self::OtherCampaigns,
        Self::DirectTraffic,
        Self::Offline,
    ];

    /// HubSpot's stored value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrganicSearch => "ORGANIC_SEARCH",
            Self::PaidSearch => "PAID_SEARCH",
            Self::EmailMarketing => "EMAIL_MARKETING",
            Self::SocialMedia => "SOCIAL_MEDIA",
            Self::PaidSocial => "PAID_SOCIAL",
            Self::Referrals => "REFERRALS",
            Self::AiReferrals => "AI_REFERRALS",
            Self::OtherCampaigns => "OTHER_CAMPAIGNS",
            Self::DirectTraffic => "DIRECT_TRAFFIC",
            Self::Offline => "OFFLINE",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A source with its two drill-downs; empty = none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attribution {
    pub source: Source,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub detail: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub detail_2: String,
}

/// What one hit says of where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From one of the account's own domains: the session keeps the visitor's last source, else direct
    /// traffic with this entrance (rules.md 11).
    Internal {
        entrance: String,
    },
    From(Attribution),
}
