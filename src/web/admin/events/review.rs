//! `/accounts/{id}/events/unexpected` and `…/dismissed`: event names that arrived although nobody has created them.
//! The user approves, dismisses or restores one or many. The forms work without script, which only adds a box that
//! ticks all.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Serialize;

use crate::app::events::review::{self, Error};
use crate::app::reports::parameters;
use crate::app::reports::{LIMIT_DEFAULT, Table};
use crate::domain::account::AccountId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::unexpected::{OTHER, Unexpected};
use crate::web::admin::events::list::{Head, Tab, named};
use crate::web::admin::reports::report::{self, signed};
use crate::web::drawing::format;
use crate::web::part::empty::Empty;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::{Format, InAccount, ReportAccess};
use crate::web::request::query;
use crate::web::response::data::CSV_ROWS_MAX;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Flash, Layout, Section, Tone};
use crate::web::response::{answer, data};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/events/unexpected")
                .route(get().to(unexpected))
                .route(post().to(review_names)),
        )
        .service(
            resource("/accounts/{account}/events/dismissed")
                .route(get().to(dismissed))
                .route(post().to(restore)),
        );
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Unexpected,
    Dismissed,
}

impl List {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Dismissed => "dismissed",
        }
    }

    const fn tab(self) -> Tab {
        match self {
            Self::Unexpected => Tab::Unexpected,
            Self::Dismissed => Tab::Dismissed,
        }
    }

    fn path(self, account: AccountId) -> String {
        format!("{}/{}", paths::events(account), self.as_str())
    }
}

/// The parameters of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub search: String,
    pub after: Option<i64>,
    /// Number of the first row shown, counted from 1; only displayed.
    pub row: i64,
    pub limit: usize,
}

impl Asked {
    fn read(pairs: &[(String, String)], format: Format) -> Result<Self, WebError> {
        let usual = if format == Format::Csv { CSV_ROWS_MAX } else { LIMIT_DEFAULT };
        let limit = parameters::limit(query::first(pairs, "limit"), usual)?;
        let after = parameters::after(query::first(pairs, "after"), |text| text.parse().ok())?;
        let row = query::first(pairs, "row").and_then(|text| text.parse().ok());
        let row = row.filter(|row| *row > 0 && after.is_some()).unwrap_or(1);
        let search = query::first(pairs, "search").unwrap_or_default().trim().to_owned();
        Ok(Self { search, after, row, limit })
    }
}

/// A row of the JSON answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Name {
    id: i64,
    name: String,
    kind: &'static str,
    seen: i64,
    first_seen: String,
    last_seen: String,
    /// The page that reported it last; null when a program did.
    page: Option<String>,
}

impl From<&Unexpected> for Name {
    fn from(found: &Unexpected) -> Self {
        Self {
            id: found.id,
            name: found.name.clone(),
            kind: found.kind.as_str(),
            seen: found.seen,
            first_seen: found.first.iso(),
            last_seen: found.last.iso(),
            page: (!found.page.is_empty()).then(|| found.page.clone()),
        }
    }
}

/// The rows of one page.
pub(crate) fn part(mut all: Vec<Unexpected>, asked: &Asked) -> Result<Table<Unexpected>, WebError> {
    let search = asked.search.to_lowercase();
    all.retain(|found| search.is_empty() || found.name.to_lowercase().contains(&search));
    let total = u64::try_from(all.len()).unwrap_or(0);
    if let Some(after) = asked.after {
        let place = all.iter().position(|found| found.id == after).ok_or_else(parameters::no_cursor)?;
        all.drain(..=place);
    }
    let is_more = all.len() > asked.limit;
    all.truncate(asked.limit);
    let next = all.last().filter(|_| is_more).map(|found| found.id.to_string());
    Ok(Table { rows: all, total, next, compare: None, damaged: Vec::new() })
}

async fn unexpected(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    list(request, access, List::Unexpected).await
}

async fn dismissed(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    list(request, access, List::Dismissed).await
}

async fn list(request: HttpRequest, access: ReportAccess, which: List) -> Result<HttpResponse, WebError> {
    let pairs = report::pairs(&request)?;
    let asked = Asked::read(&pairs, access.format)?;
    report::wait(&access, &pairs).await?;
    let (app, id) = (&access.state.app, access.account.id());
    let found = part(review::list(app, id, which == List::Dismissed).await?, &asked)?;
    match access.format {
        Format::Json => {
            let rows: Vec<Name> = found.rows.iter().map(Name::from).collect();
            data::json(&Table {
                rows,
                total: found.total,
                next: found.next,
                compare: None,
                damaged: Vec::new(),
            })
        }
        Format::Csv => {
            let name = format!("{}-events-{id}", which.as_str());
            data::csv(&name, &COLUMNS, found.rows.iter().map(cells).collect())
        }
        Format::Html => {
            let here = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            show(here, StatusCode::OK, which, &asked, &found, &Chosen::default())
        }
    }
}

/// Columns of the CSV, in the order of `cells`.
const COLUMNS: [&str; 7] = ["id", "name", "kind", "seen", "first_seen", "last_seen", "page"];

fn cells(found: &Unexpected) -> Vec<String> {
    vec![
        found.id.to_string(),
        data::cell(&found.name),
        found.kind.as_str().to_owned(),
        found.seen.to_string(),
        found.first.iso(),
        found.last.iso(),
        data::cell(&found.page),
    ]
}

/// The ticked rows of a form that failed, and the error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    pub ids: Vec<i64>,
    pub wrong: Option<String>,
}

struct Row {
    id: i64,
    /// `box-7`
    element: String,
    name: String,
    kind: &'static str,
    seen: String,
    first: String,
    last: String,
    last_when: String,
    page: String,
    choose: String,
    /// The row that stands for all further names; it cannot be approved.
    is_others: bool,
    is_chosen: bool,
    /// Buttons for this row alone.
    deeds: Vec<Deed>,
}

struct Deed {
    /// Name of the form field.
    name: &'static str,
    label: &'static str,
    said: String,
    is_main: bool,
}

#[derive(Template)]
#[template(path = "review/list.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    lead: &'static str,
    action: String,
    path: String,
    search: String,
    may_edit: bool,
    /// Buttons for all ticked rows.
    deeds: Vec<Deed>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    empty: Option<Empty>,
}

/// `active` and `limit`: number of active events of the account, and the limit.
pub(crate) fn page(
    mut layout: Layout,
    zone: &Zone,
    which: List,
    asked: &Asked,
    (active, limit): (i64, i64),
    found: &Table<Unexpected>,
    chosen: &Chosen,
) -> Page {
    let t = layout.t;
    let words = &t.events.review;
    let account = layout.account.as_ref().map_or(AccountId(0), |here| here.id);
    let path = which.path(account);
    if let Some(wrong) = &chosen.wrong {
        layout.flash = Some(Flash { tone: Tone::Bad, text: wrong.clone() });
    }
    let (none_title, none, lead) = match which {
        List::Unexpected => (words.none_title, words.none, words.unexpected_lead),
        List::Dismissed => (words.none_dismissed_title, words.none_dismissed, words.dismissed_lead),
    };
    let is_empty = found.total == 0 && asked.search.is_empty();
    let search = paths::encode(&asked.search);
    let query = format!("search={search}&limit={}", asked.limit);
    let to = asked.row + i64::try_from(found.rows.len()).unwrap_or(0) - 1;
    let is_part = asked.after.is_some() || found.next.is_some();
    let next = found.next.as_ref();
    Page {
        head: Head::of(&layout, which.tab(), active, limit),
        lead,
        action: path.clone(),
        search: asked.search.clone(),
        may_edit: layout.viewer.as_ref().is_some_and(|viewer| viewer.role >= Role::Editor),
        deeds: deeds(t, which, None, false),
        rows: found.rows.iter().map(|row| row_of(&layout, zone, which, chosen, row)).collect(),
        pager: is_part.then(|| Pager {
            t,
            from: asked.row,
            to,
            total: signed(found.total),
            first: asked.after.is_some().then(|| format!("{path}?{query}")),
            next: next.map(|next| format!("{path}?{query}&after={next}&row={}", to + 1)),
        }),
        csv: format!("{path}?search={search}&format=csv"),
        json: format!("{path}?search={search}&format=json"),
        empty: is_empty.then(|| Empty {
            icon: Icon::Check,
            title: none_title.to_owned(),
            what: none.to_owned(),
            action: None,
        }),
        path,
        layout,
    }
}

/// The buttons of a list; with the name in `one`, the buttons of that row.
fn deeds(t: &'static Texts, which: List, one: Option<&str>, is_others: bool) -> Vec<Deed> {
    let words = &t.events.review;
    let deed = |name, label: &'static str, of_one, is_main| Deed {
        name,
        label,
        said: one.map_or_else(|| label.to_owned(), |name| named(of_one, name)),
        is_main,
    };
    match which {
        List::Unexpected => {
            let approve = deed("approve", words.approve, words.approve_one, true);
            let dismiss = deed("dismiss", words.dismiss, words.dismiss_one, false);
            if is_others { vec![dismiss] } else { vec![approve, dismiss] }
        }
        List::Dismissed => vec![deed("restore", words.restore, words.restore_one, true)],
    }
}

fn row_of(layout: &Layout, zone: &Zone, which: List, chosen: &Chosen, found: &Unexpected) -> Row {
    let t = layout.t;
    let words = &t.events.review;
    let is_others = found.name == OTHER;
    let name = if is_others { words.others.to_owned() } else { found.name.clone() };
    Row {
        id: found.id,
        element: format!("box-{}", found.id),
        kind: t.events.kind.of(found.kind).0,
        seen: format::number(&t.number, found.seen),
        first: format::date_time(&t.number, zone, found.first),
        last: format::ago(&t.number, layout.now, found.last),
        last_when: format::date_time(&t.number, zone, found.last),
        page: match found.page.as_str() {
            "" => words.by_program.to_owned(),
            page => format::address(page),
        },
        choose: named(words.choose, &name),
        deeds: deeds(t, which, Some(&name), is_others),
        is_others,
        is_chosen: chosen.ids.contains(&found.id),
        name,
    }
}

fn show(
    here: &InAccount,
    status: StatusCode,
    which: List,
    asked: &Asked,
    found: &Table<Unexpected>,
    chosen: &Chosen,
) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let title = match which {
        List::Unexpected => t.events.unexpected,
        List::Dismissed => t.events.dismissed,
    };
    let app = &here.who.state.app;
    let active = app.definitions.of(here.id()).active().count();
    let used = (i64::try_from(active).unwrap_or(i64::MAX), app.event_limit);
    let layout = here.layout(title, Section::Events, "");
    answer::page(status, &page(layout, &here.account.zone, which, asked, used, found, chosen))
}

/// The requested action and the rows it is for.
fn asked_of(fields: &Fields, deeds: &[&'static str]) -> Option<(&'static str, Vec<i64>)> {
    // A button of one row has the row's number as its value. A button above the list names the action in the field
    // `do`.
    let one = deeds.iter().find_map(|deed| Some((*deed, vec![fields.number(deed)?])));
    let many = || {
        let deed = deeds.iter().find(|deed| fields.text("do") == **deed)?;
        let ids = fields.all("id").into_iter().map(|id| id.trim().parse().ok());
        Some((*deed, ids.collect::<Option<Vec<i64>>>()?))
    };
    one.or_else(many).map(|(deed, mut ids)| {
        ids.sort_unstable();
        ids.dedup();
        (deed, ids)
    })
}

async fn review_names(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    act(&request, form, List::Unexpected, &["approve", "dismiss"]).await
}

async fn restore(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    act(&request, form, List::Dismissed, &["restore"]).await
}

async fn act(
    request: &HttpRequest,
    form: AccountForm,
    which: List,
    deeds: &[&'static str],
) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Editor)?;
    let t = here.who.context.t;
    let asked = asked_of(&fields, deeds);
    let (deed, ids) =
        asked.ok_or_else(|| WebError::BadRequest("nothing of this list is to be done".into()))?;
    if ids.is_empty() {
        return refused(&here, which, ids, t.events.review.none_chosen.to_owned()).await;
    }
    let (app, actor, account) = (&here.who.state.app, here.who.actor(), here.id());
    let (result, done) = match deed {
        "approve" => (review::approve(app, actor, account, ids.clone()).await.map(drop), Done::NamesApproved),
        "dismiss" => {
            (review::set_dismissed(app, actor, account, ids.clone(), true).await, Done::NamesDismissed)
        }
        _ => (review::set_dismissed(app, actor, account, ids.clone(), false).await, Done::NamesRestored),
    };
    match result {
        Ok(()) => {
            flash::put(request, here.who.context.https, done);
            Ok(answer::see_other(&which.path(account)))
        }
        Err(error) => {
            let text = wrong(t, error)?;
            refused(&here, which, ids, text).await
        }
    }
}

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
fn wrong(t: &Texts, error: Error) -> Result<String, WebError> {
    let words = &t.events.review;
    let n = |n: i64| format::number(&t.number, n);
    match error {
        Error::Full { active, limit, wanted } => {
            let said = [("active", n(active)), ("limit", n(limit)), ("wanted", n(wanted))];
            Ok(fill(words.full, &said.each_ref().map(|(key, value)| (*key, value.as_str()))))
        }
        Error::Many => Ok(words.many.to_owned()),
        Error::Gone => Ok(words.gone.to_owned()),
        Error::Access(error) => Err(error.into()),
    }
}

/// The list again, with the ticked rows and the error.
async fn refused(
    here: &InAccount,
    which: List,
    ids: Vec<i64>,
    text: String,
) -> Result<HttpResponse, WebError> {
    let asked = Asked { row: 1, limit: LIMIT_DEFAULT, ..Asked::default() };
    let all = review::list(&here.who.state.app, here.id(), which == List::Dismissed).await?;
    let chosen = Chosen { ids, wrong: Some(text) };
    show(here, StatusCode::UNPROCESSABLE_ENTITY, which, &asked, &part(all, &asked)?, &chosen)
}
