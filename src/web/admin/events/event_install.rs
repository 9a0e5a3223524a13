//! `/accounts/{id}/events/{id}/install`: the last step after creating an event. It shows the code to install and
//! waits for the first completion; until then the page reloads itself.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, Status};
use crate::domain::install;
use crate::domain::money;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::definition::Stored;
use crate::web::admin::events::event_form::{find, number_of};
use crate::web::admin::events::list::named;
use crate::web::drawing::format;
use crate::web::part::code::Code;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::guard::InAccount;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::text::{Texts, fill};

/// Interval of the reloads: by the script in milliseconds, without script in seconds.
const EVERY_MS: u32 = 2_000;
const EVERY_SECONDS: u32 = 5;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/events/{event:[0-9]{12}}/install", get().to(show));
}

async fn show(request: HttpRequest, here: InAccount) -> Result<HttpResponse, WebError> {
    let stored = find(&here, number_of(&request)?).await?;
    let origin = client::public_origin(&here.who.state.options, &request);
    let digits = money::digits(&here.account.settings().currency);
    let layout = here.layout("", Section::Events, "");
    answer::page(StatusCode::OK, &page(layout, &here.account.zone, &origin, digits, &stored))
}

/// A parameter of the API call.
struct Parameter {
    name: &'static str,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "events/install.html")]
pub(crate) struct Page {
    layout: Layout,
    here: String,
    event: String,
    list: String,
    live: String,
    /// `None` when the user may not edit.
    edit: Option<String>,
    waiting: String,
    waiting_what: &'static str,
    counted: Option<String>,
    id: Code,
    snippet: Option<Code>,
    call: Option<Code>,
    parameters: Vec<Parameter>,
    /// Title and text for event types that need no code on the site.
    by_itself: Option<(&'static str, &'static str)>,
}

/// `origin` is the scheme and host under which sites and programs reach this server.
pub(crate) fn page(mut layout: Layout, zone: &Zone, origin: &str, digits: u32, stored: &Stored) -> Page {
    let t = layout.t;
    let words = &t.events.install;
    let definition = &stored.definition;
    let account = layout.account.as_ref().map_or(AccountId(0), |here| here.id);
    let event = paths::event(account, stored.number);
    let may_edit = layout.viewer.as_ref().is_some_and(|viewer| viewer.role >= Role::Editor);
    let code = |id, label: &str, text| Code { t, id, label: label.to_owned(), text };
    let counted = stored.last.map(|at| {
        let at = format::date_time(&t.number, zone, at);
        fill(words.counted, &[("time", &at)])
    });
    layout.title = named(words.title, &definition.name);
    let call = install::call(origin, account, stored.number, definition.kind);
    Page {
        here: format!("{event}/install"),
        edit: may_edit.then(|| format!("{event}/edit")),
        event,
        list: paths::events(account),
        live: paths::live(account),
        waiting: named(words.waiting, &definition.name),
        waiting_what: waiting_what(t, stored),
        counted,
        id: code("event-id", words.id, stored.number.to_string()),
        snippet: install::snippet(stored.number, definition, digits)
            .map(|text| code("snippet", words.snippet_label, text)),
        parameters: if call.is_some() { parameters(t) } else { Vec::new() },
        call: call.map(|text| code("call", words.call_label, text)),
        by_itself: match definition.kind {
            EventKind::Click | EventKind::Form => Some((words.by_script, words.by_script_what)),
            EventKind::Visit => Some((words.by_server, words.by_server_what)),
            EventKind::Custom | EventKind::Http => None,
        },
        layout,
    }
}

const fn waiting_what(t: &Texts, stored: &Stored) -> &'static str {
    let words = &t.events.install;
    match (stored.status, stored.definition.kind) {
        (Status::Archived | Status::Deleted, _) => words.waiting_archived,
        (_, EventKind::Custom) => words.waiting_custom,
        (_, EventKind::Http) => words.waiting_http,
        (_, EventKind::Click) => words.waiting_click,
        (_, EventKind::Form) => words.waiting_form,
        (_, EventKind::Visit) => words.waiting_visit,
    }
}

fn parameters(t: &Texts) -> Vec<Parameter> {
    let words = &t.events.install;
    let parameter = |name, meaning| Parameter { name, meaning };
    vec![
        parameter("email", words.email),
        parameter("_m", words.amount),
        parameter("id", words.external_id),
        parameter(words.any_other, words.property),
    ]
}
