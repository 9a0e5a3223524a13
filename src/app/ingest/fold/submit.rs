//! Folding a submitted form: whose it is, what it says of the person, and the form itself (rules.md 33).

use super::apply::{Batch, Folded};
use crate::app::people::contacts::{self, Details, Found};
use crate::app::people::{properties, visitors};
use crate::domain::form::{FormKey, Submission, Way};
use crate::domain::hit::Hit;
use crate::domain::hit_reason::Reason;
use crate::domain::provenance::{Channel, Provenance, Trust};
use crate::domain::visitor::VisitorNumber;
use crate::store::dictionary::Kind;
use crate::store::submission::{self, NewSubmission};
use crate::store::visitor::Visitor;
use crate::store::{self, form};

impl Batch<'_> {
    /// A submission is no completion: it counts in no report of events, and uses no place among them.
    pub(super) fn submit(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        submission: &Submission,
    ) -> Result<Folded, store::Error> {
        if self.is_duplicate(hit)? {
            return Ok(Folded::only(Reason::Duplicate));
        }
        self.pending.push_id(hit.account, hit.event_id.as_deref(), inbox_id, hit.at.0, hit.received.0);
        let mut visitor = match self.token_of(hit) {
            Some(token) => self.cache.visitor(self.conn, hit.account, token)?,
            None => None,
        };
        let found = self.find_person(inbox_id, hit, submission.way, visitor.as_mut())?;
        let (page, title) =
            (self.page_of(hit)?, self.cache.name(self.conn, hit.account, Kind::Title, &hit.title)?);
        let form = self.form_of(hit, &submission.form, page)?;
        let number = visitor.as_ref().map(|visitor| visitor.number);
        let new = NewSubmission {
            id: inbox_id,
            form,
            at: hit.at,
            visitor: number,
            contact: found.as_ref().map(|found| found.contact.id),
            is_new_contact: found.as_ref().is_some_and(|found| found.is_new),
            way: submission.way,
            consent: hit.consent,
            policy: hit.policy,
            page,
            title,
            fields: &submission.fields,
            consent_text: &submission.consent_text,
        };
        submission::insert(self.conn, hit.account, &new)?;
        if let Some(visitor) = visitor {
            self.put_visitor(hit, visitor);
        }
        let reason = match found.is_none() && hit.identity.email.is_some() {
            true => Reason::ContactLimit,
            false => Reason::Stored,
        };
        Ok(Folded { reason, visitor: number.map(|number| number.0) })
    }

    /// The contact of the email, with what the form says of the person. The visitor belongs to it from now on; one that
    /// belongs to another contact gets a new number (rules.md 12). `None` without an email, or when no contact may be
    /// created any more today.
    fn find_person(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        way: Way,
        visitor: Option<&mut Visitor>,
    ) -> Result<Option<Found>, store::Error> {
        let (conn, account) = (self.conn, hit.account);
        let Some(email) = &hit.identity.email else { return Ok(None) };
        let trust = Trust::of(way == Way::Token);
        let said = Provenance::new(Channel::Form, trust, hit.at).recorded(self.now);
        let details = match &visitor {
            // The contact is as old as the visitor, unless the visitor was somebody else until now.
            Some(known) if known.contact_id.is_none() => Details {
                first_ms: known.first_ms.min(hit.at.0),
                source: known.first_source,
                external_id: None,
            },
            Some(known) => Details { first_ms: hit.at.0, source: known.first_source, external_id: None },
            None => {
                let nobody = Visitor::new(VisitorNumber(0), hit.at.0);
                Details { first_ms: hit.at.0, source: self.source(hit, &nobody)?, external_id: None }
            }
        };
        let numbers = self.cache.numbers(conn, account)?.ok_or(store::Error::NotFound)?;
        let found = contacts::find_or_create_by_email(conn, account, numbers, &said, email, details)?;
        let Some(found) = found else { return Ok(None) };
        if let Some(visitor) = visitor {
            visitors::assign(conn, account, numbers, &said, &found, visitor, hit.visitor.as_ref())?;
            let contact = Some(found.contact.id);
            visitors::record_identification(
                conn,
                account,
                &said,
                inbox_id,
                visitor.number,
                contact,
                (None, None),
            )?;
        }
        properties::record(conn, account, &said, found.contact.id, &hit.identity.properties)?;
        Ok(Some(found))
    }

    /// A submission that was accepted is kept, also when another one took the last place for a form meanwhile.
    fn form_of(&self, hit: &Hit, key: &FormKey, page: u32) -> Result<i64, store::Error> {
        let other = FormKey::other();
        let has_room = form::has_room(self.conn, hit.account, key)?;
        form::upsert(self.conn, hit.account, if has_room { key } else { &other }, page, hit.at)
    }
}
