//! Folding a completion: which event it is of, whose it is, and what it is worth (rules.md 13, 19-22).

use super::apply::{Batch, Folded, Identified};
use super::definitions::Found;
use crate::app::people::contacts::{self, Details};
use crate::app::people::properties;
use crate::domain::event::{EventKind, EventNumber, EventRef};
use crate::domain::hit::{Hit, Value};
use crate::domain::hit_reason::Reason;
use crate::domain::money::SUM_MAX;
use crate::domain::provenance::{Channel, Provenance, Trust};
use crate::domain::visitor::VisitorNumber;
use crate::store;
use crate::store::contact::{self, Contact};
use crate::store::event::{self, Event};
use crate::store::visitor::Visitor;

/// A completion that counts.
#[derive(Clone, Copy)]
struct Done<'h> {
    number: EventNumber,
    value_minor: i64,
    properties: &'h [(String, String)],
}

impl Batch<'_> {
    /// A completion of the event a hit names.
    pub(super) fn complete(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        event: &EventRef,
        value: Value,
        properties: &[(String, String)],
    ) -> Result<Folded, store::Error> {
        if self.is_duplicate(hit)? {
            return Ok(Folded::only(Reason::Duplicate));
        }
        let kind = if hit.visitor.is_some() { EventKind::Custom } else { EventKind::Http };
        let (number, usual) = match self.cache.define(self.conn, hit, event, kind, self.now)? {
            Found::Active(number, value_minor) => (number, value_minor),
            Found::Not(reason) => {
                // Its id is known from now on: sent again, the hit is not counted again.
                self.pending.push_id(
                    hit.account,
                    hit.event_id.as_deref(),
                    inbox_id,
                    hit.at.0,
                    hit.received.0,
                );
                return Ok(Folded::only(reason));
            }
        };
        let value_minor = match value {
            Value::Usual => usual,
            Value::Minor(minor) => minor,
            Value::Unreadable => 0,
        };
        let done = Done { number, value_minor, properties };
        match &hit.visitor {
            Some(_) => self.complete_in_browser(inbox_id, hit, done),
            None => self.complete_by_program(inbox_id, hit, done),
        }
    }

    fn complete_in_browser(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        done: Done<'_>,
    ) -> Result<Folded, store::Error> {
        let (mut visitor, is_new) = self.find_or_make_visitor(hit)?;
        let Identified { switched, contact, reason } = self.identify(inbox_id, hit, &mut visitor)?;
        let page = self.page_of(hit)?;
        visitor.note_page(page, hit.at.0, self.now.0);
        self.continue_session(hit, &mut visitor, is_new, switched, None)?;
        self.set_source(hit, contact, &visitor)?;
        self.count_completion(hit, &mut visitor, done.value_minor)?;
        self.push_completion(inbox_id, hit, &visitor, page, done)?;
        let seen = visitor.number.0;
        self.put_visitor(hit, visitor);
        Ok(Folded { reason, visitor: Some(seen) })
    }

    /// The completions a page view is by itself: those of visited-URL events.
    pub(super) fn complete_visits(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        visitor: &mut Visitor,
        page: u32,
    ) -> Result<(), store::Error> {
        let visits = self.cache.visits(self.conn, hit, page)?;
        for (number, value_minor) in visits.iter() {
            if let Some(session) = self.cache.session(self.conn, hit.account, visitor.session_id)? {
                session.completions += 1;
            }
            self.count_completion(hit, visitor, *value_minor)?;
            let done = Done { number: *number, value_minor: *value_minor, properties: &[] };
            self.push_completion(inbox_id, hit, visitor, page, done)?;
        }
        Ok(())
    }

    fn push_completion(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        visitor: &Visitor,
        page: u32,
        done: Done<'_>,
    ) -> Result<(), store::Error> {
        let event = Event {
            at_ms: hit.at.0,
            inbox_id,
            kind: event::COMPLETION,
            visitor: visitor.number.0,
            session_id: visitor.session_id,
            page,
            title: 0,
            event: done.number.0,
            value_minor: done.value_minor,
            consent: hit.consent.0,
            policy: hit.policy,
            engaged_ms: 0,
            foreign_host: hit.foreign_host,
        };
        if !done.properties.is_empty() {
            event::insert_properties(self.conn, hit.account, &event, done.properties)?;
        }
        // The id stands for the hit itself, not for what its page view completed.
        let id = hit.event_id.as_deref().filter(|_| hit.is_completion());
        self.pending.push(hit.account, event, None, id, hit.received.0);
        self.cache.note_completion(hit.account, done.number, hit.at.0);
        Ok(())
    }

    /// Counts for the contact at once; while the visitor belongs to none, the visitor keeps the count.
    fn count_completion(
        &mut self,
        hit: &Hit,
        visitor: &mut Visitor,
        value_minor: i64,
    ) -> Result<(), store::Error> {
        if let Some(contact) = visitor.contact_id {
            let said = Provenance::asserted(Channel::Browser, hit.at);
            visitor.note_counted(1, value_minor);
            return contacts::add_completions(self.conn, hit.account, &said, contact, 1, value_minor);
        }
        visitor.completions = visitor.completions.saturating_add(1);
        visitor.value_minor = visitor.value_minor.saturating_add(value_minor).clamp(-SUM_MAX, SUM_MAX);
        Ok(())
    }

    /// A completion that a program reports has no session and the number of its contact, or of nobody when it names no
    /// contact (rules.md 13).
    fn complete_by_program(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        done: Done<'_>,
    ) -> Result<Folded, store::Error> {
        let (conn, account) = (self.conn, hit.account);
        let said = Provenance::new(Channel::Program, hit.identity_check.trust(), hit.at).recorded(self.now);
        let contact = self.contact_of_program(hit, &said)?;
        if let Some(contact) = &contact {
            // A signature proves who it is, and not what it was worth.
            let worth = Provenance { trust: Trust::Asserted, ..said };
            contacts::add_completions(conn, account, &worth, contact.id, 1, done.value_minor)?;
            properties::record(conn, account, &said, contact.id, &hit.identity.properties)?;
        }
        let own = contact.as_ref().map_or(0, |contact| contact.number);
        let nobody = Visitor::new(VisitorNumber(own), hit.at.0);
        self.push_completion(inbox_id, hit, &nobody, 0, done)?;
        // An email always leads to a contact, unless none may be created any more today.
        let reason = match contact.is_none() && hit.identity.email.is_some() {
            true => Reason::ContactLimit,
            false => Reason::Stored,
        };
        Ok(Folded { reason, visitor: Some(own).filter(|own| *own != 0) })
    }

    /// By email, created when there is none; by the site's own id only found.
    fn contact_of_program(&mut self, hit: &Hit, said: &Provenance) -> Result<Option<Contact>, store::Error> {
        let (conn, account, identity) = (self.conn, hit.account, &hit.identity);
        let external_id = identity.external_id.as_deref();
        let mut details = Details { first_ms: hit.at.0, source: 0, external_id };
        let found = match (&identity.email, external_id) {
            (Some(email), _) => contacts::find_by_email(conn, account, said, email)?,
            (None, Some(id)) => contact::find_by_external_id(conn, account, id)?,
            (None, None) => None,
        };
        if let Some(known) = found {
            return contacts::record_seen(conn, account, said, known, details).map(Some);
        }
        let Some(email) = &identity.email else { return Ok(None) };
        details.source = self.source(hit, &Visitor::new(VisitorNumber(0), hit.at.0))?;
        let numbers = self.cache.numbers(conn, account)?.ok_or(store::Error::NotFound)?;
        contacts::create_by_email(conn, account, numbers, said, email, details)
    }
}
