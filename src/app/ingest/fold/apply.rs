//! Folding one hit: duplicate ids, visitor, identity, session, event row (rules.md 5, 10-15).

use super::cache::Cache;
use super::pending::Pending;
use crate::app::people::contacts::{self, Details};
use crate::app::people::{properties, visitors};
use crate::base::clock::Millis;
use crate::domain::hit::{Act, Hit, SEEN_FOR};
use crate::domain::hit_reason::Reason;
use crate::domain::provenance::{Channel, Provenance};
use crate::domain::source::{Attribution, Origin, Source};
use crate::domain::suspicion::is_too_fast;
use crate::domain::visitor::{SOURCE_MEMORY, Token, is_ahead, opens_session, seen};
use crate::store::contact::{self, Activity, Contact};
use crate::store::dictionary::{Kind, join};
use crate::store::event::{self, Event, Seen, Statements, Viewer};
use crate::store::segment::late_engagement;
use crate::store::session::Session;
use crate::store::visitor::{self, Visitor};
use crate::store::withdrawn::WithdrawnBrowsers;
use crate::store::{self, Connection};

/// What the fold found out about a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    pub reason: Reason,
    pub visitor: Option<u32>,
}

impl Folded {
    pub(super) const fn only(reason: Reason) -> Self {
        Self { reason, visitor: None }
    }
}

/// What the identity of a hit led to.
pub(super) struct Identified {
    /// The visitor got a new number for it (rules.md 12).
    pub switched: bool,
    pub contact: Option<Contact>,
    pub reason: Reason,
}

/// One batch under way.
pub(super) struct Batch<'a> {
    pub conn: &'a Connection,
    pub cache: &'a mut Cache,
    pub now: Millis,
    pub(super) withdrawn: &'a WithdrawnBrowsers,
    pub(super) statements: Statements<'a>,
    pub(super) pending: Pending,
}

impl<'a> Batch<'a> {
    pub(super) fn start(
        conn: &'a Connection,
        cache: &'a mut Cache,
        now: Millis,
        withdrawn: &'a WithdrawnBrowsers,
    ) -> Result<Self, store::Error> {
        cache.follow(conn)?;
        let statements = Statements::prepare(conn)?;
        Ok(Self { conn, cache, now, withdrawn, statements, pending: Pending::default() })
    }

    /// Writes what waits and what changed; nothing of the batch is left to do then.
    pub(super) fn finish(mut self) -> Result<(), store::Error> {
        self.pending.write(self.conn, &mut self.statements, self.now)?;
        self.cache.flush(self.conn)
    }

    pub(super) fn apply(&mut self, inbox_id: i64, hit: &Hit) -> Result<Folded, store::Error> {
        if self.cache.numbers(self.conn, hit.account)?.is_none() {
            return Ok(Folded::only(Reason::UnknownAccount));
        }
        // The visitor withdrew while the hit was on its way. What a program or a person submits is kept without the browser.
        let is_of_browser = !hit.is_submission() || hit.is_collected_form();
        if is_of_browser && self.token_of(hit).is_none() && hit.visitor.is_some() {
            return Ok(Folded::only(Reason::NoConsent));
        }
        let folded = match &hit.act {
            Act::Engagement { page_view, engaged_ms } => self.engage(hit, page_view, *engaged_ms),
            Act::PageView => self.page_view(inbox_id, hit),
            Act::Completion { event, value, properties } => {
                self.complete(inbox_id, hit, event, *value, properties)
            }
            Act::Submission(submission) => self.submit(inbox_id, hit, submission),
        }?;
        Ok(match folded.reason {
            Reason::Stored => Folded { reason: hit.stored_reason(), ..folded },
            _ => folded,
        })
    }

    /// The token of a hit, unless its visitor withdrew (rules.md 42).
    pub(super) fn token_of<'h>(&self, hit: &'h Hit) -> Option<&'h Token> {
        hit.visitor.as_ref().filter(|token| !self.withdrawn.contains(hit.account, token))
    }

    fn page_view(&mut self, inbox_id: i64, hit: &Hit) -> Result<Folded, store::Error> {
        if self.is_duplicate(hit)? {
            return Ok(Folded::only(Reason::Duplicate));
        }
        let account = hit.account;
        let page = self.page_of(hit)?;
        let title = self.cache.name(self.conn, account, Kind::Title, &hit.title)?;
        let (mut visitor, is_new) = self.find_or_make_visitor(hit)?;
        let Identified { switched, contact, reason } = self.identify(inbox_id, hit, &mut visitor)?;
        visitor.note_page(page, hit.at.0, self.now.0);
        self.continue_session(hit, &mut visitor, is_new, switched, Some(page))?;
        self.set_source(hit, contact, &visitor)?;
        let event = Event {
            at_ms: hit.at.0,
            inbox_id,
            kind: event::PAGE_VIEW,
            visitor: visitor.number.0,
            session_id: visitor.session_id,
            page,
            title,
            event: 0,
            value_minor: 0,
            consent: hit.consent.0,
            policy: hit.policy,
            engaged_ms: 0,
            foreign_host: hit.foreign_host,
        };
        let viewer = hit.visitor.as_ref().map(Viewer::of);
        self.pending.push(account, event, viewer, hit.event_id.as_deref(), hit.received.0);
        self.complete_visits(inbox_id, hit, &mut visitor, page)?;
        let number = visitor.number.0;
        self.put_visitor(hit, visitor);
        if let Some(numbers) = self.cache.numbers(self.conn, account)? {
            numbers.first_hit_ms.get_or_insert(hit.at.0);
        }
        Ok(Folded { reason, visitor: Some(number) })
    }

    pub(super) fn page_of(&mut self, hit: &Hit) -> Result<u32, store::Error> {
        if hit.page.host.is_empty() {
            return Ok(0);
        }
        let page = join(&[&hit.page.host, &hit.page.path, &hit.page.query]);
        self.cache.name(self.conn, hit.account, Kind::Page, &page)
    }

    pub(super) fn put_visitor(&mut self, hit: &Hit, visitor: Visitor) {
        if let Some(token) = &hit.visitor {
            self.cache.put_visitor(hit.account, token, visitor);
        }
    }

    pub(super) fn is_duplicate(&mut self, hit: &Hit) -> Result<bool, store::Error> {
        let Some(id) = &hit.event_id else { return Ok(false) };
        let counts_again = |received_ms: i64| hit.received.0.saturating_sub(received_ms) >= SEEN_FOR;
        if let Some(received_ms) = self.pending.received_ms(hit.account, id) {
            if counts_again(received_ms) {
                self.pending.forget_id(hit.account, id);
            }
            return Ok(!counts_again(received_ms));
        }
        let Some(seen) = self.statements.find_seen(hit.account, id)? else { return Ok(false) };
        if counts_again(seen.received_ms) {
            event::delete_seen(self.conn, hit.account, id)?;
        }
        Ok(!counts_again(seen.received_ms))
    }

    /// rules.md 15: merged into its page view; the largest total counts, so that a repeat changes nothing.
    fn engage(&mut self, hit: &Hit, page_view: &str, engaged_ms: u32) -> Result<Folded, store::Error> {
        let viewer = hit.visitor.as_ref().map(Viewer::of);
        let raised = match viewer {
            Some(viewer) => self.raise_engaged(hit, page_view, viewer, engaged_ms)?,
            None => None,
        };
        let Some((session, rose)) = raised else { return Ok(Folded::only(Reason::UnknownPageView)) };
        if rose > 0
            && let Some(session) = self.cache.session(self.conn, hit.account, session)?
        {
            session.engaged_ms += i64::from(rose);
        }
        Ok(Folded::only(Reason::Stored))
    }

    /// Session of the page view, and by how much its engaged time rose; `None` when it is no page view of this visitor.
    fn raise_engaged(
        &mut self,
        hit: &Hit,
        page_view: &str,
        viewer: Viewer,
        engaged_ms: u32,
    ) -> Result<Option<(u32, u32)>, store::Error> {
        let (conn, account) = (self.conn, hit.account);
        if let Some(event) = self.pending.page_view(account, page_view, viewer) {
            let rose = engaged_ms.saturating_sub(event.engaged_ms);
            event.engaged_ms += rose;
            return Ok(Some((event.session_id, rose)));
        }
        let seen = self.statements.find_seen(account, page_view)?;
        // Ids older than 48 h are deleted bit by bit, and the session may be deleted already.
        let is_known = |seen: &Seen| hit.received.0.saturating_sub(seen.received_ms) < SEEN_FOR;
        let is_own = |seen: &Seen| seen.viewer.is_some_and(|own| own.may_be(viewer));
        let Some(seen) = seen.filter(|seen| is_known(seen) && is_own(seen)) else { return Ok(None) };
        let rose = engaged_ms.saturating_sub(seen.engaged_ms);
        if rose > 0 {
            event::update_seen_engaged(conn, account, page_view, engaged_ms)?;
            let (session, at_ms) = (seen.session_id, seen.at_ms);
            // A segment does not change. What comes after its page view is in one is kept apart until it is rewritten.
            if !event::update_engaged(conn, account, at_ms, seen.inbox_id, engaged_ms)? {
                late_engagement::upsert(conn, account, session, at_ms, engaged_ms)?;
            }
        }
        Ok(Some((seen.session_id, rose)))
    }

    /// The visitor of a browser's hit, and whether it is new.
    pub(super) fn find_or_make_visitor(&mut self, hit: &Hit) -> Result<(Visitor, bool), store::Error> {
        let token = hit.visitor.as_ref().ok_or_else(|| store::Error::Unreadable("no token".to_owned()))?;
        if let Some(visitor) = self.cache.visitor(self.conn, hit.account, token)? {
            return Ok((visitor, false));
        }
        let numbers = self.cache.numbers(self.conn, hit.account)?.ok_or(store::Error::NotFound)?;
        let number = visitors::next_number(numbers);
        visitor::upsert_token(self.conn, hit.account, token.as_str(), number)?;
        Ok((Visitor::new(number, hit.at.0), true))
    }

    /// Lets the visitor belong to the contact of the email the hit carries, and records what else it says of the
    /// person.
    pub(super) fn identify(
        &mut self,
        inbox_id: i64,
        hit: &Hit,
        visitor: &mut Visitor,
    ) -> Result<Identified, store::Error> {
        let (conn, account, identity) = (self.conn, hit.account, &hit.identity);
        let mut identified = Identified { switched: false, contact: None, reason: Reason::Stored };
        if identity.is_empty() {
            return Ok(identified);
        }
        let said = Provenance::new(Channel::Browser, hit.identity_check.trust(), hit.at).recorded(self.now);
        let external_id = identity.external_id.as_deref();
        if let Some(email) = &identity.email {
            let numbers = self.cache.numbers(conn, account)?.ok_or(store::Error::NotFound)?;
            // The contact is as old as the visitor, unless the visitor was somebody else until now.
            let first_ms = if visitor.contact_id.is_none() { visitor.first_ms } else { hit.at.0 };
            let details = Details { first_ms, source: visitor.first_source, external_id };
            let found = contacts::find_or_create_by_email(conn, account, numbers, &said, email, details)?;
            if let Some(found) = found {
                let token = hit.visitor.as_ref();
                identified.switched =
                    visitors::assign(conn, account, numbers, &said, &found, visitor, token)?;
                properties::record(conn, account, &said, found.contact.id, &identity.properties)?;
                identified.contact = Some(found.contact);
            } else {
                identified.reason = Reason::ContactLimit;
            }
        }
        let id = identified.contact.as_ref().map(|contact| contact.id);
        let other_token =
            identity.other_token.as_ref().filter(|token| !self.withdrawn.contains(account, token));
        let others = (external_id, other_token);
        visitors::record_identification(conn, account, &said, inbox_id, visitor.number, id, others)?;
        Ok(identified)
    }

    /// A contact that was created by the hit that opened the session, before the source of the session was known.
    pub(super) fn set_source(
        &self,
        hit: &Hit,
        contact: Option<Contact>,
        visitor: &Visitor,
    ) -> Result<(), store::Error> {
        match contact.filter(|contact| contact.source == 0) {
            Some(contact) => contact::update_source(self.conn, hit.account, contact.id, visitor.first_source),
            None => Ok(()),
        }
    }

    /// Joins the visitor's open session or opens one (rules.md 10, 11), by a view of `page` or by a completion.
    pub(super) fn continue_session(
        &mut self,
        hit: &Hit,
        visitor: &mut Visitor,
        is_new: bool,
        switched: bool,
        page: Option<u32>,
    ) -> Result<(), store::Error> {
        let (at, now) = (hit.at.0, self.now.0);
        // A session that the clock has put into the future would never end.
        let is_open = visitor.session_id != 0 && !is_ahead(visitor.last_ms, now);
        let open = is_open.then_some((visitor.last_ms, visitor.session_number));
        let open_id = Some(visitor.session_id).filter(|_| !opens_session(at, hit.session_number, open));
        let joined = match open_id {
            Some(id) => self.cache.session(self.conn, hit.account, id)?,
            None => None,
        };
        let mut activity = Activity { first_ms: at, last_ms: at, sessions: 0, page_views: 0 };
        if let Some(session) = joined {
            // A form may have given the visitor a new number between two hits of the session.
            let switched = switched || session.visitor != visitor.number.0;
            session.visitor = visitor.number.0;
            session.switched |= switched;
            happen(session, at, page);
            session.suspected |=
                hit.suspected || is_too_fast(session.page_views, session.last_ms - session.start_ms);
            if visitor.session_number.is_none() {
                visitor.session_number = hit.session_number;
            }
            if switched {
                let taken_over = Some(visitor.session_id);
                let is_new = visitors::count_session(self.conn, hit.account, visitor, taken_over)?;
                activity.sessions = u32::from(is_new);
            }
        } else {
            // Also where the session is so long over that only segments know it (a replayed dead letter).
            let mut session = self.open_session(hit, visitor, is_new, page)?;
            session.switched = switched;
            visitor.session_id = session.id;
            visitor.session_number = hit.session_number;
            visitor.source = session.source;
            if visitor.first_source == 0 {
                visitor.first_source = session.source;
            }
            visitor.source_ms = at;
            if matches!(hit.origin, Origin::From(_)) {
                visitor.note_source(visitor.source, at, now);
            }
            if session.referrer != 0 {
                visitor.note_referrer(session.referrer, at, now);
            }
            self.cache.put_session(hit.account, session);
            let is_new = visitors::count_session(self.conn, hit.account, visitor, None)?;
            activity.sessions = u32::from(is_new);
        }
        activity.page_views = u32::from(page.is_some());
        visitor.page_views += activity.page_views;
        (visitor.first_ms, visitor.last_ms) = seen(visitor.first_ms, visitor.last_ms, at, now);
        if let Some(contact) = visitor.contact_id {
            (activity.first_ms, activity.last_ms) = (visitor.first_ms, visitor.last_ms);
            self.pending.add_activity(hit.account, contact, activity);
        }
        Ok(())
    }

    fn open_session(
        &mut self,
        hit: &Hit,
        visitor: &Visitor,
        is_new: bool,
        page: Option<u32>,
    ) -> Result<Session, store::Error> {
        let account = hit.account;
        let source = self.source(hit, visitor)?;
        let mut name = |kind, value: &str| self.cache.name(self.conn, account, kind, value);
        let utm = &hit.campaign;
        let campaign = match utm.is_empty() {
            true => 0,
            false => name(
                Kind::Campaign,
                &join(&[&utm.source, &utm.medium, &utm.campaign, &utm.term, &utm.content]),
            )?,
        };
        let referrer = name(Kind::Referrer, &hit.referrer)?;
        let device =
            name(Kind::Device, &join(&[hit.device.class.as_str(), &hit.device.browser, &hit.device.os]))?;
        let language = name(Kind::Language, &hit.language)?;
        let place = match hit.country.is_empty() && hit.region.is_empty() {
            true => 0,
            false => name(Kind::Place, &join(&[&hit.country, &hit.region]))?,
        };
        let numbers = self.cache.numbers(self.conn, account)?.ok_or(store::Error::NotFound)?;
        numbers.session += 1;
        let mut session = Session {
            id: numbers.session,
            visitor: visitor.number.0,
            start_ms: hit.at.0,
            last_ms: hit.at.0,
            source,
            referrer,
            campaign,
            device,
            screen: hit.screen as u8,
            language,
            place,
            company: 0,
            is_new,
            switched: false,
            suspected: hit.suspected,
            entry_page: 0,
            exit_page: 0,
            entry_ms: hit.at.0,
            exit_ms: hit.at.0,
            page_views: 0,
            completions: 0,
            engaged_ms: 0,
            click_id: hit.click_id.0,
        };
        happen(&mut session, hit.at.0, page);
        Ok(session)
    }

    /// rules.md 11: an internal start keeps a recent source, else it is direct.
    pub(super) fn source(&mut self, hit: &Hit, visitor: &Visitor) -> Result<u32, store::Error> {
        let direct;
        let from = match &hit.origin {
            Origin::From(from) => from,
            Origin::Internal { entrance } => {
                let age = hit.at.0.saturating_sub(visitor.source_ms);
                if visitor.source != 0 && age <= SOURCE_MEMORY {
                    return Ok(visitor.source);
                }
                direct = Attribution {
                    source: Source::DirectTraffic,
                    detail: entrance.clone(),
                    detail_2: String::new(),
                };
                &direct
            }
        };
        let text = join(&[from.source.as_str(), &from.detail, &from.detail_2]);
        self.cache.name(self.conn, hit.account, Kind::Source, &text)
    }
}

/// A view of `page`, or a completion, in the session; late ones may come before its entry.
fn happen(session: &mut Session, at_ms: i64, page: Option<u32>) {
    match page {
        Some(page) => {
            if session.page_views == 0 || at_ms < session.entry_ms {
                session.entry_page = page;
                session.entry_ms = at_ms;
            }
            if session.page_views == 0 || at_ms >= session.exit_ms {
                session.exit_page = page;
                session.exit_ms = at_ms;
            }
            session.page_views += 1;
        }
        None => session.completions += 1,
    }
    session.start_ms = session.start_ms.min(at_ms);
    session.last_ms = session.last_ms.max(at_ms);
}
