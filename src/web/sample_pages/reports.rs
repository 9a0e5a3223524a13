//! The report pages and settings pages of an account from sample data.

use askama::Template;

use super::consent::head;
use super::events;
use super::fixtures::{ARABIC, HOSTILE, LONG, layout, today, visit, visits};
use crate::app::access::accounts::TrackingChange;
use crate::app::events::own_visits::Wish;
use crate::app::reports::anonymous::AnonymousTotals;
use crate::app::reports::dashboard::{Compare, Dashboard, Kpi, Point};
use crate::app::reports::visitor::{ContactRef, SessionRow};
use crate::app::reports::{Before, NameRow, PageRow, SourceRow, Span, Table, VisitorReport};
use crate::app::state::live::Entry;
use crate::app::state::script_cache::Fetched;
use crate::base::clock::{DAY, HOUR, MINUTE, Millis};
use crate::base::random::SeededRandom;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::preset::Preset;
use crate::domain::exclusions::{Exclusions, parse_addresses};
use crate::domain::hit_reason::Reason;
use crate::domain::identity_key::{IdentityKey, IdentityKeys};
use crate::domain::money;
use crate::domain::period::{Days, Zone};
use crate::domain::tracking::{Change, ChangedTo, Setting, Tracking};
use crate::domain::user::Role;
use crate::store::saved_view::SavedView;
use crate::web::admin::people::visitor;
use crate::web::admin::reports::dashboard::Metric;
use crate::web::admin::reports::live::LiveHits;
use crate::web::admin::reports::{dashboard, devices, live, pages, sources};
use crate::web::admin::settings::advanced_tracking::{Shown, Typed};
use crate::web::admin::settings::consent::consent_nav::Part;
use crate::web::admin::settings::consent::outside_banners;
use crate::web::admin::settings::export;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::admin::settings::tracking_code::{self, CustomCode, SiteStatus};
use crate::web::admin::settings::{advanced_tracking, identity};
use crate::web::paths::Report;
use crate::web::request::query::{self, ReportParams};
use crate::web::response::page::Section;
use crate::web::text::EN;

const NOW: Millis = Millis(1_795_377_600_000);

fn zone() -> Zone {
    Zone::named("Europe/Amsterdam")
}

fn ask(report: Report, pairs: &[(&str, &str)]) -> ReportParams {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let params = query::read(AccountId::FIRST, report, &pairs, &["metric", "show", "by", "sort"], today());
    let view = |id, name: &str, query: &str| SavedView {
        id,
        name: name.into(),
        report: "pages".into(),
        query: query.into(),
        created: NOW,
    };
    let views =
        vec![view(1, "Blog this month", "period=month&filter=page:contains:/blog"), view(2, LONG, "")];
    ReportParams { views, ..params.unwrap() }
}

fn points(days: Days, level: i64) -> Vec<Point> {
    let edges = days.edges(&zone(), days.step());
    let starts = edges.iter().zip(edges.iter().skip(1)).filter(|(start, _)| **start <= NOW.0);
    let point = |(i, (start, end)): (usize, (&i64, &i64))| {
        let unfinished = *end > NOW.0;
        let n = visits(20_700 + i32::try_from(i).unwrap(), level) / if unfinished { 3 } else { 1 };
        let revenue_minor = n * 137;
        let n = u64::try_from(n).unwrap();
        Point {
            at: Millis(*start).iso(),
            visitors: n,
            sessions: n * 5 / 4,
            page_views: n * 3,
            completions: n / 4,
            revenue: money::decimal(revenue_minor, 2),
            revenue_minor,
            unfinished,
        }
    };
    starts.enumerate().map(point).collect()
}

fn kpi(points: &[Point]) -> Kpi {
    let sum = |of: fn(&Point) -> u64| points.iter().map(of).sum();
    let revenue_minor: i64 = points.iter().map(|point| point.revenue_minor).sum();
    Kpi {
        visitors: sum(|p| p.visitors),
        sessions: sum(|p| p.sessions),
        page_views: sum(|p| p.page_views),
        completions: sum(|p| p.completions),
        revenue: money::decimal(revenue_minor, 2),
        revenue_minor,
        companies: None,
    }
}

fn table<R>(rows: Vec<R>, total: u64, next: Option<&str>) -> Table<R> {
    Table {
        rows,
        total,
        next: next.map(str::to_owned),
        compare: None,
        suspected_page_views: 3,
        damaged: Vec::new(),
    }
}

/// Of four rows, one fell, one rose, one stayed the same, and one is new.
fn before(i: usize, visitors: u64) -> Option<Before> {
    let visitors = [visitors * 5 / 4, visitors / 3, visitors, 0][i % 4];
    Some(Before { visitors, sessions: visitors, page_views: visitors })
}

fn source_rows(names: &[(&str, Option<&str>)]) -> Vec<SourceRow> {
    let row = |(i, (source, detail)): (usize, &(&str, Option<&str>))| {
        let visitors = 48_112 / (1 + u64::try_from(i * i).unwrap());
        SourceRow {
            source: Some((*source).to_owned()),
            detail: detail.map(str::to_owned),
            visitors,
            sessions: visitors * 5 / 4,
            page_views: visitors * 3,
            bounce_rate: (i != 3).then_some(0.4127),
            before: before(i, visitors),
            ..SourceRow::default()
        }
    };
    names.iter().enumerate().map(row).collect()
}

fn page_rows(names: &[(&str, &str)]) -> Vec<PageRow> {
    let row = |(i, (host, path)): (usize, &(&str, &str))| {
        let visitors = 40_221 / (1 + u64::try_from(i * i).unwrap());
        PageRow {
            host: (*host).to_owned(),
            path: (*path).to_owned(),
            visitors,
            sessions: visitors * 5 / 4,
            page_views: visitors * 2,
            engaged_seconds: visitors * 83,
            bounce_rate: Some(0.0831),
            before: before(i, visitors),
        }
    };
    names.iter().enumerate().map(row).collect()
}

fn name_rows(names: &[&str]) -> Vec<NameRow> {
    let row = |(i, name): (usize, &&str)| {
        let visitors = 31_870 / (1 + u64::try_from(i * i).unwrap());
        NameRow {
            name: (*name).to_owned(),
            visitors,
            sessions: visitors * 5 / 4,
            page_views: visitors * 3,
            bounce_rate: Some(0.4127),
            before: before(i, visitors),
        }
    };
    names.iter().enumerate().map(row).collect()
}

const SOURCES: [(&str, Option<&str>); 7] = [
    ("ORGANIC_SEARCH", None),
    ("DIRECT_TRAFFIC", None),
    ("REFERRALS", None),
    ("SOCIAL_MEDIA", None),
    ("EMAIL_MARKETING", None),
    ("AI_REFERRALS", None),
    ("PAID_SEARCH", None),
];
const PAGES: [(&str, &str); 8] = [
    ("example.com", "/"),
    ("example.com", "/pricing"),
    ("example.com", "/blog/how-we-count-visitors-without-cookies-and-why-it-matters-to-your-readers"),
    ("docs.example.com", "/install"),
    ("example.com", "/contact"),
    ("example.com", ARABIC),
    ("example.com", "(other)"),
    ("(none)", "(none)"),
];
const COUNTRIES: [&str; 7] = ["NL", "DE", "US", "GB", "FR", "BE", "(none)"];

fn found(params: &ReportParams, level: i64) -> Dashboard {
    let days = params.url.period.days;
    let series = points(days, level);
    let compare = params.url.compared_days().map(|days| {
        let series = points(days, level * 9 / 10);
        let until = days.part_until(params.url.period.days, &zone(), NOW).map(Millis::iso);
        Compare { period: days.into(), until, kpi: kpi(&series), series }
    });
    Dashboard {
        period: Span::from(days),
        time_zone: "Europe/Amsterdam".into(),
        kpi: kpi(&series),
        compare,
        step: days.step().as_str(),
        series,
        anonymous: Some(AnonymousTotals { page_views: 9_207, sessions: 3_118 }),
        bots: 1_204,
        suspected_page_views: 1_318,
        sources: table(source_rows(&SOURCES), 7, None),
        pages: table(page_rows(&PAGES), 812, Some("1.2")),
        devices: table(name_rows(&["desktop", "mobile", "tablet", "other"]), 4, None),
        countries: table(name_rows(&COUNTRIES), 61, Some("1.2")),
        events: events::dashboard_rows(),
        damaged: Vec::new(),
    }
}

fn dashboard_of(name: &str, pairs: &[(&str, &str)], metric: Metric, level: i64) -> String {
    let params = ask(Report::Dashboard, pairs);
    let mut found = found(&params, level);
    if level == 0 {
        found.bots = 0;
        found.anonymous = None;
        found.suspected_page_views = 0;
        found.sources = table(Vec::new(), 0, None);
        found.pages = table(Vec::new(), 0, None);
        found.devices = table(Vec::new(), 0, None);
        found.countries = table(Vec::new(), 0, None);
    }
    if name == HOSTILE {
        found.sources =
            table(source_rows(&[(HOSTILE, Some(HOSTILE)), (LONG, None), (ARABIC, None)]), 3, None);
        found.pages = table(page_rows(&[(LONG, HOSTILE), ("a", LONG), (ARABIC, ARABIC)]), 3, None);
        found.devices = table(name_rows(&[HOSTILE, LONG, ARABIC]), 3, None);
        found.countries = table(name_rows(&[HOSTILE]), 1, None);
    }
    let layout = layout(EN.frame.nav.dashboard, Section::Dashboard, name);
    let waits = level == 0 && pairs.is_empty();
    let of = dashboard::AccountFormat { zone: &zone(), currency: "EUR" };
    dashboard::page(layout, &params, &of, metric, &found, waits).render().unwrap()
}

fn tables() -> Vec<(&'static str, String)> {
    let of = |title: &str, section| layout(title, section, "Northwind Traders");
    let hostile = |title: &str, section| layout(title, section, HOSTILE);
    let paged = ask(
        Report::Pages,
        &[("after", "7.1"), ("row", "101"), ("filter", "source:is:ORGANIC_SEARCH|REFERRALS")],
    );
    let entry = ask(Report::Pages, &[("show", "entry"), ("sort", "sessions")]);
    let detail = ask(Report::Sources, &[]);
    let folded = ask(Report::Sources, &[("by", "source")]);
    let campaign = ask(Report::Sources, &[("by", "campaign")]);
    let mut campaigns = source_rows(&SOURCES);
    for row in &mut campaigns {
        row.campaign = row.source.take();
        row.utm_source = Some("newsletter".into());
        row.utm_medium = Some("(none)".into());
    }
    let details = [
        ("ORGANIC_SEARCH", Some("google")),
        ("ORGANIC_SEARCH", Some("duckduckgo")),
        ("REFERRALS", Some("news.example.org")),
        ("DIRECT_TRAFFIC", Some("(none)")),
        (HOSTILE, Some(LONG)),
    ];
    let device = ask(Report::Devices, &[]);
    let browser = ask(Report::Devices, &[("by", "browser")]);
    let country = ask(Report::Countries, &[]);
    let odd = [(LONG, HOSTILE), ("a", LONG), (ARABIC, ARABIC)];
    let pages_of = |params: &ReportParams, rows: &[(&str, &str)], layout| {
        let next = (rows.len() > 3).then_some("3.4");
        pages::page(layout, params, &table(page_rows(rows), 812, next)).render().unwrap()
    };
    let sources_of = |params: &ReportParams, rows: Vec<SourceRow>| {
        let layout = of(EN.table.sources, Section::Sources);
        sources::page(layout, params, &table(rows, 5, None)).unwrap().render().unwrap()
    };
    let names_of = |params: &ReportParams, rows: &[&str], title| {
        let layout = of(title, Section::Dashboard);
        let table = table(name_rows(rows), 5, None);
        let mut page = devices::page(layout, params, &table);
        if params.url.report == Report::Countries {
            devices::add_map(&mut page, &EN, params, &table, false);
        }
        page.render().unwrap()
    };
    vec![
        ("pages", pages_of(&paged, &PAGES, of(EN.table.pages, Section::Pages))),
        ("pages-entry", pages_of(&entry, &[], of(EN.table.pages, Section::Pages))),
        ("pages-hostile", pages_of(&paged, &odd, hostile(EN.table.pages, Section::Pages))),
        ("sources", sources_of(&detail, source_rows(&details))),
        ("sources-folded", sources_of(&folded, source_rows(&SOURCES))),
        ("sources-campaign", sources_of(&campaign, campaigns)),
        ("devices", names_of(&device, &["desktop", "mobile", "(none)"], EN.table.devices)),
        ("browsers", names_of(&browser, &["Chrome", "Safari", HOSTILE], EN.table.devices)),
        ("countries", names_of(&country, &COUNTRIES, EN.table.countries)),
        ("countries-hostile", names_of(&country, &["NL", HOSTILE, LONG], EN.table.countries)),
        ("countries-unknown", names_of(&country, &["(none)"], EN.table.countries)),
        ("countries-none", names_of(&country, &[], EN.table.countries)),
        ("pages-damaged", damaged(&paged)),
    ]
}

fn damaged(params: &ReportParams) -> String {
    let days = vec!["2026-11-03".to_owned(), "2026-11-04".to_owned()];
    let table = Table { damaged: days, ..table(page_rows(&PAGES), 812, None) };
    pages::page(layout(EN.table.pages, Section::Pages, "Northwind Traders"), params, &table).render().unwrap()
}

fn hits() -> Vec<Entry> {
    let at = |seconds: i64| NOW.plus(-seconds * 1_000);
    let stored = |seconds, page: &str, source: &str, visitor| Entry {
        kind: "page_view",
        result: "stored",
        page: page.into(),
        consent: "granted",
        source: source.into(),
        country: "NL".into(),
        device: "mobile".into(),
        visitor,
        ..Entry::refused(at(seconds), Reason::Stored)
    };
    let refused =
        |seconds, reason, page: &str| Entry { page: page.into(), ..Entry::refused(at(seconds), reason) };
    vec![
        stored(1, "example.com/pricing?plan=team", "ORGANIC_SEARCH", None),
        Entry { kind: "engagement", ..stored(4, "example.com/", "", Some(8_121)) },
        refused(9, Reason::NoConsent, ""),
        refused(12, Reason::Bot, "example.com/"),
        stored(14, &format!("other.example.net/{LONG}/{ARABIC}"), "REFERRALS", Some(8_120)),
        refused(15, Reason::UnknownHost, HOSTILE),
        refused(22, Reason::Duplicate, "example.com/contact"),
        refused(40, Reason::DoNotTrack, ""),
        refused(71, Reason::TooOld, "example.com/"),
        refused(98, Reason::Malformed, ""),
    ]
}

fn live_of(name: &str, entries: Vec<Entry>) -> String {
    let counts = [(Reason::Stored, 18_233), (Reason::NoConsent, 902), (Reason::Bot, 411)];
    let counts = if entries.is_empty() { Vec::new() } else { counts.to_vec() };
    let counts = if name == HOSTILE { Reason::ALL.iter().map(|r| (*r, 1)).collect() } else { counts };
    let seen = LiveHits { entries, counts, since: NOW.plus(-300 * MINUTE) };
    let settings = settings();
    let layout = layout(EN.frame.nav.live, Section::Live, name);
    live::page(layout, &ask(Report::Live, &[]), &zone(), &settings, &seen).render().unwrap()
}

fn settings() -> Settings {
    Settings::parse("Northwind", &["example.com".to_owned()], "Europe/Amsterdam", "EUR").unwrap()
}

fn install(name: &str, first_hit: Option<Millis>, hits: Vec<Entry>, fetched: bool) -> String {
    let site = SiteStatus {
        rules: if first_hit.is_some() { Preset::Europe.apply(&[]) } else { Vec::new() },
        now: NOW,
        first_hit,
        fetched: fetched.then(|| Fetched { times: 3, last: NOW.plus(-2 * MINUTE) }),
        hits,
        host: if name == HOSTILE { HOSTILE.into() } else { "stats.example.com".into() },
        https: first_hit.is_some(),
    };
    let layout = layout(EN.install.snippet, Section::Settings, name);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::TrackingCode);
    let custom = CustomCode { allowed: true, on: fetched, may_change: true };
    tracking_code::page(layout, nav, AccountId::FIRST, &settings(), &zone(), &site, custom).render().unwrap()
}

fn advanced_tracking_of(name: &str) -> String {
    let layout = layout(EN.access.settings.advanced_tracking, Section::Settings, name);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::AdvancedTracking);
    let exclusions = Exclusions {
        addresses: parse_addresses("192.0.2.17 10.0.0.0/8 2001:db8::/32").unwrap(),
        referrers: vec!["spam.example".into()],
        parameters: vec!["customer_id".into()],
    };
    let change = |setting, to| TrackingChange {
        at: NOW,
        email: Some(if name == HOSTILE { HOSTILE.into() } else { "ada@example.com".into() }),
        change: Change { setting, to },
    };
    let added = ChangedTo::List { added: "10.0.0.0/8, 2001:db8::/32".into(), removed: String::new() };
    let shown = Shown {
        id: AccountId::FIRST,
        zone: &zone(),
        typed: &Typed::stored(Tracking::default(), &exclusions),
        address: "example.com".into(),
        changes: &[
            change(Setting::ExcludedAddresses, added),
            change(Setting::ClickAutocapture, ChangedTo::Switch { on: true }),
        ],
    };
    advanced_tracking::page(layout, nav, &shown).render().unwrap()
}

fn own_visits_of(name: &str) -> String {
    let layout = layout(EN.own_visits.title, Section::Settings, name);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::AdvancedTracking);
    let link = format!("//example.com/#guestlog-own-visits=o{}", "0123456789abcdef".repeat(2));
    advanced_tracking::link_page(layout, nav, AccountId::FIRST, Wish::LeaveOut, link).render().unwrap()
}

fn outside_banners_of(name: &str) -> String {
    let (layout, head) = head(EN.outside_banners.title, name, Part::Outside, true);
    outside_banners::page(layout, head, "stats.example.com", AccountId::FIRST).render().unwrap()
}

fn identity_of(name: &str, has_key: bool) -> String {
    let layout = layout(EN.identity.title, Section::Settings, name);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::Identity);
    let random = SeededRandom::new(1);
    let keys = IdentityKeys { current: IdentityKey::new(&random), former: Some(IdentityKey::new(&random)) };
    let found = has_key.then_some((keys, NOW));
    identity::page(layout, nav, AccountId::FIRST, &zone(), found.as_ref(), has_key).render().unwrap()
}

fn export_of(name: &str) -> String {
    let layout = layout(EN.access.settings.export, Section::Settings, name);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::Export);
    export::page(layout, nav, &export::Typed::default(), export::Wrong::default()).render().unwrap()
}

fn visitor_of(name: &str, email: Option<&str>, rows: Vec<SessionRow>, role: Role) -> String {
    let found = VisitorReport {
        number: 8_121,
        contact: email.map(|email| ContactRef { contact_id: 7, email: Some(email.into()) }),
        first_seen: NOW.plus(-90 * DAY),
        last_seen: NOW.plus(-3 * HOUR),
        original_source: "ORGANIC_SEARCH".into(),
        original_source_detail: if name == HOSTILE { HOSTILE.into() } else { "google".into() },
        device: "mobile".into(),
        browser: "Safari".into(),
        os: "iOS".into(),
        country: "NL".into(),
        region: "Utrecht".into(),
        sessions: 41,
        page_views: 1_507,
        engaged_seconds: 18_112,
        days: 29,
        damaged: if name == HOSTILE { vec!["2026-11-02".into()] } else { Vec::new() },
        table: table(rows, 41, (name != HOSTILE).then_some("1795377600000.3")),
        ..VisitorReport::default()
    };
    let mut layout = layout(email.unwrap_or("Visitor #8121"), Section::Live, name);
    if let Some(viewer) = &mut layout.viewer {
        viewer.role = role;
    }
    let params = visitor::TimelineParams { row: 1, limit: 20, ..Default::default() };
    visitor::page(layout, &zone(), "EUR", &params, &found).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_an_account() -> Vec<(&'static str, String)> {
    let full = "Northwind Traders";
    let filtered = [
        ("filter", "source:is:ORGANIC_SEARCH"),
        ("filter", "page:contains:/blog|/docs"),
        ("compare", "year"),
        ("period", "7d"),
        ("metric", "page_views"),
    ];
    let (page, referrer) = (format!("page:is:{HOSTILE}"), format!("referrer:contains:{LONG}"));
    let hostile = [
        ("filter", page.as_str()),
        ("filter", "source:is_not:REFERRALS|"),
        ("filter", &referrer),
        ("compare", "year"),
    ];
    let mut all = vec![
        ("account-dashboard", dashboard_of(full, &[], Metric::Visitors, 3_900)),
        ("account-dashboard-filtered", dashboard_of(full, &filtered, Metric::PageViews, 90)),
        ("account-dashboard-today", dashboard_of(full, &[("period", "today")], Metric::Sessions, 40)),
        ("account-dashboard-year", dashboard_of(full, &[("period", "12mo")], Metric::Visitors, 90_000)),
        ("account-dashboard-none", dashboard_of(full, &[("period", "7d")], Metric::Visitors, 0)),
        ("account-dashboard-first", dashboard_of("Harbour Books", &[], Metric::Visitors, 0)),
        ("account-dashboard-hostile", dashboard_of(HOSTILE, &hostile, Metric::Visitors, 3_900)),
        ("live", live_of(full, hits())),
        ("live-empty", live_of("Harbour Books", Vec::new())),
        ("live-hostile", live_of(HOSTILE, hits())),
        ("visitor", {
            let first = visit(41, 3 * HOUR, &["pricing", "blog/how-we-count", "contact", "thanks"], true);
            let more = [visit(40, 2 * DAY, &[""], false), visit(3, 9 * DAY, &["pricing", LONG], true)];
            visitor_of(
                full,
                Some("jan.de.vries@example.com"),
                [first].into_iter().chain(more).collect(),
                Role::Owner,
            )
        }),
        ("visitor-none", visitor_of("Harbour Books", None, Vec::new(), Role::Viewer)),
        (
            "visitor-hostile",
            visitor_of(
                HOSTILE,
                Some(LONG),
                vec![visit(3, HOUR, &[HOSTILE, LONG, ARABIC], true)],
                Role::Owner,
            ),
        ),
        ("advanced-tracking", advanced_tracking_of(full)),
        ("own-visits", own_visits_of(full)),
        ("outside-banners", outside_banners_of(full)),
        ("identity", identity_of(full, true)),
        ("identity-none", identity_of(full, false)),
        ("export", export_of(full)),
        ("install-waiting", install("Harbour Books", None, Vec::new(), false)),
        ("install-refused", install("Harbour Books", None, hits(), true)),
        ("install-done", install(full, Some(NOW.plus(-90 * MINUTE)), Vec::new(), true)),
        ("install-hostile", install(HOSTILE, None, hits(), true)),
    ];
    all.extend(tables());
    all
}
