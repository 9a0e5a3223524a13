//! The columns a scan can look at, and the texts behind their codes. Code 0 is the empty text in every column whose
//! texts are in a dictionary.

use std::cell::OnceCell;

use rusqlite::Connection;

use crate::domain::account::AccountId;
use crate::domain::click_id::ClickId;
use crate::domain::consent::{Consent, Origin};
use crate::domain::event::Status;
use crate::domain::question::{Dimension, SUSPECTED_YES};
use crate::domain::screen::ScreenClass;
use crate::store::dictionary::{self, Kind, join};
use crate::store::error::Error;
use crate::store::hits::dictionary_lookup::DictionaryCache;
use crate::store::people::{contact, list};
use crate::store::{changes, definition};

/// A column with one value per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RowColumn {
    Page,
    Event,
    Consent,
}

pub(super) const ROW_COLUMNS: usize = 3;

/// A column with one value per session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SessionColumn {
    Source,
    Referrer,
    Campaign,
    Device,
    Screen,
    Language,
    Place,
    Company,
    VisitorType,
    EntryPage,
    ExitPage,
    ClickId,
    Suspected,
}

pub(super) const SESSION_COLUMNS: usize = 13;

/// The codes of `SessionColumn::VisitorType`.
pub(super) const NEW: u32 = 1;
pub(super) const RETURNING: u32 = 2;
/// The codes of `SessionColumn::Suspected`.
pub(super) const UNSUSPECTED: u32 = 1;
pub(super) const SUSPECTED: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Row(RowColumn),
    Session(SessionColumn),
    /// The contact of the run's visitor; batches hold no such column.
    Contact,
}

/// A column and, where its texts are composed of parts, which of the parts are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub column: Column,
    pub first: usize,
    pub count: usize,
}

impl Field {
    pub(super) fn of(dimension: Dimension) -> Self {
        use SessionColumn as S;
        let session = |of: S, first: usize, count: usize| Self { column: Column::Session(of), first, count };
        let row = |of: RowColumn, count: usize| Self { column: Column::Row(of), first: 0, count };
        match dimension {
            Dimension::Page => row(RowColumn::Page, 2),
            Dimension::Host => row(RowColumn::Page, 1),
            Dimension::Event => row(RowColumn::Event, 1),
            Dimension::Consent => row(RowColumn::Consent, 1),
            Dimension::ConsentOrigin => Self { first: 1, ..row(RowColumn::Consent, 1) },
            Dimension::EntryPage => session(S::EntryPage, 0, 2),
            Dimension::ExitPage => session(S::ExitPage, 0, 2),
            Dimension::Source => session(S::Source, 0, 1),
            Dimension::SourceDetail => session(S::Source, 1, 1),
            Dimension::SourceDetail2 => session(S::Source, 2, 1),
            Dimension::Referrer => session(S::Referrer, 0, 1),
            Dimension::UtmSource => session(S::Campaign, 0, 1),
            Dimension::UtmMedium => session(S::Campaign, 1, 1),
            Dimension::UtmCampaign => session(S::Campaign, 2, 1),
            Dimension::UtmTerm => session(S::Campaign, 3, 1),
            Dimension::UtmContent => session(S::Campaign, 4, 1),
            Dimension::ClickId => session(S::ClickId, 0, 1),
            Dimension::Country => session(S::Place, 0, 1),
            Dimension::Region => session(S::Place, 1, 1),
            Dimension::Device => session(S::Device, 0, 1),
            Dimension::Browser => session(S::Device, 1, 1),
            Dimension::Os => session(S::Device, 2, 1),
            Dimension::Screen => session(S::Screen, 0, 1),
            Dimension::Language => session(S::Language, 0, 1),
            Dimension::VisitorType => session(S::VisitorType, 0, 1),
            Dimension::Suspected => session(S::Suspected, 0, 1),
            Dimension::Company => session(S::Company, 0, 1),
            Dimension::Contact | Dimension::List => Self { column: Column::Contact, first: 0, count: 1 },
            // The parts behind the name are the tags, as many as the event has.
            Dimension::Tag => Self { first: 1, ..row(RowColumn::Event, usize::MAX) },
        }
    }

    /// The meant parts of a text of the column.
    pub(super) fn part_of(self, text: &str) -> &str {
        dictionary::parts(text, self.first, self.count)
    }
}

/// The word for reports and the origin, apart by the separator of dictionaries.
fn consent_text(consent: Consent) -> &'static str {
    match consent.origin() {
        Origin::Beacon => "granted\u{1f}beacon",
        Origin::Policy => "policy\u{1f}policy",
        Origin::Server => "server\u{1f}server",
        Origin::Banner => "granted\u{1f}banner",
        Origin::Api => "granted\u{1f}api",
        Origin::OutsideBanner => "granted\u{1f}outside_banner",
        Origin::Gpc => "granted\u{1f}gpc",
    }
}

impl Column {
    const fn kind(self) -> Option<Kind> {
        use SessionColumn as S;
        Some(match self {
            Self::Row(RowColumn::Page) | Self::Session(S::EntryPage | S::ExitPage) => Kind::Page,
            Self::Session(S::Source) => Kind::Source,
            Self::Session(S::Referrer) => Kind::Referrer,
            Self::Session(S::Campaign) => Kind::Campaign,
            Self::Session(S::Device) => Kind::Device,
            Self::Session(S::Language) => Kind::Language,
            Self::Session(S::Place) => Kind::Place,
            Self::Session(S::Company) => Kind::Company,
            Self::Row(RowColumn::Consent | RowColumn::Event)
            | Self::Session(S::Screen | S::VisitorType | S::ClickId | S::Suspected)
            | Self::Contact => return None,
        })
    }

    /// The texts of columns whose codes are fixed in the code.
    fn fixed(self) -> Vec<(u32, &'static str)> {
        match self {
            Self::Row(RowColumn::Consent) => {
                (0..=u8::MAX).map(|m| (u32::from(m), consent_text(Consent(m)))).collect()
            }
            Self::Session(SessionColumn::Screen) => {
                ScreenClass::ALL.into_iter().map(|class| (class as u32, class.as_str())).collect()
            }
            Self::Session(SessionColumn::VisitorType) => vec![(NEW, "new"), (RETURNING, "returning")],
            Self::Session(SessionColumn::ClickId) => {
                ClickId::all().map(|id| (id.0.into(), id.key())).collect()
            }
            Self::Session(SessionColumn::Suspected) => vec![(UNSUSPECTED, "no"), (SUSPECTED, SUSPECTED_YES)],
            _ => Vec::new(),
        }
    }
}

/// A state of the texts of a column: groups made of the same state are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The highest code. Texts of dictionaries are only ever added.
    pub last_id: u32,
    /// The latest change of a text that was there before; only emails change.
    pub change: i64,
}

/// Finds the texts of codes.
pub(super) struct ColumnTexts<'a> {
    pub conn: &'a Connection,
    pub account: AccountId,
    pub dictionaries: &'a DictionaryCache,
    /// Read on first use.
    events: OnceCell<Vec<(u32, String)>>,
}

impl<'a> ColumnTexts<'a> {
    pub(super) const fn new(
        conn: &'a Connection,
        account: AccountId,
        dictionaries: &'a DictionaryCache,
    ) -> Self {
        Self { conn, account, dictionaries, events: OnceCell::new() }
    }

    /// Visits every code with its text, ordered by text. Code 0 is visited only in columns where it has a text.
    pub(super) fn each_text(&self, column: Column, mut visit: impl FnMut(u32, &str)) -> Result<(), Error> {
        if let Some(kind) = column.kind() {
            let list = self.dictionaries.list(self.conn, self.account, kind)?;
            list.in_order().for_each(|(code, text)| visit(code, text));
            return Ok(());
        }
        if column == Column::Row(RowColumn::Event) {
            let mut events: Vec<&(u32, String)> = self.events()?.iter().collect();
            events.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
            events.into_iter().for_each(|(code, text)| visit(*code, text));
            return Ok(());
        }
        if column == Column::Contact {
            return contact::each_name(self.conn, self.account, visit);
        }
        let mut fixed = column.fixed();
        fixed.sort_by_key(|(_, text)| *text);
        fixed.into_iter().for_each(|(code, text)| visit(code, text));
        Ok(())
    }

    /// Visits every code with its text, in any order, which is faster where there are many.
    pub(super) fn each_text_unordered(
        &self,
        column: Column,
        mut visit: impl FnMut(u32, &str),
    ) -> Result<(), Error> {
        let Some(kind) = column.kind() else { return self.each_text(column, visit) };
        let list = self.dictionaries.list(self.conn, self.account, kind)?;
        list.by_id().for_each(|(code, text)| visit(code, text));
        Ok(())
    }

    /// The numbers of the account's events, ascending, each with its name and tags as a composed text.
    fn events(&self) -> Result<&[(u32, String)], Error> {
        if let Some(events) = self.events.get() {
            return Ok(events);
        }
        let all = definition::list(self.conn, self.account)?.into_iter();
        let events = all
            .filter(|stored| stored.status != Status::Deleted)
            .map(|stored| {
                let parts: Vec<&str> = std::iter::once(stored.definition.name.as_str())
                    .chain(stored.definition.tags.iter().map(String::as_str))
                    .collect();
                (stored.number.0, join(&parts))
            })
            .collect();
        Ok(self.events.get_or_init(|| events))
    }

    /// The members of the lists that `wanted` accepts by number and name, each once.
    pub(super) fn members_of_lists(&self, wanted: impl Fn(u32, &str) -> bool) -> Result<Vec<u32>, Error> {
        let mut members = Vec::new();
        for list in list::list(self.conn, self.account)? {
            if u32::try_from(list.id.0).is_ok_and(|id| wanted(id, &list.name)) {
                members.extend(list::list_members(self.conn, self.account, list.id)?);
            }
        }
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }

    /// The state of the texts of a column: those in a dictionary, and emails. `None` for columns whose texts are fixed or few.
    pub(super) fn version(&self, column: Column) -> Result<Option<Version>, Error> {
        if column == Column::Contact {
            let mut last =
                self.conn.prepare_cached("select coalesce(max(id), 0) from contact where account_id = ?1")?;
            let last_id = last.query_row([self.account.0], |row| row.get(0))?;
            let change = changes::find(self.conn, self.account, changes::Kind::Emails)?;
            return Ok(Some(Version { last_id, change }));
        }
        let Some(kind) = column.kind() else { return Ok(None) };
        let last_id = self.dictionaries.list(self.conn, self.account, kind)?.last_id();
        Ok(Some(Version { last_id, change: 0 }))
    }

    pub(super) fn text(&self, column: Column, code: u32) -> Result<String, Error> {
        if let Some(kind) = column.kind() {
            return Ok(self.dictionaries.list(self.conn, self.account, kind)?.get(code).to_owned());
        }
        if column == Column::Contact {
            return contact::find_name(self.conn, self.account, code.into());
        }
        if column == Column::Row(RowColumn::Event) {
            let events = self.events()?;
            let found = events.binary_search_by_key(&code, |(number, _)| *number).ok();
            return Ok(found
                .and_then(|place| events.get(place))
                .map_or_else(String::new, |(_, text)| text.clone()));
        }
        let fixed = column.fixed().into_iter().find(|(c, _)| *c == code);
        Ok(fixed.map_or_else(String::new, |(_, text)| text.to_owned()))
    }
}

/// Puts `value` at index `at`, filling up the list with `empty`.
pub(super) fn set<T: Clone>(list: &mut Vec<T>, at: u32, value: T, empty: T) {
    let at = at as usize;
    if at >= list.len() {
        list.resize(at + 1, empty);
    }
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_consent_has_its_word_and_its_origin() {
        for mask in 0..=u8::MAX {
            let (consent, text) = (Consent(mask), consent_text(Consent(mask)));
            assert_eq!(Field::of(Dimension::Consent).part_of(text), consent.as_str(), "{mask}");
            assert_eq!(
                Field::of(Dimension::ConsentOrigin).part_of(text),
                consent.origin().as_str(),
                "{mask}"
            );
        }
    }
}
