//! Name, domains, time zone and currency of an account.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::accounts;
use crate::domain::account::{AccountId, Invalid};
use crate::domain::user::Role;
use crate::web::admin::account_form::Typed;
use crate::web::admin::settings_nav::{SettingsNav, Tab};
use crate::web::answer;
use crate::web::error::WebError;
use crate::web::flash::{self, Done};
use crate::web::form::AccountForm;
use crate::web::guard::InAccount;
use crate::web::page::{Layout, Section};
use crate::web::part::field::Field;
use crate::web::part::icon::Icon;

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

fn page(here: &InAccount, typed: &Typed, wrong: Option<&Invalid>) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let page = Page {
        layout: here.layout(t.access.settings.title, Section::Settings, ""),
        nav: SettingsNav::over(here, Tab::Account),
        id: here.id(),
        fields: typed.fields(t, wrong),
        refused: wrong.is_some(),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page(status, &page)
}

async fn show(here: InAccount) -> Result<HttpResponse, WebError> {
    here.need(Role::Admin)?;
    page(&here, &Typed::from(here.account.settings()), None)
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Admin)?;
    let typed = Typed::from(&fields);
    let settings = match typed.parse() {
        Ok(settings) => settings,
        Err(invalid) => return page(&here, &typed, Some(&invalid)),
    };
    match accounts::update(&here.who.state.app, here.who.actor(), here.id(), settings).await {
        Ok(()) => {}
        Err(accounts::Error::Invalid(invalid)) => return page(&here, &typed, Some(&invalid)),
        Err(accounts::Error::Store(error)) => return Err(error.into()),
    }
    flash::put(&request, here.who.context.https, Done::Saved);
    Ok(answer::see_other(&Tab::Account.path(here.id())))
}
