//! What a report shows of a text is what it links to, what it exports, and what finds it when it is typed.

use std::collections::BTreeSet;

use guestlog::base::clock::MINUTE;
use serde_json::{Value, json};

use super::reports::{Fixture, url_encode};
use crate::hostile::naughty_strings;

/// Tables, the dimension that each groups by, and the keys of a row that make its name.
const TABLES: [(&str, &str, &[&str]); 8] = [
    ("pages?show=all", "page", &["host", "path"]),
    ("pages?show=entry", "entry_page", &["host", "path"]),
    ("pages?show=exit", "exit_page", &["host", "path"]),
    ("sources?by=referrer", "referrer", &["referrer"]),
    ("sources?by=detail_2", "source_detail_2", &["detail_2"]),
    ("sources?by=medium", "utm_medium", &["utm_medium"]),
    ("sources?by=term", "utm_term", &["utm_term"]),
    ("sources?by=content", "utm_content", &["utm_content"]),
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

/// The value of a field of the filter form for one text. A bar would divide two values.
fn typed(name: &str) -> String {
    name.replace("%7C", "%257C").replace("%7c", "%257c").replace('|', "%7C")
}

fn name_of(row: &Value, keys: &[&str]) -> String {
    keys.iter().map(|key| row[*key].as_str().unwrap_or_default()).collect()
}

#[actix_web::test]
async fn what_is_shown_linked_exported_and_typed_is_one_text() {
    let fixture = Fixture::new().await;
    let texts: Vec<String> = naughty_strings().into_iter().filter(|text| !text.trim().is_empty()).collect();
    let texts: Vec<&String> = texts.iter().step_by(texts.len().div_ceil(160)).collect();
    assert!(texts.len() + PATHS.len() >= 140);
    for (n, text) in texts.iter().enumerate() {
        let encoded = url_encode(text);
        let page = format!(
            "https://site.test/{n}/{encoded}?utm_source=s{n}&utm_medium={encoded}&utm_campaign=c\
             &utm_term={encoded}&utm_content={encoded}"
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
        let rows = fixture.json(&format!("{table}&limit=1000")).await["rows"].clone();
        let rows: Vec<Value> = rows.as_array().unwrap().clone();
        assert!(rows.len() > 40, "{table}: {}", rows.len());
        let names: BTreeSet<String> = rows.iter().map(|row| name_of(row, keys)).collect();
        assert_eq!(names.len(), rows.len(), "{table}: each text is one row");
        let csv = fixture.get(&format!("{table}&limit=1000&format=csv&bom=0")).await.body;
        let html = fixture.get(&format!("{table}&limit=1000")).await.body;
        let mut file = csv::Reader::from_reader(csv.as_bytes());
        let exported: BTreeSet<String> = file
            .records()
            .map(|record| {
                record
                    .unwrap()
                    .iter()
                    .take(keys.len())
                    .map(|cell| cell.strip_prefix('\'').unwrap_or(cell))
                    .collect()
            })
            .collect();
        for row in rows.iter().filter(|row| name_of(row, &keys[keys.len() - 1..]) != "(none)") {
            let name = name_of(row, keys);
            if name.chars().count() > 1_000 {
                continue;
            }
            assert!(
                exported.contains(name.strip_prefix('\'').unwrap_or(&name)),
                "{table}: {name:?} is not exported"
            );
            let link = url_encode(&format!("{dimension}:is:{}", typed(&name)));
            let fields = format!("dimension={dimension}&operator=is&value={}", url_encode(&typed(&name)));
            let sent = fixture.reader.get(&fixture.path(&format!("{table}&{fields}"))).await;
            let found = fixture.json(&format!("{table}&filter={link}")).await;
            assert_eq!(found["rows"], json!([row]), "{table}: {name:?}");
            let by_form = sent.location().to_owned();
            let by_form = by_form.split_once("/accounts/").map_or("", |(_, rest)| rest);
            let by_form = by_form.split_once('/').map_or("", |(_, rest)| rest);
            assert_eq!(fixture.json(by_form).await["rows"], json!([row]), "{table}: typed {name:?}");
            assert!(html.contains(&format!("filter={dimension}:is:")), "{table}");
        }
    }
    for (filter, views) in [
        ("page:is:/Trail/", 2),
        ("page:is:bücher.example/x", 0),
        ("page:is:www.bücher.example/Trail", 2),
        ("page:is:https://www.bücher.example/x>y", 2),
        ("page:is:www.xn--bcher-kva.example/x%3Ey", 2),
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
