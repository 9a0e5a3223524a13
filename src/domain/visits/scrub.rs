//! Removes secrets and personal data from URLs before anything is kept: answers of sign-in services, session ids,
//! tokens and emails (rules.md 14). What may be a secret is dropped as a whole and never masked in part. Every URL
//! must pass through this module before it is stored or shown.

use std::borrow::Cow;
use std::sync::OnceLock;

use percent_encoding::percent_decode_str;
use rustc_hash::FxHashSet;
use url::Url;

use crate::domain::text::cut;

/// Longest referrer that is kept, bytes. A longer one is cut (rules.md 8).
pub const REFERRER_MAX: usize = 8 * 1024;
/// Replaces a path segment that holds an email.
pub const EMAIL_MARK: &str = "[email]";
/// Replaces a path segment that holds a signed token.
pub const TOKEN_MARK: &str = "[token]";
/// Values may be percent-encoded several times. This many layers are examined.
const LAYERS: usize = 3;
/// Shortest JSON Web Token, characters.
const JWT_MIN: usize = 20;
/// Longest host name, characters (RFC 1035).
pub const HOST_MAX: usize = 253;

/// The lines of a data table without comments and empty ones.
pub(super) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The pairs of a query as they are written, without empty ones.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Decodes one layer of a query's encoding (`+` is a space).
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// A key in the form of the tables.
pub(super) fn plain_key(key: &str) -> Cow<'_, str> {
    let key = decode(key);
    if key.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(key.to_ascii_lowercase()) } else { key }
}

/// Whether the value of this key is never kept. The key must be in the form that `plain_key` gives.
#[must_use]
pub fn is_secret_key(key: &str) -> bool {
    static KEYS: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| lines(include_str!("data/secret_keys.txt")).collect());
    keys.contains(key.strip_suffix("[]").unwrap_or(key))
}

/// Whether a value, as it is written in a URL, holds an email, a signed token, or an address with a secret.
#[must_use]
pub fn holds_secret(written: &str) -> bool {
    let mut value = Cow::Borrowed(written);
    for _ in 0..LAYERS {
        if holds_email(&value) || holds_jwt(&value) || holds_secret_pair(&value) {
            return true;
        }
        if !value.contains('%') {
            return false;
        }
        value = Cow::Owned(percent_decode_str(&value).decode_utf8_lossy().into_owned());
    }
    holds_email(&value) || holds_jwt(&value)
}

/// A whole address may be inside a value: `next=/done?token=…`.
fn holds_secret_pair(value: &str) -> bool {
    value.contains('=')
        && value
            .split(['?', '&', '#', ';'])
            .filter_map(|piece| piece.split_once('='))
            .any(|(key, secret)| !secret.is_empty() && is_secret_key(&plain_key(key)))
}

fn holds_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let local = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_-+".contains(c));
        let end = after
            .char_indices()
            .skip(1)
            .find(|(_, c)| !c.is_alphanumeric() && *c != '-' && *c != '.')
            .map_or(after.len(), |(end, _)| end);
        let domain = after.get(1..end).unwrap_or_default().trim_end_matches('.');
        let top = domain.rsplit_once('.').map_or("", |(name, top)| if name.is_empty() { "" } else { top });
        local && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)
    })
}

/// A JSON Web Token has three base64url parts, and the first one encodes a text that begins with `{"`.
fn holds_jwt(text: &str) -> bool {
    text.contains("eyJ")
        && text
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .filter_map(|run| run.find("eyJ").and_then(|at| run.get(at..)))
            .any(|token| token.len() >= JWT_MIN && token.bytes().filter(|b| *b == b'.').count() >= 2)
}

/// The query without secrets, and without the keys for which `drop` is true.
#[must_use]
pub fn kept_query(query: &str, drop: impl Fn(&str) -> bool) -> String {
    // This is found out once, because a query may repeat the key a thousand times.
    let has_code = query.contains("state") && pairs(query).any(|(key, _)| plain_key(key) == "code");
    let mut kept = String::with_capacity(query.len());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = plain_key(key);
        if drop(&plain)
            || is_secret_key(&plain)
            || (plain == "state" && has_code)
            || holds_secret(key)
            || holds_secret(value)
        {
            continue;
        }
        if !kept.is_empty() {
            kept.push('&');
        }
        kept.push_str(pair);
    }
    kept
}

/// The path without emails, signed tokens and session ids (`;jsessionid=…`).
#[must_use]
pub fn kept_path(path: &str) -> Cow<'_, str> {
    if !path.contains(['@', '%', ';']) && !path.contains("eyJ") {
        return Cow::Borrowed(path);
    }
    let segments: Vec<Cow<'_, str>> = path.split('/').map(kept_segment).collect();
    Cow::Owned(segments.join("/"))
}

fn kept_segment(segment: &str) -> Cow<'_, str> {
    let mut parts = segment.split(';');
    let name = parts.next().unwrap_or_default();
    let mut kept = Cow::Borrowed(name);
    for part in parts {
        let key = part.split_once('=').map_or(part, |(key, _)| key);
        if !is_secret_key(&plain_key(key)) {
            kept.to_mut().push(';');
            kept.to_mut().push_str(part);
        }
    }
    let mut decoded = Cow::Borrowed(&*kept);
    for _ in 0..LAYERS {
        if holds_email(&decoded) {
            return Cow::Borrowed(EMAIL_MARK);
        }
        if holds_jwt(&decoded) {
            return Cow::Borrowed(TOKEN_MARK);
        }
        if !decoded.contains('%') {
            break;
        }
        decoded = Cow::Owned(percent_decode_str(&decoded).decode_utf8_lossy().into_owned());
    }
    drop(decoded);
    kept
}

/// What becomes of emails that stand alone in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emails {
    Masked,
    /// The text is about a person, and a site that sends it means the email.
    Kept,
}

/// The form in which a text is kept that is no address itself, such as a title: addresses in it lose their secrets, and
/// emails and signed tokens are replaced. Only whole words change.
#[must_use]
pub fn kept_text(text: &str, emails: Emails) -> Cow<'_, str> {
    if !text.contains(['@', '=', '%']) && !text.contains("eyJ") {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        kept.push_str(&kept_word(word, emails));
        kept.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    Cow::Owned(kept)
}

fn kept_word(word: &str, emails: Emails) -> Cow<'_, str> {
    if word.contains("://") || word.contains('?') || word.starts_with('/') {
        return Cow::Owned(kept_address(word));
    }
    if !holds_secret(word) {
        return Cow::Borrowed(word);
    }
    let mut decoded = Cow::Borrowed(word);
    for _ in 0..LAYERS {
        if holds_email(&decoded) {
            return match emails {
                Emails::Masked => Cow::Borrowed(EMAIL_MARK),
                Emails::Kept => Cow::Borrowed(word),
            };
        }
        decoded = Cow::Owned(percent_decode_str(&decoded).decode_utf8_lossy().into_owned());
    }
    Cow::Borrowed(TOKEN_MARK)
}

/// An address as it stands in a text: without user, secrets in path, query and fragment.
fn kept_address(address: &str) -> String {
    let (rest, fragment) = address.split_once('#').unwrap_or((address, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let without_user = path.split_once("://").and_then(|(scheme, after)| {
        let (host, tail) = after.split_at(after.find('/').unwrap_or(after.len()));
        let (_, host) = host.rsplit_once('@')?;
        Some(format!("{scheme}://{host}{tail}"))
    });
    let mut kept = kept_path(without_user.as_deref().unwrap_or(path)).into_owned();
    let query = kept_query(query, |_| false);
    if !query.is_empty() {
        kept.push('?');
        kept.push_str(&query);
    }
    if !fragment.is_empty() && !holds_secret(fragment) {
        kept.push('#');
        kept.push_str(fragment);
    }
    kept
}

/// Whether the value of a property with this name is never kept. In an address `code` or `key` is mostly a secret; as the
/// name of a property it is mostly a coupon or a product.
#[must_use]
pub fn is_secret_property(name: &str) -> bool {
    const NOT_SECRET: &[&str] =
        &["auth", "code", "e-mail", "email", "key", "mail", "session", "sid", "sig", "signature"];
    let name = name.trim().to_lowercase();
    is_secret_key(&name) && !NOT_SECRET.contains(&&*name)
}

/// The form of a referring address that is kept: without user, fragment and secrets, at most `REFERRER_MAX` bytes. It
/// is empty when the scheme is not `http`, `https` or `android-app`.
#[must_use]
pub fn scrub_referrer(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return String::new() };
    let Some(host) = url.host_str().filter(|host| (1..=HOST_MAX).contains(&host.len())) else {
        return String::new();
    };
    if !matches!(url.scheme(), "http" | "https" | "android-app") {
        return String::new();
    }
    let mut kept = String::with_capacity(text.len());
    kept.push_str(url.scheme());
    kept.push_str("://");
    kept.push_str(host);
    if let Some(port) = url.port() {
        kept.push(':');
        kept.push_str(&port.to_string());
    }
    kept.push_str(&kept_path(url.path()));
    if let Some(query) = url.query() {
        let query = kept_query(query, |_| false);
        if !query.is_empty() {
            kept.push('?');
            kept.push_str(&query);
        }
    }
    // The url crate writes ASCII only, so a character is a byte.
    cut(&kept, REFERRER_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_words_and_loses_secrets() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
        for (sent, kept) in [
            ("Guide  number 7\tof Example", "Guide  number 7\tof Example"),
            ("50% off = 2 @ home", "50% off = 2 @ home"),
            ("Inbox (2) of ada@example.com ", "Inbox (2) of [email] "),
            ("<ada%40example.com>", "[email]"),
            ("Signed in: eyJ", "Signed in: eyJ"),
            (&format!("id {jwt} end"), "id [token] end"),
            ("reset token=abc now", "reset [token] now"),
            ("see https://a.test/x?token=1&q=2#access_token=3 there", "see https://a.test/x?q=2 there"),
            ("https://ada:pw@a.test/u/ada@b.cd", "https://a.test/u/[email]"),
            ("/done?sid=1", "/done"),
            ("/done?page=2#part", "/done?page=2#part"),
            ("{\"next\":\"https://a.test/?a=1&password=2\"}", "{\"next\":\"https://a.test/?a=1"),
        ] {
            assert_eq!(kept_text(sent, Emails::Masked), kept, "{sent}");
        }
        let said = "ada@example.com https://a.test/?to=ada@example.com";
        assert_eq!(kept_text(said, Emails::Kept), "ada@example.com https://a.test/");
        assert_eq!(kept_text(jwt, Emails::Kept), TOKEN_MARK);
        assert!(is_secret_property("Password") && is_secret_property(" api_key "));
        assert!(!is_secret_property("code") && !is_secret_property("email") && !is_secret_property("plan"));
    }

    #[test]
    fn a_referrer_is_kept_without_user_fragment_and_secrets() {
        for (sent, kept) in [
            ("https://www.Google.com/", "https://www.google.com/"),
            ("https://ada:pw@b.test/x?token=1&q=2#frag", "https://b.test/x?q=2"),
            ("https://b.test:8443/x?code=1", "https://b.test:8443/x"),
            ("https://b.test/u/ada@b.cd?next=%2F%3Fsid%3D1", "https://b.test/u/[email]"),
            ("https://b.test/x?utm_source=kept", "https://b.test/x?utm_source=kept"),
            ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
            ("android-app://com.Slack", "android-app://com.Slack"),
            ("", ""),
            ("b.test", ""),
            ("about:blank", ""),
            ("data:text/html,x", ""),
            ("file:///home/ada/x.html", ""),
            ("mailto:ada@b.cd", ""),
            ("javascript:alert(1)", ""),
            (&format!("https://{}", "a".repeat(HOST_MAX + 1)), ""),
        ] {
            assert_eq!(scrub_referrer(sent), kept, "{sent}");
        }
    }

    /// rules.md 8
    #[test]
    fn a_referrer_is_cut_at_the_limit() {
        let long = |bytes: usize| format!("https://b.test/{}", "x".repeat(bytes - "https://b.test/".len()));
        assert_eq!(scrub_referrer(&long(REFERRER_MAX)), long(REFERRER_MAX));
        assert_eq!(scrub_referrer(&long(REFERRER_MAX + 1)), long(REFERRER_MAX));
        let wide = scrub_referrer(&format!("https://b.test/{}", "ä".repeat(REFERRER_MAX)));
        assert_eq!(wide.len(), REFERRER_MAX);
    }

    #[test]
    fn emails_and_signed_tokens_are_found_however_they_are_written() {
        for secret in [
            "ada@example.com",
            "ada+tag@mail.example.co.uk",
            "mailto:ada@example.com?x",
            "ada%40example.com",
            "ada%2540example.com",
            "ada%252540example.com",
            "jörg@bücher.example",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "Bearer%20eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "/a?password=x",
            "%2Fa%3Fpassword%3Dx",
        ] {
            assert!(holds_secret(secret), "{secret}");
        }
        for plain in [
            "",
            "@",
            "@ada",
            "a@b",
            "a@1.2.3",
            "https://social.test/@ada",
            "eyJ",
            "eyJ.a.b",
            "a=b",
            "100%",
            "%40",
        ] {
            assert!(!holds_secret(plain), "{plain}");
        }
    }
}
