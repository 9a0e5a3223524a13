//! What other pages show of addresses that possibly stand for nobody (rules.md 36): a section on the list of contacts, and a
//! notice on the page of a contact.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::reports::contact::ContactReport;
use crate::domain::account::AccountId;
use crate::domain::contact::ContactId;
use crate::domain::placeholder::BROWSERS_MAX;
use crate::domain::user::Role;
use crate::store::contact_joining::Suspect;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::response::page::Layout;
use crate::web::text::{Texts, fill};

/// Addresses that the list of contacts shows at most.
pub(crate) const SUSPECTS_MAX: usize = 10;

pub(crate) fn blocked_path(account: AccountId) -> String {
    format!("{}/blocked", paths::contacts(account))
}

fn block_path(account: AccountId, contact: i64) -> String {
    format!("{}/block", paths::contact(account, ContactId(contact)))
}

fn limit(t: &Texts) -> String {
    t.number.whole(i64::from(BROWSERS_MAX))
}

/// The section on the list of contacts.
#[derive(Template)]
#[template(path = "placeholders/_section.html")]
pub struct SuspectsSection {
    t: &'static Texts,
    csrf: String,
    rows: Vec<SuspectRow>,
    /// How many rows there are, as a text.
    count: String,
    /// How many addresses are blocked, and where they are listed.
    blocked: Option<(String, String)>,
}

impl HtmlSafe for SuspectsSection {}

struct SuspectRow {
    email: String,
    href: String,
    why: String,
    action: String,
    label: String,
}

/// `None` when there is nothing to show.
pub(crate) fn suspects_section(
    layout: &Layout,
    suspects: &[Suspect],
    blocked: i64,
) -> Option<SuspectsSection> {
    let t = layout.t;
    let texts = &t.placeholders;
    let account = layout.account_id();
    let row = |suspect: &Suspect| SuspectRow {
        email: suspect.email.clone(),
        href: paths::contact(account, ContactId(suspect.contact)),
        why: match suspect.noticed {
            Some(_) => fill(texts.by_browsers, &[("limit", &limit(t))]),
            None => texts.by_name.to_owned(),
        },
        action: block_path(account, suspect.contact),
        label: fill(texts.block_one, &[("email", &suspect.email)]),
    };
    (!suspects.is_empty() || blocked > 0).then(|| SuspectsSection {
        t,
        csrf: layout.csrf.clone(),
        rows: suspects.iter().map(row).collect(),
        count: t.number.whole(suspects.len() as i64),
        blocked: (blocked > 0).then(|| (texts.blocked_count.of(blocked, &t.number), blocked_path(account))),
    })
}

/// The notice on the page of a contact.
#[derive(Template)]
#[template(path = "placeholders/_notice.html")]
pub struct Notice {
    t: &'static Texts,
    csrf: String,
    text: String,
    /// Blocks the address.
    block: Option<String>,
    /// Where blocked addresses are listed.
    see: Option<String>,
}

impl HtmlSafe for Notice {}

pub(crate) fn notice(layout: &Layout, found: &ContactReport) -> Option<Notice> {
    let t = layout.t;
    let texts = &t.placeholders;
    let account = layout.account_id();
    let may = layout.viewer_is(Role::Editor);
    let text = match (found.blocked, found.possible_placeholder) {
        (true, _) => texts.notice_blocked.to_owned(),
        (false, Some("browsers")) => fill(texts.notice_browsers, &[("limit", &limit(t))]),
        (false, Some(_)) => texts.notice_name.to_owned(),
        (false, None) => return None,
    };
    Some(Notice {
        t,
        csrf: layout.csrf.clone(),
        text,
        block: (may && !found.blocked).then(|| block_path(account, found.row.id)),
        see: (may && found.blocked).then(|| blocked_path(account)),
    })
}
