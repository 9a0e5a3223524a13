//! What an account leaves out of what browsers send: addresses of its own network, referring domains, and parameters of
//! page addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{referrer::Referrer, scrub};
use crate::base::cidr::Cidr;
use crate::domain::account::{covers_host, parse_domain};

/// Most addresses and ranges of an account.
pub const ADDRESSES_MAX: usize = 100;
/// Most referring domains of an account.
pub const REFERRERS_MAX: usize = 100;
/// Most parameters of an account.
pub const PARAMETERS_MAX: usize = 100;
/// Longest name of a parameter, characters.
pub const PARAMETER_MAX: usize = 64;

/// Why a list was refused. Each names the entry that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("“{0}” is not an address or range (such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32)")]
    Address(String),
    #[error("“{0}” covers every address")]
    Everybody(String),
    #[error("at most {ADDRESSES_MAX} addresses can be excluded")]
    ManyAddresses,
    #[error("“{0}” is not a domain name")]
    Referrer(String),
    #[error("at most {REFERRERS_MAX} referring domains can be excluded")]
    ManyReferrers,
    #[error(
        "“{0}” is not the name of a parameter (letters, digits, - _ . and at most {PARAMETER_MAX} characters)"
    )]
    Parameter(String),
    #[error("at most {PARAMETERS_MAX} parameters can be removed")]
    ManyParameters,
}

/// An excluded address or range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range(Cidr);

impl FromStr for Range {
    type Err = Invalid;

    fn from_str(typed: &str) -> Result<Self, Invalid> {
        let range: Cidr = typed.parse().map_err(|_| Invalid::Address(shown(typed)))?;
        if range.covers_all() { Err(Invalid::Everybody(shown(typed))) } else { Ok(Self(range)) }
    }
}

/// A single address is written without a prefix, as people type it.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.single() {
            Some(address) => address.fmt(f),
            None => self.0.fmt(f),
        }
    }
}

/// The lists of an account. None has an entry twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    pub addresses: Vec<Range>,
    /// Domains in lower case, each with its subdomains.
    pub referrers: Vec<String>,
    /// Names of parameters, in lower case.
    pub parameters: Vec<String>,
}

impl Exclusions {
    /// Whether hits from this address are refused.
    #[must_use]
    pub fn excludes_address(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|range| range.0.contains(address))
    }

    /// Whether hits with this referring address are refused.
    #[must_use]
    pub fn excludes_referrer(&self, address: &str) -> bool {
        // Most accounts have none, and the address of every hit would be read for nothing.
        !self.referrers.is_empty()
            && Referrer::read(address)
                .is_some_and(|from| self.referrers.iter().any(|domain| covers_host(domain, &from.host)))
    }
}

/// The entries of a field, one per line or separated by commas or spaces.
fn entries(typed: &str) -> impl Iterator<Item = &str> {
    typed.split(|c: char| c.is_whitespace() || c == ',').filter(|entry| !entry.is_empty())
}

/// The start of an entry, for a message about it.
fn shown(entry: &str) -> String {
    entry.chars().take(100).collect()
}

fn parse<T: PartialEq>(
    typed: &str,
    max: usize,
    too_many: Invalid,
    read: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let mut all = Vec::new();
    for entry in entries(typed) {
        let entry = read(entry)?;
        if all.contains(&entry) {
            continue;
        }
        if all.len() == max {
            return Err(too_many);
        }
        all.push(entry);
    }
    Ok(all)
}

/// Reads addresses and ranges as they were typed.
pub fn parse_addresses(typed: &str) -> Result<Vec<Range>, Invalid> {
    parse(typed, ADDRESSES_MAX, Invalid::ManyAddresses, str::parse)
}

/// Reads referring domains as they were typed; whole addresses stand for their hosts.
pub fn parse_referrers(typed: &str) -> Result<Vec<String>, Invalid> {
    parse(typed, REFERRERS_MAX, Invalid::ManyReferrers, |entry| {
        parse_domain(entry).map_err(|_| Invalid::Referrer(shown(entry)))
    })
}

/// Reads the names of parameters as they were typed.
pub fn parse_parameters(typed: &str) -> Result<Vec<String>, Invalid> {
    parse(typed, PARAMETERS_MAX, Invalid::ManyParameters, |entry| {
        let fits = entry.len() <= PARAMETER_MAX
            && entry.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if fits { Ok(entry.to_ascii_lowercase()) } else { Err(Invalid::Parameter(shown(entry))) }
    })
}

/// The address without the parameters of these names, in its query and in a query inside its fragment.
#[must_use]
pub fn without_parameters(address: &str, names: &[String]) -> String {
    let (rest, fragment) = match address.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (address, None),
    };
    let mut kept = without_pairs(rest, names);
    if let Some(fragment) = fragment {
        kept.push('#');
        // `#utm_source=a&name=b` is a query without its mark.
        let is_query = !fragment.contains('?') && fragment.contains('=');
        kept.push_str(&if is_query { kept_pairs(fragment, names) } else { without_pairs(fragment, names) });
    }
    kept
}

fn without_pairs(address: &str, names: &[String]) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let query = kept_pairs(query, names);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn kept_pairs(query: &str, names: &[String]) -> String {
    let is_named = |pair: &str| {
        let key = scrub::plain_key(pair.split('=').next().unwrap_or_default());
        names.iter().any(|name| key.strip_suffix("[]").unwrap_or(&key) == name)
    };
    query.split('&').filter(|pair| !is_named(pair)).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_one_by_one_and_written_as_they_were_typed() {
        let read = parse_addresses("192.0.2.1\n10.9.0.0/16, 2001:db8::/32 2001:DB8::1\r\n192.0.2.1").unwrap();
        let written: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(written, ["192.0.2.1", "10.9.0.0/16", "2001:db8::/32", "2001:db8::1"]);
        for wrong in ["example.com", "10.0.0.0/33", "1.2.3", "10.0.0.1-9"] {
            assert_eq!(parse_addresses(wrong), Err(Invalid::Address(wrong.into())));
        }
        for all in ["0.0.0.0/0", "::/0"] {
            assert_eq!(parse_addresses(all), Err(Invalid::Everybody(all.into())));
        }
    }

    #[test]
    fn an_address_is_excluded_by_itself_or_its_range() {
        let addresses = parse_addresses("192.0.2.1 10.0.0.0/8 2001:db8::/32").unwrap();
        let exclusions = Exclusions { addresses, ..Exclusions::default() };
        let excludes = |text: &str| exclusions.excludes_address(text.parse().unwrap());
        for inside in ["192.0.2.1", "::ffff:192.0.2.1", "10.255.0.1", "2001:db8:ffff::1"] {
            assert!(excludes(inside), "{inside}");
        }
        for outside in ["192.0.2.2", "11.0.0.0", "2001:db9::1", "::1"] {
            assert!(!excludes(outside), "{outside}");
        }
    }

    #[test]
    fn a_referrer_is_excluded_with_its_subdomains() {
        let referrers = parse_referrers("https://Spam.example/x spam.example pay.test:8443").unwrap();
        assert_eq!(referrers, ["spam.example", "pay.test:8443"]);
        let exclusions = Exclusions { referrers, ..Exclusions::default() };
        let excludes = |host: &str| exclusions.excludes_referrer(&format!("https://{host}/a?b=c"));
        for host in ["spam.example", "a.b.SPAM.example", "spam.example:81", "pay.test:8443"] {
            assert!(excludes(host), "{host}");
        }
        for host in ["notspam.example", "spam.example.org", "pay.test", ""] {
            assert!(!excludes(host), "{host}");
        }
        assert!(!exclusions.excludes_referrer("") && !exclusions.excludes_referrer("spam.example"));
        assert_eq!(parse_referrers("a@b"), Err(Invalid::Referrer("a@b".into())));
    }

    #[test]
    fn lists_are_taken_up_to_their_limits_and_refused_one_past_them() {
        let lines = |n: usize, entry: fn(usize) -> String| (0..n).map(entry).collect::<Vec<_>>().join("\n");
        let address = |i: usize| format!("10.0.{}.{}", i / 256, i % 256);
        assert_eq!(parse_addresses(&lines(ADDRESSES_MAX, address)).unwrap().len(), ADDRESSES_MAX);
        assert_eq!(parse_addresses(&lines(ADDRESSES_MAX + 1, address)), Err(Invalid::ManyAddresses));
        let domain = |i: usize| format!("d{i}.test");
        assert_eq!(parse_referrers(&lines(REFERRERS_MAX, domain)).unwrap().len(), REFERRERS_MAX);
        assert_eq!(parse_referrers(&lines(REFERRERS_MAX + 1, domain)), Err(Invalid::ManyReferrers));
        let name = |i: usize| format!("p{i}");
        assert_eq!(parse_parameters(&lines(PARAMETERS_MAX, name)).unwrap().len(), PARAMETERS_MAX);
        assert_eq!(parse_parameters(&lines(PARAMETERS_MAX + 1, name)), Err(Invalid::ManyParameters));
        let (longest, longer) = ("n".repeat(PARAMETER_MAX), "n".repeat(PARAMETER_MAX + 1));
        assert_eq!(parse_parameters(&longest), Ok(vec![longest.clone()]));
        assert_eq!(parse_parameters(&longer), Err(Invalid::Parameter(longer.clone())));
        assert_eq!(parse_parameters("a=b"), Err(Invalid::Parameter("a=b".into())));
    }

    #[test]
    fn parameters_leave_the_address_however_they_are_written() {
        let names = parse_parameters("Customer order-id").unwrap();
        for (sent, kept) in [
            ("https://a.test/?customer=1&q=2", "https://a.test/?q=2"),
            ("https://a.test/?q=2&CUSTOMER=1&order-id=3", "https://a.test/?q=2"),
            ("https://a.test/x?customer=1", "https://a.test/x"),
            ("https://a.test/?cust%6Fmer=1&customer[]=2&customer&customers=3", "https://a.test/?customers=3"),
            ("https://a.test/#/cart?customer=1&a=2", "https://a.test/#/cart?a=2"),
            ("https://a.test/#utm_source=x&customer=1", "https://a.test/#utm_source=x"),
            ("https://a.test/customer=1#customer", "https://a.test/customer=1#customer"),
            ("/cart?customer=1", "/cart"),
            ("", ""),
        ] {
            assert_eq!(without_parameters(sent, &names), kept, "{sent}");
        }
    }
}
