//! The pages of imports from sample data.

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use crate::base::clock::{HOUR, MINUTE};
use crate::domain::account::AccountId;
use crate::domain::import::{Reason, Refusal, guess_columns};
use crate::domain::user::Role;
use crate::store::import::{Import, State, Stop, Tally};
use crate::web::admin::people::imports::{import, list as imports};
use crate::web::response::page::Section;
use crate::web::text::EN;

fn import_of(id: i64, name: &str, state: State) -> Import {
    let headings = ["Email", "Voornaam", "Achternaam", "Bedrijf", "Create Date", name];
    let columns = guess_columns(&headings.map(str::to_owned));
    let is_begun = state != State::Uploaded;
    Import {
        id,
        account: AccountId::FIRST,
        name: name.to_owned(),
        file: String::new(),
        state,
        stop: (state == State::Stopped).then_some(Stop::Erased),
        encoding: "windows-1252".to_owned(),
        separator: if id % 2 == 0 { b'\t' } else { b';' },
        columns,
        rows: 123_456,
        line: 61_002,
        tally: if is_begun {
            Tally { created: 54_321, changed: 2_345, same: 4_000, refused: 334 }
        } else {
            Tally::default()
        },
        created: NOW.plus(-id * HOUR),
        finished: (is_begun && !state.is_active()).then(|| NOW.plus(-id * HOUR + 3 * MINUTE)),
    }
}

fn list_of(name: &str, names: &[&str], error: Option<&str>) -> String {
    let states = [State::Running, State::Checked, State::Done, State::Stopped];
    let all: Vec<Import> =
        (1..).zip(names.iter().zip(states)).map(|(id, (name, state))| import_of(id, name, state)).collect();
    let mut layout = named(EN.imports.title, name, Role::Admin);
    layout.section = Some(Section::Contacts);
    imports::page(layout, &zone(), &all, error.map(str::to_owned)).render().unwrap()
}

fn page_of(name: &str, file: &str, state: State, error: Option<&str>) -> String {
    let refused = !matches!(state, State::Uploaded | State::Checking);
    let refusal = |n: usize, reason| Refusal {
        line: 7 + 13 * n as u64,
        column: (!n.is_multiple_of(3)).then_some(n % 6),
        reason,
        other: Some(4),
    };
    let refusals = Reason::ALL.into_iter().enumerate().map(|(n, reason)| refusal(n, reason));
    let shown = import::Shown {
        import: import_of(3, file, state),
        refusals: if refused { refusals.collect() } else { Vec::new() },
        samples: ["jan@example.com", "Jan", "de Vries", file, "2026-01-31", file]
            .map(|value| vec![value.to_owned(), "Utrecht".to_owned()])
            .to_vec(),
        error: error.map(str::to_owned),
    };
    let mut layout = named(file, name, Role::Admin);
    layout.section = Some(Section::Contacts);
    import::page(layout, &zone(), &shown).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_imports() -> Vec<(&'static str, String)> {
    let file = "contacts-2026.csv";
    vec![
        ("imports", list_of(FULL, &[file, "from-hubspot.csv", "customers.csv", "newsletter.csv"], None)),
        ("imports-none", list_of("Harbour Books", &[], None)),
        ("imports-wrong", list_of(FULL, &[LONG, ARABIC, HOSTILE], Some(EN.imports.wrong.no_text))),
        ("import", page_of(FULL, file, State::Uploaded, None)),
        ("import-wrong", page_of(FULL, file, State::Uploaded, Some(EN.imports.wrong.no_key))),
        ("import-checked", page_of(FULL, file, State::Checked, None)),
        ("import-running", page_of(FULL, file, State::Running, None)),
        ("import-done", page_of(FULL, file, State::Done, None)),
        ("import-stopped", page_of(FULL, file, State::Stopped, None)),
        ("import-hostile", page_of(HOSTILE, HOSTILE, State::Checked, None)),
        ("import-long", page_of(LONG, LONG, State::Checked, None)),
    ]
}
