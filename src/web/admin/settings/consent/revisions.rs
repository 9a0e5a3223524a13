//! `/accounts/{id}/settings/consent/revisions`: every revision with what it changed; and below it each as it was.

use actix_web::web::{Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::banner::look::{Look, first_shown, look};
use super::consent_nav::Part;
use super::head::{Head, made};
use super::words::{self, RuleRow};
use crate::app::access::consent::{self, REVISIONS_MAX};
use crate::domain::consent::change::{self, Change};
use crate::domain::period::Zone;
use crate::store::consent::Revision;
use crate::web::drawing::format;
use crate::web::part::banner_preview::BannerPreview;
use crate::web::part::empty::Empty;
use crate::web::part::icon::Icon;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::framing::Framing;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Most changes that the list names of a revision; its own page names all.
const CHANGES_SHOWN: usize = 6;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/settings/consent/revisions", get_or_head().to(list))
        .route("/accounts/{account}/settings/consent/revisions/{revision}", get_or_head().to(show));
}

struct Row {
    number: u32,
    label: String,
    when: String,
    who: String,
    changes: Vec<String>,
    /// How many more changes it made.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "consent/revisions.html")]
pub(crate) struct ListPage {
    layout: Layout,
    head: Head,
    rows: Vec<Row>,
    /// The revision in force is the first row.
    is_newest: bool,
    /// Leads to older revisions.
    older: Option<String>,
    empty: Empty,
}

impl ListPage {
    fn is_in_force(&self, row: &Row) -> bool {
        self.is_newest && self.rows.first().is_some_and(|first| first.number == row.number)
    }
}

pub(crate) fn list_page(
    layout: Layout,
    head: Head,
    zone: &Zone,
    found: &[(Revision, Vec<Change>)],
    is_newest: bool,
) -> ListPage {
    let t = layout.t;
    let texts = &t.consent.revisions;
    let row = |(revision, changes): &(Revision, Vec<Change>)| Row {
        number: revision.number,
        label: fill(texts.show_one, &[("n", &revision.number.to_string())]),
        when: format::date_time(&t.number, zone, revision.made),
        who: revision.user.clone().unwrap_or_else(|| texts.by_machine.to_owned()),
        changes: lines(t, revision, changes).into_iter().take(CHANGES_SHOWN).collect(),
        more: more(t, revision, changes),
    };
    let last = found.last().map(|(revision, _)| revision.number);
    let older = last.filter(|number| found.len() >= REVISIONS_MAX && *number > 1);
    ListPage {
        rows: found.iter().map(row).collect(),
        is_newest,
        older: older.map(|number| format!("{}?before={number}", Part::Revisions.path(head.id))),
        empty: Empty {
            icon: Icon::List,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: None,
        },
        layout,
        head,
    }
}

fn more(t: &'static Texts, revision: &Revision, changes: &[Change]) -> Option<String> {
    let all = changes.len() + usize::from(revision.asks_again);
    let more = i64::try_from(all.checked_sub(CHANGES_SHOWN)?).ok().filter(|more| *more > 0)?;
    Some(t.consent.rules.more_places.of(more, &t.number))
}

fn lines(t: &'static Texts, revision: &Revision, changes: &[Change]) -> Vec<String> {
    let texts = &t.consent.revisions;
    let again = revision.asks_again.then(|| texts.asked_again.to_owned());
    let mut lines: Vec<String> =
        again.into_iter().chain(changes.iter().map(|change| words::change(t, change))).collect();
    if lines.is_empty() {
        lines.push(texts.nothing.to_owned());
    }
    lines
}

async fn list(member: Member, Query(pairs): Query<Pairs>) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let before: Option<u32> = query::first(&pairs, "before").and_then(|text| text.parse().ok());
    let (app, id) = (member.app(), member.account_id());
    let found = consent::list_revisions(app, id, before.unwrap_or(u32::MAX)).await?;
    let (layout, head) = Head::of(&member, member.t().consent.tabs.revisions, Part::Revisions);
    respond::page(&list_page(layout, head, &member.account.zone, &found, before.is_none()))
}

#[derive(Template)]
#[template(path = "consent/revision.html")]
pub(crate) struct ShowPage {
    layout: Layout,
    head: Head,
    made: String,
    changes: Vec<String>,
    rows: Vec<RuleRow>,
    look: Vec<Look>,
    preview: BannerPreview,
}

pub(crate) fn show_page(
    layout: Layout,
    head: Head,
    zone: &Zone,
    revision: &Revision,
    former: Option<&Revision>,
) -> ShowPage {
    let t = layout.t;
    let texts = &t.consent.revisions;
    let changes = change::changes(former.map(|former| &former.policy), &revision.policy);
    let user = revision.user.as_deref();
    ShowPage {
        made: made(t, texts.made, zone, (revision.number, revision.made, user)),
        changes: lines(t, revision, &changes),
        rows: RuleRow::all(t, &revision.policy.rules),
        look: look(t, &revision.policy.banner),
        preview: BannerPreview {
            t,
            account: head.id,
            query: format!("revision={}&policy={}", revision.number, first_shown(&revision.policy).number()),
        },
        layout,
        head,
    }
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let number = request.match_info().get("revision").and_then(|text| text.parse().ok());
    let number: u32 = number.ok_or(WebError::NotFound)?;
    let found = consent::find_with_former(member.app(), member.account_id(), number).await?;
    let (revision, former) = found.ok_or(WebError::NotFound)?;
    let title = fill(member.t().consent.revisions.show_one, &[("n", &number.to_string())]);
    let (layout, head) = Head::of(&member, &title, Part::Revisions);
    Framing::Holds.allow(&request);
    respond::page(&show_page(layout, head, &member.account.zone, &revision, former.as_ref()))
}
