//! `/accounts/{id}/events/{id}/install`: the last step after creating an event. It shows the code to install and
//! waits for the first completion; until then the page reloads itself.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::event::{EventKind, Status};
use crate::domain::money;
use crate::domain::period::Zone;
use crate::domain::snippet;
use crate::domain::user::Role;
use crate::store::definition::Stored;
use crate::web::admin::events::event_form::{find, number_of};
use crate::web::admin::events::list::with_name;
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Interval of the reloads: by the script in milliseconds, without script in seconds.
const EVERY_MS: u32 = 2_000;
const EVERY_SECONDS: u32 = 5;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/events/{event:[0-9]{12}}/install", get_or_head().to(show));
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    let stored = find(&member, number_of(&request)?).await?;
    let origin = client::public_origin(&member.signed_in.state.options, &request);
    let digits = money::digits(&member.account.settings().currency);
    let layout = member.layout("", Section::Events, "");
    respond::page(&page(layout, &member.account.zone, &origin, digits, &stored))
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
    address: String,
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
    let texts = &t.events.install;
    let definition = &stored.definition;
    let account = layout.account_id();
    let event = paths::event(account, stored.number);
    let may_edit = layout.viewer_is(Role::Editor);
    let code = |id, label: &str, text| Code { t, id, label: label.to_owned(), text };
    let counted = stored.last.map(|at| {
        let at = format::date_time(&t.number, zone, at);
        fill(texts.counted, &[("time", &at)])
    });
    layout.title = with_name(texts.title, &definition.name);
    let call = snippet::call_url(origin, account, stored.number, definition.kind);
    Page {
        address: format!("{event}/install"),
        edit: may_edit.then(|| format!("{event}/edit")),
        event,
        list: paths::events(account),
        live: paths::live(account),
        waiting: with_name(texts.waiting, &definition.name),
        waiting_what: waiting_what(t, stored),
        counted,
        id: code("event-id", texts.id, stored.number.to_string()),
        snippet: snippet::lines(stored.number, definition, digits)
            .map(|text| code("snippet", texts.snippet_label, text)),
        parameters: if call.is_some() { parameters(t) } else { Vec::new() },
        call: call.map(|text| code("call", texts.call_label, text)),
        by_itself: match definition.kind {
            EventKind::Click | EventKind::Form => Some((texts.by_script, texts.by_script_what)),
            EventKind::Visit => Some((texts.by_server, texts.by_server_what)),
            EventKind::Custom | EventKind::Http => None,
        },
        layout,
    }
}

const fn waiting_what(t: &Texts, stored: &Stored) -> &'static str {
    let texts = &t.events.install;
    match (stored.status, stored.definition.kind) {
        (Status::Archived | Status::Deleted, _) => texts.waiting_archived,
        (_, EventKind::Custom) => texts.waiting_custom,
        (_, EventKind::Http) => texts.waiting_http,
        (_, EventKind::Click) => texts.waiting_click,
        (_, EventKind::Form) => texts.waiting_form,
        (_, EventKind::Visit) => texts.waiting_visit,
    }
}

fn parameters(t: &Texts) -> Vec<Parameter> {
    let texts = &t.events.install;
    let parameter = |name, meaning| Parameter { name, meaning };
    vec![
        parameter("email", texts.email),
        parameter("_m", texts.amount),
        parameter("id", texts.external_id),
        parameter(texts.any_other, texts.property),
    ]
}
