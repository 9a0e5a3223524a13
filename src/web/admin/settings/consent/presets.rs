//! `/accounts/{id}/settings/consent/preset?preset=europe`: what a preset changes, and setting it. An account without rules
//! has nothing to lose, so there the button on the page of the rules sets it at once.

use actix_web::web::{Query, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::consent_nav::{Part, path};
use super::head::Head;
use super::rules::changed;
use super::seen::{ConsentForm, SEEN, Saved, Seen};
use super::words::{self, RuleRow};
use crate::app::access::consent;
use crate::domain::consent::change::changes;
use crate::domain::consent::policy::Policy;
use crate::domain::consent::preset::Preset;
use crate::domain::user::Role;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;

const PRESET: &str = "preset";

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/preset")
            .route(get_or_head().to(show))
            .route(post().to(set)),
    );
}

#[derive(Template)]
#[template(path = "consent/preset.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    preset: Preset,
    what: &'static str,
    revision: u32,
    changes: Vec<String>,
    rows: Vec<RuleRow>,
}

pub(crate) fn page(layout: Layout, head: Head, preset: Preset, seen: Seen) -> Page {
    let t = layout.t;
    let after = Policy { rules: preset.apply(&seen.policy.rules), banner: seen.policy.banner.clone() };
    let changes = changes(Some(&seen.policy), &after).iter().map(|change| words::change(t, change)).collect();
    Page {
        preset,
        what: words::preset(t, preset).1,
        revision: seen.revision,
        changes,
        rows: RuleRow::all(t, &after.rules),
        layout,
        head,
    }
}

fn parse(word: &str) -> Result<Preset, WebError> {
    let words = Preset::ALL.map(Preset::as_str).join(", ");
    Preset::parse(word).ok_or_else(|| WebError::BadRequest(format!("preset must be one of {words}")))
}

async fn show(member: Member, Query(pairs): Query<Pairs>) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let preset = parse(query::first(&pairs, PRESET).unwrap_or_default())?;
    let latest = consent::find(member.app(), member.account_id()).await?;
    let (layout, head) = Head::of(&member, words::preset(member.t(), preset).0, Part::Rules);
    respond::page(&page(layout, head, preset, Seen::from(latest.as_ref())))
}

async fn set(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let preset = parse(fields.text(PRESET))?;
    let Some(seen) = Seen::by(&member, &fields).await? else { return changed(&member).await };
    let (app, id) = (member.app(), member.account_id());
    let rules = preset.apply(&seen.policy.rules);
    match Saved::of(consent::replace_rules(app, member.actor(), id, seen.revision, rules).await)? {
        Saved::Done => respond::done(&request, member.https(), Done::Saved, &path(id, "")),
        Saved::Changed => changed(&member).await,
        // California, when there are as many other rules as a policy can have.
        Saved::Invalid(_) => super::rules::answer(&member, None, Some(member.t().consent.rules.full)).await,
    }
}
