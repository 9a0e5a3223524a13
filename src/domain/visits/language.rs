//! The language of a browser as the script reports it (`navigator.language`).

/// Longest language kept, characters (rules.md 8).
pub const LANGUAGE_MAX: usize = 32;

/// Brings a language into the stored form: `de-DE` becomes `de-de`. The result is empty when the text is longer than
/// `LANGUAGE_MAX`, or has anything but letters and digits with hyphens between them. `_` counts as a hyphen, because
/// old systems write it.
#[must_use]
pub fn normalise(text: &str) -> String {
    let text = text.trim();
    let fits = text.len() <= LANGUAGE_MAX
        && text
            .split(['-', '_'])
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if fits { text.to_ascii_lowercase().replace('_', "-") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_lower_case_and_anything_else_is_none() {
        for (sent, kept) in [
            ("de-DE", "de-de"),
            ("EN", "en"),
            ("zh-Hant-TW", "zh-hant-tw"),
            (" pt_BR ", "pt-br"),
            ("es-419", "es-419"),
            ("", ""),
            ("-", ""),
            ("en-", ""),
            ("en--us", ""),
            ("123", ""),
            ("en;q=0.8", ""),
            ("en us", ""),
            ("dé", ""),
            ("<b>", ""),
        ] {
            assert_eq!(normalise(sent), kept, "{sent}");
        }
        assert_eq!(normalise(&"a".repeat(LANGUAGE_MAX)).len(), LANGUAGE_MAX);
        assert_eq!(normalise(&"a".repeat(LANGUAGE_MAX + 1)), "");
    }
}
