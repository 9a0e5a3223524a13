//! Finds, reads and walks the TOML file. All mistakes are found at once, each with its line.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Problem};
use super::keys::{self, FACTS, KEYS, MAP_KEYS, MAPS_MAX, SECTIONS};
use super::settings::{Config, GeoMap};
use super::value::{Given, Raw, Size, is_secret};

/// Largest file, bytes.
pub const FILE_MAX: u64 = 1 << 20;

/// The first of `places` that exists.
pub(super) fn find(places: &[&Path]) -> Result<Option<(Vec<u8>, PathBuf)>, ConfigError> {
    for path in places {
        match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            _ => return read(path).map(|bytes| Some((bytes, path.to_path_buf()))),
        }
    }
    Ok(None)
}

/// Reads at most `FILE_MAX` bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let name = path.display().to_string();
    let wrong = |error: std::io::Error| ConfigError::one(&name, None, format!("cannot be read: {error}"));
    let file = std::fs::File::open(path).map_err(wrong)?;
    if file.metadata().map_err(wrong)?.is_dir() {
        return Err(ConfigError::one(&name, None, "is a directory, not a file"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

pub(super) fn parse(bytes: &[u8], name: &str) -> Result<Config, ConfigError> {
    if bytes.len() as u64 > FILE_MAX {
        return Err(ConfigError::one(name, None, format!("is larger than {}", Size(FILE_MAX))));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = bytes.get(..error.valid_up_to()).map(line_after);
            return Err(ConfigError::one(name, line, "is not UTF-8 text"));
        }
    };
    if let Some(at) = text.find('\0') {
        let line = text.get(..at).map(|before| line_after(before.as_bytes()));
        return Err(ConfigError::one(name, line, "contains a NUL character, so it is not a text file"));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, &span));
        ConfigError::one(name, line, format!("is not valid TOML: {}", error.message()))
    })?;
    let mut walk = Walk { text, name, config: Config::default(), problems: Vec::new() };
    walk.document(table.get_ref());
    walk.problems.sort_by_key(|problem| problem.line);
    if walk.problems.is_empty() { Ok(walk.config) } else { Err(ConfigError { problems: walk.problems }) }
}

fn line_after(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    line_after(text.as_bytes().get(..span.start).unwrap_or_default())
}

/// Walks through the document, notes what is wrong and continues.
struct Walk<'a> {
    text: &'a str,
    name: &'a str,
    config: Config,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn wrong(&mut self, span: &Range<usize>, key: &str, what: String) {
        let line = Some(line_of(self.text, span));
        self.problems.push(Problem { place: self.name.to_owned(), line, key: Some(shorten(key)), what });
    }

    fn unknown(&mut self, span: &Range<usize>, key: &str, name: &str, prefix: &str, allowed: &[&str]) {
        let near = keys::nearest(name, allowed.iter().copied());
        let near: Vec<String> = near.iter().map(|near| format!("{prefix}{near}")).collect();
        self.wrong(span, key, format!("not a known key; allowed: {}", near.join(", ")));
    }

    fn document(&mut self, document: &DeTable<'_>) {
        for (section, content) in document {
            let (span, section) = (section.span(), section.get_ref().as_ref());
            match content.get_ref() {
                _ if !SECTIONS.contains(&section) => self.unknown_section(&span, section),
                DeValue::Table(table) if section == "geo" => self.geo(table),
                DeValue::Table(table) => self.section(section, table),
                _ => self.wrong(&span, section, format!("must be a section, written [{section}]")),
            }
        }
    }

    /// For a key that was written outside its section, the error says where it belongs.
    fn unknown_section(&mut self, span: &Range<usize>, section: &str) {
        let homes: Vec<String> =
            KEYS.iter().filter(|key| key.name == section).map(super::keys::Key::full).collect();
        if homes.is_empty() {
            let near = keys::nearest(section, SECTIONS.iter().copied());
            let near: Vec<String> = near.iter().map(|near| format!("[{near}]")).collect();
            self.wrong(span, section, format!("not a known section; allowed: {}", near.join(", ")));
        } else {
            self.wrong(span, section, format!("not a known key; allowed: {}", homes.join(", ")));
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let (span, name) = (name.span(), name.get_ref().as_ref());
            let full = format!("{section}.{name}");
            let Some(key) = KEYS.iter().find(|key| key.section == section && key.name == name) else {
                let all: Vec<&str> =
                    KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect();
                self.unknown(&span, &full, name, &format!("{section}."), &all);
                continue;
            };
            if let Err(what) = (key.set)(&mut self.config, &given(name, value)) {
                self.wrong(&value.span(), &full, what);
            }
        }
    }

    fn geo(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let span = name.span();
            let name = name.get_ref().as_ref();
            match value.get_ref() {
                _ if name != "map" => self.unknown(&span, &format!("geo.{name}"), name, "geo.", &["map"]),
                DeValue::Array(maps) if maps.len() > MAPS_MAX => {
                    self.wrong(&span, "geo.map", format!("more than {MAPS_MAX} maps"));
                }
                DeValue::Array(maps) => maps.iter().for_each(|map| self.map(map)),
                _ => self.wrong(&span, "geo.map", "must be written [[geo.map]]".to_owned()),
            }
        }
    }

    fn map(&mut self, entry: &Spanned<DeValue<'_>>) {
        let DeValue::Table(table) = entry.get_ref() else {
            self.wrong(&entry.span(), "geo.map", "must be written [[geo.map]]".to_owned());
            return;
        };
        let mut map = GeoMap::default();
        let before = self.problems.len();
        for (name, value) in table {
            let (span, name) = (name.span(), name.get_ref().as_ref());
            let full = format!("geo.map.{name}");
            match value.get_ref() {
                DeValue::Table(places) if name == "map" => self.places(places, &mut map),
                _ if !MAP_KEYS.contains(&name) => self.unknown(&span, &full, name, "geo.map.", MAP_KEYS),
                _ => {
                    if let Err(what) = keys::set_map(&mut map, name, &given(name, value)) {
                        self.wrong(&value.span(), &full, what);
                    }
                }
            }
        }
        if self.problems.len() > before {
            return;
        }
        if map.path.as_os_str().is_empty() {
            self.wrong(&entry.span(), "geo.map.path", "is missing (the path of the map file)".to_owned());
        } else {
            self.config.maps.push(map);
        }
    }

    fn places(&mut self, table: &DeTable<'_>, map: &mut GeoMap) {
        for (name, value) in table {
            let (span, name) = (name.span(), name.get_ref().as_ref());
            let full = format!("geo.map.map.{name}");
            let Some((_, fact)) = FACTS.iter().find(|(known, _)| *known == name) else {
                let all: Vec<&str> = FACTS.iter().map(|(known, _)| *known).collect();
                self.unknown(&span, &full, name, "map.", &all);
                continue;
            };
            match keys::place(&given(name, value)) {
                Ok(place) => map.places.push((*fact, place)),
                Err(what) => self.wrong(&value.span(), &full, what),
            }
        }
    }
}

fn given(name: &str, value: &Spanned<DeValue<'_>>) -> Given {
    Given { raw: Raw::from_toml(value.get_ref()), secret: is_secret(name) }
}

/// An unknown key may be of any length and hold anything, so it is shortened for the error.
fn shorten(key: &str) -> String {
    key.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}
