//! Declared properties of contacts (rules.md 37). An account declares what kind of value a property holds. A value that
//! does not fit is refused, and one that fits is kept in the one writing of its type, so that values can be compared.

use std::borrow::Cow;

use super::contact::{FIRST_NAME, InvalidProperty, LAST_NAME, typed_property};
use crate::base::clock::Millis;
use crate::domain::period::{LocalDay, parse_day};

/// Most declared properties of an account.
pub const DEFINITIONS_MAX: usize = 250;
/// Longest label and longest choice, characters.
pub const LABEL_MAX: usize = 100;
pub const CHOICE_MAX: usize = 100;
/// Most choices of a property.
pub const CHOICES_MAX: usize = 100;
/// Longest text that is read as a number, characters.
const NUMBER_MAX: usize = 64;

/// Properties that every account has, all of them texts: what forms collect.
pub const BUILT_IN: [&str; 4] = [FIRST_NAME, LAST_NAME, "phone", "company"];

/// What kind of value a property holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum PropertyType {
    #[default]
    Text,
    Number,
    Date,
    YesNo,
    Choice,
}

impl PropertyType {
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Date, Self::YesNo, Self::Choice];

    /// As the store and the pages write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A declared property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// As data names it, in lower case (rules.md 22).
    pub name: String,
    /// As pages name it.
    pub label: String,
    pub kind: PropertyType,
    /// The values of a choice, in the order in which they are offered; empty for other types.
    pub choices: Vec<String>,
}

/// Why a property cannot be declared like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    Name(InvalidProperty),
    /// Every account has it.
    BuiltIn,
    LongLabel,
    NoChoice,
    ManyChoices,
    LongChoice,
    /// Two choices differ at most in their case.
    SameChoice,
}

impl Definition {
    /// Reads what somebody typed; `choices` has one on each line. A property without a label is called by its name.
    ///
    /// # Errors
    /// Why it cannot be declared.
    pub fn parse(name: &str, label: &str, kind: PropertyType, choices: &str) -> Result<Self, Invalid> {
        let (name, _) = typed_property(name, "").map_err(Invalid::Name)?;
        if BUILT_IN.contains(&name.as_str()) {
            return Err(Invalid::BuiltIn);
        }
        let label = if label.trim().is_empty() { name.as_str() } else { label.trim() };
        if label.chars().count() > LABEL_MAX {
            return Err(Invalid::LongLabel);
        }
        let choices = if kind == PropertyType::Choice { parse_choices(choices)? } else { Vec::new() };
        Ok(Self { label: label.to_owned(), name, kind, choices })
    }

    /// The value as it is kept; `None` when it does not fit the type.
    #[must_use]
    pub fn read<'a>(&'a self, value: &'a str) -> Option<Cow<'a, str>> {
        let value = value.trim();
        match self.kind {
            PropertyType::Text => Some(Cow::Borrowed(value)),
            PropertyType::Number => parse_number(value).map(|_| Cow::Borrowed(value)),
            PropertyType::Date => parse_date(value).map(|day| Cow::Owned(day.to_string())),
            PropertyType::YesNo => {
                parse_yes_no(value).map(|is| Cow::Borrowed(if is { "true" } else { "false" }))
            }
            PropertyType::Choice => {
                let wanted = value.to_lowercase();
                let choice = self.choices.iter().find(|choice| choice.to_lowercase() == wanted);
                choice.map(|choice| Cow::Borrowed(choice.as_str()))
            }
        }
    }
}

fn parse_choices(text: &str) -> Result<Vec<String>, Invalid> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(Invalid::NoChoice);
    }
    if lines.len() > CHOICES_MAX {
        return Err(Invalid::ManyChoices);
    }
    let mut known = Vec::with_capacity(lines.len());
    for line in &lines {
        if line.chars().count() > CHOICE_MAX {
            return Err(Invalid::LongChoice);
        }
        let lower = line.to_lowercase();
        if known.contains(&lower) {
            return Err(Invalid::SameChoice);
        }
        known.push(lower);
    }
    Ok(lines.into_iter().map(str::to_owned).collect())
}

/// A decimal number with a point, such as `-12.5` or `1e3`. `1,5` can mean two numbers, and is none.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    let is_plain = text.len() <= NUMBER_MAX
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number: f64 = text.parse().ok().filter(|_| is_plain)?;
    number.is_finite().then_some(number)
}

/// A day (`2026-01-31`), the day of a time in ISO 8601, or a time in milliseconds since 1970, whose day is that of UTC.
/// Fewer digits may be seconds, and are no date.
#[must_use]
pub fn parse_date(text: &str) -> Option<LocalDay> {
    let is_ms = (12..=14).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_ms {
        return parse_day(Millis(text.parse().ok()?).iso().get(..10)?);
    }
    let is_time =
        |text: &str| text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok();
    match text.get(..10) {
        Some(day) if text.len() == 10 || is_time(text) => parse_day(day),
        _ => None,
    }
}

/// As programs and forms write it.
#[must_use]
pub fn parse_yes_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Some(true),
        "false" | "no" | "0" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact::PROPERTY_NAME_MAX;
    use crate::domain::list::{self, Comparison, Condition, Conditions, Time, Unit};

    fn of(kind: PropertyType) -> Definition {
        Definition::parse("Plan", "", kind, "Free\n Pro \n\nfür alle").unwrap()
    }

    /// rules.md 37
    #[test]
    fn a_value_is_kept_in_the_one_writing_of_its_type_or_refused() {
        for (kind, value, kept) in [
            (PropertyType::Text, " Any ", Some("Any")),
            (PropertyType::Number, "-12.50", Some("-12.50")),
            (PropertyType::Number, " 1e3 ", Some("1e3")),
            (PropertyType::Number, ".5", Some(".5")),
            (PropertyType::Number, "1,5", None),
            (PropertyType::Number, "12 EUR", None),
            (PropertyType::Number, "1e999", None),
            (PropertyType::Number, "inf", None),
            (PropertyType::Number, "NaN", None),
            (PropertyType::Number, "e", None),
            (PropertyType::Date, "2026-01-31", Some("2026-01-31")),
            (PropertyType::Date, "2026-01-31T23:30:00Z", Some("2026-01-31")),
            (PropertyType::Date, "2026-01-31T23:30:00.123+02:00", Some("2026-01-31")),
            (PropertyType::Date, "2026-01-31 08:15", Some("2026-01-31")),
            (PropertyType::Date, "1769817600000", Some("2026-01-31")),
            (PropertyType::Date, "2026-02-30", None),
            (PropertyType::Date, "31-01-2026", None),
            (PropertyType::Date, "2026-01-31x", None),
            (PropertyType::Date, "1769817600", None),
            (PropertyType::Date, "99999999999", None),
            (PropertyType::Date, "99999999999999", Some("5138-11-16")),
            (PropertyType::Date, "999999999999999", None),
            (PropertyType::YesNo, "Yes", Some("true")),
            (PropertyType::YesNo, "0", Some("false")),
            (PropertyType::YesNo, "maybe", None),
            (PropertyType::Choice, " PRO", Some("Pro")),
            (PropertyType::Choice, "FÜR ALLE", Some("für alle")),
            (PropertyType::Choice, "Gold", None),
        ] {
            assert_eq!(of(kind).read(value).as_deref(), kept, "{kind:?} {value}");
            let again = kept.map(|kept| of(kind).read(kept).map(Cow::into_owned));
            assert_eq!(again, kept.map(|kept| Some(kept.to_owned())), "what is kept is read as itself");
        }
        let read = PropertyType::ALL.map(|kind| PropertyType::parse(kind.as_str()));
        assert_eq!((read, PropertyType::parse("other")), (PropertyType::ALL.map(Some), None));
        let digits = "1".repeat(NUMBER_MAX);
        assert!(parse_number(&digits).is_some() && parse_number(&format!("{digits}1")).is_none());
    }

    #[test]
    fn a_declaration_is_refused_one_past_its_limits() {
        let parse = |name: &str, label: &str, choices: &str| {
            Definition::parse(name, label, PropertyType::Choice, choices)
        };
        assert_eq!(of(PropertyType::Choice).choices, ["Free", "Pro", "für alle"]);
        assert_eq!(
            (of(PropertyType::Date).label.as_str(), of(PropertyType::Date).choices.len()),
            ("plan", 0)
        );
        let (name, label) = ("n".repeat(PROPERTY_NAME_MAX), "é".repeat(LABEL_MAX));
        assert!(parse(&name, &label, "a").is_ok());
        let long = Err(Invalid::Name(InvalidProperty::LongName));
        assert_eq!(parse(&format!("{name}n"), "", "a"), long);
        assert_eq!(parse("n", &format!("{label}é"), "a"), Err(Invalid::LongLabel));
        assert_eq!(parse("Email", "", "a"), Err(Invalid::Name(InvalidProperty::IsEmail)));
        assert_eq!(parse(" ", "", "a"), Err(Invalid::Name(InvalidProperty::NoName)));
        for built_in in BUILT_IN {
            assert_eq!(parse(&built_in.to_uppercase(), "", "a"), Err(Invalid::BuiltIn));
        }
        let many = |n: usize| (0..n).map(|n| format!("{n}\n")).collect::<String>();
        assert!(parse("n", "", &many(CHOICES_MAX)).is_ok());
        assert_eq!(parse("n", "", &many(CHOICES_MAX + 1)), Err(Invalid::ManyChoices));
        assert!(parse("n", "", &"é".repeat(CHOICE_MAX)).is_ok());
        assert_eq!(parse("n", "", &"é".repeat(CHOICE_MAX + 1)), Err(Invalid::LongChoice));
        assert_eq!(parse("n", "", " \n"), Err(Invalid::NoChoice));
        assert_eq!(parse("n", "", "Pro\npro"), Err(Invalid::SameChoice));
    }

    #[test]
    fn a_condition_on_a_typed_property_needs_a_name_and_what_it_is_compared_with() {
        let number = |property: &str, value: &str| {
            let (property, value) = (property.to_owned(), value.to_owned());
            Conditions::of(Condition::Number { property, is: Comparison::AtLeast, value })
        };
        let date = |property: &str, amount: u32| {
            let within = Time::Last { amount, unit: Unit::Hours };
            Conditions::of(Condition::Date { property: property.to_owned(), within })
        };
        assert_eq!(number("seats", "-12.5").check(), Ok(()));
        assert_eq!(number("seats", "12,5").check(), Err(list::Invalid::NoNumber));
        assert_eq!(number(" ", "1").check(), Err(list::Invalid::NoProperty));
        assert_eq!(date("since", 1).check(), Ok(()));
        assert_eq!(date("since", 0).check(), Err(list::Invalid::Amount));
        assert_eq!(date("", 1).check(), Err(list::Invalid::NoProperty));
        assert!(date("since", 1).depends_on_time() && !number("seats", "1").depends_on_time());
    }
}
