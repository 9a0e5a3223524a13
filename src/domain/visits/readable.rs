//! Addresses as people read, type and export them: `bücher.example/日本/a b` instead of
//! `xn--bcher-kva.example/%E6%97%A5%E6%9C%AC/a%20b`. Stored addresses are encoded. Reports work with the readable text
//! only, so what is shown, linked and exported finds itself again when it is typed.

use std::borrow::Cow;

/// The scheme that is left out of a referrer.
const USUAL_SCHEME: &str = "https://";
/// How the labels of a domain begin that are written in the letters of a language.
const ENCODED_LABEL: &str = "xn--";

/// An address with its letters decoded. What would change the meaning of the address stays encoded (`% / ? # &`), and so
/// do characters that cannot be seen or that turn the direction of the text, and spaces where they would be lost: at the
/// end and beside another one. The text of an address that is readable already stays as it is.
#[must_use]
pub fn readable(address: &str) -> Cow<'_, str> {
    let with_host = match address.contains(ENCODED_LABEL) {
        true => readable_host(address),
        false => Cow::Borrowed(address),
    };
    match with_host.contains('%') {
        true => Cow::Owned(with_visible_spaces(decode(&with_host))),
        false => with_host,
    }
}

/// A referring address: without the scheme where that is https, and without the slash behind a bare host.
#[must_use]
pub fn readable_referrer(address: &str) -> Cow<'_, str> {
    let bare = address.strip_prefix(USUAL_SCHEME).unwrap_or(address);
    let rest = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let is_bare_host = rest.find('/').is_some_and(|at| at + 1 == rest.len());
    readable(if is_bare_host { bare.strip_suffix('/').unwrap_or(bare) } else { bare })
}

fn decode(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find('%') {
        let (before, escaped) = rest.split_at(at);
        text.push_str(before);
        let (bytes, length) = escaped_bytes(escaped);
        for chunk in bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                if is_readable(char) {
                    text.push(char);
                } else {
                    escape(&mut text, char.to_string().as_bytes());
                }
            }
            escape(&mut text, chunk.invalid());
        }
        // A percent sign that encodes nothing.
        if length == 0 {
            text.push('%');
        }
        rest = escaped.get(length.max(1)..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

fn with_visible_spaces(text: String) -> String {
    if !text.ends_with(' ') && !text.contains("  ") {
        return text;
    }
    let mut visible = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            (' ', None | Some(' ')) => visible.push_str("%20"),
            _ => visible.push(char),
        }
    }
    visible
}

/// The bytes that are percent-encoded at the start of the text, and the length of that encoding.
fn escaped_bytes(text: &str) -> (Vec<u8>, usize) {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |group: &[u8]| match *group {
        [b'%', high, low] => Some(digit(high)? * 16 + digit(low)?),
        _ => None,
    };
    let bytes: Vec<u8> = text.as_bytes().chunks(3).map_while(byte).collect();
    let length = bytes.len() * 3;
    (bytes, length)
}

fn is_readable(char: char) -> bool {
    const MARKS: [char; 8] =
        ['\u{ad}', '\u{61c}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{3164}', '\u{feff}'];
    let has_meaning = matches!(char, '%' | '/' | '?' | '#' | '&');
    let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_odd_space = char.is_whitespace() && char != ' ';
    !has_meaning && !char.is_control() && !is_odd_space && !turns && !MARKS.contains(&char)
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push_str(&format!("%{byte:02X}"));
    }
}

/// Decodes the host of an address that may have a scheme before it and a port and a path behind it.
fn readable_host(address: &str) -> Cow<'_, str> {
    let begin = address.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = address.split_at(begin);
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    if !name.contains(ENCODED_LABEL) {
        return Cow::Borrowed(address);
    }
    match idna::domain_to_unicode(name) {
        // Only a name that comes out as the same name again when it is typed.
        (readable, Ok(())) if idna::domain_to_ascii(&readable).is_ok_and(|ascii| ascii == name) => {
            Cow::Owned([scheme, &readable, port, path].concat())
        }
        _ => Cow::Borrowed(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded_as_far_as_they_stay_the_same_address() {
        for (stored, shown) in [
            ("/plain", "/plain"),
            ("/%E6%97%A5/x%e6%9c%ac", "/日/x本"),
            ("/ar/%D8%A7", "/ar/ا"),
            ("/x%3Ey", "/x>y"),
            ("/%3Cb%3E%22%27", "/<b>\"'"),
            ("/a%20b", "/a b"),
            ("/a%20", "/a%20"),
            ("/a%20%20b", "/a%20 b"),
            ("/%25%2F%3F%23%26", "/%25%2F%3F%23%26"),
            ("/%2541", "/%2541"),
            ("/%00%0A%7F", "/%00%0A%7F"),
            ("/%E2%80%AEgpj.exe", "/%E2%80%AEgpj.exe"),
            ("/%E2%80%8B%C2%A0", "/%E2%80%8B%C2%A0"),
            ("/%F0%9F%90%88%E2%80%8D%E2%AC%9B", "/🐈\u{200d}⬛"),
            ("/%FF%E6%97", "/%FF%E6%97"),
            ("100%", "100%"),
            ("%%E6%97%A5%zz%4", "%日%zz%4"),
            ("日%C3%A9", "日é"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("xn--bcher-kva.example:8080/%D0%BF?q=xn--a", "bücher.example:8080/п?q=xn--a"),
            ("http://www.xn--bcher-kva.example/", "http://www.bücher.example/"),
            ("xn--a.example", "xn--a.example"),
            ("a.example/xn--bcher-kva", "a.example/xn--bcher-kva"),
        ] {
            assert_eq!(readable(stored), shown, "{stored}");
            assert_eq!(readable(shown), shown, "what is readable stays as it is");
        }
    }

    #[test]
    fn referrers_lose_what_is_usual() {
        for (stored, shown) in [
            ("https://news.example/", "news.example"),
            ("https://news.example/a/", "news.example/a/"),
            ("http://news.example/", "http://news.example"),
            ("https://xn--bcher-kva.example/%D0%BF", "bücher.example/п"),
            ("android-app://com.example/", "android-app://com.example"),
            ("", ""),
        ] {
            assert_eq!(readable_referrer(stored), shown, "{stored}");
            assert_eq!(readable_referrer(shown), shown);
        }
    }
}
