//! `/accounts/{id}/settings/account`: name, domains, time zone, currency, and how unexpected events are handled.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts;
use crate::app::events::definitions;
use crate::domain::account::{AccountId, Invalid};
use crate::domain::event::UnknownNames;
use crate::domain::user::Role;
use crate::web::admin::settings::account_form::Typed;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::InAccount;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Layout, Section};
use crate::web::text::Texts;

const UNKNOWN_NAMES: &str = "unknown_names";

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/account").route(get().to(show)).route(post().to(update)),
    );
}

#[derive(Template)]
#[template(path = "account_settings/show.html")]
struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    fields: Vec<Field>,
    refused: bool,
}

/// How events are handled that nobody has created (rules.md 19).
fn unknown_names(t: &'static Texts, chosen: UnknownNames) -> Field {
    let words = &t.events.review;
    let choices = [
        (UnknownNames::Create, words.create, words.create_what),
        (UnknownNames::Queue, words.queue, words.queue_what),
        (UnknownNames::Refuse, words.refuse, words.refuse_what),
    ];
    let choices = choices.map(|(rule, label, what)| Choice {
        value: rule.as_str().to_owned(),
        label: label.to_owned(),
        hint: Some(what.to_owned()),
    });
    Field::new(t, UNKNOWN_NAMES, words.setting, Kind::Radio(choices.into()))
        .value(chosen.as_str())
        .hint(words.setting_hint)
        .required()
}

fn page(
    here: &InAccount,
    typed: &Typed,
    unknown: UnknownNames,
    wrong: Option<&Invalid>,
) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let mut fields = typed.fields(t, wrong);
    fields.push(unknown_names(t, unknown));
    let page = Page {
        layout: here.layout(t.access.settings.title, Section::Settings, ""),
        nav: SettingsNav::over(here, Tab::Account),
        id: here.id(),
        fields,
        refused: wrong.is_some(),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page(status, &page)
}

async fn show(here: InAccount) -> Result<HttpResponse, WebError> {
    here.need(Role::Admin)?;
    let unknown = definitions::unknown_names(&here.who.state.app, here.id()).await?;
    page(&here, &Typed::from(here.account.settings()), unknown, None)
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Admin)?;
    let typed = Typed::from(&fields);
    let app = &here.who.state.app;
    let before = definitions::unknown_names(app, here.id()).await?;
    let unknown = match fields.text(UNKNOWN_NAMES) {
        "" => before,
        word => UnknownNames::parse(word)
            .ok_or_else(|| WebError::BadRequest("no such rule for unknown names".to_owned()))?,
    };
    let settings = match typed.parse() {
        Ok(settings) => settings,
        Err(invalid) => return page(&here, &typed, unknown, Some(&invalid)),
    };
    match accounts::update(app, here.who.actor(), here.id(), settings).await {
        Ok(()) => {}
        Err(accounts::Error::Invalid(invalid)) => return page(&here, &typed, unknown, Some(&invalid)),
        Err(accounts::Error::Store(error)) => return Err(error.into()),
    }
    if unknown != before {
        match definitions::set_unknown_names(app, here.who.actor(), here.id(), unknown).await {
            Ok(()) => {}
            Err(definitions::Error::Access(error)) => return Err(error.into()),
            Err(error) => return Err(WebError::internal(error)),
        }
    }
    flash::put(&request, here.who.context.https, Done::Saved);
    Ok(answer::see_other(&Tab::Account.path(here.id())))
}
