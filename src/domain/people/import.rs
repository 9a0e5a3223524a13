//! A CSV file of contacts (rules.md 34): how large it may be, what its columns can be imported as, and why a row of it is
//! refused.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::contact::{FIRST_NAME, LAST_NAME, PROPERTY_NAME_MAX};
use crate::base::clock::Millis;
use crate::domain::visitor::CLOCK_MIN;

/// Largest file, bytes.
pub const FILE_MAX: u64 = 100 * 1024 * 1024;
/// Most rows of a file, without its head.
pub const ROWS_MAX: u64 = 1_000_000;
/// Most columns of a file.
pub const COLUMNS_MAX: usize = 300;
/// Longest row, bytes. A longer one has a quote that is never closed, or is no table.
pub const ROW_MAX: usize = 2 * 1024 * 1024;
/// Longest name of a file that is kept, characters.
pub const NAME_MAX: usize = 200;

/// What a column is imported as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Target {
    /// It is not imported.
    Skip,
    /// The primary email.
    Email,
    /// Further emails, with `;` between them.
    OtherEmails,
    ExternalId,
    /// When the contact came into being, was first seen and was last seen.
    Created,
    FirstSeen,
    LastSeen,
    /// HubSpot's word for where the contact came from, and its two drill-downs. The first may hold both, as it is exported.
    OriginalSource,
    OriginalSourceDetail,
    OriginalSourceDetail2,
    /// A JSON object of properties and their values.
    OtherProperties,
    /// The property of this name.
    Property(String),
}

/// Before the name of a property in a heading, when the name alone would mean something else.
const PREFIX: &str = "property:";

impl From<Target> for String {
    fn from(target: Target) -> Self {
        match target {
            Target::Skip => "-".to_owned(),
            Target::Email => "email".to_owned(),
            Target::OtherEmails => "other_emails".to_owned(),
            Target::ExternalId => "external_id".to_owned(),
            Target::Created => "created".to_owned(),
            Target::FirstSeen => "first_seen".to_owned(),
            Target::LastSeen => "last_seen".to_owned(),
            Target::OriginalSource => "original_source".to_owned(),
            Target::OriginalSourceDetail => "original_source_detail".to_owned(),
            Target::OriginalSourceDetail2 => "original_source_detail_2".to_owned(),
            Target::OtherProperties => "other_properties".to_owned(),
            Target::Property(name) => format!("{PREFIX}{name}"),
        }
    }
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl Target {
    /// Reads what somebody chose: `-` or nothing, one of the words above, or the name of a property.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix(PREFIX) {
            return Self::property(name);
        }
        match text.trim() {
            "" | "-" => Self::Skip,
            "email" => Self::Email,
            "other_emails" => Self::OtherEmails,
            "external_id" => Self::ExternalId,
            "created" => Self::Created,
            "first_seen" => Self::FirstSeen,
            "last_seen" => Self::LastSeen,
            "original_source" => Self::OriginalSource,
            "original_source_detail" => Self::OriginalSourceDetail,
            "original_source_detail_2" => Self::OriginalSourceDetail2,
            "other_properties" => Self::OtherProperties,
            name => Self::property(name),
        }
    }

    fn property(name: &str) -> Self {
        let name = name.to_lowercase();
        if name.trim().is_empty() || name.chars().count() > PROPERTY_NAME_MAX {
            return Self::Skip;
        }
        Self::Property(name)
    }

    /// What a column with this heading most likely is: by the names that Guestlog and HubSpot write, and by usual English and
    /// Dutch ones. Any other heading is the name of a property.
    #[must_use]
    pub fn guess(heading: &str) -> Self {
        if let Some(name) = heading.strip_prefix(PREFIX) {
            return Self::property(name);
        }
        let key: String =
            heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if EMAIL.contains(&&*key) {
            return Self::Email;
        }
        if OTHER_EMAILS.contains(&&*key) {
            return Self::OtherEmails;
        }
        if EXTERNAL_ID.contains(&&*key) {
            return Self::ExternalId;
        }
        if key == "otherproperties" {
            return Self::OtherProperties;
        }
        if let Some((target, _)) = PAST.iter().find(|(_, headings)| headings.contains(&&*key)) {
            return target.clone();
        }
        if NOT_IMPORTED.contains(&&*key) {
            return Self::Skip;
        }
        if let Some((name, _)) = PROPERTIES.iter().find(|(_, headings)| headings.contains(&&*key)) {
            return Self::Property((*name).to_owned());
        }
        let words: Vec<&str> = heading.split_whitespace().collect();
        Self::property(&words.join("_"))
    }

    /// The heading under which a property is exported, so that `guess` answers the property again.
    #[must_use]
    pub fn heading_of(property: &str) -> String {
        match Self::guess(property) {
            Self::Property(name) if name == property => name,
            _ => format!("{PREFIX}{property}"),
        }
    }
}

/// Headings of each, in lower case and without signs and spaces.
const EMAIL: &[&str] = &["email", "emailaddress", "emailadres", "primaryemail", "mail", "mailadres"];
const OTHER_EMAILS: &[&str] =
    &["otheremails", "additionalemails", "additionalemailaddresses", "hsadditionalemails", "overigeemails"];
const EXTERNAL_ID: &[&str] = &["externalid", "externeid"];
const PAST: &[(Target, &[&str])] = &[
    (Target::Created, &["created", "createdate", "aanmaakdatum"]),
    (Target::FirstSeen, &["firstseen", "timefirstseen", "hsanalyticsfirsttimestamp"]),
    (Target::LastSeen, &["lastseen", "timelastseen", "hsanalyticslasttimestamp"]),
    (
        Target::OriginalSource,
        &["originalsource", "originalsourcetype", "originaltrafficsource", "hsanalyticssource"],
    ),
    (
        Target::OriginalSourceDetail,
        &[
            "originalsourcedetail",
            "originalsourcedetail1",
            "originalsourcedrilldown1",
            "originaltrafficsourcedrilldown1",
            "hsanalyticssourcedata1",
        ],
    ),
    (
        Target::OriginalSourceDetail2,
        &[
            "originalsourcedetail2",
            "originalsourcedrilldown2",
            "originaltrafficsourcedrilldown2",
            "hsanalyticssourcedata2",
        ],
    ),
];
const PROPERTIES: &[(&str, &[&str])] = &[
    (FIRST_NAME, &["firstname", "voornaam", "givenname"]),
    (LAST_NAME, &["lastname", "achternaam", "surname", "familyname"]),
    ("phone", &["phone", "phonenumber", "telephone", "telefoon", "telefoonnummer"]),
    ("mobilephone", &["mobilephone", "mobilephonenumber", "mobiel", "mobielnummer"]),
    ("company", &["company", "companyname", "bedrijf", "bedrijfsnaam"]),
    ("jobtitle", &["jobtitle", "functie", "functietitel"]),
    ("address", &["address", "streetaddress", "adres", "straat"]),
    ("zip", &["zip", "zipcode", "postalcode", "postcode"]),
    ("city", &["city", "plaats", "stad", "woonplaats"]),
    ("state", &["state", "stateregion", "provincie"]),
    ("country", &["country", "countryregion", "land"]),
    ("website", &["website", "websiteurl"]),
    ("salutation", &["salutation", "aanhef"]),
    ("lifecyclestage", &["lifecyclestage"]),
    ("hs_lead_status", &["hsleadstatus", "leadstatus"]),
];
/// What this server finds out by itself, and numbers that mean something elsewhere only.
const NOT_IMPORTED: &[&str] = &[
    "id",
    "contactid",
    "recordid",
    "recordidcontact",
    "hsobjectid",
    "lastactivitydate",
    "lastmodifieddate",
    "revenue",
    "revenueasserted",
    "completions",
    "sessions",
    "pageviews",
    "numberofpageviews",
    "numberofsessions",
];

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub heading: String,
    pub target: Target,
}

/// The columns of a head, each as it most likely is. What an earlier column is already stays free of a second one.
#[must_use]
pub fn guess_columns(headings: &[String]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::with_capacity(headings.len());
    for heading in headings {
        let guessed = Target::guess(heading);
        let is_taken = columns.iter().any(|column| column.target == guessed);
        let target = if is_taken { Target::Skip } else { guessed };
        columns.push(Column { heading: heading.clone(), target });
    }
    columns
}

/// Between the two drill-downs of a source in the one column that an export has for them.
pub const BETWEEN_DETAILS: &str = " / ";
/// Longest drill-down of a source, characters: one may be the address of a page.
pub const SOURCE_DETAIL_MAX: usize = 8 * 1024;

/// A time as files have it: in ISO 8601 with its offset, else in UTC; a day, which begins at midnight of UTC; or
/// milliseconds since 1970. Fewer digits may be seconds, and are no time.
#[must_use]
pub fn parse_time(text: &str) -> Option<Millis> {
    let text = text.trim();
    let utc = |time: jiff::civil::DateTime| time.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let at_ms = if (12..=14).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()?
    } else if let Ok(at) = text.parse::<jiff::Timestamp>() {
        at.as_millisecond()
    } else {
        utc(text.parse().ok()?)?.timestamp().as_millisecond()
    };
    (at_ms >= CLOCK_MIN).then_some(Millis(at_ms))
}

/// Why columns cannot be imported as somebody chose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongColumns {
    #[error("two columns are imported as {0}")]
    Twice(String),
    #[error("no column is imported as email or external_id, so nobody is known")]
    NoKey,
    #[error("there is no column {0}")]
    Unknown(String),
}

/// Checks that nothing is set by two columns, and that contacts are known by something.
///
/// # Errors
/// `Twice`, `NoKey`.
pub fn check_columns(columns: &[Column]) -> Result<(), WrongColumns> {
    for (place, column) in columns.iter().enumerate() {
        let is_twice = columns.iter().take(place).any(|before| before.target == column.target);
        if is_twice && column.target != Target::Skip {
            let name = match &column.target {
                Target::Property(name) => name.clone(),
                target => String::from(target.clone()),
            };
            return Err(WrongColumns::Twice(name));
        }
    }
    let is_key =
        |column: &Column| matches!(column.target, Target::Email | Target::OtherEmails | Target::ExternalId);
    if columns.iter().any(is_key) { Ok(()) } else { Err(WrongColumns::NoKey) }
}

/// Sets what columns are imported as: pairs of a heading, in any case, and what `Target::parse` reads. Another column that was
/// guessed to be the same is not imported then.
///
/// # Errors
/// `Unknown` when there is no column of a heading.
pub fn map_columns(columns: &mut [Column], map: &[(String, String)]) -> Result<(), WrongColumns> {
    for (heading, target) in map {
        let place = columns
            .iter()
            .position(|column| is_named(column, heading))
            .ok_or_else(|| WrongColumns::Unknown(heading.clone()))?;
        let target = Target::parse(target);
        for (other, column) in columns.iter_mut().enumerate() {
            if other == place {
                column.target = target.clone();
            } else if column.target == target && !map.iter().any(|(mapped, _)| is_named(column, mapped)) {
                column.target = Target::Skip;
            }
        }
    }
    Ok(())
}

fn is_named(column: &Column, heading: &str) -> bool {
    column.heading.to_lowercase() == heading.trim().to_lowercase()
}

/// Why a row is refused. The words are stored and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Reason {
    TooFewCells,
    TooManyCells,
    /// Neither an email nor an external id.
    NobodyNamed,
    NoEmail,
    TooManyEmails,
    LongExternalId,
    LongValue,
    LongName,
    /// The value does not fit the declared type of its property.
    WrongType,
    TooManyProperties,
    /// The cell with other properties is no JSON object of texts.
    NoObject,
    /// No time in ISO 8601 or in milliseconds since 1970, or one before any clock of ours was set.
    NoTime,
    FutureTime,
    /// None of HubSpot's words for a source.
    NoSource,
    /// An earlier row of the file is about the same contact.
    SameContact,
    /// What the row names belongs to different contacts.
    DifferentContacts,
    /// The contact has another external id.
    OtherExternalId,
}

impl Reason {
    pub const ALL: [Self; 17] = [
        Self::TooFewCells,
        Self::TooManyCells,
        Self::NobodyNamed,
        Self::NoEmail,
        Self::TooManyEmails,
        Self::LongExternalId,
        Self::LongValue,
        Self::LongName,
        Self::WrongType,
        Self::TooManyProperties,
        Self::NoObject,
        Self::NoTime,
        Self::FutureTime,
        Self::NoSource,
        Self::SameContact,
        Self::DifferentContacts,
        Self::OtherExternalId,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A row that is refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the file on which the row begins.
    pub line: u64,
    /// The column, from 0; `None` = the row as a whole.
    pub column: Option<usize>,
    pub reason: Reason,
    /// The earlier line about the same contact, or the number of another contact.
    pub other: Option<i64>,
}

impl Refusal {
    /// As the command line and the report say it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = match self.reason {
            Reason::TooFewCells => "the row has fewer cells than the head",
            Reason::TooManyCells => "the row has more cells than the head",
            Reason::NobodyNamed => "the row has neither an email nor an external id",
            Reason::NoEmail => "this is not an email address",
            Reason::TooManyEmails => "the contact would have too many emails",
            Reason::LongExternalId => "the external id is too long",
            Reason::LongValue => "the value is too long",
            Reason::LongName => "the name of a property is too long",
            Reason::TooManyProperties => "the contact would have too many properties",
            Reason::NoObject => "this is not a JSON object of texts",
            Reason::NoTime => "this is not a time since 2001 in ISO 8601 or in milliseconds since 1970",
            Reason::FutureTime => "this time is in the future",
            Reason::NoSource => "this is not one of HubSpot's words for a source, such as ORGANIC_SEARCH",
            Reason::SameContact => "an earlier row is about the same contact",
            Reason::DifferentContacts => "emails and external id belong to different contacts",
            Reason::WrongType => "the value does not fit the declared type of the property",
            Reason::OtherExternalId => "the contact has another external id",
        }
        .to_owned();
        // Writing into memory does not fail.
        let _ = match (self.reason, self.other) {
            (Reason::SameContact, Some(line)) => write!(text, ": line {line}"),
            (_, Some(contact)) => write!(text, ": contact {contact}"),
            (_, None) => Ok(()),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &str) -> Target {
        Target::Property(name.to_owned())
    }

    #[test]
    fn headings_of_hubspot_and_usual_ones_are_recognised() {
        for (heading, target) in [
            ("Email", Target::Email),
            ("E-mailadres", Target::Email),
            ("Additional email addresses", Target::OtherEmails),
            ("External ID", Target::ExternalId),
            ("First Name", property("firstname")),
            ("Voornaam", property("firstname")),
            ("ACHTERNAAM", property("lastname")),
            ("Phone Number", property("phone")),
            ("Company name", property("company")),
            ("hs_lead_status", property("hs_lead_status")),
            ("Favourite  colour", property("favourite_colour")),
            ("plan", property("plan")),
            ("Record ID", Target::Skip),
            ("Create Date", Target::Created),
            ("createdate", Target::Created),
            ("Time First Seen", Target::FirstSeen),
            ("hs_analytics_last_timestamp", Target::LastSeen),
            ("Original Source", Target::OriginalSource),
            ("Original source drill-down 2", Target::OriginalSourceDetail2),
            ("original_source_detail", Target::OriginalSourceDetail),
            ("Last Modified Date", Target::Skip),
            ("", Target::Skip),
            ("property:created", property("created")),
            ("property: Odd ", property(" odd ")),
        ] {
            assert_eq!(Target::guess(heading), target, "{heading}");
        }
        let name = "n".repeat(PROPERTY_NAME_MAX);
        assert_eq!(Target::guess(&name), property(&name));
        assert_eq!(Target::guess(&format!("{name}n")), Target::Skip);
    }

    #[test]
    fn a_property_is_recognised_by_the_heading_that_it_is_exported_under() {
        for name in
            ["plan", "created", "telefoon", "phone", "two words", " odd ", "property:x", "e-mail", "id", "=1"]
        {
            assert_eq!(Target::guess(&Target::heading_of(name)), property(name), "{name}");
            assert_eq!(Target::parse(&String::from(property(name))), property(name), "{name}");
        }
        assert_eq!(Target::heading_of("plan"), "plan");
    }

    #[test]
    fn a_time_is_read_as_files_have_it() {
        for (text, at_ms) in [
            ("2026-01-31T10:00:00.250Z", Some(1_769_853_600_250)),
            ("2026-01-31T11:00:00.250+01:00", Some(1_769_853_600_250)),
            (" 2026-01-31 10:00 ", Some(1_769_853_600_000)),
            ("2026-01-31", Some(1_769_817_600_000)),
            ("1769853600250", Some(1_769_853_600_250)),
            ("1000000000000", Some(CLOCK_MIN)),
            ("999999999999", None),
            ("1769853600", None),
            ("31-01-2026", None),
            ("2026-02-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text), at_ms.map(Millis), "{text}");
        }
    }

    #[test]
    fn nothing_is_set_by_two_columns_and_somebody_must_be_named() {
        let columns = |headings: &[&str]| {
            guess_columns(&headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>())
        };
        let guessed = columns(&["Email", "mail", "city", "Plaats", ""]);
        let targets: Vec<_> = guessed.iter().map(|column| column.target.clone()).collect();
        assert_eq!(targets, [Target::Email, Target::Skip, property("city"), Target::Skip, Target::Skip]);
        assert_eq!(check_columns(&guessed), Ok(()));
        let mut twice = guessed;
        twice[3].target = property("city");
        assert_eq!(check_columns(&twice), Err(WrongColumns::Twice("city".to_owned())));
        assert_eq!(check_columns(&columns(&["city"])), Err(WrongColumns::NoKey));
    }

    #[test]
    fn a_column_that_is_mapped_takes_the_place_of_one_that_was_guessed() {
        let headings = ["Email", "Work mail", "Town", "City"].map(str::to_owned);
        let mut columns = guess_columns(&headings);
        let map = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        map_columns(&mut columns, &map(&[("WORK MAIL ", "email"), ("Town", "city")])).unwrap();
        let targets: Vec<_> = columns.iter().map(|column| column.target.clone()).collect();
        assert_eq!(targets, [Target::Skip, Target::Email, property("city"), Target::Skip]);
        let twice = map(&[("Town", "city"), ("City", "city")]);
        map_columns(&mut columns, &twice).unwrap();
        assert_eq!(check_columns(&columns), Err(WrongColumns::Twice("city".to_owned())));
        let unknown = map_columns(&mut columns, &map(&[("Street", "-")]));
        assert_eq!(unknown, Err(WrongColumns::Unknown("Street".to_owned())));
    }

    #[test]
    fn each_reason_is_read_as_it_was_written() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("other"), None);
    }
}
