//! The pages of contacts from sample data.

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG, visit};
use crate::app::people::edit;
use crate::app::reports::analytics::Analytics;
use crate::app::reports::contact::{ContactReport, InList};
use crate::app::reports::contacts::Wanted as WantedContacts;
use crate::app::reports::merges::{Conflict, Merged, Preview, Side};
use crate::app::reports::properties::{Earlier, Edit, Said};
use crate::app::reports::timeline_filter::TimelineFilter;
use crate::app::reports::{ContactRow, Table};
use crate::base::clock::{DAY, HOUR, MINUTE};
use crate::domain::company::CompanyId;
use crate::domain::list::ListId;
use crate::domain::property_type::{Definition, PropertyType};
use crate::domain::user::Role;
use crate::store::blocked_email::BlockedEmail;
use crate::store::contact::Order;
use crate::store::contact_joining::Suspect;
use crate::store::list::Change;
use crate::web::admin::people::{self, contact, merge, visitor};
use crate::web::response::page::Section;
use crate::web::text::EN;

pub(super) fn contact_row(n: i64, email: &str) -> ContactRow {
    ContactRow {
        id: n,
        email: Some(email.to_owned()),
        name: (n == 1 && email != LONG).then(|| "Jan de Vries".to_owned()),
        revenue_minor: if n == 1 { 120_000 } else { 0 },
        asserted_minor: 3_998 * (n % 3),
        completions: 12,
        sessions: 41,
        page_views: 1_507,
        first_seen: NOW.plus(-90 * DAY),
        last_seen: NOW.plus(-n * 3 * HOUR),
        company: (n != 2).then(|| if email == LONG { LONG } else { "example.com" }.to_owned()),
        company_id: (n != 2).then_some(CompanyId(3)),
        original_source: if n == 2 { "OFFLINE".into() } else { "ORGANIC_SEARCH".into() },
        original_source_detail: if n == 2 { "ANALYTICS".into() } else { "google".into() },
        latest_source: if n == 2 { "OFFLINE".into() } else { "PAID_SOCIAL".into() },
        latest_source_detail: if n == 2 { "ANALYTICS".into() } else { "LinkedIn / spring".into() },
        ..ContactRow::default()
    }
}

fn contact_list(name: &str, emails: &[&str], search: &str, sees_emails: bool) -> String {
    let is_one_company = name == HOSTILE;
    let wanted = WantedContacts {
        search: search.into(),
        company: is_one_company.then_some(CompanyId(3)),
        order: Order::Revenue,
        after: None,
        limit: 100,
    };
    let company = is_one_company.then(|| HOSTILE.to_owned());
    let suspect = |(n, email): (i64, &&str)| Suspect {
        contact: n,
        email: (*email).to_owned(),
        noticed: (n == 2).then_some(NOW),
    };
    let suspects = if sees_emails { (1..).zip(emails).map(suspect).collect() } else { Vec::new() };
    let blocked = i64::from(sees_emails && search.is_empty()) * 3;
    let currency = "EUR".into();
    let shown =
        people::list::ContactsView { wanted, company, row: 1, sees_emails, currency, suspects, blocked };
    let rows: Vec<ContactRow> = (1..).zip(emails).map(|(n, email)| contact_row(n, email)).collect();
    let total = if emails.is_empty() { 0 } else { 12_345 };
    let next = (!emails.is_empty()).then(|| "7".to_owned());
    let found = Table { rows, total, next, ..Table::default() };
    let mut layout = named(EN.contacts.title, name, Role::Owner);
    layout.section = Some(Section::Contacts);
    people::list::page(layout, &zone(), &shown, &found).render().unwrap()
}

fn properties(text: &str) -> Vec<Said> {
    let said = |(name, value, kind): (&str, &str, Option<PropertyType>)| Said {
        name: name.to_lowercase(),
        label: name.into(),
        value: value.into(),
        verified: kind.is_some(),
        channel: if kind.is_some() { "api" } else { "browser" },
        at: NOW.plus(-3 * DAY),
        declared: kind.is_some(),
        kind: kind.unwrap_or_default().as_str(),
        fits: value != HOSTILE,
        history: vec![Earlier {
            value: "2025-12-24".to_owned(),
            verified: false,
            channel: "form",
            at: NOW.plus(-30 * DAY),
        }],
    };
    vec![
        said(("plan", text, Some(PropertyType::Choice))),
        said(("Customer since", "2026-01-31", Some(PropertyType::Date))),
        said(("Newsletter", "true", Some(PropertyType::YesNo))),
        said(("Seats", text, Some(PropertyType::Number))),
        said(("company", "Harbour Books", Some(PropertyType::Text))),
        said(("city", "Utrecht", None)),
        said((text, text, None)),
    ]
}

fn analytics(text: &str) -> Analytics {
    Analytics {
        first: NOW.plus(-90 * DAY),
        last: NOW.plus(-3 * HOUR),
        first_visit: Some(NOW.plus(-90 * DAY)),
        last_visit: Some(NOW.plus(-4 * HOUR)),
        first_url: format!("example.com/{text}"),
        last_url: "example.com/pricing".to_owned(),
        first_referrer: "www.google.com".to_owned(),
        visits: 41,
        page_views: 1_507,
        average_page_views: Some(36.76),
        completions: 12,
        revenue: "1239.98".to_owned(),
        source: "ORGANIC_SEARCH".to_owned(),
        source_data_1: "google".to_owned(),
        latest_source: "PAID_SOCIAL".to_owned(),
        latest_source_data_1: "LinkedIn".to_owned(),
        latest_source_data_2: text.to_owned(),
        latest_source_at: Some(NOW.plus(-4 * HOUR)),
        ..Analytics::default()
    }
}

fn contact_of(name: &str, email: &str, texts: &[&str]) -> String {
    let text = *texts.first().unwrap_or(&"pro");
    let merged = |n: i64, into| Merged {
        contact_id: n,
        into,
        at: NOW.plus(-(n * 30) * MINUTE),
        email: (n != 3).then(|| email.to_owned()),
        by: (n == 2).then(|| "sanne@example.com".to_owned()),
    };
    let merged = if texts.is_empty() { Vec::new() } else { vec![merged(2, 1), merged(3, 2), merged(400, 1)] };
    let list = texts.first().unwrap_or(&"Customers");
    let found = ContactReport {
        row: contact_row(1, email),
        lists: vec![InList { id: 3, name: (*list).to_owned(), joined: NOW }],
        list_changes: vec![Change {
            at: NOW.plus(-2 * DAY),
            list: ListId(3),
            name: (*list).to_owned(),
            is_joined: true,
        }],
        external_id: Some("77".into()),
        created: NOW.plus(-80 * DAY),
        email_verified: texts.len() == 2,
        properties: properties(text),
        edits: vec![Edit { at: NOW.plus(-3 * DAY), labels: vec![text.to_owned(), "City".to_owned()] }],
        analytics: analytics(text),
        visitors: vec![8_121, 7_702],
        visits: texts.iter().map(|text| visit(3, HOUR, &[text, "a", "b", "c"], true)).collect(),
        merged: merged.clone(),
        shown_merges: merged,
        total: 41,
        next: (!texts.is_empty()).then(|| "1795377600000.3".into()),
        possible_placeholder: if texts.is_empty() { Some("name") } else { None },
        blocked: name == HOSTILE,
        damaged: if name == HOSTILE { vec!["2026-11-02".into()] } else { Vec::new() },
        ..ContactReport::default()
    };
    let mut layout = named(email, name, Role::Owner);
    layout.section = Some(Section::Contacts);
    let params = visitor::TimelineParams { row: 1, limit: 20, ..Default::default() };
    let shown = contact::Shown { params, show: TimelineFilter::All, count: found.visits.len() };
    contact::page(layout, &zone(), "EUR", &shown, &found).render().unwrap()
}

/// Merging a contact of this email into another one.
fn merge_of(name: &str, email: &str, error: Option<&str>) -> String {
    let side = |n: i64, email: &str| Side {
        row: contact_row(n, email),
        emails: vec![email.to_owned(), format!("second.{n}@example.com")],
        browsers: 3,
    };
    let conflict = |name: &str, kept: &str| Conflict {
        name: name.to_owned(),
        kept: kept.to_owned(),
        dropped: "Utrecht".to_owned(),
    };
    let preview = Preview {
        survivor: side(1, "jan.de.vries@example.com"),
        other: side(2, email),
        conflicts: vec![conflict("city", email), conflict("plan", "pro")],
    };
    let shown = merge::Shown {
        id: 1,
        email: Some("jan.de.vries@example.com".to_owned()),
        typed: email.to_owned(),
        error: error.map(str::to_owned),
        preview: error.is_none().then_some(preview),
    };
    let mut layout = named(EN.contacts.merge.title, name, Role::Editor);
    layout.section = Some(Section::Contacts);
    merge::page(layout, &zone(), "EUR", &shown).render().unwrap()
}

/// Editing a contact with these values, or creating one.
fn edit_of(name: &str, known: Option<&str>, is_wrong: bool) -> String {
    let property = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let known = known.map(|text| edit::Known {
        id: 1,
        emails: vec!["jan.de.vries@example.com".to_owned(), text.to_owned()],
        properties: vec![property("city", text), property("firstname", "Jan"), property(text, "x")],
    });
    let mut typed = people::edit::Typed::of(known.as_ref().map_or(&[][..], |known| &known.properties));
    typed.primary = known.as_ref().map_or_else(String::new, |known| known.emails[0].clone());
    if is_wrong {
        let wrong = &EN.contacts.edit.wrong;
        typed.email = "jan@".to_owned();
        typed.email_error = Some(wrong.email.to_owned());
        for row in &mut typed.rows {
            row.value = "A value".to_owned();
            row.error = Some(wrong.no_name.to_owned());
        }
    }
    let mut layout = named("", name, Role::Editor);
    layout.section = Some(Section::Contacts);
    let declared = ["plan", name].map(|name| Definition {
        name: name.to_lowercase(),
        label: name.to_owned(),
        kind: PropertyType::Choice,
        choices: vec![name.to_owned()],
    });
    people::edit::page(layout, known.as_ref(), typed, declared.into()).render().unwrap()
}

/// Blocked addresses, and what is wrong with the one that was typed.
fn blocked_of(name: &str, emails: &[&str], error: Option<&str>) -> String {
    let row = |(id, email): (i64, &&str)| BlockedEmail { id, email: (*email).to_owned(), created: NOW };
    let rows: Vec<BlockedEmail> = (1..).zip(emails).map(row).collect();
    let mut layout = named(EN.placeholders.title, name, Role::Editor);
    layout.section = Some(Section::Contacts);
    let email = error.map_or_else(String::new, |_| HOSTILE.to_owned());
    let typed = people::blocked::Typed { email, error: error.map(str::to_owned) };
    people::blocked::page(layout, &zone(), &rows, typed).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_people() -> Vec<(&'static str, String)> {
    let people =
        ["jan.de.vries@example.com", "somebody.with.a.long.name@a-long-host-name.example.com", "b@b.test"];
    let odd = [HOSTILE, LONG, ARABIC];
    vec![
        ("contacts", contact_list(FULL, &people, "", true)),
        ("contacts-masked", contact_list(FULL, &["j…@example.com"], "", false)),
        ("contacts-none", contact_list("Harbour Books", &[], "", true)),
        ("contacts-of-company", contact_list(HOSTILE, &odd, "", true)),
        ("contacts-no-match", contact_list(FULL, &[], HOSTILE, true)),
        ("contact", contact_of(FULL, people[0], &["pricing", "docs/install"])),
        ("contact-none", contact_of(FULL, people[2], &[])),
        ("contact-hostile", contact_of(HOSTILE, LONG, &odd)),
        ("contacts-blocked", blocked_of(FULL, &["guest@example.com", LONG], None)),
        ("contacts-blocked-none", blocked_of(FULL, &[], None)),
        ("contacts-blocked-wrong", blocked_of(HOSTILE, &odd, Some(EN.placeholders.wrong.email))),
        ("contact-new", edit_of(FULL, None, false)),
        ("contact-new-wrong", edit_of(FULL, None, true)),
        ("contact-edit", edit_of(FULL, Some("jan@work.example"), false)),
        ("contact-edit-hostile", edit_of(HOSTILE, Some(HOSTILE), true)),
        ("contact-merge", merge_of(FULL, people[1], None)),
        ("contact-merge-wrong", merge_of(FULL, "nobody", Some(EN.contacts.merge.wrong.nobody))),
        ("contact-merge-hostile", merge_of(HOSTILE, HOSTILE, None)),
    ]
}
