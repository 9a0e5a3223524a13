//! The pages of properties from sample data.

use askama::Template;

use super::events::{FULL, NOW, named};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use crate::app::reports::properties::{DeclaredRow, PropertiesReport, UndeclaredRow};
use crate::base::clock::HOUR;
use crate::domain::property_type::{Invalid, PropertyType};
use crate::domain::user::Role;
use crate::web::admin::settings::properties::{self, Typed, Wrong};
use crate::web::response::page::Section;
use crate::web::text::EN;

fn list(name: &str, texts: &[&str]) -> String {
    let declared = |(n, text): (usize, &&str)| DeclaredRow {
        name: text.to_lowercase(),
        label: (*text).to_owned(),
        kind: PropertyType::ALL[n % 5].as_str(),
        choices: if n == 4 { vec!["Free".to_owned(), "Pro".to_owned(), name.to_owned()] } else { Vec::new() },
        contacts: 1_234 * n as u64,
        misfits: if n % 2 == 1 { 17 } else { 0 },
        refused: 12_345 * n as u64,
        last_refused: (n > 0).then(|| NOW.plus(-HOUR)),
    };
    let undeclared = |text: &&str| UndeclaredRow { name: (*text).to_owned(), contacts: 40 };
    let found = PropertiesReport {
        declared: texts.iter().enumerate().map(declared).collect(),
        undeclared: texts.iter().map(undeclared).collect(),
        undeclared_total: if texts.is_empty() { 0 } else { 1_000 },
        undeclared_left_out: name == HOSTILE,
    };
    let mut layout = named(EN.properties.title, name, Role::Editor);
    layout.section = Some(Section::Settings);
    properties::list_page(layout, Role::Editor, &found).render().unwrap()
}

fn form(name: &str, property: &str, wrong: Option<Wrong>, is_new: bool) -> String {
    let typed = Typed {
        name: property.to_owned(),
        label: property.to_owned(),
        kind: PropertyType::Choice.as_str().to_owned(),
        choices: format!("Free\n{property}"),
        wrong,
    };
    let mut layout = named("", name, Role::Editor);
    layout.section = Some(Section::Settings);
    properties::form_page(layout, Role::Editor, &typed, is_new).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_properties() -> Vec<(&'static str, String)> {
    let usual = ["Seats", "Customer since", "Newsletter", "Remarks", "Plan"];
    let long = Some(Wrong::Invalid(Invalid::SameChoice));
    vec![
        ("properties", list(FULL, &usual)),
        ("properties-none", list("Harbour Books", &[])),
        ("properties-hostile", list(HOSTILE, &[HOSTILE, LONG, ARABIC, "a", HOSTILE])),
        ("property-new", form(FULL, "plan", None, true)),
        ("property-new-wrong", form(FULL, HOSTILE, Some(Wrong::TooMany), true)),
        ("property-edit", form(FULL, "plan", None, false)),
        ("property-edit-wrong", form(FULL, LONG, long, false)),
    ]
}
