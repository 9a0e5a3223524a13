//! `/accounts/{id}/contacts/import/{id}`: one file of contacts. An admin says what each column is imported as, checks what
//! would be done, and imports it. The page shows how far it has come, and every row that was refused; `?format=csv` has all.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::import::{self, Begin};
use crate::domain::import::{Column, Reason, Refusal, Target};
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::import::{Import, State, Stop};
use crate::web::admin::people::imports::list::{state_of, wrong};
use crate::web::admin::people::visitor::Fact;
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::ColumnsForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::export::{self, CsvFile, Mark};
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/contacts/import/{import}")
            .route(get_or_head().to(show))
            .route(post().to(change)),
    );
}

/// What a button of the form does.
const CHECK: &str = "check";
const IMPORT: &str = "import";
const DISCARD: &str = "discard";
/// Refused rows on the page.
const SHOWN: usize = 100;
/// Values of a column on the page.
const SAMPLES: usize = 3;
/// Milliseconds between two looks at the progress.
const EVERY_MS: u32 = 2_000;

fn id_of(request: &HttpRequest) -> Result<i64, WebError> {
    let id = request.match_info().get("import").and_then(|text| text.parse().ok());
    id.ok_or(WebError::NotFound)
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let found = import::find(member.app(), member.account_id(), id_of(&request)?).await?;
    let pairs = report_page::pairs(&request)?;
    if query::first(&pairs, "format") == Some("csv") {
        let mark = match query::first(&pairs, "bom") {
            Some("0") => Mark::Omitted,
            _ => Mark::Written,
        };
        return report(&member, &found, mark).await;
    }
    answer(&member, found, None).await
}

/// All refused rows as CSV.
async fn report(member: &Member, import: &Import, mark: Mark) -> Result<HttpResponse, WebError> {
    let refusals = import::refusals(member.app(), import.id, 0, usize::MAX).await?;
    let name = format!("refused-{}-{}", import.account, import.id);
    let file = CsvFile { name, mark, places: &member.app().csv_files };
    let (t, headings) = (member.t(), import.columns.clone());
    let row = move |refusal: Refusal| {
        vec![
            refusal.line.to_string(),
            export::cell(&heading_of(&headings, refusal.column)),
            refusal.reason.as_str().to_owned(),
            text_of(t, &refusal),
        ]
    };
    export::csv(file, &["line", "column", "reason", "text"], refusals.into_iter().map(row))
}

async fn answer(member: &Member, import: Import, error: Option<String>) -> Result<HttpResponse, WebError> {
    let app = member.app();
    let refusals = import::refusals(app, import.id, 0, SHOWN).await?;
    let is_open = matches!(import.state, State::Uploaded | State::Checked);
    // A file that is lost has no values; beginning says so.
    let samples =
        if is_open { import::samples(app, &import, SAMPLES).await.unwrap_or_default() } else { Vec::new() };
    let layout = member.layout(&import.name, Section::Contacts, "");
    let has_error = error.is_some();
    let shown = Shown { import, refusals, samples, error };
    respond::form(has_error, &page(layout, &member.account.zone, &shown))
}

async fn change(request: HttpRequest, form: ColumnsForm) -> Result<HttpResponse, WebError> {
    let ColumnsForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let (app, account, id) = (member.app(), member.account_id(), id_of(&request)?);
    let mut found = import::find(app, account, id).await?;
    let what = match fields.text("do") {
        CHECK => Some(Begin::Check),
        IMPORT => Some(Begin::Import),
        _ => None,
    };
    let done = match what {
        Some(what) => {
            for (place, column) in found.columns.iter_mut().enumerate() {
                column.target = Target::parse(fields.raw(&field_name(place)));
            }
            import::begin(app, member.actor(), account, id, found.columns.clone(), what).await
        }
        None if fields.text("do") == DISCARD => import::discard(app, member.actor(), account, id).await,
        None => return answer(&member, found, Some(member.t().imports.wrong.no_choice.to_owned())).await,
    };
    match done {
        Ok(()) if what.is_none() => {
            respond::done(&request, member.https(), Done::ImportDiscarded, &paths::imports(account))
        }
        Ok(()) => Ok(respond::see_other(&paths::import(account, id))),
        Err(error) => {
            let wrong = wrong(member.t(), error)?;
            answer(&member, found, Some(wrong)).await
        }
    }
}

fn field_name(place: usize) -> String {
    format!("column-{place}")
}

/// What the page shows.
pub(crate) struct Shown {
    pub import: Import,
    pub refusals: Vec<Refusal>,
    /// Values of each column.
    pub samples: Vec<Vec<String>>,
    pub error: Option<String>,
}

struct Line {
    field: String,
    heading: String,
    samples: String,
    /// What it is imported as; empty = nothing.
    target: String,
}

struct Refused {
    line: String,
    column: String,
    why: String,
}

#[derive(Template)]
#[template(path = "contacts/import.html")]
pub(crate) struct Page {
    layout: Layout,
    address: String,
    back: String,
    csv: String,
    state: String,
    note: Option<String>,
    error: Option<String>,
    /// How much of the file is done, while that is under way.
    progress: Option<String>,
    facts: Vec<Fact>,
    /// Empty when the columns cannot be chosen any more.
    lines: Vec<Line>,
    suggestions: Vec<String>,
    refused: Vec<Refused>,
    /// Shown when there are more.
    more: Option<String>,
}

impl Page {
    /// The name of a field for those who do not see the table.
    fn label(&self, line: &Line) -> String {
        fill(self.layout.t.imports.target_of, &[("heading", &line.heading)])
    }

    fn contacts(&self) -> String {
        paths::contacts(self.layout.account_id())
    }
}

fn heading_of(columns: &[Column], column: Option<usize>) -> String {
    column.and_then(|column| columns.get(column)).map(|column| column.heading.clone()).unwrap_or_default()
}

fn text_of(t: &Texts, refusal: &Refusal) -> String {
    let texts = &t.imports.reason;
    let text = match refusal.reason {
        Reason::TooFewCells => texts.few_cells,
        Reason::TooManyCells => texts.many_cells,
        Reason::NobodyNamed => texts.nobody,
        Reason::NoEmail => texts.no_email,
        Reason::TooManyEmails => texts.many_emails,
        Reason::LongExternalId => texts.long_external_id,
        Reason::LongValue => texts.long_value,
        Reason::LongName => texts.long_name,
        Reason::TooManyProperties => texts.many_properties,
        Reason::NoObject => texts.no_object,
        Reason::NoTime => texts.no_time,
        Reason::FutureTime => texts.future_time,
        Reason::NoSource => texts.no_source,
        Reason::SameContact => texts.same_contact,
        Reason::DifferentContacts => texts.different_contacts,
        Reason::WrongType => texts.wrong_type,
        Reason::OtherExternalId => texts.other_external_id,
    };
    let other = refusal.other.map(|other| other.to_string()).unwrap_or_default();
    fill(text, &[("number", &other)])
}

/// As it is typed: without the word before a property, where its name alone means the same.
fn typed(target: &Target) -> String {
    match target {
        Target::Skip => String::new(),
        Target::Property(name) if Target::parse(name) == *target => name.clone(),
        target => String::from(target.clone()),
    }
}

pub(crate) fn page(layout: Layout, zone: &Zone, shown: &Shown) -> Page {
    let t = layout.t;
    let texts = &t.imports;
    let Shown { import, refusals, samples, error } = shown;
    let account = layout.account_id();
    let address = paths::import(account, import.id);
    let count = |n| report_page::count(t, n);
    let is_open = matches!(import.state, State::Uploaded | State::Checked);
    let done = import.tally.total() as f64 / import.rows.max(1) as f64 * 100.0;
    let line = |(place, column): (usize, &Column)| Line {
        field: field_name(place),
        heading: column.heading.clone(),
        samples: samples.get(place).map(|values| values.join(" · ")).unwrap_or_default(),
        target: typed(&column.target),
    };
    let refused = |refusal: &Refusal| Refused {
        line: refusal.line.to_string(),
        column: heading_of(&import.columns, refusal.column),
        why: text_of(t, refusal),
    };
    let more = import.tally.refused.saturating_sub(refusals.len() as u64);
    Page {
        back: paths::imports(account),
        csv: format!("{address}?format=csv"),
        state: state_of(t, import).to_owned(),
        note: note(t, import),
        error: error.clone(),
        progress: import.state.is_active().then(|| format!("{:.1}%", done.clamp(0.0, 100.0))),
        facts: facts(t, zone, import),
        lines: if is_open { import.columns.iter().enumerate().map(line).collect() } else { Vec::new() },
        suggestions: suggestions(import),
        refused: refusals.iter().map(refused).collect(),
        more: (more > 0).then(|| fill(texts.more, &[("number", &count(more))])),
        address,
        layout,
    }
}

/// What follows from the state.
fn note(t: &Texts, import: &Import) -> Option<String> {
    let texts = &t.imports.note;
    let line = import.line.to_string();
    let progress = || {
        let (done, rows) = (report_page::count(t, import.tally.total()), report_page::count(t, import.rows));
        fill(texts.progress, &[("done", &done), ("rows", &rows)])
    };
    match (import.state, import.stop) {
        (State::Uploaded, _) => Some(texts.uploaded.to_owned()),
        (State::Checked, _) => Some(texts.checked.to_owned()),
        (State::Checking | State::Running, _) => Some(progress()),
        (State::Stopped, Some(Stop::Erased)) => Some(fill(texts.erased, &[("line", &line)])),
        (State::Stopped, _) => Some(fill(texts.lost, &[("line", &line)])),
        (State::Done, _) => None,
    }
}

fn facts(t: &'static Texts, zone: &Zone, import: &Import) -> Vec<Fact> {
    let texts = &t.imports;
    let fact = |name: &'static str, value: String| Fact { name: name.into(), value, detail: String::new() };
    let count = |n| report_page::count(t, n);
    let separator = match import.separator {
        b'\t' => texts.tab.to_owned(),
        sign => char::from(sign).to_string(),
    };
    let mut facts = vec![fact(texts.rows, count(import.rows))];
    if import.state != State::Uploaded {
        let [created, changed, same] = match import.state {
            State::Checking | State::Checked => [texts.would_create, texts.would_change, texts.stays],
            _ => [texts.created, texts.changed, texts.same],
        };
        facts.extend([
            fact(created, count(import.tally.created)),
            fact(changed, count(import.tally.changed)),
            fact(same, count(import.tally.same)),
            fact(texts.refused, count(import.tally.refused)),
        ]);
    }
    facts.extend([
        fact(texts.encoding, import.encoding.clone()),
        fact(texts.separator, separator),
        fact(texts.uploaded, format::date_time(&t.number, zone, import.created)),
    ]);
    facts.extend(import.finished.map(|at| fact(texts.finished, format::date_time(&t.number, zone, at))));
    facts
}

/// What a column is most likely imported as; any other name of a property can be typed.
fn suggestions(import: &Import) -> Vec<String> {
    let fixed = [
        Target::Email,
        Target::OtherEmails,
        Target::ExternalId,
        Target::Created,
        Target::FirstSeen,
        Target::LastSeen,
        Target::OriginalSource,
        Target::OtherProperties,
    ];
    let usual = ["firstname", "lastname", "company", "phone", "city", "country", "jobtitle"];
    let mut all: Vec<String> = fixed.iter().map(typed).chain(usual.map(str::to_owned)).collect();
    for column in &import.columns {
        let guessed = typed(&Target::guess(&column.heading));
        if !guessed.is_empty() && !all.contains(&guessed) {
            all.push(guessed);
        }
    }
    all
}
