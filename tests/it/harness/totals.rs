//! The totals of everything stored, as a report would show them.

use guestlog::base::clock::{ManualClock, Millis};
use guestlog::domain::account::AccountId;
use guestlog::store::scan::{Answer, Bounds, Counted, Deadline, Grouping, Request, Totals};
use guestlog::store::{Connection, Store};

/// Later than any session.
const NOW: Millis = Millis(i64::MAX / 2);

/// Of the first account; with the days that cannot be read.
pub(crate) fn totals_of(store: &Store, conn: &Connection) -> (Totals, Answer) {
    let ask = Request {
        account: AccountId::FIRST,
        range_ms: 0..i64::MAX,
        filters: &[],
        groupings: &[Grouping::Total],
        engaged: true,
        counted: Counted::Visitors,
        now: NOW,
        deadline: Deadline::new(ManualClock::at(NOW)),
        bounds: Bounds::default(),
    };
    let answer = store.scanner.run(conn, &ask).unwrap();
    (answer.tables[0].rows[0].figures, answer)
}
