//! The look of the consent banner: where it stands, its colours, its language and its texts. What it asks, and when it is
//! shown, is decided by the consent policy. The settings are public, because everybody can read the banner's file.

mod colour;
mod texts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

pub use colour::{CONTRAST_MIN, Colour};
pub use texts::{LABEL_MAX, TEXT_MAX, Texts, built_in};

use crate::domain::language::{LANGUAGE_MAX, normalise};

/// Most languages with texts of their own.
pub const LANGUAGES_MAX: usize = 20;
/// Longest address of the privacy statement, in bytes.
pub const PRIVACY_URL_MAX: usize = 2_048;
/// The language of pages whose language the banner does not have.
pub const FALLBACK: &str = "en";

/// The languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 11] = ["ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"];

/// Where the banner stands on a wide screen. On a narrow one it takes the whole width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    Top,
    #[default]
    Bottom,
    BottomLeft,
    BottomRight,
    Centre,
}

impl Position {
    pub const ALL: [Self; 5] = [Self::Top, Self::Bottom, Self::BottomLeft, Self::BottomRight, Self::Centre];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::BottomLeft => "bottom-left",
            Self::BottomRight => "bottom-right",
            Self::Centre => "centre",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|position| position.as_str() == text)
    }
}

/// Whether the banner is light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// As the visitor's system is.
    #[default]
    Automatic,
    Light,
    Dark,
}

impl Scheme {
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Light, Self::Dark];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == text)
    }
}

/// The settings of a banner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Banner {
    pub position: Position,
    pub scheme: Scheme,
    /// The background of the buttons.
    pub accent: Colour,
    /// The text of the buttons.
    pub accent_text: Colour,
    /// The language of the banner on every page. `None`: the language of the page, else of the browser.
    pub language: Option<String>,
    /// Texts in place of the built-in ones, by language and by the name of the text. A language that is not built in
    /// has all of them.
    pub own_texts: BTreeMap<String, BTreeMap<String, String>>,
    /// The site's privacy statement: an `https` address, or a path that begins with `/`. Empty: no link.
    pub privacy_url: String,
    /// A small button stays on the page, by which visitors change their choice.
    pub has_reopen_button: bool,
}

impl Default for Banner {
    fn default() -> Self {
        Self {
            position: Position::default(),
            scheme: Scheme::default(),
            accent: Colour { red: 0x1f, green: 0x4f, blue: 0x8f },
            accent_text: Colour::WHITE,
            language: None,
            own_texts: BTreeMap::new(),
            privacy_url: String::new(),
            has_reopen_button: true,
        }
    }
}

/// Why a banner cannot be shown as it is set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the text of the buttons has a contrast of {}.{:02} to their colour; at least 4.5 is needed", .0 / 100, .0 % 100)]
    Contrast(u32),
    #[error("a colour is written as #1f4f8f")]
    Colour,
    #[error("“{0}” is not a language tag such as nl or pt-br")]
    Language(String),
    #[error("there are texts for more than {LANGUAGES_MAX} languages")]
    Languages,
    #[error("the banner has no texts for the language “{0}”")]
    NoTexts(String),
    #[error("the banner has no text named “{0}”")]
    UnknownText(String),
    #[error("the text “{name}” is missing for the language “{language}”, which is not built in")]
    Missing { language: String, name: &'static str },
    #[error("the text “{name}” for the language “{language}” is longer than {max} characters")]
    TooLong { language: String, name: String, max: usize },
    #[error("the address of the privacy statement is longer than {PRIVACY_URL_MAX} bytes")]
    LongPrivacyUrl,
    #[error("the address of the privacy statement must begin with https://, http:// or /")]
    PrivacyUrl,
}

impl Banner {
    /// # Errors
    /// The first reason why the banner cannot be shown.
    pub fn check(&self) -> Result<(), Invalid> {
        let contrast = self.accent.contrast_with(self.accent_text);
        if contrast < CONTRAST_MIN {
            return Err(Invalid::Contrast(contrast));
        }
        if self.own_texts.len() > LANGUAGES_MAX {
            return Err(Invalid::Languages);
        }
        for (language, own) in &self.own_texts {
            check_own(language, own)?;
        }
        if let Some(language) = &self.language
            && self.texts(language).is_none()
        {
            return Err(Invalid::NoTexts(language.clone()));
        }
        check_privacy_url(&self.privacy_url)
    }

    /// The languages in which the banner may be shown, in the order of their tags.
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        if let Some(language) = &self.language {
            return vec![language];
        }
        let mut all: Vec<&str> = texts::BUILT_IN.iter().map(|(language, _)| *language).collect();
        all.extend(self.own_texts.keys().map(String::as_str));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The language of the banner for a visitor who asks for `wanted`, the best first: the whole tag, else the part
    /// before the first hyphen, else English.
    #[must_use]
    pub fn language_for<'a>(&'a self, wanted: &[&str]) -> &'a str {
        let all = self.languages();
        let find = |tag: &str| all.iter().copied().find(|known| *known == tag);
        wanted
            .iter()
            .map(|tag| normalise(tag))
            .find_map(|tag| find(&tag).or_else(|| find(primary(&tag))))
            .or_else(|| find(FALLBACK))
            .or_else(|| all.first().copied())
            .unwrap_or(FALLBACK)
    }

    /// All texts in a language. `None` when neither the product nor the account has them.
    #[must_use]
    pub fn texts(&self, language: &str) -> Option<Texts> {
        let own = self.own_texts.get(language);
        let built_in = built_in(language).or_else(|| built_in(primary(language)));
        let mut texts = match (built_in, own) {
            (None, None) => return None,
            (built_in, _) => built_in.or_else(|| texts::built_in(FALLBACK))?.clone(),
        };
        for (name, text) in own.into_iter().flatten() {
            texts.replace(name, text);
        }
        Some(texts)
    }
}

/// Whether a language is written from right to left.
#[must_use]
pub fn is_right_to_left(language: &str) -> bool {
    RIGHT_TO_LEFT.contains(&primary(language))
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

fn check_own(language: &str, own: &BTreeMap<String, String>) -> Result<(), Invalid> {
    if language.is_empty() || normalise(language) != *language {
        return Err(Invalid::Language(language.chars().take(LANGUAGE_MAX).collect()));
    }
    for (name, text) in own {
        let Some(max) = Texts::longest(name) else {
            return Err(Invalid::UnknownText(name.chars().take(LABEL_MAX).collect()));
        };
        if text.chars().count() > max {
            return Err(Invalid::TooLong { language: language.to_owned(), name: name.clone(), max });
        }
    }
    if built_in(primary(language)).is_some() {
        return Ok(());
    }
    let is_missing = |name: &&str| own.get(*name).is_none_or(|text| text.trim().is_empty());
    match Texts::NAMES.iter().copied().find(|name| is_missing(name)) {
        Some(name) => Err(Invalid::Missing { language: language.to_owned(), name }),
        None => Ok(()),
    }
}

fn check_privacy_url(address: &str) -> Result<(), Invalid> {
    if address.len() > PRIVACY_URL_MAX {
        return Err(Invalid::LongPrivacyUrl);
    }
    let is_path = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    let is_web = || Url::parse(address).is_ok_and(|url| ["https", "http"].contains(&url.scheme()));
    if address.is_empty() || is_path || is_web() { Ok(()) } else { Err(Invalid::PrivacyUrl) }
}

#[cfg(test)]
mod tests;
