//! `guestlog demo` as people meet it: the printed lines, the example site, the tracking, and nothing left over.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use guestlog::base::clock::{Clock, RealClock, pause};
use rustix::process::{Pid, Signal, kill_process};

use super::binary::guestlog;

/// Within this something has happened, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(60);

struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Where its store is made.
    scratch: tempfile::TempDir,
}

impl Demo {
    fn start(events: &str, more: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let mut child = guestlog(&["demo", "--listen", "127.0.0.1:0", "--events", events])
            .args(more)
            .env("TMPDIR", scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, scratch }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// Asks it to stop, as Ctrl-C or a service manager does; its exit code.
    fn stop(&mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn left_in(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let config = config.user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
    config.timeout_global(Some(PATIENCE)).build().into()
}

/// Status and body.
fn get(url: &str) -> (u16, String) {
    let mut answer = agent().get(url).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// The word behind a label in the printed lines.
fn line_of<'a>(lines: &'a str, label: &str) -> &'a str {
    let line = lines.lines().find_map(|line| line.strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_else(|| panic!("no {label} in {lines}"))
}

fn stored(admin: &str) -> u64 {
    let text = get(&format!("{admin}/metrics")).1;
    let line = text.lines().find_map(|line| line.strip_prefix("guestlog_hits_total{reason=\"stored\"} "));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

fn wait_until(what: &str, found: impl Fn() -> bool) {
    let end = RealClock.monotonic() + PATIENCE;
    while !found() {
        assert!(RealClock.monotonic() < end, "{what}");
        pause(Duration::from_millis(50));
    }
}

#[test]
fn the_demo_prints_its_addresses_serves_a_tracked_site_and_leaves_nothing() {
    let mut demo = Demo::start("800", &["--quiet-site"]);
    let lines: String = (0..5).map(|_| demo.line()).collect();
    let (site, link) = (line_of(&lines, "Example site"), line_of(&lines, "Dashboard"));
    assert!(lines.lines().nth(4).unwrap().contains("Ctrl-C"), "{lines}");
    let password = lines.split_once("password ").unwrap().1.split_whitespace().next().unwrap();
    let site = site.strip_suffix('/').unwrap();
    let (admin, _) = link.split_once("/sign-in/link?token=").unwrap();
    assert_ne!(site.rsplit(':').next(), admin.rsplit(':').next(), "two ports");

    for path in [
        "/",
        "/products",
        "/products/kestrel",
        "/pricing",
        "/docs/getting-started",
        "/blog/wet-bulb",
        "/planner",
        "/planner/list",
        "/newsletter",
        "/cart",
        "/assets/style.css",
        "/assets/site.js",
        "/assets/station.svg",
    ] {
        assert_eq!(get(&format!("{site}{path}")).0, 200, "{path}");
    }
    assert_eq!(get(&format!("{site}/nothing-here")).0, 404);
    let (_, page) = get(&format!("{site}/pricing"));
    let script =
        page.split("<script src=\"").find_map(|rest| rest.split('"').next().filter(|s| s.starts_with(admin)));
    let (status, script) = get(script.unwrap());
    assert!(status == 200 && script.contains("1000001"));

    // As the script does on that page.
    let before = stored(admin);
    let body = format!(
        r#"{{"a":1000001,"k":1,"id":"x1","vi":"f00d","pu":"{site}/pricing?utm_source=newsletter","t":"Prices"}}"#
    );
    let answer = agent()
        .post(format!("{admin}/collect"))
        .header("Origin", site)
        .content_type("text/plain")
        .send(body)
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["x-guestlog"], "stored");
    wait_until("the view is folded", || stored(admin) == before + 1);

    // The link signs in once.
    let answer = agent().get(link).call().unwrap();
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookie =
        cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("guestlog="));
    let cookie = cookie.unwrap().to_owned();
    let page =
        |cookie: &str| agent().get(format!("{admin}/accounts")).header("Cookie", cookie).call().unwrap();
    let mut accounts = page(&cookie);
    let html = accounts.body_mut().read_to_string().unwrap();
    assert!(accounts.status() == 200 && html.contains("Ostrel"), "{} {html}", accounts.status());
    assert_eq!(page("guestlog=x").status(), 401, "and nobody else is let in");
    assert_eq!(agent().get(link).call().unwrap().status(), 410, "it works once");
    let mut door = agent().get(format!("{admin}/sign-in")).call().unwrap();
    let guest = door.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = door.body_mut().read_to_string().unwrap();
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let form = [("email", "demo@ostrel.example"), ("password", password), ("csrf", csrf)];
    let again = agent().post(format!("{admin}/sign-in")).header("Cookie", guest).send_form(form).unwrap();
    assert_eq!(again.status(), 303, "and the password that was printed ever after");

    assert_eq!(left_in(demo.scratch.path()), 1);
    assert_eq!(demo.stop(Signal::TERM), Some(0));
    assert_eq!(left_in(demo.scratch.path()), 0, "its store is gone");
}

#[test]
fn the_demo_invents_visits_while_it_runs() {
    let mut demo = Demo::start("800", &["--json"]);
    let ready: serde_json::Value = serde_json::from_str(&demo.line()).unwrap();
    let (admin, _) = ready["admin"].as_str().unwrap().split_once("/sign-in/").unwrap();
    let text = || get(&format!("{admin}/metrics")).1;
    // One page view at least, and then what was reported about it.
    wait_until("invented visits arrive", || stored(admin) >= 4);
    let refused: Vec<String> = text()
        .lines()
        .filter(|line| line.starts_with("guestlog_hits_total{") && !line.ends_with(" 0"))
        .filter(|line| !line.contains("\"stored\""))
        .map(str::to_owned)
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(demo.stop(Signal::INT), Some(0));
    assert_eq!(left_in(demo.scratch.path()), 0);
}

#[test]
fn a_demo_stopped_while_it_invents_leaves_nothing() {
    let mut demo = Demo::start("200000", &[]);
    wait_until("its store is made", || left_in(demo.scratch.path()) > 0);
    // Its history takes far longer than this.
    pause(Duration::from_millis(500));
    assert_eq!(demo.stop(Signal::TERM), Some(0));
    assert_eq!(demo.line(), "", "it was not ready yet");
    assert_eq!(left_in(demo.scratch.path()), 0);
}
