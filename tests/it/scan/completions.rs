//! What contacts completed, as it is kept between questions, against a plain count of the facts: while days are open,
//! after they are closed, and after visitors were erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use guestlog::base::clock::ManualClock;
use guestlog::domain::list::Comparison;
use guestlog::domain::period::Zone;
use guestlog::domain::question::{Dimension, Filter};
use guestlog::store::scan::Deadline;
use guestlog::store::{self, Connection};

use super::erase::{self, some_visitors};
use super::history::{AccountFact, Dice, World};
use super::hit_history::close_all;
use super::{oracle, random};

const HISTORIES: u64 = 25;
const QUESTIONS: usize = 12;

/// Completions and value of each contact that has any.
type Sums = BTreeMap<i64, (u64, i64)>;

fn filters(dice: &mut Dice) -> Vec<Filter> {
    let mut filters = Vec::new();
    let wanted = dice.below(3);
    while filters.len() < wanted {
        let filter = random::filter(dice);
        if matches!(filter.dimension, Dimension::Event | Dimension::Tag) {
            filters.push(filter);
        }
    }
    filters
}

/// Asks some questions; answers how many contacts were found in all.
fn ask(world: &World, account: &AccountFact, dice: &mut Dice, what: &str) -> usize {
    let mut found = 0;
    for _ in 0..QUESTIONS {
        let (range, filters) = (random::period(dice, account), filters(dice));
        let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
        let comparisons = [Comparison::AtLeast, Comparison::AtMost, Comparison::Exactly];
        let value = comparisons.get(dice.below(6)).map(|is| (*is, 100 * dice.below(8) as i64));
        let sum = |conn: &Connection| {
            world.store.scanner.sum_completions(conn, account.id, &filters, value, range.clone(), &deadline)
        };
        let sums = world.store.readers.read(sum).unwrap().unwrap();
        assert!(sums.damaged.is_empty());
        let sums: Sums = (0..)
            .zip(sums.by_contact().iter().copied())
            .skip(1)
            .filter(|(_, sums)| *sums != (0, 0))
            .collect();
        let mut wanted = Sums::new();
        for event in oracle::matching(account, &range, &filters) {
            let is_counted =
                !event.is_view && value.is_none_or(|(is, wanted)| is.holds(event.value_minor, wanted));
            if let Some(contact) = account.contact_of.get(&event.visitor).filter(|_| is_counted) {
                let (completions, value_minor) = wanted.entry(*contact).or_default();
                *completions += 1;
                *value_minor += event.value_minor;
            }
        }
        let asked: Vec<String> = filters.iter().map(ToString::to_string).collect();
        assert_eq!(sums, wanted, "{what}: account {}, {range:?}, {asked:?}, {value:?}", account.id);
        found += wanted.len();
    }
    found
}

#[test]
fn what_is_kept_of_completions_counts_what_the_facts_say_whatever_becomes_of_the_days() {
    let mut found = [0; 3];
    for seed in 0..HISTORIES {
        let make = if seed % 2 == 0 { World::new } else { World::closed };
        let world = make(seed);
        let mut dice = Dice::new(seed ^ 0xC0DE);
        for account in &world.accounts {
            found[0] += ask(&world, account, &mut dice, &format!("seed {seed}"));
            let (id, now, zone) = (account.id, account.now, Zone::named(account.zone_name));
            let close = move |conn: &Connection| close_all(conn, id, &zone, now);
            world.store.writer.write_blocking(close).unwrap();
            found[1] += ask(&world, account, &mut dice, &format!("seed {seed}, closed"));
            let erased = some_visitors(account, &mut dice);
            erase::erase(&world, account, &erased, usize::MAX);
            let mut left = account.clone();
            left.events.retain(|event| !erased.contains(&event.visitor));
            found[2] += ask(&world, &left, &mut dice, &format!("seed {seed}, erased {erased:?}"));
        }
    }
    assert!(found.iter().all(|found| *found > 100), "{found:?}");
}

/// A question that looks at more than the event is left to the scan.
#[test]
fn a_question_about_pages_is_left_to_the_scan() {
    let world = World::closed(1);
    let account = &world.accounts[0];
    for (filter, is_answered) in [("event:is_not:x", true), ("tag:is:tag", true), ("page:contains:/", false)]
        .into_iter()
        .chain([("country:is:NL", false), ("contact:is:1", false), ("consent:is:granted", false)])
    {
        let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
        let filters = [Filter::parse(filter).unwrap()];
        let sum = |conn: &Connection| {
            world.store.scanner.sum_completions(conn, account.id, &filters, None, 0..i64::MAX / 2, &deadline)
        };
        let sums: Result<_, store::Error> = world.store.readers.read(sum);
        assert_eq!(sums.unwrap().is_some(), is_answered, "{filter}");
    }
}
