//! The consent log and the report of consent, from sample data.

use askama::Template;

use super::consent::head;
use super::events::{FULL, NOW, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG, layout, today};
use crate::app::reports::ConsentReport;
use crate::app::reports::consent::{AskedShare, ConsentRow, OriginRow};
use crate::app::reports::consent_log::{ChoiceRow, ConsentLog, Shown, Wanted};
use crate::base::clock::{DAY, MINUTE};
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{Answer, Asked, Choice, ChoiceToken, How, Receipt};
use crate::domain::consent::rule::PolicyType;
use crate::domain::consent_banner::{Texts, built_in};
use crate::domain::device::DeviceClass;
use crate::store::consent::choice::report::Answers;
use crate::web::admin::consent::{log, report};
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::paths::Report;
use crate::web::request::query;
use crate::web::response::page::Section;
use crate::web::text::EN;

fn choice(n: u8, how: How, mask: u8, page: (&str, &str), language: &str) -> Choice {
    let countries = ["NL", "DE", "", "US"];
    Choice {
        receipt: Receipt([n.wrapping_mul(37) ^ 0xa5; 16]),
        at: NOW.plus(-i64::from(n) * 47 * MINUTE),
        token: (mask & 2 != 0).then_some(ChoiceToken([n; 16])),
        revision: 3 + u32::from(n % 2),
        kind: PolicyType::OptInCategories,
        how,
        mask,
        language: language.to_owned(),
        asked: Asked {
            host: page.0.to_owned(),
            path: page.1.to_owned(),
            country: countries[usize::from(n) % 4].to_owned(),
            device: DeviceClass::ALL[usize::from(n) % 4],
        },
    }
}

fn choices(name: &str) -> Vec<Choice> {
    let odd = if name == HOSTILE { HOSTILE } else { "/pricing" };
    let long = format!("/{LONG}/{ARABIC}");
    vec![
        choice(1, How::Accept, 15, ("example.com", "/"), "nl"),
        choice(2, How::Reject, 1, ("example.com", odd), "en"),
        choice(3, How::Save, 3, ("shop.example.com:8443", &long), "de"),
        choice(4, How::Close, 15, ("example.com", "/"), "pt-br"),
        choice(5, How::Withdraw, 1, ("example.com", ""), "ar"),
    ]
}

fn log_of(name: &str, choices: &[Choice], wanted: &Wanted, has_more: bool) -> String {
    let found = ConsentLog {
        rows: choices.iter().map(ChoiceRow::of).collect(),
        total: choices.len() as u64 * if has_more { 4_120 } else { 1 },
        next: has_more.then(|| "1-00".to_owned()),
    };
    let (layout, head) = head(EN.consent_log.title, name, Part::Log, true);
    log::page(layout, head, &zone(), wanted, 1, (&found, choices)).render().unwrap()
}

fn choice_of(name: &str, choice: Choice, texts: Option<Texts>) -> String {
    let shown = Shown { choice, zone: zone(), made: NOW.plus(-40 * DAY), texts };
    let (layout, head) = head(EN.consent_log.choice_title, name, Part::Log, true);
    log::choice_page(layout, head, &shown).render().unwrap()
}

fn row(name: &str, n: u64) -> ConsentRow {
    let answers =
        Answers { accepted: 812 * n, partly: 44 * n, refused: 390 * n, withdrawn: n, allowed: 840 * n };
    ConsentRow { name: name.to_owned(), answers, asked: 1_700 * n }
}

fn report_of(name: &str, by: &str, names: &[&str], asked: Option<AskedShare>) -> String {
    let rows: Vec<ConsentRow> = names.iter().zip((1..=9).rev()).map(|(name, n)| row(name, n)).collect();
    let sum = |of: fn(&Answers) -> u64| rows.iter().map(|row| of(&row.answers)).sum();
    let answers = Answers {
        accepted: sum(|a| a.accepted),
        partly: sum(|a| a.partly),
        refused: sum(|a| a.refused),
        withdrawn: sum(|a| a.withdrawn),
        allowed: sum(|a| a.allowed),
    };
    let origin = |origin: &str, page_views| OriginRow {
        origin: origin.to_owned(),
        sessions: page_views / 3,
        page_views,
    };
    let found = ConsentReport {
        answers,
        asked,
        not_logged: if name == HOSTILE { 2 } else { 0 },
        total: rows.len() as u64,
        origins: if rows.is_empty() {
            Vec::new()
        } else {
            vec![
                origin("banner", 41_207),
                origin("policy", 12_001),
                origin("outside_banner", 980),
                origin("server", 12),
            ]
        },
        damaged: if name == HOSTILE { vec!["2026-11-20".to_owned()] } else { Vec::new() },
        rows,
        ..ConsentReport::default()
    };
    let pairs = [("period".to_owned(), "28d".to_owned()), ("by".to_owned(), by.to_owned())];
    let params = query::read(AccountId::FIRST, Report::Consent, &pairs, &["by"], today()).unwrap();
    let layout = layout(EN.consent_report.title, Section::Consent, name);
    report::page(layout, &params, &found).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_consent() -> Vec<(&'static str, String)> {
    let all = Wanted { limit: 100, ..Wanted::default() };
    let some = Wanted {
        key: Some(HOSTILE.to_owned()),
        answer: Some(Answer::Partly),
        from: Some(today()),
        ..all.clone()
    };
    let hers = choices(FULL).remove(0);
    let asked = AskedShare { days: 28, asked: 41_000, answered: 24_100, allowed: 15_800, unanswered: 16_900 };
    vec![
        ("consent-log", log_of(FULL, &choices(FULL), &all, true)),
        ("consent-log-empty", log_of(FULL, &[], &all, false)),
        ("consent-log-none", log_of(FULL, &[], &some, false)),
        ("consent-log-hostile", log_of(HOSTILE, &choices(HOSTILE), &some, true)),
        ("consent-choice", choice_of(FULL, hers.clone(), built_in("nl").cloned())),
        ("consent-choice-no-texts", choice_of(FULL, hers, None)),
        ("consent-choice-erased", choice_of(HOSTILE, choices(HOSTILE).remove(4), built_in("fr").cloned())),
        ("consent-report", report_of(FULL, "country", &["NL", "DE", "US", ""], Some(asked))),
        ("consent-report-not-asked", report_of(FULL, "device", &["desktop", "mobile", "tablet"], None)),
        ("consent-report-empty", report_of(FULL, "country", &[], None)),
        ("consent-report-hostile", report_of(HOSTILE, "page", &[HOSTILE, LONG, ARABIC, ""], Some(asked))),
    ]
}
