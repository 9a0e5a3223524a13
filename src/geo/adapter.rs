//! Every layout of map files known becomes `NetworkFacts`. One pass over a record, whatever its maker; what
//! the words and numbers mean is a rule of `domain::network`. Nothing here opens a file.

use std::fmt;

use maxminddb::{LookupResult, MaxMindDbError, PathElement};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::options::{Fact, MapKind, MapOptions};
use crate::domain::network::{self, Anonymizer, NetType, NetworkFacts};

/// How the records of a file are built, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    nested: bool,
    traits: bool,
}

impl Seen {
    pub(super) const fn join(self, more: Self) -> Self {
        Self { nested: self.nested || more.nested, traits: self.traits || more.traits }
    }

    /// Shown to the person who installed the file.
    pub(super) const fn name(self) -> &'static str {
        match (self.traits, self.nested) {
            (true, _) => "nested, with traits",
            (false, true) => "nested",
            (false, false) => "flat",
        }
    }
}

/// Decodes what a lookup found. `None`: the file has nothing on this address.
pub(super) fn read<S: AsRef<[u8]>>(
    found: &LookupResult<'_, S>,
    options: &MapOptions,
) -> Result<Option<(NetworkFacts, Seen)>, MaxMindDbError> {
    let Some(record) = found.decode::<Record<'_, Record<'_>>>()? else { return Ok(None) };
    let seen = Seen { nested: record.is_nested(), traits: record.traits.is_some() };
    let mut facts = record.facts();
    if let Some(traits) = &record.traits {
        facts.fill(traits.facts());
    }
    for (fact, place) in &options.places {
        let path: Vec<PathElement<'_>> = place.split('.').map(element).collect();
        // A path through a value of another type is an error of the crate; for us it is an absent value.
        let value = found.decode_path::<Scalar<'_>>(&path).ok().flatten().unwrap_or_default();
        set(&mut facts, *fact, value);
    }
    restrict(&mut facts, options.kind);
    Ok(Some((facts, seen)))
}

fn element(part: &str) -> PathElement<'_> {
    part.parse().map_or(PathElement::Key(part), PathElement::Index)
}

/// A fact from the place the owner named; nothing else is asked for it.
fn set(facts: &mut NetworkFacts, fact: Fact, value: Scalar<'_>) {
    match fact {
        Fact::Asn => facts.asn = value.asn(),
        Fact::AsName => facts.as_name = value.name(),
        Fact::Org => facts.org = value.name(),
        Fact::Domain => facts.domain = value.domain(),
        Fact::Country => facts.country = value.country(),
        Fact::Region => facts.region = value.name(),
        Fact::NetType => facts.net_type = value.net_type(),
    }
}

/// Leaves only what a file of this kind is asked for.
fn restrict(facts: &mut NetworkFacts, kind: MapKind) {
    let all = std::mem::take(facts);
    *facts = match kind {
        MapKind::Auto => all,
        MapKind::Country => {
            NetworkFacts { country: all.country, region: all.region, ..NetworkFacts::default() }
        }
        MapKind::Company => NetworkFacts {
            org: all.org,
            domain: all.domain,
            net_type: all.net_type,
            ..NetworkFacts::default()
        },
        MapKind::Network => NetworkFacts {
            org: String::new(),
            domain: String::new(),
            country: String::new(),
            region: String::new(),
            ..all
        },
    };
}

/// A single value of whatever type; maps, lists and bytes are `Nothing`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Scalar<'a> {
    #[default]
    Nothing,
    Text(&'a str),
    Number(u64),
    Real(f64),
    Flag(bool),
}

impl<'a> Scalar<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// `self`, or `other` when there is nothing in `self`.
    fn or(self, other: Self) -> Self {
        match self {
            Self::Nothing => other,
            Self::Text(text) if text.trim().is_empty() => other,
            _ => self,
        }
    }

    fn asn(self) -> Option<u32> {
        match self {
            Self::Number(number) => u32::try_from(number).ok().filter(|number| *number > 0),
            _ => self.text().and_then(network::as_number),
        }
    }

    fn name(self) -> String {
        self.text().map(network::name).unwrap_or_default()
    }

    fn domain(self) -> String {
        self.text().map(network::domain).unwrap_or_default()
    }

    fn country(self) -> String {
        self.text().and_then(network::country_code).unwrap_or_default()
    }

    fn net_type(self) -> Option<NetType> {
        self.text().and_then(NetType::parse)
    }

    /// Older files write `"true"` and `""`.
    fn flag(self) -> bool {
        match self {
            Self::Flag(flag) => flag,
            Self::Number(number) => number != 0,
            Self::Text(text) => matches!(text, "true" | "True" | "1" | "yes"),
            Self::Nothing | Self::Real(_) => false,
        }
    }

    fn count(self) -> Option<u32> {
        match self {
            Self::Number(number) => u32::try_from(number).ok(),
            _ => self.text().and_then(|text| text.parse().ok()),
        }
    }

    /// 0 to 100; others are no score.
    fn score(self) -> Option<u8> {
        match self {
            Self::Real(real) if (0.0..=100.0).contains(&real) => Some(real.round() as u8),
            Self::Number(number) => u8::try_from(number).ok().filter(|score| *score <= 100),
            _ => None,
        }
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_str<E>(self, _: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(u64::try_from(number).map_or(Scalar::Nothing, Scalar::Number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Scalar<'de>, E> {
        Ok(u64::try_from(number).map_or(Scalar::Nothing, Scalar::Number))
    }

    fn visit_f64<E>(self, real: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Real(real))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// A place: `"NL"` in flat files, `{iso_code, names: {en}}` in nested ones, a list of such for regions, of
/// which the first counts.
#[derive(Clone, Copy, Debug, Default)]
struct Place<'a> {
    flat: Scalar<'a>,
    iso_code: Scalar<'a>,
    english: Scalar<'a>,
}

/// Levels of a place that are looked into: the list, the place, its names. A damaged file may nest without
/// end, and the stack has one.
const LEVELS: u8 = 3;

/// Reads a place, at most so many levels deep.
struct PlaceReader(u8);

impl<'de> DeserializeSeed<'de> for PlaceReader {
    type Value = Place<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Place<'de>, D::Error> {
        if self.0 == 0 {
            return IgnoredAny::deserialize(deserializer).map(|_| Place::default());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PlaceReader {
    type Value = Place<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Place<'de>, E> {
        Ok(Place { flat: Scalar::Text(text), ..Place::default() })
    }

    fn visit_str<E>(self, _: &str) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_u128<E>(self, _: u128) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Place<'de>, E> {
        Ok(Place::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Place<'de>, A::Error> {
        let mut place = Place::default();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "iso_code" => place.iso_code = map.next_value()?,
                "names" => place.english = map.next_value_seed(Self(self.0 - 1))?.english,
                // Inside `names`, which is read as a place of its own.
                "en" => place.english = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(place)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Place<'de>, A::Error> {
        let first = seq.next_element_seed(Self(self.0 - 1))?.unwrap_or_default();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Place<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PlaceReader(LEVELS).deserialize(deserializer)
    }
}

/// Every key of every layout known, all of them optional; other keys are passed over. The keys of the flat
/// files appear again inside `traits` of the large ones, which have no traits themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "T: Deserialize<'de> + Default"))]
struct Record<'a, T = IgnoredAny> {
    traits: Option<T>,
    // operator
    #[serde(borrow)]
    asn: Scalar<'a>,
    autonomous_system_number: Scalar<'a>,
    autonomous_system_organization: Scalar<'a>,
    as_name: Scalar<'a>,
    as_domain: Scalar<'a>,
    as_type: Scalar<'a>,
    isp: Scalar<'a>,
    // organisation
    organization: Scalar<'a>,
    org: Scalar<'a>,
    name: Scalar<'a>,
    company: Scalar<'a>,
    domain: Scalar<'a>,
    r#type: Scalar<'a>,
    user_type: Scalar<'a>,
    connection_type: Scalar<'a>,
    // place
    country: Place<'a>,
    country_code: Scalar<'a>,
    subdivisions: Place<'a>,
    region: Scalar<'a>,
    state1: Scalar<'a>,
    // ways to hide
    is_anonymous: Scalar<'a>,
    is_anonymous_vpn: Scalar<'a>,
    is_hosting_provider: Scalar<'a>,
    is_public_proxy: Scalar<'a>,
    is_residential_proxy: Scalar<'a>,
    is_tor_exit_node: Scalar<'a>,
    is_hosting: Scalar<'a>,
    is_proxy: Scalar<'a>,
    is_relay: Scalar<'a>,
    is_tor: Scalar<'a>,
    is_vpn: Scalar<'a>,
    hosting: Scalar<'a>,
    proxy: Scalar<'a>,
    relay: Scalar<'a>,
    tor: Scalar<'a>,
    vpn: Scalar<'a>,
    datacenter: Scalar<'a>,
    #[serde(rename = "serviceName")]
    service_name: Scalar<'a>,
    // sharing
    is_mobile: Scalar<'a>,
    carrier: Scalar<'a>,
    static_ip_score: Scalar<'a>,
    score: Scalar<'a>,
    ipv4_32: Scalar<'a>,
    ipv6_64: Scalar<'a>,
    devices_monthly: Scalar<'a>,
}

impl<T> Record<'_, T> {
    fn is_nested(&self) -> bool {
        self.country.iso_code != Scalar::Nothing || self.subdivisions.iso_code != Scalar::Nothing
    }

    fn facts(&self) -> NetworkFacts {
        let country = [self.country.iso_code, self.country_code, self.country.flat];
        let mobile = self.is_mobile.flag() || self.carrier.text().is_some();
        NetworkFacts {
            asn: self.asn.asn().or_else(|| self.autonomous_system_number.asn()),
            as_name: self.as_name.or(self.autonomous_system_organization).or(self.isp).name(),
            as_domain: self.as_domain.domain(),
            org: self.organization.or(self.org).or(self.name).or(self.company).name(),
            domain: self.domain.domain(),
            country: country
                .iter()
                .map(|code| code.country())
                .find(|code| !code.is_empty())
                .unwrap_or_default(),
            region: self
                .subdivisions
                .english
                .or(self.subdivisions.iso_code)
                .or(self.region)
                .or(self.state1)
                .name(),
            net_type: [self.user_type, self.r#type, self.connection_type, self.as_type]
                .iter()
                .find_map(|word| word.net_type())
                .or_else(|| mobile.then_some(NetType::Mobile)),
            anon: self.anonymizer(),
            static_score: self.static_ip_score.or(self.score).score(),
            shared: self.ipv4_32.or(self.ipv6_64).or(self.devices_monthly).count(),
        }
    }

    fn anonymizer(&self) -> Anonymizer {
        let any = |flags: &[Scalar<'_>]| flags.iter().any(|flag| flag.flag());
        let told = Anonymizer {
            other: false,
            vpn: any(&[self.is_anonymous_vpn, self.is_vpn, self.vpn]) || self.service_name.text().is_some(),
            proxy: any(&[self.is_public_proxy, self.is_residential_proxy, self.is_proxy, self.proxy]),
            tor: any(&[self.is_tor_exit_node, self.is_tor, self.tor]),
            relay: any(&[self.is_relay, self.relay])
                || self.user_type.text() == Some("consumer_privacy_network"),
            hosting: any(&[self.is_hosting_provider, self.is_hosting, self.hosting])
                || self.datacenter.text().is_some(),
        };
        Anonymizer { other: self.is_anonymous.flag() && !told.any(), ..told }
    }
}
