//! What is known about the network of an address: country, operator, company and kind. Map files have their own forms
//! for these; here they have one form. Which company they point to is decided elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Longest name that is kept from a map file, characters. A longer one is cut.
pub const NAME_MAX: usize = 200;
/// Longest domain name, characters.
pub const DOMAIN_MAX: usize = 253;

/// What is known about the network of one address. Empty text and `None` mean unknown. It never holds the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkFacts {
    /// The number of the autonomous system, never 0.
    pub asn: Option<u32>,
    /// The operator of the autonomous system.
    pub as_name: String,
    pub as_domain: String,
    /// The organisation to which the range is assigned.
    pub org: String,
    /// The domain of that organisation, lower case.
    pub domain: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// State or province, with the name the file has.
    pub region: String,
    pub net_type: Option<NetType>,
    pub anon: Anonymizer,
    /// How static the address is, from 0 to 100.
    pub static_score: Option<u8>,
    /// About how many people or devices share the address.
    pub shared: Option<u32>,
}

/// Ways in which an address hides its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags, as the files have them")]
pub struct Anonymizer {
    /// Anonymous in a way the file does not name.
    pub other: bool,
    pub vpn: bool,
    pub proxy: bool,
    pub tor: bool,
    pub relay: bool,
    pub hosting: bool,
}

impl Anonymizer {
    #[must_use]
    pub const fn any(self) -> bool {
        self.other || self.vpn || self.proxy || self.tor || self.relay || self.hosting
    }

    const fn join(self, more: Self) -> Self {
        Self {
            other: self.other || more.other,
            vpn: self.vpn || more.vpn,
            proxy: self.proxy || more.proxy,
            tor: self.tor || more.tor,
            relay: self.relay || more.relay,
            hosting: self.hosting || more.hosting,
        }
    }
}

/// What a network is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
pub enum NetType {
    Business,
    Education,
    Government,
    /// Homes and small offices behind a provider.
    Access,
    Mobile,
    Hosting,
    /// Open to anybody, as in cafés, hotels and libraries.
    Public,
}

impl NetType {
    /// Reads the words of the known map files. Returns `None` for other words.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "business" | "banking" | "corporate" | "enterprise" => Self::Business,
            "education" | "college" | "school" | "university" => Self::Education,
            "government" | "military" => Self::Government,
            "isp" | "residential" | "cable/dsl" | "dialup" | "satellite" | "consumer" => Self::Access,
            "cellular" | "mobile" => Self::Mobile,
            "hosting" | "datacenter" | "content_delivery_network" | "search_engine_spider" => Self::Hosting,
            "cafe" | "library" | "traveler" => Self::Public,
            _ => return None,
        })
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl NetworkFacts {
    /// Fills what is unknown from another file. Some facts belong together: number and name of the operator, name and
    /// domain of the organisation, country and region. Such a group is taken from one file or the other, never mixed.
    pub fn fill(&mut self, other: Self) {
        if self.asn.is_none() && self.as_name.is_empty() && self.as_domain.is_empty() {
            (self.asn, self.as_name, self.as_domain) = (other.asn, other.as_name, other.as_domain);
        }
        if self.org.is_empty() && self.domain.is_empty() {
            (self.org, self.domain) = (other.org, other.domain);
        }
        if self.country.is_empty() || (self.region.is_empty() && self.country == other.country) {
            (self.country, self.region) = (other.country, other.region);
        }
        self.net_type = self.net_type.or(other.net_type);
        self.anon = self.anon.join(other.anon);
        self.static_score = self.static_score.or(other.static_score);
        self.shared = self.shared.or(other.shared);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The codes of ISO 3166-1 alpha-2: for each first letter, the second letters. XK is included, because every map file
/// uses it for Kosovo.
const COUNTRIES: [&str; 26] = [
    "DEFGILMOQRSTUWXZ",        // A
    "ABDEFGHIJLMNOQRSTVWYZ",   // B
    "ACDFGHIKLMNORUVWXYZ",     // C
    "EJKMOZ",                  // D
    "CEGHRST",                 // E
    "IJKMOR",                  // F
    "ABDEFGHILMNPQRSTUWY",     // G
    "KMNRTU",                  // H
    "DELMNOQRST",              // I
    "EMOP",                    // J
    "EGHIMNPRWYZ",             // K
    "ABCIKRSTUVY",             // L
    "ACDEFGHKLMNOPQRSTUVWXYZ", // M
    "ACEFGILOPRUZ",            // N
    "M",                       // O
    "AEFGHKLMNRSTWY",          // P
    "A",                       // Q
    "EOSUW",                   // R
    "ABCDEGHIJKLMNORSTVXYZ",   // S
    "CDFGHJKLMNORTVWZ",        // T
    "AGMSYZ",                  // U
    "ACEGINU",                 // V
    "FS",                      // W
    "K",                       // X
    "ET",                      // Y
    "AMW",                     // Z
];

/// Reads the code of a country. Returns `None` for names, regions (`EU`) and anything else.
#[must_use]
pub fn country_code(text: &str) -> Option<String> {
    let &[first, second] = text.trim().as_bytes() else { return None };
    let [first, second] = [first, second].map(|letter| letter.to_ascii_uppercase());
    let seconds = COUNTRIES.get(usize::from(first.checked_sub(b'A')?))?;
    seconds.bytes().any(|known| known == second).then(|| [first, second].map(char::from).iter().collect())
}

/// Reads a number as in `123`, `"123"` or `"AS123"`. 0 means none.
#[must_use]
pub fn as_number(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = match text.get(..2) {
        Some(prefix) if prefix.eq_ignore_ascii_case("as") => text.get(2..)?,
        _ => text,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number > 0)
}

/// A name without control characters and outer spaces, cut at `NAME_MAX`.
#[must_use]
pub fn name(text: &str) -> String {
    let text = text.trim();
    if text.len() <= NAME_MAX && !text.bytes().any(|b| b.is_ascii_control() || b >= 0x80) {
        return text.to_owned();
    }
    let clean: String = text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    if clean.trim_end().len() == clean.len() { clean } else { clean.trim_end().to_owned() }
}

/// A domain name in lower case. The result is empty when the text is none.
#[must_use]
pub fn domain(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let fits = text.len() <= DOMAIN_MAX && text.contains('.') && text.split('.').all(label);
    if fits { text } else { String::new() }
}

/// Whether the address can belong to a visitor from the internet. Private, loopback, link-local, multicast and other
/// reserved ranges cannot. Documentation ranges and the shared range of providers (100.64.0.0/10) pass: real map
/// files do not contain them, and test files that do are meant to be used.
#[must_use]
pub fn is_routable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_routable_v4(v4),
        IpAddr::V6(v6) => is_routable_v6(v6),
    }
}

const fn is_routable_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

const fn is_routable_v6(v6: Ipv6Addr) -> bool {
    let [first, second, third, fourth, fifth, sixth, ..] = v6.segments();
    let in_v4_part = first | second | third | fourth | fifth | sixth == 0;
    !(in_v4_part
        || v6.is_multicast()
        || v6.is_unique_local()
        || v6.is_unicast_link_local()
        || (first == 0x100 && second | third | fourth == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_iso_codes_in_upper_case() {
        for (text, code) in [("NL", "NL"), ("nl", "NL"), (" be ", "BE"), ("XK", "XK")] {
            assert_eq!(country_code(text).as_deref(), Some(code));
        }
        for bad in ["", "N", "NLD", "EU", "AP", "A1", "ZZ", "UK", "Netherlands", "D ", "ä"] {
            assert_eq!(country_code(bad), None, "{bad}");
        }
        assert_eq!(COUNTRIES.concat().len(), 249 + 1);
    }

    #[test]
    fn numbers_of_operators_come_in_three_forms() {
        for text in ["64500", "AS64500", " as64500 "] {
            assert_eq!(as_number(text), Some(64_500), "{text}");
        }
        assert_eq!(as_number("4294967295"), Some(u32::MAX));
        for bad in ["", "AS", "0", "AS0", "4294967296", "-1", "+1", "ASN1", "ä1"] {
            assert_eq!(as_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_are_cut_at_the_limit_and_domains_refused_one_past_it() {
        assert_eq!(name(&"é".repeat(NAME_MAX)).chars().count(), NAME_MAX);
        assert_eq!(name(&"é".repeat(NAME_MAX + 1)).chars().count(), NAME_MAX);
        assert_eq!(name(" A\u{0}B \n"), "AB");
        let long = |len: usize| format!("{}.example", "a".repeat(len - 8));
        assert_eq!(domain(&long(DOMAIN_MAX)).len(), DOMAIN_MAX);
        assert_eq!(domain(&long(DOMAIN_MAX + 1)), "");
        assert_eq!(domain("WWW.Example.COM."), "www.example.com");
        for bad in ["", "example", "a..b", "a b.c", "<x>.example", ".", "http://a.example"] {
            assert_eq!(domain(bad), "", "{bad}");
        }
    }

    #[test]
    fn words_of_every_known_file_name_a_type() {
        for (word, kind) in [
            ("Corporate", NetType::Business),
            ("banking", NetType::Business),
            ("college", NetType::Education),
            ("military", NetType::Government),
            ("Cable/DSL", NetType::Access),
            ("isp", NetType::Access),
            ("Cellular", NetType::Mobile),
            ("hosting", NetType::Hosting),
            ("traveler", NetType::Public),
        ] {
            assert_eq!(NetType::parse(word), Some(kind), "{word}");
        }
        assert_eq!(NetType::parse(""), None);
        assert_eq!(NetType::parse("router"), None);
    }

    #[test]
    fn what_belongs_together_comes_from_one_file() {
        let mut facts = NetworkFacts { org: "Quay".into(), country: "NL".into(), ..NetworkFacts::default() };
        facts.fill(NetworkFacts {
            org: "Other".into(),
            domain: "other.example".into(),
            asn: Some(1),
            country: "BE".into(),
            region: "Antwerp".into(),
            anon: Anonymizer { vpn: true, ..Anonymizer::default() },
            ..NetworkFacts::default()
        });
        let expected = NetworkFacts {
            org: "Quay".into(),
            country: "NL".into(),
            asn: Some(1),
            anon: Anonymizer { vpn: true, ..Anonymizer::default() },
            ..NetworkFacts::default()
        };
        assert_eq!(facts, expected);
        let region =
            NetworkFacts { country: "NL".into(), region: "Utrecht".into(), ..NetworkFacts::default() };
        facts.fill(region);
        assert_eq!(facts.region, "Utrecht", "the same country may be given more exactly");
        facts.fill(NetworkFacts { asn: Some(2), as_name: "Two".into(), ..NetworkFacts::default() });
        assert_eq!((facts.asn, facts.as_name.as_str()), (Some(1), ""));
    }

    #[test]
    fn addresses_that_no_visitor_can_have_are_not_routable() {
        for bad in [
            "0.1.2.3",
            "10.0.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::8.8.8.8",
            "::ffff:10.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_routable(bad.parse().unwrap()), "{bad}");
        }
        for good in [
            "8.8.8.8",
            "172.32.0.1",
            "192.0.2.1",
            "198.20.0.1",
            "100.64.0.1",
            "::ffff:8.8.8.8",
            "2001:db8::1",
        ] {
            assert!(is_routable(good.parse().unwrap()), "{good}");
        }
    }
}
