//! `Browser` has cookies, storage, clock and network; `Page` is a tab of it that has loaded the script.

use std::rc::Rc;

use guestlog::app::ingest::accept::beacon::json_of_query;
use guestlog::domain::account::AccountId;
use guestlog::tracker::{ScriptOptions, parameters, text};
use rquickjs::{CatchResultExt, Context, Runtime};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: i64 = 1_000_001;
pub(crate) const SERVER: &str = "https://stats.example.net";
/// Within this many milliseconds, a view that the site reports itself is the one that was sent unasked.
pub(crate) const AGAIN: i64 = 2_000;
/// For so many milliseconds a move inside a page waits.
pub(crate) const SETTLE: i64 = 2_000;
pub(crate) const HOME: &str = "https://www.example.com/";

pub(crate) fn options() -> ScriptOptions {
    ScriptOptions::new(AccountId(ACCOUNT), vec!["example.com".into(), "example.org".into()])
}

/// What a served script is given for one of its parameters.
pub(crate) fn setting(script: &str, parameter: &str) -> Value {
    let (_, arguments) = script.trim_end().trim_end_matches(");").rsplit_once("})(").unwrap();
    let arguments: Vec<Value> = serde_json::from_str(&format!("[{arguments}]")).unwrap();
    arguments[parameters().iter().position(|name| *name == parameter).unwrap()].clone()
}

#[derive(Clone)]
pub(crate) struct Browser {
    context: Context,
    runtime: Rc<Runtime>,
}

/// The page before the script runs.
pub(crate) struct Visit<'a> {
    pub(crate) url: &'a str,
    pub(crate) referrer: &'a str,
    /// Code that runs before the script tag.
    pub(crate) above: &'a str,
    pub(crate) script: String,
    /// Further properties: `title`, `lang`, `canonical`, `hidden`, `prerendering`, `src`, `noFetch`, `trustedTypes`,
    /// `nonce`.
    pub(crate) more: Value,
}

impl<'a> Visit<'a> {
    pub(crate) fn of(url: &'a str) -> Self {
        Self { url, referrer: "", above: "", script: text(&options()), more: json!({}) }
    }

    pub(crate) fn above(mut self, code: &'a str) -> Self {
        self.above = code;
        self
    }

    pub(crate) fn from(mut self, referrer: &'a str) -> Self {
        self.referrer = referrer;
        self
    }

    pub(crate) fn options(mut self, options: &ScriptOptions) -> Self {
        self.script = text(options);
        self
    }

    pub(crate) fn with(mut self, more: Value) -> Self {
        self.more = more;
        self
    }
}

/// A request of the script.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `fetch`, `beacon` or `image`.
    pub(crate) via: String,
    pub(crate) url: String,
    pub(crate) raw: Value,
    /// The hits in the body; of an image, the one in its address.
    pub(crate) hits: Vec<Value>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let browser = Self { context: Context::full(&runtime).unwrap(), runtime: Rc::new(runtime) };
        browser.eval(include_str!("page.js"));
        browser
    }

    /// Runs code outside the pages, lets promises finish, and returns the last value.
    pub(crate) fn eval(&self, code: &str) -> Value {
        let text = self.context.with(|ctx| {
            let value: rquickjs::Value = ctx.eval(code).catch(&ctx).unwrap_or_else(|e| panic!("{e}\n{code}"));
            ctx.json_stringify(value).unwrap().map_or("null".into(), |text| text.to_string().unwrap())
        });
        self.settle();
        serde_json::from_str(&text).unwrap()
    }

    fn settle(&self) {
        while self.runtime.execute_pending_job().unwrap_or(true) {}
    }

    /// Sets a property of the browser: `net.fetch = 503`, `storageBlocked = true`, …
    pub(crate) fn set(&self, code: &str) {
        self.eval(&format!("browser.state.{code}; null"));
    }

    /// Opens a tab and loads the script.
    pub(crate) fn open(&self, visit: &Visit) -> Page {
        let mut more = json!({"referrer": visit.referrer, "src": format!("{SERVER}/{ACCOUNT}.js")});
        for (name, value) in visit.more.as_object().unwrap() {
            more[name] = value.clone();
        }
        let id = self.eval(&format!("browser.open({}, {more})", json!(visit.url))).as_u64().unwrap();
        let page = Page { browser: self.clone(), id };
        page.run(visit.above);
        page.load(&visit.script);
        page
    }

    pub(crate) fn visit(&self, url: &str) -> Page {
        self.open(&Visit::of(url))
    }

    pub(crate) fn advance(&self, ms: i64) {
        let until = self.eval("browser.state.mono").as_f64().unwrap() + ms as f64;
        while self.eval(&format!("browser.step({until})")) == true {}
    }

    /// All requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let list = self.eval("browser.state.requests");
        list.as_array().unwrap().iter().map(Request::read).collect()
    }

    /// All hits that were sent, whatever the server answered.
    pub(crate) fn hits(&self) -> Vec<Value> {
        self.requests().into_iter().flat_map(|request| request.hits).collect()
    }

    /// Hits that the server accepted, once per id.
    pub(crate) fn arrived(&self) -> Vec<Value> {
        let mut taken: Vec<Value> = Vec::new();
        for request in self.requests().iter().filter(|r| r.raw["status"].as_u64().is_some_and(|s| s < 300)) {
            for hit in &request.hits {
                if !taken.iter().any(|known| known["id"] == hit["id"]) {
                    taken.push(hit.clone());
                }
            }
        }
        taken
    }

    pub(crate) fn views(&self) -> Vec<Value> {
        self.hits().into_iter().filter(|hit| hit["k"] == 1).collect()
    }

    pub(crate) fn now(&self) -> i64 {
        self.eval("browser.state.wall").as_f64().unwrap() as i64
    }

    /// Keys of the script in the storage of every origin.
    pub(crate) fn storage(&self) -> Vec<String> {
        let keys = self.eval("[].concat(...Object.values(browser.state.storage).map(Object.keys))");
        keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect()
    }

    /// All cookies, of every domain.
    pub(crate) fn jar(&self) -> Vec<Value> {
        self.eval("browser.state.jar").as_array().unwrap().clone()
    }
}

impl Request {
    fn read(raw: &Value) -> Self {
        let url = raw["url"].as_str().unwrap().to_owned();
        let hits = match raw["body"].as_str() {
            Some(_) if url.ends_with("/pick") || url.ends_with("/consent") => vec![],
            Some(body) => serde_json::from_str(body).unwrap(),
            None => vec![Self::of_image(&url)],
        };
        Self { via: raw["via"].as_str().unwrap().into(), url, raw: raw.clone(), hits }
    }

    fn of_image(url: &str) -> Value {
        let query = url.split_once('?').unwrap().1;
        serde_json::from_str(&json_of_query(query).unwrap()).unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) browser: Browser,
    id: u64,
}

impl Page {
    /// Runs code of the site; `return` gives its value.
    pub(crate) fn run(&self, code: &str) -> Value {
        self.browser.eval(&format!("browser.run({}, {})", self.id, json!(code)))
    }

    /// Loads a script like a script tag.
    pub(crate) fn load(&self, script: &str) {
        self.browser.eval(&format!("browser.load({}, {})", self.id, json!(script)));
        let errors = self.browser.eval("browser.state.errors");
        assert_eq!(errors, json!([]), "the script threw at the page");
    }

    /// Like `load`, for a script that may be broken.
    pub(crate) fn try_load(&self, script: &str) {
        self.browser.eval(&format!(
            "browser.load({}, {}); browser.state.errors = []; null",
            self.id,
            json!(script)
        ));
    }

    pub(crate) fn push(&self, entry: &str) {
        self.run(&format!("_hsq.push({entry})"));
    }

    /// `call` is `hide`, `show` or `leave`.
    pub(crate) fn dispatch(&self, call: &str) {
        self.browser.eval(&format!("browser.{call}({}); null", self.id));
    }

    /// Leaves the page for the back/forward cache; with `true` comes back from it.
    pub(crate) fn cached(&self, back: bool) {
        if back {
            self.dispatch("show");
            self.run("window.emit('pageshow', {persisted: true})");
        } else {
            self.browser.eval(&format!("browser.leave({}, true); null", self.id));
        }
    }

    /// Where a click on a link leads.
    pub(crate) fn click(&self, address: &str) -> String {
        let to = self.browser.eval(&format!("browser.click({}, {})", self.id, json!(address)));
        to.as_str().unwrap().to_owned()
    }

    /// Cookies that this page can read, with their attributes.
    pub(crate) fn cookies(&self) -> Vec<Value> {
        self.browser.eval(&format!("browser.cookies({})", self.id)).as_array().unwrap().clone()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let found = self.cookies().into_iter().find(|cookie| cookie["name"] == name);
        found.map(|cookie| cookie["value"].as_str().unwrap().to_owned())
    }

    pub(crate) fn set_cookie(&self, text: &str) {
        self.run(&format!("document.cookie = {}", json!(text)));
    }

    /// Globals that the script added.
    pub(crate) fn globals(&self) -> Vec<String> {
        serde_json::from_value(self.browser.eval(&format!("browser.globals({})", self.id))).unwrap()
    }
}
