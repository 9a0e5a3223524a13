//! `/accounts/{id}/lists`: all lists. `…/lists/{id}`: one list with its conditions and members. Users who see emails only
//! masked see the members masked (rules.md 28).

pub mod condition;
mod examples;
pub mod fields;
pub mod form;
pub mod what;
pub mod words;

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;

use crate::app::people::lists;
use crate::app::reports::lists::{ListReport, ListRow};
use crate::app::reports::{self, ContactRow, LIMIT_DEFAULT, parameters};
use crate::domain::contact::ContactId;
use crate::domain::list::{ListId, ListKind};
use crate::domain::question::{Dimension, Filter};
use crate::domain::user::Role;
use crate::store;
use crate::web::admin::people::list::{COLUMNS, mask, revenue, title_of};
use crate::web::admin::people::lists::examples::{Name, READY};
use crate::web::admin::people::lists::words::{Names, sentences};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, Member as Sender, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::flash::Done;
use crate::web::response::page::{Flash, Layout, Section, Tone};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/lists", get_or_head().to(list))
        .route("/accounts/{account}/lists/{list:[0-9]+}", get_or_head().to(show))
        .route("/accounts/{account}/lists/{list:[0-9]+}/delete", post().to(delete));
}

/// The number of the list in the path.
pub(crate) fn id_of(request: &HttpRequest) -> Result<ListId, WebError> {
    let id = request.match_info().get("list").and_then(|text| text.parse().ok());
    id.map(ListId).ok_or(WebError::NotFound)
}

/// The names that sentences need.
pub(crate) async fn names(
    app: &crate::app::App,
    account: crate::domain::account::AccountId,
    currency: &str,
) -> Result<Names, WebError> {
    let (events, lists, forms) = app
        .store
        .read(move |conn| {
            Ok::<_, store::Error>((
                store::definition::list_names(conn, account)?,
                store::list::list(conn, account)?,
                store::form::list_keys(conn, account)?,
            ))
        })
        .await?;
    let events = events.into_iter().map(|(number, name)| (crate::domain::event::EventNumber(number), name));
    Ok(Names {
        events: events.collect(),
        lists: lists.into_iter().map(|list| (list.id, list.name)).collect(),
        forms: forms.into_iter().collect(),
        currency: currency.to_owned(),
    })
}

const LIST_COLUMNS: [Column<ListRow>; 5] = [
    ("id", |row| row.id.0.to_string()),
    ("name", |row| export::cell(&row.name)),
    ("kind", |row| row.kind.as_str().to_owned()),
    ("size", |row| row.size.to_string()),
    ("built_at", |row| row.built_at.clone().unwrap_or_default()),
];

async fn list(access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let account = access.account.id();
    let found = reports::lists::list_all(&access.state.app, account).await?;
    match access.format {
        Format::Json => export::json(&json!({ "total": found.len(), "rows": found, "next": null })),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("lists-{account}"));
            export::csv_columns(file, &LIST_COLUMNS, found)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = reader.layout(reader.t().lists.title, Section::Lists, "");
            let names = names(&access.state.app, account, &access.account.settings().currency).await?;
            respond::page(&list_page(layout, &names, found))
        }
    }
}

struct Row {
    href: String,
    name: String,
    kind: &'static str,
    who: String,
    size: String,
    updated: String,
}

#[derive(Template)]
#[template(path = "lists/list.html")]
pub(crate) struct ListPage {
    layout: Layout,
    create: Option<String>,
    rows: Vec<Row>,
    empty: Empty,
    /// Name and address of each example; empty for users who cannot create lists.
    examples: Vec<(&'static str, String)>,
}

const fn kind_name(t: &Texts, kind: ListKind) -> &'static str {
    match kind {
        ListKind::Active => t.lists.active,
        ListKind::Static => t.lists.static_list,
    }
}

pub(crate) fn list_page(layout: Layout, names: &Names, found: Vec<ListRow>) -> ListPage {
    let t = layout.t;
    let texts = &t.lists;
    let all = paths::lists(layout.account_id());
    let may = layout.viewer_is(Role::Editor);
    let create = may.then(|| format!("{all}/new"));
    let row = |list: ListRow| Row {
        href: paths::list(layout.account_id(), list.id),
        kind: kind_name(t, list.kind),
        who: one_line(t, names, &list),
        size: report_page::count(t, list.size),
        updated: list
            .built
            .map_or_else(|| texts.never.to_owned(), |built| format::ago(&t.number, layout.now, built)),
        name: list.name,
    };
    let rows = found.into_iter().map(row).collect();
    let example = |(key, name): (&'static str, Name)| (name(t), format!("{all}/new?ready={key}"));
    ListPage {
        rows,
        empty: Empty {
            icon: Icon::List,
            title: texts.none_title.to_owned(),
            what: if may { texts.none } else { texts.none_reader }.to_owned(),
            action: create.clone().map(|href| Action { label: texts.create.to_owned(), href }),
        },
        examples: if may { READY.map(example).to_vec() } else { Vec::new() },
        create,
        layout,
    }
}

/// The conditions as one line.
fn one_line(t: &Texts, names: &Names, list: &ListRow) -> String {
    let groups = sentences(t, names, &list.conditions);
    let groups = groups.iter().map(|group| group.join(&format!(" {} ", t.lists.and)));
    groups.collect::<Vec<_>>().join(&format!(" {} ", t.lists.or))
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let pairs = report_page::pairs(&request)?;
    report_page::wait(&access, &pairs).await?;
    let usual = if access.format.is_csv() { export::CSV_ROWS_MAX } else { LIMIT_DEFAULT };
    let limit = match query::first(&pairs, "limit") {
        None => usual,
        wanted => parameters::limit(wanted, LIMIT_DEFAULT)?,
    };
    let after = parameters::after(query::first(&pairs, "after"), |text| text.parse().ok())?;
    let (app, account, id) = (&access.state.app, access.account.id(), id_of(&request)?);
    let found = reports::lists::show(app, account, id, after, limit).await?;
    let mut found = found.ok_or(WebError::NotFound)?;
    if !access.sees_emails {
        found.table.rows.iter_mut().for_each(mask);
    }
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("list-{account}-{}", id.0));
            export::csv_columns(file, &COLUMNS, found.table.rows)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = reader.layout(&found.list.name, Section::Lists, "");
            let currency = &access.account.settings().currency;
            let names = names(app, account, currency).await?;
            let row = report_page::first_row(&pairs, after.is_some());
            respond::page(&show_page(layout, &names, row, &found))
        }
    }
}

/// A member of a list.
pub(crate) struct Member {
    pub name: String,
    pub href: String,
    pub source: String,
    pub revenue: String,
    pub completions: String,
    pub last: String,
}

pub(crate) fn member(layout: &Layout, currency: &str, row: &ContactRow) -> Member {
    let t = layout.t;
    Member {
        name: title_of(t, row),
        href: paths::contact(layout.account_id(), ContactId(row.id)),
        source: t.label.value(Dimension::Source, &row.original_source).into_owned(),
        revenue: revenue(t, row, currency),
        completions: report_page::count(t, row.completions),
        last: format::ago(&t.number, layout.now, row.last_seen),
    }
}

#[derive(Template)]
#[template(path = "lists/show.html")]
pub(crate) struct ShowPage {
    layout: Layout,
    under: String,
    groups: Vec<Vec<String>>,
    is_building: bool,
    members: Vec<Member>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    reports: String,
    /// For users who may change the list.
    edit: Option<String>,
    delete: Option<String>,
}

pub(crate) fn show_page(layout: Layout, names: &Names, row: i64, found: &ListReport) -> ShowPage {
    let t = layout.t;
    let account = layout.account_id();
    let list = &found.list;
    let address = paths::list(account, list.id);
    let may = layout.viewer_is(Role::Editor);
    let size = t.lists.fits.of(report_page::signed(list.size), &t.number);
    let filter = Filter::is(Dimension::List, &list.id.0.to_string());
    ShowPage {
        under: format!("{} · {size}", kind_name(t, list.kind)),
        groups: sentences(t, names, &list.conditions),
        is_building: list.built.is_none(),
        members: found.table.rows.iter().map(|row| member(&layout, &names.currency, row)).collect(),
        pager: Pager::of(
            t,
            row,
            found.table.rows.len(),
            found.table.total,
            (row > 1).then(|| address.clone()),
            found.table.next.as_deref(),
            |cursor, row| format!("{address}?after={cursor}&row={row}"),
        ),
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        reports: format!("{}?filter={}", paths::dashboard(account), paths::encode(&filter.to_string())),
        edit: may.then(|| format!("{address}/edit")),
        delete: may.then(|| format!("{address}/delete")),
        layout,
    }
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let (account, id) = (member.account_id(), id_of(&request)?);
    match lists::delete(member.app(), member.actor(), account, id).await {
        Ok(()) => respond::done(&request, member.https(), Done::ListDeleted, &paths::lists(account)),
        Err(lists::Error::Access(error)) => Err(error.into()),
        Err(lists::Error::Needed(name)) => {
            let text = fill(member.t().lists.wrong.needed, &[("list", &name)]);
            refuse_deletion(&member, id, text).await
        }
        Err(error) => Err(WebError::BadRequest(error.to_string())),
    }
}

/// The page of the list, with the reason why it stays.
async fn refuse_deletion(sender: &Sender, id: ListId, text: String) -> Result<HttpResponse, WebError> {
    let (app, account) = (sender.app(), sender.account_id());
    let found = reports::lists::show(app, account, id, None, LIMIT_DEFAULT).await?;
    let mut found = found.ok_or(WebError::NotFound)?;
    if !sender.sees_emails() {
        found.table.rows.iter_mut().for_each(mask);
    }
    let names = names(app, account, &sender.account.settings().currency).await?;
    let mut layout = sender.layout(&found.list.name, Section::Lists, "");
    layout.flash = Some(Flash { tone: Tone::Bad, text });
    respond::form(true, &show_page(layout, &names, 1, &found))
}
