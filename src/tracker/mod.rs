//! The script that a site includes. It is made of parts (`static/tracker`) and the options of the account. This module
//! also builds the picker (`static/picker`), which the script loads for an admin. It knows nothing of requests, the
//! store or the clock. It must never be given a secret, because everybody can read the script.
//!
//! The parts are written for people. What is served is `static/tracker/minified/script.js`, which oxc_minifier makes of
//! them: `MINIFY=1 cargo test --test it tracker::minified`. The same test fails when the file is not what it makes.

use std::io::Write;

use rust_embed::RustEmbed;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::account::AccountId;

/// The highest compression. A script is built once per change and served many times.
const GZIP_LEVEL: u32 = 9;
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW: u32 = 22;

#[derive(RustEmbed)]
#[folder = "static/picker"]
struct Picker;

/// The script without options, which is the same for all accounts.
const MINIFIED: &str = include_str!("../../static/tracker/minified/script.js");
/// The name that stands in it for the options of the account.
const OPTIONS: &str = "GUESTLOG_OPTIONS";

/// The settings of an account that the script needs. They are public, because everybody can read the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScriptOptions {
    pub account: AccountId,
    /// Host names without a leading dot, possibly with a port. They are the scope of cookies and the targets of
    /// decorated links.
    pub domains: Vec<String>,
    /// Cookies are set with `Secure`.
    #[serde(skip_serializing_if = "is_default")]
    pub secure: bool,
    /// Each subdomain has its own cookies, instead of one set for the whole domain.
    #[serde(skip_serializing_if = "is_default")]
    pub subdomains: bool,
    /// Nothing is sent from hosts that are not among the domains.
    #[serde(skip_serializing_if = "is_default")]
    pub limit: bool,
    /// Links to the account's other domains carry visitor and session along.
    #[serde(skip_serializing_if = "is_default")]
    pub linker: bool,
    /// Navigation inside a page counts as page views, on sites that never call `setPath` or `trackPageView`.
    #[serde(skip_serializing_if = "is_default")]
    pub spa: bool,
    /// What follows `#` in an address makes another page.
    #[serde(skip_serializing_if = "is_default")]
    pub hash: bool,
    /// A view of the first page that the site reports itself counts beside the one that is sent unasked, as HubSpot counts.
    #[serde(skip_serializing_if = "is_default")]
    pub twice: bool,
    /// The public address of this server, for sites that keep a copy of the script on a server of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Global Privacy Control of the browser counts as a refusal.
    #[serde(skip_serializing_if = "is_default")]
    pub gpc: bool,
    /// The consent policy with HubSpot's numbers: 0 no banner, 1 no cookies, 2 notify, 3 opt-in, 4 by category, 5
    /// opt-out, 6 opt-out by category.
    #[serde(skip_serializing_if = "is_default")]
    pub policy: u8,
    /// The revision of the consent policy, which is sent with every hit; 0 means none.
    #[serde(rename = "rev", skip_serializing_if = "is_default")]
    pub revision: u32,
    /// Clicked elements that complete an event.
    #[serde(skip_serializing_if = "is_default")]
    pub clicks: Vec<Rule>,
    /// Forms that complete an event when they are sent.
    #[serde(skip_serializing_if = "is_default")]
    pub forms: Vec<Rule>,
    /// The custom code of events, named as in its address: `000000000001.0123456789abcdef`.
    #[serde(skip_serializing_if = "is_default")]
    pub codes: Vec<String>,
}

/// The id of an event, the selector of its elements, and the URL rule of the pages (empty means all). In the script
/// this is an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule(pub String, pub String, pub String);

/// Settings that are off or 0 are left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ScriptOptions {
    /// The settings of a new account.
    #[must_use]
    pub fn new(account: AccountId, domains: Vec<String>) -> Self {
        Self {
            account,
            domains,
            secure: false,
            subdomains: false,
            limit: false,
            linker: true,
            spa: true,
            hash: false,
            twice: false,
            server: None,
            gpc: false,
            policy: 0,
            revision: 0,
            clicks: Vec::new(),
            forms: Vec::new(),
            codes: Vec::new(),
        }
    }
}

/// A script in the three encodings in which it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub plain: Vec<u8>,
    pub gzip: Vec<u8>,
    pub brotli: Vec<u8>,
    /// A strong etag with its quotes. It changes with every byte of `plain`.
    pub etag: String,
}

/// Builds the script of an account. This takes some tens of milliseconds, so it is done once per change and not per
/// request.
#[must_use]
pub fn build(options: &ScriptOptions) -> Script {
    pack(text(options))
}

#[expect(clippy::expect_used, reason = "a Vec takes every byte")]
fn pack(text: String) -> Script {
    let plain = text.into_bytes();
    let (gzip, brotli) = compress(&plain).expect("written to memory");
    Script { etag: etag(&plain), plain, gzip, brotli }
}

/// The script that `build` serves, not compressed.
#[must_use]
#[expect(clippy::expect_used, reason = "numbers, booleans and strings are always JSON")]
pub fn text(options: &ScriptOptions) -> String {
    let options = script_safe(&serde_json::to_string(options).expect("plain options"));
    MINIFIED.replacen(OPTIONS, &options, 1)
}

/// The picker of elements, which the script loads only after the server has confirmed the token (rules.md 30).
/// `words` holds its texts as a JSON object.
#[must_use]
pub fn picker(words: &str) -> Script {
    let part = |name| Picker::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    // The file is a module. Nothing imports it here, so the export is removed.
    let finder = part("finder.js").unwrap_or_default().replace("\nexport function ", "\nfunction ");
    let picker = part("picker.js").unwrap_or_default();
    pack(format!("(() => {{\nconst words = {};\n{finder}\n{picker}}})();\n", script_safe(words)))
}

fn compress(plain: &[u8]) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    gzip.write_all(plain)?;
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, BROTLI_QUALITY, BROTLI_WINDOW);
    brotli.write_all(plain)?;
    brotli.flush()?;
    Ok((gzip.finish()?, brotli.into_inner()))
}

fn etag(plain: &[u8]) -> String {
    let digest: String = Sha256::digest(plain).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digest}\"")
}

/// JSON that is also JavaScript, and harmless inside an HTML page.
fn script_safe(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
