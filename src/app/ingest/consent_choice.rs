//! What a browser reports of a choice that its visitor made in the banner (rules.md 40): what is checked of it, and logging it.
//! The log is a proof, so what cannot have happened is refused. A choice is acknowledged only when it is on disk.

use std::sync::Arc;

use serde::Deserialize;

use super::accept::Sender;
use super::accept::beacon::without_own_address;
use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::app::state::rate_limit::sender_of;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{Asked, CHOICES_PER_DAY, Choice, ChoiceToken, How, PAGE_MAX, Receipt};
use crate::domain::consent::place::Place;
use crate::domain::consent::policy::{Circumstances, InForce, host_and_path};
use crate::domain::consent::rule::PolicyType;
use crate::domain::consent::{Claim, Consent, Origin};
use crate::domain::exclusions::without_parameters;
use crate::domain::hit_reason::Reason;
use crate::domain::language::{LANGUAGE_MAX, normalise};
use crate::domain::page::Page;
use crate::store;
use crate::store::consent::choice::{self, Logged};

/// Longest body of a report, bytes.
pub const BODY_MAX: usize = 4 * 1024;
/// The word in place of a way to choose, when the banner only asked.
const ASKED: &str = "asked";

/// Why nothing is logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(&'static str),
    #[error("there is no such account")]
    UnknownAccount,
    #[error("the address reported more choices than it may")]
    TooMany { wait_seconds: u32 },
    #[error("the account has logged {CHOICES_PER_DAY} choices today, and no more are logged on one day")]
    Full,
    #[error("nothing can be stored at the moment")]
    Unavailable,
    #[error(transparent)]
    Store(#[from] store::Error),
}

const NO_JSON: Error = Error::Invalid("the body is not the JSON of a choice");
const WRONG_RECEIPT: Error = Error::Invalid("a receipt is 32 hex digits in lower case");
const WRONG_TOKEN: Error = Error::Invalid("a token is 32 hex digits in lower case");
const TOKEN_OF_REFUSAL: Error = Error::Invalid("without analytics there is no token");
const WRONG_HOW: Error = Error::Invalid("how is accept, reject, save, close, withdraw or asked");
const WRONG_MASK: Error = Error::Invalid("what is allowed does not fit how it was chosen");
const WRONG_LANGUAGE: Error = Error::Invalid("the language is no tag, or a too long one");
const LONG_PAGE: Error = Error::Invalid("the address of the page is too long");
const WRONG_PAGE: Error = Error::Invalid("the address of the page is no http address");
const NO_POLICY: Error = Error::Invalid("the account asks for no consent");
const WRONG_REVISION: Error = Error::Invalid("the policy never had that revision");
const NOT_COUNTED: Error = Error::Invalid("the account does not count how often it asks");
const NOT_ALLOWED: Error = Error::Invalid("the policy does not let a visitor allow this");

/// The body of a report.
#[derive(Deserialize)]
struct Message {
    receipt: Option<String>,
    revision: u32,
    how: String,
    mask: Option<u8>,
    language: Option<String>,
    page: String,
    token: Option<String>,
}

/// Logs what one request reports. Answers what became of it: `Stored`, `Duplicate` when the receipt was logged before, or why
/// nothing of such a visitor is kept.
///
/// # Errors
/// Why it is refused.
pub async fn log(app: &App, sender: Sender<'_>, account: AccountId, body: &[u8]) -> Result<Reason, Error> {
    let now = app.now();
    let account = app.accounts.find(account).ok_or(Error::UnknownAccount)?;
    let message: Message = serde_json::from_slice(body).map_err(|_| NO_JSON)?;
    // Totals of questions cannot fill a disk, and a question that is not counted would make the answers look better.
    if let Some(address) = sender.address.filter(|_| message.how != ASKED) {
        let taken = app.choice_senders.take(sender_of(address), now);
        taken.map_err(|wait_seconds| Error::TooMany { wait_seconds })?;
    }
    let agent = app.user_agents.read(sender.user_agent, &sender.hints);
    if let Some(reason) = left_out(&account, sender, agent.bot.is_some()) {
        return Ok(reason);
    }
    let facts = sender.address.map(|address| app.geo.lookup(address)).unwrap_or_default();
    let page = read_page(&account, sender, &message.page)?;
    if account.tracking().limit_to_domains && !account.settings().owns_host(&page.host) {
        return Ok(Reason::UnknownHost);
    }
    let asked = Asked {
        host: page.host,
        path: page.path,
        country: facts.country.clone(),
        device: agent.device.class,
    };
    let policy = account.consent.as_ref().ok_or(NO_POLICY)?;
    if message.revision == 0 || message.revision > policy.revision {
        return Err(WRONG_REVISION);
    }
    let choice = match &*message.how {
        ASKED if message.receipt.is_some() || message.token.is_some() => return Err(WRONG_HOW),
        // A script that was loaded before the count was switched off may still report.
        ASKED if !account.counting().asked => return Err(NOT_COUNTED),
        ASKED => None,
        _ => {
            let place = Place::of_map(&facts.country, &facts.region);
            let shown = Shown { address: &message.page, place: place.as_ref(), gpc: sender.gpc };
            let kind = kind_of(app, account.id(), policy, message.revision, shown).await?;
            let choice = read_choice(&message, asked.clone(), kind, now)?;
            check_policy(policy, &choice, shown)?;
            Some(choice)
        }
    };
    write(app, &account, now, asked, choice).await
}

/// Why nothing of this visitor is kept, as of hits (rules.md 1).
fn left_out(account: &Account, sender: Sender<'_>, is_bot: bool) -> Option<Reason> {
    if sender.do_not_track {
        return Some(Reason::DoNotTrack);
    }
    if sender.address.is_some_and(|address| account.exclusions().excludes_address(address)) {
        return Some(Reason::ExcludedAddress);
    }
    is_bot.then_some(Reason::Bot)
}

/// The page as hits have it, without its query.
fn read_page(account: &Account, sender: Sender<'_>, address: &str) -> Result<Page, Error> {
    if address.len() > PAGE_MAX {
        return Err(LONG_PAGE);
    }
    let kept = without_parameters(address, &account.exclusions().parameters);
    let kept = without_own_address(kept, sender.address);
    let recorded = Page::recorded(&kept, None, None).map_err(|_| WRONG_PAGE)?;
    Ok(recorded.page)
}

/// To whom, and on which page, the banner was shown.
#[derive(Clone, Copy)]
struct Shown<'a> {
    address: &'a str,
    place: Option<&'a Place>,
    gpc: bool,
}

impl Shown<'_> {
    /// Hands on what a policy asks about.
    fn ask<T>(self, of: impl FnOnce(Circumstances<'_>) -> T) -> T {
        let page = host_and_path(self.address);
        let (host, path) = page.as_ref().map_or(("", "/"), |(host, path)| (&**host, &**path));
        of(Circumstances { host, path, place: self.place, gpc: self.gpc })
    }
}

/// What a revision of the policy asks of this visitor on this page. Pages that are open may show an earlier one.
async fn kind_of(
    app: &App,
    account: AccountId,
    policy: &InForce,
    revision: u32,
    shown: Shown<'_>,
) -> Result<PolicyType, Error> {
    if revision == policy.revision {
        return Ok(shown.ask(|of| policy.choose(of)));
    }
    let find = move |conn: &store::Connection| store::consent::find_number(conn, account, revision);
    let earlier = app.store.read(find).await?.ok_or(WRONG_REVISION)?;
    let earlier = InForce::new(earlier.policy, revision, None);
    Ok(shown.ask(|of| earlier.choose(of)))
}

fn read_choice(message: &Message, asked: Asked, kind: PolicyType, at: Millis) -> Result<Choice, Error> {
    let receipt = message.receipt.as_deref().and_then(Receipt::parse).ok_or(WRONG_RECEIPT)?;
    let how = How::parse(&message.how).ok_or(WRONG_HOW)?;
    let mask = message.mask.filter(|mask| how.fits(*mask)).ok_or(WRONG_MASK)?;
    let token = match message.token.as_deref() {
        None => None,
        Some(_) if mask & Consent::ANALYTICS == 0 => return Err(TOKEN_OF_REFUSAL),
        Some(text) => Some(ChoiceToken::parse(text).ok_or(WRONG_TOKEN)?),
    };
    let language = message.language.as_deref().filter(|tag| tag.len() <= LANGUAGE_MAX).map(normalise);
    let language = language.filter(|tag| !tag.is_empty()).ok_or(WRONG_LANGUAGE)?;
    Ok(Choice { receipt, at, token, revision: message.revision, kind, how, mask, language, asked })
}

/// A choice that allows analytics is logged only where a hit with it would be stored.
fn check_policy(policy: &InForce, choice: &Choice, shown: Shown<'_>) -> Result<(), Error> {
    if !choice.allows(Consent::ANALYTICS) {
        return Ok(());
    }
    let claim = Claim { mask: Some(choice.mask), revision: Some(choice.revision), origin: Origin::Banner };
    shown.ask(|of| policy.decide(claim, of, choice.at)).map(|_| ()).ok_or(NOT_ALLOWED)
}

/// Returns after the commit.
async fn write(
    app: &App,
    account: &Arc<Account>,
    now: Millis,
    asked: Asked,
    choice: Option<Choice>,
) -> Result<Reason, Error> {
    if app.store.inbox.is_out_of_space() {
        return Err(Error::Unavailable);
    }
    let (id, day) = (account.id(), account.zone.day_of(now));
    let logged = app
        .store
        .writer
        .write(move |conn| match choice {
            Some(choice) => choice::insert(conn, id, day, &choice),
            None => choice::count_asked(conn, id, day, &asked).map(|()| Logged::New),
        })
        .await?;
    match logged {
        Logged::New => Ok(Reason::Stored),
        Logged::Known => Ok(Reason::Duplicate),
        Logged::Full => Err(Error::Full),
    }
}
