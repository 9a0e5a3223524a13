//! The accounts of the user, and the page that creates an account.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts;
use crate::domain::account::{AccountId, Invalid};
use crate::domain::user::Role;
use crate::web::admin::settings::account_form::{FirstPolicy, Typed};
use crate::web::part::empty::Empty;
use crate::web::part::field::Field;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::SignedForm;
use crate::web::request::guard::SignedIn;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route(paths::ACCOUNTS, get_or_head().to(list))
        .service(resource(paths::NEW_ACCOUNT).route(get_or_head().to(new)).route(post().to(create)));
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

async fn list(signed_in: SignedIn) -> Result<HttpResponse, WebError> {
    let texts = &signed_in.context.t.access.accounts;
    let row = |(id, role): &(AccountId, Role)| {
        let entry = signed_in.state.app.accounts.find(*id)?;
        Some(Row { id: *id, name: entry.settings().name.clone(), role: *role })
    };
    let may_create = signed_in.session.user.server_admin;
    let page = ListPage {
        rows: signed_in.accounts.iter().filter_map(row).collect(),
        layout: signed_in.layout(texts.title),
        may_create,
        empty: Empty {
            icon: Icon::Dashboard,
            title: texts.none_title.to_owned(),
            what: if may_create { texts.none_server_admin } else { texts.none }.to_owned(),
            action: None,
        },
    };
    respond::page(&page)
}

#[derive(Template)]
#[template(path = "accounts/new.html")]
struct NewPage {
    layout: Layout,
    fields: Vec<Field>,
    has_errors: bool,
}

fn page(
    signed_in: &SignedIn,
    (typed, policy): (&Typed, &FirstPolicy),
    wrong: Option<&Invalid>,
    is_refused: bool,
) -> Result<HttpResponse, WebError> {
    let t = signed_in.context.t;
    let mut fields = typed.fields(t, wrong);
    fields.push(policy.field(t, policy.parse().is_none()));
    let page =
        NewPage { layout: signed_in.layout(t.access.accounts.create_title), fields, has_errors: is_refused };
    respond::form(is_refused, &page)
}

async fn new(signed_in: SignedIn) -> Result<HttpResponse, WebError> {
    signed_in.need_server_admin()?;
    page(&signed_in, (&Typed::default(), &FirstPolicy::default()), None, false)
}

async fn create(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let SignedForm { sender: signed_in, fields } = form;
    signed_in.need_server_admin()?;
    let (typed, policy) = (Typed::from(&fields), FirstPolicy::from(&fields));
    let refused = |wrong| page(&signed_in, (&typed, &policy), wrong, true);
    let (settings, rules) = match (typed.parse(), policy.parse()) {
        (Ok(settings), Some(rules)) => (settings, rules),
        (parsed, _) => return refused(parsed.err().as_ref()),
    };
    let (app, actor) = (&signed_in.state.app, signed_in.actor());
    let id = match accounts::create_with_policy(app, actor, settings, rules).await {
        Ok(id) => id,
        Err(accounts::Error::Invalid(invalid)) => return refused(Some(&invalid)),
        Err(accounts::Error::Store(error)) => return Err(error.into()),
    };
    respond::done(&request, signed_in.context.https, Done::AccountMade, &paths::settings(id, "tracking-code"))
}
