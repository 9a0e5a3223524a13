//! The bodies of submissions as HubSpot defines them, and what is kept of their fields.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Fault;
use crate::app::ingest::accept::beacon::{Scalar, Text, Written};
use crate::app::ingest::accept::identity;
use crate::domain::contact::Email;
use crate::domain::form::{CONSENT_TEXT_MAX, FIELD_NAME_MAX, FIELD_VALUE_MAX, FIELDS_MAX, is_secret_field};
use crate::domain::scrub::{self, Emails};
use crate::domain::text::{cut, is_longer};
use crate::domain::visitor::Token;

type Owned = Cow<'static, str>;

/// A field as it was sent.
struct Field {
    /// HubSpot's number of what the field is of; empty = a contact.
    object: Owned,
    name: Owned,
    value: Owned,
}

/// HubSpot's numbers of contacts and companies.
const CONTACT: &str = "0-1";
const COMPANY: &str = "0-2";

impl Field {
    fn is_of_contact(&self) -> bool {
        self.object.is_empty() || self.object == CONTACT
    }

    fn is_email(&self) -> bool {
        self.is_of_contact() && self.name.trim().eq_ignore_ascii_case("email")
    }

    /// The name with what it is of, unless that is the contact: `company` is the name of its company.
    fn full_name(&self) -> Owned {
        let name = self.name.trim();
        match &*self.object {
            "" | CONTACT => name.to_owned().into(),
            COMPANY if name.eq_ignore_ascii_case("name") => "company".into(),
            COMPANY => format!("company.{name}").into(),
            other => format!("{other}.{name}").into(),
        }
    }

    /// Whether it says something of the person. `id`, `visitor` and `hmac` are names of the tracking script, and no
    /// property.
    fn is_property(&self) -> bool {
        let name = self.name.trim().to_ascii_lowercase();
        let is_known = self.is_of_contact() || self.object == COMPANY;
        is_known && !matches!(&*name, "email" | "id" | "visitor" | "hmac")
    }
}

/// Where and by whom a form was sent.
#[derive(Default)]
pub(super) struct Context {
    hutk: Owned,
    ip_address: Owned,
    page_uri: Owned,
    pub page_name: Owned,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SentContext<'a> {
    #[serde(borrow)]
    hutk: Scalar<'a>,
    #[serde(borrow)]
    ip_address: Scalar<'a>,
    #[serde(borrow, alias = "pageUrl")]
    page_uri: Scalar<'a>,
    #[serde(borrow)]
    page_name: Scalar<'a>,
}

impl Context {
    fn of_json(json: &str) -> Result<Self, Fault> {
        let sent: SentContext<'_> = serde_json::from_str(json).map_err(|_| Fault::Context)?;
        let owned = |Scalar(text): Scalar<'_>| Owned::Owned(text.trim().to_owned());
        Ok(Self {
            hutk: owned(sent.hutk),
            ip_address: owned(sent.ip_address),
            page_uri: owned(sent.page_uri),
            page_name: owned(sent.page_name),
        })
    }

    pub(super) fn token(&self) -> Result<Option<Token>, Fault> {
        match &*self.hutk {
            "" => Ok(None),
            text => Token::parse(text).map(Some).ok_or(Fault::Hutk),
        }
    }

    pub(super) fn address(&self) -> Result<Option<IpAddr>, Fault> {
        match &*self.ip_address {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Fault::IpAddress),
        }
    }

    /// The address of the page. HubSpot's own example leaves out the scheme.
    pub(super) fn page(&self) -> Option<Cow<'_, str>> {
        match &*self.page_uri {
            "" => None,
            whole if whole.contains("://") => Some(whole.into()),
            bare => Some(format!("https://{bare}").into()),
        }
    }
}

/// A body of either form.
pub(super) struct Body {
    fields: Vec<Field>,
    pub context: Context,
    pub submitted_ms: Option<i64>,
    /// The JSON of `legalConsentOptions`.
    legal: Option<Owned>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentBody<'a> {
    #[serde(borrow, default)]
    fields: Vec<SentField<'a>>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    legal_consent_options: Option<&'a RawValue>,
    #[serde(borrow)]
    submitted_at: Option<Scalar<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentField<'a> {
    #[serde(borrow, default)]
    object_type_id: Scalar<'a>,
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    value: Text<'a>,
}

impl Body {
    pub(super) fn of_json(body: &[u8]) -> Result<Self, Fault> {
        let sent: SentBody<'_> = serde_json::from_slice(body).map_err(|_| Fault::Malformed)?;
        let submitted = sent.submitted_at.map_or(Cow::default(), |Scalar(text)| text);
        let submitted_ms = match submitted.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| Fault::SubmittedAt)?),
        };
        let field = |field: SentField<'_>| Field {
            object: field.object_type_id.0.trim().to_owned().into(),
            name: field.name.0.into_owned().into(),
            value: field.value.0.into_owned().into(),
        };
        let context = sent.context.map_or(Ok(Context::default()), |json| Context::of_json(json.get()))?;
        let legal = sent.legal_consent_options.map(|json| json.get().to_owned().into());
        Self { fields: sent.fields.into_iter().map(field).collect(), context, submitted_ms, legal }.checked()
    }

    /// Of the older call: each pair is a field, and `hs_context` is the context as JSON.
    pub(super) fn of_pairs(body: &[u8]) -> Result<Self, Fault> {
        let mut read =
            Self { fields: Vec::new(), context: Context::default(), submitted_ms: None, legal: None };
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "hs_context" if value.trim().is_empty() => {}
                "hs_context" => read.context = Context::of_json(&value)?,
                _ => read.fields.push(Field {
                    object: Owned::default(),
                    name: name.into_owned().into(),
                    value: value.into_owned().into(),
                }),
            }
        }
        read.checked()
    }

    fn checked(self) -> Result<Self, Fault> {
        match self.fields.len() {
            0 => Err(Fault::NoFields),
            1..=FIELDS_MAX => Ok(self),
            _ => Err(Fault::TooManyFields),
        }
    }

    /// Takes an address out of every text, wherever a site has put it.
    pub(super) fn remove(&mut self, address: &Written) {
        let fields = self.fields.iter_mut().flat_map(|field| [&mut field.name, &mut field.value]);
        let context = [&mut self.context.page_uri, &mut self.context.page_name];
        fields.chain(context).chain(&mut self.legal).for_each(|text| address.remove_from(text));
    }

    /// The first email that is not empty.
    pub(super) fn email(&self) -> Result<Option<Email>, Fault> {
        let mut emails =
            self.fields.iter().filter(|field| field.is_email() && !field.value.trim().is_empty());
        emails.next().map(|field| Email::parse(&field.value).ok_or(Fault::Email)).transpose()
    }

    /// What is kept of the fields with the submission, and which of them are properties of the contact. Empty fields and
    /// those that are never kept are left out of both; what is too long for a property stays with the submission.
    pub(super) fn kept_fields(&self) -> Result<(Pairs, Pairs), Fault> {
        let mut kept = Vec::with_capacity(self.fields.len());
        let mut said = Vec::new();
        for field in &self.fields {
            let name = field.full_name();
            if is_longer(&name, FIELD_NAME_MAX) {
                return Err(Fault::TooLong("fields.name".to_owned()));
            }
            if is_longer(&field.value, FIELD_VALUE_MAX) {
                return Err(Fault::TooLong(format!("fields.{}", shown_name(&name))));
            }
            if name.is_empty() || is_secret_field(&name) || is_secret_field(&field.name) {
                continue;
            }
            let value = kept_value(&field.value);
            if value.is_empty() {
                continue;
            }
            if field.is_property() {
                said.push((name.clone(), field.value.clone()));
            }
            kept.push((shown_name(&name), value));
        }
        Ok((kept, identity::read(&said).identity.properties))
    }

    /// The words of consent in the form in which they are kept; empty = none were sent.
    pub(super) fn consent_text(&self) -> Result<String, Fault> {
        let Some(json) = &self.legal else { return Ok(String::new()) };
        let options: LegalOptions = serde_json::from_str(json).map_err(|_| Fault::LegalOptions)?;
        options.check()?;
        let text = serde_json::to_string(&options).map_err(|_| Fault::LegalOptions)?;
        if text.len() > CONSENT_TEXT_MAX { Err(Fault::LegalOptions) } else { Ok(text) }
    }
}

type Pairs = Vec<(String, String)>;

fn shown_name(name: &str) -> String {
    cut(&scrub::kept_text(name, Emails::Masked), FIELD_NAME_MAX)
}

/// A message keeps its lines, which a text of an address or a title has not.
fn kept_value(value: &str) -> String {
    let kept = scrub::kept_text(value, Emails::Kept);
    let kept: String = kept.chars().filter(|c| *c == '\n' || !c.is_control()).take(FIELD_VALUE_MAX).collect();
    kept.trim().to_owned()
}

/// `legalConsentOptions`
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegalOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legitimate_interest: Option<LegitimateInterest>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsentOptions {
    consent_to_process: bool,
    #[serde(default)]
    text: String,
    #[serde(default)]
    communications: Vec<Communication>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Communication {
    value: bool,
    subscription_type_id: i64,
    #[serde(default)]
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegitimateInterest {
    value: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_type_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_basis: Option<String>,
    #[serde(default)]
    text: String,
}

impl LegalOptions {
    fn check(&self) -> Result<(), Fault> {
        let is_empty = |text: &str| text.trim().is_empty();
        match (&self.consent, &self.legitimate_interest) {
            (Some(ConsentOptions { consent_to_process: false, .. }), _)
            | (_, Some(LegitimateInterest { value: false, .. })) => Err(Fault::NoConsent),
            (Some(consent), None) => {
                let mut seen = HashSet::new();
                if is_empty(&consent.text) {
                    Err(Fault::NoConsentText)
                } else if consent.communications.iter().any(|said| is_empty(&said.text)) {
                    Err(Fault::NoCommunicationText)
                } else if !consent.communications.iter().all(|said| seen.insert(said.subscription_type_id)) {
                    Err(Fault::SubscriptionTwice)
                } else {
                    Ok(())
                }
            }
            (None, Some(interest)) if is_empty(&interest.text) => Err(Fault::NoInterestText),
            (None, Some(_)) => Ok(()),
            (None, None) | (Some(_), Some(_)) => Err(Fault::LegalOptions),
        }
    }
}
