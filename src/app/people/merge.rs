//! Merging contacts, and undoing it (rules.md 12, 31). Only editors merge: what browsers say joins nobody. A merge moves the
//! visitors of one contact to the other, and rewrites no event. The merged contact becomes an alias, whose row keeps its
//! own properties and figures as they were.
//!
//! Undoing gives the alias back what it brought, and what its visitors completed since. That is exact whatever happened to
//! their events meanwhile, because each visitor number counts what was counted for its contact.

use super::companies;
use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::{EMAILS_MAX, PROPERTIES_MAX};
use crate::domain::money::SUM_MAX;
use crate::domain::user::{Role, UserId};
use crate::domain::visitor::CLOCK_MIN;
use crate::store::alias::{self, BroughtVisitor, Merge, Own};
use crate::store::contact::{self, Shown};
use crate::store::{self, Connection, audit, email, property, visitor};

/// Most visitor numbers that a contact brings: moving them all is one transaction, and hits wait for it.
pub const NUMBERS_MAX: usize = 2_000;
/// Most contacts that are merged into one.
pub const ALIASES_MAX: usize = 100;

/// Why nothing was merged, or no merge undone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no contact has this email or number")]
    Nobody,
    #[error("both are the same contact")]
    Same,
    #[error("together they have {0} emails, and a contact has at most {EMAILS_MAX}")]
    Emails(usize),
    #[error("a contact with more than {NUMBERS_MAX} browsers cannot be merged into another one")]
    Browsers,
    #[error("together they would consist of more than {ALIASES_MAX} merged contacts")]
    Aliases,
    #[error("this contact is not merged into another one")]
    NotMerged,
    #[error("it came with contact {0}, whose merge must be undone first")]
    CameWith(i64),
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// Merges the contact `from` into the contact `into`, which survives; answers its number. Both may be numbers of contacts
/// that were merged before.
///
/// # Errors
/// `Same`, `Emails`, `Browsers`, `Aliases`; `Denied` when the actor is no editor; `NotFound` when there is no such contact,
/// `Busy` while a person is erased; the store's.
pub async fn merge(app: &App, actor: Actor, account: AccountId, from: i64, into: i64) -> Result<i64, Error> {
    // An erasure has written down who the person is, and must not miss what joins it.
    let _turn = app.erasing.try_lock().map_err(|_| store::Error::Busy)?;
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let merged = merge_in(conn, account, from, into, now, actor.user())?;
            let detail = format!("{} into {}", merged.alias, merged.into);
            audit::insert(conn, now, Some(account), actor.user(), "contact.merge", &detail)?;
            Ok(merged.into)
        })
        .await
}

/// Undoes the merge of an alias; answers the contact that it was merged into.
///
/// # Errors
/// `NotMerged`, `CameWith`; `Denied` when the actor is no editor; `Busy` while a person is erased; the store's.
pub async fn undo_merge(app: &App, actor: Actor, account: AccountId, alias: i64) -> Result<i64, Error> {
    let _turn = app.erasing.try_lock().map_err(|_| store::Error::Busy)?;
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let into = undo_in(conn, account, alias, now)?;
            let detail = format!("{alias} out of {into}");
            audit::insert(conn, now, Some(account), actor.user(), "contact.undo_merge", &detail)?;
            Ok(into)
        })
        .await
}

/// The two living contacts of a merge, the survivor second.
///
/// # Errors
/// `Same`; `NotFound`.
pub fn find_both(
    conn: &Connection,
    account: AccountId,
    from: i64,
    into: i64,
) -> Result<(Shown, Shown), Error> {
    let find = |id| -> Result<Shown, store::Error> {
        let id = alias::resolve(conn, account, id)?.ok_or(store::Error::NotFound)?;
        contact::find(conn, account, id)?.ok_or(store::Error::NotFound)
    };
    let (from, into) = (find(from)?, find(into)?);
    if from.id == into.id { Err(Error::Same) } else { Ok((from, into)) }
}

/// Refuses what would pass a limit.
///
/// # Errors
/// `Emails`, `Browsers`, `Aliases`.
pub fn check_limits(conn: &Connection, account: AccountId, from: i64, into: i64) -> Result<(), Error> {
    let count = |id| Ok::<_, store::Error>(email::list(conn, account, id)?.len());
    let emails = count(from)? + count(into)?;
    if emails > EMAILS_MAX {
        return Err(Error::Emails(emails));
    }
    if visitor::list_of_contact(conn, account, from, NUMBERS_MAX + 1)?.len() > NUMBERS_MAX {
        return Err(Error::Browsers);
    }
    let count = |id| Ok::<_, store::Error>(alias::list(conn, account, id)?.len());
    if count(from)? + count(into)? >= ALIASES_MAX { Err(Error::Aliases) } else { Ok(()) }
}

fn merge_in(
    conn: &Connection,
    account: AccountId,
    from: i64,
    into: i64,
    now: Millis,
    by: Option<UserId>,
) -> Result<Merge, Error> {
    let (from, into) = find_both(conn, account, from, into)?;
    check_limits(conn, account, from.id, into.id)?;
    let merge = Merge { alias: from.id, into: into.id, at: now, by };
    alias::insert(conn, account, &merge)?;
    for name in merge_properties(conn, account, from.id, into.id)? {
        let before = property::find(conn, account, into.id, &name)?;
        alias::insert_replaced(conn, account, from.id, &name, before.as_ref())?;
        set_property(conn, account, from.id, into.id, &name)?;
    }
    contact::update_figures(conn, account, &joined(&into, &from))?;
    for number in visitor::list_of_contact(conn, account, from.id, NUMBERS_MAX)? {
        visitor::update_contact(conn, account, number, into.id)?;
    }
    contact::recount_visits(conn, account, into.id)?;
    companies::follow_email(conn, account, into.id, now)?;
    Ok(merge)
}

/// The properties that a merge of `from` sets for `into`: those it has none of, and those that are verified for `from`
/// alone (rules.md 22).
///
/// # Errors
/// The store's.
pub fn merge_properties(
    conn: &Connection,
    account: AccountId,
    from: i64,
    into: i64,
) -> Result<Vec<String>, store::Error> {
    let mut count = property::count(conn, account, into)?;
    let mut set = Vec::new();
    for new in property::list(conn, account, from)? {
        match property::find(conn, account, into, &new.name)? {
            Some(current) if current.said.trust.may_replace(new.said.trust) => continue,
            Some(_) => {}
            None if count >= PROPERTIES_MAX => continue,
            None => count += 1,
        }
        set.push(new.name);
    }
    Ok(set)
}

/// Sets a property to the value of the alias. Another value before goes into the history.
fn set_property(
    conn: &Connection,
    account: AccountId,
    from: i64,
    into: i64,
    name: &str,
) -> Result<(), store::Error> {
    let Some(new) = property::find(conn, account, from, name)? else { return Ok(()) };
    match property::find(conn, account, into, name)? {
        Some(current) if current.value != new.value => {
            property::insert_history(conn, account, into, &current)?;
        }
        _ => {}
    }
    property::upsert(conn, account, into, &new)
}

/// The survivor with what the other contact had.
fn joined(into: &Shown, from: &Shown) -> Shown {
    let is_real = |at: Millis| at.0 >= CLOCK_MIN;
    let (first, source) = match is_real(from.first) && (from.first < into.first || !is_real(into.first)) {
        true => (from.first, [from.source, into.source]),
        false => (into.first, [into.source, from.source]),
    };
    let sum = |a: i64, b: i64| a.saturating_add(b).clamp(-SUM_MAX, SUM_MAX);
    Shown {
        external_id: into.external_id.clone().or_else(|| from.external_id.clone()),
        first,
        last: into.last.max(from.last),
        source: source.into_iter().find(|source| *source != 0).unwrap_or(0),
        completions: into.completions.saturating_add(from.completions),
        revenue_minor: sum(into.revenue_minor, from.revenue_minor),
        asserted_minor: sum(into.asserted_minor, from.asserted_minor),
        ..into.clone()
    }
}

fn undo_in(conn: &Connection, account: AccountId, id: i64, now: Millis) -> Result<i64, Error> {
    let (merge, living, own) = alias::find(conn, account, id)?.ok_or(Error::NotMerged)?;
    if merge.into != living {
        return Err(Error::CameWith(merge.into));
    }
    let into = contact::find(conn, account, living)?.ok_or(store::Error::NotFound)?;
    let brought = alias::list_brought(conn, account, id)?;
    let back = move_back(conn, account, &merge, &brought.visitors)?;
    undo_properties(conn, account, &merge)?;
    alias::delete(conn, account, &merge)?;
    let alias = contact::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
    let alias = alias_after(&alias, &into, &back);
    let into = survivor_after(conn, account, &into, &alias, &own)?;
    for contact in [&alias, &into] {
        contact::update_figures(conn, account, contact)?;
        contact::recount_visits(conn, account, contact.id)?;
        companies::follow_email(conn, account, contact.id, now)?;
    }
    Ok(into.id)
}

/// What the visitors of an alias did since the merge, and when they were seen.
#[derive(Default)]
struct Back {
    completions: i64,
    value_minor: i64,
    seen: Option<(Millis, Millis)>,
}

/// Moves the visitors of an alias back to it, as far as the survivor still has them.
fn move_back(
    conn: &Connection,
    account: AccountId,
    merge: &Merge,
    brought: &[BroughtVisitor],
) -> Result<Back, store::Error> {
    let mut back = Back::default();
    for before in brought {
        let now = visitor::find(conn, account, before.number)?;
        let Some(now) = now.filter(|now| now.contact_id == Some(merge.into)) else { continue };
        back.completions += now.contact_completions - before.completions;
        back.value_minor =
            back.value_minor.saturating_add(now.contact_value_minor.saturating_sub(before.value_minor));
        let (first, last) = (Millis(now.first_ms), Millis(now.last_ms));
        back.seen = Some(back.seen.map_or((first, last), |seen| (seen.0.min(first), seen.1.max(last))));
        visitor::update_contact(conn, account, before.number, merge.alias)?;
    }
    Ok(back)
}

/// The alias as it lives again: with its own figures, and what its visitors did since. It takes no more completions than
/// there are. What browsers report is asserted (rules.md 22).
fn alias_after(alias: &Shown, into: &Shown, back: &Back) -> Shown {
    let completions = alias.completions.saturating_add_signed(back.completions).min(into.completions);
    let (first, last) = back.seen.unwrap_or((alias.first, alias.last));
    Shown {
        first: alias.first.min(first),
        last: alias.last.max(last),
        completions,
        asserted_minor: alias.asserted_minor.saturating_add(back.value_minor).clamp(-SUM_MAX, SUM_MAX),
        ..alias.clone()
    }
}

/// The survivor without the alias. First and last seen stay where somebody else than the alias widened them.
fn survivor_after(
    conn: &Connection,
    account: AccountId,
    into: &Shown,
    alias: &Shown,
    own: &Own,
) -> Result<Shown, store::Error> {
    let others = alias::list_seen(conn, account, into.id)?;
    let mut seen = others.clone();
    for number in visitor::list_of_contact(conn, account, into.id, NUMBERS_MAX)? {
        if let Some(found) = visitor::find(conn, account, number)? {
            seen.push((Millis(found.first_ms), Millis(found.last_ms), 0));
        }
    }
    let first = seen.iter().fold(own.first, |first, seen| first.min(seen.0));
    let last = seen.iter().fold(own.last, |last, seen| last.max(seen.1));
    // Of those that are left, the source of the one seen first.
    let sources = others.iter().map(|(first, _, source)| (*first, *source)).chain([(own.first, own.source)]);
    let source = sources.filter(|(_, source)| *source != 0).min().map_or(0, |(_, source)| source);
    let gave_external = own.gave_external && into.external_id == alias.external_id;
    Ok(Shown {
        external_id: into.external_id.clone().filter(|_| !gave_external),
        first: if into.first < alias.first { into.first } else { first },
        last: if into.last > alias.last { into.last } else { last },
        source: if into.source == alias.source { source } else { into.source },
        completions: into.completions - alias.completions.min(into.completions),
        revenue_minor: into.revenue_minor.saturating_sub(alias.revenue_minor).clamp(-SUM_MAX, SUM_MAX),
        asserted_minor: into.asserted_minor.saturating_sub(alias.asserted_minor).clamp(-SUM_MAX, SUM_MAX),
        ..into.clone()
    })
}

/// Gives the survivor back the properties that the merge set, unless somebody has set them since.
fn undo_properties(conn: &Connection, account: AccountId, merge: &Merge) -> Result<(), store::Error> {
    let into = merge.into;
    for (name, before) in alias::list_replaced(conn, account, merge.alias)? {
        let Some(brought) = property::find(conn, account, merge.alias, &name)? else { continue };
        if property::find(conn, account, into, &name)?.as_ref() != Some(&brought) {
            property::delete_from_history(conn, account, into, &brought)?;
            alias::update_replaced(conn, account, into, &brought, before.as_ref())?;
            continue;
        }
        match before {
            Some(before) => {
                property::delete_from_history(conn, account, into, &before)?;
                property::upsert(conn, account, into, &before)?;
            }
            None => property::delete(conn, account, into, &name)?,
        }
    }
    Ok(())
}
