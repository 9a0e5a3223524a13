//! A list of contacts: who is in it is said by conditions. Conditions of a group hold together; one group is enough.
//! An active list is asked again and again, and lets people in and out by itself. A static list is a snapshot.
//!
//! What a contact did is counted from the stored events of all its browsers and of what programs reported, as reports
//! count them. Times that are relative (*in the last 7 days*) are spans before the moment the list is asked, so people
//! leave as time passes.

mod limits;
mod time;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::limits::{CONDITIONS_MAX, FILTERS_MAX, Invalid, LISTS_MAX, NAME_MAX, VALUE_MAX};
pub use self::time::{Day, Time, Unit};
use super::property_type;
use crate::domain::question::{Dimension, Filter};

/// The number of a list within its account. It is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(pub i64);

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum ListKind {
    #[default]
    Active,
    Static,
}

impl ListKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Who is in a list: contacts for whom all conditions of any one group hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    pub any: Vec<Group>,
}

/// Conditions that must hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub all: Vec<Condition>,
}

/// Something that holds for a contact or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// How much of something the contact did within a time.
    Activity {
        measure: Measure,
        /// Which rows count, as filters of a report: `event:is:000000000012`.
        #[serde(default)]
        filters: Vec<RowFilter>,
        is: Comparison,
        /// A count, or an amount in minor units for `value`.
        number: i64,
        #[serde(default)]
        within: Time,
    },
    /// How often the contact submitted a form within a time.
    Submission {
        /// The number of the form; without one, any form.
        #[serde(default)]
        form: Option<i64>,
        is: Comparison,
        number: i64,
        #[serde(default)]
        within: Time,
    },
    /// How often the contact completed an event with a property within a time.
    CompletionProperty {
        /// The number of the event.
        event: u32,
        /// The name of the property, as the site sends it.
        property: String,
        /// None of the negative ones, because it is counted how often it holds.
        test: TextTest,
        #[serde(default)]
        value: String,
        is: Comparison,
        number: i64,
        #[serde(default)]
        within: Time,
    },
    /// How often the contact completed an event that brought so much value within a time.
    CompletionValue {
        /// The number of the event; without one, any event.
        #[serde(default)]
        event: Option<u32>,
        value_is: Comparison,
        /// In minor units.
        value_minor: i64,
        is: Comparison,
        number: i64,
        #[serde(default)]
        within: Time,
    },
    /// When the contact was first or last seen, or created.
    Moment { field: MomentField, within: Time },
    /// A property, an email, the company or the original source of the contact.
    Text {
        field: TextField,
        is: TextTest,
        #[serde(default)]
        value: String,
    },
    /// A property of the contact as a number. A value that is none fits no comparison.
    Number {
        property: String,
        is: Comparison,
        /// A decimal number.
        value: String,
    },
    /// A property of the contact as a day, which begins at midnight of the account's time zone.
    Date { property: String, within: Time },
    /// Whether the contact is in another list.
    List { list: ListId, is_member: bool },
}

/// What of a contact's events is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Measure {
    Completions,
    PageViews,
    /// The sum of the completions' values.
    Value,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Comparison {
    AtLeast,
    AtMost,
    Exactly,
}

impl Comparison {
    #[must_use]
    pub fn holds<N: PartialOrd>(self, found: N, wanted: N) -> bool {
        match self {
            Self::AtLeast => found >= wanted,
            Self::AtMost => found <= wanted,
            Self::Exactly => found == wanted,
        }
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum MomentField {
    FirstSeen,
    LastSeen,
    Created,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    /// Any of the contact's emails.
    Email,
    /// HubSpot's word for the source of the contact's first session.
    OriginalSource,
    /// The domain or the name of the contact's company.
    Company,
    /// A property of the contact, by its name.
    Property(String),
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum TextTest {
    Is,
    IsNot,
    Contains,
    StartsWith,
    EndsWith,
    IsKnown,
    IsUnknown,
}

impl TextTest {
    pub const ALL: [Self; 7] = [
        Self::Is,
        Self::IsNot,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::IsKnown,
        Self::IsUnknown,
    ];

    /// Whether it is compared with a value.
    #[must_use]
    pub const fn has_value(self) -> bool {
        !matches!(self, Self::IsKnown | Self::IsUnknown)
    }

    /// Whether it is a statement that no value of the contact may be like this one, so that it holds for contacts without
    /// any value.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::IsNot | Self::IsUnknown)
    }

    /// Whether one value of a contact is like the wanted one; of a negative test whether it speaks against it. Case does
    /// not matter.
    #[must_use]
    pub fn matches(self, value: &str, wanted: &str) -> bool {
        let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
        match self {
            Self::Is | Self::IsNot => value == wanted,
            Self::Contains => value.contains(&wanted),
            Self::StartsWith => value.starts_with(&wanted),
            Self::EndsWith => value.ends_with(&wanted),
            Self::IsKnown | Self::IsUnknown => !value.is_empty(),
        }
    }
}

/// A filter of a report that belongs to rows or sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFilter(pub Filter);

impl Serialize for RowFilter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RowFilter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Filter::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Conditions {
    /// Reads conditions as JSON.
    pub fn parse(json: &str) -> Result<Self, Invalid> {
        let conditions: Self =
            serde_json::from_str(json).map_err(|error| Invalid::Json(error.to_string()))?;
        conditions.check()?;
        Ok(conditions)
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// One group of one condition.
    #[must_use]
    pub fn of(condition: Condition) -> Self {
        Self { any: vec![Group { all: vec![condition] }] }
    }

    pub fn all(&self) -> impl Iterator<Item = &Condition> {
        self.any.iter().flat_map(|group| &group.all)
    }

    /// Whether all limits hold, and each condition can be asked.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.any.is_empty() || self.any.iter().any(|group| group.all.is_empty()) {
            return Err(Invalid::NoCondition);
        }
        if self.all().count() > CONDITIONS_MAX {
            return Err(Invalid::ManyConditions);
        }
        self.all().try_for_each(Condition::check)
    }

    /// Whether people come or go although nothing happens.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.all().any(|condition| match condition {
            Condition::Activity { within, .. }
            | Condition::Submission { within, .. }
            | Condition::CompletionProperty { within, .. }
            | Condition::CompletionValue { within, .. }
            | Condition::Moment { within, .. }
            | Condition::Date { within, .. } => within.is_relative(),
            Condition::Text { .. } | Condition::Number { .. } | Condition::List { .. } => false,
        })
    }

    /// The lists that the conditions name.
    pub fn lists(&self) -> impl Iterator<Item = ListId> {
        self.all().filter_map(|condition| match condition {
            Condition::List { list, .. } => Some(*list),
            _ => None,
        })
    }
}

impl Condition {
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Activity { filters, number, within, measure, .. } => {
                if filters.len() > FILTERS_MAX {
                    return Err(Invalid::ManyFilters);
                }
                let not_of_rows =
                    filters.iter().map(|filter| filter.0.dimension).find(|dimension| !is_of_rows(*dimension));
                if let Some(dimension) = not_of_rows {
                    return Err(Invalid::Dimension(dimension.as_str()));
                }
                if *number < 0 && *measure != Measure::Value {
                    return Err(Invalid::Number);
                }
                within.check()
            }
            Self::Submission { number, within, .. } | Self::CompletionValue { number, within, .. } => {
                if *number < 0 {
                    return Err(Invalid::Number);
                }
                within.check()
            }
            Self::CompletionProperty { property, test, value, number, within, .. } => {
                if *number < 0 {
                    return Err(Invalid::Number);
                }
                if property.trim().is_empty() {
                    return Err(Invalid::NoProperty);
                }
                if test.is_negative() {
                    return Err(Invalid::Negative);
                }
                check_value(*test, value)?;
                within.check()
            }
            Self::Moment { within, .. } => within.check(),
            Self::Text { field, is, value } => {
                check_value(*is, value)?;
                match field {
                    TextField::Property(name) if name.trim().is_empty() => Err(Invalid::NoProperty),
                    _ => Ok(()),
                }
            }
            Self::Number { property, .. } | Self::Date { property, .. } if property.trim().is_empty() => {
                Err(Invalid::NoProperty)
            }
            Self::Number { value, .. } => {
                property_type::parse_number(value.trim()).map(|_| ()).ok_or(Invalid::NoNumber)
            }
            Self::Date { within, .. } => within.check(),
            Self::List { .. } => Ok(()),
        }
    }
}

/// The value that a text is compared with.
fn check_value(is: TextTest, value: &str) -> Result<(), Invalid> {
    if is.has_value() && value.trim().is_empty() {
        return Err(Invalid::NoValue);
    }
    if value.chars().count() > VALUE_MAX { Err(Invalid::LongValue) } else { Ok(()) }
}

/// Contacts and lists are what is looked for, so they are no filters of rows.
const fn is_of_rows(dimension: Dimension) -> bool {
    !matches!(dimension, Dimension::Contact | Dimension::List)
}

/// The name of a list, trimmed.
pub fn parse_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(Invalid::Name) }
}

#[cfg(test)]
mod tests {
    use super::time::HOURS_MAX;
    use super::*;
    use crate::domain::period::parse_day;

    fn activity(filters: Vec<RowFilter>, number: i64, within: Time) -> Condition {
        Condition::Activity {
            measure: Measure::Completions,
            filters,
            is: Comparison::AtLeast,
            number,
            within,
        }
    }

    #[test]
    fn conditions_are_read_as_they_are_written() {
        let filter = RowFilter(Filter::parse("event:is:000000000012").unwrap());
        let day = |text| Day(parse_day(text).unwrap());
        let conditions = Conditions {
            any: vec![
                Group {
                    all: vec![
                        activity(vec![filter], 2, Time::Last { amount: 7, unit: Unit::Days }),
                        Condition::Moment {
                            field: MomentField::LastSeen,
                            within: Time::Between { from: day("2026-01-01"), to: day("2026-01-31") },
                        },
                    ],
                },
                Group {
                    all: vec![
                        Condition::Text {
                            field: TextField::Property("plan".into()),
                            is: TextTest::IsUnknown,
                            value: String::new(),
                        },
                        Condition::List { list: ListId(3), is_member: false },
                        Condition::Submission {
                            form: Some(7),
                            is: Comparison::AtLeast,
                            number: 1,
                            within: Time::Ever,
                        },
                        Condition::CompletionProperty {
                            event: 12,
                            property: "size".into(),
                            test: TextTest::Is,
                            value: "L".into(),
                            is: Comparison::Exactly,
                            number: 2,
                            within: Time::Ever,
                        },
                        Condition::Number {
                            property: "seats".into(),
                            is: Comparison::AtMost,
                            value: "12.5".into(),
                        },
                        Condition::Date {
                            property: "since".into(),
                            within: Time::Since { day: day("2026-01-01") },
                        },
                    ],
                },
            ],
        };
        let json = conditions.to_json();
        assert!(json.contains(r#""filters":["event:is:000000000012"]"#), "{json}");
        assert!(json.contains(r#""within":{"last":{"amount":7,"unit":"days"}}"#), "{json}");
        assert_eq!(Conditions::parse(&json), Ok(conditions.clone()));
        assert!(conditions.depends_on_time());
        assert_eq!(conditions.lists().collect::<Vec<_>>(), [ListId(3)]);
        let short = r#"{"any":[{"all":[{"activity":{"measure":"page_views","is":"at_most","number":0}}]}]}"#;
        assert!(!Conditions::parse(short).unwrap().depends_on_time());
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_the_reason() {
        let limit = |conditions: Vec<Condition>| Conditions { any: vec![Group { all: conditions }] }.check();
        let one = activity(Vec::new(), 1, Time::Ever);
        assert_eq!(limit(vec![one.clone(); CONDITIONS_MAX]), Ok(()));
        assert_eq!(limit(vec![one.clone(); CONDITIONS_MAX + 1]), Err(Invalid::ManyConditions));
        assert_eq!(limit(Vec::new()), Err(Invalid::NoCondition));
        let filter = RowFilter(Filter::parse("page:is:/x").unwrap());
        assert_eq!(limit(vec![activity(vec![filter.clone(); FILTERS_MAX], 1, Time::Ever)]), Ok(()));
        let many = activity(vec![filter; FILTERS_MAX + 1], 1, Time::Ever);
        assert_eq!(limit(vec![many]), Err(Invalid::ManyFilters));
        let contact = RowFilter(Filter::parse("contact:is:7").unwrap());
        assert_eq!(limit(vec![activity(vec![contact], 1, Time::Ever)]), Err(Invalid::Dimension("contact")));
        assert_eq!(limit(vec![activity(Vec::new(), -1, Time::Ever)]), Err(Invalid::Number));
        for (amount, unit, result) in [
            (0, Unit::Hours, Err(Invalid::Amount)),
            (HOURS_MAX, Unit::Hours, Ok(())),
            (HOURS_MAX + 1, Unit::Hours, Err(Invalid::Amount)),
            (HOURS_MAX, Unit::Weeks, Err(Invalid::Amount)),
            (u32::MAX, Unit::Weeks, Err(Invalid::Amount)),
        ] {
            assert_eq!(limit(vec![activity(Vec::new(), 1, Time::Last { amount, unit })]), result, "{amount}");
        }
        let text = |value: &str| Condition::Text {
            field: TextField::Email,
            is: TextTest::Contains,
            value: value.to_owned(),
        };
        assert_eq!(limit(vec![text(&"x".repeat(VALUE_MAX))]), Ok(()));
        assert_eq!(limit(vec![text(&"x".repeat(VALUE_MAX + 1))]), Err(Invalid::LongValue));
        assert_eq!(limit(vec![text(" ")]), Err(Invalid::NoValue));
        let property = |test, value: &str, number| Condition::CompletionProperty {
            event: 1,
            property: "size".into(),
            test,
            value: value.to_owned(),
            is: Comparison::AtMost,
            number,
            within: Time::Ever,
        };
        for (test, value, number, result) in [
            (TextTest::Is, "L", 0, Ok(())),
            (TextTest::IsKnown, "", 0, Ok(())),
            (TextTest::Is, "", 0, Err(Invalid::NoValue)),
            (TextTest::Is, "L", -1, Err(Invalid::Number)),
            (TextTest::IsNot, "L", 1, Err(Invalid::Negative)),
            (TextTest::IsUnknown, "", 1, Err(Invalid::Negative)),
        ] {
            assert_eq!(limit(vec![property(test, value, number)]), result, "{test:?} {value} {number}");
        }
        let submission = |number| Condition::Submission {
            form: None,
            is: Comparison::AtLeast,
            number,
            within: Time::Ever,
        };
        assert_eq!(limit(vec![submission(0)]), Ok(()));
        assert_eq!(limit(vec![submission(-1)]), Err(Invalid::Number));
        for json in ["", "{}", r#"{"any":[{"all":[{"other":1}]}]}"#, r#"{"any":[],"x":1}"#] {
            assert!(matches!(Conditions::parse(json), Err(Invalid::Json(_))), "{json}");
        }
        assert_eq!(parse_name(&format!(" {} ", "é".repeat(NAME_MAX))), Ok("é".repeat(NAME_MAX)));
        assert_eq!(parse_name(&"é".repeat(NAME_MAX + 1)), Err(Invalid::Name));
        assert_eq!(parse_name(" "), Err(Invalid::Name));
    }
}
