//! Our own server against hostile peers: strings that have broken others in every field, and raw bytes.

use guestlog::domain::hit::TITLE_MAX;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::text::cut;
use serde_json::{Value, json};

use super::{naughty_strings, raw_faults};
use crate::harness::server::{Server, prepare};
use crate::harness::site::{Answer, FIREFOX, Site, post, with};

const PAGE: &str = "https://example.com/a";

/// Fields by their names in JSON and in the GIF.
const FIELDS: &[(&str, &str)] = &[
    ("a", "a"),
    ("k", "k"),
    ("id", "gl_id"),
    ("age", "gl_age"),
    ("vi", "vi"),
    ("u", "u"),
    ("b", "b"),
    ("nc", "nc"),
    ("pu", "pu"),
    ("po", "po"),
    ("rpo", "rpo"),
    ("ccu", "ccu"),
    ("rcu", "rcu"),
    ("t", "t"),
    ("r", "r"),
    ("sd", "sd"),
    ("ln", "ln"),
    ("cc", "cc"),
    ("ce", "ce"),
    ("rev", "gl_rev"),
    ("pv", "pv"),
    ("ms", "ms"),
    ("i", "i"),
];

/// Exactly one outcome, known, with the status that belongs to it.
fn assert_one_outcome(answer: &Answer, good: u16, what: &str) {
    let reason = Reason::ALL.iter().find(|reason| reason.as_str() == answer.reason());
    let status = match reason.unwrap_or_else(|| panic!("{what}: no reason, status {}", answer.status)) {
        Reason::Malformed => 400,
        Reason::TooLarge => 413,
        _ => good,
    };
    assert_eq!(answer.status, status, "{what}");
}

#[actix_web::test]
async fn naughty_strings_in_every_field_have_one_outcome_each_and_break_nothing() {
    let mut site = Site::new().await;
    let mut sent = 0;
    for (number, text) in naughty_strings().iter().enumerate() {
        let visitor = format!("v{number}");
        let mut batch = Vec::new();
        for (json_name, gif_name) in FIELDS {
            batch.push(with(site.view("", &visitor, PAGE), json_name, text.as_str()));
            let pairs = [("a", "1000001"), ("k", "1"), ("vi", &visitor), ("pu", PAGE), ("cc", "15")];
            // The field itself goes first: of a parameter given twice the first counts.
            let pairs: Vec<_> = [(*gif_name, text.as_str())].into_iter().chain(pairs).collect();
            if number % 8 == 0 {
                assert_one_outcome(&site.gif(&pairs).await, 200, &format!("{gif_name}={text:?}"));
                sent += 1;
            }
        }
        // As name and value of a property, as identity, as a hit, as a name of a field.
        let said = json!({"email": text, "id": text, "visitor": text, (text.as_str()): text, "p": text});
        batch.push(with(site.view("", &visitor, PAGE), "i", said));
        let said =
            json!({"email": format!("a{number}@example.com"), "id": text, (text.as_str()): text, "p": text});
        batch.push(with(site.view("", &visitor, PAGE), "i", said));
        batch.push(with(site.view("", &visitor, PAGE), text, text.as_str()));
        batch.push(Value::from(text.as_str()));
        for hit in &batch {
            if number % 8 == 0 {
                let answer = site.collect(hit).await;
                assert_one_outcome(&answer, 204, &hit.to_string());
                sent += 1;
            }
        }
        sent += batch.len() as u64;
        assert_one_outcome(&site.collect(&Value::from(batch)).await, 204, text);
        assert_one_outcome(&site.collect_bytes(text.clone()).await, 204, text);
        sent += 1;
    }
    assert_eq!(site.app.counters.received(), sent);
    site.fold().await;
    let letters = site.asks::<String>("select error from dead_letter");
    assert!(letters.is_empty(), "{letters:?}");
    site.assert_that_all_are_counted().await;
    assert!(site.count(Reason::Stored) > 10_000, "{}", site.count(Reason::Stored));
}

#[actix_web::test]
async fn naughty_strings_are_stored_as_they_were_sent() {
    let mut site = Site::new().await;
    let strings = naughty_strings();
    for (number, text) in strings.iter().enumerate() {
        let said = json!({"email": format!("a{number}@example.com"), "p": text});
        let view = with(site.view(&format!("e{number}"), &format!("v{number}"), PAGE), "t", text.as_str());
        assert_eq!(site.collect(&with(view, "i", said)).await.reason(), "stored", "{text:?}");
        let (id, visitor) = (format!("g{number}"), format!("w{number}"));
        let pairs =
            [("a", "1000001"), ("k", "1"), ("vi", &visitor), ("pu", PAGE), ("t", text), ("gl_id", &id)];
        assert_eq!(site.gif(&pairs).await.reason(), "stored", "{text:?}");
    }
    site.fold().await;
    for form in ["e", "g"] {
        let titles = format!(
            "select coalesce((select value from dictionary where kind = 2 and id = title), '')
             from event_unpacked join seen using (inbox_id)
             where event_id glob '{form}*' order by cast(substr(event_id, 2) as integer)"
        );
        let titles = site.asks::<String>(&titles);
        assert_eq!(titles.len(), strings.len());
        for (text, stored) in strings.iter().zip(titles) {
            assert_eq!(stored, cut(text, TITLE_MAX), "{form}");
        }
    }
    let values = site.asks::<String>("select value from contact_property order by contact_id");
    let wanted = strings.iter().map(|text| cut(text, 1_024));
    let wanted: Vec<String> = wanted.filter(|text| !text.trim().is_empty()).collect();
    assert_eq!(values, wanted);
}

#[actix_web::test]
async fn naughty_strings_in_headers_have_one_outcome_each() {
    use actix_web::http::header::HeaderValue;
    let mut site = Site::new().await;
    let view = site.view("", "ab", PAGE).to_string();
    for text in naughty_strings() {
        let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
        for name in ["user-agent", "referer", "cookie", "x-forwarded-for", "origin", "accept-language"] {
            let request = post().insert_header(("user-agent", FIREFOX)).insert_header((name, value.clone()));
            let answer = site.call(request.set_payload(view.clone())).await;
            assert_one_outcome(&answer, 204, &format!("{name}: {text:?}"));
        }
        let script = actix_web::test::TestRequest::get().uri("/1000001.js");
        let script =
            script.insert_header(("if-none-match", value.clone())).insert_header(("accept-encoding", value));
        assert!(site.call(script).await.status < 500, "{text:?}");
    }
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 0);
    site.assert_that_all_are_counted().await;
}

pub(super) fn server(env: &[(&str, &str)], before: &[&str]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    prepare(&data);
    let server = Server::start_with(&data, env, before).unwrap();
    (folder, server)
}

/// There is one worker, so honest clients share it with the hostile peer.
#[test]
fn our_server_answers_the_raw_cases_as_the_rfcs_allow() {
    let (_folder, mut server) = server(&[("GUESTLOG_SERVER__WORKERS", "1")], &[]);
    let faults = raw_faults(server.address);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(server.is_running());
    // The framework's own parser panics at an empty header name, at the cost of that connection alone.
    let ours = server.log().lines().any(|line| line.contains("panicked at src/"));
    assert!(!ours, "{}", server.log());
}
