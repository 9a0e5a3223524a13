//! A page is a host, a path and the query that is kept (rules.md 14), without secrets. A beacon carries several
//! addresses, and this module decides which of them is the page. It hands on what brought the visitor as `Landing`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use url::Url;

use super::click_id::{ClickId, is_click_key};
use super::scrub;

/// Longest address of a page, bytes. A hit with a longer one is refused (rules.md 8).
pub const URL_MAX: usize = 8 * 1024;

/// Why an address is not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the page address is longer than {URL_MAX} bytes")]
    Long,
    #[error("the page address is not a URL")]
    NoUrl,
    #[error("the page address is neither http nor https")]
    NotHttp,
}

/// A recorded page. The case of the path is kept. The query has no campaign values, click ids or secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Page {
    /// Lower case, with its port unless that is the default port of the scheme.
    pub host: String,
    /// Begins with `/`. It ends with a fragment if the site set one by `setPath` (`/shop#/cart`).
    pub path: String,
    /// Without `?`. Empty means none.
    pub query: String,
}

/// What the addresses of a beacon say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub page: Page,
    pub landing: Landing,
}

/// The parameters of the landing address that say how the visitor came (`Landing::KEYS`), decoded and trimmed. They
/// come from the address bar, whatever page is recorded. Values that contain an email or a token are left out. Campaign
/// values may also stand behind `#`, and count there when the query has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landing {
    values: Vec<(&'static str, String)>,
    /// Of several, the one that says most.
    pub click_id: ClickId,
}

impl Landing {
    pub const KEYS: [&'static str; 7] =
        ["utm_source", "utm_medium", "utm_campaign", "utm_id", "utm_term", "utm_content", "source"];

    fn of(url: &Url) -> Self {
        let mut landing = Self::default();
        if let Some(query) = url.query() {
            landing.read(query, |_| true);
        }
        let is_campaign = |key: &str| key.starts_with("utm_");
        if let Some(fragment) = url.fragment()
            && !landing.values.iter().any(|(key, _)| is_campaign(key))
        {
            landing.read(split_fragment(fragment).1, is_campaign);
        }
        landing
    }

    fn read(&mut self, query: &str, counts: impl Fn(&str) -> bool) {
        for (key, value) in scrub::pairs(query) {
            let plain = scrub::plain_key(key);
            let Some(known) = Self::KEYS.into_iter().find(|known| *known == plain) else {
                if let Some(id) = ClickId::of(&plain, value).filter(|_| counts(&plain)) {
                    self.click_id = self.click_id.or(id);
                }
                continue;
            };
            // Of a parameter that is given twice, the first counts (rules.md 8).
            if !counts(known)
                || self.values.iter().any(|(key, _)| *key == known)
                || scrub::holds_secret(value)
            {
                continue;
            }
            let value = scrub::decode(value);
            let value = value.trim();
            if !value.is_empty() {
                self.values.push((known, value.to_owned()));
            }
        }
    }

    /// The name of the campaign, or its id where it has no name, as Google documents `utm_id`.
    #[must_use]
    pub fn campaign(&self) -> &str {
        let name = self.get("utm_campaign");
        if name.is_empty() { self.get("utm_id") } else { name }
    }

    /// The value of one of `KEYS`. Empty means not given.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.values.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value)
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty() && self.click_id.is_none()
    }
}

impl Page {
    /// Decides under which page a beacon is recorded (rules.md 14). This is the path set by `setPath` (`po`) on the
    /// host of the page's own address (`pu`), otherwise the canonical address, otherwise `pu`.
    ///
    /// - A canonical address counts only when it is a whole http(s) URL of the same site. The same site means the
    ///   same registrable domain, or the same host where there is none (an IP address, `localhost`). So a page cannot
    ///   be recorded under the site of somebody else.
    /// - `po` can change path, query and fragment, and the host only when it is a whole http(s) URL of the same site. From
    ///   one of another site, these three parts are taken.
    /// - One trailing slash is dropped. Case, and everything else that a server may distinguish, is kept.
    ///
    /// # Errors
    /// `Long` when an address is longer than `URL_MAX`, and otherwise when `pu` is no http(s) URL.
    pub fn recorded(pu: &str, po: Option<&str>, canonical: Option<&str>) -> Result<Recorded, Invalid> {
        if pu.len() > URL_MAX || po.is_some_and(|po| po.len() > URL_MAX) {
            return Err(Invalid::Long);
        }
        let mut url = parse_http(pu)?;
        let landing = Landing::of(&url);
        if let Some(po) = po {
            set_path(&mut url, po);
        } else {
            url.set_fragment(None);
            if let Some(canonical) = canonical.and_then(|text| same_site(&url, text)) {
                url = canonical;
            }
        }
        let page = Self::of(&url)?;
        if page.host.len() + page.path.len() + page.query.len() > URL_MAX {
            return Err(Invalid::Long);
        }
        Ok(Recorded { page, landing })
    }

    fn of(url: &Url) -> Result<Self, Invalid> {
        let name = url.host_str().unwrap_or_default().trim_end_matches('.');
        if name.is_empty() || name.len() > scrub::HOST_MAX {
            return Err(Invalid::NoUrl);
        }
        let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let written = plain_percent(url.path());
        let mut path = scrub::kept_path(&written).into_owned();
        if path.len() > 1 && path.ends_with('/') {
            path.pop();
        }
        if let Some(fragment) = url.fragment().filter(|fragment| !fragment.is_empty()) {
            path.push_str(&kept_fragment(fragment));
        }
        let query = url
            .query()
            .map_or_else(String::new, |query| scrub::kept_query(&plain_percent(query), is_click_key));
        Ok(Self { host, path, query })
    }

    /// The form for people: `example.com/shop?colour=red`, without scheme.
    #[must_use]
    pub fn address(&self) -> String {
        let (path, fragment) = self.path.find('#').map_or((&*self.path, ""), |at| self.path.split_at(at));
        let mark = if self.query.is_empty() { "" } else { "?" };
        [&self.host, path, mark, &self.query, fragment].concat()
    }

    /// Host and path, as reports show a page (rules.md 14).
    #[must_use]
    pub fn host_and_path(&self) -> String {
        [&*self.host, &self.path].concat()
    }
}

fn parse_http(text: &str) -> Result<Url, Invalid> {
    let url = Url::parse(text).map_err(|_| Invalid::NoUrl)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(Invalid::NotHttp) }
}

/// Puts the path that a site gave to `setPath` into the site's own address. It is not joined as browsers join
/// addresses, because there `//other.test/x` would be another host.
fn set_path(url: &mut Url, po: &str) {
    let po = po.trim();
    if let Ok(whole) = parse_http(po) {
        if is_same_site(url, &whole) {
            *url = whole;
        } else {
            url.set_path(whole.path());
            url.set_query(whole.query());
            url.set_fragment(whole.fragment());
        }
        return;
    }
    let (po, fragment) = po.split_once('#').map_or((po, None), |(po, fragment)| (po, Some(fragment)));
    let (path, query) = po.split_once('?').map_or((po, None), |(path, query)| (path, Some(query)));
    url.set_path(path);
    url.set_query(query);
    url.set_fragment(fragment);
}

/// A canonical address that may stand for `page`, without its fragment.
fn same_site(page: &Url, canonical: &str) -> Option<Url> {
    if canonical.is_empty() || canonical.len() > URL_MAX {
        return None;
    }
    let mut canonical = parse_http(canonical.trim()).ok()?;
    canonical.set_fragment(None);
    is_same_site(page, &canonical).then_some(canonical)
}

fn is_same_site(page: &Url, other: &Url) -> bool {
    let domain = |url: &Url| Some(psl::domain_str(url.domain()?)?.to_owned());
    page.host_str().is_some()
        && (page.host_str() == other.host_str()
            || domain(page).is_some_and(|here| domain(other) == Some(here)))
}

/// Brings percent-encoding into one form: letters, digits and `-._~` are never encoded, and hexadecimal digits are
/// upper case.
pub(super) fn plain_percent(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match (code, byte) {
            (Some(_), Some(byte)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                plain.push(char::from(byte));
            }
            (Some(code), _) => {
                plain.push('%');
                plain.push_str(&code.to_ascii_uppercase());
            }
            (None, _) => plain.push('%'),
        }
        rest = after.get(code.map_or(0, str::len)..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// A fragment is a route (`/cart?step=2`), a query (`access_token=…`), or both.
fn split_fragment(fragment: &str) -> (&str, &str) {
    match fragment.split_once('?') {
        Some(parts) => parts,
        None if fragment.contains('=') => ("", fragment),
        None => (fragment, ""),
    }
}

/// Secrets are taken out of both parts of a fragment.
fn kept_fragment(fragment: &str) -> String {
    let (route, query) = split_fragment(fragment);
    let query = scrub::kept_query(query, is_click_key);
    let mark = if route.is_empty() || query.is_empty() { "" } else { "?" };
    let kept = [&*scrub::kept_path(route), mark, &query].concat();
    if kept.is_empty() { kept } else { format!("#{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page as people read it, or why it is no page.
    fn page(pu: &str) -> Result<String, Invalid> {
        Page::recorded(pu, None, None).map(|recorded| recorded.page.address())
    }

    fn check(pu: &str, po: Option<&str>, canonical: Option<&str>, address: &str) {
        let recorded = Page::recorded(pu, po, canonical).unwrap();
        assert_eq!(recorded.page.address(), address, "{pu} {po:?} {canonical:?}");
    }

    /// rules.md 14
    #[test]
    fn a_page_is_host_path_and_kept_query() {
        for (pu, address) in [
            ("https://example.com", "example.com/"),
            ("https://example.com/", "example.com/"),
            ("HTTPS://WWW.Example.COM/About/Us", "www.example.com/About/Us"),
            ("https://example.com/a/", "example.com/a"),
            ("https://example.com/a//", "example.com/a/"),
            ("https://example.com//", "example.com/"),
            ("https://example.com/a/?x=1", "example.com/a?x=1"),
            ("https://example.com/a#top", "example.com/a"),
            ("https://example.com/a?#top", "example.com/a"),
            ("https://example.com/a?&&b=2&", "example.com/a?b=2"),
            ("https://example.com/a?x=&y", "example.com/a?x=&y"),
            ("https://example.com:443/a", "example.com/a"),
            ("http://example.com:80/a", "example.com/a"),
            ("http://example.com:443/a", "example.com:443/a"),
            ("https://example.com:8443/a", "example.com:8443/a"),
            ("http://localhost:3000/a", "localhost:3000/a"),
            ("http://127.0.0.1/a", "127.0.0.1/a"),
            ("http://[::1]:8080/a", "[::1]:8080/a"),
            ("https://example.com./a", "example.com/a"),
            ("https://münchen.example/straße", "xn--mnchen-3ya.example/stra%C3%9Fe"),
            ("https://example.com/stra%c3%9fe", "example.com/stra%C3%9Fe"),
            ("https://example.com/%7Eada/%61%2fb", "example.com/~ada/a%2Fb"),
            ("https://example.com/50%/x?y=%zz%", "example.com/50%/x?y=%zz%"),
            ("https://example.com/a b", "example.com/a%20b"),
            ("https://example.com/a/../b/./c", "example.com/b/c"),
            ("https://ada:secret@example.com/a", "example.com/a"),
            ("  https://example.com/a\n", "example.com/a"),
            ("https://example.com\\a", "example.com/a"),
        ] {
            assert_eq!(page(pu).as_deref(), Ok(address), "{pu}");
        }
    }

    /// rules.md 14
    #[test]
    fn campaign_values_and_click_ids_are_no_part_of_a_page() {
        for (query, kept) in [
            ("utm_source=x&utm_anything=y&a=1", "a=1"),
            ("utm_id=1&utm_source_platform=x&utm_creative_format=y&utm_marketing_tactic=z&a=1", "a=1"),
            ("UTM_Source=x&a=1", "a=1"),
            ("gclid=1&gbraid=2&wbraid=3&dclid=4&gad_source=1&srsltid=5&b=2", "b=2"),
            ("fbclid=1&msclkid=2&ttclid=3&twclid=4&li_fat_id=5&yclid=6&igshid=7", ""),
            ("mc_cid=1&mc_eid=2&_ga=3&_gl=4&_ga_ABC=5", ""),
            ("hsa_acc=1&_hsenc=2&_hsmi=3&__hstc=4&__hssc=5&__hsfp=6&hsCtaTracking=7", ""),
            ("source=footer&q=shoes", "source=footer&q=shoes"),
            ("utmsource=x&gclidx=1", "utmsource=x&gclidx=1"),
            ("a=1&a=2", "a=1&a=2"),
        ] {
            let address = if kept.is_empty() { "a.test/".into() } else { format!("a.test/?{kept}") };
            assert_eq!(page(&format!("https://a.test/?{query}")), Ok(address), "{query}");
        }
    }

    /// rules.md 14
    #[test]
    fn secrets_are_no_part_of_a_page() {
        for (pu, address) in [
            ("https://a.test/p/ada@example.com/x", "a.test/p/[email]/x"),
            ("https://a.test/p/ada%40example.com/", "a.test/p/[email]"),
            ("https://a.test/p/ada%2540example.com", "a.test/p/[email]"),
            ("https://a.test/x;jsessionid=AB12/y", "a.test/x/y"),
            ("https://a.test/x;JSESSIONID=AB12?a=1", "a.test/x?a=1"),
            ("https://a.test/x/;jsessionid=AB12", "a.test/x"),
            ("https://a.test/x;v=1;sid=2", "a.test/x;v=1"),
            ("https://a.test/r/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "a.test/r/[token]"),
            ("https://a.test/@ada/post", "a.test/@ada/post"),
            ("https://a.test/pkg@1.2.3", "a.test/pkg@1.2.3"),
            ("https://a.test/?Token=1&b=2", "a.test/?b=2"),
            ("https://a.test/?%74oken=1&b=2", "a.test/?b=2"),
            ("https://a.test/?token%5B%5D=1&b=2", "a.test/?b=2"),
            ("https://a.test/?who=ada@example.com&b=2", "a.test/?b=2"),
            ("https://a.test/?who=Ada+%3Cada%40example.com%3E&b=2", "a.test/?b=2"),
            ("https://a.test/?ada@example.com", "a.test/"),
            ("https://a.test/?j=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "a.test/"),
            ("https://a.test/?state=Utah", "a.test/?state=Utah"),
            ("https://a.test/?state=xyz&code=abc&b=2", "a.test/?b=2"),
            ("https://a.test/?next=%2Fdone%3Ftoken%3Dabc&b=2", "a.test/?b=2"),
            ("https://a.test/?next=%2Fdone%3Fpage%3D2", "a.test/?next=%2Fdone%3Fpage%3D2"),
            ("https://a.test/?tokens=1&keyboard=2", "a.test/?tokens=1&keyboard=2"),
        ] {
            assert_eq!(page(pu).as_deref(), Ok(address), "{pu}");
        }
    }

    #[test]
    fn every_secret_key_is_dropped() {
        for key in "token access_token id_token refresh_token auth key api_key apikey password passwd pwd secret \
                    session sessionid sid phpsessid jsessionid code signature sig email e-mail mail __hs_email"
            .split_whitespace()
        {
            for key in [key.to_owned(), key.to_uppercase()] {
                assert_eq!(page(&format!("https://a.test/?{key}=v&b=2")).unwrap(), "a.test/?b=2", "{key}");
            }
        }
    }

    #[test]
    fn set_path_decides_then_the_canonical_address_then_the_page_address() {
        let pu = "https://www.a.test/x?q=1#frag";
        let canonical = Some("https://a.test/canonical/?c=1#frag");
        check(pu, None, None, "www.a.test/x?q=1");
        check(pu, None, canonical, "a.test/canonical?c=1");
        check(pu, Some("/set/?s=1"), canonical, "www.a.test/set?s=1");
        check(pu, Some("/set#/route"), None, "www.a.test/set#/route");
        check(pu, Some("/set/?s=1#/route"), None, "www.a.test/set?s=1#/route");
        check(pu, Some("/#/a/ada@b.cd?token=1&utm_source=m&k=2"), None, "www.a.test/#/a/[email]?k=2");
        check(pu, Some("/#access_token=1"), None, "www.a.test/");
        check(pu, Some("/x#"), None, "www.a.test/x");
        check(pu, Some(""), canonical, "www.a.test/");
        check(pu, Some("relative"), None, "www.a.test/relative");
        check(pu, Some("//other.test/x"), None, "www.a.test//other.test/x");
        check(pu, Some("https://other.test/x?y=1"), None, "www.a.test/x?y=1");
        check(pu, Some("https://other.test"), None, "www.a.test/");
        check(pu, Some("https://www.a.test/cart?x=1"), canonical, "www.a.test/cart?x=1");
        check(pu, Some(" HTTPS://Shop.A.test/cart/?x=1#/step "), canonical, "shop.a.test/cart?x=1#/step");
        check(pu, Some("https://ann:pw@shop.a.test"), canonical, "shop.a.test/");
        check(pu, Some("https://a.test.evil.test/x"), None, "www.a.test/x");
        check("http://10.0.0.1/x", Some("http://20.0.0.1/y"), None, "10.0.0.1/y");
        check("http://10.0.0.1/x", Some("http://10.0.0.1:81/y"), None, "10.0.0.1:81/y");
        check(pu, Some("https://a b/x?y=1"), None, "www.a.test/https://a%20b/x?y=1");
        check(pu, Some("/ä"), None, "www.a.test/%C3%A4");
    }

    #[test]
    fn a_canonical_address_of_another_site_is_ignored() {
        let pu = "https://shop.a.co.uk/x";
        check(pu, None, Some("http://www.a.co.uk/y"), "www.a.co.uk/y");
        for other in [
            "",
            "/y",
            "y",
            "ftp://shop.a.co.uk/y",
            "https://b.co.uk/y",
            "https://co.uk/y",
            "https://a.co.uk.evil.test/y",
            "javascript:alert(1)",
        ] {
            check(pu, None, Some(other), "shop.a.co.uk/x");
        }
        check("http://localhost:1/x", None, Some("http://localhost:2/y"), "localhost:2/y");
        check("http://10.0.0.1/x", None, Some("http://20.0.0.1/y"), "10.0.0.1/x");
        check("https://ada.github.io/x", None, Some("https://bob.github.io/y"), "ada.github.io/x");
    }

    #[test]
    fn an_address_that_is_no_http_url_is_refused() {
        for (pu, why) in [
            ("", Invalid::NoUrl),
            ("example.com/a", Invalid::NoUrl),
            ("/a", Invalid::NoUrl),
            ("https://", Invalid::NoUrl),
            ("https://a b/", Invalid::NoUrl),
            ("https://./", Invalid::NoUrl),
            (&format!("https://{}/", "a".repeat(scrub::HOST_MAX + 1)), Invalid::NoUrl),
            ("file:///etc/passwd", Invalid::NotHttp),
            ("about:blank", Invalid::NotHttp),
            ("javascript:alert(1)", Invalid::NotHttp),
            ("data:text/html,x", Invalid::NotHttp),
            ("ftp://example.com/a", Invalid::NotHttp),
            ("chrome-extension://abc/a.html", Invalid::NotHttp),
        ] {
            assert_eq!(page(pu), Err(why), "{pu}");
        }
    }

    /// rules.md 8
    #[test]
    fn an_address_is_taken_at_the_limit_and_refused_one_past_it() {
        let long = |bytes: usize| format!("https://a.test/{}", "x".repeat(bytes - "https://a.test/".len()));
        assert!(page(&long(URL_MAX)).is_ok());
        assert_eq!(page(&long(URL_MAX + 1)), Err(Invalid::Long));
        let path = |bytes: usize| format!("/{}", "x".repeat(bytes - "a.test/".len()));
        assert!(Page::recorded("https://a.test/", Some(&path(URL_MAX)), None).is_ok());
        assert_eq!(Page::recorded("https://a.test/", Some(&path(URL_MAX + 1)), None), Err(Invalid::Long));
        assert_eq!(
            page(&format!("https://a.test/{}", "ä".repeat(2_000))),
            Err(Invalid::Long),
            "longer once encoded"
        );
        check("https://a.test/x", None, Some(&long(URL_MAX + 1)), "a.test/x");
    }

    #[test]
    fn the_landing_is_read_from_the_page_address_before_anything_is_removed() {
        let pu = "https://a.test/?UTM_Source=+News%20letter&utm_source=second&utm_medium=&source=x&t=1&MSCLKID=1&fbclid=2";
        let landing = Page::recorded(pu, Some("/y?utm_campaign=no"), None).unwrap().landing;
        for (key, value) in
            [("utm_source", "News letter"), ("source", "x"), ("utm_medium", ""), ("utm_campaign", "")]
        {
            assert_eq!(landing.get(key), value, "{key}");
        }
        assert_eq!(landing.click_id.key(), "msclkid");
        let landing = Page::recorded("https://a.test/?utm_content=ada%40b.cd", None, None).unwrap().landing;
        assert!(landing.is_empty(), "emails are no campaign");
    }

    #[test]
    fn campaign_values_behind_the_fragment_count_when_the_query_has_none() {
        for (rest, expected) in [
            ("#utm_source=news&utm_campaign=May", ("news", "May")),
            ("?a=1#utm_source=news&utm_campaign=May", ("news", "May")),
            ("?fbclid=abc&utm_source=#utm_source=news&UTM_Campaign=M%20y", ("news", "M y")),
            ("#/shop/cart?step=2&utm_source=news", ("news", "")),
            ("#top", ("", "")),
            ("?utm_source=query#utm_source=news&utm_campaign=May", ("query", "")),
            ("?utm_term=query#utm_source=news", ("", "")),
            ("#source=news&fbclid=abc", ("", "")),
            ("#utm_source=ada%40b.cd", ("", "")),
            // The id of a campaign stands for its name.
            ("?utm_id=7", ("", "7")),
            ("?utm_id=7&utm_campaign=May", ("", "May")),
            ("#utm_id=7&utm_source=news", ("news", "7")),
        ] {
            let recorded = Page::recorded(&format!("https://a.test/{rest}"), None, None).unwrap();
            let landing = &recorded.landing;
            assert_eq!((landing.get("utm_source"), landing.campaign()), expected, "{rest}");
            assert_eq!(landing.get("source"), "", "{rest}");
            assert_eq!(
                landing.click_id.key(),
                if rest.contains("?fbclid") { "fbclid" } else { "" },
                "{rest}"
            );
            assert!(!recorded.page.address().contains("utm"), "{rest}");
        }
    }

    #[test]
    fn a_host_is_taken_at_the_limit() {
        assert!(page(&format!("https://{}/", "a".repeat(scrub::HOST_MAX))).is_ok());
    }

    proptest::proptest! {
        /// Whatever is sent, nothing panics, no email is left, and recording the result again changes nothing.
        #[test]
        fn any_text_is_recorded_safely(
            path in "(/|[a-z%40=?&;#.@é]|eyJ|\\PC){0,40}",
            po in proptest::option::of("\\PC{0,20}"),
            canonical in proptest::option::of("(https://(www\\.)?a\\.test)?\\PC{0,20}"),
        ) {
            let planted = format!("https://a.test/{path}/x/ada.planted@example.com?k=ada.planted%40example.com");
            for pu in [planted, path.clone()] {
                let Ok(recorded) = Page::recorded(&pu, po.as_deref(), canonical.as_deref()) else { continue };
                let address = recorded.page.address();
                proptest::prop_assert!(!address.contains("planted"), "{address}");
                proptest::prop_assert!(recorded.page.path.starts_with('/'));
                let again = Page::recorded(&format!("https://{address}"), None, None).map(|r| r.page.host);
                proptest::prop_assert_eq!(again, Ok(recorded.page.host));
            }
            let kept = scrub::scrub_referrer(&format!("https://ada.planted@a.test/{path}"));
            proptest::prop_assert!(!kept.contains("planted"), "{kept}");
        }
    }

    #[test]
    fn a_recorded_page_is_recorded_the_same_again() {
        for pu in [
            "https://EXAMPLE.com/%7Ea/b%2fc/?x=%41&utm_source=1&y=ada@b.cd#z",
            "https://a.test/p/ada@b.cd/",
            "https://a.test/a b/ü?ü=ü",
            "https://a.test/a;b=1;sid=2?code=1&state=2&z",
        ] {
            let once = Page::recorded(pu, None, None).unwrap().page;
            let again = Page::recorded(&format!("https://{}", once.address()), None, None).unwrap().page;
            assert_eq!(once, again, "{pu}");
        }
    }
}
