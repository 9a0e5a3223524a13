//! Reads browser, system and class of a device from its User-Agent, and recognises robots by name. Only families are
//! kept: nobody asks for versions, and they would make a browser easier to recognise. The expressions for browsers
//! and systems come from uap-core (`data/regexes.json`, see `data/regexes.LICENSE`); the classes are our own rule.
//! This module remembers nothing between two calls, so the caller needs a cache.

use std::sync::OnceLock;

use isbot::Bots;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use ua_parser::{os, user_agent};

use super::scrub::lines;
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

    /// Finds the class by words in the User-Agent. The first match decides, and the order matters: old versions of
    /// Windows wrote `Tablet PC`, an iPad writes `Mobile`, and a television writes `Android` or `Linux`.
    fn of(user_agent: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| user_agent.contains(word));
        if has(&OTHER_WORDS) {
            Self::Other
        } else if has(&TABLET_WORDS)
            || (user_agent.contains("Tablet") && !user_agent.contains("Tablet PC"))
            || (user_agent.contains("Android") && !has(&MOBILE_WORDS))
        {
            Self::Tablet
        } else if has(&MOBILE_WORDS) {
            Self::Mobile
        } else if has(&DESKTOP_WORDS) {
            Self::Desktop
        } else {
            Self::Other
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
    #[serde(rename = "c", default)]
    pub class: DeviceClass,
    #[serde(rename = "b", default)]
    pub browser: String,
    #[serde(rename = "o", default)]
    pub os: String,
}

/// What a User-Agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// The family of a robot (`Googlebot`, `curl`), at most `NAME_MAX` characters.
    pub bot: Option<String>,
    /// Robots have a device too, as far as they name one.
    pub device: Device,
}

/// Reads a User-Agent. Text beyond `USER_AGENT_MAX` is ignored. This takes some microseconds, and the first call
/// takes as long as `prepare`.
#[must_use]
pub fn read(user_agent: &str) -> Agent {
    let text = cut(user_agent, USER_AGENT_MAX);
    let text = text.trim();
    if text.is_empty() {
        return Agent::default();
    }
    let parsers = parsers();
    Agent {
        bot: parsers.is_bot(text).then(|| parsers.bot_family(text)),
        device: Device {
            class: DeviceClass::of(text),
            browser: parsers.browser(text),
            os: parsers.system(text),
        },
    }
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
}

/// Begins a line of `robots.txt` that leaves out an expression of the isbot crate.
const LEFT_OUT: &str = "- ";

/// Words of a User-Agent and the names they stand for.
type Words = Vec<(&'static str, &'static str)>;

fn word(words: &Words, text: &str) -> Option<&'static str> {
    words.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name)
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
        })
    }

    fn browser(&self, text: &str) -> String {
        if let Some(name) = word(&self.browser_words, text) {
            return name.to_owned();
        }
        let family = self.browsers.extract(text).map(|found| found.family).unwrap_or_default();
        cut(self.browser_name(&family), NAME_MAX)
    }

    fn system(&self, text: &str) -> String {
        if let Some(name) = word(&self.system_words, text) {
            return name.to_owned();
        }
        let family = self.systems.extract(text).map(|found| found.os).unwrap_or_default();
        cut(self.system_names.get(&*family).copied().unwrap_or(&family), NAME_MAX)
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

    #[test]
    fn known_user_agents_are_read_as_people_know_them() {
        let mut wrong = Vec::new();
        let samples: Vec<_> = lines(include_str!("../../../tests/data/user_agents.txt")).collect();
        assert!(samples.len() >= 80);
        for sample in samples {
            let columns: Vec<&str> = sample.splitn(4, '|').map(str::trim).collect();
            let [class, name, system, text] = columns.as_slice() else { panic!("{sample}") };
            let Agent { bot, device } = read(text);
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
        assert_eq!(read(&padded(USER_AGENT_MAX, " (iPhone;")).device.class, DeviceClass::Mobile);
        assert_eq!(read(&padded(USER_AGENT_MAX + 1, " (iPhone")).device.class, DeviceClass::Other);
        assert_eq!(read(&"é".repeat(USER_AGENT_MAX + 1)), Agent::default());
    }

    #[test]
    fn a_browser_without_user_agent_is_unknown_and_no_robot() {
        for text in ["", " ", "\u{0}"] {
            assert_eq!(read(text), Agent::default());
        }
    }

    #[test]
    fn names_are_cut_at_the_limit() {
        for (length, kept) in [(NAME_MAX, NAME_MAX), (NAME_MAX + 1, NAME_MAX)] {
            let family = read(&format!("{}bot/1.0", "x".repeat(length - 3))).bot;
            assert_eq!(family.map(|family| family.len()), Some(kept));
        }
    }

    #[test]
    fn every_expression_and_name_is_read() {
        let parsers = Parsers::load().unwrap();
        for table in ["data/browser_names.txt", "data/system_names.txt"] {
            let table = std::fs::read_to_string(format!("src/domain/visits/{table}")).unwrap();
            for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                assert_eq!(line.split('|').count(), 2, "{line}");
            }
        }
        assert_eq!(parsers.browser_name("Chrome Mobile iOS"), "Chrome");
        assert_eq!(parsers.browser_name("Mobile Safari UI/WKWebView"), "Safari");
    }
}
