//! Lists of random histories at many moments of a clock that goes on, against a count of the facts alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use guestlog::app::App;
use guestlog::app::access::Actor;
use guestlog::app::jobs::assign_companies::assign_companies;
use guestlog::app::jobs::build_lists::{EVERY_MS, ListJob};
use guestlog::app::people::lists;
use guestlog::base::clock::{DAY, HOUR, ManualClock, Millis};
use guestlog::domain::list::{
    Comparison, Condition, Conditions, Day, Group, ListId, ListKind, Measure, MomentField, RowFilter,
    TextField, TextTest, Time, Unit,
};
use guestlog::domain::period::Zone;
use guestlog::domain::question::{Dimension, Filter, Operator};
use guestlog::store::{self, Connection};

use super::history::{AccountFact, Dice, World};
use super::hit_history::product;
use super::{oracle, random};

const HISTORIES: u64 = 8;
const LISTS: usize = 20;
const MOMENTS: usize = 50;

fn time(dice: &mut Dice, account: &AccountFact) -> Time {
    let zone = Zone::named(account.zone_name);
    let mut day = || Day(zone.day_of(Millis(account.now.0 - dice.between(0, 9 * DAY))));
    let (one, other) = (day(), day());
    let amount = 1 + dice.below(9) as u32;
    let unit = dice.pick(&[Unit::Hours, Unit::Days, Unit::Days, Unit::Days, Unit::Weeks]);
    match dice.below(10) {
        0 => Time::Ever,
        1 => Time::Earlier { amount, unit },
        2 => Time::Before { day: one },
        3 => Time::Since { day: one },
        4 if one.0.0 <= other.0.0 => Time::Between { from: one, to: other },
        _ => Time::Last { amount, unit },
    }
}

fn condition(dice: &mut Dice, account: &AccountFact, lists: &[ListId]) -> Condition {
    let within = time(dice, account);
    let comparisons = [Comparison::AtLeast, Comparison::AtMost, Comparison::Exactly];
    match dice.below(9) {
        8 => Condition::CompletionValue {
            event: None,
            value_is: dice.pick(&comparisons),
            value_minor: dice.between(0, 3_000),
            is: dice.pick(&comparisons),
            number: dice.below(3) as i64,
            within,
        },
        0 => Condition::Moment {
            field: dice.pick(&[MomentField::FirstSeen, MomentField::LastSeen, MomentField::Created]),
            within,
        },
        1 => Condition::Text {
            field: TextField::Email,
            is: dice.pick(&TextTest::ALL),
            value: dice.pick(&["person1@example.test", "PERSON2", ".test", "person"]).to_owned(),
        },
        2 if dice.one_in(3) => Condition::Text {
            field: TextField::Company,
            is: dice.pick(&TextTest::ALL),
            value: dice.pick(&["example.test", "SHOP.test", "p", "person1@example.test"]).to_owned(),
        },
        2 if !lists.is_empty() => Condition::List { list: dice.pick(lists), is_member: dice.one_in(2) },
        _ => {
            let filters = (0..usize::from(dice.one_in(3))).map(|_| {
                loop {
                    let filter = random::filter(dice);
                    if filter.dimension != Dimension::Contact {
                        return RowFilter(filter);
                    }
                }
            });
            Condition::Activity {
                filters: filters.collect(),
                measure: dice.pick(&[Measure::Completions, Measure::PageViews, Measure::Value]),
                is: dice.pick(&[
                    Comparison::AtLeast,
                    Comparison::AtLeast,
                    Comparison::AtMost,
                    Comparison::Exactly,
                ]),
                number: dice.below(3) as i64,
                within,
            }
        }
    }
}

fn conditions(dice: &mut Dice, account: &AccountFact, lists: &[ListId]) -> Conditions {
    let groups = (0..1 + dice.below(2)).map(|_| {
        let all = (0..1 + dice.below(2)).map(|_| condition(dice, account, lists)).collect();
        Group { all }
    });
    Conditions { any: groups.collect() }
}

/// What is known of a contact's times: they are kept by the store, and not by the facts.
type Seen = Vec<(i64, [i64; 3])>;

fn seen(app: &App, account: &AccountFact) -> Seen {
    let id = account.id;
    let read = |conn: &Connection| {
        let mut all = Vec::new();
        for contact in store::contact::list_ids(conn, id)? {
            let found = store::contact::find(conn, id, contact.into())?.unwrap();
            all.push((found.id, [found.first.0, found.last.0, found.created.0]));
        }
        Ok::<_, store::Error>(all)
    };
    app.store.readers.read(read).unwrap()
}

fn compares(is: Comparison, found: i64, wanted: i64) -> bool {
    match is {
        Comparison::AtLeast => found >= wanted,
        Comparison::AtMost => found <= wanted,
        Comparison::Exactly => found == wanted,
    }
}

/// Who fits a condition, by the facts alone. `members` are those of the lists found before.
fn fits(
    account: &AccountFact,
    condition: &Condition,
    contact: i64,
    now: Millis,
    seen: &Seen,
    members: &[(ListId, BTreeSet<i64>)],
) -> bool {
    let zone = Zone::named(account.zone_name);
    match condition {
        Condition::Activity { measure, filters, is, number, within } => {
            let filters: Vec<Filter> = filters.iter().map(|filter| filter.0.clone()).collect();
            let mut sum = 0;
            for event in oracle::matching(account, &within.range_ms(&zone, now), &filters) {
                if account.contact_of.get(&event.visitor) == Some(&contact) {
                    sum += match measure {
                        Measure::Completions => i64::from(!event.is_view),
                        Measure::PageViews => i64::from(event.is_view),
                        Measure::Value => event.value_minor,
                    };
                }
            }
            compares(*is, sum, *number)
        }
        Condition::CompletionValue { event: _, value_is, value_minor, is, number, within } => {
            let matching = oracle::matching(account, &within.range_ms(&zone, now), &[]);
            let done = matching.into_iter().filter(|event| {
                account.contact_of.get(&event.visitor) == Some(&contact)
                    && !event.is_view
                    && compares(*value_is, event.value_minor, *value_minor)
            });
            compares(*is, done.count() as i64, *number)
        }
        Condition::Moment { field, within } => {
            let (_, at) = seen.iter().find(|(id, _)| *id == contact).unwrap();
            let at_ms = match field {
                MomentField::FirstSeen => at[0],
                MomentField::LastSeen => at[1],
                MomentField::Created => at[2],
            };
            within.range_ms(&zone, now).contains(&at_ms)
        }
        Condition::Text { field, is, value } => {
            let (mut email, value) = (account.contacts[&contact].to_lowercase(), value.to_lowercase());
            if *field == TextField::Company {
                email = email.split('@').next_back().unwrap_or_default().to_owned();
            }
            match is {
                TextTest::Is => email == value,
                TextTest::IsNot => email != value,
                TextTest::Contains => email.contains(&value),
                TextTest::StartsWith => email.starts_with(&value),
                TextTest::EndsWith => email.ends_with(&value),
                TextTest::IsKnown => !email.is_empty(),
                TextTest::IsUnknown => email.is_empty(),
            }
        }
        Condition::Number { .. } | Condition::Date { .. } | Condition::CompletionProperty { .. } => {
            panic!("the facts have no properties")
        }
        Condition::Submission { .. } => panic!("the facts have no submissions"),
        Condition::List { list, is_member } => {
            let (_, of) = members.iter().find(|(id, _)| id == list).unwrap();
            of.contains(&contact) == *is_member
        }
    }
}

fn members(app: &App, account: &AccountFact, list: ListId) -> BTreeSet<i64> {
    let read = |conn: &Connection| store::list::list_members(conn, account.id, list);
    app.store.readers.read(read).unwrap().into_iter().map(i64::from).collect()
}

/// Every active list has the members that a plain count finds, at each moment of a clock that goes on.
#[test]
fn lists_have_the_members_that_the_facts_say_at_every_moment() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut joined, mut left, mut some, mut all) = (0, 0, 0, 0);
    for seed in 0..HISTORIES {
        let make = if seed % 2 == 0 { World::new } else { World::closed };
        let World { store, clock, accounts, dir } = make(seed);
        store.close();
        let app = product(dir.path(), Arc::<ManualClock>::clone(&clock));
        assert!(runtime.block_on(assign_companies(&app)) > 0);
        let account = &accounts[0];
        let mut dice = Dice::new(seed ^ 0x1157);
        let mut made: Vec<(ListId, Conditions)> = Vec::new();
        for n in 0..LISTS {
            let ids: Vec<ListId> = made.iter().map(|(id, _)| *id).collect();
            let conditions = conditions(&mut dice, account, &ids);
            let name = format!("List {n}");
            let create =
                lists::create(&app, Actor::Machine, account.id, &name, ListKind::Active, conditions.clone());
            made.push((runtime.block_on(create).unwrap(), conditions));
        }
        let seen = seen(&app, account);
        let mut job = ListJob::default();
        let mut before: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); LISTS];
        for moment in 0..MOMENTS {
            let step = dice.pick(&[EVERY_MS, HOUR, 5 * HOUR, DAY]);
            clock.advance(step);
            runtime.block_on(job.run(&app)).unwrap();
            let mut found: Vec<(ListId, BTreeSet<i64>)> = Vec::new();
            for ((list, conditions), before) in made.iter().zip(&mut before) {
                let now = clock_now(&app);
                let wanted: BTreeSet<i64> = account
                    .contacts
                    .keys()
                    .copied()
                    .filter(|contact| {
                        conditions.any.iter().any(|group| {
                            group.all.iter().all(|one| fits(account, one, *contact, now, &seen, &found))
                        })
                    })
                    .collect();
                let kept = members(&app, account, *list);
                assert_eq!(kept, wanted, "seed {seed}, moment {moment}: {}", conditions.to_json());
                joined += kept.difference(before).count();
                left += before.difference(&kept).count();
                some += usize::from(!kept.is_empty() && kept.len() < account.contacts.len());
                all += 1;
                found.push((*list, kept.clone()));
                *before = kept;
            }
        }
        app.store.close();
    }
    assert!(joined > 150 && left > 12 && some > all / 12, "{joined} joined, {left} left, {some} of {all}");
}

fn clock_now(app: &App) -> Millis {
    app.now()
}

/// A report that is filtered by lists counts what their members did.
#[test]
fn a_list_is_a_filter_of_every_report() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for seed in 0..HISTORIES {
        let world = World::closed(seed);
        let World { store, clock, accounts, dir } = world;
        store.close();
        let app = product(dir.path(), Arc::<ManualClock>::clone(&clock));
        let account = accounts[0].clone();
        let mut dice = Dice::new(seed ^ 0xF117);
        let conditions = conditions(&mut dice, &account, &[]);
        let create =
            lists::create(&app, Actor::Machine, account.id, "Some |people", ListKind::Static, conditions);
        let id = runtime.block_on(create).unwrap();
        let of_list = members(&app, &account, id);
        app.store.close();
        let options = store::Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 2 };
        let store = store::Store::open(&options, Arc::<ManualClock>::clone(&clock)).unwrap();
        let world = World { store, clock, accounts, dir };
        let range = random::period(&mut dice, &account);
        for (operator, value, is_in) in [
            (Operator::Is, id.0.to_string(), true),
            (Operator::IsNot, id.0.to_string(), false),
            (Operator::Is, "SOME |PEOPLE".to_owned(), true),
            (Operator::Contains, "people".to_owned(), true),
            (Operator::DoesNotContain, "people".to_owned(), false),
            (Operator::StartsWith, "some".to_owned(), true),
            (Operator::Is, "999".to_owned(), false),
        ] {
            let filter = Filter { dimension: Dimension::List, operator, values: vec![value.clone()] };
            let groupings = [guestlog::store::scan::Grouping::Total];
            let answer = random::ask(&world, &account, &range, &[filter], &groupings, Default::default());
            let mut events = oracle::matching(&account, &range, &[]);
            let of =
                |visitor| account.contact_of.get(&visitor).is_some_and(|contact| of_list.contains(contact));
            match value.as_str() {
                "999" => events.clear(),
                _ => events.retain(|event| of(event.visitor) == is_in),
            }
            let names = random::event_names(&world.store, &account);
            let expected = random::expect(
                &account,
                &events,
                &groupings[0],
                guestlog::store::scan::Counted::Visitors,
                &names,
            );
            let table = answer.tables.into_iter().next().unwrap();
            assert_eq!((table.rows, table.total), expected, "seed {seed}, {operator:?} {value}");
        }
    }
}
