//! The form fields of an account's settings. Set-up, the page for a new account and the settings page share them. A new
//! account is asked for its consent policy too.

use crate::domain::account::{Invalid, NAME_MAX, Settings};
use crate::domain::consent::preset::Preset;
use crate::domain::consent::rule::Rule;
use crate::web::admin::settings::consent::words;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::request::form::Fields;
use crate::web::text::{Texts, fill};

/// The areas whose time zones are offered. All other names in the database are aliases.
const AREAS: [&str; 10] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
];

/// The values as typed.
#[derive(Clone, Debug)]
pub struct Typed {
    name: String,
    domains: String,
    time_zone: String,
    currency: String,
}

impl Default for Typed {
    fn default() -> Self {
        Self { name: String::new(), domains: String::new(), time_zone: "UTC".into(), currency: "EUR".into() }
    }
}

impl From<&Settings> for Typed {
    fn from(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            domains: settings.domains.join("\n"),
            time_zone: settings.time_zone.clone(),
            currency: settings.currency.clone(),
        }
    }
}

impl From<&Fields> for Typed {
    fn from(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            domains: fields.raw("domains").to_owned(),
            time_zone: fields.text("time_zone").to_owned(),
            currency: fields.text("currency").to_owned(),
        }
    }
}

impl Typed {
    pub fn parse(&self) -> Result<Settings, Invalid> {
        let domains = self.domains.split(|c: char| c.is_whitespace() || c == ',');
        let domains: Vec<String> = domains.filter(|d| !d.is_empty()).map(str::to_owned).collect();
        Settings::parse(&self.name, &domains, &self.time_zone, &self.currency)
    }

    /// The form fields with the typed values and the error beside the wrong field.
    pub fn fields(&self, t: &'static Texts, wrong: Option<&Invalid>) -> Vec<Field> {
        let texts = &t.access.field;
        let (at, message) = wrong.map(|wrong| wrong_at(t, wrong)).unzip();
        let error = |name: &str| message.clone().filter(|_| at == Some(name));
        vec![
            Field::new(t, "name", texts.account_name, Kind::Text)
                .value(&self.name)
                .hint(texts.account_name_hint)
                .error(error("name"))
                .required()
                .max(NAME_MAX),
            Field::new(t, "domains", texts.domains, Kind::Area { rows: 3 })
                .value(&self.domains)
                .hint(texts.domains_hint)
                .error(error("domains")),
            Field::new(t, "time_zone", texts.time_zone, Kind::Select(zones(&self.time_zone)))
                .value(&self.time_zone)
                .hint(texts.time_zone_hint)
                .error(error("time_zone"))
                .required(),
            Field::new(t, "currency", texts.currency, Kind::Text)
                .value(&self.currency)
                .hint(texts.currency_hint)
                .error(error("currency"))
                .required()
                .max(3),
        ]
    }
}

/// Name of the field with the policy of a new account.
const POLICY: &str = "consent";
/// Its value when the account shall have none.
const LATER: &str = "later";

/// Which consent policy a new account begins with, as typed.
#[derive(Clone, Debug)]
pub struct FirstPolicy(String);

impl Default for FirstPolicy {
    fn default() -> Self {
        Self(Preset::Europe.as_str().to_owned())
    }
}

impl From<&Fields> for FirstPolicy {
    fn from(fields: &Fields) -> Self {
        Self(fields.text(POLICY).to_owned())
    }
}

impl FirstPolicy {
    /// The rules of the policy; none when the account shall have no policy. `None` when nothing was chosen.
    pub fn parse(&self) -> Option<Vec<Rule>> {
        match self.0.as_str() {
            LATER => Some(Vec::new()),
            word => Preset::parse(word).map(|preset| preset.apply(&[])),
        }
    }

    pub fn field(&self, t: &'static Texts, is_wrong: bool) -> Field {
        let texts = &t.consent.start;
        let choice = |value: &str, label: &str, hint: &str| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            hint: Some(hint.to_owned()),
        };
        let of = |preset: Preset| {
            let (name, what) = words::preset(t, preset);
            choice(preset.as_str(), name, what)
        };
        let mut choices: Vec<Choice> = Preset::ALL.into_iter().map(of).collect();
        choices.push(choice(LATER, texts.later, texts.later_what));
        Field::new(t, POLICY, texts.question, Kind::Radio(choices))
            .value(&self.0)
            .hint(texts.hint)
            .error(is_wrong.then(|| texts.none_chosen.to_owned()))
            .required()
    }
}

fn wrong_at(t: &Texts, wrong: &Invalid) -> (&'static str, String) {
    let texts = &t.access.wrong;
    match wrong {
        Invalid::NoName => ("name", texts.no_name.to_owned()),
        Invalid::LongName => ("name", texts.long_name.to_owned()),
        Invalid::Domain(domain) => ("domains", fill(texts.domain, &[("domain", domain)])),
        Invalid::ManyDomains => ("domains", texts.many_domains.to_owned()),
        Invalid::TimeZone(zone) => ("time_zone", fill(texts.time_zone, &[("zone", zone)])),
        Invalid::Currency(code) => ("currency", fill(texts.currency, &[("currency", code)])),
        Invalid::OtherDigits(code) => ("currency", fill(texts.other_digits, &[("currency", code)])),
    }
}

/// UTC first, then all zones by name. The current zone is added if it is not among them.
fn zones(set: &str) -> Vec<Choice> {
    let of_area = |name: &String| name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    let mut names: Vec<String> =
        jiff::tz::db().available().map(|name| name.to_string()).filter(of_area).collect();
    names.sort_unstable();
    names.dedup();
    names.insert(0, "UTC".to_owned());
    if !set.is_empty() && !names.iter().any(|name| name == set) {
        names.insert(0, set.to_owned());
    }
    names.into_iter().map(|name| Choice { label: name.clone(), value: name, hint: None }).collect()
}
