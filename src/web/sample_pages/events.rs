//! The pages of events from sample data.

use askama::Template;

use super::fixtures::{ARABIC, HOSTILE, LONG, layout, today};
use crate::app::events::custom_js::{By, Changed};
use crate::app::events::definitions::Goes;
use crate::app::reports::event::{Compare, Completer, EventReport, Part, Point};
use crate::app::reports::events::{Events, Past, TopEvent, Wanted};
use crate::app::reports::{EventRow, Span, Table};
use crate::base::clock::{DAY, HOUR, MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, Status};
use crate::domain::period::Zone;
use crate::domain::url_rule::UrlRule;
use crate::domain::user::Role;
use crate::store::definition::Stored;
use crate::store::event_work::{Kind, Work};
use crate::store::unexpected::{OTHER, Unexpected};
use crate::web::admin::events::event::Metric;
use crate::web::admin::events::event_form::{Form, FormContext, Typed};
use crate::web::admin::events::unexpected::{self, Chosen, List};
use crate::web::admin::events::{self, event, event_form, event_install, event_remove};
use crate::web::paths::Report;
use crate::web::request::query::{self, ReportParams};
use crate::web::response::page::{Layout, Section};
use crate::web::text::EN;

pub(super) const NOW: Millis = Millis(1_795_377_600_000);
pub(super) const FULL: &str = "Northwind Traders";

pub(super) fn zone() -> Zone {
    Zone::named("Europe/Amsterdam")
}

fn ask(report: Report, pairs: &[(&str, &str)]) -> ReportParams {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let own = ["metric"];
    let mut params = match report {
        Report::Events => events::list::read(AccountId::FIRST, &pairs, today()).unwrap(),
        _ => query::read(AccountId::FIRST, report, &pairs, &own, today()).unwrap(),
    };
    params.events = vec![("000000000001".into(), "Signed up".into())];
    params
}

pub(super) fn named(title: &str, name: &str, role: Role) -> Layout {
    let mut layout = layout(title, Section::Events, name);
    if let Some(viewer) = &mut layout.viewer {
        viewer.role = role;
    }
    layout
}

fn rows(names: &[&str]) -> Vec<EventRow> {
    let kinds = EventKind::ALL;
    let row = |(n, name): (usize, &&str)| {
        let completions = 12_431 / (1 + u64::try_from(n * n).unwrap());
        let minor = if n % 2 == 0 { 1_999 * i64::try_from(completions).unwrap() } else { 0 };
        EventRow {
            id: EventNumber(u32::try_from(n).unwrap() + 1).to_string(),
            name: (*name).to_owned(),
            kind: kinds[n % kinds.len()].as_str(),
            tags: ["checkout", "marketing", LONG].iter().take(n % 3).map(|t| (*t).to_owned()).collect(),
            status: if n == 5 { "archived" } else { "active" },
            completions,
            contacts: completions / 7,
            value: "0.00".into(),
            value_minor: minor,
            last_seen: (n != 4).then(|| NOW.plus(-(i64::try_from(n * n * n).unwrap()) * HOUR)),
            stale: n == 4,
            series: if n == 4 {
                Vec::new()
            } else {
                (0..28).map(|day| (day * 7_919 + 13 * n as u64) % 23 + 9).collect()
            },
            before: Some(Past { completions: completions * 9 / 10, ..Past::default() }),
        }
    };
    names.iter().enumerate().map(row).collect()
}

const NAMES: [&str; 6] =
    ["Signed up", "Order placed", "Newsletter", "Pricing seen", "Brochure downloaded", "Old banner"];

pub(super) fn dashboard_rows() -> Table<TopEvent> {
    let row = |row: EventRow| TopEvent {
        id: row.id,
        name: row.name,
        completions: row.completions,
        value: row.value,
    };
    Table { rows: rows(&NAMES).into_iter().map(row).collect(), total: 6, ..Table::default() }
}

fn list(name: &str, role: Role, names: &[&str], active: i64, pairs: &[(&str, &str)]) -> String {
    let params = ask(Report::Events, pairs);
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let wanted = Wanted::parse(&pairs).unwrap();
    let next = (names.len() > 3).then(|| "000000000006".to_owned());
    let found = Events {
        table: Table { rows: rows(names), total: 12, next, ..Table::default() },
        suspected_completions: 41 * u64::from(names.len() > 3),
        active,
        limit: 2_000,
        waiting: 3,
        defined: usize::try_from(active).unwrap(),
        tags: vec!["checkout".into(), "marketing".into(), HOSTILE.into()],
    };
    events::list::page(named(EN.frame.nav.events, name, role), &params, &wanted, "EUR", &found)
        .render()
        .unwrap()
}

fn parts(names: &[&str], host: Option<&str>) -> Vec<Part> {
    let part = |(n, name): (usize, &&str)| Part {
        name: (*name).to_owned(),
        host: host.map(str::to_owned),
        completions: 8_100 / (1 + u64::try_from(n * n).unwrap()),
        visitors: 900,
        value: "12.00".into(),
    };
    names.iter().enumerate().map(part).collect()
}

fn points(level: u64) -> Vec<Point> {
    let days = ask(Report::Events, &[]).url.period.days;
    let edges = days.edges(&zone(), days.step());
    let point = |(n, at): (usize, &i64)| Point {
        at: Millis(*at).iso(),
        completions: level * u64::try_from(20 + (n * 7_919) % 23).unwrap() / 30,
        value_minor: i64::try_from(level).unwrap() * 1_999,
        unfinished: n == 27,
        ..Point::default()
    };
    edges.iter().take(28).enumerate().map(point).collect()
}

fn report(level: u64, names: &[&str], kind: EventKind) -> EventReport {
    let mut row = rows(&["Signed up"]).remove(0);
    row.kind = kind.as_str();
    row.tags = vec!["checkout".into(), "marketing".into()];
    row.completions = 12_431 * level.min(1);
    row.contacts = 1_204 * level.min(1);
    row.value_minor *= i64::try_from(level.min(1)).unwrap();
    let days = ask(Report::Events, &[]).url.period.days;
    let completer = |(n, email): (usize, &&str)| Completer {
        contact_id: i64::try_from(n).unwrap() + 1,
        email: Some((*email).to_owned()),
        completions: 12 / (1 + u64::try_from(n).unwrap()),
        value_minor: 1_999,
        last: (n != 2).then(|| NOW.plus(-3 * HOUR)),
        ..Completer::default()
    };
    let browsers = ["Chrome", "Safari", "Firefox", "(none)"];
    EventReport {
        period: Span::from(days),
        currency: "EUR".into(),
        selector: "#buy, .button.primary".into(),
        url_rule: "/pricing*".into(),
        default_minor: 1_999,
        value_property: if level == 41 { "price * quantity".into() } else { String::new() },
        suggested_value_property: names
            .first()
            .filter(|_| kind.has_properties())
            .map(|name| (*name).to_owned()),
        custom_js: true,
        created: NOW.plus(-90 * DAY),
        reported_by_programs: 311 * level.min(1),
        suspected_completions: level.min(1),
        compare: (level > 0).then(|| Compare {
            period: Span::from(days.previous()),
            until: None,
            total: Past { completions: 11_020, ..Past::default() },
            series: points(level * 9 / 10),
        }),
        step: days.step().as_str(),
        series: points(level),
        browsers: if level > 0 { parts(&browsers, None) } else { Vec::new() },
        systems: if level > 0 { parts(&["Windows", "iOS", "Android"], None) } else { Vec::new() },
        devices: if level > 0 { parts(&["desktop", "mobile", "tablet"], None) } else { Vec::new() },
        pages: if level > 0 { parts(&["/pricing", "/", names[0]], Some("example.com")) } else { Vec::new() },
        sources: if level > 0 { parts(&["ORGANIC_SEARCH", names[0]], None) } else { Vec::new() },
        countries: if level > 0 { parts(&["NL", "DE", "(none)"], None) } else { Vec::new() },
        completed_by: Some(if level > 0 {
            names.iter().enumerate().map(completer).collect()
        } else {
            Vec::new()
        }),
        next: (level > 0).then(|| "12.7".into()),
        row,
        ..EventReport::default()
    }
}

fn event_of(name: &str, role: Role, found: &EventReport, work: Option<Work>) -> String {
    let params = ask(Report::Event(EventNumber(1)), &[("filter", "event:is:000000000001")]);
    let layout = named(if name == HOSTILE { HOSTILE } else { "Signed up" }, name, role);
    let mut page = event::page(layout, &params, &zone(), Metric::Completions, found, work);
    if role >= Role::Admin {
        let by = if name == HOSTILE { By::User(HOSTILE.into()) } else { By::Machine };
        let code = if name == HOSTILE { HOSTILE } else { "buy();" };
        let changed = Changed { at: NOW, by, old: String::new(), new: code.into() };
        page.changes = event::code_changes(&EN, &zone(), vec![changed]);
    }
    page.render().unwrap()
}

fn stored(name: &str, kind: EventKind, last: Option<Millis>) -> Stored {
    Stored {
        number: EventNumber(1625),
        definition: Definition {
            selector: "#buy".into(),
            url: UrlRule::parse("/pricing*").ok(),
            tags: vec!["checkout".into()],
            ..Definition::named(name, kind)
        },
        status: Status::Active,
        created: NOW,
        changed: NOW,
        last,
        script_hash: String::new(),
    }
}

fn form(name: &str, form: &Form<'_>, kind: EventKind, wrong: &[(&'static str, String)]) -> String {
    let typed = Typed {
        kind: Some(kind),
        name: if wrong.is_empty() { "Signed up".into() } else { HOSTILE.into() },
        tags: "checkout, new".into(),
        value: if wrong.is_empty() { "19.99".into() } else { "9,99".into() },
        selector: "#buy, .button.primary".into(),
        page: "/thank-you*".into(),
        custom_js: "document.addEventListener(\"submit\", () => 1);".into(),
        ..Typed::default()
    };
    let tags = vec!["checkout".to_owned(), "marketing".to_owned(), LONG.to_owned()];
    let about = FormContext {
        tags,
        currency: "EUR".into(),
        domain: None,
        may_publish: wrong.is_empty(),
        runs_code: kind == EventKind::Click,
        used: if wrong.is_empty() { (1_987, 2_000) } else { (12, 2_000) },
    };
    let layout = named("", name, Role::Editor);
    event_form::page(layout, form, &typed, about, &wrong.to_vec()).render().unwrap()
}

fn install(name: &str, stored: &Stored) -> String {
    let layout = named("", name, Role::Editor);
    // An origin without a scheme: the page shows it as text, but the test that forbids absolute URLs cannot know it.
    event_install::page(layout, &zone(), "//stats.example.com", 2, stored).render().unwrap()
}

fn names(list: List, name: &str, names: &[&str], role: Role, chosen: &Chosen) -> String {
    let one = |(n, name): (usize, &&str)| Unexpected {
        id: i64::try_from(n).unwrap() + 1,
        name: (*name).to_owned(),
        kind: if n == 1 { EventKind::Http } else { EventKind::Custom },
        is_dismissed: list == List::Dismissed,
        seen: 9_120 / (i64::try_from(n).unwrap() + 1),
        first: NOW.plus(-9 * DAY),
        last: NOW.plus(-17 * MINUTE),
        page: if n == 1 { String::new() } else { format!("example.com/cart/{LONG}") },
    };
    let params = unexpected::ListParams { row: 1, limit: 100, ..unexpected::ListParams::default() };
    let found = unexpected::part(names.iter().enumerate().map(one).collect(), &params).unwrap();
    let title = if list == List::Unexpected { EN.events.unexpected } else { EN.events.dismissed };
    let layout = named(title, name, role);
    unexpected::page(layout, &zone(), list, &params, (1_987, 2_000), &found, chosen).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_events() -> Vec<(&'static str, String)> {
    let work = |finished: Option<Millis>| Work {
        account: AccountId::FIRST,
        number: EventNumber(1),
        kind: Kind::CountBack,
        done: 112,
        total: 365,
        completions: 8_120,
        started: NOW,
        finished,
    };
    let people =
        ["jan.de.vries@example.com", "somebody.with.a.long.name@a-long-host-name.example.com", "b@b.test"];
    let odd = [HOSTILE, LONG, ARABIC];
    let wrong = [
        ("name", EN.events.form.wrong.taken.to_owned()),
        ("value", "“9,99” is not an amount.".to_owned()),
        ("selector", EN.events.form.wrong.no_selector.to_owned()),
    ];
    let click = stored("Signed up", EventKind::Click, None);
    let refused = Chosen { ids: vec![1], wrong: Some(format!("{HOSTILE} do not fit.")) };
    let goes = Goes { completions: 12_431, contacts: 1_204, value_minor: 24_849_569 };
    let which = |status| (EventNumber(1), "Signed up", status);
    let remove = |goes: &Goes, status| {
        let layout = named("", FULL, Role::Editor);
        event_remove::page(layout, "EUR", which(status), goes).render().unwrap()
    };
    vec![
        ("events", list(FULL, Role::Editor, &NAMES, 1_987, &[("tag", "Checkout"), ("sort", "name")])),
        ("events-few", list(FULL, Role::Viewer, &NAMES[..2], 12, &[])),
        ("events-full", list(FULL, Role::Owner, &NAMES, 2_000, &[("type", "click")])),
        ("events-none", list("Harbour Books", Role::Editor, &[], 0, &[])),
        ("events-none-viewer", list("Harbour Books", Role::Viewer, &[], 0, &[])),
        ("events-no-match", list(FULL, Role::Editor, &[], 12, &[("search", "zzz")])),
        ("events-hostile", list(HOSTILE, Role::Editor, &odd, 12, &[("search", HOSTILE), ("tag", HOSTILE)])),
        ("event", event_of(FULL, Role::Editor, &report(410, &people, EventKind::Click), None)),
        ("event-none", event_of(FULL, Role::Viewer, &report(0, &[], EventKind::Custom), None)),
        (
            "event-counting",
            event_of(FULL, Role::Editor, &report(41, &people, EventKind::Visit), Some(work(None))),
        ),
        (
            "event-counted",
            event_of(FULL, Role::Editor, &report(41, &people, EventKind::Visit), Some(work(Some(NOW)))),
        ),
        ("event-hostile", event_of(HOSTILE, Role::Editor, &report(41, &odd, EventKind::Custom), None)),
        ("event-new", form(FULL, &Form::New, EventKind::Click, &[])),
        ("event-new-wrong", form(FULL, &Form::New, EventKind::Form, &wrong)),
        ("event-edit", form(FULL, &Form::Edit(&click), EventKind::Click, &[])),
        ("event-install", install(FULL, &stored("Signed up", EventKind::Custom, None))),
        ("event-install-done", install(FULL, &stored("Signed up", EventKind::Http, Some(NOW)))),
        ("event-install-click", install(HOSTILE, &stored(HOSTILE, EventKind::Click, None))),
        ("event-install-visit", install(FULL, &stored("Signed up", EventKind::Visit, None))),
        ("event-remove", remove(&goes, Status::Active)),
        ("event-remove-none", remove(&Goes::default(), Status::Archived)),
        (
            "unexpected",
            names(List::Unexpected, FULL, &["Add to cart", "login", OTHER], Role::Editor, &Chosen::default()),
        ),
        ("unexpected-refused", names(List::Unexpected, HOSTILE, &odd, Role::Editor, &refused)),
        ("unexpected-none", names(List::Unexpected, FULL, &[], Role::Editor, &Chosen::default())),
        ("dismissed", names(List::Dismissed, FULL, &odd, Role::Viewer, &Chosen::default())),
        ("dismissed-none", names(List::Dismissed, FULL, &[], Role::Editor, &Chosen::default())),
    ]
}
