//! The accounts of the user, and the page that creates an account.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts;
use crate::domain::account::{AccountId, Invalid};
use crate::domain::user::Role;
use crate::web::admin::settings::account_form::Typed;
use crate::web::part::empty::Empty;
use crate::web::part::field::Field;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::SignedForm;
use crate::web::request::guard::SignedIn;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::Layout;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route(paths::ACCOUNTS, get().to(list))
        .service(resource(paths::NEW_ACCOUNT).route(get().to(new)).route(post().to(create)));
}

struct Row {
    id: AccountId,
    name: String,
    role: Role,
}

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    may_create: bool,
    empty: Empty,
}

impl ListPage {
    fn href(&self, row: &Row) -> String {
        paths::dashboard(row.id)
    }

    const fn role(&self, row: &Row) -> &'static str {
        self.layout.t.frame.roles.of(row.role)
    }
}

async fn list(who: SignedIn) -> Result<HttpResponse, WebError> {
    let words = &who.context.t.access.accounts;
    let row = |(id, role): &(AccountId, Role)| {
        let entry = who.state.app.accounts.find(*id)?;
        Some(Row { id: *id, name: entry.settings().name.clone(), role: *role })
    };
    let may_create = who.session.user.server_admin;
    let page = ListPage {
        rows: who.accounts.iter().filter_map(row).collect(),
        layout: who.layout(words.title),
        may_create,
        empty: Empty {
            icon: Icon::Dashboard,
            title: words.none_title.to_owned(),
            what: if may_create { words.none_server_admin } else { words.none }.to_owned(),
            action: None,
        },
    };
    answer::page(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "accounts/new.html")]
struct NewPage {
    layout: Layout,
    fields: Vec<Field>,
    refused: bool,
}

fn page(who: &SignedIn, typed: &Typed, wrong: Option<&Invalid>) -> Result<HttpResponse, WebError> {
    let t = who.context.t;
    let page = NewPage {
        layout: who.layout(t.access.accounts.create_title),
        fields: typed.fields(t, wrong),
        refused: wrong.is_some(),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page(status, &page)
}

async fn new(who: SignedIn) -> Result<HttpResponse, WebError> {
    who.need_server_admin()?;
    page(&who, &Typed::default(), None)
}

async fn create(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let SignedForm { who, fields } = form;
    who.need_server_admin()?;
    let typed = Typed::from(&fields);
    let settings = match typed.parse() {
        Ok(settings) => settings,
        Err(invalid) => return page(&who, &typed, Some(&invalid)),
    };
    let id = match accounts::create(&who.state.app, who.actor(), settings).await {
        Ok(id) => id,
        Err(accounts::Error::Invalid(invalid)) => return page(&who, &typed, Some(&invalid)),
        Err(accounts::Error::Store(error)) => return Err(error.into()),
    };
    flash::put(&request, who.context.https, Done::AccountMade);
    Ok(answer::see_other(&paths::settings(id, "tracking-code")))
}
