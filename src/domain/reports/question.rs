//! What a report is asked for: filters, a period, and what it is compared with. These are read from an address and
//! written back. This module defines what the words mean; `store::scan` does the counting.
//!
//! Reports count **rows**. A row is a page view or a completion, together with what is known of its session. A row
//! matches when all filters hold for it.
//! - Visitors are the distinct visitor numbers among matching rows of sessions. Sessions are the distinct sessions of
//!   these rows.
//! - Page views, completions and value are counts and sums of matching rows. What programs report has no session. It
//!   counts in completions and value only (rules.md 13), and everything its session would say is empty.
//! - `page`, `host`, `event`, `tag`, `consent`, `contact` and `list` describe the row itself. All other dimensions describe
//!   its session.
//! - `is` and `is_not` compare exactly, after the value was brought into the form that reports show (a host in lower
//!   case, a country in upper case, addresses decoded). `contains`, `does_not_contain` and `starts_with` ignore case. Several values mean any of
//!   them; with `is_not` and `does_not_contain` they mean none of them.
//! - For pages, a value that begins with `/` is compared with the path, and any other with host and path. `contains`
//!   looks at host and path. A value with `?` is compared with the kept query too.
//! - The empty value, written `(none)`, means the empty text for every operator.

use std::borrow::Cow;

use super::period::{Days, LocalDay, Preset, parse_day};
use crate::domain::page::URL_MAX;
use crate::domain::readable::{readable, readable_referrer};

/// The most filters of a report.
pub const FILTERS_MAX: usize = 20;
/// The most values of a filter.
pub const VALUES_MAX: usize = 50;
/// Longest value, characters: as long as an address can be, so that each can be filtered by.
pub const VALUE_LENGTH_MAX: usize = URL_MAX;
/// The word for the empty text.
pub const NONE: &str = "(none)";

/// The value of `Dimension::Suspected` for sessions of suspected robots.
pub const SUSPECTED_YES: &str = "yes";

/// What rows can be filtered and grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Dimension {
    Page,
    EntryPage,
    ExitPage,
    Host,
    Source,
    SourceDetail,
    #[strum(serialize = "source_detail_2")]
    SourceDetail2,
    Referrer,
    UtmSource,
    UtmMedium,
    UtmCampaign,
    UtmTerm,
    UtmContent,
    ClickId,
    Country,
    Region,
    Device,
    Browser,
    Os,
    Screen,
    Language,
    VisitorType,
    /// `yes` for sessions behind which a robot is suspected, `no` for others, empty without a session.
    Suspected,
    Event,
    Tag,
    Company,
    Consent,
    /// Where the consent comes from.
    ConsentOrigin,
    Contact,
    /// A list that the contact of the row is in. Rows can be filtered by it, and not grouped.
    List,
}

impl Dimension {
    pub const ALL: [Self; 30] = [
        Self::Page,
        Self::EntryPage,
        Self::ExitPage,
        Self::Host,
        Self::Source,
        Self::SourceDetail,
        Self::SourceDetail2,
        Self::Referrer,
        Self::UtmSource,
        Self::UtmMedium,
        Self::UtmCampaign,
        Self::UtmTerm,
        Self::UtmContent,
        Self::ClickId,
        Self::Country,
        Self::Region,
        Self::Device,
        Self::Browser,
        Self::Os,
        Self::Screen,
        Self::Language,
        Self::VisitorType,
        Self::Suspected,
        Self::Event,
        Self::Tag,
        Self::Company,
        Self::Consent,
        Self::ConsentOrigin,
        Self::Contact,
        Self::List,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }

    /// Whether the values are pages, which are compared by path or by host and path.
    #[must_use]
    pub const fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::EntryPage | Self::ExitPage)
    }

    /// Brings a typed value into the form of the texts in reports, for exact comparisons.
    #[must_use]
    pub fn normalise(self, value: &str) -> String {
        match self {
            Self::Host => readable(&value.to_lowercase()).into_owned(),
            Self::Referrer => readable_referrer(value).into_owned(),
            Self::SourceDetail | Self::SourceDetail2 => readable(value).into_owned(),
            Self::Device
            | Self::VisitorType
            | Self::Suspected
            | Self::Consent
            | Self::ConsentOrigin
            | Self::Contact
            | Self::List
            | Self::Language
            | Self::ClickId => value.to_lowercase(),
            Self::Country | Self::Source => value.to_uppercase(),
            Self::Page | Self::EntryPage | Self::ExitPage => normalise_page(value),
            _ => value.to_owned(),
        }
    }

    /// Brings a typed value into the form that parts of the texts in reports have.
    #[must_use]
    pub fn normalise_part(self, value: &str) -> String {
        let readable = match self {
            Self::Page | Self::EntryPage | Self::ExitPage | Self::Host => readable(without_scheme(value)),
            Self::Referrer => Cow::Borrowed(value.strip_prefix("https://").unwrap_or(value)),
            Self::SourceDetail | Self::SourceDetail2 => readable(value),
            _ => Cow::Borrowed(value),
        };
        readable.to_lowercase()
    }
}

/// A page as it is stored: host in lower case, one slash at the end of the path left out.
fn normalise_page(value: &str) -> String {
    let value = without_scheme(value.trim());
    let (host, rest) = value.split_at(value.find(['/', '?', '#']).unwrap_or(value.len()));
    let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    readable(&[&host.to_lowercase(), path, query].concat()).into_owned()
}

fn without_scheme(value: &str) -> &str {
    value.strip_prefix("https://").or_else(|| value.strip_prefix("http://")).unwrap_or(value)
}

/// How a text is compared with the values of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Operator {
    Is,
    IsNot,
    Contains,
    DoesNotContain,
    StartsWith,
}

impl Operator {
    pub const ALL: [Self; 5] =
        [Self::Is, Self::IsNot, Self::Contains, Self::DoesNotContain, Self::StartsWith];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == text)
    }

    /// The operator that matches what this one leaves out, if this one is negative.
    #[must_use]
    pub const fn positive(self) -> Self {
        match self {
            Self::Is | Self::IsNot => Self::Is,
            Self::Contains | Self::DoesNotContain => Self::Contains,
            Self::StartsWith => Self::StartsWith,
        }
    }

    /// Whether it asks for rows that match none of the values.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::DoesNotContain)
    }
}

/// What is wrong with the query of a report.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    #[error("“{0}” is not a filter; write it as dimension:operator:value")]
    Form(String),
    #[error("“{0}” is not a dimension; use one of: {list}", list = list(Dimension::ALL.map(Dimension::as_str)))]
    Dimension(String),
    #[error("“{0}” is not an operator; use one of: {list}", list = list(Operator::ALL.map(Operator::as_str)))]
    Operator(String),
    #[error("a report can have at most {FILTERS_MAX} filters")]
    ManyFilters,
    #[error("a filter can have at most {VALUES_MAX} values")]
    ManyValues,
    #[error("a value can have at most {VALUE_LENGTH_MAX} characters")]
    LongValue,
    #[error("“{0}” is not a period; use one of: {list}", list = list(Preset::ALL.map(Preset::as_str)))]
    Period(String),
    #[error(
        "a custom period needs from=YYYY-MM-DD and to=YYYY-MM-DD, at most ten years apart and not before from"
    )]
    Days,
    #[error("“{0}” is not a comparison; use one of: {list}", list = list(Comparison::ALL.map(Comparison::as_str)))]
    Comparison(String),
}

fn list<const N: usize>(words: [&str; N]) -> String {
    words.join(", ")
}

/// A value as it was sent, shortened for a message.
fn quoted(text: &str) -> String {
    text.chars().take(100).collect()
}

/// One condition on rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter {
    pub dimension: Dimension,
    pub operator: Operator,
    /// As typed; at least one. An empty value means the empty text.
    pub values: Vec<String>,
}

impl Filter {
    /// Reads `dimension:operator:value|value`. The error says what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let form = || Invalid::Form(quoted(text));
        let (dimension, rest) = text.split_once(':').ok_or_else(form)?;
        let dimension = Dimension::parse(dimension).ok_or_else(|| Invalid::Dimension(quoted(dimension)))?;
        let (operator, value) = rest.split_once(':').ok_or_else(form)?;
        let operator = Operator::parse(operator).ok_or_else(|| Invalid::Operator(quoted(operator)))?;
        let mut values = Vec::new();
        for value in value.split('|') {
            if values.len() == VALUES_MAX {
                return Err(Invalid::ManyValues);
            }
            let value = if value == NONE { String::new() } else { unescape(value) };
            if value.chars().count() > VALUE_LENGTH_MAX {
                return Err(Invalid::LongValue);
            }
            values.push(value);
        }
        Ok(Self { dimension, operator, values })
    }

    /// The values as `parse` reads them.
    #[must_use]
    pub fn written_values(&self) -> String {
        let written = |value: &String| if value.is_empty() { NONE.to_owned() } else { escape(value) };
        self.values.iter().map(written).collect::<Vec<_>>().join("|")
    }

    /// The values as one text, in which the bars are part of the text instead of standing between values. `None` for a
    /// single value.
    #[must_use]
    pub fn joined_values(&self) -> Option<String> {
        (self.values.len() > 1).then(|| self.values.join("|"))
    }

    /// A filter for exactly this value.
    #[must_use]
    pub fn is(dimension: Dimension, value: &str) -> Self {
        Self { dimension, operator: Operator::Is, values: vec![value.to_owned()] }
    }

    /// Leaves out the sessions of suspected robots.
    #[must_use]
    pub fn without_suspected() -> Self {
        Self { operator: Operator::IsNot, ..Self::is(Dimension::Suspected, SUSPECTED_YES) }
    }

    /// Reads all filters of an address. The error is about the first bad one.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Invalid> {
        let mut filters = Vec::new();
        for text in texts {
            if filters.len() == FILTERS_MAX {
                return Err(Invalid::ManyFilters);
            }
            filters.push(Self::parse(text)?);
        }
        Ok(filters)
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.dimension.as_str(), self.operator.as_str(), self.written_values())
    }
}

/// What stands for a text that would mean something else in a filter: what follows its percent sign, and the text.
const ESCAPES: [(&str, &str); 2] = [("7C", "|"), ("28none)", NONE)];

/// Writes a bar inside a value as `%7C`, and the value `(none)` as `%28none)`. A text that already looks like one of these
/// gets one more `25`. So every text can be written, and all other percent signs stay as they are.
fn escape(value: &str) -> String {
    let written = rewrite(value, |layers, tail, _| format!("%{}{tail}", "25".repeat(layers + 1)));
    if written == NONE { written.replace('(', "%28") } else { written.replace('|', "%7C") }
}

fn unescape(value: &str) -> String {
    rewrite(value, |layers, tail, text| match layers {
        0 => text.to_owned(),
        _ => format!("%{}{tail}", "25".repeat(layers - 1)),
    })
}

/// Replaces each `%` that is followed by any number of `25` and then by one of `ESCAPES`.
fn rewrite(value: &str, instead: impl Fn(usize, &str, &str) -> String) -> String {
    let mut pieces = value.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let mut rest = piece;
        let mut layers = 0;
        while let Some(shorter) = rest.strip_prefix("25") {
            rest = shorter;
            layers += 1;
        }
        let found = ESCAPES.iter().find_map(|(escaped, text)| {
            let (tail, after) = rest.split_at_checked(escaped.len())?;
            tail.eq_ignore_ascii_case(escaped).then_some((tail, after, text))
        });
        match found {
            Some((tail, after, text)) => {
                out += &instead(layers, tail, text);
                out += after;
            }
            None => {
                out.push('%');
                out += piece;
            }
        }
    }
    out
}

/// What the figures are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Comparison {
    #[default]
    Previous,
    Year,
    None,
}

impl Comparison {
    pub const ALL: [Self; 3] = [Self::Previous, Self::Year, Self::None];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == text)
    }
}

/// A period and what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub preset: Preset,
    pub custom: Option<Days>,
    pub comparison: Comparison,
}

impl Default for Period {
    fn default() -> Self {
        Self { preset: Preset::Days28, custom: None, comparison: Comparison::default() }
    }
}

impl Period {
    /// Reads the parameters `period`, `from`, `to` and `compare`. Missing and empty ones have defaults.
    pub fn parse(
        period: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
        compare: Option<&str>,
    ) -> Result<Self, Invalid> {
        let given = |text: Option<&'_ str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        let mut read = Self::default();
        if let Some(word) = given(period) {
            read.preset = Preset::parse(&word).ok_or_else(|| Invalid::Period(quoted(&word)))?;
        }
        if let Some(word) = given(compare) {
            read.comparison = Comparison::parse(&word).ok_or_else(|| Invalid::Comparison(quoted(&word)))?;
        }
        if read.preset == Preset::Custom {
            let day = |text: Option<&str>| text.and_then(parse_day).ok_or(Invalid::Days);
            let days = Days { first: day(from)?, last: day(to)? };
            read.custom = Some(Preset::Custom.days(days.last, Some(days)).ok_or(Invalid::Days)?);
        }
        Ok(read)
    }

    /// The days of the period on `today`. A custom period without days is an error.
    pub fn days(&self, today: LocalDay) -> Result<Days, Invalid> {
        self.preset.days(today, self.custom).ok_or(Invalid::Days)
    }

    /// The days with which `days` are compared. A month to date is compared with the same days of the month before.
    #[must_use]
    pub fn compared(&self, days: Days) -> Option<Days> {
        match self.comparison {
            Comparison::Previous if self.preset == Preset::Month => Some(days.month_before()),
            Comparison::Previous => Some(days.previous()),
            Comparison::Year => Some(days.year_before()),
            Comparison::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(text: &str) -> Filter {
        Filter::parse(text).unwrap()
    }

    #[test]
    fn the_value_is_everything_after_the_second_colon() {
        let read = filter("page:is:https://a.test:81/x");
        assert_eq!((read.dimension, read.operator), (Dimension::Page, Operator::Is));
        assert_eq!(read.values, ["https://a.test:81/x"]);
    }

    #[test]
    fn a_bar_separates_values_and_an_escaped_one_is_part_of_them() {
        assert_eq!(filter("page:is:/a|/b").values, ["/a", "/b"]);
        assert_eq!(filter("page:is:/a%7C%7cb|%257C|100%25|%20").values, ["/a||b", "%7C", "100%25", "%20"]);
        assert_eq!(filter("source:is:").values, [""]);
        assert_eq!(filter("source:is:(none)|A").values, ["", "A"]);
        assert_eq!(filter("source:is:|A").to_string(), "source:is:(none)|A");
        assert_eq!(filter("page:is:/a%7C%257c").to_string(), "page:is:/a%7C%257c");
        assert_eq!(filter("event:is:%28none)|%2528NONE)|a(none)").values, ["(none)", "%28NONE)", "a(none)"]);
        assert_eq!(Filter::is(Dimension::Event, NONE).to_string(), "event:is:%28none)");
    }

    #[test]
    fn what_is_not_known_is_answered_with_the_list() {
        let message = |text: &str| Filter::parse(text).unwrap_err().to_string();
        assert!(message("colour:is:x").contains("page, entry_page"), "{}", message("colour:is:x"));
        assert!(message("page:equals:x").contains("is, is_not, contains"));
        assert!(matches!(Filter::parse("page"), Err(Invalid::Form(_))));
        assert!(matches!(Filter::parse("page:is"), Err(Invalid::Form(_))));
        let period = Period::parse(Some("fortnight"), None, None, None).unwrap_err().to_string();
        assert!(period.contains("today, yesterday, 7d"), "{period}");
        let compare = Period::parse(None, None, None, Some("best")).unwrap_err().to_string();
        assert!(compare.contains("previous, year, none"));
        assert_eq!(
            Period::parse(Some("custom"), Some("2026-01-02"), Some("2026-01-01"), None),
            Err(Invalid::Days)
        );
        assert_eq!(Period::parse(Some("custom"), None, Some("2026-01-01"), None), Err(Invalid::Days));
    }

    #[test]
    fn filters_are_bounded() {
        let values = |n: usize| format!("page:is:{}", vec!["x"; n].join("|"));
        assert_eq!(filter(&values(VALUES_MAX)).values.len(), VALUES_MAX);
        assert_eq!(Filter::parse(&values(VALUES_MAX + 1)), Err(Invalid::ManyValues));
        let long = |n: usize| format!("page:is:{}", "é".repeat(n));
        assert!(Filter::parse(&long(VALUE_LENGTH_MAX)).is_ok());
        assert_eq!(Filter::parse(&long(VALUE_LENGTH_MAX + 1)), Err(Invalid::LongValue));
        let many = |n: usize| Filter::parse_all(vec!["page:is:x"; n]);
        assert_eq!(many(FILTERS_MAX).map(|f| f.len()), Ok(FILTERS_MAX));
        assert_eq!(many(FILTERS_MAX + 1), Err(Invalid::ManyFilters));
    }

    #[test]
    fn a_period_is_28_days_compared_with_those_before_unless_said_otherwise() {
        let today = parse_day("2026-11-22").unwrap();
        let read = Period::parse(None, None, Some(""), Some("")).unwrap();
        let days = read.days(today).unwrap();
        assert_eq!((days.count(), days.last), (28, today));
        assert_eq!(read.compared(days).unwrap().last, days.first.plus(-1));
        let custom =
            Period::parse(Some("custom"), Some("2026-01-01"), Some("2026-01-31"), Some("none")).unwrap();
        assert_eq!(custom.days(today).unwrap().count(), 31);
        assert_eq!(custom.compared(days), None);
        let month = Period::parse(Some("month"), None, None, None).unwrap();
        let compared = month.compared(month.days(today).unwrap()).unwrap();
        assert_eq!(
            (compared.first.to_string(), compared.last.to_string()),
            ("2026-10-01".into(), "2026-10-22".into())
        );
    }

    #[test]
    fn values_are_brought_to_the_stored_form() {
        assert_eq!(Dimension::Host.normalise("A.Test"), "a.test");
        assert_eq!(Dimension::Country.normalise("nl"), "NL");
        assert_eq!(Dimension::Page.normalise("A.test/Path"), "a.test/Path");
        assert_eq!(Dimension::Page.normalise("/Path"), "/Path");
        assert_eq!(Dimension::Event.normalise("Sale"), "Sale");
    }

    proptest! {
        #[test]
        fn a_filter_written_and_read_is_the_same(
            dimension in proptest::sample::select(Dimension::ALL.to_vec()),
            operator in proptest::sample::select(Operator::ALL.to_vec()),
            values in proptest::collection::vec("(%|25|7C|7c|28none\\)|\\||:|x|é|2|\\(none\\)|\\(none){0,6}", 1..5),
        ) {
            let written = Filter { dimension, operator, values };
            prop_assert_eq!(Filter::parse(&written.to_string()), Ok(written));
        }
    }
}
