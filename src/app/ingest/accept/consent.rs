//! Whether a browser's hit may be stored: what the beacon claims, and what the account's policy allows (rules.md 2, 38).
//! This is asked before anything else of a hit is read.

use super::beacon::Beacon;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::Millis;
use crate::domain::consent::place::Place;
use crate::domain::consent::policy::{Circumstances, host_and_path};
use crate::domain::consent::{Claim, Consent};
use crate::domain::hit_reason::Reason;
use crate::domain::network::NetworkFacts;

/// The consent of a hit and the revision of the policy. `facts` looks the visitor's address up, which is done only when a
/// rule names a place.
pub(super) fn decide<'f>(
    account: &Account,
    beacon: &Beacon<'_>,
    gpc: bool,
    now: Millis,
    facts: &impl Fn() -> &'f NetworkFacts,
) -> Result<(Consent, u32), Reason> {
    let claim = Claim::read(&beacon.consent, &beacon.allowed, &beacon.policy, &beacon.consent_by);
    let claim = claim.ok_or(Reason::NoConsent)?;
    let Some(policy) = &account.consent else {
        return Ok((claim.consent(), claim.revision.unwrap_or(0)));
    };
    // A page without a readable address is refused, but not before it is known that its visitor may be counted.
    let page = if policy.names_pages() { host_and_path(&beacon.page_url) } else { None };
    let (host, path) = page.as_ref().map_or(("", "/"), |(host, path)| (&**host, &**path));
    let place = match policy.names_places() {
        true => Place::of_map(&facts().country, &facts().region),
        false => None,
    };
    let circumstances = Circumstances { host, path, place: place.as_ref(), gpc };
    policy.decide(claim, circumstances, now).ok_or(Reason::NoConsent)
}
