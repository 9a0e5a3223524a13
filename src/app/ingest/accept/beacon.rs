//! What a wire form says, before any rule has looked at it: the parameters of HubSpot's GIF and of our JSON,
//! by the same names. Of a parameter given twice the first counts (rules.md 8).

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::hit_reason::Reason;

/// Largest body of one hit, bytes.
pub const HIT_BODY_MAX: usize = 64 * 1024;
/// Largest body of a batch, bytes.
pub const BATCH_BODY_MAX: usize = 1024 * 1024;
/// Most hits in a batch.
pub const BATCH_HITS_MAX: usize = 500;

/// Stands for consent that was sent without a value.
const UNREADABLE: &str = "?";

/// One hit as sent; empty texts are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beacon<'a> {
    pub account: Cow<'a, str>,
    pub kind: Cow<'a, str>,
    pub event_id: Cow<'a, str>,
    pub age: Cow<'a, str>,
    pub token: Cow<'a, str>,
    pub hstc: Cow<'a, str>,
    pub page_url: Cow<'a, str>,
    pub path: Cow<'a, str>,
    pub canonical: Cow<'a, str>,
    pub link_canonical: Cow<'a, str>,
    pub title: Cow<'a, str>,
    pub referrer: Cow<'a, str>,
    pub screen: Cow<'a, str>,
    /// `true` when the browser says that a program drives it.
    pub webdriver: Cow<'a, str>,
    pub language: Cow<'a, str>,
    pub consent: Cow<'a, str>,
    pub allowed: Cow<'a, str>,
    /// The revision of the consent policy.
    pub policy: Cow<'a, str>,
    /// How the visitor's choice was made.
    pub consent_by: Cow<'a, str>,
    pub page_view: Cow<'a, str>,
    pub engaged_ms: Cow<'a, str>,
    pub identity: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Id or name of the event that was completed, and what it was worth.
    pub event: Cow<'a, str>,
    pub value: Cow<'a, str>,
    /// Of the event, as said.
    pub properties: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Stands where a site has put the address of its visitor.
pub const ADDRESS_MARK: &str = "[address]";

/// The text with `ADDRESS_MARK` for each whole `address` that is no host.
fn without_address(text: &str, address: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in text.match_indices(address) {
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + address.len()..).unwrap_or_default());
        let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || after.starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_part || before.ends_with("//") || before.ends_with("//[") {
            continue;
        }
        kept.push_str(text.get(end..at).unwrap_or_default());
        kept.push_str(ADDRESS_MARK);
        end = at + address.len();
    }
    kept.push_str(text.get(end..).unwrap_or_default());
    kept
}

/// An address as a site may have written it into a text.
pub(super) struct Written([Option<String>; 2]);

impl Written {
    /// The address of this machine stays in texts: it says nothing of a visitor.
    pub(super) fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Self([None, None]);
        }
        let written = address.to_string();
        let encoded = address.is_ipv6().then(|| written.replace(':', "%3A"));
        Self([Some(written), encoded])
    }

    pub(super) fn remove_from(&self, text: &mut Cow<'_, str>) {
        for form in self.0.iter().flatten() {
            // Much faster than `str::contains`, and every hit comes here.
            if memchr::memmem::find(text.as_bytes(), form.as_bytes()).is_some() {
                *text = Cow::Owned(without_address(text, form));
            }
        }
    }
}

/// A text without the visitor's own address.
#[must_use]
pub fn without_own_address(text: String, address: Option<IpAddr>) -> String {
    let mut text = Cow::Owned(text);
    if let Some(address) = address {
        Written::of(address).remove_from(&mut text);
    }
    text.into_owned()
}

impl<'a> Beacon<'a> {
    /// Takes the visitor's own address out of every text, wherever a site has put it. As the host of a page it stays: there
    /// the visitor is the server.
    pub fn remove_address(&mut self, address: IpAddr) {
        let written = Written::of(address);
        let pairs = self.identity.iter_mut().chain(&mut self.properties);
        let texts = [
            &mut self.page_url,
            &mut self.path,
            &mut self.canonical,
            &mut self.link_canonical,
            &mut self.title,
            &mut self.referrer,
            &mut self.event,
        ];
        for text in texts.into_iter().chain(pairs.flat_map(|(name, value)| [name, value])) {
            written.remove_from(text);
        }
    }

    fn field(&mut self, name: &str) -> Option<&mut Cow<'a, str>> {
        Some(match name {
            "a" => &mut self.account,
            "k" => &mut self.kind,
            "id" | "gl_id" => &mut self.event_id,
            "age" | "gl_age" => &mut self.age,
            "vi" => &mut self.token,
            "u" => &mut self.hstc,
            "pu" => &mut self.page_url,
            "po" => &mut self.path,
            "ccu" => &mut self.canonical,
            "rcu" => &mut self.link_canonical,
            "t" => &mut self.title,
            "r" => &mut self.referrer,
            "sd" => &mut self.screen,
            "wd" => &mut self.webdriver,
            "ln" => &mut self.language,
            "cc" => &mut self.consent,
            "ce" => &mut self.allowed,
            "rev" | "gl_rev" => &mut self.policy,
            "by" | "gl_by" => &mut self.consent_by,
            "pv" => &mut self.page_view,
            "ms" => &mut self.engaged_ms,
            "n" => &mut self.event,
            "m" => &mut self.value,
            _ => return None,
        })
    }

    fn set(&mut self, name: &str, value: Cow<'a, str>) {
        // Consent that is there and cannot be read must not pass for consent that was not asked about.
        let value = if value.is_empty() && matches!(name, "cc" | "ce") { UNREADABLE.into() } else { value };
        if let Some(field) = self.field(name)
            && field.is_empty()
        {
            *field = value;
        }
    }

    /// Of a GIF's query string. `id` there is a property of the event, not its id: that is `gl_id`.
    #[must_use]
    pub fn of_query(query: &'a str) -> Self {
        let mut beacon = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "i" if beacon.identity.is_empty() => {
                    beacon.identity = owned(&value).collect();
                }
                "id" | "age" | "rev" | "by" => {}
                property if property.len() > 1 && property.starts_with('_') => {
                    let property = property.get(1..).unwrap_or_default().to_owned();
                    beacon.properties.push((property.into(), value));
                }
                name => beacon.set(name, value),
            }
        }
        beacon
    }
}

/// The pairs of a query that stands in a value of another.
fn owned<'a>(query: &str) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().map(|(name, value)| (name.into(), value.into()))
}

impl<'de> Deserialize<'de> for Beacon<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Beacon<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Beacon<'de>, A::Error> {
                let mut beacon = Beacon::default();
                while let Some(Scalar(name)) = map.next_key::<Scalar<'de>>()? {
                    if name == "i" {
                        let identity = map.next_value::<Pairs<'de>>()?.0;
                        if beacon.identity.is_empty() {
                            beacon.identity = identity;
                        }
                    } else if name == "p" {
                        let properties = map.next_value::<Pairs<'de>>()?.0;
                        if beacon.properties.is_empty() {
                            beacon.properties = properties;
                        }
                    } else if beacon.field(&name).is_some() {
                        beacon.set(&name, map.next_value::<Scalar<'de>>()?.0);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(beacon)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A string, number or boolean as text; anything else counts as absent.
#[derive(Default)]
pub struct Scalar<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Property::deserialize(deserializer)? {
            Property::Scalar(text) => text,
            Property::List(_) | Property::Object(_) => Cow::default(),
        }))
    }
}

/// The same, and a list as one text with `;` between its values.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Property::deserialize(deserializer)? {
            Property::Scalar(text) => text,
            Property::List(text) => text.into(),
            Property::Object(_) => Cow::default(),
        }))
    }
}

/// The value of a property.
enum Property<'a> {
    Scalar(Cow<'a, str>),
    /// Scalars joined by `;`, as HubSpot writes lists.
    List(String),
    /// The entries whose values are scalars.
    Object(Vec<(Cow<'a, str>, Cow<'a, str>)>),
}

impl<'de> Deserialize<'de> for Property<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Property<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Owned(text.to_owned())))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Owned(value.to_string())))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Owned(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Owned(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::Owned(value.to_string())))
            }
            fn visit_unit<E>(self) -> Result<Property<'de>, E> {
                Ok(Property::Scalar(Cow::default()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Property<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Scalar(name), Scalar(value))) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(Property::Object(entries))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Property<'de>, A::Error> {
                let mut text = String::new();
                while let Some(Scalar(item)) = seq.next_element()? {
                    if !text.is_empty() && !item.is_empty() {
                        text.push(';');
                    }
                    text.push_str(&item);
                }
                Ok(Property::List(text))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The entries of an object. What is inside an object in it gets a name with a point: `address.city`. Another value has
/// none.
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Scalar(name), value)) = map.next_entry::<_, Property<'de>>()? {
                    match value {
                        Property::Scalar(text) => entries.push((name, text)),
                        Property::List(text) => entries.push((name, text.into())),
                        Property::Object(inner) => entries.extend(
                            inner.into_iter().map(|(key, text)| (format!("{name}.{key}").into(), text)),
                        ),
                    }
                }
                Ok(Pairs(entries))
            }
            fn visit_str<E>(self, text: &str) -> Result<Pairs<'de>, E> {
                Ok(Pairs(owned(text).collect()))
            }
            fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
                Ok(Pairs(Vec::new()))
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// A body, or one hit of it, that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Malformed,
    TooLarge,
}

impl Unreadable {
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Malformed => Reason::Malformed,
            Self::TooLarge => Reason::TooLarge,
        }
    }
}

/// The JSON of a hit that our script sends as an image, where a page allows nothing else.
#[must_use]
pub fn json_of_query(query: &str) -> Option<Cow<'_, str>> {
    let (name, value) = form_urlencoded::parse(query.as_bytes()).next()?;
    (name == "gl_hit").then_some(value)
}

/// The hits of a JSON body: one object, or an array of them, each of which may be bad on its own.
///
/// # Errors
/// When the body as a whole is too large or no JSON.
pub fn of_json(body: &[u8]) -> Result<Vec<Result<Beacon<'_>, Unreadable>>, Unreadable> {
    if body.len() > BATCH_BODY_MAX {
        return Err(Unreadable::TooLarge);
    }
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        if body.len() > HIT_BODY_MAX {
            return Err(Unreadable::TooLarge);
        }
        let beacon = serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
        return Ok(vec![Ok(beacon)]);
    }
    let raw: Vec<&serde_json::value::RawValue> =
        serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
    if raw.len() > BATCH_HITS_MAX {
        return Err(Unreadable::TooLarge);
    }
    Ok(raw
        .into_iter()
        .map(|hit| {
            if hit.get().len() > HIT_BODY_MAX {
                return Err(Unreadable::TooLarge);
            }
            serde_json::from_str(hit.get()).map_err(|_| Unreadable::Malformed)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_visitor_is_taken_out_of_every_text() {
        let taken = |text: &'static str, address: &str| {
            let mut beacon = Beacon {
                page_url: text.into(),
                title: text.into(),
                identity: vec![("x".into(), text.into())],
                properties: vec![(text.into(), "y".into())],
                ..Beacon::default()
            };
            beacon.remove_address(address.parse().unwrap());
            let all = [&beacon.page_url, &beacon.title, &beacon.identity[0].1, &beacon.properties[0].0];
            assert!(all.iter().all(|text| **text == beacon.title), "{beacon:?}");
            beacon.title.into_owned()
        };
        assert_eq!(
            taken("https://a.test/?ip=203.0.113.7&b=2", "203.0.113.7"),
            "https://a.test/?ip=[address]&b=2"
        );
        assert_eq!(
            taken("from 203.0.113.7, 1203.0.113.7, 203.0.113.77", "203.0.113.7"),
            "from [address], 1203.0.113.7, 203.0.113.77"
        );
        assert_eq!(taken("v=::ffff:203.0.113.7", "::ffff:203.0.113.7"), "v=::ffff:[address]");
        assert_eq!(taken("a=2001:db8::7 b=2001%3Adb8%3A%3A7", "2001:db8::7"), "a=[address] b=[address]");
        assert_eq!(
            taken("http://192.0.2.1/x?from=192.0.2.1", "192.0.2.1"),
            "http://192.0.2.1/x?from=[address]"
        );
        assert_eq!(
            taken("http://127.0.0.1:8080/?a=127.0.0.1", "127.0.0.1"),
            "http://127.0.0.1:8080/?a=127.0.0.1"
        );
    }

    #[test]
    fn both_forms_say_the_same() {
        let query = "k=1&a=1000001&pu=https%3A%2F%2Fexample.com%2Fa+b&t=A%26B&vi=ab&nc=true&gl_id=e1\
                     &i=email%3Da%2540b.cd%26id%3D7&a=9";
        let json = br#"{"k":1,"a":1000001,"pu":"https://example.com/a b","t":"A&B","vi":"ab","nc":true,
                        "id":"e1","i":{"email":"a@b.cd","id":7},"a":9}"#;
        let from_query = Beacon::of_query(query);
        assert_eq!(of_json(json), Ok(vec![Ok(from_query.clone())]));
        assert_eq!(from_query.account, "1000001", "the first of two counts");
        assert_eq!(from_query.identity, [("email".into(), "a@b.cd".into()), ("id".into(), "7".into())]);
    }

    #[test]
    fn a_query_may_hold_the_json_of_a_hit_and_nothing_else() {
        assert_eq!(json_of_query("gl_hit=%7B%22k%22%3A1%7D").as_deref(), Some(r#"{"k":1}"#));
        for query in ["", "k=1", "k=1&gl_hit=%7B%7D", "gl_hits=%7B%7D"] {
            assert_eq!(json_of_query(query), None, "{query}");
        }
    }

    #[test]
    fn bad_escapes_and_bytes_do_no_harm() {
        for (written, read) in [("%", "%"), ("%zz%4", "%zz%4"), ("%ff", "\u{fffd}"), ("a+b%2B", "a b+")] {
            assert_eq!(Beacon::of_query(&format!("t={written}")).title, read);
        }
    }

    #[test]
    fn bodies_are_taken_at_the_limit_and_refused_one_past_it() {
        let hit = |size: usize| format!("{{\"t\":\"{}\"}}", "x".repeat(size - 8)).into_bytes();
        assert!(of_json(&hit(HIT_BODY_MAX)).is_ok());
        assert_eq!(of_json(&hit(HIT_BODY_MAX + 1)), Err(Unreadable::TooLarge));
        let batch = |hits: usize| format!("[{}]", vec!["{}"; hits].join(",")).into_bytes();
        assert_eq!(of_json(&batch(BATCH_HITS_MAX)).map(|b| b.len()), Ok(BATCH_HITS_MAX));
        assert_eq!(of_json(&batch(BATCH_HITS_MAX + 1)), Err(Unreadable::TooLarge));
        let padded = |size: usize| {
            let mut body = b"[{}]".to_vec();
            body.resize(size, b' ');
            body
        };
        assert!(of_json(&padded(BATCH_BODY_MAX)).is_ok());
        assert_eq!(of_json(&padded(BATCH_BODY_MAX + 1)), Err(Unreadable::TooLarge));
        assert_eq!(of_json(b"{"), Err(Unreadable::Malformed));
        assert_eq!(of_json(b"7"), Err(Unreadable::Malformed));
        let unasked = of_json(br#"{"cc":null,"ce":{}}"#).unwrap().remove(0).unwrap();
        assert_eq!((&*unasked.consent, &*unasked.allowed), (UNREADABLE, UNREADABLE));
        let mixed = of_json(br#"[{"k":1},7,{"k":{"x":[1]}}]"#).unwrap();
        assert!(
            mixed[0].is_ok()
                && mixed[1] == Err(Unreadable::Malformed)
                && mixed[2].as_ref().unwrap().kind.is_empty()
        );
    }
}
