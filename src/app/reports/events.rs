//! The table of events: every selected event of the account with its figures of the period. One scan counts all of
//! them. There are few, so which ones are shown and in which order is decided afterwards.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Compared, Error, Frame, ReportQuery, SUSPECTED, Table, after, choose, is_zero, iso_days, no_cursor,
    not_one_of, suspected,
};
use crate::app::core::App;
use crate::app::reports::parameters;
use crate::app::state::definition_cache::AccountEvents;
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, Status};
use crate::domain::money;
use crate::domain::question::{Dimension, Filter, Operator};
use crate::store::definition::{self, Stored};
use crate::store::scan::{self, Counted, Grouping, Key, Totals};
use crate::store::{Connection, unexpected};

/// How long an active event may go without a completion before it is called stale.
pub const STALE_AFTER: i64 = 30 * DAY;

const KEY: Key = Key::Dimension(Dimension::Event);

/// An event and its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventRow {
    /// 12 digits.
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub tags: Vec<String>,
    pub status: &'static str,
    pub completions: u64,
    /// Distinct contacts who completed it.
    pub contacts: u64,
    /// A decimal number in the account's currency.
    pub value: String,
    #[serde(skip)]
    pub value_minor: i64,
    /// Of all time, whatever the period.
    #[serde(serialize_with = "iso")]
    pub last_seen: Option<Millis>,
    /// It is active, and had no completion for a month.
    pub stale: bool,
    /// Completions in each interval of the period that has begun.
    pub series: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Past>,
}

/// The figures of an event in the period it is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Past {
    pub completions: u64,
    pub value: String,
    #[serde(skip)]
    pub value_minor: i64,
}

pub(super) fn iso<S: serde::Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Millis::iso).serialize(serializer)
}

impl EventRow {
    /// Without figures. `digits` is the number of decimal places of the account's currency.
    pub(super) fn of(stored: &Stored, now: Millis, digits: u32) -> Self {
        let since = stored.last.unwrap_or(stored.created);
        Self {
            id: stored.number.to_string(),
            name: stored.definition.name.clone(),
            kind: stored.definition.kind.as_str(),
            tags: stored.definition.tags.clone(),
            status: stored.status.as_str(),
            value: money::decimal(0, digits),
            last_seen: stored.last,
            stale: stored.status == Status::Active && now.since(since) >= STALE_AFTER,
            ..Self::default()
        }
    }

    pub(super) fn count(&mut self, figures: &Totals, digits: u32) {
        self.completions = figures.completions;
        self.value_minor = figures.value_minor;
        self.value = money::decimal(figures.value_minor, digits);
    }
}

/// The events of an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Events {
    #[serde(flatten)]
    pub table: Table<EventRow>,
    /// How many completions of these events are of suspected robots, and are included.
    #[serde(skip_serializing_if = "is_zero")]
    pub suspected_completions: u64,
    /// Events that count towards the limit, and the limit.
    pub active: i64,
    pub limit: i64,
    /// Names that wait for review.
    pub waiting: i64,
    /// Number of all events of the account, shown or not.
    #[serde(skip)]
    pub defined: usize,
    /// Tags in use, by name.
    #[serde(skip)]
    pub tags: Vec<String>,
}

/// What the table is sorted by. Archived events come after the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Completions,
    Contacts,
    Value,
    LastSeen,
    Name,
}

impl Order {
    const ALL: [(&'static str, Self); 5] = [
        ("completions", Self::Completions),
        ("contacts", Self::Contacts),
        ("value", Self::Value),
        ("last_seen", Self::LastSeen),
        ("name", Self::Name),
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, order)| *order == self).map_or("", |(word, _)| *word)
    }

    fn sort(self, rows: &mut [EventRow]) {
        use std::cmp::Reverse;
        // Equal events are sorted by number, so that their order is always the same.
        match self {
            Self::Completions => rows.sort_by_key(|row| Reverse(row.completions)),
            Self::Contacts => rows.sort_by_key(|row| Reverse(row.contacts)),
            Self::Value => rows.sort_by_key(|row| Reverse(row.value_minor)),
            Self::LastSeen => rows.sort_by_key(|row| Reverse(row.last_seen)),
            Self::Name => rows.sort_by_cached_key(|row| row.name.to_lowercase()),
        }
        rows.sort_by_key(|row| row.status != Status::Active.as_str());
    }
}

/// Which events are selected, beside what every report can be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub tag: Option<String>,
    pub kind: Option<EventKind>,
    pub status: Option<Status>,
    /// Part of a name or an id; empty selects all.
    pub search: String,
    pub order: Order,
    /// The last event of the page before.
    pub after: Option<EventNumber>,
}

impl Wanted {
    /// Reads `tag`, `type`, `status`, `search`, `sort` and `after`. The first of repeated keys counts.
    ///
    /// # Errors
    /// `Invalid`, with what is allowed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let first = |key| parameters::first(pairs, key);
        let kind = first("type").map(|text| {
            let words: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            EventKind::parse(text).ok_or_else(|| not_one_of(text, "type of event", &words))
        });
        let statuses =
            [("all", None), ("active", Some(Status::Active)), ("archived", Some(Status::Archived))];
        Ok(Self {
            tag: first("tag").map(str::to_owned),
            kind: kind.transpose()?,
            status: choose(first("status"), "status", &statuses)?,
            search: first("search").unwrap_or_default().to_owned(),
            order: choose(first("sort"), "order", &Order::ALL)?,
            after: after(first("after"), EventNumber::parse)?,
        })
    }

    fn holds(&self, stored: &Stored) -> bool {
        let definition = &stored.definition;
        let search = self.search.to_lowercase();
        let has_tag = |tag: &String| definition.tags.iter().any(|known| known.eq_ignore_ascii_case(tag));
        self.tag.as_ref().is_none_or(has_tag)
            && self.kind.is_none_or(|kind| definition.kind == kind)
            && self.status.is_none_or(|status| stored.status == status)
            && (search.is_empty()
                || definition.name.to_lowercase().contains(&search)
                || stored.number.to_string().contains(&search))
    }

    /// Whether all events are selected.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.tag.is_none() && self.kind.is_none() && self.status.is_none() && self.search.is_empty()
    }
}

/// The table of events.
///
/// # Errors
/// `Invalid`, `NoAccount`.
pub async fn events(
    app: &App,
    account: AccountId,
    query: &ReportQuery,
    wanted: &Wanted,
) -> Result<Events, Error> {
    let frame = Frame::new(app, account, query)?;
    let (query, wanted, clock) = (query.clone(), wanted.clone(), Arc::clone(&app.clock));
    let limit = app.event_limit;
    frame
        .read(app, move |frame, conn| {
            let deadline = scan::Deadline::new(clock);
            let mut stored = definition::list(conn, account)?;
            stored.retain(|stored| stored.status != Status::Deleted);
            let defined = stored.len();
            let active = stored.iter().filter(|stored| stored.status == Status::Active).count();
            stored.retain(|stored| wanted.holds(stored));
            let (table, suspected_completions) = table(conn, frame, &deadline, &query, &wanted, &stored)?;
            Ok(Events {
                table,
                suspected_completions,
                active: i64::try_from(active).unwrap_or(i64::MAX),
                limit,
                waiting: unexpected::count(conn, account, false)?,
                defined,
                tags: definition::list_tags(conn, account)?,
            })
        })
        .await
}

/// The rows, and how many completions of suspected robots they include.
fn table(
    conn: &Connection,
    frame: &Frame,
    deadline: &scan::Deadline,
    query: &ReportQuery,
    wanted: &Wanted,
    stored: &[Stored],
) -> Result<(Table<EventRow>, u64), Error> {
    let digits = frame.digits();
    let codes: Vec<u32> = stored.iter().map(|stored| stored.number.0).collect();
    let mut rows: Vec<EventRow> =
        stored.iter().map(|stored| EventRow::of(stored, frame.now, digits)).collect();
    let mut damaged = Vec::new();
    let mut compare = None;
    let mut suspected_completions = 0;
    let filters: Vec<Filter> = query.filters.iter().cloned().chain([of_events(wanted, stored)]).collect();
    if !codes.is_empty() {
        let (_, edges) = frame.steps();
        let intervals = edges.len().saturating_sub(1).max(1);
        let groupings =
            [Grouping::Chosen(KEY, codes.clone()), Grouping::Grid(KEY, codes.clone(), edges), SUSPECTED];
        let groupings = (groupings.as_slice(), Counted::Contacts);
        let answer = frame.ask_of(conn, deadline, frame.range(), &filters, groupings)?;
        damaged.extend(answer.damaged);
        let mut tables = answer.tables.into_iter();
        let mut next = || tables.next().unwrap_or_default();
        let (figures, steps) = (next().rows, next().rows);
        suspected_completions = suspected(&next()).completions;
        for ((row, figures), steps) in rows.iter_mut().zip(&figures).zip(steps.chunks(intervals)) {
            row.count(&figures.figures, digits);
            row.contacts = figures.figures.contacts;
            row.series = steps.iter().map(|step| step.figures.completions).collect();
        }
        if let Some(days) = query.period.compared(frame.days).filter(|_| query.compares_rows) {
            let (range, until) = frame.part(days);
            let groupings = [Grouping::Chosen(KEY, codes)];
            let answer = frame.ask(conn, deadline, range, &filters, &groupings)?;
            damaged.extend(answer.damaged);
            let before = answer.tables.into_iter().next().unwrap_or_default().rows;
            for (row, before) in rows.iter_mut().zip(&before) {
                row.before = Some(past(&before.figures, digits));
            }
            compare = Some(Compared { period: days.into(), until: until.map(Millis::iso) });
        }
    }
    // An event that the filters exclude has no row.
    if query.filters.iter().any(|filter| matches!(filter.dimension, Dimension::Event | Dimension::Tag)) {
        rows.retain(|row| row.completions > 0);
    }
    wanted.order.sort(&mut rows);
    let total = rows.len() as u64;
    let (rows, next) = page(rows, query.limit, wanted.after)?;
    let table = Table { rows, total, next, compare, suspected_page_views: 0, damaged: iso_days(damaged) };
    Ok((table, suspected_completions))
}

/// Selects the completions of the wanted events. Page views belong to no event, so the scan does not look at each of them.
fn of_events(wanted: &Wanted, stored: &[Stored]) -> Filter {
    let (operator, values) = match wanted.is_all() {
        true => (Operator::IsNot, vec![String::new()]),
        false => (Operator::Is, stored.iter().map(|stored| stored.number.to_string()).collect()),
    };
    Filter { dimension: Dimension::Event, operator, values }
}

pub(super) fn past(figures: &Totals, digits: u32) -> Past {
    Past {
        completions: figures.completions,
        value: money::decimal(figures.value_minor, digits),
        value_minor: figures.value_minor,
    }
}

/// The rows after the last one of the page before, and the cursor for the next page.
fn page(
    mut rows: Vec<EventRow>,
    limit: usize,
    after: Option<EventNumber>,
) -> Result<(Vec<EventRow>, Option<String>), Error> {
    if let Some(after) = after {
        let id = after.to_string();
        let place = rows.iter().position(|row| row.id == id).ok_or_else(no_cursor)?;
        rows.drain(..=place);
    }
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| is_more).map(|row| row.id.clone());
    Ok((rows, next))
}

/// An event of the dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TopEvent {
    pub id: String,
    pub name: String,
    pub completions: u64,
    pub value: String,
}

/// The panel of the dashboard, before it is counted.
pub(super) struct Panel {
    defined: Arc<AccountEvents>,
    pub grouping: Grouping,
}

impl Panel {
    /// What the dashboard asks about active events; `None` while there are none.
    pub(super) fn of(defined: Arc<AccountEvents>) -> Option<Self> {
        let codes: Vec<u32> = defined.active().map(|stored| stored.number.0).collect();
        (!codes.is_empty()).then_some(Self { defined, grouping: Grouping::Chosen(KEY, codes) })
    }

    /// The events with the most completions.
    pub(super) fn table(&self, found: &scan::Table, digits: u32, limit: usize) -> Table<TopEvent> {
        let counted = self.defined.active().zip(&found.rows).filter(|(_, row)| row.figures.completions > 0);
        let mut counted: Vec<(&Stored, &Totals)> =
            counted.map(|(stored, row)| (stored, &row.figures)).collect();
        counted.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.completions));
        let row = |(stored, figures): &(&Stored, &Totals)| TopEvent {
            id: stored.number.to_string(),
            name: stored.definition.name.clone(),
            completions: figures.completions,
            value: money::decimal(figures.value_minor, digits),
        };
        let total = counted.len() as u64;
        Table { rows: counted.iter().take(limit).map(row).collect(), total, ..Table::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Wanted, String> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Wanted::parse(&pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wanted_of_events_is_read_and_what_is_not_known_refused_with_the_list() {
        assert_eq!(parse(&[("type", ""), ("status", "all")]), Ok(Wanted::default()));
        let wanted =
            parse(&[("type", "click"), ("status", "archived"), ("search", " Up "), ("sort", "name")]);
        let expected = Wanted {
            kind: Some(EventKind::Click),
            status: Some(Status::Archived),
            search: "Up".into(),
            order: Order::Name,
            ..Wanted::default()
        };
        assert_eq!(wanted, Ok(expected));
        for (pair, list) in [
            (("type", "x"), "custom, http, click, form, visit"),
            (("status", "deleted"), "all, active, archived"),
            (("sort", "luck"), "completions, contacts, value, last_seen, name"),
            (("after", "12"), "the previous answer"),
        ] {
            let message = parse(&[pair]).unwrap_err();
            assert!(message.contains(list), "{message}");
        }
    }

    #[test]
    fn rows_are_ordered_with_archived_ones_last_and_paged_by_the_last_shown() {
        let row = |number: u32, name: &str, completions, status: Status| EventRow {
            id: EventNumber(number).to_string(),
            name: name.into(),
            completions,
            status: status.as_str(),
            ..EventRow::default()
        };
        let rows = vec![
            row(1, "b", 5, Status::Archived),
            row(2, "C", 1, Status::Active),
            row(3, "a", 7, Status::Active),
            row(4, "d", 1, Status::Active),
        ];
        let names = |order: Order| {
            let mut rows = rows.clone();
            order.sort(&mut rows);
            rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(Order::Completions), ["a", "C", "d", "b"]);
        assert_eq!(names(Order::Name), ["a", "C", "d", "b"]);
        let ids = |limit, after: Option<u32>| {
            let (rows, next) = page(rows.clone(), limit, after.map(EventNumber)).unwrap();
            (rows.len(), rows.first().map(|row| row.name.clone()), next)
        };
        assert_eq!(ids(4, None), (4, Some("b".into()), None));
        assert_eq!(ids(3, None), (3, Some("b".into()), Some("000000000003".into())));
        assert_eq!(ids(3, Some(3)), (1, Some("d".into()), None));
        assert!(page(rows.clone(), 3, Some(EventNumber(9))).is_err());
    }
}
