//! The properties of an account, declared and not, with how many contacts have each and which values do not fit; and the
//! properties of one contact with the values before (rules.md 37).

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::property_type::{BUILT_IN, Definition};
use crate::domain::provenance::Channel;
use crate::store::property::{self, Property};
use crate::store::property_definition::{self, Declared};
use crate::store::{self, Connection, contact};

/// Undeclared properties that are shown, those that most contacts have.
const UNDECLARED_SHOWN: usize = 100;
/// Undeclared properties that are counted. Anybody can invent names, and those past this many are only known to be there.
const UNDECLARED_COUNTED: usize = 10_000;

/// The properties of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PropertiesReport {
    /// By name.
    pub declared: Vec<DeclaredRow>,
    /// Those that most contacts have, the most first.
    pub undeclared: Vec<UndeclaredRow>,
    /// Undeclared ones, shown or not.
    pub undeclared_total: u64,
    /// There are even more than that.
    pub undeclared_left_out: bool,
}

/// A declared property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeclaredRow {
    pub name: String,
    pub label: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub choices: Vec<String>,
    /// Contacts that have a value.
    pub contacts: u64,
    /// Those whose value does not fit, because it is older than the type.
    pub misfits: u64,
    /// Values that were refused because they did not fit.
    pub refused: u64,
    #[serde(serialize_with = "iso_if_any")]
    pub last_refused: Option<Millis>,
}

/// A property that data brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UndeclaredRow {
    pub name: String,
    /// Contacts that have a value.
    pub contacts: u64,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference")]
pub(super) fn iso_if_any<S: Serializer>(at: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_str(&at.iso()),
        None => serializer.serialize_none(),
    }
}

/// The properties of an account. All values of the account are read.
///
/// # Errors
/// The store's.
pub async fn properties(app: &App, account: AccountId) -> Result<PropertiesReport, store::Error> {
    app.store.read(move |conn| find(conn, account, UNDECLARED_COUNTED)).await
}

/// Counts at most `counted_max` undeclared names.
fn find(conn: &Connection, account: AccountId, counted_max: usize) -> Result<PropertiesReport, store::Error> {
    let declared = property_definition::list(conn, account)?;
    let mut places = FxHashMap::default();
    places.extend(declared.iter().enumerate().map(|(place, one)| (one.definition.name.clone(), place)));
    let mut rows: Vec<DeclaredRow> = declared.iter().map(row_of).collect();
    // Merged contacts keep their own properties, and their survivor has what it took of them.
    let mut is_living = Vec::new();
    for id in contact::list_ids(conn, account)? {
        is_living.resize(is_living.len().max(id as usize + 1), false);
        if let Some(living) = is_living.get_mut(id as usize) {
            *living = true;
        }
    }
    // The names come from outside, so they are hashed with a secret.
    let mut undeclared: HashMap<String, u64> = HashMap::new();
    let mut undeclared_left_out = false;
    property::each(conn, account, |contact, name, value| {
        if is_living.get(contact as usize) != Some(&true) || BUILT_IN.contains(&name) {
            return;
        }
        if let Some(place) = places.get(name) {
            if let (Some(row), Some(one)) = (rows.get_mut(*place), declared.get(*place)) {
                row.contacts += 1;
                row.misfits += u64::from(one.definition.read(value).is_none());
            }
        } else if let Some(count) = undeclared.get_mut(name) {
            *count += 1;
        } else if undeclared.len() < counted_max {
            undeclared.insert(name.to_owned(), 1);
        } else {
            undeclared_left_out = true;
        }
    })?;
    let undeclared_total = undeclared.len() as u64;
    let mut undeclared: Vec<UndeclaredRow> =
        undeclared.into_iter().map(|(name, contacts)| UndeclaredRow { name, contacts }).collect();
    undeclared.sort_unstable_by(|a, b| (Reverse(a.contacts), &a.name).cmp(&(Reverse(b.contacts), &b.name)));
    undeclared.truncate(UNDECLARED_SHOWN);
    Ok(PropertiesReport { declared: rows, undeclared, undeclared_total, undeclared_left_out })
}

fn row_of(declared: &Declared) -> DeclaredRow {
    let Definition { name, label, kind, choices } = &declared.definition;
    DeclaredRow {
        name: name.clone(),
        label: label.clone(),
        kind: kind.as_str(),
        choices: choices.clone(),
        contacts: 0,
        misfits: 0,
        refused: declared.refused,
        last_refused: declared.last_refused,
    }
}

/// A property of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Said {
    pub name: String,
    pub value: String,
    /// By a token or a signature, not only said (rules.md 22).
    pub verified: bool,
    /// How the value came.
    pub channel: &'static str,
    #[serde(serialize_with = "super::visitor::iso")]
    pub at: Millis,
    /// Declared, or there from the start.
    pub declared: bool,
    /// As pages name it.
    pub label: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The value fits the type.
    pub fits: bool,
    /// The values before, the newest first.
    pub history: Vec<Earlier>,
}

/// A value that was replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Earlier {
    pub value: String,
    pub verified: bool,
    pub channel: &'static str,
    #[serde(serialize_with = "super::visitor::iso")]
    pub at: Millis,
}

/// The properties of a contact, by name.
pub(super) fn list_of_contact(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Vec<Said>, store::Error> {
    let mut histories: FxHashMap<String, Vec<Earlier>> = FxHashMap::default();
    for Property { name, value, said } in property::list_histories(conn, account, contact)? {
        let earlier = Earlier {
            value,
            verified: said.trust.is_verified(),
            channel: said.channel.as_str(),
            at: said.at,
        };
        histories.entry(name).or_default().push(earlier);
    }
    let said = |Property { name, value, said }: Property| {
        let declared = property_definition::find(conn, account, &name)?.map(|one| one.definition);
        Ok(Said {
            verified: said.trust.is_verified(),
            channel: said.channel.as_str(),
            at: said.at,
            declared: declared.is_some() || BUILT_IN.contains(&name.as_str()),
            label: declared.as_ref().map_or(&name, |one| &one.label).clone(),
            kind: declared.as_ref().map(|one| one.kind).unwrap_or_default().as_str(),
            fits: declared.as_ref().is_none_or(|one| one.read(&value).is_some()),
            history: histories.remove(&name).unwrap_or_default(),
            name,
            value,
        })
    };
    property::list(conn, account, contact)?.into_iter().map(said).collect()
}

/// Properties that an editor set at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    pub at: Millis,
    /// As pages name them.
    pub labels: Vec<String>,
}

/// What editors set of these properties, the newest first, as far as the history of each reaches.
pub(super) fn edits(all: &[Said]) -> Vec<Edit> {
    let mut by_time: BTreeMap<Reverse<Millis>, Vec<String>> = BTreeMap::new();
    for said in all {
        let earlier = said.history.iter().map(|earlier| (earlier.channel, earlier.at));
        let now = std::iter::once((said.channel, said.at));
        for (_, at) in now.chain(earlier).filter(|(channel, _)| *channel == Channel::Page.as_str()) {
            let labels = by_time.entry(Reverse(at)).or_default();
            if !labels.contains(&said.label) {
                labels.push(said.label.clone());
            }
        }
    }
    by_time.into_iter().map(|(Reverse(at), labels)| Edit { at, labels }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::clock::ManualClock;
    use crate::domain::account::Settings;
    use crate::domain::property_type::PropertyType;
    use crate::domain::provenance::Provenance;
    use crate::store::Store;
    use crate::store::contact::Contact;

    /// Names past the limit are only known to be there; declared properties are counted whatever comes.
    #[test]
    fn so_many_undeclared_names_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let options = store::Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
        let store = Store::open(&options, ManualClock::at(Millis(0)) as Arc<_>).unwrap();
        let done = store.writer.write_blocking(|conn| {
            let account = AccountId::FIRST;
            let settings = Settings::parse("Test", &["example.com".to_owned()], "UTC", "EUR").unwrap();
            store::account::insert(conn, &settings, Millis(0))?;
            let seats = Definition::parse("seats", "", PropertyType::Number, "").unwrap();
            property_definition::insert(conn, account, &seats, Millis(0))?;
            for id in 1..=2 {
                let contact = Contact {
                    id,
                    email: None,
                    external_id: None,
                    number: u32::try_from(id).unwrap(),
                    created_ms: 0,
                    first_ms: 0,
                    last_ms: 0,
                    source: 0,
                };
                contact::insert(conn, account, &contact, false)?;
                for name in
                    ["a", "b", "c", "firstname", "seats"].iter().skip(usize::try_from(id - 1).unwrap())
                {
                    let said = Provenance::asserted(Channel::Browser, Millis(1));
                    let (name, value) = ((*name).to_owned(), id.to_string());
                    property::upsert(conn, account, id, &Property { name, value, said })?;
                }
            }
            let all = find(conn, account, 3)?;
            let names: Vec<_> = all.undeclared.iter().map(|row| (&*row.name, row.contacts)).collect();
            assert_eq!(names, [("b", 2), ("c", 2), ("a", 1)]);
            assert_eq!((all.undeclared_total, all.undeclared_left_out), (3, false));
            let some = find(conn, account, 2)?;
            assert_eq!((some.undeclared_total, some.undeclared_left_out), (2, true));
            assert_eq!((some.declared[0].contacts, some.declared[0].misfits), (2, 0));
            Ok::<_, store::Error>(())
        });
        done.unwrap();
        store.close();
    }

    #[test]
    fn what_was_set_at_one_moment_is_one_edit() {
        let page = Channel::Page.as_str();
        let said = |label: &str, at: &[i64]| Said {
            label: label.to_owned(),
            channel: page,
            at: Millis(at[0]),
            history: at[1..]
                .iter()
                .map(|at| Earlier { channel: page, at: Millis(*at), ..Earlier::default() })
                .chain([Earlier { channel: Channel::Browser.as_str(), at: Millis(1), ..Earlier::default() }])
                .collect(),
            ..Said::default()
        };
        let edits = edits(&[said("City", &[9, 5]), said("Plan", &[9])]);
        let edits: Vec<_> = edits.iter().map(|edit| (edit.at.0, edit.labels.join(" "))).collect();
        assert_eq!(edits, [(9, "City Plan".to_owned()), (5, "City".to_owned())]);
    }
}
