//! `/accounts/{id}/settings/consent/ask-again`: what asking visitors again does, and doing it.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::consent_nav::{Part, path};
use super::head::Head;
use super::rules::changed;
use super::seen::{ConsentForm, SEEN, Saved, Seen};
use crate::app::access::consent;
use crate::base::clock::DAY;
use crate::domain::consent::policy::Policy;
use crate::domain::consent::rule::PolicyType;
use crate::domain::user::Role;
use crate::web::part::icon::Icon;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;

/// How long a browser remembers a choice.
const REMEMBERED: i64 = 180 * DAY;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/ask-again")
            .route(get_or_head().to(show))
            .route(post().to(ask)),
    );
}

#[derive(Template)]
#[template(path = "consent/ask_again.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    revision: u32,
    visitors: String,
    /// Some rule asks for a choice.
    asks: bool,
}

pub(crate) fn page(layout: Layout, head: Head, revision: u32, policy: &Policy, visitors: u64) -> Page {
    let t = layout.t;
    let visitors = i64::try_from(visitors).unwrap_or(i64::MAX);
    let asks = |kind| !matches!(kind, PolicyType::None | PolicyType::NoCookies);
    Page {
        revision,
        visitors: t.consent.again.visitors.of(visitors, &t.number),
        asks: policy.rules.iter().any(|rule| asks(rule.kind)),
        layout,
        head,
    }
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let (app, id) = (member.app(), member.account_id());
    let Some(latest) = consent::find(app, id).await? else {
        return Ok(respond::see_other(&path(id, "")));
    };
    let visitors = consent::visitors_since(app, id, app.now().plus(-REMEMBERED)).await?;
    let (layout, head) = Head::of(&member, member.t().consent.again.title, Part::Revisions);
    respond::page(&page(layout, head, latest.number, &latest.policy, visitors))
}

async fn ask(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    if Seen::by(&member, &fields).await?.is_none() {
        return changed(&member).await;
    }
    let (app, id) = (member.app(), member.account_id());
    match Saved::of(consent::ask_again(app, member.actor(), id).await)? {
        Saved::Done => {
            let to = Part::Revisions.path(id);
            respond::done(&request, member.https(), Done::ConsentAskedAgain, &to)
        }
        Saved::Changed => changed(&member).await,
        Saved::Invalid(invalid) => Err(WebError::BadRequest(invalid.to_string())),
    }
}
