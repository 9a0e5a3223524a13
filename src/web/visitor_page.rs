//! `/privacy/{account}`: the page for the visitors of an account's sites (rules.md 42). It needs no sign-in and no JavaScript. It
//! says who keeps what and for how long, shows counts of what is kept under a token, and takes withdrawals. A token comes
//! in the body of a form, never in an address. The answer never tells whether a token is known.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::web::{Path, Payload, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::App;
use crate::app::access::retention;
use crate::app::people::withdraw::{self, Typed};
use crate::app::reports::kept::{self, Kept};
use crate::app::state::account_cache::Entry;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::consent::choice::{Answer, Choice};
use crate::domain::referrer::Referrer;
use crate::store::withdrawn::Added;
use crate::web::admin::settings::privacy::{About, paragraphs};
use crate::web::paths;
use crate::web::request::context::{self, Context, parameter};
use crate::web::request::form::{self, Fields};
use crate::web::request::method::get_or_head;
use crate::web::request::security;
use crate::web::response::error::WebError;
use crate::web::response::{assets, respond};
use crate::web::text::fill;
use crate::web::text::statement::{STATEMENTS, Statement};
use crate::web::text::visitor_page::{VisitorPage, of_language};

/// Longest body of the form, bytes.
const BODY_MAX: usize = 4 * 1024;
/// Longest host of a site in the address, bytes.
const SITE_MAX: usize = 255;

/// The page and what it is made of, also where the admin pages have an address of their own.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/privacy/{account:[0-9]+}")
                .wrap(from_fn(security::guard))
                .route(get_or_head().to(show))
                .route(post().to(create)),
        )
        .service(
            resource("/assets/{hash}/{name}")
                .wrap(from_fn(security::guard))
                .route(get_or_head().to(assets::show)),
        );
}

/// What the page says about a token or a receipt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub kept: Kept,
    pub withdrawn: bool,
    /// Whether there is a token that can be withdrawn.
    pub has_token: bool,
    pub choice: Option<Choice>,
    /// Whether a request to delete was passed on; `None` when nobody asked now.
    pub asked: Option<bool>,
}

/// What is wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotANumber,
    TooMany { seconds: u32 },
    Full,
}

impl Problem {
    const fn status(self) -> StatusCode {
        match self {
            Self::NotANumber => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

#[derive(Template)]
#[template(path = "visitor_page/show.html")]
pub(crate) struct Page {
    t: &'static VisitorPage,
    lang: &'static str,
    nonce: String,
    lead: String,
    /// Name, code, address, and whether it is the language of the page.
    languages: Vec<(&'static str, &'static str, String, bool)>,
    /// Address of this page in its language, for its forms.
    action: String,
    /// Address and text of the link to the site.
    back: Option<(String, String)>,
    /// What was typed.
    number: String,
    problem: Option<&'static str>,
    found: Option<Found>,
    /// The paragraphs about what is kept.
    kept: Vec<String>,
}

/// A shown answer in words.
struct Found {
    state: Option<&'static str>,
    choice: Option<String>,
    /// Label and number; none when nothing is kept.
    counts: Vec<(&'static str, u64)>,
    nothing: Option<&'static str>,
    asked: Option<&'static str>,
    may_withdraw: bool,
}

impl Page {
    fn style(&self) -> String {
        assets::style()
    }

    fn icon(&self) -> String {
        assets::icon()
    }

    fn script(&self) -> String {
        assets::visitor_script()
    }
}

/// What all answers of the page share.
pub(crate) struct Frame<'a> {
    pub account: AccountId,
    pub name: &'a str,
    pub about: About<'a>,
    pub texts: (&'static Statement, &'static VisitorPage),
    pub nonce: String,
    /// The host of the account's site that the visitor came from.
    pub site: Option<&'a str>,
}

pub(crate) fn page(frame: Frame<'_>, number: &str, answer: Result<Option<&Shown>, Problem>) -> Page {
    let (statement, t) = frame.texts;
    let address = |code: &str| paths::visitor_page(frame.account, code, frame.site);
    Page {
        t,
        lang: statement.code,
        nonce: frame.nonce,
        lead: fill(t.lead, &[("name", frame.name)]),
        languages: STATEMENTS
            .iter()
            .map(|one| (one.name, one.code, address(one.code), one.code == statement.code))
            .collect(),
        action: address(statement.code),
        back: frame.site.map(|site| (format!("//{site}/"), fill(t.back, &[("site", site)]))),
        number: number.to_owned(),
        problem: answer.err().map(|problem| match problem {
            Problem::NotANumber => t.not_a_number,
            Problem::TooMany { .. } => t.too_many,
            Problem::Full => t.full,
        }),
        found: answer.ok().flatten().map(|shown| found(t, shown)),
        kept: paragraphs(statement, &frame.about),
    }
}

fn found(t: &'static VisitorPage, shown: &Shown) -> Found {
    let Kept { sessions, page_views, completions, submissions } = shown.kept;
    let counts = [
        (t.sessions, sessions),
        (t.page_views, page_views),
        (t.completions, completions),
        (t.submissions, submissions),
    ];
    let nothing = if shown.has_token { t.nothing } else { t.without_token };
    Found {
        state: shown.has_token.then_some(if shown.withdrawn { t.withdrawn } else { t.open }),
        choice: shown.choice.as_ref().map(|choice| {
            let what = what_of(t, choice);
            fill(t.choice, &[("time", &minute(choice.at)), ("what", &what)])
        }),
        counts: if shown.kept.is_nothing() { Vec::new() } else { counts.into() },
        nothing: shown.kept.is_nothing().then_some(nothing),
        asked: shown.asked.map(|is_passed_on| if is_passed_on { t.asked } else { t.not_asked }),
        may_withdraw: shown.has_token && !shown.withdrawn,
    }
}

/// What a choice allowed, in words.
fn what_of(t: &'static VisitorPage, choice: &Choice) -> Cow<'static, str> {
    let categories = [
        (Consent::ANALYTICS, t.analytics),
        (Consent::ADVERTISEMENT, t.advertisement),
        (Consent::FUNCTIONALITY, t.functionality),
    ];
    match choice.answer() {
        Answer::Withdrawn => t.choice_withdrawn.into(),
        Answer::Refused => t.only_necessary.into(),
        Answer::Accepted | Answer::Partly => {
            let allowed = categories.into_iter().filter(|(bit, _)| choice.allows(*bit));
            allowed.map(|(_, name)| name).collect::<Vec<_>>().join(", ").into()
        }
    }
}

/// `2026-11-22 12:00 UTC`: the same in every language.
fn minute(at: Millis) -> String {
    let iso = at.iso();
    let day_and_time = iso.split_once('T').map(|(day, time)| (day, time.get(..5).unwrap_or(time)));
    day_and_time.map_or_else(|| iso.clone(), |(day, time)| format!("{day} {time} UTC"))
}

/// The account in the path.
fn account_of(app: &App, path: &Path<String>) -> Result<Arc<Entry>, WebError> {
    let id = path.parse().map(AccountId).map_err(|_| WebError::NotFound)?;
    app.accounts.find(id).ok_or(WebError::NotFound)
}

/// Answers the page, with what is shown or what is wrong.
async fn respond_with(
    request: &HttpRequest,
    account: &Entry,
    number: &str,
    answer: Result<Option<Shown>, Problem>,
) -> Result<HttpResponse, WebError> {
    let state = context::state(request)?;
    let header =
        |name| request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let asked = parameter(request, "lang");
    let accepted = header(header::ACCEPT_LANGUAGE).unwrap_or_default();
    let texts = of_language(asked.as_deref(), accepted).ok_or(WebError::NotFound)?;
    let said = parameter(request, "site").map(|site| format!("https://{site}/"));
    let site = [said.as_deref(), header(header::REFERER)].into_iter().flatten().find_map(Referrer::read);
    let settings = account.settings();
    let is_own = |host: &str| host.len() <= SITE_MAX && settings.owns_host(host);
    let site = site.map(|site| site.host).filter(|host| is_own(host));
    let frame = Frame {
        account: account.id(),
        name: &settings.name,
        about: About {
            sites: &settings.domains,
            tracking: *account.tracking(),
            counting: account.counting(),
            rules: account.consent.as_ref().map_or(&[], |policy| &policy.policy.rules),
            kept: retention::find(&state.app, account.id()).await?,
            page: None,
        },
        texts,
        nonce: Context::of(request).layout("").nonce,
        site: site.as_deref(),
    };
    let (status, wait) = match &answer {
        Ok(_) => (StatusCode::OK, None),
        Err(Problem::TooMany { seconds }) => (StatusCode::TOO_MANY_REQUESTS, Some(*seconds)),
        Err(problem) => (problem.status(), None),
    };
    let page = page(frame, number, answer.as_ref().map(Option::as_ref).map_err(|problem| *problem));
    let mut response = respond::page_with(status, &page)?;
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

async fn show(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, WebError> {
    let state = context::state(&request)?;
    let account = account_of(&state.app, &path)?;
    let sender = context::sender(&state, &request);
    let answer = match state.app.senders.take(sender, state.app.now()) {
        Ok(()) => Ok(None),
        Err(seconds) => Err(Problem::TooMany { seconds }),
    };
    respond_with(&request, &account, "", answer).await
}

async fn create(request: HttpRequest, path: Path<String>, body: Payload) -> Result<HttpResponse, WebError> {
    let state = context::state(&request)?;
    let account = account_of(&state.app, &path)?;
    let sender = context::sender(&state, &request);
    if let Err(seconds) = state.app.guesses.take(sender, state.app.now()) {
        return respond_with(&request, &account, "", Err(Problem::TooMany { seconds })).await;
    }
    let fields = form::read(&request, body.into_inner(), BODY_MAX).await?;
    let number = fields.text("number");
    let answer = answer(&state.app, &account, &fields, number).await?;
    respond_with(&request, &account, number, answer).await
}

async fn answer(
    app: &App,
    account: &Arc<Entry>,
    fields: &Fields,
    number: &str,
) -> Result<Result<Option<Shown>, Problem>, WebError> {
    let id = account.id();
    let Some(Typed { token, choice }) = withdraw::read(app, id, number).await? else {
        return Ok(Err(Problem::NotANumber));
    };
    let Some(token) = token else {
        return Ok(Ok(Some(Shown { choice, ..Shown::default() })));
    };
    let mut asked = None;
    if fields.text("do") == "withdraw" {
        if withdraw::withdraw(app, id, &token).await? == Added::Full {
            return Ok(Err(Problem::Full));
        }
        if fields.is_on("erase") {
            asked = Some(withdraw::ask_to_erase(app, id, &token).await?);
        }
    }
    let kept = kept::of_token(app, account, &token).await?;
    let withdrawn = app.store.withdrawn.contains(id, &token);
    Ok(Ok(Some(Shown { kept, withdrawn, has_token: true, choice, asked })))
}
