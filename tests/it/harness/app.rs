//! The product on a real store in a temporary directory, with a clock that stands still and the same random
//! numbers each time.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Data, ServiceConfig};
use guestlog::app::access::Actor;
use guestlog::app::access::{accounts, setup, users};
use guestlog::app::{App, core};
use guestlog::base::clock::{Clock, ManualClock, Millis};
use guestlog::base::random::{Random, SeededRandom};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::user::{Role, UserId};
use guestlog::geo::Geo;
use guestlog::store::member::Membership;
use guestlog::store::{self, Store};
use guestlog::web::request::options::Options;
use guestlog::web::request::state::State;

use super::browser::Browser;

/// A morning in November 2026.
pub(crate) const NOW: Millis = Millis(1_795_000_000_000);
/// A password that is taken everywhere.
pub(crate) const PASSWORD: &str = "stapled horses eat grey clouds";

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// The header's first value, or empty.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// What `Set-Cookie` sets under this name, with its attributes.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all("set-cookie").map(|value| value.to_str().unwrap());
        lines.filter(|line| line.starts_with(&format!("{name}="))).last().map(str::to_owned)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

type Answer = Pin<Box<dyn Future<Output = Reply>>>;

/// A running product.
#[derive(Clone)]
pub(crate) struct TestApp {
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    call: Rc<dyn Fn(TestRequest) -> Answer>,
    _dir: Rc<tempfile::TempDir>,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default(), |_| {}).await
    }

    /// With settings, and with routes of the test's own before the product's.
    pub(crate) async fn with(options: Options, more: fn(&mut ServiceConfig)) -> Self {
        Self::of(options, &core::Options::default(), more).await
    }

    /// With so many events to an account at most.
    pub(crate) async fn with_events(events: i64) -> Self {
        let options = core::Options { events, ..core::Options::default() };
        Self::of(Options::default(), &options, |_| {}).await
    }

    async fn of(options: Options, limits: &core::Options, more: fn(&mut ServiceConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOW);
        let options_of_store = store::Options { data_dir: dir.path().join("data"), min_free: 0, readers: 2 };
        let store = Store::open(&options_of_store, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let app = Arc::new(App::new(store, Geo::none(), shared, random, limits).unwrap());
        let state = Data::new(State { app: Arc::clone(&app), options });
        let service = init_service(
            actix_web::App::new()
                .app_data(state)
                .configure(more)
                .configure(guestlog::web::machine_routes)
                .configure(guestlog::web::public_routes)
                .configure(guestlog::web::admin_routes),
        )
        .await;
        let service = Rc::new(service);
        let call = move |request: TestRequest| -> Answer {
            let service = Rc::clone(&service);
            Box::pin(async move {
                let answer = match service.call(request.to_request()).await {
                    Ok(answer) => answer.map_into_boxed_body().into_parts().1,
                    Err(error) => error.error_response(),
                };
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let body = to_bytes(answer.into_body()).await.unwrap();
                Reply { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
            })
        };
        Self { app, clock, call: Rc::new(call), _dir: Rc::new(dir) }
    }

    pub(crate) async fn call(&self, request: TestRequest, peer: SocketAddr) -> Reply {
        (self.call)(request.peer_addr(peer)).await
    }

    /// A browser that nobody is signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser::before(self.clone())
    }

    pub(crate) async fn account(&self, name: &str) -> AccountId {
        let settings = Settings::parse(name, &["site.test".to_owned()], "Europe/Amsterdam", "EUR").unwrap();
        accounts::create(&self.app, Actor::Machine, settings).await.unwrap()
    }

    /// A user with `PASSWORD`.
    pub(crate) async fn user(&self, account: AccountId, email: &str, role: Role) -> UserId {
        let what = Membership { role, show_emails: false, publish_js: false, website_settings: false };
        let added = users::add(&self.app, Actor::Machine, account, email, what, Some(PASSWORD)).await;
        let id = added.unwrap().user;
        // The first user of a store is its server admin; here a role is meant to be that role alone.
        let plain = move |conn: &rusqlite::Connection| {
            conn.execute("update user set server_admin = 0 where id = ?1", [id.0])?;
            Ok::<_, store::Error>(())
        };
        self.app.store.writer.write(plain).await.unwrap();
        id
    }

    /// A browser signed in as a new user of that role.
    pub(crate) async fn signed_in(&self, account: AccountId, email: &str, role: Role) -> Browser {
        self.user(account, email, role).await;
        let browser = self.browser();
        browser.sign_in(email, PASSWORD).await;
        browser
    }

    /// A browser signed in as the first user of the server. Only on a store without users.
    pub(crate) async fn server_admin(&self, email: &str) -> Browser {
        let link = setup::setup_link(&self.app).await.unwrap().expect("nobody is set up yet");
        let settings = Settings::parse("First", &["first.test".to_owned()], "UTC", "EUR").unwrap();
        let account = self.app.accounts.list().is_empty().then_some((settings, Vec::new()));
        setup::set_up(&self.app, &link, email, PASSWORD, account, "").await.unwrap();
        let browser = self.browser();
        browser.sign_in(email, PASSWORD).await;
        browser
    }
}
