//! What a report shows of a text is what it links to, what it exports, and what finds it when it is typed.

use std::collections::{BTreeMap, BTreeSet};

use guestlog::base::clock::MINUTE;
use guestlog::domain::click_id::ClickId;
use guestlog::domain::consent::Consent;
use guestlog::domain::contact::{Email, Identity};
use guestlog::domain::device::{Device, DeviceClass};
use guestlog::domain::hit::{Act, Hit};
use guestlog::domain::question::Dimension;
use guestlog::domain::screen::ScreenClass;
use guestlog::domain::source::{Attribution, Origin, Source};
use guestlog::domain::visitor::Token;
use guestlog::store::inbox::Entry;
use guestlog::store::row;
use guestlog::web::text::EN;
use serde_json::{Value, json};

use super::events;
use super::reports::{Fixture, url_encode};
use crate::harness::app::NOW;
use crate::harness::browser::Browser;
use crate::hostile::naughty_strings;

/// So many texts each dimension whose texts come from outside has at least.
const MANY: usize = 200;

/// Tables, the dimension that each groups by, and the keys of a row that make its name.
const TABLES: [(&str, Dimension, &[&str]); 8] = [
    ("pages?show=all", Dimension::Page, &["host", "path"]),
    ("pages?show=entry", Dimension::EntryPage, &["host", "path"]),
    ("pages?show=exit", Dimension::ExitPage, &["host", "path"]),
    ("sources?by=referrer", Dimension::Referrer, &["referrer"]),
    ("sources?by=detail_2", Dimension::SourceDetail2, &["detail_2"]),
    ("sources?by=medium", Dimension::UtmMedium, &["utm_medium"]),
    ("sources?by=term", Dimension::UtmTerm, &["utm_term"]),
    ("sources?by=content", Dimension::UtmContent, &["utm_content"]),
];

/// Texts that mean something to a filter, or nearly so.
const SIGNS: [&str; 34] = [
    "a|b",
    "|",
    "||",
    "a|",
    "|b",
    "a",
    "A",
    "b",
    "%7C",
    "a%7Cb",
    "a%7cb",
    "%257C",
    "%25257c",
    "%",
    "%2",
    "100%",
    "(none)",
    "(other)",
    "(NONE)",
    "(none)|a",
    "a:b",
    "is",
    "page:is:/x",
    "tag:is:a|b",
    "a,b",
    "a  b",
    "'a'",
    "\"a\"",
    "\u{e9}",
    "e\u{301}",
    "Organic search",
    "Mobile",
    "German (Austria)",
    "<b>a</b>",
];

/// Paths as sites have them, with what is special in each way an address can be written.
const PATHS: [&str; 40] = [
    "/Trail/",
    "/пример/x",
    "/x>y",
    "/a b",
    "/a%20b",
    "/a%20%20b",
    "/a%20",
    "/100%",
    "/100%25",
    "/%41bc",
    "/%D0%BF",
    "/%d0%bf%D1%80",
    "/日本/東京",
    "/%E6%97%A5",
    "/a%2Fb",
    "/a%3Fb",
    "/a%23b",
    "/a%26b",
    "/a&b",
    "/it's",
    "/it%27s",
    "/(x)",
    "/%28y%29",
    "/a+b",
    "/a%2Bb",
    "/a|b",
    "/a%7Cb",
    "/a:b",
    "/%3Cb%3E",
    "/\"q\"",
    "/%22r%22",
    "/e%CC%81",
    "/é",
    "/%FF%FE",
    "/%00",
    "/a%0Ab",
    "/%E2%80%AEgpj",
    "/🐈",
    "/a;b=c,d",
    "/~u/-_.",
];

fn name_of(row: &Value, keys: &[&str]) -> String {
    keys.iter().map(|key| row[*key].as_str().unwrap_or_default()).collect()
}

/// `MANY` texts or more that a site may send.
fn odd_texts() -> Vec<String> {
    let all: Vec<String> = naughty_strings().into_iter().filter(|text| !text.trim().is_empty()).collect();
    let some = all.iter().step_by(all.len() / (MANY - SIGNS.len() / 2)).cloned();
    SIGNS.iter().map(|text| (*text).to_owned()).chain(some).collect()
}

/// The address, without its account, to which the filter form of a report leads.
async fn form(reader: &Browser, report: &str, dimension: Dimension, typed: &str) -> String {
    let sign = if report.contains('?') { '&' } else { '?' };
    let fields = format!("dimension={}&operator=is&value={}", dimension.as_str(), url_encode(typed));
    let sent = reader.get(&format!("{report}{sign}{fields}")).await;
    assert_eq!(sent.status, 303, "{report}: {typed:?}: {}", sent.body);
    sent.location().split('/').skip(3).collect::<Vec<_>>().join("/")
}

/// The filters in an address or a page, as they are written there.
fn links(html: &str) -> BTreeSet<&str> {
    html.split("filter=").skip(1).filter_map(|rest| rest.split(['"', '&']).next()).collect()
}

/// Each row of the table is linked, exported, and found as that row alone when its name is typed as it is shown.
async fn check_table(fixture: &Fixture, table: &str, dimension: Dimension, keys: &[&str], least: usize) {
    let rows = fixture.json(&format!("{table}&limit=1000")).await["rows"].clone();
    let rows: Vec<Value> = rows.as_array().unwrap().clone();
    assert!(rows.len() >= least, "{table}: {}", rows.len());
    let names: BTreeSet<String> = rows.iter().map(|row| name_of(row, keys)).collect();
    assert_eq!(names.len(), rows.len(), "{table}: each text is one row");
    let csv = fixture.get(&format!("{table}&limit=1000&format=csv&bom=0")).await.body;
    let html = fixture.get(&format!("{table}&limit=1000")).await.body;
    let rows_link_to = links(&html);
    let mut file = csv::Reader::from_reader(csv.as_bytes());
    let bare = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let exported: BTreeSet<String> =
        file.records().map(|record| record.unwrap().iter().take(keys.len()).map(bare).collect()).collect();
    for row in &rows {
        let name = name_of(row, keys);
        assert!(exported.contains(&bare(&name)), "{table}: {name:?} is not exported");
        let found = form(&fixture.reader, &fixture.path(table), dimension, &name).await;
        let link = *links(&found).first().unwrap();
        assert!(rows_link_to.contains(link), "{table}: {name:?}: no row links to {link}");
        assert_eq!(fixture.json(&found).await["rows"], json!([row]), "{table}: {name:?}");
    }
}

/// A text of a dimension without a table is found when it is typed, as often as it was sent.
async fn check_count(fixture: &Fixture, dimension: Dimension, text: &str, views: u64) {
    let found = form(&fixture.reader, &fixture.path("dashboard"), dimension, text).await;
    let answer = fixture.json(&found).await;
    assert_eq!(answer["kpi"]["page_views"], json!(views), "{dimension:?}: {text:?}");
}

/// The dimensions that these tests look at. A new one belongs to one of them.
const fn is_looked_at(dimension: Dimension) -> bool {
    use Dimension as D;
    match dimension {
        D::Page | D::EntryPage | D::ExitPage | D::Host | D::Referrer | D::SourceDetail | D::SourceDetail2 => {
            true
        }
        D::UtmSource | D::UtmMedium | D::UtmCampaign | D::UtmTerm | D::UtmContent => true,
        D::Source | D::ClickId | D::Country | D::Region | D::Device | D::Browser | D::Os => true,
        D::Screen | D::Language | D::VisitorType | D::Suspected | D::Consent | D::ConsentOrigin => true,
        D::Event | D::Tag | D::Contact => true,
        // No session has a company yet, and a list is named by its account.
        D::Company | D::List => false,
    }
}

#[test]
fn every_dimension_that_has_values_is_looked_at() {
    let left: Vec<_> = Dimension::ALL.into_iter().filter(|dimension| !is_looked_at(*dimension)).collect();
    assert_eq!(left, [Dimension::Company, Dimension::List]);
}

#[actix_web::test]
async fn texts_of_addresses_and_campaigns_are_shown_linked_exported_and_found() {
    let fixture = Fixture::new().await;
    for (n, text) in odd_texts().iter().enumerate() {
        let encoded = url_encode(text);
        let page = format!(
            "https://h{n}.xn--caf-dma.example/{n}/{encoded}?utm_source={encoded}&utm_medium={encoded}\
             &utm_campaign={encoded}&utm_term={encoded}&utm_content={encoded}"
        );
        fixture.view(&format!("n{n}"), &page, &format!("https://ref{n}.example/{encoded}")).await;
    }
    for (n, path) in PATHS.iter().enumerate() {
        // Two visitors, so that a row of two paths that look the same would show.
        for visitor in ["a", "b"] {
            let referrer = format!("http{}://xn--bcher-kva.example{path}", if n % 2 == 0 { "s" } else { "" });
            fixture
                .view(
                    &format!("{visitor}{n}"),
                    &format!("https://www.xn--bcher-kva.example{path}"),
                    &referrer,
                )
                .await;
        }
    }
    // Exit pages are those of finished sessions.
    fixture.json("dashboard").await;
    fixture.site.clock.advance(40 * MINUTE);
    for (table, dimension, keys) in TABLES {
        check_table(&fixture, table, dimension, keys, MANY).await;
    }
    let totals = |rows: &Value, key: &str| {
        let mut totals: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows["rows"].as_array().unwrap() {
            *totals.entry(row[key].as_str().unwrap().to_owned()).or_default() +=
                row["page_views"].as_u64().unwrap();
        }
        totals
    };
    for (table, key, dimension) in [
        ("pages?limit=1000", "host", Dimension::Host),
        ("sources?limit=1000", "detail", Dimension::SourceDetail),
        ("sources?by=campaign&limit=1000", "utm_source", Dimension::UtmSource),
        ("sources?by=campaign&limit=1000", "campaign", Dimension::UtmCampaign),
    ] {
        let mut totals = totals(&fixture.json(table).await, key);
        // The table of campaigns has no row for visits without one.
        totals.retain(|text, _| text != "(none)");
        assert!(totals.len() >= MANY, "{dimension:?}: {}", totals.len());
        for (text, views) in totals {
            check_count(&fixture, dimension, &text, views).await;
        }
    }
    for (filter, views) in [
        ("page:is:/Trail/", 2),
        ("page:is:bücher.example/x", 0),
        ("page:is:www.bücher.example/Trail", 2),
        ("page:is:https://www.bücher.example/x>y", 2),
        ("page:is:www.xn--bcher-kva.example/x%3Ey", 2),
        // Who writes an address himself may leave the bar of a text as it is.
        ("page:is:www.bücher.example/a|b", 4),
        ("page:is:www.bücher.example/a%7Cb", 4),
        ("page:starts_with:/пример", 2),
        ("page:contains:ПРИМЕР/", 2),
        ("page:contains:bücher.example/trail", 2),
        ("host:is:www.BÜCHER.example", 2 * PATHS.len()),
        ("host:contains:bücher", 2 * PATHS.len()),
        ("referrer:contains:bücher.example/пример", 2),
    ] {
        let answer = fixture.json(&format!("dashboard?filter={}", url_encode(filter))).await;
        assert_eq!(answer["kpi"]["page_views"], json!(views), "{filter}");
    }
}

/// What is not read from an address: put into the inbox as the reading of a beacon leaves it.
#[actix_web::test]
async fn values_of_devices_and_places_are_shown_linked_exported_and_found() {
    let fixture = Fixture::new().await;
    let texts: Vec<String> = odd_texts()
        .into_iter()
        .map(|text| text.trim().chars().filter(|c| !c.is_control()).take(64).collect())
        .collect();
    let countries: Vec<&str> = EN.label.country.codes().collect();
    let languages: Vec<&str> = EN.label.language.codes().collect();
    let clicks: Vec<ClickId> = ClickId::all().collect();
    let mut hits = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let country = countries[n % countries.len()];
        let language = match n % 3 {
            0 => languages[n % languages.len()].to_owned(),
            1 => format!("{}-{}", languages[n % languages.len()], country.to_lowercase()),
            _ => format!("{}-latn", languages[n % languages.len()]),
        };
        let origin =
            Attribution { source: Source::ALL[n % 10], detail: text.clone(), detail_2: String::new() };
        hits.push(Hit {
            act: Act::PageView,
            visitor: Token::parse(&format!("v{n}")),
            origin: Origin::From(origin),
            screen: ScreenClass::ALL[n % 6],
            click_id: clicks[n % clicks.len()],
            language,
            device: Device { class: DeviceClass::ALL[n % 4], browser: text.clone(), os: text.clone() },
            country: country.to_owned(),
            region: text.clone(),
            consent: if n % 2 == 0 { Consent(15) } else { Consent::POLICY },
            suspected: n % 5 == 0,
            ..Hit::from_program(fixture.account, NOW, Act::PageView, Identity::default())
        });
    }
    for code in &countries {
        let hit = hits[0].clone();
        hits.push(Hit { visitor: Token::parse(&format!("c{code}")), country: (*code).to_owned(), ..hit });
    }
    let entries: Vec<_> = hits.iter().map(|hit| Entry::of_row(row::of_hit(hit).unwrap())).collect();
    let sent = entries.len() as u64;
    fixture.site.app.store.inbox.append(entries).await.unwrap();
    fixture.site.app.counters.receive(sent);
    assert_eq!(fixture.json("dashboard").await["kpi"]["page_views"], json!(sent));
    let name: &[&str] = &["name"];
    for (table, dimension, keys, least) in [
        ("devices?by=browser", Dimension::Browser, name, MANY),
        ("devices?by=os", Dimension::Os, name, MANY),
        ("devices?by=language", Dimension::Language, name, MANY),
        ("countries?show=all", Dimension::Country, name, countries.len()),
        ("devices?by=device", Dimension::Device, name, DeviceClass::ALL.len()),
        ("devices?by=screen", Dimension::Screen, name, ScreenClass::ALL.len()),
        ("sources?by=source", Dimension::Source, &["source"], Source::ALL.len()),
        ("sources?by=click_id", Dimension::ClickId, &["click_id"], clicks.len() - 1),
    ] {
        check_table(&fixture, table, dimension, keys, least).await;
        if matches!(dimension, Dimension::Browser | Dimension::Os) {
            continue;
        }
        // The page shows a label beside or instead of the value.
        let rows = fixture.json(&format!("{table}&limit=1000")).await["rows"].clone();
        let mut by_label: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows.as_array().unwrap() {
            let label = EN.label.value(dimension, row[keys[0]].as_str().unwrap()).into_owned();
            *by_label.entry(label).or_default() += row["page_views"].as_u64().unwrap();
        }
        for (label, views) in by_label {
            check_count(&fixture, dimension, &label, views).await;
        }
    }
    let count = |of: &dyn Fn(&Hit) -> bool| hits.iter().filter(|hit| of(hit)).count() as u64;
    // Whatever says that there is none is the empty text.
    let shown = |region: &str| if region.is_empty() { "(none)" } else { region }.to_owned();
    let regions: BTreeSet<String> = texts.iter().map(|text| shown(text)).collect();
    assert!(regions.len() >= MANY, "{}", regions.len());
    for region in regions {
        let views = count(&|hit| shown(&hit.region) == region);
        check_count(&fixture, Dimension::Region, &region, views).await;
    }
    for (dimension, text, views) in [
        (Dimension::Suspected, "yes", count(&|hit| hit.suspected)),
        (Dimension::Suspected, "No", count(&|hit| !hit.suspected)),
        (Dimension::VisitorType, "new", sent),
        (Dimension::VisitorType, "Returning", 0),
        (Dimension::Consent, "granted", count(&|hit| hit.consent == Consent(15))),
        (Dimension::Consent, "Policy", count(&|hit| hit.consent == Consent::POLICY)),
        (Dimension::Consent, "server", 0),
        (Dimension::ConsentOrigin, "beacon", count(&|hit| hit.consent == Consent(15))),
        (Dimension::ConsentOrigin, "Policy", count(&|hit| hit.consent == Consent::POLICY)),
        (Dimension::ConsentOrigin, "banner", 0),
    ] {
        check_count(&fixture, dimension, text, views).await;
    }
}

/// Emails as they are allowed, with each sign that they may have.
fn odd_emails() -> Vec<String> {
    let signs = "!#$%&'*+/=?^_`{|}~-".chars();
    let of_sign =
        |sign: char| (0..12).map(move |n| format!("a{sign}b{n}@{}.example", ["shop", "bücher"][n % 2]));
    let emails: BTreeSet<String> =
        signs.flat_map(of_sign).filter_map(|text| Some(Email::parse(&text)?.as_str().to_owned())).collect();
    emails.into_iter().collect()
}

#[actix_web::test]
async fn names_of_events_their_tags_and_emails_are_shown_linked_and_found() {
    let fixture = events::Fixture::new().await;
    let texts = odd_texts();
    // Twenty tags to an event, which is the most.
    let fits = |tag: &&String| {
        !tag.contains(',') && tag.trim().chars().count() <= 50 && !tag.chars().any(char::is_control)
    };
    let mut seen = BTreeSet::new();
    let tags: Vec<String> = texts
        .iter()
        .filter(fits)
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| seen.insert(tag.to_lowercase()))
        .collect();
    assert!(tags.len() >= MANY, "{}", tags.len());
    for (n, tags) in tags.chunks(20).enumerate() {
        let name = format!("tagged {n}");
        fixture.create("Custom JavaScript", &name, &[("Tags", &tags.join(","))]).await;
        for _ in 0..=n {
            fixture.fire("ada", &name, Value::Null).await;
        }
    }
    for text in &texts {
        fixture.fire("ada", text, Value::Null).await;
    }
    for email in odd_emails() {
        fixture
            .view(&email, "/", json!({"vi": url_encode(&email).replace('%', ""), "i": {"email": email}}))
            .await;
    }
    let table = fixture.json("events?limit=1000").await;
    let rows: Vec<&Value> =
        table["rows"].as_array().unwrap().iter().filter(|row| row["completions"] != 0).collect();
    assert!(rows.len() >= MANY, "{}", rows.len());
    let mut by_tag: BTreeMap<&str, u64> = BTreeMap::new();
    let path = fixture.path("events");
    for row in &rows {
        let name = row["name"].as_str().unwrap();
        for tag in row["tags"].as_array().unwrap() {
            *by_tag.entry(tag.as_str().unwrap()).or_default() += row["completions"].as_u64().unwrap();
        }
        for typed in [name, row["id"].as_str().unwrap()] {
            let found = fixture.json(&form(&fixture.editor, &path, Dimension::Event, typed).await).await;
            assert_eq!((&found["rows"][0], &found["total"]), (*row, &json!(1)), "event {typed:?}");
        }
        let chosen = fixture.json(&format!("events?search={}", url_encode(name))).await;
        assert!(chosen["rows"].as_array().unwrap().contains(row), "{name:?} is found by search");
    }
    assert!(by_tag.len() >= MANY, "{}", by_tag.len());
    for (tag, completions) in by_tag {
        let found = fixture.json(&form(&fixture.editor, &path, Dimension::Tag, tag).await).await;
        let all: u64 =
            found["rows"].as_array().unwrap().iter().map(|row| row["completions"].as_u64().unwrap()).sum();
        assert_eq!(all, completions, "tag {tag:?}");
        let chosen = fixture.json(&format!("events?tag={}", url_encode(tag))).await;
        assert_eq!(chosen["rows"][0]["completions"], json!(completions), "tag {tag:?}");
    }
    let table = fixture.json("contacts?limit=1000").await;
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() >= MANY, "{}", rows.len());
    let path = fixture.path("dashboard");
    for row in rows {
        for typed in [row["email"].as_str().unwrap().to_owned(), row["id"].to_string()] {
            let found = fixture.json(&form(&fixture.editor, &path, Dimension::Contact, &typed).await).await;
            assert_eq!(found["kpi"]["page_views"], row["page_views"], "contact {typed:?}");
        }
        let email = row["email"].as_str().unwrap();
        let found = fixture.json(&format!("contacts?search={}", url_encode(email))).await;
        assert!(found["rows"].as_array().unwrap().contains(row), "{email:?} is found by search");
    }
}
