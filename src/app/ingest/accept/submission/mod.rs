//! A submitted form, as HubSpot's API takes it (rules.md 33). The answer of this module is either that the submission is
//! on disk, or what is wrong with it in HubSpot's words. It never depends on whether a contact or a visitor exists.

mod body;
mod fault;

use std::net::IpAddr;

use super::beacon::Written;
use super::identity::{self, Checked};
use super::{find_room, put, read};
use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{DAY, MINUTE, Millis};
use crate::domain::addresses::Sent;
use crate::domain::contact::Identity;
use crate::domain::form::{FormKey, Submission, Way};
use crate::domain::hit::{Act, Hit, TITLE_MAX};
use crate::domain::hit_reason::Reason;
use crate::domain::scrub::{self, Emails};
use crate::domain::source::Origin;
use crate::domain::text::cut;
use crate::domain::visitor::Token;
use body::{Body, Context};
pub use fault::Fault;

/// How far ahead of the server's clock a program's may be (rules.md 6).
const AHEAD_MAX: i64 = 10 * MINUTE;
/// How old a submission may be that a program reports: 25 months (rules.md 6).
const AGE_MAX: i64 = 760 * DAY;

/// How the body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// `POST /submissions/v3/…`
    Json,
    /// `POST /uploads/form/v2/…`
    Pairs,
}

/// A request with a submission.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub account: &'a str,
    pub form: &'a str,
    pub wire: Wire,
    pub way: Way,
    pub body: &'a [u8],
    /// Of the sender, who is mostly the visitor.
    pub address: Option<IpAddr>,
    /// The browser carries the do-not-track cookie: nothing is tied to a visitor then.
    pub do_not_track: bool,
}

/// Accepts a submission. Returns after the commit that put it on disk.
///
/// # Errors
/// What is wrong with it, or that it cannot be stored now.
pub async fn accept(app: &App, request: Request<'_>) -> Result<(), Fault> {
    let hit = match read_request(app, request) {
        Ok(hit) => hit,
        Err(fault) => return refuse(app, request.account, fault).await,
    };
    match find_room(app, &hit).await {
        Ok(()) => {}
        Err(Reason::FormLimit) => return refuse(app, request.account, Fault::FormLimit).await,
        Err(_) => return refuse(app, request.account, Fault::Unavailable).await,
    }
    app.counters.receive(1);
    match put(app, vec![Ok(hit)]).await.reason {
        Reason::Stored => Ok(()),
        Reason::Unavailable => Err(Fault::Unavailable),
        _ => Err(Fault::BodyTooLarge),
    }
}

/// Counts a submission that is refused, and shows it to the account it was sent to.
///
/// # Errors
/// The fault, always.
pub async fn refuse(app: &App, account: &str, fault: Fault) -> Result<(), Fault> {
    app.counters.receive(1);
    put(app, vec![Err(fault.reason())]).await;
    if let Some(account) = read::account_id(account).ok().and_then(|id| app.accounts.find(id)) {
        app.live.push_refusal(account.id(), app.now(), fault.reason(), String::new());
    }
    Err(fault)
}

/// Reads a request as a hit.
///
/// # Errors
/// What is wrong with it.
pub fn read_request(app: &App, request: Request<'_>) -> Result<Hit, Fault> {
    let id = read::account_id(request.account).map_err(|_| Fault::UnknownAccount)?;
    let account = app.accounts.find(id).ok_or(Fault::UnknownAccount)?;
    let form = FormKey::parse(request.form).ok_or(Fault::FormKey)?;
    let mut body = match request.wire {
        Wire::Json => Body::of_json(request.body)?,
        Wire::Pairs => Body::of_pairs(request.body)?,
    };
    // What a program sends is of somebody else than its own machine, and says so in its context.
    let sender = request.address.filter(|_| request.way != Way::Token);
    for address in sender.into_iter().chain(body.context.address()?) {
        body.remove(&Written::of(address));
    }
    let now = app.now();
    let at = time(now, request.way, body.submitted_ms)?;
    let email = body.email()?;
    let (fields, properties) = body.kept_fields()?;
    let consent_text = body.consent_text()?;
    let act = Act::Submission(Box::new(Submission { form, way: request.way, fields, consent_text }));
    let said = Identity { email, properties, ..Identity::default() };
    // A program of the account may name whom it wants.
    let checked = match request.way {
        Way::Token => Checked { identity: said, ..Checked::default() },
        Way::Call | Way::Script => identity::unless_blocked(&account.identity, said),
    };
    let mut hit = Hit::from_program(id, now, act, checked.identity);
    hit.identity_check = checked.check;
    hit.at = at;
    hit.origin = Origin::offline("FORM");
    let is_refused = |token: &Token| request.do_not_track || app.store.withdrawn.contains(id, token);
    hit.visitor = body.context.token()?.filter(|token| !is_refused(token));
    read_context(app, &account, &body.context, &mut hit)?;
    Ok(hit)
}

/// A program may report what happened before; a browser's clock is never believed (rules.md 6).
fn time(now: Millis, way: Way, submitted_ms: Option<i64>) -> Result<Millis, Fault> {
    let Some(at) = submitted_ms.filter(|_| way == Way::Token) else { return Ok(now) };
    let fits = (-AHEAD_MAX..=AGE_MAX).contains(&now.since(Millis(at)));
    if fits { Ok(Millis(at)) } else { Err(Fault::SubmittedAt) }
}

fn read_context(app: &App, account: &Account, context: &Context, hit: &mut Hit) -> Result<(), Fault> {
    hit.title = cut(&scrub::kept_text(&context.page_name, Emails::Masked), TITLE_MAX);
    if let Some(page) = context.page() {
        let sent = Sent { page: &page, ..Sent::default() };
        let addresses = app.addresses.read(account, sent).map_err(|_| Fault::PageUri)?;
        hit.page = addresses.page.clone();
        hit.foreign_host = addresses.foreign_host;
    }
    Ok(())
}
