//! Turns the records of all known layouts of map files into `NetworkFacts`. Records of all makers are read in one
//! pass. What the words and numbers mean is decided in `domain::network`. Nothing here opens a file.

use std::fmt;

use maxminddb::{LookupResult, MaxMindDbError, PathElement};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::options::{Fact, MapKind, MapOptions};
use crate::domain::network::{self, Anonymizer, NetType, NetworkFacts};

/// How the records of a file are built, as far as it was recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    nested: bool,
    traits: bool,
}

impl Seen {
    pub(super) const fn join(self, more: Self) -> Self {
        Self { nested: self.nested || more.nested, traits: self.traits || more.traits }
    }

    /// The name that is shown to the person who installed the file.
    pub(super) const fn name(self) -> &'static str {
        match (self.traits, self.nested) {
            (true, _) => "nested, with traits",
            (false, true) => "nested",
            (false, false) => "flat",
        }
    }
}

/// Decodes a record. Returns `None` when the file has nothing on this address.
pub(super) fn read<S: AsRef<[u8]>>(
    found: &LookupResult<'_, S>,
    options: &MapOptions,
) -> Result<Option<(NetworkFacts, Seen)>, MaxMindDbError> {
    let Some(draft) = found.decode::<Draft<'_>>()? else { return Ok(None) };
    let seen = draft.seen;
    let mut facts = draft.facts();
    for (fact, place) in &options.places {
        let path: Vec<PathElement<'_>> = place.split('.').map(element).collect();
        // The crate reports a path through a value of another type as an error. For us the value is absent.
        let value = found.decode_path::<Scalar<'_>>(&path).ok().flatten().unwrap_or_default();
        set(&mut facts, *fact, value);
    }
    keep_only(&mut facts, options.kind);
    Ok(Some((facts, seen)))
}

fn element(part: &str) -> PathElement<'_> {
    part.parse().map_or(PathElement::Key(part), PathElement::Index)
}

/// Reads a fact from the place that the owner configured. Nothing else is used for it.
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

/// Keeps only the facts that a file of this kind is used for.
fn keep_only(facts: &mut NetworkFacts, kind: MapKind) {
    if kind == MapKind::Auto {
        return;
    }
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

/// A single value of any type. Maps, lists and bytes are `Nothing`.
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

    /// Scores are from 0 to 100; anything else is none.
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

/// A place is written as `"NL"` in flat files and as `{iso_code, names: {en}}` in nested ones. For regions it is a
/// list of these, of which the first counts.
#[derive(Clone, Copy, Debug, Default)]
struct Place<'a> {
    flat: Scalar<'a>,
    iso_code: Scalar<'a>,
    english: Scalar<'a>,
}

/// So many levels of a place are read: the list, the place and its names. A damaged file may nest without end, and
/// the stack is limited.
const LEVELS: u8 = 3;

/// Reads a place, at most this many levels deep.
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
                // This is inside `names`, which is read as a place of its own.
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

/// The best value that was found for one fact. A lower rank is better.
#[derive(Clone, Copy, Debug, Default)]
struct Best<'a> {
    rank: u8,
    value: Scalar<'a>,
}

impl<'a> Best<'a> {
    fn consider(&mut self, rank: u8, value: Scalar<'a>) {
        let is_empty = match value {
            Scalar::Nothing => true,
            Scalar::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        if !is_empty && (rank < self.rank || self.value == Scalar::Nothing) {
            *self = Self { rank, value };
        }
    }
}

/// The values of a record before they are brought into form.
#[derive(Debug, Default)]
struct Draft<'a> {
    seen: Seen,
    asn: Best<'a>,
    as_name: Best<'a>,
    as_domain: Best<'a>,
    org: Best<'a>,
    domain: Best<'a>,
    country: Best<'a>,
    region: Best<'a>,
    static_score: Best<'a>,
    shared: Best<'a>,
    net_type: Option<(u8, NetType)>,
    anon: Anonymizer,
    is_anonymous: bool,
}

/// Every key of every known layout, all of them optional. Other keys are ignored. The keys of flat files appear again
/// inside `traits` of large ones, where they rank after those of the record itself.
struct DraftReader<'a> {
    draft: Draft<'a>,
    /// Is added to every rank.
    behind: u8,
}

/// Makes the keys of `traits` rank after all others.
const INSIDE_TRAITS: u8 = 10;
/// The rank of a type that only follows from a flag. Every word ranks before it.
const BY_FLAG: u8 = 2 * INSIDE_TRAITS;

impl<'de> DeserializeSeed<'de> for DraftReader<'de> {
    type Value = Draft<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Draft<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DraftReader<'de> {
    type Value = Draft<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Draft<'de>, A::Error> {
        let Self { mut draft, behind } = self;
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "traits" if behind == 0 => {
                    draft.seen.traits = true;
                    draft = map.next_value_seed(DraftReader { draft, behind: INSIDE_TRAITS })?;
                }
                "country" => {
                    let place: Place<'de> = map.next_value()?;
                    draft.seen.nested |= place.iso_code != Scalar::Nothing;
                    draft.country.consider(behind, place.iso_code);
                    draft.country.consider(behind + 2, place.flat);
                }
                "subdivisions" => {
                    let place: Place<'de> = map.next_value()?;
                    draft.seen.nested |= place.iso_code != Scalar::Nothing;
                    draft.region.consider(behind, place.english);
                    draft.region.consider(behind + 1, place.iso_code);
                }
                _ => match fact_of(key) {
                    Some((slot, rank)) => draft.put(slot, behind + rank, map.next_value()?),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        Ok(draft)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Draft<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DraftReader { draft: Draft::default(), behind: 0 }.deserialize(deserializer)
    }
}

/// Where the value of a key is stored.
#[derive(Clone, Copy)]
enum Slot {
    Asn,
    AsName,
    AsDomain,
    Org,
    Domain,
    Country,
    Region,
    Type,
    StaticScore,
    Shared,
    Anonymous,
    Vpn,
    Proxy,
    Tor,
    Relay,
    Hosting,
    Mobile,
    /// Any text means hosting.
    HostingName,
    /// Any text means a VPN.
    VpnName,
    /// Any text means a mobile network.
    Carrier,
}

/// The keys of all makers, and their ranks where several of them hold the same fact.
fn fact_of(key: &str) -> Option<(Slot, u8)> {
    Some(match key {
        "asn" => (Slot::Asn, 0),
        "autonomous_system_number" => (Slot::Asn, 1),
        "as_name" => (Slot::AsName, 0),
        "autonomous_system_organization" => (Slot::AsName, 1),
        "isp" => (Slot::AsName, 2),
        "as_domain" => (Slot::AsDomain, 0),
        "organization" => (Slot::Org, 0),
        "org" => (Slot::Org, 1),
        "name" => (Slot::Org, 2),
        "company" => (Slot::Org, 3),
        "domain" => (Slot::Domain, 0),
        "country_code" => (Slot::Country, 1),
        "region" => (Slot::Region, 2),
        "state1" => (Slot::Region, 3),
        "user_type" => (Slot::Type, 0),
        "type" => (Slot::Type, 1),
        "connection_type" => (Slot::Type, 2),
        "as_type" => (Slot::Type, 3),
        "static_ip_score" => (Slot::StaticScore, 0),
        "score" => (Slot::StaticScore, 1),
        "ipv4_32" => (Slot::Shared, 0),
        "ipv6_64" => (Slot::Shared, 1),
        "devices_monthly" => (Slot::Shared, 2),
        "is_anonymous" => (Slot::Anonymous, 0),
        "is_anonymous_vpn" | "is_vpn" | "vpn" => (Slot::Vpn, 0),
        "is_public_proxy" | "is_residential_proxy" | "is_proxy" | "proxy" => (Slot::Proxy, 0),
        "is_tor_exit_node" | "is_tor" | "tor" => (Slot::Tor, 0),
        "is_relay" | "relay" => (Slot::Relay, 0),
        "is_hosting_provider" | "is_hosting" | "hosting" => (Slot::Hosting, 0),
        "datacenter" => (Slot::HostingName, 0),
        "serviceName" => (Slot::VpnName, 0),
        "is_mobile" => (Slot::Mobile, 0),
        "carrier" => (Slot::Carrier, 0),
        _ => return None,
    })
}

impl<'a> Draft<'a> {
    fn put(&mut self, slot: Slot, rank: u8, value: Scalar<'a>) {
        let has_text = || value.text().is_some();
        match slot {
            Slot::Asn => self.asn.consider(rank, value),
            Slot::AsName => self.as_name.consider(rank, value),
            Slot::AsDomain => self.as_domain.consider(rank, value),
            Slot::Org => self.org.consider(rank, value),
            Slot::Domain => self.domain.consider(rank, value),
            Slot::Country => self.country.consider(rank, value),
            Slot::Region => self.region.consider(rank, value),
            Slot::StaticScore => self.static_score.consider(rank, value),
            Slot::Shared => self.shared.consider(rank, value),
            Slot::Type => {
                self.anon.relay |= value.text() == Some("consumer_privacy_network");
                self.consider_type(rank, value.net_type());
            }
            Slot::Anonymous => self.is_anonymous |= value.flag(),
            Slot::Vpn => self.anon.vpn |= value.flag(),
            Slot::Proxy => self.anon.proxy |= value.flag(),
            Slot::Tor => self.anon.tor |= value.flag(),
            Slot::Relay => self.anon.relay |= value.flag(),
            Slot::Hosting => self.anon.hosting |= value.flag(),
            Slot::HostingName => self.anon.hosting |= has_text(),
            Slot::VpnName => self.anon.vpn |= has_text(),
            Slot::Mobile => self.consider_type(BY_FLAG, value.flag().then_some(NetType::Mobile)),
            Slot::Carrier => self.consider_type(BY_FLAG, has_text().then_some(NetType::Mobile)),
        }
    }

    fn consider_type(&mut self, rank: u8, kind: Option<NetType>) {
        if let Some(kind) = kind
            && self.net_type.is_none_or(|(best, _)| rank < best)
        {
            self.net_type = Some((rank, kind));
        }
    }

    fn facts(self) -> NetworkFacts {
        NetworkFacts {
            asn: self.asn.value.asn(),
            as_name: self.as_name.value.name(),
            as_domain: self.as_domain.value.domain(),
            org: self.org.value.name(),
            domain: self.domain.value.domain(),
            country: self.country.value.country(),
            region: self.region.value.name(),
            net_type: self.net_type.map(|(_, kind)| kind),
            anon: Anonymizer { other: self.is_anonymous && !self.anon.any(), ..self.anon },
            static_score: self.static_score.value.score(),
            shared: self.shared.value.count(),
        }
    }
}
