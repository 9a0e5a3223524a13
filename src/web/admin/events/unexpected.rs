//! `/accounts/{id}/events/unexpected` and `…/dismissed`: event names that arrived although nobody has created them.
//! The user approves, dismisses or restores one or many. The forms work without script, which only adds a box that
//! ticks all.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Serialize;

use crate::app::events::unexpected::{self, Error};
use crate::app::reports::parameters;
use crate::app::reports::{LIMIT_DEFAULT, Table};
use crate::domain::account::AccountId;
use crate::domain::period::Zone;
use crate::domain::readable::readable;
use crate::domain::user::Role;
use crate::store::unexpected::{OTHER, Unexpected};
use crate::web::admin::events::list::{Head, Tab, with_name};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::empty::Empty;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::{Format, Member, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::export::{CSV_ROWS_MAX, Column};
use crate::web::response::flash::Done;
use crate::web::response::page::{Flash, Layout, Section, Tone};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/events/unexpected")
                .route(get_or_head().to(unexpected))
                .route(post().to(review_names)),
        )
        .service(
            resource("/accounts/{account}/events/dismissed")
                .route(get_or_head().to(dismissed))
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
pub(crate) struct ListParams {
    pub search: String,
    pub after: Option<i64>,
    /// Number of the first row shown, counted from 1; only displayed.
    pub row: i64,
    pub limit: usize,
}

impl ListParams {
    fn read(pairs: &Pairs, format: Format) -> Result<Self, WebError> {
        let usual = if format.is_csv() { CSV_ROWS_MAX } else { LIMIT_DEFAULT };
        let limit = parameters::limit(query::first(pairs, "limit"), usual)?;
        let after = parameters::after(query::first(pairs, "after"), |text| text.parse().ok())?;
        let row = report_page::first_row(pairs, after.is_some());
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
pub(crate) fn part(mut all: Vec<Unexpected>, params: &ListParams) -> Result<Table<Unexpected>, WebError> {
    let search = params.search.to_lowercase();
    all.retain(|found| search.is_empty() || found.name.to_lowercase().contains(&search));
    let total = u64::try_from(all.len()).unwrap_or(0);
    if let Some(after) = params.after {
        let place = all.iter().position(|found| found.id == after).ok_or_else(parameters::no_cursor)?;
        all.drain(..=place);
    }
    let is_more = all.len() > params.limit;
    all.truncate(params.limit);
    let next = all.last().filter(|_| is_more).map(|found| found.id.to_string());
    Ok(Table { rows: all, total, next, compare: None, suspected_page_views: 0, damaged: Vec::new() })
}

async fn unexpected(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    list(request, access, List::Unexpected).await
}

async fn dismissed(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    list(request, access, List::Dismissed).await
}

async fn list(request: HttpRequest, access: ReportAccess, which: List) -> Result<HttpResponse, WebError> {
    let pairs = report_page::pairs(&request)?;
    let params = ListParams::read(&pairs, access.format)?;
    report_page::wait(&access, &pairs).await?;
    let (app, id) = (&access.state.app, access.account.id());
    let found = part(unexpected::list(app, id, which == List::Dismissed).await?, &params)?;
    match access.format {
        Format::Json => {
            let rows: Vec<Name> = found.rows.iter().map(Name::from).collect();
            export::json(&Table {
                rows,
                total: found.total,
                next: found.next,
                compare: None,
                suspected_page_views: 0,
                damaged: Vec::new(),
            })
        }
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("{}-events-{id}", which.as_str()));
            export::csv_columns(file, &COLUMNS, found.rows)
        }
        Format::Html => {
            let member = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            show(member, which, &params, &found, &Chosen::default())
        }
    }
}

const COLUMNS: [Column<Unexpected>; 7] = [
    ("id", |found| found.id.to_string()),
    ("name", |found| export::cell(&found.name)),
    ("kind", |found| found.kind.as_str().to_owned()),
    ("seen", |found| found.seen.to_string()),
    ("first_seen", |found| found.first.iso()),
    ("last_seen", |found| found.last.iso()),
    ("page", |found| export::cell(&found.page)),
];

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
    buttons: Vec<Button>,
}

struct Button {
    /// Name of the form field.
    name: &'static str,
    label: &'static str,
    said: String,
    is_main: bool,
}

#[derive(Template)]
#[template(path = "unexpected/list.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    lead: &'static str,
    action: String,
    path: String,
    search: String,
    may_edit: bool,
    /// Buttons for all ticked rows.
    buttons: Vec<Button>,
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
    params: &ListParams,
    (active, limit): (i64, i64),
    found: &Table<Unexpected>,
    chosen: &Chosen,
) -> Page {
    let t = layout.t;
    let texts = &t.events.review;
    let account = layout.account_id();
    let path = which.path(account);
    if let Some(wrong) = &chosen.wrong {
        layout.flash = Some(Flash { tone: Tone::Bad, text: wrong.clone() });
    }
    let (none_title, none, lead) = match which {
        List::Unexpected => (texts.none_title, texts.none, texts.unexpected_lead),
        List::Dismissed => (texts.none_dismissed_title, texts.none_dismissed, texts.dismissed_lead),
    };
    let is_empty = found.total == 0 && params.search.is_empty();
    let search = paths::encode(&params.search);
    let query = format!("search={search}&limit={}", params.limit);
    Page {
        head: Head::of(&layout, which.tab(), active, limit),
        lead,
        action: path.clone(),
        search: params.search.clone(),
        may_edit: layout.viewer_is(Role::Editor),
        buttons: buttons(t, which, None, false),
        rows: found.rows.iter().map(|row| row_of(&layout, zone, which, chosen, row)).collect(),
        pager: Pager::of(
            t,
            params.row,
            found.rows.len(),
            found.total,
            params.after.map(|_| format!("{path}?{query}")),
            found.next.as_deref(),
            |cursor, row| format!("{path}?{query}&after={cursor}&row={row}"),
        ),
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
fn buttons(t: &'static Texts, which: List, one: Option<&str>, is_others: bool) -> Vec<Button> {
    let texts = &t.events.review;
    let button = |name, label: &'static str, of_one, is_main| Button {
        name,
        label,
        said: one.map_or_else(|| label.to_owned(), |name| with_name(of_one, name)),
        is_main,
    };
    match which {
        List::Unexpected => {
            let approve = button("approve", texts.approve, texts.approve_one, true);
            let dismiss = button("dismiss", texts.dismiss, texts.dismiss_one, false);
            if is_others { vec![dismiss] } else { vec![approve, dismiss] }
        }
        List::Dismissed => vec![button("restore", texts.restore, texts.restore_one, true)],
    }
}

fn row_of(layout: &Layout, zone: &Zone, which: List, chosen: &Chosen, found: &Unexpected) -> Row {
    let t = layout.t;
    let texts = &t.events.review;
    let is_others = found.name == OTHER;
    let name = if is_others { texts.others.to_owned() } else { found.name.clone() };
    Row {
        id: found.id,
        element: format!("box-{}", found.id),
        kind: t.events.kind.of(found.kind).0,
        seen: format::number(&t.number, found.seen),
        first: format::date_time(&t.number, zone, found.first),
        last: format::ago(&t.number, layout.now, found.last),
        last_when: format::date_time(&t.number, zone, found.last),
        page: match found.page.as_str() {
            "" => texts.by_program.to_owned(),
            page => readable(page).into_owned(),
        },
        choose: with_name(texts.choose, &name),
        buttons: buttons(t, which, Some(&name), is_others),
        is_others,
        is_chosen: chosen.ids.contains(&found.id),
        name,
    }
}

fn show(
    member: &Member,
    which: List,
    params: &ListParams,
    found: &Table<Unexpected>,
    chosen: &Chosen,
) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let title = match which {
        List::Unexpected => t.events.unexpected,
        List::Dismissed => t.events.dismissed,
    };
    let app = member.app();
    let active = app.definitions.of(member.account_id()).active().count();
    let used = (i64::try_from(active).unwrap_or(i64::MAX), app.event_limit);
    let layout = member.layout(title, Section::Events, "");
    respond::form(
        chosen.wrong.is_some(),
        &page(layout, &member.account.zone, which, params, used, found, chosen),
    )
}

/// The requested action and the rows it is for.
fn requested_action(fields: &Fields, actions: &[&'static str]) -> Option<(&'static str, Vec<i64>)> {
    // A button of one row has the row's number as its value. A button above the list names the action in the field
    // `do`.
    let one = actions.iter().find_map(|action| Some((*action, vec![fields.number(action)?])));
    let many = || {
        let action = actions.iter().find(|action| fields.text("do") == **action)?;
        let ids = fields.all("id").into_iter().map(|id| id.trim().parse().ok());
        Some((*action, ids.collect::<Option<Vec<i64>>>()?))
    };
    one.or_else(many).map(|(action, mut ids)| {
        ids.sort_unstable();
        ids.dedup();
        (action, ids)
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
    actions: &[&'static str],
) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let t = member.t();
    let params = requested_action(&fields, actions);
    let (action, ids) = params.ok_or_else(|| WebError::BadRequest("unknown action".into()))?;
    if ids.is_empty() {
        return list_with_error(&member, which, ids, t.events.review.none_chosen.to_owned()).await;
    }
    let (app, actor, account) = (member.app(), member.actor(), member.account_id());
    let (result, done) = match action {
        "approve" => {
            (unexpected::approve(app, actor, account, ids.clone()).await.map(drop), Done::NamesApproved)
        }
        "dismiss" => {
            (unexpected::set_dismissed(app, actor, account, ids.clone(), true).await, Done::NamesDismissed)
        }
        _ => (unexpected::set_dismissed(app, actor, account, ids.clone(), false).await, Done::NamesRestored),
    };
    match result {
        Ok(()) => respond::done(request, member.https(), done, &which.path(account)),
        Err(error) => {
            let text = wrong(t, error)?;
            list_with_error(&member, which, ids, text).await
        }
    }
}

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
fn wrong(t: &Texts, error: Error) -> Result<String, WebError> {
    let texts = &t.events.review;
    let n = |n: i64| format::number(&t.number, n);
    match error {
        Error::Full { active, limit, wanted } => {
            let said = [("active", n(active)), ("limit", n(limit)), ("wanted", n(wanted))];
            Ok(fill(texts.full, &said.each_ref().map(|(key, value)| (*key, value.as_str()))))
        }
        Error::Many => Ok(texts.many.to_owned()),
        Error::Gone => Ok(texts.gone.to_owned()),
        Error::Access(error) => Err(error.into()),
    }
}

/// The list again, with the ticked rows and the error.
async fn list_with_error(
    member: &Member,
    which: List,
    ids: Vec<i64>,
    text: String,
) -> Result<HttpResponse, WebError> {
    let params = ListParams { row: 1, limit: LIMIT_DEFAULT, ..ListParams::default() };
    let all = unexpected::list(member.app(), member.account_id(), which == List::Dismissed).await?;
    let chosen = Chosen { ids, wrong: Some(text) };
    show(member, which, &params, &part(all, &params)?, &chosen)
}
