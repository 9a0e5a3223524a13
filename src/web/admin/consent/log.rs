//! `/accounts/{id}/settings/consent/log`: what visitors chose in the banner (rules.md 40). With `?receipt=` one choice and what
//! its visitor was shown. Admins see it, because it has tokens of visitors.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Query, ServiceConfig};
use askama::Template;

use crate::app::reports::consent_log::{self, ChoiceRow, ConsentLog, Shown, Wanted};
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::consent::choice::{Answer, Choice as Logged, How, Receipt};
use crate::domain::consent_banner::{self, is_right_to_left};
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::web::admin::reports::report_page;
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::admin::settings::consent::head::Head;
use crate::web::admin::settings::consent::words;
use crate::web::drawing::format;
use crate::web::part::empty::Empty;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths::{self, encode};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::export::{self, CSV_ROWS_MAX, Column, CsvFile, Mark};
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Longest key that the field takes, characters: a receipt or a token.
const KEY_MAX: usize = 32;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/settings/consent/log", get_or_head().to(show));
}

async fn show(member: Member, Query(pairs): Query<Pairs>) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let account = member.account_id();
    if let Some(receipt) = query::first(&pairs, "receipt") {
        return show_choice(&member, receipt).await;
    }
    let mut wanted = Wanted::parse(&pairs)?;
    let mark = if query::first(&pairs, "bom") == Some("0") { Mark::Omitted } else { Mark::Written };
    match query::first(&pairs, "format") {
        Some("csv") => {
            if query::first(&pairs, "limit").is_none() {
                wanted.limit = CSV_ROWS_MAX;
            }
            let (found, _) = consent_log::consent_log(member.app(), account, &wanted).await?;
            let name = format!("consent-log-{account}");
            export::csv_columns(CsvFile { name, mark, places: &member.app().csv_files }, &COLUMNS, found.rows)
        }
        Some("json") => export::json(&consent_log::consent_log(member.app(), account, &wanted).await?.0),
        Some("texts") => {
            let texts = consent_log::revisions(member.app(), account).await?;
            let mut answer = export::json(&texts)?;
            let name = format!("attachment; filename=\"consent-texts-{account}.json\"");
            let name = header::HeaderValue::from_str(&name).map_err(WebError::internal)?;
            answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            Ok(answer)
        }
        _ => {
            let (found, choices) = consent_log::consent_log(member.app(), account, &wanted).await?;
            let (layout, head) = Head::of(&member, member.t().consent_log.title, Part::Log);
            let row = report_page::first_row(&pairs, wanted.after.is_some());
            respond::page(&page(layout, head, &member.account.zone, &wanted, row, (&found, &choices)))
        }
    }
}

async fn show_choice(member: &Member, receipt: &str) -> Result<HttpResponse, WebError> {
    let receipt = Receipt::parse(receipt).ok_or(WebError::NotFound)?;
    let found = consent_log::shown(member.app(), member.account_id(), receipt).await?;
    let (layout, head) = Head::of(member, member.t().consent_log.choice_title, Part::Log);
    respond::page(&choice_page(layout, head, &found.ok_or(WebError::NotFound)?))
}

const COLUMNS: [Column<ChoiceRow>; 15] = [
    ("receipt", |row| row.receipt.clone()),
    ("at", |row| row.at.clone()),
    ("answer", |row| row.answer.to_owned()),
    ("how", |row| row.how.to_owned()),
    ("analytics", |row| row.analytics.to_string()),
    ("advertisement", |row| row.advertisement.to_string()),
    ("functionality", |row| row.functionality.to_string()),
    ("policy", |row| row.policy.to_owned()),
    ("revision", |row| row.revision.to_string()),
    ("language", |row| export::cell(&row.language)),
    ("host", |row| export::cell(&row.host)),
    ("path", |row| export::cell(&row.path)),
    ("country", |row| row.country.clone()),
    ("device", |row| row.device.to_owned()),
    ("token", |row| row.token.clone().unwrap_or_default()),
];

struct Row {
    when: String,
    href: String,
    /// Its beginning. The page of the choice has all of it.
    receipt: String,
    answer: &'static str,
    allowed: String,
    page: String,
    place: String,
    revision: String,
}

#[derive(Template)]
#[template(path = "consent_log/list.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    action: String,
    report: String,
    form: Vec<Field>,
    rows: Vec<Row>,
    csv: String,
    json: String,
    texts: String,
    pager: Option<Pager>,
    empty: Option<Empty>,
}

/// The query of what is asked for, without a cursor.
fn kept(wanted: &Wanted) -> String {
    let Wanted { key, answer, from, to, .. } = wanted;
    let pairs = [
        ("key", key.clone()),
        ("answer", answer.map(|answer| answer.as_str().to_owned())),
        ("from", from.map(|day| day.to_string())),
        ("to", to.map(|day| day.to_string())),
    ];
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(&value?))));
    pairs.collect::<Vec<_>>().join("&")
}

pub(crate) fn page(
    layout: Layout,
    head: Head,
    zone: &Zone,
    wanted: &Wanted,
    row: i64,
    (found, choices): (&ConsentLog, &[Logged]),
) -> Page {
    let t = layout.t;
    let texts = &t.consent_log;
    let account = layout.account_id();
    let at = |more: &str| {
        let parts = [kept(wanted), more.to_owned()];
        let query = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        let sign = if query.is_empty() { "" } else { "?" };
        format!("{}{sign}{query}", paths::consent_log(account))
    };
    let limit = wanted.limit;
    Page {
        head,
        action: paths::consent_log(account),
        report: paths::consent_report(account),
        form: form(t, wanted),
        rows: choices.iter().map(|choice| row_of(t, account, zone, choice)).collect(),
        csv: at("format=csv"),
        json: at("format=json"),
        texts: format!("{}?format=texts", paths::consent_log(account)),
        pager: Pager::of(
            t,
            row,
            choices.len(),
            found.total,
            wanted.after.is_some().then(|| at("")),
            found.next.as_deref(),
            |cursor, row| at(&format!("limit={limit}&after={cursor}&row={row}")),
        ),
        empty: (found.total == 0 && !wanted.is_filtered()).then(|| Empty {
            icon: Icon::List,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: None,
        }),
        layout,
    }
}

fn form(t: &'static Texts, wanted: &Wanted) -> Vec<Field> {
    let texts = &t.consent_log;
    let choice =
        |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned(), hint: None };
    let answers = Answer::ALL.iter().map(|answer| choice(answer.as_str(), answer_label(t, *answer)));
    let answers = [choice("", texts.every_answer)].into_iter().chain(answers).collect();
    let day =
        |day: Option<crate::domain::period::LocalDay>| day.map(|day| day.to_string()).unwrap_or_default();
    vec![
        Field::new(t, "key", texts.key, Kind::Text)
            .value(wanted.key.as_deref().unwrap_or_default())
            .hint(texts.key_hint)
            .max(KEY_MAX)
            .autocomplete("off"),
        Field::new(t, "answer", texts.answer, Kind::Select(answers))
            .value(wanted.answer.map_or("", Answer::as_str)),
        Field::new(t, "from", texts.from, Kind::Date).value(&day(wanted.from)),
        Field::new(t, "to", texts.to, Kind::Date).value(&day(wanted.to)),
    ]
}

pub(crate) const fn answer_label(t: &Texts, answer: Answer) -> &'static str {
    let texts = &t.consent_log;
    match answer {
        Answer::Accepted => texts.accepted,
        Answer::Partly => texts.partly,
        Answer::Refused => texts.refused,
        Answer::Withdrawn => texts.withdrawn,
    }
}

/// The categories that are allowed, in words.
fn allowed(t: &Texts, choice: &Logged) -> String {
    let texts = &t.consent_log;
    let names = [
        (Consent::ANALYTICS, texts.analytics),
        (Consent::ADVERTISEMENT, texts.advertisement),
        (Consent::FUNCTIONALITY, texts.functionality),
    ];
    let names = names.into_iter().filter(|(category, _)| choice.allows(*category)).map(|(_, name)| name);
    let names: Vec<_> = names.collect();
    if names.is_empty() { texts.nothing_allowed.to_owned() } else { names.join(", ") }
}

fn page_text(t: &Texts, choice: &Logged) -> String {
    let host = &choice.asked.host;
    match &*choice.asked.path {
        "" => fill(t.consent_log.erased_page, &[("host", host)]),
        path => format!("{host}{path}"),
    }
}

/// `Netherlands · Mobile`
fn place(t: &Texts, choice: &Logged) -> String {
    let country = t.label.value(Dimension::Country, &choice.asked.country);
    let device = t.label.value(Dimension::Device, choice.asked.device.as_str());
    let known = [country, device].into_iter().filter(|text| !text.is_empty());
    known.map(|text| text.into_owned()).collect::<Vec<_>>().join(" · ")
}

fn row_of(t: &'static Texts, account: AccountId, zone: &Zone, choice: &Logged) -> Row {
    let receipt = choice.receipt.to_string();
    let revision = t.number.whole(i64::from(choice.revision));
    Row {
        when: format::date_time(&t.number, zone, choice.at),
        href: format!("{}?receipt={receipt}", paths::consent_log(account)),
        receipt: format!("{}…", receipt.get(..8).unwrap_or_default()),
        answer: answer_label(t, choice.answer()),
        allowed: allowed(t, choice),
        page: page_text(t, choice),
        place: place(t, choice),
        revision: fill(t.consent_log.revision_in, &[("revision", &revision), ("language", &choice.language)]),
    }
}

struct Fact {
    name: &'static str,
    value: String,
}

/// A text that was shown, by its name.
struct ShownText {
    name: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "consent_log/choice.html")]
pub(crate) struct ChoicePage {
    layout: Layout,
    head: Head,
    back: String,
    facts: Vec<Fact>,
    language: String,
    direction: &'static str,
    texts: Vec<ShownText>,
}

pub(crate) fn choice_page(layout: Layout, head: Head, shown: &Shown) -> ChoicePage {
    let t = layout.t;
    let texts = &t.consent_log;
    let Shown { choice, zone, made, texts: shown_texts } = shown;
    let fact = |name, value: String| Fact { name, value };
    let revision = t.number.whole(i64::from(choice.revision));
    let made = format::date_time(&t.number, zone, *made);
    let facts = vec![
        fact(texts.receipt, choice.receipt.to_string()),
        fact(texts.when, format::date_time(&t.number, zone, choice.at)),
        fact(texts.answer, answer_label(t, choice.answer()).to_owned()),
        fact(texts.how, how_label(t, choice.how).to_owned()),
        fact(texts.allowed, allowed(t, choice)),
        fact(texts.asked, words::kind(t, choice.kind).0.to_owned()),
        fact(texts.revision, fill(texts.revision_made, &[("revision", &revision), ("made", &made)])),
        fact(texts.language, words::language(t, &choice.language)),
        fact(texts.page, page_text(t, choice)),
        fact(texts.place, place(t, choice)),
        fact(texts.token, choice.token.map_or_else(|| texts.no_token.to_owned(), |token| token.to_string())),
    ];
    ChoicePage {
        head,
        back: paths::consent_log(layout.account_id()),
        facts,
        direction: if is_right_to_left(&choice.language) { "rtl" } else { "ltr" },
        language: choice.language.clone(),
        texts: shown_texts.as_ref().map(|shown| listed(t, shown)).unwrap_or_default(),
        layout,
    }
}

/// The texts of a banner, in their order.
fn listed(t: &'static Texts, shown: &consent_banner::Texts) -> Vec<ShownText> {
    let all = serde_json::to_value(shown).unwrap_or_default();
    let names = consent_banner::Texts::NAMES.iter();
    let text = |name: &&'static str| {
        Some(ShownText { name: words::banner_text(t, name), text: all.get(*name)?.as_str()?.to_owned() })
    };
    names.filter_map(text).collect()
}

const fn how_label(t: &Texts, how: How) -> &'static str {
    let texts = &t.consent_log;
    match how {
        How::Accept => texts.by_accept,
        How::Reject => texts.by_reject,
        How::Save => texts.by_save,
        How::Close => texts.by_close,
        How::Withdraw => texts.by_withdraw,
    }
}
