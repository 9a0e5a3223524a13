//! The pages of forms from sample data.

use askama::Template;

use super::fixtures::{ARABIC, HOSTILE, LONG, layout};
use crate::app::reports::forms::{FormField, FormReport, SubmissionRow, Wanted};
use crate::app::reports::{FormRow, Table};
use crate::base::clock::{DAY, HOUR, MINUTE, Millis};
use crate::domain::period::Zone;
use crate::web::admin::people::forms::{form, list as forms};
use crate::web::admin::people::visitor::TimelineParams;
use crate::web::response::page::Section;
use crate::web::text::EN;

const NOW: Millis = Millis(1_795_377_600_000);
const FULL: &str = "Northwind Traders";

fn zone() -> Zone {
    Zone::named("Europe/Amsterdam")
}

fn row(id: i64, name: &str) -> FormRow {
    let seen = u64::try_from(id * 4_120 % 9_000).unwrap();
    let visitors = seen / 17;
    FormRow {
        id,
        name: name.into(),
        host: if id == 2 { String::new() } else { "example.com".into() },
        path: if id == 2 { String::new() } else { format!("/{}", name.to_lowercase()) },
        submissions: visitors + 40,
        contacts: visitors / 2,
        visitors,
        page_visitors: (id != 2).then_some(seen),
        conversion_rate: (id != 2).then_some(1.0 / 17.0),
        first_seen: NOW.plus(-90 * DAY),
        last_seen: NOW.plus(-id * 47 * MINUTE),
    }
}

fn list(name: &str, names: &[&str], is_damaged: bool) -> String {
    let rows: Vec<FormRow> = (1..).zip(names).map(|(id, name)| row(id, name)).collect();
    let found = Table {
        total: rows.len() as u64,
        rows,
        damaged: if is_damaged { vec!["2026-11-20".into()] } else { Vec::new() },
        ..Table::default()
    };
    let layout = layout(EN.forms.title, Section::Forms, name);
    forms::page(layout, &zone(), Wanted { limit: 100, ..Wanted::default() }, 1, &found).render().unwrap()
}

fn submission(n: i64, email: Option<&str>, fields: &[(&str, &str)]) -> SubmissionRow {
    let field = |(name, value): &(&str, &str)| FormField { name: (*name).into(), value: (*value).into() };
    SubmissionRow {
        at: NOW.plus(-n * 5 * HOUR),
        contact_id: email.map(|_| n),
        email: email.map(str::to_owned),
        is_new_contact: n == 1,
        visitor: (n != 2).then_some(4_711),
        host: "example.com".into(),
        path: "/contact".into(),
        title: "Contact".into(),
        verified: n == 2,
        collected: n == 3,
        consent: if n == 3 { "granted" } else { "server" },
        fields: fields.iter().map(field).collect(),
        consent_text: match n {
            1 => r#"{"consent":{"consentToProcess":true,"text":"I agree that you store my answers.",
                     "communications":[{"value":true,"subscriptionTypeId":1,"text":"Send me news."}]}}"#
                .into(),
            _ => String::new(),
        },
    }
}

fn one(name: &str, title: &str, rows: Vec<SubmissionRow>, sees_fields: bool) -> String {
    let next = (rows.len() > 2).then(|| "1.1".to_owned());
    let total = rows.len() as u64 + 40;
    let table = Table { rows, total, next, ..Table::default() };
    let report = FormReport { form: row(1, title), table };
    let params = TimelineParams { after: None, row: 1, limit: 50 };
    form::page(layout(title, Section::Forms, name), &zone(), &params, sees_fields, &report).render().unwrap()
}

pub(super) fn pages_of_forms() -> Vec<(&'static str, String)> {
    let names = ["contact-us", "0f1b9a6c-8d3e-4d7b-9e55-2c8b3a0c4e11", "newsletter", "demo-request"];
    let message = "Could you tell me\nwhat the large model costs?\n\nI would need it by March, in blue.";
    let jan = [
        ("email", "jan.de.vries@example.com"),
        ("firstname", "Jan"),
        ("company", "De Vries"),
        ("message", message),
    ];
    let many: Vec<(String, String)> = (0..30).map(|n| (format!("field_{n}"), format!("value {n}"))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let full = vec![
        submission(1, Some("jan.de.vries@example.com"), &jan),
        submission(2, Some("somebody.with.a.long.name@a-long-host-name.example.com"), &many),
        submission(3, None, &[("comment", "Nice site")]),
        submission(4, Some("b@b.test"), &[]),
    ];
    let odd = vec![
        submission(1, Some(LONG), &[(HOSTILE, HOSTILE), (LONG, LONG), (ARABIC, ARABIC)]),
        SubmissionRow { consent_text: HOSTILE.into(), ..submission(2, Some(HOSTILE), &[("a", HOSTILE)]) },
        submission(3, Some(ARABIC), &[(ARABIC, LONG)]),
    ];
    vec![
        ("forms", list(FULL, &names, false)),
        ("forms-damaged", list(FULL, &names, true)),
        ("forms-none", list("Harbour Books", &[], false)),
        ("forms-hostile", list(HOSTILE, &[HOSTILE, LONG, ARABIC], false)),
        ("form-submissions", one(FULL, "contact-us", full.clone(), true)),
        (
            "form-submissions-masked",
            one(FULL, "contact-us", vec![submission(1, Some("j…@example.com"), &[])], false),
        ),
        ("form-submissions-none", one(FULL, "contact-us", Vec::new(), true)),
        ("form-submissions-hostile", one(HOSTILE, LONG, odd, true)),
    ]
}
