//! The script that a site includes. It is made of parts (`static/tracker`) and the options of the account. This module
//! also builds the picker (`static/picker`), which the script loads for an admin. It knows nothing of requests, the
//! store or the clock. It must never be given a secret, because everybody can read the script.
//!
//! The parts are written for people. What is served is in `static/tracker/minified`, which oxc_minifier makes of them:
//! `MINIFY=1 cargo test --test it tracker::minified`. The same test fails when a file is not what it makes.

pub mod banner;

use std::collections::BTreeMap;
use std::io::Write;

use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::domain::account::AccountId;

/// The highest compression, because a script is built once per change and served many times. The gzip is made by zopfli,
/// whose files are about 2 % smaller than those of zlib's highest level.
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW: u32 = 22;

#[derive(RustEmbed)]
#[folder = "static/picker"]
struct Picker;

/// The scripts of the parts, without the settings of an account: without a consent policy, with one, and with one that may
/// show a banner; with and without submitted forms; with and without navigation inside pages.
const MINIFIED: [[[&str; 2]; 2]; 3] = [
    [
        [
            include_str!("../../static/tracker/minified/without_moves.js"),
            include_str!("../../static/tracker/minified/script.js"),
        ],
        [
            include_str!("../../static/tracker/minified/with_forms_without_moves.js"),
            include_str!("../../static/tracker/minified/with_forms.js"),
        ],
    ],
    [
        [
            include_str!("../../static/tracker/minified/with_policies_without_moves.js"),
            include_str!("../../static/tracker/minified/with_policies.js"),
        ],
        [
            include_str!("../../static/tracker/minified/with_policies_and_forms_without_moves.js"),
            include_str!("../../static/tracker/minified/with_policies_and_forms.js"),
        ],
    ],
    [
        [
            include_str!("../../static/tracker/minified/with_banner_without_moves.js"),
            include_str!("../../static/tracker/minified/with_banner.js"),
        ],
        [
            include_str!("../../static/tracker/minified/with_banner_and_forms_without_moves.js"),
            include_str!("../../static/tracker/minified/with_banner_and_forms.js"),
        ],
    ],
];
/// The name that stands in each for the settings.
pub const ARGUMENTS: &str = "GUESTLOG_ARGUMENTS";

/// The settings of an account that the script needs. They are public, because everybody can read the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptOptions {
    pub account: AccountId,
    /// Host names without a leading dot, possibly with a port. They are the scope of cookies and the targets of
    /// decorated links.
    pub domains: Vec<String>,
    /// Cookies are set with `Secure`.
    pub secure: bool,
    /// Each subdomain has its own cookies, instead of one set for the whole domain.
    pub subdomains: bool,
    /// Nothing is sent from hosts that are not among the domains.
    pub limit: bool,
    /// Links to the account's other domains carry visitor and session along.
    pub linker: bool,
    /// Navigation inside a page counts as page views, on sites that never call `setPath` or `trackPageView`.
    pub spa: bool,
    /// What follows `#` in an address makes another page.
    pub hash: bool,
    /// A view of the first page that the site reports itself counts beside the one that is sent unasked, as HubSpot counts.
    pub twice: bool,
    /// The public address of this server, for sites that keep a copy of the script on a server of their own.
    pub server: Option<String>,
    /// Global Privacy Control of the browser counts as a refusal.
    pub gpc: bool,
    /// The rules of the consent policy, in the order in which they are preferred; `None` when the account has none.
    pub policies: Option<Vec<PolicyRule>>,
    /// Choices of earlier revisions of the policy are void; 0 means none.
    pub asked: u32,
    /// The hashes of the files of the banner, by language; none when the policy shows nothing.
    pub banner: BTreeMap<String, String>,
    /// A small button stays on the page, by which visitors change their choice.
    pub reopen: bool,
    /// The script reports that it asked.
    pub count_asked: bool,
    /// What holds where there are no rules, with HubSpot's numbers: 0 no banner, 1 no cookies, 2 notify, 3 opt-in, 4 by category, 5
    /// opt-out, 6 opt-out by category.
    pub policy: u8,
    /// The revision of the consent policy, which is sent with every hit; 0 means none.
    pub revision: u32,
    /// Clicked elements that complete an event.
    pub clicks: Vec<Rule>,
    /// Forms that complete an event when they are sent.
    pub forms: Vec<Rule>,
    /// Forms that visitors submit are read: five named fields of each.
    pub collects: bool,
    /// Names of parameters that leave no browser, in lower case.
    pub removed: Vec<String>,
    /// The custom code of events, named as in its address: `000000000001.0123456789abcdef`.
    pub codes: Vec<String>,
}

/// The id of an event, the selector of its elements, and the URL rule of the pages (empty means all). In the script
/// this is an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule(pub String, pub String, pub String);

/// A rule of the consent policy: HubSpot's number of its type, whether it honours Global Privacy Control (0 or 1), its host
/// (empty means all), the beginning of its path, and its countries and regions (none means everywhere). In the script this
/// is an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyRule(pub u8, pub u8, pub String, pub String, pub Vec<String>);

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
            policies: None,
            asked: 0,
            banner: BTreeMap::new(),
            reopen: false,
            count_asked: false,
            policy: 0,
            revision: 0,
            clicks: Vec::new(),
            forms: Vec::new(),
            collects: false,
            removed: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// The parameters of the script, each with the value that it is called with. Switches are 0 or 1.
    fn arguments(&self) -> [(&'static str, Value); 19] {
        let flag = |is_on: bool| json!(u8::from(is_on));
        [
            ("account", json!(self.account)),
            ("ownDomains", json!(self.domains)),
            ("linksCarry", flag(self.linker)),
            ("policy", json!(self.policy)),
            ("revision", json!(self.revision)),
            ("isSecure", flag(self.secure)),
            ("perSubdomain", flag(self.subdomains)),
            ("ownDomainsOnly", flag(self.limit)),
            ("fragmentIsPage", flag(self.hash)),
            ("firstViewTwice", flag(self.twice)),
            ("heedsGpc", flag(self.gpc)),
            ("publicUrl", json!(self.server.as_deref().unwrap_or_default())),
            ("codes", json!(self.codes)),
            ("forms", json!(self.forms)),
            ("clicks", json!(self.clicks)),
            ("collects", flag(self.collects)),
            ("removed", json!(self.removed)),
            ("policies", json!(self.policies.as_deref().unwrap_or_default())),
            ("question", self.question()),
        ]
    }

    /// What the script needs to ask visitors for consent; 0 where there is no policy.
    fn question(&self) -> Value {
        if self.policies.is_none() {
            return json!(0);
        }
        json!({ "since": self.asked, "files": self.banner, "reopen": self.reopen, "count": self.count_asked })
    }
}

/// The names of the script's parameters, in the order of the values that it is called with.
#[must_use]
pub fn parameters() -> Vec<&'static str> {
    ScriptOptions::new(AccountId::FIRST, Vec::new()).arguments().map(|(name, _)| name).to_vec()
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

/// Builds the script of an account. This takes about a tenth of a second, so it is done once per change and not per
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
pub fn text(options: &ScriptOptions) -> String {
    let [without_policies, with_policies, with_banner] = MINIFIED;
    let [without_forms, with_forms] = match &options.policies {
        None => without_policies,
        Some(_) if options.banner.is_empty() => with_policies,
        Some(_) => with_banner,
    };
    let [without_moves, with_moves] = if options.collects { with_forms } else { without_forms };
    let minified = if options.spa { with_moves } else { without_moves };
    let values = options.arguments().map(|(_, value)| value.to_string());
    minified.replacen(ARGUMENTS, &script_safe(&values.join(",")), 1)
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

/// The notice that the script loads for somebody who leaves their own visits out. `words` holds its texts as a JSON
/// object, and `wish` is the name of one of them.
#[must_use]
pub fn own_visits(words: &str, wish: &str) -> String {
    let notice = include_str!("../../static/own_visits/notice.js");
    format!("(() => {{\nconst words = {};\nconst wish = \"{wish}\";\n{notice}}})();\n", script_safe(words))
}

/// What HubSpot's loader includes for collected forms.
#[must_use]
pub fn form_loader() -> Script {
    pack(include_str!("../../static/forms/loader.js").to_owned())
}

fn compress(plain: &[u8]) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let mut gzip = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, plain, &mut gzip)?;
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, BROTLI_QUALITY, BROTLI_WINDOW);
    brotli.write_all(plain)?;
    brotli.flush()?;
    Ok((gzip, brotli.into_inner()))
}

fn etag(plain: &[u8]) -> String {
    let digest: String = Sha256::digest(plain).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digest}\"")
}

/// JSON that is also JavaScript, and harmless inside an HTML page.
fn script_safe(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
