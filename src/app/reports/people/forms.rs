//! Forms, and what people submitted with each. Of all time that is kept, as for contacts: a form has one figure for how
//! many of those who saw it sent it. Whose email may be read is decided where the answer is written (rules.md 28).

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::app::core::App;
use crate::app::reports::parameters;
use crate::app::reports::{
    Error, LIMIT_DEFAULT, Table, after, iso_days, limit, long_turn, no_cursor, not_one_of,
};
use crate::app::state::account_cache;
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::form::Way;
use crate::domain::question::Dimension;
use crate::domain::readable::readable;
use crate::store::dictionary::{self, Kind, part};
use crate::store::form::{self, FormFigures};
use crate::store::submission::{self, Place, Submitted};
use crate::store::{self, Connection, contact, scan};

/// A form.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FormRow {
    pub id: i64,
    /// As the site names it.
    pub name: String,
    /// The page it was sent from last; empty = unknown.
    pub host: String,
    pub path: String,
    pub submissions: u64,
    /// Contacts that were created for a submission of it.
    pub contacts: u64,
    /// Different visitors who submitted it, as far as they are known.
    pub visitors: u64,
    /// Visitors who saw its page; `None` when the page is unknown, or nobody is known to have seen it.
    pub page_visitors: Option<u64>,
    /// Share of `page_visitors` who submitted it, 0 to 1.
    pub conversion_rate: Option<f64>,
    #[serde(serialize_with = "super::visitor::iso")]
    pub first_seen: Millis,
    #[serde(serialize_with = "super::visitor::iso")]
    pub last_seen: Millis,
}

/// What the list of forms is ordered by; the most or the newest first, names by their letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Order {
    #[default]
    LastSeen,
    Name,
    Submissions,
    Contacts,
    ConversionRate,
}

impl Order {
    pub const ALL: [Self; 5] =
        [Self::LastSeen, Self::Name, Self::Submissions, Self::Contacts, Self::ConversionRate];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    fn sort(self, rows: &mut [FormRow]) {
        // The last one decides between equal rows.
        rows.sort_by_key(|row| row.id);
        match self {
            Self::LastSeen => rows.sort_by_key(|row| Reverse(row.last_seen.0)),
            Self::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            Self::Submissions => rows.sort_by_key(|row| Reverse(row.submissions)),
            Self::Contacts => rows.sort_by_key(|row| Reverse(row.contacts)),
            Self::ConversionRate => {
                let rate = |row: &FormRow| row.conversion_rate.unwrap_or(-1.0);
                rows.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
            }
        }
    }
}

/// Which forms are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub order: Order,
    /// The id of the last one shown before.
    pub after: Option<i64>,
    pub limit: usize,
}

impl Wanted {
    /// Reads `sort`, `after` and `limit`; of a repeated key the first counts.
    ///
    /// # Errors
    /// `Invalid` with what is allowed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let first = |key| parameters::first(pairs, key);
        let order = first("sort").map(|text| {
            let words = Order::ALL.map(Order::as_str);
            text.parse().map_err(|_| not_one_of(text, "order", &words))
        });
        Ok(Self {
            order: order.transpose()?.unwrap_or_default(),
            after: after(first("after"), |text| text.parse().ok())?,
            limit: limit(first("limit"), LIMIT_DEFAULT)?,
        })
    }
}

/// The table of forms.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`, `NoAccount`, the store's.
pub async fn forms(app: &App, account: AccountId, wanted: &Wanted) -> Result<Table<FormRow>, Error> {
    let reading = Reading::new(app, account)?;
    let wanted = *wanted;
    let _turn = long_turn(app).await?;
    app.store
        .read_long(move |conn| {
            let (mut rows, damaged) = reading.rows(conn, form::list(conn, account)?)?;
            wanted.order.sort(&mut rows);
            let total = u64::try_from(rows.len()).unwrap_or(0);
            if let Some(last) = wanted.after {
                let place = rows.iter().position(|row| row.id == last).ok_or_else(no_cursor)?;
                rows.drain(..=place);
            }
            let is_more = rows.len() > wanted.limit;
            rows.truncate(wanted.limit);
            let next = rows.last().filter(|_| is_more).map(|row| row.id.to_string());
            Ok(Table { rows, total, next, damaged, ..Table::default() })
        })
        .await
}

/// One form with its submissions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FormReport {
    #[serde(flatten)]
    pub form: FormRow,
    #[serde(flatten)]
    pub table: Table<SubmissionRow>,
}

/// A submission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubmissionRow {
    #[serde(serialize_with = "super::visitor::iso")]
    pub at: Millis,
    pub contact_id: Option<i64>,
    /// The primary one of the contact, if it has any.
    pub email: Option<String>,
    /// The contact was created for it.
    pub is_new_contact: bool,
    pub visitor: Option<u32>,
    pub host: String,
    pub path: String,
    pub title: String,
    /// Sent with a token (rules.md 22).
    pub verified: bool,
    /// Noticed by the tracking script.
    pub collected: bool,
    /// `granted`, `policy` or `server`.
    pub consent: &'static str,
    pub fields: Vec<FormField>,
    /// The words of consent that the form showed, as JSON; empty = none.
    pub consent_text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FormField {
    pub name: String,
    pub value: String,
}

/// The form with this id and at most `limit` of its submissions, the newest first; `None` when there is none.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`, `NoAccount`, the store's.
pub async fn form(
    app: &App,
    account: AccountId,
    id: i64,
    after_text: Option<&str>,
    limit: usize,
) -> Result<Option<FormReport>, Error> {
    let reading = Reading::new(app, account)?;
    let before = after(after_text, Place::parse)?.unwrap_or(Place::NEWEST);
    let _turn = long_turn(app).await?;
    app.store
        .read_long(move |conn| {
            let Some(figures) = form::find(conn, account, id)? else { return Ok(None) };
            let total = figures.submissions;
            let (mut rows, damaged) = reading.rows(conn, vec![figures])?;
            let Some(form) = rows.pop() else { return Ok(None) };
            let found = submission::list_of_form(conn, account, id, before, limit)?;
            let next = found.rows.last().filter(|_| found.is_more).map(|last| last.place().to_string());
            let rows = submissions(conn, account, found.rows)?;
            let table = Table { rows, total, next, damaged, ..Table::default() };
            Ok(Some(FormReport { form, table }))
        })
        .await
}

/// What a report of forms needs of the account.
struct Reading {
    entry: Arc<account_cache::Entry>,
    scanner: Arc<scan::Scanner>,
    deadline: scan::Deadline,
    now: Millis,
}

impl Reading {
    fn new(app: &App, account: AccountId) -> Result<Self, Error> {
        Ok(Self {
            entry: app.accounts.find(account).ok_or(Error::NoAccount)?,
            scanner: Arc::clone(&app.store.scanner),
            deadline: scan::Deadline::new(Arc::clone(&app.clock)),
            now: app.now(),
        })
    }

    /// The rows of forms, and the days that could not be read for them.
    fn rows(&self, conn: &Connection, forms: Vec<FormFigures>) -> Result<(Vec<FormRow>, Vec<String>), Error> {
        let (seen, damaged) = self.page_visitors(conn, &forms)?;
        let mut pages = Pages { conn, account: self.entry.id(), known: FxHashMap::default() };
        let mut rows = Vec::with_capacity(forms.len());
        for form in forms {
            let (host, path) = pages.find(form.page)?;
            let page_visitors = seen.get(&form.page).copied().filter(|visitors| *visitors > 0);
            rows.push(FormRow {
                id: form.id,
                name: form.key,
                host,
                path,
                submissions: form.submissions,
                contacts: form.new_contacts,
                visitors: form.visitors,
                page_visitors,
                conversion_rate: page_visitors.map(|seen| share(form.visitors, seen)),
                first_seen: form.created,
                last_seen: form.last,
            });
        }
        Ok((rows, damaged))
    }

    /// How many visitors saw the page of each form, by the id of the page: one scan for all of them.
    fn page_visitors(
        &self,
        conn: &Connection,
        forms: &[FormFigures],
    ) -> Result<(FxHashMap<u32, u64>, Vec<String>), Error> {
        let mut pages: Vec<u32> = forms.iter().map(|form| form.page).filter(|page| *page != 0).collect();
        pages.sort_unstable();
        pages.dedup();
        if pages.is_empty() {
            return Ok((FxHashMap::default(), Vec::new()));
        }
        let by_page = scan::Grouping::Chosen(scan::Key::Dimension(Dimension::Page), pages.clone());
        let all: Range<i64> = 0..self.now.0.saturating_add(DAY);
        let ask = scan::Request {
            account: self.entry.id(),
            range_ms: all,
            filters: &[],
            groupings: &[by_page],
            engaged: false,
            counted: scan::Counted::Visitors,
            now: self.now,
            deadline: self.deadline.clone(),
            bounds: scan::Bounds::default(),
        };
        let answer = self.scanner.run(conn, &ask)?;
        let rows = answer.tables.into_iter().next().unwrap_or_default().rows;
        let seen = pages.into_iter().zip(rows.iter().map(|row| row.figures.visitors)).collect();
        Ok((seen, iso_days(answer.damaged)))
    }
}

/// Who submitted a form of a page that he is not known to have seen counts as one who saw it.
#[expect(clippy::cast_precision_loss, reason = "a rate of counts below 2^52")]
fn share(visitors: u64, seen: u64) -> f64 {
    (visitors as f64 / seen as f64).min(1.0)
}

/// Addresses of pages, each read once.
struct Pages<'a> {
    conn: &'a Connection,
    account: AccountId,
    known: FxHashMap<u32, (String, String)>,
}

impl Pages<'_> {
    /// Host and path; both empty when the page is unknown.
    fn find(&mut self, id: u32) -> Result<(String, String), store::Error> {
        Ok(match self.known.entry(id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let text = dictionary::find_value(self.conn, self.account, Kind::Page, id)?;
                let page = (readable(part(&text, 0)).into_owned(), readable(part(&text, 1)).into_owned());
                new.insert(page).clone()
            }
        })
    }
}

fn submissions(
    conn: &Connection,
    account: AccountId,
    found: Vec<Submitted>,
) -> Result<Vec<SubmissionRow>, store::Error> {
    let mut pages = Pages { conn, account, known: FxHashMap::default() };
    let mut rows = Vec::with_capacity(found.len());
    for submitted in found {
        let email = match submitted.contact {
            Some(contact) => contact::find_email(conn, account, contact)?.flatten(),
            None => None,
        };
        let (host, path) = pages.find(submitted.page)?;
        rows.push(SubmissionRow {
            at: submitted.at,
            contact_id: submitted.contact,
            email,
            is_new_contact: submitted.is_new_contact,
            visitor: submitted.visitor,
            host,
            path,
            title: dictionary::find_value(conn, account, Kind::Title, submitted.title)?,
            verified: submitted.way == Way::Token,
            collected: submitted.way == Way::Script,
            consent: submitted.consent.as_str(),
            fields: submitted.fields.into_iter().map(|(name, value)| FormField { name, value }).collect(),
            consent_text: submitted.consent_text,
        });
    }
    Ok(rows)
}
