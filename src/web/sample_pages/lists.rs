//! Samples of the pages about lists.

use std::collections::BTreeMap;

use askama::Template;

use super::fixtures::{ARABIC, HOSTILE, LONG, layout};
use super::people::contact_row;
use crate::app::reports::Table;
use crate::app::reports::lists::{ListReport, ListRow};
use crate::base::clock::MINUTE;
use crate::domain::event::EventNumber;
use crate::domain::list::{Conditions, ListId, ListKind};
use crate::domain::user::Role;
use crate::web::admin::people::lists;
use crate::web::admin::people::lists::condition::Choices;
use crate::web::admin::people::lists::fields::Groups;
use crate::web::admin::people::lists::form::{self, Preview, TypedList};
use crate::web::admin::people::lists::words::Names;
use crate::web::response::page::{Layout, Section};
use crate::web::text::EN;

const CONDITIONS: &str = r#"{"any":[{"all":[
    {"activity":{"measure":"completions","filters":["event:is:000000000001","device:is:mobile","country:is:NL","tag:is:x"],
        "is":"at_least","number":2,"within":{"last":{"amount":7,"unit":"days"}}}},
    {"activity":{"measure":"page_views","filters":["page:contains:/thanks"],"is":"at_most","number":0,
        "within":{"last":{"amount":24,"unit":"hours"}}}},
    {"submission":{"form":3,"is":"at_least","number":1,"within":{"last":{"amount":30,"unit":"days"}}}},
    {"completion_property":{"event":1,"property":"Size","test":"is","value":"L","is":"at_most","number":0}},
    {"activity":{"measure":"value","filters":[],"is":"at_least","number":10000}}]},
    {"all":[
    {"moment":{"field":"last_seen","within":{"earlier":{"amount":90,"unit":"days"}}}},
    {"moment":{"field":"created","within":{"between":{"from":"2026-01-01","to":"2026-01-31"}}}},
    {"text":{"field":"email","is":"ends_with","value":"@example.com"}},
    {"text":{"field":"company","is":"is","value":"example.com"}},
    {"text":{"field":"original_source","is":"is","value":"ORGANIC_SEARCH"}},
    {"text":{"field":{"property":"plan"},"is":"is_unknown","value":""}},
    {"list":{"list":2,"is_member":false}}]}]}"#;

fn page_layout(title: &str, name: &str, role: Role) -> Layout {
    let mut layout = layout(title, Section::Lists, name);
    layout.viewer = layout.viewer.map(|viewer| crate::web::response::page::Viewer { role, ..viewer });
    layout
}

fn names(text: &str) -> Names {
    Names {
        events: BTreeMap::from([(EventNumber(1), text.to_owned())]),
        lists: BTreeMap::from([(ListId(2), text.to_owned())]),
        forms: BTreeMap::from([(3, text.to_owned())]),
        currency: "EUR".into(),
    }
}

fn row(layout: &Layout, id: i64, name: &str) -> ListRow {
    ListRow {
        id: ListId(id),
        name: name.to_owned(),
        kind: if id == 2 { ListKind::Static } else { ListKind::Active },
        size: 12_345,
        built_at: None,
        built: (id != 3).then(|| layout.now.plus(-2 * MINUTE)),
        conditions: Conditions::parse(CONDITIONS).unwrap(),
    }
}

fn all(name: &str, lists_named: &[&str], role: Role) -> String {
    let layout = page_layout(EN.lists.title, name, role);
    let rows = (1..).zip(lists_named).map(|(id, name)| row(&layout, id, name)).collect();
    lists::list_page(layout, &names(name), rows).render().unwrap()
}

fn one(name: &str, emails: &[&str], role: Role) -> String {
    let layout = page_layout(name, name, role);
    let list = ListRow { built: None, ..row(&layout, 1, name) };
    let rows: Vec<_> = (1..).zip(emails).map(|(n, email)| contact_row(n, email)).collect();
    let next = (!rows.is_empty()).then(|| "7".to_owned());
    let total = if rows.is_empty() { 0 } else { 12_345 };
    let found = ListReport {
        shown_conditions: list.conditions.clone(),
        list,
        table: Table { rows, total, next, ..Table::default() },
    };
    lists::show_page(layout, &names(name), 1, &found).render().unwrap()
}

fn form(name: &str, list: Option<ListId>, is_wrong: bool) -> String {
    let layout = page_layout(EN.lists.title_new, name, Role::Editor);
    let typed = TypedList {
        name: name.to_owned(),
        kind: ListKind::Active,
        groups: Groups::of(&Conditions::parse(CONDITIONS).unwrap(), 2),
    };
    let choices = Choices { names: names(name), events: vec![(EventNumber(1), name.to_owned())] };
    let preview = Preview {
        said: EN.lists.fits.of(12_345, &EN.number),
        examples: vec![lists::member(&layout, "EUR", &contact_row(1, name))],
        damaged: Some("2026-11-02".into()),
    };
    let wrong = match is_wrong {
        true => vec![
            ("name", EN.lists.wrong.taken.to_owned()),
            ("conditions", format!("{name}: {}", EN.lists.wrong.day)),
        ],
        false => Vec::new(),
    };
    let preview = (!is_wrong).then_some(preview);
    form::page(layout, list, &typed, &choices, preview, &wrong).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_lists() -> Vec<(&'static str, String)> {
    let full = "Northwind Traders";
    let some = ["Active in the last 7 days", "Customers of January", "Abandoned cart"];
    let people = ["jan.de.vries@example.com", "somebody.with.a.long.name@a-long-host-name.example.com"];
    vec![
        ("lists", all(full, &some, Role::Editor)),
        ("lists-viewer", all(full, &some, Role::Viewer)),
        ("lists-none", all("Harbour Books", &[], Role::Editor)),
        ("lists-none-viewer", all("Harbour Books", &[], Role::Viewer)),
        ("lists-hostile", all(HOSTILE, &[HOSTILE, LONG, ARABIC], Role::Editor)),
        ("list", one(full, &people, Role::Editor)),
        ("list-none", one("Abandoned cart", &[], Role::Viewer)),
        ("list-hostile", one(HOSTILE, &[HOSTILE, LONG, ARABIC], Role::Editor)),
        ("list-new", form(full, None, false)),
        ("list-edit-wrong", form(HOSTILE, Some(ListId(1)), true)),
    ]
}
