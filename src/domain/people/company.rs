//! Companies by domain (rules.md 35). A contact belongs to the company of the registrable domain of its primary email,
//! unless that domain gives mailboxes to anybody. Those domains stand in two lists: `free_mail_domains.txt` joins two
//! public ones (sources and licence are in `free_mail_domains.LICENSE` beside it), and `more_free_mail_domains.txt` is
//! our own.

use std::borrow::Cow;
use std::sync::OnceLock;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::contact::readable_domain;

/// Longest name of a company, characters.
pub const NAME_MAX: usize = 100;
/// Most domains that an account excludes.
pub const EXCLUDED_MAX: usize = 1_000;

/// The number of a company within its account. It is never used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompanyId(pub i64);

/// How an account makes companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanySettings {
    /// Companies are created for contacts, and contacts get theirs.
    pub is_on: bool,
    /// Registrable domains that are no company's, as the account says.
    pub excluded: Vec<String>,
}

/// Why a name or an excluded domain is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("a name can have at most {NAME_MAX} characters")]
    Name,
    #[error("“{0}” is not a domain that a company can have")]
    Domain(String),
    #[error("an account can exclude at most {EXCLUDED_MAX} domains")]
    ManyDomains,
}

/// The domain that somebody registered, `foo.co.uk` of `mail.foo.co.uk`, in lower case and in the letters of its language.
/// Suffixes that companies give away (`github.io`, `uk.com`) are public suffixes too: neighbours below one have nothing
/// to do with each other. `None` for an IP address, a name of one label, and a public suffix itself.
#[must_use]
pub fn registrable_domain(host: &str) -> Option<String> {
    let host = readable_domain(host)?;
    let host = host.trim_end_matches('.');
    let is_address = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let domain = psl::domain_str(host).filter(|_| !is_address)?;
    // What a name consists of is not the concern of the list of suffixes.
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    (domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label))
        .then(|| domain.to_owned())
}

/// The domain of the company that an email belongs to. `None` when its domain gives mailboxes to anybody, or is none.
#[must_use]
pub fn company_domain(email: &str) -> Option<String> {
    let (_, host) = email.rsplit_once('@')?;
    let domain = registrable_domain(host)?;
    let mut name = host;
    loop {
        if gives_mailboxes(name) {
            return None;
        }
        match name.split_once('.') {
            // Nothing above the registrable domain is somebody's.
            Some((_, above)) if above.len() >= domain.len() => name = above,
            _ => return Some(domain),
        }
    }
}

/// Whether anybody can have a mailbox of exactly this domain.
fn gives_mailboxes(domain: &str) -> bool {
    static DOMAINS: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let lines = |table: &'static str| table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let domains = DOMAINS.get_or_init(|| {
        let public = lines(include_str!("data/free_mail_domains.txt"));
        public.chain(lines(include_str!("data/more_free_mail_domains.txt"))).collect()
    });
    let written = match domain.is_ascii() {
        true => Cow::Borrowed(domain),
        false => idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned),
    };
    domains.contains(&*written)
}

/// Reads domains that an account excludes, separated by whitespace or commas. Each is kept as its registrable domain,
/// once. What people paste may begin with `@` or `https://`.
///
/// # Errors
/// The first one that is no domain, or that there are too many.
pub fn parse_excluded(text: &str) -> Result<Vec<String>, Invalid> {
    let mut excluded: Vec<String> = Vec::new();
    let mut seen = FxHashSet::default();
    for typed in
        text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|typed| !typed.is_empty())
    {
        let host = typed.split_once("://").map_or(typed, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or(host);
        let host = host.rsplit('@').next().unwrap_or(host);
        let domain = registrable_domain(host)
            .ok_or_else(|| Invalid::Domain(typed.chars().take(NAME_MAX).collect()))?;
        if seen.insert(domain.clone()) {
            excluded.push(domain);
        }
    }
    if excluded.len() > EXCLUDED_MAX { Err(Invalid::ManyDomains) } else { Ok(excluded) }
}

/// The name of a company as it is typed, trimmed; an empty one makes its domain the name again.
///
/// # Errors
/// `Name`.
pub fn parse_name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    let fits = name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(Invalid::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact::Email;

    /// rules.md 35
    #[test]
    fn the_company_of_an_email_is_its_registrable_domain() {
        for (email, company) in [
            ("ada@example.com", Some("example.com")),
            ("ada@mail.foo.co.uk", Some("foo.co.uk")),
            ("ada@a.b.foo.co.uk", Some("foo.co.uk")),
            ("ada@FOO.example", Some("foo.example")),
            ("ada@corp.internal", Some("corp.internal")),
            ("ada@city.kawasaki.jp", Some("city.kawasaki.jp")),
            // Suffixes that private parties give away.
            ("ada@acme.github.io", Some("acme.github.io")),
            ("ada@mail.acme.uk.com", Some("acme.uk.com")),
            ("ada@github.io", None),
            ("ada@uk.com", None),
            ("ada@co.uk", None),
            // Other letters: both writings of an address are one.
            ("ada@mail.bücher.example", Some("bücher.example")),
            ("ada@xn--bcher-kva.example", Some("bücher.example")),
            ("ada@mail.食狮.公司.cn", Some("食狮.公司.cn")),
            ("ada@mail.xn--85x722f.xn--55qx5d.cn", Some("食狮.公司.cn")),
            // No names at all.
            ("ada@192.0.2.7", None),
            ("ada@1.2", None),
        ] {
            let email = Email::parse(email).unwrap();
            assert_eq!(company_domain(email.as_str()).as_deref(), company, "{email:?}");
        }
        for text in ["", "ada", "ada@", "ada@localhost", "ada@[2001:db8::1]", "ada@..", "ada@a_b.example"] {
            assert_eq!(company_domain(text), None, "{text}");
        }
    }

    /// rules.md 35
    #[test]
    fn domains_that_give_mailboxes_to_anybody_are_no_company() {
        for free in [
            "gmail.com",
            "outlook.com",
            "hotmail.co.uk",
            "ziggo.nl",
            "mailinator.com",
            "hey.com",
            "privaterelay.appleid.com",
            "x.privaterelay.appleid.com",
            "mx.mailinator.com",
            "xn--yaho-sqa.com",
        ] {
            let email = Email::parse(&format!("ada@{free}")).unwrap();
            assert_eq!(company_domain(email.as_str()), None, "{free}");
        }
        for company in ["microsoft.com", "google.com", "appleid.com", "gmail.example", "example.test"] {
            assert_eq!(company_domain(&format!("ada@{company}")).as_deref(), Some(company));
        }
        for table in
            [include_str!("data/free_mail_domains.txt"), include_str!("data/more_free_mail_domains.txt")]
        {
            for line in table.lines().filter(|line| !line.starts_with('#')) {
                let is_plain =
                    line.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
                assert!(is_plain && line.contains('.'), "{line}");
            }
        }
    }

    #[test]
    fn excluded_domains_are_read_from_what_people_paste_up_to_their_limit() {
        let read =
            parse_excluded("@Example.com, https://www.shop.example/x\n\nada@mail.foo.co.uk;example.com");
        assert_eq!(read.unwrap(), ["example.com", "shop.example", "foo.co.uk"]);
        assert_eq!(parse_excluded(" \n"), Ok(Vec::new()));
        for wrong in ["co.uk", "localhost", "a_b.example", "192.0.2.1", "*.example"] {
            assert_eq!(parse_excluded(wrong), Err(Invalid::Domain(wrong.to_owned())));
        }
        let many = |n: usize| (0..n).map(|n| format!("c{n}.example\n")).collect::<String>();
        assert_eq!(parse_excluded(&many(EXCLUDED_MAX)).unwrap().len(), EXCLUDED_MAX);
        assert_eq!(parse_excluded(&many(EXCLUDED_MAX + 1)), Err(Invalid::ManyDomains));
        let name = "é".repeat(NAME_MAX);
        assert_eq!(parse_name(&format!(" {name} ")), Ok(name.clone()));
        assert_eq!(parse_name(&format!("{name}é")), Err(Invalid::Name));
        assert_eq!(parse_name("a\u{0}"), Err(Invalid::Name));
        assert_eq!(parse_name(" "), Ok(String::new()));
    }
}
