//! The API tokens of an account. A new token is shown only once, in the answer that creates it.

use actix_web::web::{Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::tokens;
use crate::base::secret::Secret;
use crate::domain::user::{Role, Scope, TOKEN_NAME_MAX, TokenId};
use crate::store::token::Token;
use crate::web::admin::settings::form_errors;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::empty::Empty;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::fill;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/tokens")
                .route(get_or_head().to(list))
                .route(post().to(create)),
        )
        .route("/accounts/{account}/settings/tokens/{token}/revoke", post().to(delete));
}

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    layout: Layout,
    nav: SettingsNav,
    member: Member,
    rows: Vec<Token>,
    empty: Empty,
    name: Field,
    chosen: Vec<Scope>,
    wrong_scopes: Option<&'static str>,
    has_errors: bool,
}

impl ListPage {
    fn action(&self) -> String {
        Tab::Tokens.path(self.member.account_id())
    }

    fn revoke(&self, token: &Token) -> String {
        format!("{}/{}/revoke", self.action(), token.id.0)
    }

    fn revoke_label(&self, token: &Token) -> String {
        fill(self.layout.t.access.tokens.revoke_one, &[("name", &token.name)])
    }

    fn created(&self, token: &Token) -> String {
        format::date_time(&self.layout.t.number, &self.member.account.zone, token.created)
    }

    fn last_used(&self, token: &Token) -> String {
        let texts = &self.layout.t.access.tokens;
        token.last_used.map_or_else(
            || texts.never.to_owned(),
            |at| format::ago(&self.layout.t.number, self.layout.now, at),
        )
    }

    fn scopes(&self) -> [(Scope, &'static str); 5] {
        let texts = &self.layout.t.access.tokens;
        Scope::ALL.map(|scope| {
            let what = match scope {
                Scope::EventsWrite => texts.scope_events_write,
                Scope::EventsRead => texts.scope_events_read,
                Scope::CrmRead => texts.scope_crm_read,
                Scope::CrmWrite => texts.scope_crm_write,
                Scope::ReportsRead => texts.scope_reports_read,
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

async fn list_page(member: Member, add: Add) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let texts = &t.access.tokens;
    let rows = tokens::list(member.app(), member.account_id()).await?;
    let of_scopes = matches!(add.wrong, Some(access::Error::NoScope));
    let wrong = add.wrong.map(|error| form_errors::message(&t.access.wrong, error)).transpose()?;
    let name = Field::new(t, "name", t.access.field.token_name, Kind::Text)
        .value(&add.name)
        .hint(t.access.field.token_name_hint)
        .error(wrong.filter(|_| !of_scopes).map(str::to_owned))
        .required()
        .max(TOKEN_NAME_MAX)
        .autocomplete("off");
    let has_errors = wrong.is_some();
    let page = ListPage {
        layout: member.layout(texts.title, Section::Settings, ""),
        nav: SettingsNav::over(&member, Tab::Tokens),
        member,
        rows,
        empty: Empty {
            icon: Icon::Settings,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: None,
        },
        name,
        chosen: add.scopes,
        wrong_scopes: wrong.filter(|_| of_scopes),
        has_errors: wrong.is_some(),
    };
    respond::form(has_errors, &page)
}

async fn list(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    list_page(member, Add::default()).await
}

async fn create(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let name = fields.text("name").to_owned();
    let scopes: Option<Vec<Scope>> = fields.all("scope").into_iter().map(Scope::parse).collect();
    let scopes = scopes.ok_or_else(|| WebError::BadRequest("unknown scope".to_owned()))?;
    match tokens::create(member.app(), member.actor(), member.account_id(), &name, &scopes).await {
        Ok((_, secret)) => shown(&member, &secret),
        Err(error) => list_page(member, Add { name, scopes, wrong: Some(error) }).await,
    }
}

fn shown(member: &Member, secret: &Secret) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let texts = &t.access.tokens;
    let page = ShownPage {
        layout: member.layout(texts.shown_title, Section::Settings, ""),
        nav: SettingsNav::over(member, Tab::Tokens),
        code: Code { t, id: "token", label: texts.shown_label.to_owned(), text: secret.reveal().to_owned() },
        back: Tab::Tokens.path(member.account_id()),
    };
    respond::page(&page)
}

async fn delete(
    request: HttpRequest,
    path: Path<(i64, i64)>,
    form: AccountForm,
) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Admin)?;
    let token = TokenId(path.into_inner().1);
    tokens::revoke(member.app(), member.actor(), member.account_id(), token).await?;
    respond::done(&request, member.https(), Done::TokenRevoked, &Tab::Tokens.path(member.account_id()))
}
