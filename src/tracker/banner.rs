//! The file with the look of the consent banner: the parts (`static/banner`), the settings of a banner, and its texts in
//! one language. It is immutable: its address holds a hash of its content, so another look has another address.
//!
//! Like the script of the tracker it is served minified: `MINIFY=1 cargo test --test it tracker::banner`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Script, pack, script_safe};
use crate::domain::account::AccountId;
use crate::domain::consent_banner::{Banner, is_right_to_left};

/// All parts with the style sheet, without the settings of a banner.
const MINIFIED: &str = include_str!("../../static/banner/minified/banner.js");
/// Shows the banner of the preview in place of the tracker's script.
const PREVIEW: &str = include_str!("../../static/banner/preview/core.js");
/// The name that stands in `MINIFIED` for the settings.
pub const ARGUMENTS: &str = "GUESTLOG_BANNER";
/// Digits of the hash in an address.
const HASH_DIGITS: usize = 16;

/// The parameters of the file, each with the value that it is called with.
fn arguments(banner: &Banner, language: &str) -> [(&'static str, Value); 8] {
    [
        ("texts", json!(banner.texts(language))),
        ("language", json!(language)),
        ("isRightToLeft", json!(u8::from(is_right_to_left(language)))),
        ("position", json!(banner.position)),
        ("scheme", json!(banner.scheme)),
        ("accent", json!(banner.accent)),
        ("accentText", json!(banner.accent_text)),
        ("privacyUrl", json!(banner.privacy_url)),
    ]
}

/// The names of the file's parameters, in the order of the values that it is called with.
#[must_use]
pub fn parameters() -> Vec<&'static str> {
    arguments(&Banner::default(), "en").map(|(name, _)| name).to_vec()
}

/// The file of a banner in a language, not compressed. `None` when the banner is not shown in that language.
#[must_use]
pub fn text(banner: &Banner, language: &str) -> Option<String> {
    if !banner.languages().contains(&language) {
        return None;
    }
    let values = arguments(banner, language).map(|(_, value)| value.to_string());
    Some(MINIFIED.replacen(ARGUMENTS, &script_safe(&values.join(",")), 1))
}

/// The same as it is served. This takes some hundredths of a second, so the result is kept.
#[must_use]
pub fn build(banner: &Banner, language: &str) -> Option<Script> {
    text(banner, language).map(pack)
}

/// The hash in the address of a file.
#[must_use]
pub fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of the files of a banner, by language.
#[must_use]
pub fn hashes(banner: &Banner) -> BTreeMap<String, String> {
    let languages = banner.languages().into_iter();
    languages.filter_map(|language| Some((language.to_owned(), hash(&text(banner, language)?)))).collect()
}

/// Where the file is served, from the root of the server: `/1000001/banner.0123456789abcdef.en.js`.
#[must_use]
pub fn path(account: AccountId, text: &str, language: &str) -> String {
    format!("/{account}/banner.{}.{language}.js", hash(text))
}

/// The file for the preview of the settings: it shows the banner of a policy type (HubSpot's number) at once. With
/// `gpc` it shows the notice about Global Privacy Control.
#[must_use]
pub fn preview(banner: &Banner, language: &str, policy_type: u8, gpc: bool) -> Option<String> {
    let is_by_category = [4, 6].contains(&policy_type);
    let policy = json!({
        "type": policy_type,
        "isByCategory": is_by_category,
        "gpc": gpc,
        "reopen": banner.has_reopen_button,
    });
    Some(text(banner, language)? + &PREVIEW.replacen("GUESTLOG_POLICY", &script_safe(&policy.to_string()), 1))
}
