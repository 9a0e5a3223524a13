//! Picking an element on a live page (rules.md 30): the address that opens the page for it, and the check of the
//! selector that comes back. A link that leaves out one's own visits opens a page in the same way.

use url::Url;

use super::event::SELECTOR_MAX;

/// The fragment begins with this, followed by the token. The script looks for the same text (`static/tracker`).
const MARK: &str = "guestlog-pick=";
/// The same for a link that leaves out one's own visits.
const OWN_VISITS_MARK: &str = "guestlog-own-visits=";
/// Longest address of a page that can be opened, characters.
pub const ADDRESS_MAX: usize = 2_048;

/// The page on which an element is picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads an http(s) address, or one without a scheme such as `example.com/shop`.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.is_empty() || typed.chars().count() > ADDRESS_MAX {
            return None;
        }
        let whole = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
        let url = Url::parse(&whole).ok()?;
        let plain =
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        (plain && url.host_str().is_some()).then_some(Self(url))
    }

    /// Lower case, with its port unless that is the default port of the scheme.
    #[must_use]
    pub fn host(&self) -> String {
        let name = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
    }

    /// The address with the token at the end of its fragment, where no server sees it. The fragment that the address
    /// had stays in front of the token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> String {
        self.with_fragment(format!("{MARK}{token}"))
    }

    /// The same with a token that leaves out one's own visits, or counts them again.
    #[must_use]
    pub fn with_own_visits_token(&self, token: &str) -> String {
        self.with_fragment(format!("{OWN_VISITS_MARK}{token}"))
    }

    fn with_fragment(&self, mark: String) -> String {
        let mut url = self.0.clone();
        let fragment = match url.fragment() {
            None | Some("") => mark,
            Some(fragment) => format!("{fragment}#{mark}"),
        };
        url.set_fragment(Some(&fragment));
        url.into()
    }
}

/// Checks a selector that the picker sent: it must be text within the limits of an event's selector.
#[must_use]
pub fn selector(text: &str) -> Option<&str> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= SELECTOR_MAX && !text.chars().any(char::is_control);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rules.md 30
    #[test]
    fn the_token_stands_at_the_end_of_the_fragment() {
        for (typed, opened) in [
            ("https://example.com/shop", "https://example.com/shop#guestlog-pick=c1"),
            ("example.com", "https://example.com/#guestlog-pick=c1"),
            ("http://localhost:3000/?a=1#", "http://localhost:3000/?a=1#guestlog-pick=c1"),
            ("https://example.com/#/cart", "https://example.com/#/cart#guestlog-pick=c1"),
        ] {
            assert_eq!(Target::parse(typed).unwrap().with_token("c1"), opened, "{typed}");
        }
        assert_eq!(Target::parse("http://Localhost:3000/a").unwrap().host(), "localhost:3000");
        let at = |n: usize| Target::parse(&format!("https://a.test/{}", "x".repeat(n - 15)));
        assert!(at(ADDRESS_MAX).is_some() && at(ADDRESS_MAX + 1).is_none());
        for none in [
            "",
            " ",
            "javascript://a.test/%0aalert(1)",
            "ftp://a.test",
            "https://a:b@a.test",
            "https://",
            "a b",
        ] {
            assert_eq!(Target::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_selector_is_taken_at_the_limit_and_refused_one_past_it() {
        assert!(selector(&"a".repeat(SELECTOR_MAX)).is_some());
        assert!(selector(&"a".repeat(SELECTOR_MAX + 1)).is_none());
        assert_eq!(selector(" #a > .b "), Some("#a > .b"));
        assert!(selector("").is_none() && selector("a\u{0}").is_none());
    }
}
