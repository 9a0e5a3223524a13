//! What an account counts of visitors who did not consent (rules.md 41): their page views, in totals that say nothing of
//! anybody, and how often the question was shown to them.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Longest page or host that is counted by its name, bytes.
pub const VALUE_MAX: usize = 1_024;
/// Most pages that are counted by their names, of an account and day.
pub const PAGES_MAX: u32 = 5_000;
/// Most referring hosts that are counted by their names, of an account and day.
pub const SOURCES_MAX: u32 = 1_000;
/// What pages and hosts beyond these limits are counted as.
pub const OTHER: &str = "(other)";

/// The switches of an account. Both are off in a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// Page views that the visitor did not allow are counted in totals.
    pub anonymous: bool,
    /// The script says that it has shown the question, so that questions without an answer are known.
    pub asked: bool,
}

/// What a total is of. The words are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Part {
    /// A page, by host and path.
    Page,
    /// The host that led to the site. Empty means none.
    Source,
    /// A country, by its code. Empty means unknown.
    Country,
    Device,
}

impl Part {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// The most values of an account and day; `None` where there cannot be many.
    #[must_use]
    pub const fn limit(self) -> Option<u32> {
        match self {
            Self::Page => Some(PAGES_MAX),
            Self::Source => Some(SOURCES_MAX),
            Self::Country | Self::Device => None,
        }
    }
}

/// What is counted of a page view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Host and path.
    pub page: String,
    /// The host that led to the site; `None` when a page of the site did. The view then begins no session.
    pub source: Option<String>,
    pub country: String,
    pub device: &'static str,
}

impl View {
    /// The totals that it belongs to.
    #[must_use]
    pub fn parts(&self) -> Vec<(Part, &str)> {
        let source = self.source.as_deref().map(|source| (Part::Source, source));
        let parts = [(Part::Page, &*self.page), (Part::Country, &*self.country), (Part::Device, self.device)];
        parts.into_iter().chain(source).map(|(part, value)| (part, fitting(value))).collect()
    }
}

fn fitting(value: &str) -> &str {
    if value.len() > VALUE_MAX { OTHER } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(page: &str, source: Option<&str>) -> View {
        View { page: page.into(), source: source.map(str::to_owned), country: "NL".into(), device: "desktop" }
    }

    #[test]
    fn a_view_belongs_to_a_total_of_each_part_and_only_one_that_begins_a_session_to_a_source() {
        let inside = view("example.com/a", None);
        assert_eq!(
            inside.parts(),
            [(Part::Page, "example.com/a"), (Part::Country, "NL"), (Part::Device, "desktop")]
        );
        assert_eq!(view("example.com/a", Some("")).parts().last(), Some(&(Part::Source, "")));
        assert_eq!(view("a", Some("news.test")).parts().last(), Some(&(Part::Source, "news.test")));
    }

    #[test]
    fn names_are_taken_at_the_limit_and_counted_as_others_one_past_it() {
        let long = "a".repeat(VALUE_MAX);
        assert_eq!(view(&long, None).parts()[0], (Part::Page, &*long));
        assert_eq!(view(&format!("{long}a"), None).parts()[0], (Part::Page, OTHER));
    }
}
