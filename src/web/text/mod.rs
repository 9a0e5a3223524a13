//! Every text that a person sees in the pages. Each file holds the texts of some pages, each text once: its name
//! and its English words. Handlers and templates write `t.contacts.title`.
//!
//! - To find a text, search this folder for its words; to find where it is shown, search for `.` and its name.
//! - To add a text, add a line to a `texts!` list. Placeholders are `{name}` and filled in by `fill`. No text holds
//!   markup, because templates escape it. A test fails when a text is shown nowhere.
//! - To add a language, write another value of `Texts` and list it in `ALL`. A missing or misspelt text does not
//!   compile, and a test compares the placeholders with the English ones.

/// Makes a struct with one public field per text, and its English value as the constant `EN`.
///
/// ```text
/// texts! {
///     Contacts {
///         title: "Contacts",                                     // a text
///         months: ["Jan", "Feb"],                                // a list of texts
///         rows: Plural = { one: "{n} row", other: "{n} rows" },  // a value of a struct that stands elsewhere
///         wrong: Wrong { no_name: "Enter a name." },             // a group: makes the struct `Wrong`, too
///         table: Tables,                                         // a group made by another `texts!`
///     }
/// }
/// ```
macro_rules! texts {
    (@type $text:literal) => { &'static str };
    (@type [$($item:literal),*]) => { [&'static str; [$($item),*].len()] };
    (@type $of:ident) => { $of };

    (@english $text:literal) => { $text };
    (@english [$($item:literal),*]) => { [$($item),*] };
    (@english $of:ident) => { $of::EN };
    (@english $of:ident = $value:tt) => { $of $value };

    (
        $(#[$about:meta])*
        $name:ident {
            $(
                $(#[$note:meta])*
                $field:ident:
                    $($text:literal)?
                    $([$($item:literal),*])?
                    $($of:ident $(= $value:tt)? $({ $($group:tt)* })?)?
            ),* $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, serde::Serialize)]
        pub struct $name {
            $(
                $(#[$note])*
                pub $field: texts!(@type $($text)? $([$($item),*])? $($of)?),
            )*
        }

        impl $name {
            pub const EN: Self = Self {
                $($field: texts!(@english $($text)? $([$($item),*])? $($of $(= $value)?)?),)*
            };
        }

        $($($(texts! { $of { $($group)* } })?)?)*
    };
}

pub mod access;
pub mod consent;
pub mod element_picker;
pub mod error;
pub mod events;
pub mod export;
mod fill;
pub mod frame;
pub mod identity;
pub mod install;
pub mod labels;
pub mod live;
pub mod number;
mod people;
pub mod privacy;
mod reports;
pub mod statement;
pub mod tracking;

use access::Access;
use anonymous::Anonymous;
use companies::Companies;
use consent::banner_preview::BannerPreview;
use consent::pages::ConsentPages;
use consent_log::{ConsentLog, ConsentReport};
use contacts::Contacts;
use element_picker::Picker;
use error::Errors;
use events::Events;
use export::Export;
pub use fill::{Plural, fill};
use forms::Forms;
use frame::Frame;
use identity::{Identity, Placeholders};
use imports::Imports;
use install::Install;
pub use install::OutsideBanners;
use labels::Labels;
use lists::Lists;
use live::Live;
use number::Numbers;
pub use people::{companies, contacts, forms, imports, lists, properties, visitor, visitor_page};
use privacy::Privacy;
use properties::Properties;
use report::Report;
pub use reports::{anonymous, consent_log, report, saved_views, table};
use saved_views::Views;
use table::Tables;
use tracking::{OwnVisits, Tracking};
use visitor::Visitor;

texts! {
    /// All texts of one language.
    Texts {
        /// BCP 47, for `<html lang>`.
        lang: "en",
        frame: Frame,
        report: Report,
        table: Tables,
        anonymous: Anonymous,
        live: Live,
        visitor: Visitor,
        events: Events,
        contacts: Contacts,
        companies: Companies,
        imports: Imports,
        lists: Lists,
        forms: Forms,
        properties: Properties,
        views: Views,
        install: Install,
        outside_banners: OutsideBanners,
        tracking: Tracking,
        own_visits: OwnVisits,
        consent: ConsentPages,
        banner_preview: BannerPreview,
        consent_log: ConsentLog,
        consent_report: ConsentReport,
        identity: Identity,
        privacy: Privacy,
        placeholders: Placeholders,
        export: Export,
        picker: Picker,
        label: Labels,
        number: Numbers,
        error: Errors,
        access: Access,
    }
}

pub static EN: Texts = Texts::EN;

/// Every language.
pub static ALL: [&Texts; 1] = [&EN];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every text with its path.
    fn leaves(texts: &Texts) -> Vec<(String, String)> {
        fn walk(at: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
            match value {
                serde_json::Value::Object(map) => {
                    map.iter().for_each(|(key, value)| walk(&format!("{at}.{key}"), value, out));
                }
                serde_json::Value::Array(list) => {
                    list.iter().enumerate().for_each(|(i, value)| walk(&format!("{at}.{i}"), value, out));
                }
                other => out.push((at.to_owned(), other.as_str().unwrap_or_default().to_owned())),
            }
        }
        let mut out = Vec::new();
        walk("", &serde_json::to_value(texts).unwrap(), &mut out);
        out
    }

    fn places(text: &str) -> BTreeSet<String> {
        text.split('{').skip(1).map(|t| t.split_once('}').expect("a brace is closed").0.to_owned()).collect()
    }

    #[test]
    fn values_take_their_places_once() {
        assert_eq!(fill("{a} of {b}", &[("a", "{b}"), ("b", "3")]), "{b} of 3");
        assert_eq!(fill("{a}{a}", &[("a", "x")]), "xx");
        assert_eq!(fill("no {place} {", &[]), "no {place} {");
        assert_eq!(EN.report.rows.of(1, &EN.number), "1 row");
        assert_eq!(EN.report.rows.of(1_200, &EN.number), "1,200 rows");
    }

    #[test]
    fn no_text_is_empty_and_every_place_has_a_plain_name() {
        for texts in ALL {
            for (at, text) in leaves(texts) {
                assert!(!text.trim().is_empty() || at.starts_with(".number."), "{at} is empty");
                assert!(!text.contains(['<', '>', '&']), "{at} holds markup: {text}");
                for place in places(&text) {
                    assert!(place.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{at}: {place}");
                }
            }
        }
    }

    #[test]
    fn every_language_has_the_same_places() {
        for texts in ALL {
            for ((at, text), (_, english)) in leaves(texts).into_iter().zip(leaves(&EN)) {
                // "One" forms may leave the number out.
                if !at.ends_with(".one") {
                    assert_eq!(places(&text), places(&english), "{} {at}", texts.lang);
                }
            }
        }
    }

    #[test]
    fn every_text_is_shown_somewhere() {
        let mut sources = String::new();
        let mut folders = vec!["src/web".into(), "templates".into(), "static/picker".into()];
        while let Some(folder) = folders.pop() {
            let folder: std::path::PathBuf = folder;
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    sources.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for (at, _) in leaves(&EN) {
            let names: Vec<&str> = at
                .split('.')
                .filter(|n| !["", "one", "other"].contains(n) && n.parse::<usize>().is_err())
                .collect();
            let name = names.last().unwrap();
            assert!(sources.contains(&format!(".{name}")) || at == ".lang", "{at} is never shown");
        }
    }
}
