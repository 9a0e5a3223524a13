//! An account: the sites, visitors and settings of one organisation.

use serde::{Deserialize, Serialize};

/// Number of an account, from `FIRST` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub i64);

impl AccountId {
    pub const FIRST: Self = Self(1_000_001);
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Longest name of an account, characters.
pub const NAME_MAX: usize = 100;
/// Most domains of an account.
pub const DOMAINS_MAX: usize = 100;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    #[error("the name is empty")]
    NoName,
    #[error("the name is longer than {NAME_MAX} characters")]
    LongName,
    #[error("“{0}” is not a domain name")]
    Domain(String),
    #[error("an account can have at most {DOMAINS_MAX} domains")]
    ManyDomains,
    #[error("“{0}” is not a time zone (such as Europe/Amsterdam)")]
    TimeZone(String),
    #[error("“{0}” is not an ISO 4217 currency (such as EUR)")]
    Currency(String),
    #[error(
        "“{0}” has a different number of decimal places than the currency of the revenue so far, which \
         would change the amounts"
    )]
    OtherDigits(String),
}

/// The settings of an account that a user may change. They are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub name: String,
    /// Lower case, without scheme and path. A domain may have a port.
    pub domains: Vec<String>,
    /// The IANA name.
    pub time_zone: String,
    /// ISO 4217, upper case.
    pub currency: String,
}

impl Settings {
    /// Checks what a user typed. The error names the first field that is wrong.
    pub fn parse(name: &str, domains: &[String], time_zone: &str, currency: &str) -> Result<Self, Invalid> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Invalid::NoName);
        }
        if name.chars().count() > NAME_MAX {
            return Err(Invalid::LongName);
        }
        if domains.len() > DOMAINS_MAX {
            return Err(Invalid::ManyDomains);
        }
        let mut parsed = Vec::with_capacity(domains.len());
        for domain in domains {
            let domain = parse_domain(domain)?;
            if !parsed.contains(&domain) {
                parsed.push(domain);
            }
        }
        if jiff::tz::TimeZone::get(time_zone).is_err() {
            return Err(Invalid::TimeZone(time_zone.to_owned()));
        }
        let currency = currency.trim().to_ascii_uppercase();
        if iso_currency::Currency::from_code(&currency).is_none() {
            return Err(Invalid::Currency(currency));
        }
        Ok(Self { name: name.to_owned(), domains: parsed, time_zone: time_zone.to_owned(), currency })
    }

    /// Whether `host` is a site of the account. A domain includes its subdomains; a port must be equal where the
    /// domain has one. `host` is lower case and has its port, unless that is the default port of the scheme.
    #[must_use]
    pub fn owns_host(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| covers_host(domain, host))
    }
}

/// Whether a host belongs to a domain: it is the domain or a subdomain of it. The port of the host matters only where
/// the domain has one.
#[must_use]
pub fn covers_host(domain: &str, host: &str) -> bool {
    let covers =
        |name: &str| name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    covers(host) || (!domain.contains(':') && host.rsplit_once(':').is_some_and(|(name, _)| covers(name)))
}

/// Reads the host out of what a user typed: `https://Example.com:8443/x` becomes `example.com:8443`.
pub fn parse_domain(typed: &str) -> Result<String, Invalid> {
    let wrong = || Invalid::Domain(typed.chars().take(100).collect());
    let text = typed.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = url::Url::parse(&with_scheme).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?.trim_end_matches('.').to_ascii_lowercase();
    if host.is_empty() || host.len() > 253 || text.contains(['@', ' ']) {
        return Err(wrong());
    }
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_from_what_people_paste() {
        for (typed, domain) in [
            ("Example.com", "example.com"),
            ("https://www.example.com/about?x=1", "www.example.com"),
            ("localhost:3000", "localhost:3000"),
            ("shop.test", "shop.test"),
            ("münchen.example", "xn--mnchen-3ya.example"),
        ] {
            assert_eq!(parse_domain(typed).as_deref(), Ok(domain), "{typed}");
        }
        for typed in ["", " ", "a b", "http://", "user@example.com", "::"] {
            assert!(parse_domain(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_domain_covers_its_subdomains_and_any_port_unless_it_names_one() {
        let own = Settings::parse("N", &["example.com".into(), "localhost:81".into()], "UTC", "eur").unwrap();
        for host in
            ["example.com", "www.example.com", "example.com:8080", "a.b.example.com:1", "localhost:81"]
        {
            assert!(own.owns_host(host), "{host}");
        }
        for host in ["badexample.com", "example.com.evil.test", "localhost", "localhost:82", ""] {
            assert!(!own.owns_host(host), "{host}");
        }
    }

    #[test]
    fn settings_are_checked_at_the_limit_and_one_past_it() {
        let domains = |n: usize| (0..n).map(|i| format!("d{i}.test")).collect::<Vec<_>>();
        assert!(Settings::parse(&"n".repeat(NAME_MAX), &domains(DOMAINS_MAX), "UTC", "EUR").is_ok());
        assert_eq!(Settings::parse(&"n".repeat(NAME_MAX + 1), &[], "UTC", "EUR"), Err(Invalid::LongName));
        assert_eq!(Settings::parse("n", &domains(DOMAINS_MAX + 1), "UTC", "EUR"), Err(Invalid::ManyDomains));
        assert!(matches!(Settings::parse("n", &[], "Mars/Base", "EUR"), Err(Invalid::TimeZone(_))));
        assert!(matches!(Settings::parse("n", &[], "UTC", "EURO"), Err(Invalid::Currency(_))));
    }
}
