//! The user's own profile: password, signed-in browsers, theme.

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::{sign_in, users};
use crate::app::{App, access};
use crate::base::clock::Millis;
use crate::domain::client_hints::ClientHints;
use crate::domain::period::Zone;
use crate::store::sign_in::{SignIn, SignInId};
use crate::web::admin::settings::form_errors;
use crate::web::drawing::format;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::context;
use crate::web::request::form::SignedForm;
use crate::web::request::guard::SignedIn;
use crate::web::request::method::get_or_head;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Theme};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub fn routes(config: &mut ServiceConfig) {
    config
        .route(paths::PROFILE, get_or_head().to(show))
        .route(paths::PROFILE_PASSWORD, post().to(update_password))
        .route(paths::PROFILE_BROWSERS, post().to(delete_browsers));
}

#[derive(Template)]
#[template(path = "profile/show.html")]
struct Page {
    layout: Layout,
    email: String,
    fields: Vec<Field>,
    has_errors: bool,
    rows: Vec<Row>,
    current: SignInId,
}

/// A signed-in browser.
struct Row {
    id: SignInId,
    /// `Chrome on Windows`, named as in the reports; an unknown browser shows its User-Agent.
    name: String,
    /// The User-Agent as sent; may be empty.
    agent: String,
    created: Millis,
    last: Millis,
}

impl Row {
    fn of(app: &App, t: &Texts, sign_in: SignIn) -> Self {
        let SignIn { id, browser: agent, created, last, .. } = sign_in;
        let device = &app.user_agents.read(&agent, &ClientHints::default()).device;
        let read = t.label.browser(&device.browser, &device.os);
        let name = read.unwrap_or_else(|| match agent.as_str() {
            "" => t.access.profile.unknown_browser.to_owned(),
            other => other.to_owned(),
        });
        Self { id, name, agent, created, last }
    }
}

impl Page {
    fn since(&self, row: &Row) -> String {
        format::date_time(&self.layout.t.number, &Zone::named("UTC"), row.created)
    }

    fn last_seen(&self, row: &Row) -> String {
        format::ago(&self.layout.t.number, self.layout.now, row.last)
    }

    fn is_current(&self, row: &Row) -> bool {
        row.id == self.current
    }

    fn end_label(&self, row: &Row) -> String {
        fill(self.layout.t.access.profile.end_one, &[("browser", &row.name)])
    }

    fn themes(&self) -> [(Theme, &'static str); 3] {
        let frame = &self.layout.t.frame;
        [(Theme::Auto, frame.theme_auto), (Theme::Light, frame.theme_light), (Theme::Dark, frame.theme_dark)]
    }
}

/// The error messages of the two password fields.
#[derive(Clone, Copy, Default)]
struct Wrong {
    current: Option<&'static str>,
    new: Option<&'static str>,
}

async fn page(signed_in: &SignedIn, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let t = signed_in.context.t;
    let texts = &t.access.field;
    let fields = vec![
        Field::new(t, "current", texts.current_password, Kind::Password)
            .error(wrong.current.map(str::to_owned))
            .required()
            .autocomplete("current-password"),
        Field::new(t, "new", texts.new_password, Kind::Password)
            .hint(texts.new_password_hint)
            .error(wrong.new.map(str::to_owned))
            .required()
            .autocomplete("new-password"),
    ];
    let has_errors = wrong.current.is_some() || wrong.new.is_some();
    let rows = sign_in::list(&signed_in.state.app, signed_in.session.user.id).await?;
    let page = Page {
        layout: signed_in.layout(t.access.profile.title),
        email: signed_in.session.user.email.clone(),
        fields,
        has_errors,
        rows: rows.into_iter().map(|row| Row::of(&signed_in.state.app, t, row)).collect(),
        current: signed_in.session.sign_in.id,
    };
    respond::form(has_errors, &page)
}

async fn show(signed_in: SignedIn) -> Result<HttpResponse, WebError> {
    page(&signed_in, Wrong::default()).await
}

async fn update_password(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let SignedForm { sender: signed_in, fields } = form;
    let sender = context::sender(&signed_in.state, &request);
    let (current, new) = (fields.raw("current"), fields.raw("new"));
    match users::change_password(&signed_in.state.app, &signed_in.session, sender, current, new).await {
        Ok(secret) => {
            cookie::set_sign_in(&request, signed_in.context.https, &secret);
            respond::done(&request, signed_in.context.https, Done::PasswordChanged, paths::PROFILE)
        }
        Err(error) => {
            let of_current = matches!(error, access::Error::Wrong);
            let text = Some(form_errors::message(&signed_in.context.t.access.wrong, error)?);
            let wrong = if of_current {
                Wrong { current: text, new: None }
            } else {
                Wrong { current: None, new: text }
            };
            page(&signed_in, wrong).await
        }
    }
}

/// Signs out one browser, or all others when the form names none.
async fn delete_browsers(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let SignedForm { sender: signed_in, fields } = form;
    let user = signed_in.session.user.id;
    let done = match fields.number("browser") {
        Some(id) => {
            sign_in::end(&signed_in.state.app, user, SignInId(id)).await?;
            Done::BrowserEnded
        }
        None => {
            sign_in::end_all(&signed_in.state.app, user, Some(signed_in.session.sign_in.id)).await?;
            Done::BrowsersEnded
        }
    };
    respond::done(&request, signed_in.context.https, done, paths::PROFILE)
}
