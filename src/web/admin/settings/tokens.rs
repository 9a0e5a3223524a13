//! The API tokens of an account. A new token is shown only once, in the answer that creates it.

use actix_web::http::StatusCode;
use actix_web::web::{Path, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::tokens;
use crate::base::secret::Secret;
use crate::domain::user::{Role, Scope, TOKEN_NAME_MAX, TokenId};
use crate::store::token::Token;
use crate::web::admin::settings::refusal;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code::Code;
use crate::web::part::empty::Empty;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::InAccount;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Layout, Section};
use crate::web::text::fill;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/tokens").route(get().to(list)).route(post().to(create)),
        )
        .route("/accounts/{account}/settings/tokens/{token}/revoke", post().to(delete));
}

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    layout: Layout,
    nav: SettingsNav,
    here: InAccount,
    rows: Vec<Token>,
    empty: Empty,
    name: Field,
    chosen: Vec<Scope>,
    wrong_scopes: Option<&'static str>,
    refused: bool,
}

impl ListPage {
    fn action(&self) -> String {
        Tab::Tokens.path(self.here.id())
    }

    fn revoke(&self, token: &Token) -> String {
        format!("{}/{}/revoke", self.action(), token.id.0)
    }

    fn revoke_label(&self, token: &Token) -> String {
        fill(self.layout.t.access.tokens.revoke_one, &[("name", &token.name)])
    }

    fn created(&self, token: &Token) -> String {
        format::date_time(&self.layout.t.number, &self.here.account.zone, token.created)
    }

    fn last_used(&self, token: &Token) -> String {
        let words = &self.layout.t.access.tokens;
        token.last_used.map_or_else(
            || words.never.to_owned(),
            |at| format::ago(&self.layout.t.number, self.layout.now, at),
        )
    }

    fn scopes(&self) -> [(Scope, &'static str); 5] {
        let words = &self.layout.t.access.tokens;
        Scope::ALL.map(|scope| {
            let what = match scope {
                Scope::EventsWrite => words.scope_events_write,
                Scope::EventsRead => words.scope_events_read,
                Scope::CrmRead => words.scope_crm_read,
                Scope::CrmWrite => words.scope_crm_write,
                Scope::ReportsRead => words.scope_reports_read,
            };
            (scope, what)
        })
    }
}

#[derive(Template)]
#[template(path = "tokens/shown.html")]
struct ShownPage {
    layout: Layout,
    nav: SettingsNav,
    code: Code,
    back: String,
}

/// The form values and the error.
#[derive(Default)]
struct Add {
    name: String,
    scopes: Vec<Scope>,
    wrong: Option<access::Error>,
}

async fn list_page(here: InAccount, add: Add) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let words = &t.access.tokens;
    let rows = tokens::list(&here.who.state.app, here.id()).await?;
    let of_scopes = matches!(add.wrong, Some(access::Error::NoScope));
    let wrong = add.wrong.map(|error| refusal::text(&t.access.wrong, error)).transpose()?;
    let name = Field::new(t, "name", t.access.field.token_name, Kind::Text)
        .value(&add.name)
        .hint(t.access.field.token_name_hint)
        .error(wrong.filter(|_| !of_scopes).map(str::to_owned))
        .required()
        .max(TOKEN_NAME_MAX)
        .autocomplete("off");
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ListPage {
        layout: here.layout(words.title, Section::Settings, ""),
        nav: SettingsNav::over(&here, Tab::Tokens),
        here,
        rows,
        empty: Empty {
            icon: Icon::Settings,
            title: words.none_title.to_owned(),
            what: words.none.to_owned(),
            action: None,
        },
        name,
        chosen: add.scopes,
        wrong_scopes: wrong.filter(|_| of_scopes),
        refused: wrong.is_some(),
    };
    answer::page(status, &page)
}

async fn list(here: InAccount) -> Result<HttpResponse, WebError> {
    here.need(Role::Admin)?;
    list_page(here, Add::default()).await
}

async fn create(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Admin)?;
    let name = fields.text("name").to_owned();
    let scopes: Option<Vec<Scope>> = fields.all("scope").into_iter().map(Scope::parse).collect();
    let scopes = scopes.ok_or_else(|| WebError::BadRequest("no such scope".to_owned()))?;
    match tokens::create(&here.who.state.app, here.who.actor(), here.id(), &name, &scopes).await {
        Ok((_, secret)) => shown(&here, &secret),
        Err(error) => list_page(here, Add { name, scopes, wrong: Some(error) }).await,
    }
}

fn shown(here: &InAccount, secret: &Secret) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let words = &t.access.tokens;
    let page = ShownPage {
        layout: here.layout(words.shown_title, Section::Settings, ""),
        nav: SettingsNav::over(here, Tab::Tokens),
        code: Code { t, id: "token", label: words.shown_label.to_owned(), text: secret.reveal().to_owned() },
        back: Tab::Tokens.path(here.id()),
    };
    answer::page(StatusCode::OK, &page)
}

async fn delete(
    request: HttpRequest,
    path: Path<(i64, i64)>,
    form: AccountForm,
) -> Result<HttpResponse, WebError> {
    let here = form.page;
    here.need(Role::Admin)?;
    let token = TokenId(path.into_inner().1);
    tokens::revoke(&here.who.state.app, here.who.actor(), here.id(), token).await?;
    flash::put(&request, here.who.context.https, Done::TokenRevoked);
    Ok(answer::see_other(&Tab::Tokens.path(here.id())))
}
