//! `/accounts/{id}/settings/consent/counting`: what is counted of visitors who did not consent, and what is sent and kept for
//! that. For admins.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::counting;
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Counting;
use crate::domain::user::Role;
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::admin::settings::consent::head::Head;
use crate::web::part::field::{Field, Kind};
use crate::web::paths::{self, Report};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;

const ANONYMOUS: &str = "anonymous";
const ASKED: &str = "asked";

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/counting")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

fn path(account: AccountId) -> String {
    paths::settings(account, "consent/counting")
}

#[derive(Template)]
#[template(path = "consent/counting.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    action: String,
    report: String,
    switches: [Field; 2],
}

pub(crate) fn page(layout: Layout, head: Head, id: AccountId, counting: Counting) -> Page {
    let t = layout.t;
    let texts = &t.anonymous.settings;
    let switch = |name, label, hint, is_on| {
        Field::new(t, name, label, Kind::Check).value(if is_on { "on" } else { "" }).hint(hint)
    };
    Page {
        head,
        action: path(id),
        report: paths::report(id, Report::Anonymous),
        switches: [
            switch(ANONYMOUS, texts.anonymous, texts.anonymous_hint, counting.anonymous),
            switch(ASKED, texts.asked, texts.asked_hint, counting.asked),
        ],
        layout,
    }
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let (layout, head) = Head::of(&member, member.t().anonymous.settings.title, Part::Counting);
    respond::page(&page(layout, head, member.account_id(), member.account.counting()))
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let wanted = Counting { anonymous: fields.is_on(ANONYMOUS), asked: fields.is_on(ASKED) };
    let id = member.account_id();
    counting::update(member.app(), member.actor(), id, move |counting| *counting = wanted).await?;
    respond::done(&request, member.https(), Done::Saved, &path(id))
}
