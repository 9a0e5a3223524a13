//! `/accounts/{id}/forms/{id}`: one form with what was submitted. Each row names a person, so a token needs `crm.read`
//! too. Users who may not see emails see them masked, and none of the fields (rules.md 28).

use std::borrow::Cow;

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::list::{damaged, rate_of};
use crate::app::people::delete_form;
use crate::app::reports::forms::{FormField, FormReport, SubmissionRow};
use crate::app::reports::{self, FormRow};
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::list::{mask_email, name_of};
use crate::web::admin::people::visitor::{Fact, TimelineParams, timeline_pager};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::export::{CSV_ROWS_MAX, CsvFile};
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

/// Fields of a submission that the page shows. The JSON and the CSV file have all of them.
const FIELDS_SHOWN: usize = 20;
/// Names of fields that have a column of their own in the CSV file; the values of others share one.
const FIELD_COLUMNS: usize = 200;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/forms/{form}", get_or_head().to(show))
        .route("/accounts/{account}/forms/{form}/delete", post().to(delete));
}

/// The number of the form in the path.
fn id_of(request: &HttpRequest) -> Result<i64, WebError> {
    let id = request.match_info().get("form").and_then(|text| text.parse().ok());
    id.ok_or(WebError::NotFound)
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Admin)?;
    let (app, account) = (member.app(), member.account_id());
    delete_form::delete_form(app, member.actor(), account, id_of(&request)?).await?;
    respond::done(&request, member.https(), Done::FormDeleted, &paths::forms(account))
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = id_of(&request)?;
    let pairs = report_page::pairs(&request)?;
    let mut params = TimelineParams::read(&pairs, access.format)?;
    if access.format.is_csv() && query::first(&pairs, "limit").is_none() {
        params.limit = CSV_ROWS_MAX;
    }
    report_page::wait(&access, &pairs).await?;
    let (app, account) = (&access.state.app, access.account.id());
    let found = reports::form(app, account, id, params.after.as_deref(), params.limit).await?;
    let found = redact(&access, found.ok_or(WebError::NotFound)?);
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => csv(access.csv_file(mark, format!("form-{account}-{id}")), found.table.rows),
        Format::Html => {
            let member = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = member.layout(&found.form.name, Section::Forms, "");
            respond::page(&page(layout, &access.account.zone, &params, access.sees_emails, &found))
        }
    }
}

/// Removes what this user may not see: a field can identify a person just like the email.
fn redact(access: &ReportAccess, mut found: FormReport) -> FormReport {
    if !access.sees_emails {
        for row in &mut found.table.rows {
            mask_email(&mut row.email);
            row.fields.clear();
        }
    }
    found
}

const COLUMNS: [&str; 11] = [
    "at",
    "contact_id",
    "email",
    "visitor",
    "host",
    "path",
    "title",
    "verified",
    "collected",
    "consent",
    "consent_text",
];

/// A column for each name of a field, in the order in which they come, and one for what is left.
fn csv(file: CsvFile<'_>, rows: Vec<SubmissionRow>) -> Result<HttpResponse, WebError> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().flat_map(|row| &row.fields).map(|field| &field.name) {
        if names.len() < FIELD_COLUMNS && !names.contains(name) {
            names.push(name.clone());
        }
    }
    let heads: Vec<String> = names.iter().map(|name| format!("field.{name}")).collect();
    let mut head = COLUMNS.to_vec();
    head.extend(heads.iter().map(String::as_str));
    head.push("other_fields");
    export::csv(file, &head, rows.into_iter().map(move |row| cells(&row, &names)))
}

fn cells(row: &SubmissionRow, names: &[String]) -> Vec<String> {
    let mut cells = vec![
        row.at.iso(),
        row.contact_id.map(|id| id.to_string()).unwrap_or_default(),
        export::cell(row.email.as_deref().unwrap_or_default()),
        row.visitor.map(|number| number.to_string()).unwrap_or_default(),
        export::cell(&row.host),
        export::cell(&row.path),
        export::cell(&row.title),
        row.verified.to_string(),
        row.collected.to_string(),
        row.consent.to_owned(),
        export::cell(&row.consent_text),
    ];
    // A field that was sent several times has all of its values in one cell, as HubSpot writes lists.
    let values = |name: &str| -> String {
        let values: Vec<&str> =
            row.fields.iter().filter(|field| field.name == name).map(|field| field.value.as_str()).collect();
        values.join(";")
    };
    cells.extend(names.iter().map(|name| export::cell(&values(name))));
    let others: Vec<String> = row
        .fields
        .iter()
        .filter(|field| !names.contains(&field.name))
        .map(|FormField { name, value }| format!("{name}={value}"))
        .collect();
    cells.push(export::cell(&others.join(";")));
    cells
}

struct Row {
    when: String,
    ago: String,
    /// Contact, or that there is none.
    who: String,
    href: Option<String>,
    visitor: Option<(String, String)>,
    badges: Vec<&'static str>,
    page: String,
    fields: Vec<(String, String)>,
    /// Stands in place of fields, or below them.
    note: Option<String>,
    consent: Option<String>,
}

#[derive(Template)]
#[template(path = "forms/show.html")]
pub(crate) struct Page {
    layout: Layout,
    under: String,
    damaged: Option<String>,
    facts: Vec<Fact>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    /// What deleting removes, and where to send it; only for users who may.
    delete: Option<(String, String)>,
}

pub(crate) fn page(
    layout: Layout,
    zone: &Zone,
    params: &TimelineParams,
    sees_fields: bool,
    found: &FormReport,
) -> Page {
    let t = layout.t;
    let FormReport { form, table } = found;
    let address = paths::form(layout.account_id(), form.id);
    Page {
        under: format!("{}{}", form.host, form.path),
        damaged: damaged(t, &table.damaged),
        facts: facts(t, zone, form),
        rows: table.rows.iter().map(|row| row_of(&layout, zone, sees_fields, row)).collect(),
        pager: timeline_pager(t, params, &address, table.rows.len(), table.total, table.next.as_deref()),
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        delete: layout.viewer_is(Role::Admin).then(|| {
            let count = t.forms.delete_count.of(report_page::signed(form.submissions), &t.number);
            (fill(t.forms.delete_what, &[("submissions", &count)]), format!("{address}/delete"))
        }),
        layout,
    }
}

fn facts(t: &'static Texts, zone: &Zone, form: &FormRow) -> Vec<Fact> {
    let texts = &t.forms;
    let fact =
        |name: &'static str, value: String, detail: String| Fact { name: Cow::from(name), value, detail };
    let at = |at| format::date_time(&t.number, zone, at);
    let seen = form.page_visitors.map(|seen| report_page::count(t, seen)).unwrap_or_default();
    vec![
        fact(texts.submissions, report_page::count(t, form.submissions), String::new()),
        fact(texts.contacts, report_page::count(t, form.contacts), String::new()),
        fact(texts.visitors, report_page::count(t, form.visitors), String::new()),
        fact(texts.page_visitors, seen, String::new()),
        fact(texts.conversion_rate, report_page::rate(t, form.conversion_rate), rate_of(t, form)),
        fact(texts.first_seen, at(form.first_seen), String::new()),
        fact(texts.last_seen, at(form.last_seen), String::new()),
    ]
}

fn row_of(layout: &Layout, zone: &Zone, sees_fields: bool, row: &SubmissionRow) -> Row {
    let t = layout.t;
    let texts = &t.forms;
    let account = layout.account_id();
    let more = row.fields.len().saturating_sub(FIELDS_SHOWN);
    let note = match (sees_fields, row.fields.is_empty()) {
        (false, _) => Some(texts.hidden.to_owned()),
        (true, true) => Some(texts.empty.to_owned()),
        (true, false) if more > 0 => {
            Some(texts.more_fields.of(i64::try_from(more).unwrap_or(i64::MAX), &t.number))
        }
        (true, false) => None,
    };
    let badges = [
        (row.is_new_contact, texts.is_new),
        (row.verified, texts.verified),
        (row.collected, texts.collected),
    ];
    let visitor = |number: u32| {
        let name = fill(t.visitor.title, &[("number", &number.to_string())]);
        (name, paths::visitor(account, VisitorNumber(number)))
    };
    Row {
        when: format::date_time(&t.number, zone, row.at),
        ago: format::ago(&t.number, layout.now, row.at),
        who: match row.contact_id {
            Some(id) => name_of(t, row.email.as_deref(), id),
            None => texts.nobody.to_owned(),
        },
        href: row.contact_id.map(|id| paths::contact(account, ContactId(id))),
        visitor: row.visitor.map(visitor),
        badges: badges.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect(),
        page: format!("{}{}", row.host, row.path),
        fields: row
            .fields
            .iter()
            .take(FIELDS_SHOWN)
            .map(|FormField { name, value }| (name.clone(), value.clone()))
            .collect(),
        note,
        consent: consent(t, &row.consent_text),
    }
}

/// The words to which the person agreed, out of the JSON that came with the submission.
fn consent(t: &Texts, json: &str) -> Option<String> {
    let options: serde_json::Value = serde_json::from_str(json).ok()?;
    let mut words: Vec<&str> = ["consent", "legitimateInterest"]
        .iter()
        .filter_map(|kind| options.get(kind)?.get("text")?.as_str())
        .collect();
    let said = options.get("consent").and_then(|consent| consent.get("communications")?.as_array());
    let agreed = said.into_iter().flatten().filter(|said| said.get("value") == Some(&true.into()));
    words.extend(agreed.filter_map(|said| said.get("text")?.as_str()));
    (!words.is_empty()).then(|| fill(t.forms.consent, &[("text", &words.join(" · "))]))
}
