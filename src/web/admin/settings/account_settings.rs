//! `/accounts/{id}/settings/account`: name, domains, time zone, currency, and how unexpected events are handled.

use actix_web::web::{ServiceConfig, post, resource};
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
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::Texts;

const UNKNOWN_NAMES: &str = "unknown_names";

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/account")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

#[derive(Template)]
#[template(path = "account_settings/show.html")]
struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    fields: Vec<Field>,
    has_errors: bool,
}

/// How events are handled that nobody has created (rules.md 19).
fn unknown_names(t: &'static Texts, chosen: UnknownNames) -> Field {
    let texts = &t.events.review;
    let choices = [
        (UnknownNames::Create, texts.create, texts.create_what),
        (UnknownNames::Queue, texts.queue, texts.queue_what),
        (UnknownNames::Refuse, texts.refuse, texts.refuse_what),
    ];
    let choices = choices.map(|(rule, label, what)| Choice {
        value: rule.as_str().to_owned(),
        label: label.to_owned(),
        hint: Some(what.to_owned()),
    });
    Field::new(t, UNKNOWN_NAMES, texts.setting, Kind::Radio(choices.into()))
        .value(chosen.as_str())
        .hint(texts.setting_hint)
        .required()
}

fn page(
    member: &Member,
    typed: &Typed,
    unknown: UnknownNames,
    wrong: Option<&Invalid>,
) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let mut fields = typed.fields(t, wrong);
    fields.push(unknown_names(t, unknown));
    let page = Page {
        layout: member.layout(t.access.settings.title, Section::Settings, ""),
        nav: SettingsNav::over(member, Tab::Account),
        id: member.account_id(),
        fields,
        has_errors: wrong.is_some(),
    };
    respond::form(wrong.is_some(), &page)
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let unknown = definitions::unknown_names(member.app(), member.account_id()).await?;
    page(&member, &Typed::from(member.account.settings()), unknown, None)
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let typed = Typed::from(&fields);
    let app = member.app();
    let before = definitions::unknown_names(app, member.account_id()).await?;
    let unknown = match fields.text(UNKNOWN_NAMES) {
        "" => before,
        word => UnknownNames::parse(word)
            .ok_or_else(|| WebError::BadRequest("unknown rule for new event names".to_owned()))?,
    };
    let settings = match typed.parse() {
        Ok(settings) => settings,
        Err(invalid) => return page(&member, &typed, unknown, Some(&invalid)),
    };
    match accounts::update(app, member.actor(), member.account_id(), settings).await {
        Ok(()) => {}
        Err(accounts::Error::Invalid(invalid)) => return page(&member, &typed, unknown, Some(&invalid)),
        Err(accounts::Error::Store(error)) => return Err(error.into()),
    }
    if unknown != before {
        match definitions::set_unknown_names(app, member.actor(), member.account_id(), unknown).await {
            Ok(()) => {}
            Err(definitions::Error::Access(error)) => return Err(error.into()),
            Err(error) => return Err(WebError::internal(error)),
        }
    }
    respond::done(&request, member.https(), Done::Saved, &Tab::Account.path(member.account_id()))
}
