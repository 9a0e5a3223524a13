//! What a server writes to its log.

use serde_json::json;

use crate::harness::server::{Server, get, prepare};
use crate::harness::site::FIREFOX;

const EMAIL: &str = "ada.lovelace";
const TOKEN: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// A sender cannot write a line of its own, and whoever reads the log learns nothing of visitors.
#[test]
fn requests_leave_no_line_and_nothing_personal_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let account = prepare(&folder.path().join("data"));
    let server = Server::start(&folder.path().join("data"));
    for path in [
        format!("/v1/event?_a={account}&_n=Login&email={EMAIL}%40example.com&id={TOKEN}"),
        format!("/v1/event?_a={account}&_n=%0d%0a2026-11-30+forged&email={EMAIL}%40example.com&_m=x"),
        format!(
            "/__ptq.gif?a={account}&k=1&vi={TOKEN}&pu=https://example.com/%0aforged?email={EMAIL}@example.com"
        ),
        format!("/no/such/page%0d%0aforged?token={TOKEN}"),
        format!("/sign-in/link?token={TOKEN}"),
        format!("/accounts/{account}/contacts?search={EMAIL}%40example.com&format=csv"),
    ] {
        assert!(get(server.address, &path).is_some(), "{path}");
    }
    let view = json!({"a": account.to_string(), "k": "1", "vi": TOKEN, "pu": "https://example.com/", "t": "forged\n",
        "i": {"email": format!("{EMAIL}@example.com")}});
    let request = ureq::post(format!("http://{}/collect", server.address)).header("user-agent", FIREFOX);
    assert_eq!(request.send(view.to_string()).unwrap().status(), 204);
    server.wait_until_folded();
    let log = server.log();
    server.stop();
    for text in [EMAIL, TOKEN, "forged", "/no/such/page"] {
        assert!(!log.contains(text), "{text}: {log}");
    }
    assert!(log.lines().all(|line| line.starts_with("20")), "each line begins with its time: {log}");
}
