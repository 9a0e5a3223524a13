//! Erasing a person: a contact with its emails, properties and aliases, all its visitors, and what they did.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Leaving, Remember, erase_unused_texts, wait_for_fold};
use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::user::Role;
use crate::store::contact::Shown;
use crate::store::contact_erasure::Whole;
use crate::store::erased::Mark;
use crate::store::import::Stop;
use crate::store::{
    self, Connection, contact, contact_erasure, erase_texts, erase_visitors, import, submission, visitor,
};

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasedContact {
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    /// Days that cannot be read. Nothing finds the contact any more; what these days hold of it is erased when they can be
    /// read at a start of the server.
    pub damaged: Vec<LocalDay>,
}

/// Erases a contact, or the one it was merged into, with everything acknowledged before the call. Cut off anywhere, it goes
/// on when the store is opened again.
///
/// # Errors
/// `Denied` below admin; `NotFound` when there is no such contact; the store's.
pub async fn erase_contact(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: i64,
) -> Result<ErasedContact, Error> {
    erase(app, actor, account, id, Remember::Yes).await
}

/// Erases a contact that was not seen for long. It is not remembered: a restored backup has it as old as it is.
pub(in crate::app) async fn erase_unseen(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: i64,
) -> Result<ErasedContact, Error> {
    erase(app, actor, account, id, Remember::No).await
}

pub(super) async fn erase(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: i64,
    remember: Remember,
) -> Result<ErasedContact, Error> {
    wait_for_fold(app).await?;
    let _turn = app.erasing.lock().await;
    let now = app.now();
    // What takes long is read beside the writer.
    let (person, tokens) = app
        .store
        .read_long(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let person = Person::read(conn, account, id)?;
            let tokens = visitor::list_tokens(conn, account, &person.visitors)?;
            Ok::<_, Error>((person, tokens))
        })
        .await?;
    let remembered = remember.append(app, account, person.marks(&tokens)).await?;
    let known = tokens.clone();
    let person = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            // with what came meanwhile: from here on nothing joins the person
            let person = Person::read(conn, account, id)?;
            erase_visitors::delete_identity(conn, account, &person.visitors, &known, &person.whole.emails)?;
            person.delete_identity(conn, account)?;
            // Their files may name the person.
            import::stop_all(conn, account, Stop::Erased, now)?;
            remembered.map_or(Ok(()), |count| store::erased::update_count(conn, count))?;
            let detail = person.summary();
            store::audit::insert(conn, now, Some(account), actor.user(), "contact.erase", &detail)?;
            Ok::<_, Error>(person)
        })
        .await?;
    delete_files(app).await;
    for number in &person.visitors {
        app.live.forget(account, *number, &tokens);
    }
    let damaged = finish(app, account, person.shown.id).await?;
    app.store.truncate_logs().await;
    let Shown { sessions, page_views, completions, .. } = person.shown;
    Ok(ErasedContact { sessions, page_views, completions, damaged })
}

/// Deletes the files of imports that were stopped. The server tries again when one cannot be deleted.
async fn delete_files(app: &App) {
    if let Err(error) = crate::app::people::import::delete_left_over(app, app.now()).await {
        tracing::error!(%error, "the file of an import that was stopped could not be deleted");
    }
}

/// The steps of an erasure after the first one, which took the identity away. Answers the days that cannot be read.
pub(super) async fn finish(app: &App, account: AccountId, id: i64) -> Result<Vec<LocalDay>, Error> {
    let leaving = app
        .store
        .read_long(move |conn| {
            let visitors = visitors_of(conn, account, id)?;
            let range_ms = range_of(conn, account, id, &visitors)?;
            Ok::<_, store::Error>(Leaving { account, visitors: Arc::new(visitors), range_ms })
        })
        .await?;
    let damaged = leaving.erase(app).await?;
    if damaged.is_empty() {
        app.store
            .writer
            .write(move |conn| {
                erase_texts::insert(conn, account, &erase_texts::list_of_contact(conn, account, id)?)?;
                contact_erasure::delete(conn, account, id)
            })
            .await?;
        erase_unused_texts(app, account).await?;
    }
    Ok(damaged)
}

/// A person, as it is known before it is erased.
struct Person {
    shown: Shown,
    /// The contact and those that were merged into it, with all emails.
    whole: Whole,
    visitors: FxHashSet<u32>,
}

impl Person {
    fn read(conn: &Connection, account: AccountId, id: i64) -> Result<Self, store::Error> {
        let id = store::alias::resolve(conn, account, id)?.ok_or(store::Error::NotFound)?;
        let shown = contact::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
        let whole = contact_erasure::find_whole(conn, account, id)?;
        Ok(Self { shown, whole, visitors: visitors_of(conn, account, id)? })
    }

    /// What a restored backup would know the person by.
    fn marks(&self, tokens: &[String]) -> Vec<Mark> {
        let contacts = self.whole.contacts.iter().map(|(id, created)| Mark::Contact(*id, *created));
        let emails = self.whole.emails.iter().cloned().map(Mark::Email);
        contacts.chain(emails).chain(tokens.iter().cloned().map(Mark::Token)).collect()
    }

    /// Everything by which the contact is found, and what others have written down of it.
    fn delete_identity(&self, conn: &Connection, account: AccountId) -> Result<(), store::Error> {
        for (id, _) in &self.whole.contacts {
            store::identification::delete_of_contact(conn, account, *id)?;
        }
        for email in &self.whole.emails {
            store::saved_view::delete_with_value(conn, account, email)?;
            store::blocked_email::delete_of_email(conn, account, email)?;
        }
        let pages = submission::list_pages_of_contact(conn, account, self.shown.id)?;
        erase_texts::insert(conn, account, &erase_texts::of_pages(pages))?;
        submission::delete_of_contact(conn, account, self.shown.id)?;
        contact_erasure::update_erasing(conn, account, self.shown.id)?;
        Ok(())
    }

    fn summary(&self) -> String {
        let Shown { sessions, page_views, completions, .. } = self.shown;
        format!("{sessions} sessions, {page_views} page views, {completions} completions")
    }
}

/// All numbers of a contact, its own among them.
fn visitors_of(conn: &Connection, account: AccountId, id: i64) -> Result<FxHashSet<u32>, store::Error> {
    let numbers = visitor::list_of_contact(conn, account, id, usize::MAX)?;
    Ok(numbers.into_iter().map(|number| number.0).collect())
}

/// From the first to the last time that the contact or one of its visitors was seen.
fn range_of(
    conn: &Connection,
    account: AccountId,
    id: i64,
    visitors: &FxHashSet<u32>,
) -> Result<Range<i64>, store::Error> {
    let (mut first, mut last) = contact_erasure::find_range(conn, account, id)?;
    for number in visitors {
        let found = visitor::find(conn, account, crate::domain::visitor::VisitorNumber(*number))?;
        if let Some(found) = found {
            (first, last) = (first.min(found.first_ms), last.max(found.last_ms));
        }
    }
    Ok(first..last.saturating_add(1))
}
