//! Who is in a list by its conditions. Each condition becomes one bool per contact: what contacts did is one question to
//! the scan, everything else is read from the tables of contacts.

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::list::{Condition, Conditions, Measure, MomentField, TextField, TextTest, Time};
use crate::domain::period::{LocalDay, Zone};
use crate::domain::property_type::{parse_date, parse_number};
use crate::domain::question::{Dimension, Filter};
use crate::store::contact;
use crate::store::contact_change::ActiveContacts;
use crate::store::dictionary::{self, Kind, part};
use crate::store::scan::{Bounds, Counted, Deadline, Grouping, Request, Scanner, ValueTest};
use crate::store::{self, Connection, company, email, event, list, property, submission};

/// What the conditions are asked of.
pub(super) struct Evaluation<'a> {
    pub conn: &'a Connection,
    pub scanner: &'a Scanner,
    pub active_contacts: &'a ActiveContacts,
    pub account: AccountId,
    pub zone: &'a Zone,
    pub now: Millis,
    pub deadline: &'a Deadline,
}

/// Who is in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Ascending.
    pub contacts: Vec<u32>,
    /// Days that cannot be read, so what contacts did on them is not counted.
    pub damaged: Vec<LocalDay>,
}

/// One bool per contact number.
type Flags = Vec<bool>;

impl Evaluation<'_> {
    /// The contacts for whom all conditions of any group hold.
    pub(super) fn members(&self, conditions: &Conditions) -> Result<Members, store::Error> {
        let exists = self.active_contacts.flags(self.conn, self.account)?;
        let length = exists.len();
        let (mut is_in, mut damaged) = (vec![false; length], Vec::new());
        for group in &conditions.any {
            let mut fits = exists.to_vec();
            for condition in &group.all {
                let holds = self.holds(condition, length, &mut damaged)?;
                fits.iter_mut().zip(holds).for_each(|(fits, holds)| *fits &= holds);
            }
            is_in.iter_mut().zip(fits).for_each(|(is_in, fits)| *is_in |= fits);
        }
        damaged.sort_unstable();
        damaged.dedup();
        let contacts = (0..).zip(is_in).filter(|(_, is_in)| *is_in).map(|(contact, _)| contact);
        Ok(Members { contacts: contacts.collect(), damaged })
    }

    fn holds(
        &self,
        condition: &Condition,
        length: usize,
        damaged: &mut Vec<LocalDay>,
    ) -> Result<Flags, store::Error> {
        match condition {
            Condition::Activity { measure, filters, is, number, within } => {
                let filters: Vec<Filter> = filters.iter().map(|filter| filter.0.clone()).collect();
                let sums = self.sums(*measure, &filters, *within, length, damaged)?;
                Ok(sums.into_iter().map(|sum| is.holds(sum, *number)).collect())
            }
            Condition::Submission { form, is, number, within } => {
                let range_ms = within.range_ms(self.zone, self.now);
                let mut counts = vec![0; length];
                submission::each_of_contacts(self.conn, self.account, *form, &range_ms, |contact| {
                    add(&mut counts, contact);
                })?;
                Ok(counts.into_iter().map(|count| is.holds(count, *number)).collect())
            }
            Condition::CompletionProperty {
                event: number_of_event,
                property,
                test,
                value,
                is,
                number,
                within,
            } => {
                let range_ms = within.range_ms(self.zone, self.now);
                let mut counts = vec![0; length];
                let asked = (EventNumber(*number_of_event), property.as_str());
                event::each_property(self.conn, self.account, asked, &range_ms, |contact, found| {
                    if test.matches(found, value) {
                        add(&mut counts, contact);
                    }
                })?;
                Ok(counts.into_iter().map(|count| is.holds(count, *number)).collect())
            }
            Condition::CompletionValue { event, value_is, value_minor, is, number, within } => {
                let value = (*value_is, *value_minor);
                let counts = self.count_with_value(*event, value, *within, length, damaged)?;
                Ok(counts.into_iter().map(|count| is.holds(count, *number)).collect())
            }
            Condition::Moment { field, within } => self.moments(*field, *within, length),
            Condition::Text { field, is, value } => self.texts(field, *is, value, length),
            Condition::Number { property, is, value } => {
                let wanted = parse_number(value.trim());
                self.values(property, length, |found| {
                    parse_number(found).zip(wanted).is_some_and(|(found, wanted)| is.holds(found, wanted))
                })
            }
            Condition::Date { property, within } => {
                let range_ms = within.range_ms(self.zone, self.now);
                self.values(property, length, |found| {
                    parse_date(found).is_some_and(|day| range_ms.contains(&self.zone.start_of(day).0))
                })
            }
            Condition::List { list, is_member } => {
                let mut holds = vec![false; length];
                set_all(&mut holds, &list::list_members(self.conn, self.account, *list)?);
                Ok(holds.into_iter().map(|holds| holds == *is_member).collect())
            }
        }
    }

    /// How much of something each contact did.
    fn sums(
        &self,
        measure: Measure,
        filters: &[Filter],
        within: Time,
        length: usize,
        damaged: &mut Vec<LocalDay>,
    ) -> Result<Vec<i64>, store::Error> {
        let range_ms = within.range_ms(self.zone, self.now);
        let mut sums = vec![0; length];
        if measure != Measure::PageViews
            && let Some(found) = self.scanner.sum_completions(
                self.conn,
                self.account,
                filters,
                None,
                range_ms.clone(),
                self.deadline,
            )?
        {
            for (sum, (completions, value_minor)) in sums.iter_mut().zip(found.by_contact()) {
                *sum = match measure {
                    Measure::Value => *value_minor,
                    _ => i64::try_from(*completions).unwrap_or(i64::MAX),
                };
            }
            damaged.extend(found.damaged);
            return Ok(sums);
        }
        let answer = self.scanner.run(
            self.conn,
            &Request {
                account: self.account,
                range_ms,
                filters,
                groupings: &[Grouping::EachContact],
                engaged: false,
                counted: Counted::Contacts,
                now: self.now,
                deadline: self.deadline.clone(),
                bounds: Bounds::default(),
            },
        )?;
        damaged.extend(answer.damaged);
        for table in answer.tables {
            for (contact, row) in table.codes.iter().zip(table.rows) {
                if let Some(sum) = sums.get_mut(*contact as usize) {
                    *sum = match measure {
                        Measure::Completions => i64::try_from(row.figures.completions).unwrap_or(i64::MAX),
                        Measure::PageViews => i64::try_from(row.figures.page_views).unwrap_or(i64::MAX),
                        Measure::Value => row.figures.value_minor,
                    };
                }
            }
        }
        Ok(sums)
    }

    /// How many completions of an event, or of any, with such a value each contact has.
    fn count_with_value(
        &self,
        event: Option<u32>,
        value: ValueTest,
        within: Time,
        length: usize,
        damaged: &mut Vec<LocalDay>,
    ) -> Result<Vec<i64>, store::Error> {
        let filter = event.map(|event| Filter::is(Dimension::Event, &EventNumber(event).to_string()));
        let found = self.scanner.sum_completions(
            self.conn,
            self.account,
            filter.as_slice(),
            Some(value),
            within.range_ms(self.zone, self.now),
            self.deadline,
        )?;
        let mut counts = vec![0; length];
        if let Some(found) = found {
            for (count, (completions, _)) in counts.iter_mut().zip(found.by_contact()) {
                *count = i64::try_from(*completions).unwrap_or(i64::MAX);
            }
            damaged.extend(found.damaged);
        }
        Ok(counts)
    }

    fn moments(&self, field: MomentField, within: Time, length: usize) -> Result<Flags, store::Error> {
        let range_ms = within.range_ms(self.zone, self.now);
        let mut holds = vec![false; length];
        contact::each_moment(self.conn, self.account, field, |contact, at_ms| {
            set(&mut holds, contact, range_ms.contains(&at_ms));
        })?;
        Ok(holds)
    }

    /// The contacts whose value of a property fits.
    fn values(
        &self,
        property: &str,
        length: usize,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Flags, store::Error> {
        let mut holds = vec![false; length];
        property::each_of_name(self.conn, self.account, property, |contact, value| {
            set(&mut holds, contact, fits(value));
        })?;
        Ok(holds)
    }

    fn texts(
        &self,
        field: &TextField,
        is: TextTest,
        value: &str,
        length: usize,
    ) -> Result<Flags, store::Error> {
        let mut has = vec![false; length];
        let mut note = |contact: u32, text: &str| {
            if is.matches(text, value) {
                set(&mut has, contact, true);
            }
        };
        match field {
            TextField::Email => email::each(self.conn, self.account, note)?,
            TextField::Company => company::each_of_contacts(self.conn, self.account, note)?,
            TextField::Property(name) => property::each_of_name(self.conn, self.account, name, note)?,
            TextField::OriginalSource => {
                let mut words = vec![String::new()];
                dictionary::list_after(self.conn, self.account, Kind::Source, 0, |id, text| {
                    words.resize(words.len().max(id as usize + 1), String::new());
                    if let Some(word) = words.get_mut(id as usize) {
                        part(text, 0).clone_into(word);
                    }
                })?;
                contact::each_source(self.conn, self.account, |contact, source| {
                    note(contact, words.get(source as usize).map_or("", String::as_str));
                })?;
            }
        }
        Ok(has.into_iter().map(|has| has != is.is_negative()).collect())
    }
}

fn set(flags: &mut Flags, contact: u32, to: bool) {
    if let Some(flag) = flags.get_mut(contact as usize) {
        *flag = to;
    }
}

fn add(counts: &mut [i64], contact: u32) {
    if let Some(count) = counts.get_mut(contact as usize) {
        *count += 1;
    }
}

fn set_all(flags: &mut Flags, contacts: &[u32]) {
    for contact in contacts {
        set(flags, *contact, true);
    }
}
