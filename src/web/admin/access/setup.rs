//! `/setup`: creates the first user and the first account. The server prints the link when its database is empty.

use actix_web::http::StatusCode;
use actix_web::web::{Query, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::setup;
use crate::base::secret::Secret;
use crate::domain::account::Invalid;
use crate::domain::contact::{EMAIL_MAX, Email};
use crate::web::admin::access::LinkQuery;
use crate::web::admin::settings::account_form::{FirstPolicy, Typed};
use crate::web::admin::settings::form_errors;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::context;
use crate::web::request::form::GuestForm;
use crate::web::request::guard::Guest;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::Layout;
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config.service(resource(paths::SETUP).route(get().to(show)).route(post().to(create)));
}

#[derive(Template)]
#[template(path = "setup/show.html")]
struct Page {
    layout: Layout,
    token: String,
    user: Vec<Field>,
    /// Empty when an account already exists.
    account: Vec<Field>,
    has_errors: bool,
}

#[derive(Template)]
#[template(path = "setup/gone.html")]
struct GonePage {
    layout: Layout,
}

/// The error messages of the form.
#[derive(Default)]
struct Wrong {
    email: Option<&'static str>,
    password: Option<&'static str>,
    account: Option<Invalid>,
    /// No consent policy was chosen.
    policy: bool,
}

impl Wrong {
    const fn is_none(&self) -> bool {
        self.email.is_none() && self.password.is_none() && self.account.is_none() && !self.policy
    }
}

fn page(
    guest: &Guest,
    token: &str,
    email: &str,
    typed: Option<&(Typed, FirstPolicy)>,
    wrong: Option<&Wrong>,
) -> Result<HttpResponse, WebError> {
    let t = guest.context.t;
    let texts = &t.access.field;
    let error = |of: fn(&Wrong) -> Option<&'static str>| wrong.and_then(of).map(str::to_owned);
    let user = vec![
        Field::new(t, "email", texts.email, Kind::Email)
            .value(email)
            .error(error(|w| w.email))
            .required()
            .max(EMAIL_MAX)
            .autocomplete("username"),
        Field::new(t, "password", texts.new_password, Kind::Password)
            .hint(texts.new_password_hint)
            .error(error(|w| w.password))
            .required()
            .autocomplete("new-password"),
    ];
    let account = typed.map(|(typed, policy)| {
        let mut fields = typed.fields(t, wrong.and_then(|w| w.account.as_ref()));
        fields.push(policy.field(t, wrong.is_some_and(|w| w.policy)));
        fields
    });
    let page = Page {
        layout: guest.layout(t.access.setup.title),
        token: token.to_owned(),
        user,
        account: account.unwrap_or_default(),
        has_errors: wrong.is_some(),
    };
    respond::form(wrong.is_some(), &page)
}

fn gone(guest: &Guest) -> Result<HttpResponse, WebError> {
    let layout = guest.layout(guest.context.t.access.setup.gone_title);
    respond::page_with(StatusCode::GONE, &GonePage { layout })
}

async fn show(guest: Guest, query: Query<LinkQuery>) -> Result<HttpResponse, WebError> {
    match setup::look(&guest.state.app, &Secret::from_request(&query.token)).await {
        Ok(wanted) => {
            let typed = wanted.account.then(<(Typed, FirstPolicy)>::default);
            page(&guest, &query.token, "", typed.as_ref(), None)
        }
        Err(access::Error::Link) => gone(&guest),
        Err(error) => Err(error.into()),
    }
}

async fn create(request: HttpRequest, form: GuestForm) -> Result<HttpResponse, WebError> {
    let GuestForm { sender: guest, fields } = form;
    let (token, email) = (fields.raw("token"), fields.text("email"));
    let link = Secret::from_request(token);
    let wanted = match setup::look(&guest.state.app, &link).await {
        Ok(wanted) => wanted,
        Err(access::Error::Link) => return gone(&guest),
        Err(error) => return Err(error.into()),
    };
    let typed = wanted.account.then(|| (Typed::from(&fields), FirstPolicy::from(&fields)));
    let texts = &guest.context.t.access.wrong;
    let password = fields.raw("password");
    let mut wrong = Wrong { email: Email::parse(email).is_none().then_some(texts.email), ..Wrong::default() };
    let settings = match typed.as_ref().map(|(typed, _)| typed.parse()).transpose() {
        Ok(settings) => settings,
        Err(invalid) => {
            wrong.account = Some(invalid);
            None
        }
    };
    let rules = typed.as_ref().map(|(_, policy)| policy.parse());
    wrong.policy = rules == Some(None);
    // All errors are shown at once, so the form need not be submitted once for each.
    if let Err(weak) = setup::check_password(email, password, settings.as_ref()) {
        wrong.password = Some(form_errors::message(texts, weak.into())?);
    }
    if !wrong.is_none() {
        return page(&guest, token, email, typed.as_ref(), Some(&wrong));
    }
    let browser = context::browser(&request);
    let has_account = settings.is_some();
    let account = settings.zip(rules.flatten());
    let secret = match setup::set_up(&guest.state.app, &link, email, password, account, &browser).await {
        Ok(secret) => secret,
        Err(access::Error::Link) => return gone(&guest),
        Err(error) => return Err(error.into()),
    };
    cookie::set_sign_in(&request, guest.context.https, &secret);
    if has_account {
        flash::put(&request, guest.context.https, Done::AccountMade);
    }
    let first = guest.state.app.accounts.list().first().map(|entry| entry.id());
    let next = first.map_or_else(|| paths::ACCOUNTS.to_owned(), |id| paths::settings(id, "tracking-code"));
    Ok(respond::see_other(&next))
}
