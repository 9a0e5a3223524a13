//! What people functions hold, on a real store.

use std::sync::Arc;

use super::contacts::{self, AddedEmail, Details, Found};
use super::{properties, visitors, with_numbers};
use crate::base::clock::{ManualClock, Millis};
use crate::domain::account::{AccountId, Settings};
use crate::domain::contact::{EMAILS_MAX, Email, PROPERTIES_MAX, PROPERTY_HISTORY_MAX};
use crate::domain::property_type::{Definition, PropertyType};
use crate::domain::provenance::{Channel, Provenance};
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::contact::Order;
use crate::store::contact_list::{self, Among};
use crate::store::search::ContactSearch;
use crate::store::visitor::Visitor;
use crate::store::{
    self, Connection, Store, alias, contact, contact_erasure, email, property, property_definition, visitor,
};

const ACCOUNT: AccountId = AccountId::FIRST;
const BROWSER: Provenance = Provenance::asserted(Channel::Browser, Millis(5));
const TOKEN: Provenance = Provenance::verified(Channel::Api, Millis(9));

fn address(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// Runs a test in one transaction of a new store with an account.
fn on_a_store(test: impl FnOnce(&Connection) + Send + 'static) {
    let dir = tempfile::tempdir().unwrap();
    let options = store::Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
    let store = Store::open(&options, ManualClock::at(Millis(0)) as Arc<_>).unwrap();
    let done = store.writer.write_blocking(move |conn| {
        let settings = Settings::parse("Test", &["example.com".to_owned()], "UTC", "EUR").unwrap();
        store::account::insert(conn, &settings, Millis(0))?;
        test(conn);
        Ok::<_, store::Error>(())
    });
    done.unwrap();
    store.close();
}

fn find_or_create(conn: &Connection, said: &Provenance, text: &str) -> Found {
    let email = address(text);
    let found = with_numbers(conn, ACCOUNT, |numbers| {
        contacts::find_or_create_by_email(conn, ACCOUNT, numbers, said, &email, Details::default())
    });
    found.unwrap().unwrap()
}

fn record(conn: &Connection, said: &Provenance, contact: i64, name: &str, value: &str) {
    properties::record(conn, ACCOUNT, said, contact, &[(name.to_owned(), value.to_owned())]).unwrap();
}

fn merge(conn: &Connection, alias: i64, into: i64, at: Millis) {
    alias::insert(conn, ACCOUNT, &alias::Merge { alias, into, at, by: None }).unwrap();
}

fn value(conn: &Connection, contact: i64, name: &str) -> Option<(String, Channel, bool)> {
    let found = property::find(conn, ACCOUNT, contact, name).unwrap()?;
    Some((found.value, found.said.channel, found.said.trust.is_verified()))
}

/// rules.md 22
#[test]
fn what_is_asserted_never_replaces_what_is_verified() {
    on_a_store(|conn| {
        let ada = find_or_create(conn, &BROWSER, "ada@example.test").contact.id;
        record(conn, &BROWSER, ada, "plan", "free");
        record(conn, &TOKEN, ada, "plan", "pro");
        let verified = Some(("pro".to_owned(), Channel::Api, true));
        assert_eq!(value(conn, ada, "plan"), verified);
        record(conn, &BROWSER, ada, "plan", "gold");
        record(conn, &BROWSER, ada, "plan", "pro");
        assert_eq!(value(conn, ada, "plan"), verified);
        let replaced = property::list_history(conn, ACCOUNT, ada, "plan").unwrap();
        let replaced: Vec<_> = replaced.iter().map(|old| (old.value.as_str(), old.said)).collect();
        assert_eq!(replaced, [("free", BROWSER)], "what was refused was never its value");
        // The same value, and somebody stands behind it now.
        record(conn, &BROWSER, ada, "city", "Ghent");
        record(conn, &TOKEN, ada, "city", "Ghent");
        assert_eq!(value(conn, ada, "city"), Some(("Ghent".to_owned(), Channel::Api, true)));
        assert_eq!(property::list_history(conn, ACCOUNT, ada, "city").unwrap(), []);
        let emails = || email::list(conn, ACCOUNT, ada).unwrap();
        assert!(!emails()[0].is_verified);
        find_or_create(conn, &TOKEN, "ada@example.test");
        find_or_create(conn, &BROWSER, "ada@example.test");
        assert!(emails()[0].is_verified);
        contacts::add_completions(conn, ACCOUNT, &BROWSER, ada, 1, 70).unwrap();
        contacts::add_completions(conn, ACCOUNT, &TOKEN, ada, 2, 500).unwrap();
        let ada = contact::find(conn, ACCOUNT, ada).unwrap().unwrap();
        assert_eq!((ada.completions, ada.revenue_minor, ada.asserted_minor), (3, 500, 70));
    });
}

/// rules.md 37
#[test]
fn a_value_that_does_not_fit_is_refused_and_only_counted() {
    on_a_store(|conn| {
        let ada = find_or_create(conn, &BROWSER, "ada@example.test").contact.id;
        record(conn, &BROWSER, ada, "seats", "many");
        let declare = |kind, is_new: bool| {
            let definition = Definition::parse("Seats", "", kind, "").unwrap();
            match is_new {
                true => property_definition::insert(conn, ACCOUNT, &definition, Millis(1)).unwrap(),
                false => property_definition::update(conn, ACCOUNT, &definition).unwrap(),
            }
        };
        let refused = || {
            let found = property_definition::find(conn, ACCOUNT, "seats").unwrap().unwrap();
            (found.refused, found.last_refused)
        };
        declare(PropertyType::Number, true);
        assert_eq!(value(conn, ada, "seats").unwrap().0, "many", "what was there stays");
        let later = Provenance { now: Millis(7), ..BROWSER };
        record(conn, &later, ada, "seats", "more");
        record(conn, &BROWSER, ada, "seats", "most");
        record(conn, &BROWSER, ada, "other", "any");
        assert_eq!(refused(), (2, Some(Millis(7))), "when they came, the latest");
        assert_eq!(value(conn, ada, "seats").unwrap().0, "many");
        assert_eq!(property::list_history(conn, ACCOUNT, ada, "seats").unwrap(), []);
        record(conn, &BROWSER, ada, "seats", " 12 ");
        assert_eq!(value(conn, ada, "seats").unwrap().0, "12");
        declare(PropertyType::Number, false);
        assert_eq!(refused().0, 2, "the type is the same");
        declare(PropertyType::Date, false);
        assert_eq!(refused(), (0, None), "they were refused for another type");
        assert_eq!(value(conn, ada, "seats").unwrap().0, "12");
        record(conn, &TOKEN, ada, "seats", "1769817600000");
        assert_eq!(value(conn, ada, "seats"), Some(("2026-01-31".to_owned(), Channel::Api, true)));
        property_definition::delete(conn, ACCOUNT, "seats").unwrap();
        record(conn, &TOKEN, ada, "seats", "many");
        assert_eq!(value(conn, ada, "seats").unwrap().0, "many", "it is a text again");
    });
}

/// Each limit holds at its value and one past it.
#[test]
fn properties_their_histories_and_emails_are_kept_up_to_their_limits() {
    on_a_store(|conn| {
        let ada = find_or_create(conn, &BROWSER, "ada@example.test").contact.id;
        for n in 0..=PROPERTIES_MAX {
            record(conn, &BROWSER, ada, &format!("p{n}"), "x");
        }
        assert_eq!(property::count(conn, ACCOUNT, ada).unwrap(), PROPERTIES_MAX);
        assert_eq!(value(conn, ada, &format!("p{PROPERTIES_MAX}")), None);
        // One value now, and as many before it as are kept; then one more.
        for (values, oldest) in [(1..=PROPERTY_HISTORY_MAX, "x"), (0..=0, "1")] {
            values.for_each(|n| record(conn, &BROWSER, ada, "p0", &n.to_string()));
            let history = property::list_history(conn, ACCOUNT, ada, "p0").unwrap();
            assert_eq!(history.len(), PROPERTY_HISTORY_MAX);
            assert_eq!(history.last().unwrap().value, oldest);
        }
        let add = |n: usize| {
            contacts::add_email(conn, ACCOUNT, &BROWSER, ada, &address(&format!("ada{n}@example.test")))
                .unwrap()
        };
        for n in 1..EMAILS_MAX {
            assert_eq!(add(n), AddedEmail::Added);
        }
        assert_eq!(add(1), AddedEmail::Known);
        assert_eq!(add(EMAILS_MAX), AddedEmail::TooMany);
    });
}

#[test]
fn a_contact_has_several_emails_and_is_found_by_each() {
    on_a_store(|conn| {
        let ada = find_or_create(conn, &BROWSER, "ada@example.test").contact.id;
        let bob = find_or_create(conn, &BROWSER, "bob@example.test").contact.id;
        let add = |text| contacts::add_email(conn, ACCOUNT, &TOKEN, ada, &address(text)).unwrap();
        assert_eq!(add("ada@work.test"), AddedEmail::Added);
        assert_eq!(add("bob@example.test"), AddedEmail::OfAnother(bob));
        for known in ["ada@example.test", "ada@work.test"] {
            let found = find_or_create(conn, &BROWSER, known);
            assert_eq!((found.contact.id, found.is_new), (ada, false));
        }
        let searched = ContactSearch::default();
        let search = |text| {
            let numbers = searched.find(conn, ACCOUNT, text).unwrap();
            let found =
                contact_list::list(conn, ACCOUNT, Order::Email, Among::Numbers(&numbers), None, 10).unwrap();
            found.into_iter().map(|shown| (shown.id, shown.email.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(
            search("work"),
            [(ada, "ada@example.test".to_owned())],
            "by any, shown by the primary one"
        );
        contacts::set_primary_email(conn, ACCOUNT, ada, &address("ada@work.test"), Millis(9)).unwrap();
        assert_eq!(search("ada@example"), [(ada, "ada@work.test".to_owned())]);
        assert_eq!(contact::find_name(conn, ACCOUNT, ada).unwrap(), "ada@work.test");
        let primary: Vec<_> =
            email::list(conn, ACCOUNT, ada).unwrap().into_iter().map(|e| (e.email, e.is_primary)).collect();
        assert_eq!(primary, [("ada@work.test".to_owned(), true), ("ada@example.test".to_owned(), false)]);
        let foreign =
            contacts::set_primary_email(conn, ACCOUNT, ada, &address("bob@example.test"), Millis(9));
        assert!(matches!(foreign, Err(store::Error::NotFound)));
    });
}

#[test]
fn a_contact_without_an_email_is_created_only_by_who_is_trusted() {
    on_a_store(|conn| {
        let create = |said: Provenance| {
            with_numbers(conn, ACCOUNT, |numbers| {
                contacts::create_without_email(conn, ACCOUNT, numbers, &said, Details::default())
            })
        };
        for channel in Channel::ALL {
            let may = matches!(channel, Channel::Api | Channel::Import | Channel::Page);
            assert_eq!(create(Provenance::verified(channel, Millis(1))).is_ok(), may, "{channel:?}");
            let asserted = create(Provenance::asserted(channel, Millis(1)));
            assert!(matches!(asserted, Err(contacts::Error::NeedsEmail)), "{channel:?}");
        }
        let shown = contact_list::list(conn, ACCOUNT, Order::Email, Among::All, None, 10).unwrap();
        let shown: Vec<_> = shown.into_iter().map(|shown| (shown.id, shown.email)).collect();
        assert_eq!(shown, [(1, None), (2, None), (3, None)], "those refused took no number");
        let eve = find_or_create(conn, &BROWSER, "eve@example.test").contact.id;
        let mut names = Vec::new();
        contact::each_name(conn, ACCOUNT, |id, name| names.push(format!("{id} {name}"))).unwrap();
        assert_eq!(names, ["1 #1", "2 #2", "3 #3", "4 eve@example.test"]);
        let first = contacts::add_email(conn, ACCOUNT, &TOKEN, 1, &address("one@example.test")).unwrap();
        assert_eq!(first, AddedEmail::Added);
        assert_eq!(contact::find_email(conn, ACCOUNT, 1).unwrap(), Some(Some("one@example.test".to_owned())));
        assert_eq!(find_or_create(conn, &BROWSER, "one@example.test").contact.id, 1);
        assert_eq!(eve, 4);
    });
}

#[test]
fn an_alias_stands_for_the_living_contact_for_ever() {
    on_a_store(|conn| {
        let ids =
            ["a@b.test", "b@b.test", "c@b.test"].map(|text| find_or_create(conn, &BROWSER, text).contact);
        let [first, second, third] = ids.each_ref().map(|contact| contact.id);
        let resolve = |id| alias::resolve(conn, ACCOUNT, id).unwrap();
        merge(conn, first, second, Millis(7));
        assert_eq!(
            (resolve(first), resolve(second), resolve(third)),
            (Some(second), Some(second), Some(third))
        );
        let brought = alias::list_brought(conn, ACCOUNT, first).unwrap();
        let brought_numbers: Vec<u32> = brought.visitors.iter().map(|v| v.number.0).collect();
        assert_eq!(brought_numbers, [ids[0].number]);
        assert_eq!(brought.emails, [("a@b.test".to_owned(), true)]);
        merge(conn, second, third, Millis(8));
        assert_eq!(resolve(first), Some(third), "in one step, however long the chain was");
        assert_eq!(contact::find(conn, ACCOUNT, first).unwrap(), None);
        assert_eq!(contact_list::count(conn, ACCOUNT, None).unwrap(), 1);
        assert!(contact_erasure::update_erasing(conn, ACCOUNT, third).unwrap());
        assert_eq!((resolve(first), resolve(third), resolve(99)), (None, None, None));
        assert_eq!(contact_erasure::list_erasing(conn).unwrap(), [(ACCOUNT, third)]);
        contact_erasure::delete(conn, ACCOUNT, third).unwrap();
        assert_eq!(contact_erasure::list_erasing(conn).unwrap(), []);
        assert_eq!(alias::list_brought(conn, ACCOUNT, first).unwrap(), alias::Brought::default());
        let next = find_or_create(conn, &BROWSER, "c@b.test").contact.id;
        assert_eq!(next, third + 1, "a number is never given out again");
    });
}

#[test]
fn the_emails_of_an_alias_become_emails_of_its_contact() {
    on_a_store(|conn| {
        let alias = find_or_create(conn, &BROWSER, "a@b.test").contact.id;
        contacts::add_email(conn, ACCOUNT, &TOKEN, alias, &address("a@work.test")).unwrap();
        let contact = with_numbers(conn, ACCOUNT, |numbers| {
            contacts::create_without_email(conn, ACCOUNT, numbers, &TOKEN, Details::default())
        });
        let contact = contact.unwrap().id;
        merge(conn, alias, contact, Millis(7));
        let emails = |id| -> Vec<_> {
            let emails = email::list(conn, ACCOUNT, id).unwrap();
            emails.into_iter().map(|e| (e.email, e.is_primary, e.is_verified)).collect()
        };
        assert_eq!(emails(alias), []);
        let both = [("a@b.test".to_owned(), true, false), ("a@work.test".to_owned(), false, true)];
        assert_eq!(emails(contact), both, "a contact without an email gets the primary one of its alias");
        assert_eq!(find_or_create(conn, &BROWSER, "a@b.test").contact.id, contact);
        let second = email::ContactEmail {
            email: "c@d.test".to_owned(),
            is_primary: true,
            is_verified: false,
            created: Millis(8),
        };
        let refused = email::insert(conn, ACCOUNT, contact, &second);
        assert!(matches!(refused, Err(store::Error::Conflict)), "it has a primary email");
        assert_eq!(emails(contact), both);
    });
}

/// rules.md 12, 21
#[test]
fn what_a_visitor_did_counts_for_its_contact_and_leaves_with_it() {
    on_a_store(|conn| {
        let token = Token::parse("abc").unwrap();
        let mut visitor =
            Visitor { sessions: 2, page_views: 7, session_id: 4, ..Visitor::new(VisitorNumber(1), 1) };
        let mut numbers = store::account::find_numbers(conn, ACCOUNT).unwrap().unwrap();
        numbers.visitor = 1;
        store::account::update_numbers(conn, ACCOUNT, numbers).unwrap();
        let [ada, bob] = ["ada@b.test", "bob@b.test"].map(|text| find_or_create(conn, &BROWSER, text));
        let assign = |found: &Found, visitor: &mut Visitor| {
            let moved = with_numbers(conn, ACCOUNT, |numbers| {
                visitors::assign(conn, ACCOUNT, numbers, &BROWSER, found, visitor, Some(&token))
            });
            visitor::upsert(conn, ACCOUNT, visitor).unwrap();
            moved.unwrap()
        };
        let visits = |found: &Found| {
            let shown = contact::find(conn, ACCOUNT, found.contact.id).unwrap().unwrap();
            (shown.sessions, shown.page_views)
        };
        assert!(!assign(&ada, &mut visitor), "what was nobody's keeps its number");
        assert_eq!(visits(&ada), (2, 7));
        // The same browser says to be Bob and Ada again, within one session: it is one session of hers.
        for (found, is_one_more) in [(&bob, true), (&ada, false)] {
            assert!(assign(found, &mut visitor));
            assert_eq!((visitor.sessions, visitor.page_views), (0, 0));
            let counts = visitors::count_session(conn, ACCOUNT, &mut visitor, Some(4)).unwrap();
            assert_eq!(counts, is_one_more);
            visitor::upsert(conn, ACCOUNT, &visitor).unwrap();
            contact::recount_visits(conn, ACCOUNT, found.contact.id).unwrap();
        }
        assert_eq!((visits(&ada), visits(&bob)), ((2, 7), (1, 0)));
        // Without the number it was counted by, the other number's part of the session counts.
        visitor::delete(conn, ACCOUNT, VisitorNumber(1)).unwrap();
        assert_eq!(visits(&ada), (1, 0));
        assert_eq!(contact::count_miscounted(conn).unwrap(), 0);
    });
}
