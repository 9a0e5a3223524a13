//! Reads values from a file or the environment into the types that keys need. Every error says what is allowed. The
//! value of a secret key is never repeated.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::de::DeValue;

use crate::base::cidr::Cidr;

/// Longest text of one value, characters.
pub const TEXT_MAX: usize = 4_096;
/// The most entries of a list.
pub const LIST_MAX: usize = 100;
/// Longest part of a wrong value that its error repeats, characters.
const SHOWN_MAX: usize = 60;

/// One value before it is read.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// Text from the environment, which may stand for any type.
    Word(String),
    Text(String),
    Integer(Option<i128>),
    List(Vec<Raw>),
    /// Any other type of TOML, by its name.
    Other(&'static str),
}

/// A value, and whether an error may repeat it.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) secret: bool,
}

/// Keys whose values are never printed.
/// Fewest and most characters of a secret that programs send.
const TOKEN_MIN: usize = 16;
const TOKEN_MAX: usize = 256;

pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "secret", "token", "key"].iter().any(|word| key.contains(word))
}

impl Raw {
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                Self::Integer(i128::from_str_radix(&digits, number.radix()).ok())
            }
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::from_toml(item.get_ref())).collect())
            }
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Boolean(_) => Self::Other("true or false"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Table(_) => Self::Other("a section"),
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Word(_) | Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        }
    }
}

impl Given {
    /// Says `"value" is not …`, or `the value is not …` for a secret.
    fn shown(&self, text: &str) -> String {
        if self.secret {
            return "the value".to_owned();
        }
        let mut cut: String = text.chars().take(SHOWN_MAX).collect();
        if cut.len() < text.len() {
            cut.push('…');
        }
        format!("{cut:?}")
    }

    /// Text of at most `TEXT_MAX` characters without control characters.
    pub(super) fn text(&self) -> Result<&str, String> {
        let (Raw::Word(text) | Raw::Text(text)) = &self.raw else {
            return Err(format!("must be text in quotes, not {}", self.raw.kind()));
        };
        if text.chars().count() > TEXT_MAX {
            return Err(format!("is longer than {TEXT_MAX} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("contains a control character".to_owned());
        }
        Ok(text)
    }

    /// Empty means not set.
    pub(super) fn optional<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match &self.raw {
            Raw::Word(text) | Raw::Text(text) if text.is_empty() => Ok(None),
            _ => read(self).map(Some),
        }
    }

    pub(super) fn path(&self) -> Result<PathBuf, String> {
        let text = self.text()?;
        if text.is_empty() { Err("must name a file or directory".to_owned()) } else { Ok(text.into()) }
    }

    /// A secret that programs send. It is never shown.
    pub(super) fn token(&self) -> Result<String, String> {
        let text = self.text()?;
        let fits =
            (TOKEN_MIN..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| text.to_owned()).ok_or_else(|| {
            format!(
                "must have {TOKEN_MIN} to {TOKEN_MAX} characters: letters, digits and signs, without spaces"
            )
        })
    }

    pub(super) fn number(&self, range: RangeInclusive<u64>) -> Result<u64, String> {
        let number = match &self.raw {
            Raw::Integer(number) => *number,
            Raw::Word(text) => Some(text.parse().map_err(|_| {
                format!(
                    "{} is not a whole number from {} to {}",
                    self.shown(text),
                    range.start(),
                    range.end()
                )
            })?),
            other => return Err(format!("must be a whole number, not {}", other.kind())),
        };
        number
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be from {} to {}", range.start(), range.end()))
    }

    /// Bytes: a plain number, or text such as `256MiB`.
    pub(super) fn size(&self, max: u64) -> Result<u64, String> {
        let allowed = "a size (plain bytes, or text such as \"512KiB\", \"256MiB\", \"2GiB\")";
        let bytes = match &self.raw {
            Raw::Integer(number) => number.and_then(|number| u64::try_from(number).ok()),
            Raw::Word(text) | Raw::Text(text) => {
                read_size(text).ok_or_else(|| format!("{} is not {allowed}", self.shown(text)))?
            }
            other => return Err(format!("must be {allowed}, not {}", other.kind())),
        };
        bytes.filter(|bytes| *bytes <= max).ok_or_else(|| format!("must be from 0 to {}", Size(max)))
    }

    pub(super) fn address(&self) -> Result<SocketAddr, String> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("{} is not an address (such as 127.0.0.1:8080)", self.shown(text)))
    }

    pub(super) fn ranges(&self) -> Result<Vec<Cidr>, String> {
        let texts: Vec<&str> = match &self.raw {
            Raw::Word(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
            Raw::List(items) => items
                .iter()
                .map(|item| match item {
                    Raw::Text(text) => Ok(text.as_str()),
                    other => Err(format!("must contain texts in quotes, not {}", other.kind())),
                })
                .collect::<Result<_, _>>()?,
            other => return Err(format!("must be a list such as [\"10.0.0.0/8\"], not {}", other.kind())),
        };
        if texts.len() > LIST_MAX {
            return Err(format!("contains more than {LIST_MAX} entries"));
        }
        texts
            .into_iter()
            .map(|text| text.parse().map_err(|error| format!("{} is {error}", self.shown(text))))
            .collect()
    }

    /// One of the given words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, String> {
        let allowed = || words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let (Raw::Word(text) | Raw::Text(text)) = &self.raw else {
            return Err(format!("must be one of {}, not {}", allowed(), self.raw.kind()));
        };
        words
            .iter()
            .find_map(|(word, value)| (word == text).then_some(*value))
            .ok_or_else(|| format!("{} is not one of {}", self.shown(text), allowed()))
    }

    /// Scheme, host and port of a typed address, without a slash at the end.
    pub(super) fn origin(&self) -> Result<String, String> {
        let text = self.text()?;
        if text.contains('@') {
            return Err("must not contain a user name or password".to_owned());
        }
        let wrong = || {
            let shown = self.shown(text);
            format!(
                "{shown} is not the address of a site (such as https://stats.example.com, without a path)"
            )
        };
        let lower = text.to_ascii_lowercase();
        let (scheme, rest) = lower.split_once("://").ok_or_else(wrong)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let fits = matches!(scheme, "http" | "https") && is_authority(authority);
        if fits { Ok(format!("{scheme}://{authority}")) } else { Err(wrong()) }
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`, with the host in ASCII.
fn is_authority(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((v6, port)) = rest.split_once(']') else { return false };
        return v6.parse::<std::net::Ipv6Addr>().is_ok()
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= 253 && host.split('.').all(label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// `None` is no size. `Some(None)` is a size that is too large for a number.
fn read_size(text: &str) -> Option<Option<u64>> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let shift = match text.get(digits.len()..)?.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)))
}

/// Formats bytes for people, in the largest unit that leaves no rest.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if self.0 != 0 && self.0.is_multiple_of(1 << shift) {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{} bytes", self.0)
    }
}
