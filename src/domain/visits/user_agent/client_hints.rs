//! The client hints that browsers send beside their User-Agent (`Sec-CH-UA…`). Since User-Agents no longer change with
//! the system's version, they are all that tells Windows 11 from 10, or Brave from Chrome. Only Chromium sends them,
//! and the version of the platform only where a site asks for it.

/// Longest hint that is read, characters.
pub const HINT_MAX: usize = 256;

/// The headers as sent. Empty means absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHints<'a> {
    /// `Sec-CH-UA`: `"Chromium";v="131", "Brave";v="131", "Not_A Brand";v="24"`.
    pub brands: &'a str,
    /// `Sec-CH-UA-Mobile`: `?1` or `?0`.
    pub mobile: &'a str,
    /// `Sec-CH-UA-Platform`: `"Windows"`.
    pub platform: &'a str,
    /// `Sec-CH-UA-Platform-Version`: `"15.0.0"`.
    pub platform_version: &'a str,
}

impl<'a> ClientHints<'a> {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.brands.is_empty()
            && self.mobile.is_empty()
            && self.platform.is_empty()
            && self.platform_version.is_empty()
    }

    /// The names of the brands. Made-up ones are among them, which browsers send so that nobody relies on the order.
    pub fn brand_names(&self) -> impl Iterator<Item = &'a str> {
        // Names are what stands in quotes. The versions do, too, but after `v=`. Nothing closes the last part.
        let mut closed: Vec<&str> = self.brands.split('"').collect();
        closed.pop();
        let names: Vec<&str> = closed
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [before, quoted] if !before.trim_end().ends_with('=') => Some(quoted.trim()),
                _ => None,
            })
            .filter(|name| !name.is_empty())
            .collect();
        names.into_iter()
    }

    #[must_use]
    pub fn platform(&self) -> &'a str {
        unquoted(self.platform)
    }

    /// The number before the first dot of the platform's version.
    #[must_use]
    pub fn platform_major(&self) -> Option<u32> {
        unquoted(self.platform_version).split('.').next()?.parse().ok()
    }

    #[must_use]
    pub fn is_mobile(&self) -> Option<bool> {
        match self.mobile.trim() {
            "?1" => Some(true),
            "?0" => Some(false),
            _ => None,
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('"').trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_as_browsers_send_them() {
        let hints = ClientHints {
            brands: r#""Not;A=Brand";v="99", "Chromium";v="131", "Google Chrome";v="131""#,
            mobile: "?0",
            platform: r#""Windows""#,
            platform_version: r#""15.0.0""#,
        };
        assert_eq!(hints.brand_names().collect::<Vec<_>>(), ["Not;A=Brand", "Chromium", "Google Chrome"]);
        assert_eq!((hints.platform(), hints.platform_major()), ("Windows", Some(15)));
        assert_eq!(hints.is_mobile(), Some(false));
    }

    #[test]
    fn what_is_no_hint_is_nothing() {
        for text in ["", "\"", "\"\"", "\"\"\"", "=", "v=\"1\"", ";;;", "\u{0}"] {
            let hints = ClientHints { brands: text, mobile: text, platform: text, platform_version: text };
            assert_eq!(hints.brand_names().count(), 0, "{text}");
            assert_eq!((hints.is_mobile(), hints.platform_major()), (None, None), "{text}");
        }
    }
}
