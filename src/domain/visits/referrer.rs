//! A referring address, and the kind of site it belongs to: search engine, social network, mail and feeds, or AI
//! assistant. The tables are files in `data/`. What a kind means for the source of a session is decided in `source`.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use url::Url;

use super::campaign::VALUE_MAX;
use super::scrub;
use crate::domain::text::cut;

/// The kind of a known site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Search,
    Social,
    /// Web mail or a feed reader.
    Mail,
    /// An AI assistant.
    Assistant,
}

/// A site of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    pub kind: Kind,
    pub name: &'static str,
    /// The third column. For a search engine, it holds the parameters that carry the search term.
    words: &'static str,
    /// The entry does not cover the hosts below it.
    alone: bool,
}

/// A referring address that can be read.
#[derive(Clone, Debug)]
pub struct Referrer {
    url: Url,
    /// Lower case, with its port unless that is the default port of the scheme. For an app it is the app's name.
    pub host: String,
}

impl Referrer {
    /// Returns `None` when the scheme is not `http`, `https` or `android-app`, or the address cannot be read.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https" | "android-app") {
            return None;
        }
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() || host.len() > scrub::HOST_MAX {
            return None;
        }
        let host = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Some(Self { url, host })
    }

    /// What the tables say about it.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        if self.url.scheme() == "android-app" {
            return tables().hosts.get(format!("app:{}", self.host).as_str()).copied();
        }
        find(&self.host)
    }

    /// The host without `www.`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.host.strip_prefix("www.").unwrap_or(&self.host)
    }

    /// Host and path, without secrets.
    #[must_use]
    pub fn host_and_path(&self) -> String {
        [&*self.host, &scrub::kept_path(self.url.path())].concat()
    }

    /// The search term. It is empty when the engine does not send it, which is normal today.
    #[must_use]
    pub fn search_term(&self, engine: Site) -> String {
        let carries = |key: &str| engine.words.split_whitespace().any(|word| word == key);
        self.url
            .query()
            .into_iter()
            .flat_map(scrub::pairs)
            .find(|(key, value)| {
                !value.is_empty() && carries(&scrub::plain_key(key)) && !scrub::holds_secret(value)
            })
            .map_or_else(String::new, |(_, value)| {
                cut(scrub::decode(value).trim(), VALUE_MAX).trim_end().to_owned()
            })
    }
}

/// The network for a value of `utm_source` in lower case. The value must be exactly a name (`linkedin`), a short form
/// (`fb`) or a host (`m.facebook.com`).
#[must_use]
pub fn network(word: &str) -> Option<&'static str> {
    if word.is_empty() {
        return None;
    }
    tables().networks.get(word).copied().or_else(|| {
        find(word).filter(|site| site.kind == Kind::Social && word.contains('.')).map(|site| site.name)
    })
}

/// The assistant that writes its own host into `utm_source`, as ChatGPT does.
#[must_use]
pub fn assistant(word: &str) -> Option<&'static str> {
    find(word).filter(|site| site.kind == Kind::Assistant).map(|site| site.name)
}

struct Tables {
    /// By host, or by `app:` and the name of an app.
    hosts: FxHashMap<&'static str, Site>,
    /// By the part in front of a public suffix (`google` of `google.*`).
    anywhere: FxHashMap<&'static str, Site>,
    /// By the first label of a host (`mail` of `mail.**`).
    first_labels: FxHashMap<&'static str, Site>,
    /// By lower-case values of `utm_source`.
    networks: FxHashMap<String, &'static str>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(Tables::load)
}

impl Tables {
    const FILES: [(Kind, &'static str); 4] = [
        (Kind::Search, include_str!("data/search_engines.txt")),
        (Kind::Social, include_str!("data/social_networks.txt")),
        (Kind::Mail, include_str!("data/mail_and_feeds.txt")),
        (Kind::Assistant, include_str!("data/assistants.txt")),
    ];

    fn rows() -> impl Iterator<Item = (&'static str, Site)> {
        Self::FILES.into_iter().flat_map(|(kind, table)| {
            scrub::lines(table).map(move |line| {
                let mut columns = line.split('|').map(str::trim);
                let pattern = columns.next().unwrap_or_default();
                let alone = pattern.starts_with('=');
                let (name, words) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
                (pattern.trim_start_matches('='), Site { kind, name, words, alone })
            })
        })
    }

    fn load() -> Self {
        let mut tables = Self {
            hosts: FxHashMap::default(),
            anywhere: FxHashMap::default(),
            first_labels: FxHashMap::default(),
            networks: FxHashMap::default(),
        };
        for (pattern, site) in Self::rows() {
            match pattern.split_once(".*") {
                Some((label, "*")) => tables.first_labels.insert(label, site),
                Some((label, _)) => tables.anywhere.insert(label, site),
                None => tables.hosts.insert(pattern, site),
            };
            if site.kind == Kind::Social {
                tables.networks.insert(site.name.to_lowercase(), site.name);
                tables
                    .networks
                    .extend(site.words.split_whitespace().map(|word| (word.to_owned(), site.name)));
            }
        }
        tables
    }
}

/// Finds the whole host, otherwise its first label, otherwise the longest match, with few look-ups for each of its labels.
fn find(host: &str) -> Option<Site> {
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let host = host.strip_prefix("www.").unwrap_or(host);
    // Under a private suffix anybody can choose any name (`google.github.io`).
    let suffix = psl::suffix(host.as_bytes())
        .filter(|suffix| suffix.typ() == Some(psl::Type::Icann))
        .map_or(0, |suffix| suffix.as_bytes().len());
    let tables = tables();
    let mut rest = host;
    loop {
        let label = rest.len().checked_sub(suffix + 1).filter(|_| suffix > 0).and_then(|end| rest.get(..end));
        let found = tables.hosts.get(rest).or_else(|| tables.anywhere.get(label?));
        let whole = rest.len() == host.len();
        if let Some(site) = found.filter(|site| !site.alone || whole) {
            return Some(*site);
        }
        let (first, below) = rest.split_once('.')?;
        if whole && let Some(site) = tables.first_labels.get(first.trim_end_matches(is_of_number)) {
            // `mail.com` itself is somebody's domain, and so is `mail.github.io`.
            if psl::domain_str(below).is_some() {
                return Some(*site);
            }
        }
        rest = below;
    }
}

/// Providers number their hosts: `mail2.example.com`, `webmail-01.example.com`.
const fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_well_formed_and_generous() {
        let mut seen = std::collections::HashSet::new();
        let mut sizes = std::collections::HashMap::new();
        for (pattern, site) in Tables::rows() {
            assert!(seen.insert(pattern), "{pattern} stands twice");
            assert!(!site.name.is_empty() && !pattern.is_empty(), "{pattern}");
            assert_eq!(pattern, pattern.to_lowercase());
            assert!(
                !pattern.contains('/') && (pattern.contains('.') || pattern.starts_with("app:")),
                "{pattern}"
            );
            assert!(site.kind != Kind::Search || !site.words.is_empty(), "{pattern} without parameter");
            *sizes.entry(format!("{:?}", site.kind)).or_insert(0) += 1;
        }
        for (kind, least) in [("Search", 60), ("Social", 60), ("Mail", 40), ("Assistant", 30)] {
            assert!(sizes[kind] >= least, "{kind}: {}", sizes[kind]);
        }
    }

    #[test]
    fn a_host_is_read_at_the_limit_and_not_one_past_it() {
        let read = |length: usize| Referrer::read(&format!("https://{}/", "a".repeat(length)));
        assert!(read(scrub::HOST_MAX).is_some());
        assert!(read(scrub::HOST_MAX + 1).is_none());
    }

    #[test]
    fn the_longest_match_wins_and_look_alikes_are_not_known() {
        let name = |host: &str| find(host).map(|site| site.name);
        for (host, site) in [
            ("google.com", "Google"),
            ("www.google.co.uk", "Google"),
            ("google.com.br:443", "Google"),
            ("mail.google.com", "Gmail"),
            ("gemini.google.com", "Gemini"),
            ("uk.search.yahoo.com", "Yahoo"),
            ("mail.yahoo.com", "Yahoo Mail"),
            ("old.reddit.com", "Reddit"),
            ("at.pinterest.com", "Pinterest"),
            ("www.pinterest.co.uk", "Pinterest"),
            ("tieba.baidu.com", "Baidu Tieba"),
            ("m.baidu.com", "Baidu"),
            ("blog.naver.com", "Naver Blog"),
        ] {
            assert_eq!(name(host), Some(site), "{host}");
        }
    }

    #[test]
    fn web_mail_is_known_by_its_first_label_and_news_of_providers_are_not() {
        let name = |host: &str| find(host).map(|site| site.name);
        for (host, site) in [
            ("mail.example.com", "Web mail"),
            ("www.webmail.example.co.uk", "Web mail"),
            ("mail2.example.com:8443", "Web mail"),
            ("webmail-01.example.com", "Web mail"),
            ("poczta.example.pl", "Web mail"),
            ("owa.corp.example.org", "Web mail"),
            // It goes before what is known of the domain, but not before what is known of the host.
            ("mail.baidu.com", "Web mail"),
            ("mail.naver.com", "Naver Mail"),
            ("uk.mail.yahoo.com", "Yahoo Mail"),
            ("3c.gmx.at", "GMX"),
            ("deref-gmx.at", "GMX"),
            ("eur01.safelinks.protection.outlook.com", "Outlook"),
            ("scholar.google.de", "Google Scholar"),
            ("suche.aol.de", "AOL"),
            ("web.telegram.org", "Telegram"),
            ("open.substack.com", "Substack"),
            ("otvet.mail.ru", "Otvety Mail.ru"),
        ] {
            assert_eq!(name(host), Some(site), "{host}");
        }
        for host in [
            // News of mail providers and of search engines.
            "news.mail.ru",
            "sportmail.ru",
            "www.web.de",
            "www.gmx.net",
            "www.mail.com",
            "www.t-online.de",
            "www.msn.com",
            "news.naver.com",
            "wiadomosci.onet.pl",
            "news.yahoo.com",
            "news.google.com",
            "novinky.seznam.cz",
            // The first label of somebody's own domain, and of what is no domain.
            "email.de",
            "webmail.com",
            "mail.co.uk",
            "mail.github.io",
            "mail",
            "mail.localhost",
            "mailing.example.com",
            "example.mail.com",
            "",
            "com",
            "google",
            "docs.google.com",
            "google.com.evil.test",
            "notgoogle.com",
            "google.github.io",
            "facebook.github.io",
            "example.com",
            "127.0.0.1",
            "[::1]",
            "localhost",
            "xfacebook.com",
        ] {
            assert_eq!(name(host), None, "{host}");
        }
    }

    /// The list is written apart from the tables, so it says what share of the hosts that people come from is known. The
    /// name of a mail provider is shown nowhere, so its kind is enough.
    #[test]
    fn nearly_all_hosts_of_a_list_written_apart_are_known() {
        let rows = scrub::lines(include_str!("../../../tests/data/referring_hosts.txt"));
        let rows: Vec<[&str; 3]> =
            rows.map(|row| row.split(" | ").collect::<Vec<_>>().try_into().unwrap()).collect();
        let known = |[host, kind, name]: &[&str; 3]| {
            Referrer::read(&format!("https://{host}/")).and_then(|from| from.site()).is_some_and(|site| {
                format!("{:?}", site.kind).to_lowercase() == *kind
                    && (site.kind == Kind::Mail || site.name == *name)
            })
        };
        let unknown: Vec<_> = rows.iter().filter(|row| !known(row)).collect();
        assert_eq!(rows.len(), 300);
        assert!(unknown.len() * 20 <= rows.len(), "{} are not known: {unknown:#?}", unknown.len());
    }
}
