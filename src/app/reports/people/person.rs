//! Everything that is stored of one person, as one JSON document: what `export-person` prints and an admin downloads. The
//! document is made in steps, one of them for each browser, because each reads a whole history.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::visitor::Texts;
use crate::app::access::{self, Actor, permissions};
use crate::app::core::App;
use crate::app::people::find_person::{self, Found, Key};
use crate::app::reports::iso_days;
use crate::base::clock::{Clock, Millis};
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::store::account::Account;
use crate::store::person::{self, Names, Person};
use crate::store::timeline::{self, Timeline};
use crate::store::{self, Connection, audit, dead_letter, erase_visitors, row, saved_view, scan, visitor};

/// An export of a person under way.
pub struct PersonExport {
    account: Account,
    person: Person,
    /// The living contact; `None` for a visitor without one.
    contact: Option<i64>,
    /// Browsers that are still to be read.
    rest: Vec<VisitorNumber>,
    document: Map<String, Value>,
    sessions: Vec<Value>,
    damaged: Vec<LocalDay>,
}

impl PersonExport {
    /// Finds a person; `None` when there is nobody.
    ///
    /// # Errors
    /// The store's.
    pub fn find(
        conn: &Connection,
        account: Account,
        key: &Key,
        now: Millis,
    ) -> Result<Option<Self>, store::Error> {
        let id = account.id;
        let Some(found) = find_person::find(conn, id, key)? else { return Ok(None) };
        let (person, contact) = match found {
            Found::Contact(contact) => (Person::of_contact(conn, id, contact)?, Some(contact)),
            Found::Visitor(number) => (Person::of_visitor(conn, id, number)?, None),
        };
        Self::of(conn, account, person, contact, now).map(Some)
    }

    fn of(
        conn: &Connection,
        account: Account,
        person: Person,
        contact: Option<i64>,
        now: Millis,
    ) -> Result<Self, store::Error> {
        let id = account.id;
        let mut document = Map::new();
        document.insert("account_id".to_owned(), json!(id));
        document.insert("exported_at".to_owned(), now.iso().into());
        document.insert("contact_id".to_owned(), json!(contact));
        document.insert("emails".to_owned(), json!(person.emails));
        document.insert("tokens".to_owned(), json!(person.tokens));
        let names = Names::read(conn, id)?;
        for table in person::TABLES {
            let rows = person::list_rows(conn, id, &person, &names, table)?;
            document.insert(table.0.to_owned(), rows.into());
        }
        document.insert("dead_letter".to_owned(), letters(conn, id, &person)?.into());
        document.insert("saved_view".to_owned(), views(conn, id, &person)?.into());
        let seen = erase_visitors::list_event_ids(conn, id, &person.numbers(), &(0..i64::MAX), now)?;
        document.insert("recent_event_ids".to_owned(), json!(seen));
        let rest = person.visitors.clone();
        Ok(Self { account, person, contact, rest, document, sessions: Vec::new(), damaged: Vec::new() })
    }

    /// Reads what the next browser did. Answers false when there are no more.
    ///
    /// # Errors
    /// `TimeLimit` when it takes too long; the store's.
    pub fn step(&mut self, conn: &Connection, clock: &Arc<dyn Clock>) -> Result<bool, store::Error> {
        let Some(number) = self.rest.pop() else { return Ok(false) };
        let (account, zone) = (self.account.id, Zone::named(&self.account.settings.time_zone));
        let Some(found) = visitor::find(conn, account, number)? else { return Ok(true) };
        let mut range_ms = found.first_ms..found.last_ms.saturating_add(1);
        if found.no_browser {
            // What programs report moves the times of the contact alone.
            range_ms = 0..i64::MAX;
        }
        let timeline = timeline::list(
            conn,
            &timeline::Request {
                account,
                visitors: &[(number, range_ms)],
                zone: &zone,
                after: None,
                limit: usize::MAX,
                rows: usize::MAX,
                deadline: &scan::Deadline::new(Arc::clone(clock)),
            },
        )?;
        let digits = money::digits(&self.account.settings.currency);
        let mut texts = Texts::new(conn, account, digits)?;
        let Timeline { visits, damaged, .. } = timeline;
        for visit in &visits {
            let session = serde_json::to_value(texts.session(visit)?)
                .map_err(|error| store::Error::Unreadable(error.to_string()))?;
            self.sessions.push(json!({ "visitor": number.0, "session": session }));
        }
        self.damaged.extend(damaged);
        Ok(!self.rest.is_empty())
    }

    /// The document. Days that cannot be read are named in it.
    #[must_use]
    pub fn finish(mut self) -> Value {
        self.document.insert("sessions".to_owned(), self.sessions.into());
        self.document.insert("damaged_days".to_owned(), json!(iso_days(self.damaged)));
        self.document.into()
    }

    /// What the export is about, without naming anybody: for the audit log and for a name of a file.
    #[must_use]
    pub fn about(&self) -> String {
        match (self.contact, self.person.visitors.first()) {
            (Some(contact), _) => format!("contact {contact}"),
            (None, Some(number)) => format!("visitor {}", number.0),
            (None, None) => String::new(),
        }
    }
}

/// Hits of the person that could not be folded. One that cannot be read is there with its error alone.
fn letters(conn: &Connection, account: AccountId, person: &Person) -> Result<Vec<Value>, store::Error> {
    let mut letters = Vec::new();
    for id in erase_visitors::list_letters(conn, account, &person.tokens, &person.emails)? {
        let body = dead_letter::find_body(conn, id)?.unwrap_or_default();
        let hit = row::hit(&body).ok().and_then(|hit| serde_json::to_value(hit).ok());
        letters.push(json!({ "id": id, "hit": hit }));
    }
    Ok(letters)
}

/// Views of reports whose name or address holds an email of the person.
fn views(conn: &Connection, account: AccountId, person: &Person) -> Result<Vec<Value>, store::Error> {
    let mut views = Vec::new();
    for email in &person.emails {
        for (id, name, query) in saved_view::list_with_value(conn, account, email)? {
            views.push(json!({ "id": id, "name": name, "query": query }));
        }
    }
    Ok(views)
}

/// Exports a person for a user of the pages, and writes that to the audit log, which names nobody.
///
/// # Errors
/// `Denied` below admin; `NotFound` when there is nobody; the store's.
pub async fn export(app: &App, actor: Actor, account: AccountId, key: Key) -> Result<Value, access::Error> {
    let now = app.now();
    let found = app
        .store
        .read_long(move |conn| {
            permissions::need(conn, actor, account, Role::Admin)?;
            let account = store::account::find(conn, account)?.ok_or(store::Error::NotFound)?;
            let found = PersonExport::find(conn, account, &key, now)?;
            found.ok_or(access::Error::Store(store::Error::NotFound))
        })
        .await?;
    let detail = found.about();
    app.store
        .writer
        .write(move |conn| audit::insert(conn, now, Some(account), actor.user(), "contact.export", &detail))
        .await?;
    let mut export = found;
    loop {
        let clock = Arc::clone(&app.clock);
        let step = move |conn: &Connection| {
            let has_more = export.step(conn, &clock)?;
            Ok::<_, store::Error>((export, has_more))
        };
        let (next, has_more) = app.store.read_long(step).await?;
        export = next;
        if !has_more {
            return Ok(export.finish());
        }
    }
}
