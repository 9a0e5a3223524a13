//! Renders every page from sample data and checks the HTML: full, empty, and hostile input. With `SAMPLE_DIR` set,
//! the pages are also written to that folder for a look in the browser.

mod events;
mod fixtures;
mod reports;

use std::collections::BTreeMap;

use askama::Template;
use fixtures::{ARABIC, HOSTILE, LONG, layout, today, visits};

use crate::domain::account::AccountId;
use crate::domain::period::Preset;
use crate::domain::question::{Comparison, Dimension, Filter, Operator};
use crate::domain::user::Role;
use crate::web::drawing::chart::{Chart, Point, Sparkline, Unit};
use crate::web::drawing::format;
use crate::web::part::code::Code;
use crate::web::part::delta::Delta;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::filters::FilterBar;
use crate::web::part::icon::Icon;
use crate::web::part::kpi::{Kpi, KpiRow};
use crate::web::part::pager::Pager;
use crate::web::part::panel::{Head, Panel, Row, Tab};
use crate::web::part::period::PeriodBar;
use crate::web::paths::{Period, Report, ReportUrl, is};
use crate::web::response::assets;
use crate::web::response::page::{ErrorPage, Flash, Layout, Section, Tone, Viewer};
use crate::web::text::EN;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}{% block content %}
<div class="page-head"><h1>{{ layout.title }}</h1>{{ filters }}{{ period }}</div>
{{ kpis }}
<div class="card">{{ chart }}</div>
<div class="pair">{% for panel in panels %}{{ panel }}{% endfor %}</div>
{% endblock %}"#
)]
struct ReportSample {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    kpis: KpiRow,
    chart: Chart,
    panels: Vec<Panel>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}{% block content %}
<div class="page-head"><h1>{{ layout.title }}</h1></div>
{% if let Some(empty) = empty %}{{ empty }}{% endif %}
{% for code in codes %}{{ code }}{% endfor %}
<form class="form" method="post" action="/x"><input type="hidden" name="csrf" value="{{ layout.csrf }}">{% for field in fields %}{{ field }}{% endfor %}
<div class="actions"><button class="button primary" type="submit">Save</button><a class="button" href="/">Cancel</a><button class="button danger" type="submit" name="do" value="delete">Delete</button></div></form>
{% endblock %}"#
)]
struct FormSample {
    layout: Layout,
    empty: Option<Empty>,
    codes: Vec<Code>,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout_plain.html" %}{% block content %}
<h1>{{ layout.title }}</h1>
<form class="form" method="post" action="/sign-in">{% for field in fields %}{{ field }}{% endfor %}<button class="button primary" type="submit">Sign in</button></form>
{% endblock %}"#
)]
struct PlainSample {
    layout: Layout,
    fields: Vec<Field>,
}

fn url(report: Report) -> ReportUrl {
    ReportUrl::new(AccountId::FIRST, report, Period::of(Preset::Days28, None, today()).unwrap())
}

fn points(level: i64) -> Vec<Point> {
    let days = url(Report::Dashboard).period.days;
    let before = days.previous();
    let point = |i: i32| {
        let (day, then) = (days.first.plus(i), before.first.plus(i));
        let part = if i == 27 { 2 } else { 1 };
        Point {
            when: format::weekday_date(&EN.number, day),
            label: format::day_month(&EN.number, day),
            value: Some(visits(day.0, level) / part),
            before: Some((format::weekday_date(&EN.number, then), visits(then.0, level) * 9 / 10)),
            partial: false,
        }
    };
    (0..28).map(point).collect()
}

fn kpi(label: &str, level: i64, charted: bool, before: i64) -> Kpi {
    let values: Vec<i64> = points(level).iter().filter_map(|p| p.value).collect();
    let sum: i64 = values.iter().sum();
    Kpi {
        label: label.into(),
        value: format::figure(&EN.number, sum),
        exact: format::number(&EN.number, sum),
        change: Some(Delta::since(
            &EN,
            sum,
            sum * before / 100,
            url(Report::Dashboard).compared_days(),
            None,
        )),
        spark: Sparkline::of(values),
        href: url(Report::Dashboard).with("metric", "sessions").href(),
        charted,
    }
}

fn panel(id: &'static str, title: &str, tabs: &[&str], head: &str, rows: &[(&str, i64, i64)]) -> Panel {
    let most = rows.iter().map(|r| r.1).max().unwrap_or(0);
    let at = url(Report::Pages);
    let row = |(name, visitors, views): &(&str, i64, i64)| Row {
        name: (*name).into(),
        detail: (*visitors == most).then(|| "example.com".into()),
        href: Some(at.filtered(is(Dimension::Page, name)).href()),
        bar: Row::share(*visitors, most),
        numbers: vec![
            format::number(&EN.number, *visitors).into(),
            format::number(&EN.number, *views).into(),
        ],
    };
    Panel {
        t: &EN,
        id,
        title: title.into(),
        alone: false,
        tabs: tabs
            .iter()
            .enumerate()
            .map(|(i, t)| Tab { label: (*t).into(), href: at.href(), current: i == 0 })
            .collect(),
        head: head.into(),
        number_heads: vec![Head::plain("Visitors"), Head::plain("Page views")],
        rows: rows.iter().map(row).collect(),
        empty: Panel::nothing(&EN, EN.report.nothing.pages, false),
        remedy: None,
        searchable: false,
        search_all: None,
        export: None,
        more: Some(at.href()),
        pager: None,
    }
}

fn panels() -> Vec<Panel> {
    let sources = [
        ("Organic search", 48_112, 161_903),
        ("Direct traffic", 31_870, 90_112),
        ("Referrals", 12_004, 30_871),
        ("Organic social", 9_611, 18_230),
        ("Email marketing", 5_209, 14_002),
        ("AI referrals", 2_871, 6_120),
        ("Paid search", 640, 1_422),
    ];
    let pages = [
        ("/", 40_221, 61_003),
        ("/pricing", 18_909, 25_114),
        ("/blog/how-we-count-visitors-without-cookies", 9_120, 11_400),
        ("/docs/install", 7_331, 16_008),
        ("/contact", 3_118, 3_920),
        ("/blog/why-self-hosting", 2_204, 2_511),
        ("/careers", 801, 1_090),
    ];
    vec![
        panel("sources", "Sources", &["Source", "Campaign"], "Source", &sources),
        panel("pages", "Pages", &["Page", "Entry", "Exit"], "Page", &pages),
        panel("devices", "Devices", &["Device", "Browser", "System"], "Device", &sources[..3]),
        panel("countries", "Countries", &[], "Country", &pages[..4]),
    ]
}

fn report(name: &str) -> ReportSample {
    let at = url(Report::Dashboard);
    ReportSample {
        layout: layout(EN.frame.nav.dashboard, Section::Dashboard, name),
        period: PeriodBar {
            t: &EN,
            url: at.clone(),
            zone: "Europe/Amsterdam".into(),
            until: None,
            nothing_before: false,
        },
        filters: FilterBar { t: &EN, url: at, views: None, events: Vec::new() },
        kpis: KpiRow {
            t: &EN,
            cards: vec![
                kpi(EN.report.kpi.visitors, 3_900, true, 91),
                kpi(EN.report.kpi.sessions, 5_100, false, 104),
                kpi(EN.report.kpi.page_views, 14_800, false, 100),
            ],
        },
        chart: Chart::new(&EN, "chart", "Visitors, 26 Oct – 22 Nov 2026", "Visitors", Unit::Count)
            .with(points(3_900), true),
        panels: panels(),
    }
}

fn empty_report() -> ReportSample {
    let mut page = report("Harbour Books");
    let days = url(Report::Dashboard).period.days;
    let point = |i: i32| Point {
        when: format::date(&EN.number, days.first.plus(i)),
        label: format::day_month(&EN.number, days.first.plus(i)),
        value: Some(0),
        before: None,
        partial: false,
    };
    page.chart = Chart::new(&EN, "chart", "Visitors, 26 Oct – 22 Nov 2026", "Visitors", Unit::Count)
        .with((0..28).map(point).collect(), false);
    for card in &mut page.kpis.cards {
        card.value = "0".into();
        card.change = None;
        card.spark = Sparkline::of(vec![0; 28]);
    }
    for panel in &mut page.panels {
        panel.rows.clear();
        panel.more = None;
    }
    page
}

fn hostile_report() -> ReportSample {
    let mut page = report(HOSTILE);
    let filters = [
        is(Dimension::Page, HOSTILE),
        Filter {
            dimension: Dimension::Source,
            operator: Operator::IsNot,
            values: vec!["REFERRALS".into(), String::new()],
        },
        Filter { dimension: Dimension::Referrer, operator: Operator::Contains, values: vec![LONG.into()] },
    ];
    let at = ReportUrl { filters: filters.to_vec(), ..url(Report::Dashboard) }.compared(Comparison::Year);
    page.filters.url = at.clone();
    page.period.url = at.with("metric", HOSTILE);
    page.layout.current_path = HOSTILE.into();
    page.layout.plain_http = true;
    page.layout.flash = Some(Flash { tone: Tone::Bad, text: format!("{HOSTILE} {LONG}") });
    page.layout.viewer =
        Some(Viewer { email: format!("{LONG}@example.com"), role: Role::Viewer, may_publish: false });
    let rows = [(HOSTILE, 9_999_999_999, 12), (LONG, 31_870, 90_112), (ARABIC, 12_004, 30_871), ("", 1, 1)];
    page.panels =
        vec![panel("pages", HOSTILE, &[LONG], HOSTILE, &rows), panel("b", LONG, &[], ARABIC, &rows)];
    page.chart = Chart::new(&EN, "chart", HOSTILE, HOSTILE, Unit::Money("EUR".into())).with(
        vec![
            Point {
                when: HOSTILE.into(),
                label: ARABIC.into(),
                value: Some(-500_000),
                before: None,
                partial: false,
            },
            Point {
                when: LONG.into(),
                label: ARABIC.into(),
                value: Some(1_250_000),
                before: None,
                partial: false,
            },
        ],
        true,
    );
    page
}

fn table() -> ReportSample {
    let mut page = report("Northwind Traders");
    page.layout.title = EN.frame.nav.pages.into();
    page.layout.section = Some(Section::Pages);
    page.layout.flash = Some(Flash { tone: Tone::Good, text: "The settings were saved.".into() });
    page.filters.url = page
        .filters
        .url
        .filtered(is(Dimension::Source, "ORGANIC_SEARCH"))
        .filtered(is(Dimension::Country, "NL"));
    page.kpis.cards.truncate(1);
    let mut whole = page.panels.remove(1);
    whole.searchable = true;
    whole.export = Some(page.filters.url.clone());
    whole.more = None;
    whole.number_heads[0] = Head { label: "Visitors".into(), href: Some("/x".into()), sorted: true };
    whole.number_heads[1].href = Some("/y".into());
    whole.pager = Some(Pager {
        t: &EN,
        from: 101,
        to: 200,
        total: 12_345,
        first: Some("/x".into()),
        next: Some("/y".into()),
    });
    page.panels = vec![whole];
    page
}

fn fields(wrong: bool) -> Vec<Field> {
    let choice =
        |v: &str, hint: &str| Choice { value: v.into(), label: v.into(), hint: Some(hint.to_owned()) };
    vec![
        Field::new(&EN, "name", "Name of the account", Kind::Text)
            .value(if wrong { HOSTILE } else { "Northwind Traders" })
            .error(wrong.then(|| "The name is longer than 100 characters.".to_owned()))
            .hint("Shown to everyone who signs in.")
            .required()
            .max(100),
        Field::new(&EN, "domains", "Domains", Kind::Area { rows: 3 }).value("example.com\nshop.example.com"),
        Field::new(
            &EN,
            "zone",
            "Time zone",
            Kind::Select(vec![choice("UTC", ""), choice("Europe/Amsterdam", "")]),
        )
        .value("Europe/Amsterdam")
        .required(),
        Field::new(
            &EN,
            "policy",
            "Before a visitor chose",
            Kind::Radio(vec![
                choice("Collect nothing", "No cookie, no row."),
                choice("Count anonymously", "No visitor, no company."),
            ]),
        )
        .value("Collect nothing"),
        Field::new(&EN, "limit", "Refuse hits of other domains", Kind::Check)
            .value("on")
            .hint("Off: they are stored and marked."),
        Field::new(&EN, "from", "Valid from", Kind::Date).value("2026-11-22"),
    ]
}

fn form(wrong: bool) -> FormSample {
    let mut layout = layout(EN.frame.nav.settings, Section::Settings, "Northwind Traders");
    layout.plain_http = !wrong;
    if wrong {
        layout.flash = Some(Flash { tone: Tone::Bad, text: EN.frame.form_refused.into() });
    }
    FormSample {
        layout,
        empty: (!wrong).then(|| Empty {
            icon: Icon::Live,
            title: "Waiting for the first visit of example.com".into(),
            what: "Put the snippet into your site's pages. The first visit appears here within two seconds."
                .into(),
            action: Some(Action { label: "Show the snippet".into(), href: "/x".into() }),
        }),
        codes: vec![Code {
            t: &EN,
            id: "snippet",
            label: "Snippet".into(),
            text: "<script async defer src=\"//stats.example.com/1000001.js\"></script>".into(),
        }],
        fields: fields(wrong),
    }
}

fn sign_in() -> PlainSample {
    let mut layout = layout("Sign in", Section::Dashboard, "");
    layout.account = None;
    layout.viewer = None;
    layout.plain_http = true;
    PlainSample {
        layout,
        fields: vec![
            Field::new(&EN, "email", "Email", Kind::Email)
                .value("sanne@example.com")
                .required()
                .autocomplete("username"),
            Field::new(&EN, "password", "Password", Kind::Password)
                .required()
                .autocomplete("current-password")
                .error(Some("Email and password do not belong together.".into())),
        ],
    }
}

fn error() -> ErrorPage {
    let mut layout = layout(EN.error.internal.title, Section::Dashboard, "");
    layout.account = None;
    ErrorPage {
        layout,
        status: 500,
        failure: &EN.error.internal,
        detail: None,
        id: Some("8f3a2c".into()),
        instead: None,
    }
}

fn too_long() -> ErrorPage {
    ErrorPage {
        layout: layout(EN.error.time_limit.title, Section::Dashboard, ""),
        status: 503,
        failure: &EN.error.time_limit,
        detail: Some("the question took longer than 10 s; ask for a shorter period".into()),
        id: None,
        instead: Some(Action { label: EN.error.shorter.into(), href: "/x?period=7d".into() }),
    }
}

fn pages() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("dashboard", report("Northwind Traders").render().unwrap()),
        ("empty", empty_report().render().unwrap()),
        ("hostile", hostile_report().render().unwrap()),
        ("table", table().render().unwrap()),
        ("form", form(false).render().unwrap()),
        ("form-wrong", form(true).render().unwrap()),
        ("sign-in", sign_in().render().unwrap()),
        ("error", error().render().unwrap()),
        ("error-too-long", too_long().render().unwrap()),
    ])
    .into_iter()
    .chain(reports::pages_of_an_account())
    .chain(events::pages_of_events())
    .collect()
}

/// The values of an attribute, wherever it occurs.
fn values<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_has_one_heading_and_every_reference_its_element() {
    for (name, html) in pages() {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        let ids = values(&html, "id");
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{name} has an id twice: {ids:?}");
        for attribute in
            ["for", "aria-labelledby", "aria-describedby", "popovertarget", "data-copy", "data-search"]
        {
            for id in values(&html, attribute).iter().flat_map(|v| v.split(' ')) {
                assert!(ids.contains(&id), "{name}: {attribute} names {id}");
            }
        }
    }
}

/// rules.md 27
#[test]
fn no_page_holds_what_its_policy_forbids() {
    for (name, html) in pages() {
        for bad in [" style=", "javascript:", "http://", "https://", "<script>", "onerror=alert", "|safe"] {
            let found =
                html.match_indices(bad).next().map(|(at, _)| html[at.saturating_sub(60)..].to_owned());
            let escaped = bad == "onerror=alert" && !html.contains("<img src=x");
            assert!(found.is_none() || escaped, "{name} holds {bad}: {found:?}");
        }
        assert_eq!(html.matches("<script").count(), html.matches("nonce=\"bm9uY2U\"").count(), "{name}");
        assert!(!html.contains("{{") || html.contains("{{7*7}}"), "{name}");
    }
}

#[test]
fn no_place_of_a_text_is_left_open() {
    for (name, html) in pages() {
        // The code snippet of an event has braces too.
        let html = html.replace("{{7*7}}", "").replace("{id: ", "");
        assert!(!html.contains('{'), "{name}: {:?}", html.split('{').nth(1).map(|t| &t[..t.len().min(40)]));
    }
}

/// rules.md 26
#[test]
fn a_page_over_plain_http_says_so() {
    let pages = pages();
    assert!(pages["sign-in"].contains(EN.frame.plain_http));
    assert!(pages["form"].contains(EN.frame.plain_http));
    assert!(!pages["dashboard"].contains(EN.frame.plain_http));
}

#[test]
fn samples_are_written_where_asked() {
    let Ok(folder) = std::env::var("SAMPLE_DIR") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let css = assets::style();
    for (name, html) in pages() {
        let html = html
            .replace(&css, "style.css")
            .replace(&assets::script(), "admin.js")
            .replace(&assets::icon(), "icon.svg");
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
    for (name, text) in assets::texts() {
        std::fs::write(format!("{folder}/{name}"), text).unwrap();
    }
}
