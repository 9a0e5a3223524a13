//! The columns of an export of events. This list is the only one: the files, their documentation and the help of the
//! command are made from it.

use std::borrow::Cow;

use crate::base::clock::Millis;
use crate::domain::click_id::ClickId;
use crate::domain::consent::Consent;
use crate::domain::event::EventNumber;
use crate::domain::money;
use crate::domain::period::Zone;
use crate::domain::screen::ScreenClass;
use crate::store::dictionary::{Kind, part};
use crate::store::event::PAGE_VIEW;
use crate::store::export::{ExportRow, Texts};

/// The value of an event in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// It is not known, or events of this kind have none.
    Nothing,
    /// A text that somebody else chose; empty means that it is not known.
    Text(Cow<'a, str>),
    /// A text that cannot be anything but what it says: a time, a decimal number.
    Plain(String),
    Integer(i64),
    Boolean(bool),
    /// A JSON object.
    Object(&'a str),
}

/// What the columns are computed from.
pub struct Line<'a> {
    pub row: &'a ExportRow<'a>,
    pub texts: &'a Texts,
    pub zone: &'a Zone,
    pub currency: &'a str,
    /// Decimal places of the currency.
    pub digits: u32,
}

pub struct Column {
    pub name: &'static str,
    /// What it says, for the documentation.
    pub what: &'static str,
    pub value: for<'a> fn(&Line<'a>) -> Value<'a>,
}

impl<'a> Line<'a> {
    /// A part of a text of the event's session.
    fn of_session(&self, kind: Kind, id: u32, n: usize) -> Value<'a> {
        Value::Text(Cow::Borrowed(part(self.texts.get(kind, id), n)))
    }

    fn source(&self, n: usize) -> Value<'a> {
        self.of_session(Kind::Source, self.row.session.source, n)
    }

    fn campaign(&self, n: usize) -> Value<'a> {
        self.of_session(Kind::Campaign, self.row.session.campaign, n)
    }

    fn device(&self, n: usize) -> Value<'a> {
        self.of_session(Kind::Device, self.row.session.device, n)
    }

    /// A part of the address of a page: 0 = host, 1 = path, 2 = query.
    fn page(&self, page: u32, n: usize) -> Value<'a> {
        self.of_session(Kind::Page, page, n)
    }

    /// Events sent by programs have no session.
    fn if_session(&self, value: Value<'a>) -> Value<'a> {
        if self.row.session.session == 0 { Value::Nothing } else { value }
    }

    fn if_completion(&self, value: impl FnOnce() -> Value<'a>) -> Value<'a> {
        if self.row.event.kind == PAGE_VIEW { Value::Nothing } else { value() }
    }

    fn screen(&self) -> &'static str {
        let is_of = |class: &ScreenClass| *class as u32 == self.row.session.screen;
        ScreenClass::ALL.into_iter().find(is_of).unwrap_or_default().as_str()
    }
}

const fn text(text: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(text))
}

/// Declares a column: its name, what it says, and its value for a `Line`.
macro_rules! columns {
    ($($name:literal, $what:literal, |$line:ident| $value:expr;)+) => {
        /// In the order in which files have them.
        pub const COLUMNS: &[Column] = &[$(Column { name: $name, what: $what, value: |$line| $value },)+];
    };
}

columns! {
    "at", "when it happened, UTC", |l| Value::Plain(Millis(l.row.event.at_ms).iso());
    "local_at", "the same in the account's time zone, with the difference to UTC",
        |l| Value::Plain(l.zone.iso(Millis(l.row.event.at_ms)));
    "kind", "page_view or completion",
        |l| text(if l.row.event.kind == PAGE_VIEW { "page_view" } else { "completion" });
    "visitor", "number of the visitor, as in the address of the visitor's page", |l| Value::Integer(l.row.event.visitor.into());
    "contact_id", "number of the contact that the visitor belongs to at the time of the export", |l| match l.row.contact {
        0 => Value::Nothing,
        contact => Value::Integer(contact.into()),
    };
    "session", "number of the session; events sent by programs have none, and nothing that belongs to a session",
        |l| l.if_session(Value::Integer(l.row.session.session.into()));
    "new_visitor", "true in the first session of a visitor", |l| l.if_session(Value::Boolean(l.row.session.is_new));
    "bounced", "true when the session as a whole bounced", |l| l.if_session(Value::Boolean(l.row.session.bounced));
    "suspected", "true when a robot is suspected behind the session",
        |l| l.if_session(Value::Boolean(l.row.session.suspected));
    "host", "host of the page", |l| l.page(l.row.event.page, 0);
    "path", "path of the page", |l| l.page(l.row.event.page, 1);
    "query", "the part of the page's query that is kept", |l| l.page(l.row.event.page, 2);
    "title", "title of the page", |l| Value::Text(Cow::Borrowed(l.texts.get(Kind::Title, l.row.event.title)));
    "foreign_host", "true when the host is none of the account's domains", |l| Value::Boolean(l.row.event.foreign_host);
    "engaged_ms", "how long the page was visible, milliseconds", |l| match l.row.event.kind {
        PAGE_VIEW => Value::Integer(l.row.event.engaged_ms.into()),
        _ => Value::Nothing,
    };
    "event_id", "id of the completed event", |l| l.if_completion(|| {
        Value::Plain(EventNumber(l.row.event.event).to_string())
    });
    "event", "name of the completed event; empty when the event was deleted",
        |l| l.if_completion(|| Value::Text(Cow::Borrowed(l.texts.event(l.row.event.event))));
    "value", "value of the completion, a decimal number", |l| l.if_completion(|| {
        Value::Plain(money::decimal(l.row.event.value_minor, l.digits))
    });
    "currency", "currency of the value", |l| l.if_completion(|| Value::Plain(l.currency.to_owned()));
    "properties", "properties of the completion, a JSON object", |l| l.row.properties.map_or(Value::Nothing, Value::Object);
    "consent", "granted by the visitor, by policy, or answered for by a server (granted, policy, server)",
        |l| text(Consent(l.row.event.consent).as_str());
    "consent_origin", "where the consent comes from: banner, api, outside_banner, beacon, policy or server (rules.md 38)",
        |l| text(Consent(l.row.event.consent).origin().as_str());
    "policy", "revision of the consent policy; 0 when there was none", |l| Value::Integer(l.row.event.policy.into());
    "source", "source of the session", |l| l.source(0);
    "source_detail", "its first drill-down", |l| l.source(1);
    "source_detail_2", "its second drill-down", |l| l.source(2);
    "referrer", "referrer of the session",
        |l| Value::Text(Cow::Borrowed(l.texts.get(Kind::Referrer, l.row.session.referrer)));
    "utm_source", "utm_source of the session's first address", |l| l.campaign(0);
    "utm_medium", "utm_medium of it", |l| l.campaign(1);
    "utm_campaign", "utm_campaign of it", |l| l.campaign(2);
    "utm_term", "utm_term of it", |l| l.campaign(3);
    "utm_content", "utm_content of it", |l| l.campaign(4);
    "click_id", "kind of the click id with which the session began, such as gclid",
        |l| text(u8::try_from(l.row.session.click_id).map_or("", |id| ClickId(id).key()));
    "entry_host", "host of the session's first page", |l| l.page(l.row.session.entry_page, 0);
    "entry_path", "path of the session's first page", |l| l.page(l.row.session.entry_page, 1);
    "exit_host", "host of the session's last page; none while the session may go on",
        |l| l.page(l.row.session.exit_page, 0);
    "exit_path", "path of the session's last page; none while the session may go on",
        |l| l.page(l.row.session.exit_page, 1);
    "device", "desktop, mobile, tablet or other", |l| l.device(0);
    "browser", "browser of the session", |l| l.device(1);
    "os", "operating system of the session", |l| l.device(2);
    "screen", "class of the screen's width in CSS pixels", |l| text(l.screen());
    "language", "language of the browser",
        |l| Value::Text(Cow::Borrowed(l.texts.get(Kind::Language, l.row.session.language)));
    "country", "country of the address, two letters", |l| l.of_session(Kind::Place, l.row.session.place, 0);
    "region", "region of the address", |l| l.of_session(Kind::Place, l.row.session.place, 1);
    "company", "company of the address", |l| l.of_session(Kind::Company, l.row.session.company, 0);
}
