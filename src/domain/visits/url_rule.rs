//! URL rules of clicked-element and visited-URL events. A rule is an address, or a pattern with `*`. Case is ignored,
//! except for letters beyond ASCII, which pages have encoded. The script applies the same rules to clicks and forms
//! (`static/tracker`), and both must give the same result.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Host;

use super::page::{Page, plain_percent};

/// Longest rule, characters.
pub const URL_RULE_MAX: usize = 1_024;
/// Characters that are encoded in some part of an address, or may be. The script encodes the same ones.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the URL rule is empty")]
    Empty,
    #[error("the URL rule is longer than {URL_RULE_MAX} characters")]
    Long,
    #[error("the URL rule has a control character")]
    Control,
}

/// A rule as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlRule {
    text: String,
    /// The form in which pages are recorded, in lower case.
    pattern: String,
}

impl UrlRule {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::Empty);
        }
        if text.chars().count() > URL_RULE_MAX {
            return Err(Invalid::Long);
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::Control);
        }
        Ok(Self { text: text.to_owned(), pattern: as_recorded(text) })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form for the script. Browsers write hosts in ASCII.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether a recorded page matches. Its scheme is not kept, so the scheme of a rule is ignored.
    #[must_use]
    pub fn matches(&self, page: &Page) -> bool {
        let pattern = self.pattern.as_str();
        let by_path = pattern.starts_with('/');
        let mut address = if by_path { String::new() } else { page.host.clone() };
        address.push_str(&page.path);
        if pattern.contains('?') && !page.query.is_empty() {
            address.push('?');
            address.push_str(&page.query);
        }
        let address = plain(&address);
        if by_path || !(pattern.contains("://") || pattern.starts_with('*') || pattern.starts_with("http")) {
            return is_like(pattern, &address);
        }
        ["", "https://", "http://"].into_iter().any(|scheme| is_like(pattern, &format!("{scheme}{address}")))
    }
}

/// Writes a rule in the form of recorded hosts and paths. The text before the first slash is a host when a scheme is
/// in front of it or it contains a dot. `*straße*` is part of a path.
fn as_recorded(text: &str) -> String {
    if text.starts_with('/') {
        return plain(text);
    }
    let (scheme, rest) = text.split_at(text.find("://").map_or(0, |at| at + 3));
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if scheme.is_empty() && !host.contains('.') {
        return plain(text);
    }
    // A star may be within a label.
    let labels = host.split_inclusive(['*', '.', ':']).map(|label| {
        let (name, mark) = label.split_at(label.trim_end_matches(['*', '.', ':']).len());
        match Host::parse(name) {
            Ok(Host::Domain(written)) if !name.is_ascii() => format!("{written}{mark}"),
            _ => label.to_owned(),
        }
    });
    plain(&format!("{scheme}{}{path}", labels.collect::<String>()))
}

/// Brings percent-encoding into one form.
fn plain(text: &str) -> String {
    let encoded: String = utf8_percent_encode(text, ENCODED).collect();
    plain_percent(&encoded).to_ascii_lowercase()
}

/// Whether an address fits a pattern. One slash at the end of either makes no difference.
fn is_like(pattern: &str, address: &str) -> bool {
    let bare = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
    if !pattern.contains('*') {
        return bare(pattern) == bare(address);
    }
    is_match(pattern, address)
        || is_match(&bare(pattern), &bare(address))
        || is_match(pattern, &format!("{address}/"))
}

/// `*` matches any text, also an empty one. Both ends are fixed.
fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    // Each part is taken where it occurs first, because a later place would leave less text for the parts after it.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> Page {
        Page::recorded(url, None, None).unwrap().page
    }

    fn matches(rule: &str, url: &str) -> bool {
        UrlRule::parse(rule).unwrap().matches(&page(url))
    }

    #[test]
    fn an_address_without_stars_is_equal_but_for_case_one_slash_and_the_query() {
        for rule in [
            "https://www.example.com/Thanks",
            "www.example.com/thanks/",
            "/thanks",
            "/THANKS/",
            "http://www.example.com/thanks",
        ] {
            assert!(matches(rule, "https://www.example.com/thanks?utm_source=x&a=1"), "{rule}");
            assert!(matches(rule, "https://www.example.com/Thanks/"), "{rule}");
        }
        for rule in ["/thank", "/thanks/you", "example.com/thanks", "thanks", "/thanks?a=2", "/thanks?", "*"]
        {
            let matched = matches(rule, "https://www.example.com/thanks?a=1");
            assert_eq!(matched, rule == "*", "{rule}");
        }
        assert!(matches("/thanks?a=1", "https://www.example.com/thanks?a=1"));
        assert!(matches("/", "https://www.example.com"));
    }

    #[test]
    fn a_star_is_any_run_of_characters_and_both_ends_are_fixed() {
        for (rule, fits) in [
            ("/blog/*", true),
            ("/blog/*/comments", true),
            ("/blog/*/comments/", true),
            ("/*/comments", true),
            ("*/comments", true),
            ("*comments", true),
            ("*example.com/blog/*", true),
            ("https://*.example.com/*", true),
            ("http*://www.example.com/b*s", true),
            ("/blog*comments*", true),
            ("/blog/*/comments*?*", true),
            ("/blog/*?page=2", true),
            ("/blog/2*?page=3", false),
            ("/blog", false),
            ("/log/*", false),
            ("blog/*", false),
            ("/blog/*/comment", false),
            ("/*comments*comments", false),
        ] {
            assert_eq!(matches(rule, "https://www.example.com/blog/2026/comments?page=2"), fits, "{rule}");
        }
        assert!(matches("/blog/*", "https://www.example.com/blog"), "a slash at the end makes no difference");
    }

    #[test]
    fn rules_are_written_as_pages_are() {
        for (rule, written) in [
            ("/Straße/*", "/stra%c3%9fe/*"),
            ("/stra%C3%9Fe/%7Eada", "/stra%c3%9fe/~ada"),
            ("MÜNCHEN.example/*", "xn--mnchen-3ya.example/*"),
            ("https://*.münchen.example:8080/ä?ö", "https://*.xn--mnchen-3ya.example:8080/%c3%a4?%c3%b6"),
            ("*münchen.example", "*xn--mnchen-3ya.example"),
            ("*/straße/*", "*/stra%c3%9fe/*"),
            ("*straße*", "*stra%c3%9fe*"),
            ("/a b{c}", "/a%20b%7bc%7d"),
            ("/a?to=https://ä.example", "/a?to=https://%c3%a4.example"),
        ] {
            let parsed = UrlRule::parse(rule).unwrap();
            assert_eq!((parsed.pattern(), parsed.as_str()), (written, rule));
        }
    }

    #[test]
    fn rules_are_taken_at_the_limit_and_refused_one_past_it() {
        let rule = |n: usize| UrlRule::parse(&format!("/{}", "é".repeat(n - 1)));
        assert!(rule(URL_RULE_MAX).is_ok());
        assert_eq!(rule(URL_RULE_MAX + 1), Err(Invalid::Long));
        assert_eq!(UrlRule::parse(" "), Err(Invalid::Empty));
        assert_eq!(UrlRule::parse("/a\u{0}"), Err(Invalid::Control));
    }
}
