//! The pages of companies from sample data.

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use super::people::contact_row;
use crate::app::reports::companies::Wanted;
use crate::app::reports::company_timeline::{CompanyEntry, CompanyTimeline};
use crate::app::reports::visitor::{EventRow, SessionRow};
use crate::app::reports::{CompanyReport, CompanyRow, Table};
use crate::base::clock::{DAY, HOUR};
use crate::domain::account::AccountId;
use crate::domain::company::{CompanyId, Invalid};
use crate::domain::user::Role;
use crate::store::company::Order;
use crate::web::admin::people::companies::{self, show};
use crate::web::admin::settings;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::response::page::Section;
use crate::web::text::EN;

fn row(n: i64, domain: &str) -> CompanyRow {
    CompanyRow {
        id: CompanyId(n),
        name: if n == 1 { "Northwind Traders".to_owned() } else { domain.to_owned() },
        domain: domain.to_owned(),
        contact_count: 12 / n.unsigned_abs(),
        visits: 1_204,
        page_views: 15_507,
        completions: 312,
        revenue_minor: if n == 1 { 1_200_000 } else { 0 },
        asserted_minor: 3_998 * (n % 3),
        created: NOW.plus(-90 * DAY),
        last_visit: (n != 3).then(|| NOW.plus(-n * 5 * HOUR)),
        ..CompanyRow::default()
    }
}

fn list(name: &str, domains: &[&str], search: &str, role: Role) -> String {
    let wanted = Wanted { search: search.into(), order: Order::Visits, after: None, limit: 100 };
    let rows: Vec<CompanyRow> = (1..).zip(domains).map(|(n, domain)| row(n, domain)).collect();
    let total = if domains.is_empty() { 0 } else { 12_345 };
    let next = (!domains.is_empty()).then(|| "7".to_owned());
    let found = Table { rows, total, next, ..Table::default() };
    let mut layout = named(EN.companies.title, name, role);
    layout.section = Some(Section::Companies);
    companies::page(layout, &zone(), "EUR", &wanted, 1, &found).render().unwrap()
}

/// What contacts did: one came, one sent a form, and the others visited a page.
fn activity(emails: &[&str]) -> CompanyTimeline {
    let entry = |(n, email): (i64, &&str)| {
        let at = NOW.plus(-n * 7 * HOUR);
        let kind = if n == 2 { "submission" } else { "page_view" };
        let event =
            EventRow { at, kind, path: "/pricing".into(), event: (*email).into(), ..EventRow::default() };
        let visit = SessionRow {
            id: if n == 2 { 0 } else { 7 },
            at,
            source: "DIRECT_TRAFFIC".into(),
            page_views: 1,
            timeline: vec![event],
            ..SessionRow::default()
        };
        CompanyEntry { contact: contact_row(n, email), at, visit: (n > 1).then_some(visit) }
    };
    CompanyTimeline {
        entries: (1..).zip(emails).map(entry).collect(),
        timeline_total: 12_345,
        timeline_next: (!emails.is_empty()).then(|| "1.2.3".to_owned()),
        older_left_out: emails.len() > 1,
        ..CompanyTimeline::default()
    }
}

fn company(name: &str, n: i64, domain: &str, emails: &[&str], typed: Option<&str>) -> String {
    let contacts = (1..).zip(emails).map(|(n, email)| contact_row(n, email)).collect();
    let next = (emails.len() > 1).then(|| "7".to_owned());
    let found = CompanyReport { company: row(n, domain), contacts, next, activity: Some(activity(emails)) };
    let mut layout = named(&found.company.name, name, Role::Editor);
    layout.section = Some(Section::Companies);
    let shown = show::CompanyView { currency: "EUR", row: 1, timeline_row: 1, limit: 100, typed };
    show::page(layout, &zone(), &shown, &found).render().unwrap()
}

fn settings_of(name: &str, excluded: &str, wrong: Option<Invalid>) -> String {
    let mut layout = named(EN.companies.settings.nav, name, Role::Admin);
    layout.section = Some(Section::Settings);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Admin, Tab::Companies);
    let typed = settings::companies::Typed { is_on: true, excluded: excluded.to_owned(), wrong };
    settings::companies::page(layout, nav, AccountId::FIRST, &typed).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_companies() -> Vec<(&'static str, String)> {
    let domains = ["northwind.example", "a-long-host-name-of-a-department.example.co.uk", "bücher.example"];
    let people = ["jan.de.vries@example.com", "somebody.with.a.long.name@a-long-host-name.example.com"];
    vec![
        ("companies", list(FULL, &domains, "", Role::Owner)),
        ("companies-hostile", list(HOSTILE, &[HOSTILE, LONG, ARABIC], HOSTILE, Role::Owner)),
        ("companies-none", list("Harbour Books", &[], "", Role::Owner)),
        ("companies-none-viewer", list("Harbour Books", &[], "", Role::Viewer)),
        ("companies-no-match", list(FULL, &[], HOSTILE, Role::Owner)),
        ("company", company(FULL, 1, domains[0], &people, None)),
        ("company-empty", company(FULL, 3, domains[2], &[], None)),
        ("company-hostile", company(HOSTILE, 2, HOSTILE, &[HOSTILE, LONG, ARABIC], Some(LONG))),
        ("companies-settings", settings_of(FULL, "northwind.example\nexample.co.uk", None)),
        ("companies-settings-wrong", settings_of(FULL, HOSTILE, Some(Invalid::Domain(HOSTILE.into())))),
    ]
}
