//! Browsers that say to be one person after another, at random: what is counted of each contact is what a plain count of
//! its rows says.

use guestlog::app::access::Actor;
use guestlog::app::people::contacts::ASSERTED_A_DAY;
use guestlog::app::people::erase::visitor::erase_visitor;
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::base::random::SeededRandom;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::check::check;
use serde_json::json;

use crate::harness::site::{Site, with};

const HISTORIES: u64 = 8;
const HITS: usize = 60;

fn below(dice: &SeededRandom, n: usize) -> usize {
    usize::try_from(dice.next_u64() % n as u64).unwrap()
}

/// Sessions and page views of every contact: as they are kept, and by its rows.
fn visits(site: &Site) -> (Vec<String>, Vec<String>) {
    let kept = "select id || ': ' || sessions || ' ' || page_views from contact order by id";
    let counted = "select c.id || ': ' || count(distinct e.session_id) || ' ' || coalesce(sum(e.kind = 1), 0)
                   from contact c
                   left join visitor v on v.account_id = c.account_id and v.contact_id = c.id
                   left join event_unpacked e on e.account_id = v.account_id and e.visitor = v.number and e.session_id <> 0
                   group by c.id order by c.id";
    (site.asks(kept), site.asks(counted))
}

/// rules.md 12, 21
#[actix_web::test]
async fn what_is_counted_of_contacts_is_what_their_rows_come_to() {
    let mut shared = 0i64;
    for seed in 0..HISTORIES {
        let mut site = Site::new().await;
        let dice = SeededRandom::new(seed);
        for n in 0..HITS {
            let browser = format!("b{}", below(&dice, 3));
            let id = format!("h{n}");
            let mut hit = match below(&dice, 4) {
                0 => site.completion(&id, &browser, "Sale", 5),
                _ => site.view(&id, &browser, &format!("https://example.com/{}", below(&dice, 3))),
            };
            if below(&dice, 2) == 0 {
                hit = with(hit, "i", json!({"email": format!("p{}@example.test", below(&dice, 3))}));
            }
            site.collect(&hit).await;
            if below(&dice, 4) == 0 {
                site.fold().await;
            }
            if below(&dice, 8) == 0 {
                site.clock.advance(below(&dice, 40) as i64 * MINUTE);
            }
        }
        site.fold().await;
        let (kept, counted) = visits(&site);
        assert_eq!(kept, counted, "seed {seed}");
        assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0], "seed {seed}");
        shared += site.ask::<i64>("select count(*) from visitor where shared_session <> 0");
        // Erased visitors take what they did with them, and nothing else.
        let numbers = site.asks::<u32>("select number from visitor where no_browser = 0 order by number");
        for _ in 0..3 {
            let number = VisitorNumber(numbers[below(&dice, numbers.len())]);
            drop(erase_visitor(&site.app, Actor::Machine, site.account, number).await);
            let (kept, counted) = visits(&site);
            assert_eq!(kept, counted, "seed {seed}, without {number:?}");
        }
        assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0], "seed {seed}, erased");
    }
    assert!(shared > 50, "{shared}");
}

/// rules.md 13: anybody can send emails, and each contact takes room for ever.
#[actix_web::test]
async fn browsers_and_unsigned_calls_create_only_so_many_contacts_a_day() {
    assert_eq!(ASSERTED_A_DAY, 100_000);
    let mut site = Site::new().await;
    site.tamper("update account set asserted_day = 20779, asserted_contacts = 99998").await;
    let contacts = "select count(*) from contact";
    let call = |n: u32| format!("/v1/event?_a=1000001&_n=Paid&_m=7&email=c{n}@example.test");
    for n in 0..3 {
        site.get(&call(n)).await;
    }
    let said = |email: &str| json!({"email": email});
    let page = "https://example.com/";
    site.collect(&with(site.view("a", "ada", page), "i", said("new@example.test"))).await;
    site.collect(&with(site.view("b", "bob", page), "i", said("c1@example.test"))).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>(contacts), 2, "at the limit");
    assert_eq!((site.count(Reason::ContactLimit), site.count(Reason::Stored)), (2, 3));
    assert_eq!(
        site.ask::<i64>("select count(*) from event_unpacked"),
        5,
        "what came with the others is kept"
    );
    assert_eq!(site.ask::<i64>("select count(*) from visitor where contact_id is not null"), 3);
    site.assert_that_all_are_counted().await;
    // A hit that is a day old takes part in the later day, and the next day begins anew.
    site.collect(&with(with(site.view("c", "cyn", page), "i", said("old@example.test")), "age", DAY - 1))
        .await;
    site.fold().await;
    assert_eq!(site.ask::<i64>(contacts), 2);
    site.clock.advance(DAY);
    site.get(&call(9)).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>(contacts), 3);
    assert_eq!(site.ask::<i64>("select asserted_contacts from account"), 1);
}
