//! Reads browser, system and class of a device from its User-Agent and its client hints, and recognises robots by name.
//! Only families are kept: nobody asks for versions, and they would make a browser easier to recognise. Of Windows it is
//! said as much as is known, because its 10 and its 11 send the same User-Agent. The expressions for browsers
//! and systems come from uap-core (`data/regexes.json`, see `data/regexes.LICENSE`); the classes are our own rule.
//! This module remembers nothing between two calls, so the caller needs a cache.

use std::sync::OnceLock;

use isbot::Bots;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use ua_parser::{os, user_agent};

use super::client_hints::ClientHints;
use super::tablet;
use crate::domain::scrub::lines;
use crate::domain::text::cut;

/// Longest User-Agent that is read, characters. A longer one is cut (rules.md 8).
pub const USER_AGENT_MAX: usize = 1_024;
/// Longest name of a browser, a system or a robot, characters.
pub const NAME_MAX: usize = 64;

/// The class of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DeviceClass {
    Desktop,
    Mobile,
    Tablet,
    /// Televisions, consoles, watches, headsets, and everything unknown.
    #[default]
    Other,
}

impl DeviceClass {
    pub const ALL: [Self; 4] = [Self::Desktop, Self::Mobile, Self::Tablet, Self::Other];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Finds the class by the client hints and by words in the User-Agent. The first match decides, and the order
    /// matters: old versions of Windows wrote `Tablet PC`, an iPad writes `Mobile`, and a television writes `Android` or
    /// `Linux`.
    fn of(user_agent: &str, hints: &ClientHints<'_>) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| user_agent.contains(word));
        if has(&OTHER_WORDS) {
            return Self::Other;
        }
        if has(&TABLET_WORDS)
            || (user_agent.contains("Tablet") && !user_agent.contains("Tablet PC"))
            || tablet::is_named(user_agent)
        {
            return Self::Tablet;
        }
        match (hints.platform(), hints.is_mobile()) {
            ("Android", Some(true)) => Self::Mobile,
            ("Android", Some(false)) => Self::Tablet,
            ("Windows" | "macOS" | "Linux" | "Chrome OS" | "Chromium OS", Some(false)) => Self::Desktop,
            _ if user_agent.contains("Android") && !has(&MOBILE_WORDS) => Self::Tablet,
            _ if has(&MOBILE_WORDS) => Self::Mobile,
            _ if has(&DESKTOP_WORDS) => Self::Desktop,
            _ => Self::Other,
        }
    }
}

const OTHER_WORDS: [&str; 29] = [
    "SmartTV",
    "SMART-TV",
    "Smart-TV",
    "Smart TV",
    "SmartHub",
    "AppleTV",
    "Apple TV",
    "GoogleTV",
    "Google TV",
    "Android TV",
    "Chromecast",
    "CrKey",
    "BRAVIA",
    "HbbTV",
    "Web0S",
    "NetCast",
    "Roku",
    "; AFT",
    "NETTV",
    "Viera",
    "VIDAA",
    "PlayStation",
    "PLAYSTATION",
    "Xbox",
    "Nintendo",
    "Watch",
    "OculusBrowser",
    "Quest ",
    "Tizen 2.4; TV",
];
const TABLET_WORDS: [&str; 5] = ["iPad", "PlayBook", "Kindle", "KFAPWI", "Silk-Accelerated"];
const MOBILE_WORDS: [&str; 14] = [
    "Mobi",
    "iPhone",
    "iPod",
    "Windows Phone",
    "BlackBerry",
    "BB10",
    "Opera Mini",
    "KAIOS",
    "Symbian",
    "SymbOS",
    "MIDP",
    "UCWEB",
    "webOS/",
    "Dalvik",
];
const DESKTOP_WORDS: [&str; 8] =
    ["Windows", "Macintosh", "Mac OS X", "X11", "CrOS", "Linux", "FreeBSD", "OpenBSD"];

/// What a User-Agent says about a browser. Names are families, and empty means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    pub class: DeviceClass,
    pub browser: String,
    pub os: String,
}

/// What a User-Agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// The family of a robot (`Googlebot`, `curl`), at most `NAME_MAX` characters.
    pub bot: Option<String>,
    /// Robots have a device too, as far as they name one.
    pub device: Device,
    /// The client hints name a browser without a window, and the User-Agent does not.
    pub is_headless: bool,
}

/// Reads a User-Agent with its client hints. Text beyond `USER_AGENT_MAX` is ignored. This takes some microseconds, and
/// the first call takes as long as `prepare`.
#[must_use]
pub fn read(user_agent: &str, hints: &ClientHints<'_>) -> Agent {
    let text = cut(user_agent, USER_AGENT_MAX);
    let text = text.trim();
    if text.is_empty() && hints.is_empty() {
        return Agent::default();
    }
    let parsers = parsers();
    let class = DeviceClass::of(text, hints);
    let bot = parsers.is_bot(text).then(|| parsers.bot_family(text));
    let is_headless = bot.is_none() && hints.brand_names().any(|brand| brand.starts_with("Headless"));
    let browser = parsers.browser(text, hints);
    let os = parsers.system(text, class, hints);
    Agent { bot, device: Device { class, browser, os }, is_headless }
}

/// Loads the expressions, which takes about a tenth of a second once. It is called at the start so that no visitor
/// waits for it.
pub fn prepare() {
    parsers();
}

struct Parsers {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
    bots: Bots,
    browser_names: FxHashMap<&'static str, &'static str>,
    system_names: FxHashMap<&'static str, &'static str>,
    browser_words: Words,
    system_words: Words,
    robot_words: Words,
    brand_words: Words,
    platform_words: Words,
}

/// Begins a line of `robots.txt` that leaves out an expression of the isbot crate.
const LEFT_OUT: &str = "- ";

/// Words of a User-Agent and the names they stand for.
type Words = Vec<(&'static str, &'static str)>;

fn word(words: &Words, text: &str) -> Option<&'static str> {
    words.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name)
}

fn equal(words: &Words, text: &str) -> Option<&'static str> {
    words.iter().find(|(word, _)| text == *word).map(|(_, name)| *name)
}

/// The name of a Windows. User-Agents have said 10.0 for good since 2021, so only a client hint tells an 11: it counts on
/// from 13, while 10 has the numbers up to 10 and what came before has 0.
fn windows(user_agent: &str, hints: &ClientHints<'_>) -> &'static str {
    match hints.platform_major() {
        Some(0) => "Windows before 10",
        Some(1..13) => "Windows 10",
        Some(13..) => "Windows 11",
        None if user_agent.contains("Windows NT 10.") || !user_agent.contains("Windows") => {
            "Windows 10 or 11"
        }
        None => "Windows before 10",
    }
}

/// The two lists of `regexes.yaml` that are read. The third list, of device models, would cost more than both and is
/// not needed.
#[derive(Deserialize)]
struct Expressions {
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
    os_parsers: Vec<os::Parser<'static>>,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("an expression for browsers: {0}")]
    Browser(#[from] ua_parser::Error),
    #[error("an expression for systems: {0}")]
    System(#[from] ua_parser::ParseError),
    #[error("the filter of the expressions: {0}")]
    Filter(#[from] ua_parser::BuildError),
}

#[expect(clippy::expect_used, reason = "the tables are part of the binary; the tests read them")]
fn parsers() -> &'static Parsers {
    static PARSERS: OnceLock<Parsers> = OnceLock::new();
    PARSERS.get_or_init(|| Parsers::load().expect("the tables of User-Agents can be read"))
}

impl Parsers {
    fn load() -> Result<Self, Broken> {
        let expressions: Expressions = serde_json::from_str(include_str!("data/regexes.json"))?;
        let mut bots = Bots::default();
        let robots = || lines(include_str!("data/robots.txt"));
        bots.remove(&robots().filter_map(|line| line.strip_prefix(LEFT_OUT)).collect::<Vec<_>>());
        bots.append(&robots().filter(|line| !line.starts_with(LEFT_OUT)).collect::<Vec<_>>());
        let names = |table: &'static str| {
            lines(table).filter_map(|line| line.split_once('|')).map(|(a, b)| (a.trim(), b.trim())).collect()
        };
        let words = |what: &str| {
            lines(include_str!("data/agent_words.txt"))
                .filter_map(|line| {
                    line.split_once('|').filter(|(of, _)| of.trim() == what)?.1.split_once('|')
                })
                .map(|(word, name)| (word.trim(), name.trim()))
                .collect()
        };
        Ok(Self {
            browsers: user_agent::Builder::new().push_all(expressions.user_agent_parsers)?.build()?,
            systems: os::Builder::new().push_all(expressions.os_parsers)?.build()?,
            bots,
            browser_names: names(include_str!("data/browser_names.txt")),
            system_names: names(include_str!("data/system_names.txt")),
            browser_words: words("browser"),
            system_words: words("system"),
            robot_words: words("robot"),
            brand_words: words("brand"),
            platform_words: words("platform"),
        })
    }

    fn browser(&self, text: &str, hints: &ClientHints<'_>) -> String {
        if let Some(name) = word(&self.browser_words, text) {
            return name.to_owned();
        }
        let family = self.browsers.extract(text).map(|found| found.family).unwrap_or_default();
        let name = self.browser_name(&family);
        // Some browsers have the User-Agent of Chrome to the letter.
        if matches!(name, "Chrome" | "Chromium" | "")
            && let Some(brand) = hints.brand_names().find_map(|brand| equal(&self.brand_words, brand))
        {
            return brand.to_owned();
        }
        cut(name, NAME_MAX)
    }

    fn system(&self, text: &str, class: DeviceClass, hints: &ClientHints<'_>) -> String {
        if let Some(name) = word(&self.system_words, text) {
            return name.to_owned();
        }
        // A television says the platform that its browser was made for.
        let platform = equal(&self.platform_words, hints.platform()).filter(|_| class != DeviceClass::Other);
        let family = self.systems.extract(text).map(|found| found.os).unwrap_or_default();
        let family = self.system_names.get(&*family).copied().unwrap_or(&family);
        match platform.unwrap_or(family) {
            "Windows" => windows(text, hints).to_owned(),
            name => cut(name, NAME_MAX),
        }
    }

    fn browser_name<'a>(&self, family: &'a str) -> &'a str {
        if let Some(name) = self.browser_names.get(family) {
            return name;
        }
        let name = family.strip_suffix(" iOS").unwrap_or(family);
        let name = name.strip_suffix(" Mobile").unwrap_or(name);
        name.strip_prefix("Mobile ").unwrap_or(name)
    }

    fn is_bot(&self, text: &str) -> bool {
        self.bots.is_bot(text) && {
            let lower = text.to_ascii_lowercase();
            !lines(include_str!("data/not_robots.txt")).any(|word| lower.contains(word))
        }
    }

    /// The name of a robot. It is the product that makes it a robot (`Googlebot/2.1` gives `Googlebot`). Otherwise it
    /// is the first product of a text that does not pretend to be a browser, and otherwise the one that calls itself
    /// compatible.
    fn bot_family(&self, text: &str) -> String {
        if let Some(name) = word(&self.robot_words, text) {
            return name.to_owned();
        }
        let products = || {
            text.split(|c: char| c.is_whitespace() || "();,\"'".contains(c))
                .filter(|product| !product.is_empty() && !product.contains("://") && !product.contains('@'))
        };
        let robot = products().find(|product| self.bots.is_bot(product));
        let first = || products().next().filter(|product| !product.starts_with("Mozilla/"));
        let compatible = || {
            let (_, rest) = text.split_once("compatible;")?;
            rest.split([';', ')', '/']).map(str::trim).find(|name| !name.is_empty())
        };
        let name = robot.or_else(first).or_else(compatible).unwrap_or("robot");
        cut(name.split('/').find(|part| !part.is_empty()).unwrap_or("robot"), NAME_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(user_agent: &str) -> Agent {
        read(user_agent, &ClientHints::default())
    }

    #[test]
    fn known_user_agents_are_read_as_people_know_them() {
        let mut wrong = Vec::new();
        let samples: Vec<_> = lines(include_str!("../../../../tests/data/user_agents.txt")).collect();
        assert!(samples.len() >= 80);
        for sample in samples {
            let columns: Vec<&str> = sample.splitn(4, '|').map(str::trim).collect();
            let [class, name, system, text] = columns.as_slice() else { panic!("{sample}") };
            let Agent { bot, device, .. } = plain(text);
            let found = match &bot {
                Some(family) => ["bot", family, &device.os],
                None => [device.class.as_str(), &device.browser, &device.os],
            };
            // For a robot, the system is compared only if it names one.
            if found != [*class, *name, *system] && !(bot.is_some() && system.is_empty() && found[1] == *name)
            {
                wrong.push(format!("{found:?}: {sample}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// rules.md 8
    #[test]
    fn a_user_agent_is_read_up_to_the_limit() {
        let padded = |length: usize, end: &str| format!("{}{end}", "x".repeat(length - end.len()));
        assert_eq!(plain(&padded(USER_AGENT_MAX, " (iPhone;")).device.class, DeviceClass::Mobile);
        assert_eq!(plain(&padded(USER_AGENT_MAX + 1, " (iPhone")).device.class, DeviceClass::Other);
        assert_eq!(plain(&"é".repeat(USER_AGENT_MAX + 1)), Agent::default());
    }

    #[test]
    fn a_browser_without_user_agent_is_unknown_and_no_robot() {
        for text in ["", " ", "\u{0}"] {
            assert_eq!(plain(text), Agent::default());
        }
    }

    #[test]
    fn names_are_cut_at_the_limit() {
        for (length, kept) in [(NAME_MAX, NAME_MAX), (NAME_MAX + 1, NAME_MAX)] {
            let family = plain(&format!("{}bot/1.0", "x".repeat(length - 3))).bot;
            assert_eq!(family.map(|family| family.len()), Some(kept));
        }
    }

    #[test]
    fn every_expression_and_name_is_read() {
        let parsers = Parsers::load().unwrap();
        for table in ["data/browser_names.txt", "data/system_names.txt"] {
            let table = std::fs::read_to_string(format!("src/domain/visits/user_agent/{table}")).unwrap();
            for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                assert_eq!(line.split('|').count(), 2, "{line}");
            }
        }
        assert_eq!(parsers.browser_name("Chrome Mobile iOS"), "Chrome");
        assert_eq!(parsers.browser_name("Mobile Safari UI/WKWebView"), "Safari");
    }

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                          Chrome/131.0.0.0 Safari/537.36";

    #[test]
    fn client_hints_say_what_the_user_agent_does_not() {
        let seen = |hints| {
            let Agent { device, is_headless, .. } = read(CHROME, &hints);
            (device.class.as_str(), device.browser, device.os, is_headless)
        };
        let expected =
            |class, browser: &str, os: &str, headless| (class, browser.to_owned(), os.to_owned(), headless);
        let hints = |brands, mobile, platform, platform_version| ClientHints {
            brands,
            mobile,
            platform,
            platform_version,
        };
        assert_eq!(seen(ClientHints::default()), expected("desktop", "Chrome", "Windows 10 or 11", false));
        assert_eq!(
            seen(hints(r#""Brave";v="131", "Not_A Brand";v="24""#, "?0", "\"Windows\"", "")),
            expected("desktop", "Brave", "Windows 10 or 11", false)
        );
        for (version, name) in [
            ("0.3.0", "Windows before 10"),
            ("1.0.0", "Windows 10"),
            ("10.0.0", "Windows 10"),
            ("13.0.0", "Windows 11"),
            ("15.0.0", "Windows 11"),
            ("x", "Windows 10 or 11"),
        ] {
            let found = seen(hints("", "?0", "\"Windows\"", version));
            assert_eq!(found, expected("desktop", "Chrome", name, false), "{version}");
        }
        assert_eq!(
            seen(hints(r#""HeadlessChrome";v="131""#, "?0", "\"Linux\"", "")),
            expected("desktop", "Chrome", "Linux", true)
        );
        assert_eq!(seen(hints("", "?1", "\"Android\"", "")), expected("mobile", "Chrome", "Android", false));
        assert_eq!(seen(hints("", "?0", "\"Android\"", "")), expected("tablet", "Chrome", "Android", false));
        let made_up = seen(hints("\"Headless", "?2", "\"Amiga\"", "-1"));
        assert_eq!(made_up, expected("desktop", "Chrome", "Windows 10 or 11", false));
    }

    #[test]
    fn a_robot_that_says_so_does_not_hide() {
        let hints = ClientHints { brands: r#""HeadlessChrome";v="131""#, ..ClientHints::default() };
        let agent = read(&CHROME.replace("Chrome/", "HeadlessChrome/"), &hints);
        assert_eq!((agent.bot.as_deref(), agent.is_headless), (Some("HeadlessChrome"), false));
    }
}
