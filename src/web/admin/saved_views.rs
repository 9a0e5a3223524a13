//! `/accounts/{id}/views`: the user's saved views, that is, reports with their filters under a name. The menu on
//! each report saves them. An address is parsed before it is saved, so a view can only open a report, never another
//! page.

use actix_web::web::{Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::reports::saved_views::{self, Error};
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::saved_view::{Unfit, VIEW_NAME_MAX};
use crate::web::drawing::format;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths::{self, Report, ReportUrl};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/accounts/{account}/views").route(get_or_head().to(list)).route(post().to(create)))
        .route("/accounts/{account}/views/{view}/delete", post().to(delete));
}

/// The reports that can be saved, with the report's own parameters that are kept.
const REPORTS: [(Report, &[&str]); 6] = [
    (Report::Dashboard, &["metric"]),
    (Report::Pages, &["show", "sort"]),
    (Report::Sources, &["by", "sort"]),
    (Report::Devices, &["by", "sort"]),
    (Report::Countries, &["sort"]),
    (Report::Events, &["tag", "type", "status", "search", "sort"]),
];

struct Row {
    name: String,
    href: String,
    page: &'static str,
    saved: String,
    delete: String,
    delete_label: String,
}

/// The form again, after a view could not be saved.
struct SaveForm {
    name: Field,
    report: String,
    query: String,
    back: String,
}

#[derive(Template)]
#[template(path = "views/list.html")]
struct ListPage {
    layout: Layout,
    account: AccountId,
    form: Option<SaveForm>,
    rows: Vec<Row>,
    empty: Empty,
}

impl ListPage {
    fn action(&self) -> String {
        paths::views(self.account)
    }
}

async fn list(member: Member) -> Result<HttpResponse, WebError> {
    list_page(&member, None).await
}

async fn list_page(member: &Member, form: Option<SaveForm>) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let texts = &t.views;
    let user = member.user_id();
    let views = saved_views::list(member.app(), user, member.account_id()).await?;
    let rows = views.into_iter().map(|view| Row {
        href: paths::saved_view(member.account_id(), &view.report, &view.query),
        page: name_of(t, &view.report),
        saved: format::date_time(&t.number, &member.account.zone, view.created),
        delete: format!("{}/{}/delete", paths::views(member.account_id()), view.id),
        delete_label: fill(texts.delete_one, &[("name", &view.name)]),
        name: view.name,
    });
    let has_errors = form.is_some();
    let page = ListPage {
        layout: member.layout(texts.title, Section::Dashboard, ""),
        account: member.account_id(),
        form,
        rows: rows.collect(),
        empty: Empty {
            icon: Icon::Bookmark,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: Some(Action {
                label: texts.none_action.to_owned(),
                href: paths::dashboard(member.account_id()),
            }),
        },
    };
    respond::form(has_errors, &page)
}

fn name_of(t: &Texts, report: &str) -> &'static str {
    let texts = &t.table;
    let named = [
        (Report::Dashboard, t.frame.nav.dashboard),
        (Report::Pages, texts.pages),
        (Report::Sources, texts.sources),
        (Report::Devices, texts.devices),
        (Report::Countries, texts.countries),
        (Report::Events, t.frame.nav.events),
    ];
    let report = report.split('/').next().unwrap_or(report);
    named.into_iter().find(|(known, _)| known.as_str() == report).map_or("", |(_, name)| name)
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    let t = member.t();
    let url = params(&member, fields.raw("report"), fields.raw("query"))?;
    let user = member.user_id();
    let app = member.app();
    let typed = fields.raw("name");
    match saved_views::save(app, user, member.account_id(), typed, &url.report.name(), &url.query()).await {
        Ok(_) => respond::done(&request, member.https(), Done::ViewSaved, &url.href()),
        Err(error) => {
            let wrong = wrong(t, error)?;
            let name = Field::new(t, "name", t.views.name, Kind::Text)
                .value(typed)
                .hint(t.views.name_hint)
                .error(Some(wrong.to_owned()))
                .required()
                .max(VIEW_NAME_MAX)
                .autocomplete("off");
            let (report, query, back) = (url.report.name(), url.query(), url.href());
            list_page(&member, Some(SaveForm { name, report, query, back })).await
        }
    }
}

/// The report that the form names, in the form its own links have.
fn params(member: &Member, report: &str, query: &str) -> Result<ReportUrl, WebError> {
    let no_report = || WebError::BadRequest("unknown report".to_owned());
    let of_event = report.strip_prefix("events/").and_then(EventNumber::parse);
    let of_event = of_event.map(|number| (Report::Event(number), ["metric"].as_slice()));
    let known = || REPORTS.into_iter().find(|(known, _)| known.as_str() == report);
    let (report, extra_keys) = of_event.or_else(known).ok_or_else(no_report)?;
    let pairs = web::Query::<Pairs>::from_query(query)
        .map_err(|_| WebError::BadRequest("the query is not valid".to_owned()))?;
    let today = member.account.zone.day_of(member.app().now());
    if report == Report::Events {
        return Ok(crate::web::admin::events::list::read(member.account_id(), &pairs, today)?.url);
    }
    Ok(query::read(member.account_id(), report, &pairs, extra_keys, today)?.url)
}

fn wrong(t: &Texts, error: Error) -> Result<&'static str, WebError> {
    let texts = &t.views;
    Ok(match error {
        Error::Unfit(Unfit::NoName) => texts.no_name,
        Error::Unfit(Unfit::LongName) => texts.long_name,
        Error::Unfit(Unfit::LongQuery) => texts.long_query,
        Error::Taken => texts.taken,
        Error::Full => texts.full,
        Error::Access(error) => return Err(error.into()),
    })
}

async fn delete(
    request: HttpRequest,
    path: Path<(i64, i64)>,
    form: AccountForm,
) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    let user = member.user_id();
    saved_views::delete(member.app(), user, member.account_id(), path.into_inner().1).await?;
    respond::done(&request, member.https(), Done::ViewDeleted, &paths::views(member.account_id()))
}
