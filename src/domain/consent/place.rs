//! Where a visitor is, as far as a rule of a policy asks: a country, or a region of it. Maps write regions as codes or as
//! names; of the states of the United States both are read.

use serde::{Deserialize, Serialize};

use crate::domain::network::country_code;

/// Longest region, characters.
pub const REGION_MAX: usize = 50;

/// The codes of the states of the United States, with their names as maps write them.
const STATES: &[(&str, &str)] = &[
    ("AL", "ALABAMA"),
    ("AK", "ALASKA"),
    ("AZ", "ARIZONA"),
    ("AR", "ARKANSAS"),
    ("CA", "CALIFORNIA"),
    ("CO", "COLORADO"),
    ("CT", "CONNECTICUT"),
    ("DE", "DELAWARE"),
    ("DC", "DISTRICT OF COLUMBIA"),
    ("FL", "FLORIDA"),
    ("GA", "GEORGIA"),
    ("HI", "HAWAII"),
    ("ID", "IDAHO"),
    ("IL", "ILLINOIS"),
    ("IN", "INDIANA"),
    ("IA", "IOWA"),
    ("KS", "KANSAS"),
    ("KY", "KENTUCKY"),
    ("LA", "LOUISIANA"),
    ("ME", "MAINE"),
    ("MD", "MARYLAND"),
    ("MA", "MASSACHUSETTS"),
    ("MI", "MICHIGAN"),
    ("MN", "MINNESOTA"),
    ("MS", "MISSISSIPPI"),
    ("MO", "MISSOURI"),
    ("MT", "MONTANA"),
    ("NE", "NEBRASKA"),
    ("NV", "NEVADA"),
    ("NH", "NEW HAMPSHIRE"),
    ("NJ", "NEW JERSEY"),
    ("NM", "NEW MEXICO"),
    ("NY", "NEW YORK"),
    ("NC", "NORTH CAROLINA"),
    ("ND", "NORTH DAKOTA"),
    ("OH", "OHIO"),
    ("OK", "OKLAHOMA"),
    ("OR", "OREGON"),
    ("PA", "PENNSYLVANIA"),
    ("RI", "RHODE ISLAND"),
    ("SC", "SOUTH CAROLINA"),
    ("SD", "SOUTH DAKOTA"),
    ("TN", "TENNESSEE"),
    ("TX", "TEXAS"),
    ("UT", "UTAH"),
    ("VT", "VERMONT"),
    ("VA", "VIRGINIA"),
    ("WA", "WASHINGTON"),
    ("WV", "WEST VIRGINIA"),
    ("WI", "WISCONSIN"),
    ("WY", "WYOMING"),
];

/// A country, or a region of it, written `NL` or `US-CA`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// ISO 3166-1 alpha-2, upper case.
    country: String,
    /// Upper case. Empty means the whole country.
    region: String,
}

impl Place {
    /// Reads `nl`, `US-CA` or `US-California`. `None` when the country is none, or the region is too long or empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (country, region) = match text.trim().split_once('-') {
            Some((country, region)) => (country, Some(region)),
            None => (text, None),
        };
        let country = country_code(country)?;
        let region = match region {
            Some(region) => region_code(&country, region).filter(|region| !region.is_empty())?,
            None => String::new(),
        };
        Some(Self { country, region })
    }

    /// What a map says of an address. `None` when the country is unknown; a region that cannot be read is unknown.
    #[must_use]
    pub fn of_map(country: &str, region: &str) -> Option<Self> {
        let country = country_code(country)?;
        let region = region_code(&country, region).unwrap_or_default();
        Some(Self { country, region })
    }

    #[must_use]
    pub fn whole_country(self) -> Self {
        Self { region: String::new(), ..self }
    }

    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.country)?;
        if self.region.is_empty() { Ok(()) } else { write!(f, "-{}", self.region) }
    }
}

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no place")
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

/// A region as rules and maps are compared: upper case, and for the United States the code of the state.
fn region_code(country: &str, text: &str) -> Option<String> {
    let region = text.trim().to_uppercase();
    let fits = region.chars().count() <= REGION_MAX
        && region.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '.' | '(' | ')'));
    if !fits {
        return None;
    }
    let state = (country == "US").then(|| STATES.iter().find(|(_, name)| *name == region)).flatten();
    Some(state.map_or(region, |(code, _)| (*code).to_owned()))
}

/// Whether a region is written as a code. A code and a name cannot be compared.
#[must_use]
pub fn is_code(region: &str) -> bool {
    region.len() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_and_maps_write_them() {
        for (text, place) in [
            ("nl", "NL"),
            (" US-ca ", "US-CA"),
            ("US-California", "US-CA"),
            ("US-District of Columbia", "US-DC"),
            ("CA-Quebec", "CA-QUEBEC"),
            ("DE-Baden-Württemberg", "DE-BADEN-WÜRTTEMBERG"),
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), place, "{text}");
        }
        for text in ["", "EU", "Netherlands", "US-", "US-a,b", "-CA", "XX"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
        assert_eq!(Place::of_map("US", "California"), Place::parse("US-CA"));
        assert_eq!(Place::of_map("US", ""), Place::parse("US"));
        assert_eq!(Place::of_map("", "California"), None);
        assert_eq!(STATES.len(), 51);
    }

    #[test]
    fn regions_are_taken_at_the_limit_and_refused_one_past_it() {
        assert!(Place::parse(&format!("CA-{}", "x".repeat(REGION_MAX))).is_some());
        assert_eq!(Place::parse(&format!("CA-{}", "x".repeat(REGION_MAX + 1))), None);
    }
}
