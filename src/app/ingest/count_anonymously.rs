//! Counting page views of visitors who did not consent, in totals (rules.md 41). Such a view is no hit: it has no visitor,
//! session, id or time, and it never comes near the inbox or the fold.

use serde::Deserialize;

use crate::app::core::App;
use crate::app::ingest::accept::Sender;
use crate::app::state::account_cache::Entry as Account;
use crate::domain::account::AccountId;
use crate::domain::addresses::Sent;
use crate::domain::consent::counting::View;
use crate::domain::hit_reason::Reason;
use crate::domain::page::Invalid;
use crate::domain::referrer::Referrer;
use crate::domain::source::Origin;
use crate::store;

/// Longest request, bytes. The script cuts addresses at 8,000 characters.
pub const BODY_MAX: usize = 10 * 1024;

/// What a browser sends of a view. A request that holds anything else is refused, so that no id can come along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    page: String,
    /// Whether it is the first view of a load. Only that can begin a session.
    #[serde(default)]
    entry: bool,
    /// The site that led to it.
    #[serde(default)]
    referrer: String,
}

/// Adds a view to the totals of an account. Returns what became of it: `CountedAnonymously` when it is on disk.
pub async fn count_anonymously(app: &App, sender: Sender<'_>, account: AccountId, body: &[u8]) -> Reason {
    let reason = match app.accounts.find(account) {
        None => Reason::UnknownAccount,
        Some(known) => {
            let counted = count(app, sender, &known, body).await;
            let reason = counted.err().unwrap_or(Reason::CountedAnonymously);
            // Like a refusal for want of consent, it is shown as its time and nothing else.
            app.live.push_refusal(account, app.now(), reason, String::new());
            reason
        }
    };
    app.counters.receive(1);
    app.counters.count(reason, 1);
    reason
}

async fn count(app: &App, sender: Sender<'_>, account: &Account, body: &[u8]) -> Result<(), Reason> {
    if sender.do_not_track {
        return Err(Reason::DoNotTrack);
    }
    if !account.counting().anonymous {
        return Err(Reason::NoConsent);
    }
    let view = read(app, sender, account, body)?;
    let (id, day) = (account.id(), account.zone.day_of(app.now()));
    let written =
        app.store.writer.write(move |conn| store::anonymous_count::insert(conn, id, day, &view)).await;
    written.map_err(|_| Reason::Unavailable)
}

/// The same rules as for hits of browsers, in their order.
fn read(app: &App, sender: Sender<'_>, account: &Account, body: &[u8]) -> Result<View, Reason> {
    if sender.address.is_some_and(|address| account.exclusions().excludes_address(address)) {
        return Err(Reason::ExcludedAddress);
    }
    let view: Body = serde_json::from_slice(body).map_err(|_| Reason::Malformed)?;
    let agent = app.user_agents.read(sender.user_agent, &sender.hints);
    if let Some(family) = &agent.bot {
        app.counters.count_bot(account.id(), account.zone.day_of(app.now()), family);
        return Err(Reason::Bot);
    }
    let sent = Sent { page: &view.page, referrer: &view.referrer, ..Sent::default() };
    let addresses = app.addresses.read(account, sent).map_err(|invalid| match invalid {
        Invalid::Long => Reason::TooLarge,
        Invalid::NoUrl | Invalid::NotHttp => Reason::Malformed,
    })?;
    if addresses.foreign_host && account.tracking().limit_to_domains {
        return Err(Reason::UnknownHost);
    }
    if account.exclusions().excludes_referrer(&addresses.referrer) {
        return Err(Reason::ExcludedReferrer);
    }
    let is_inside = matches!(addresses.origin, Origin::Internal { .. });
    let source = || Referrer::read(&addresses.referrer).map(|from| from.domain().to_owned());
    let facts = sender.address.map(|address| app.geo.lookup(address)).unwrap_or_default();
    Ok(View {
        page: [&*addresses.page.host, &*addresses.page.path].concat(),
        source: (view.entry && !is_inside).then(|| source().unwrap_or_default()),
        country: facts.country,
        device: agent.device.class.as_str(),
    })
}
