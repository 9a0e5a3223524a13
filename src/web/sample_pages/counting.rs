//! The report of page views without consent, and the settings page of it, from sample data.

use askama::Template;

use super::consent::head;
use super::events::FULL;
use super::fixtures::{ARABIC, HOSTILE, LONG, layout, today};
use crate::app::reports::Table;
use crate::app::reports::anonymous::{AnonymousReport, AnonymousRow, AnonymousTotals};
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Counting;
use crate::web::admin::reports::anonymous;
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::admin::settings::consent::counting;
use crate::web::paths::Report;
use crate::web::request::query;
use crate::web::response::page::Section;
use crate::web::text::EN;

fn report_of(name: &str, by: &str, names: &[&str], is_on: bool) -> String {
    let pairs = [("by".to_owned(), by.to_owned())];
    let params = query::read(AccountId::FIRST, Report::Anonymous, &pairs, &["by"], today()).unwrap();
    let row = |(i, name): (u64, &&str)| {
        let page_views = 41_207 / (1 + i * i);
        AnonymousRow { name: (*name).to_owned(), sessions: page_views / 3, page_views }
    };
    let rows: Vec<AnonymousRow> = (0..).zip(names).map(row).collect();
    let page_views = rows.iter().map(|row| row.page_views).sum();
    let total = if rows.len() > 3 { 5_001 } else { rows.len() as u64 };
    let found = AnonymousReport {
        is_on,
        totals: AnonymousTotals { page_views, sessions: page_views / 3 },
        table: Table { rows, total, ..Table::default() },
    };
    let layout = layout(EN.anonymous.title, Section::Dashboard, name);
    anonymous::page(layout, &params, &found).render().unwrap()
}

fn settings_of(name: &str, counting: Counting) -> String {
    let (layout, head) = head(EN.anonymous.settings.title, name, Part::Counting, true);
    counting::page(layout, head, AccountId::FIRST, counting).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_counting() -> Vec<(&'static str, String)> {
    let pages =
        ["example.com/", "example.com/pricing", "docs.example.com/install", "example.com/blog", "(other)"];
    vec![
        ("anonymous", report_of(FULL, "page", &pages, true)),
        ("anonymous-sources", report_of(FULL, "source", &["(none)", "news.example.org", "(other)"], true)),
        ("anonymous-countries", report_of(FULL, "country", &["NL", "DE", "(none)"], true)),
        ("anonymous-none", report_of("Harbour Books", "page", &[], false)),
        ("anonymous-hostile", report_of(HOSTILE, "page", &[HOSTILE, LONG, ARABIC], true)),
        ("counting", settings_of(FULL, Counting { anonymous: true, asked: false })),
        ("counting-off", settings_of("Harbour Books", Counting::default())),
    ]
}
