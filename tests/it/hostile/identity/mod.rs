//! Scripts that try to be somebody else (rules.md 22, 31, 36). Each test is one attack, named by what it fails to do. Afterwards
//! nobody is merged, nothing that is verified has changed, the contacts are those from before and the attacker's own, and no
//! answer holds a byte of a contact.

mod admin;
mod answers;
mod forged;
mod forms;
mod places;
mod values;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, identity_keys, tokens};
use guestlog::app::people::{block, lists, merge};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::contact::Email;
use guestlog::domain::identity_key::IdentityKey;
use guestlog::domain::list::{Condition, Conditions, ListKind, TextField, TextTest};
use guestlog::domain::tracking::Tracking;
use guestlog::domain::user::Scope;
use guestlog::store;
use guestlog::store::check::check;
use serde_json::{Value, json};

use crate::harness::site::{Answer, FIREFOX, NOON, Site, post, query, with};

const PAGE: &str = "https://example.com/account";
const ADA: &str = "ada.7731@victim.test";
const BOB: &str = "bob.8842@victim.test";
/// Was merged into Ada.
const CAROL: &str = "carol.5521@victim.test";
const BLOCKED: &str = "guest.3310@victim.test";
const MALLORY: &str = "mallory@attacker.test";
const ADAS_ID: &str = "ext-9951";
/// Tokens of browsers in which Ada and Bob are signed in.
const ADAS_BROWSER: &str = "adabrowser4471";
const BOBS_BROWSER: &str = "bobbrowser4472";

/// What no answer may hold.
const SECRETS: [&str; 12] = [
    ADA,
    BOB,
    CAROL,
    BLOCKED,
    ADAS_ID,
    ADAS_BROWSER,
    BOBS_BROWSER,
    "victim.test",
    "Augusta",
    "plan-gold",
    "Ghent-West",
    "Our best customers",
];

/// An account with people who are known and verified, another account, and what is known before the attack.
struct World {
    site: Site,
    key: IdentityKey,
    other: AccountId,
    other_key: IdentityKey,
    before: Known,
}

/// What an attack must leave as it was.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    contacts: Vec<String>,
    emails: Vec<String>,
    /// Verified ones, with who said them.
    properties: Vec<String>,
    aliases: Vec<String>,
    /// Whose each visitor number is.
    visitors: Vec<String>,
    blocked: Vec<String>,
}

impl Known {
    /// Of the three contacts that are there from the beginning.
    fn of(site: &Site) -> Self {
        Self {
            contacts: site.asks(
                "select id || ' ' || state || ' ' || email || ' ' || email_verified || ' ' || coalesce(external_id, '-')
                     || ' ' || number || ' ' || revenue_minor from contact where account_id = 1000001 and id <= 3 order by id",
            ),
            emails: site.asks("select email || ' ' || contact_id from contact_email where account_id = 1000001 and contact_id <= 3 order by 1"),
            properties: site.asks(
                "select contact_id || ' ' || name || '=' || value || ' ' || channel || ' ' || at_ms
                 from contact_property where account_id = 1000001 and verified = 1 and contact_id <= 3 order by 1",
            ),
            aliases: site.asks("select alias_id || ' ' || contact_id from contact_alias order by 1"),
            visitors: site.asks(
                "select number || ' ' || contact_id from visitor
                 where account_id = 1000001 and contact_id <= 3 and number <= 5 order by number",
            ),
            blocked: site.asks("select email from blocked_email order by email"),
        }
    }
}

impl World {
    async fn new() -> Self {
        let mut site = Site::new().await;
        let account = site.account;
        let settings = Settings::parse("Other", &["other.test".to_owned()], "UTC", "EUR").unwrap();
        let other = site.app.store.writer.write(move |conn| {
            let tracking = Tracking { collect_forms: true, ..Tracking::default() };
            store::account::update_tracking(conn, account, tracking)?;
            store::account::insert(conn, &settings, NOON)
        });
        let other = other.await.unwrap();
        let (key, other_key) = (new_key(&site, account).await, new_key(&site, other).await);
        let world = json!({"fields": [{"name": "email", "value": ADA}, {"name": "firstname", "value": "Augusta"},
            {"name": "plan", "value": "plan-gold"}]});
        let carol =
            json!({"fields": [{"name": "email", "value": CAROL}, {"name": "city", "value": "Ghent-West"}]});
        let secret = token(&site, account, &[Scope::CrmWrite]).await;
        for body in [world, carol] {
            let sent = secure(account, &body).insert_header(("authorization", secret.clone()));
            assert_eq!(site.call(sent).await.status, 200);
            site.fold().await;
        }
        merge::merge(&site.app, Actor::Machine, account, 2, 1).await.unwrap();
        for (browser, email, id) in [(ADAS_BROWSER, ADA, ADAS_ID), (BOBS_BROWSER, BOB, "bobs")] {
            let said = json!({"email": email, "id": id, "hmac": key.sign(email), "city": "Ghent-West"});
            let view = with(site.view(&format!("own-{browser}"), browser, PAGE), "i", said);
            assert_eq!(site.collect(&view).await.reason(), "stored");
            site.fold().await;
        }
        site.tamper("update contact set revenue_minor = 77700 where id = 1").await;
        let guest = Email::parse(BLOCKED).unwrap();
        block::block(&site.app, Actor::Machine, account, guest).await.unwrap();
        let known = Conditions::of(Condition::Text {
            field: TextField::Email,
            is: TextTest::IsKnown,
            value: String::new(),
        });
        let name = "Our best customers";
        lists::create(&site.app, Actor::Machine, account, name, ListKind::Active, known).await.unwrap();
        let before = Known::of(&site);
        assert_eq!(before.contacts.len(), 3, "Ada, Carol and Bob");
        assert_eq!(before.aliases, ["2 1"]);
        assert_eq!(before.properties.len(), 5, "{:?}", before.properties);
        assert!(before.visitors.len() >= 4, "{:?}", before.visitors);
        Self { site, key, other, other_key, before }
    }

    /// Sends a request of the attacker, whose answer must hold nothing of anybody.
    async fn call(&self, request: TestRequest) -> Answer {
        let answer = self.site.call(request).await;
        let bytes = answer.bytes().to_ascii_lowercase();
        let keys = [self.key.reveal(), self.other_key.reveal()];
        for secret in SECRETS.iter().chain(&keys) {
            let secret = secret.to_ascii_lowercase();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in an answer: {}", String::from_utf8_lossy(&answer.bytes()));
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert!(answer.status < 500, "{}", answer.status);
        answer
    }

    async fn get(&self, uri: &str) -> Answer {
        self.call(TestRequest::get().uri(uri).insert_header(("user-agent", FIREFOX))).await
    }

    /// `POST /collect`
    async fn collect(&self, body: &Value) -> Answer {
        self.call(post().set_payload(body.to_string())).await
    }

    /// A page view of a browser that says who its user is.
    async fn identify(&self, browser: &str, said: Value) -> Answer {
        let id = format!("{browser}-{}", self.site.app.counters.received());
        self.collect(&with(self.site.view(&id, browser, PAGE), "i", said)).await
    }

    async fn gif(&self, pairs: &[(&str, &str)]) -> Answer {
        self.get(&format!("/__ptq.gif?{}", query(pairs))).await
    }

    /// Submits a form as anybody can.
    async fn submit(&self, body: &Value) -> Answer {
        let uri = format!("/submissions/v3/integration/submit/{}/contact", self.site.account);
        let request = TestRequest::default().method(Method::POST).uri(&uri).set_payload(body.to_string());
        self.call(request.insert_header(("user-agent", FIREFOX))).await
    }

    /// The attack did no harm. `created` are the emails of contacts that the attacker made for himself.
    async fn assert_unharmed(&mut self, created: &[&str]) {
        self.site.fold().await;
        assert_eq!(Known::of(&self.site), self.before);
        let new = "select email from contact where account_id = 1000001 and id > 3 order by email";
        assert_eq!(self.site.asks::<String>(new), created, "the attacker's own contacts");
        let property = "select count(*) from contact_property where name in ('hmac', '_hmac')
                            or value like '%' || (select current_key from identity_key limit 1) || '%'";
        assert_eq!(self.site.ask::<i64>(property), 0, "no signature is a property");
        assert_eq!(self.site.ask::<i64>("select count(*) from dead_letter"), 0);
        assert_eq!(check(&self.site.data_dir()).unwrap().unwrap().findings, [""; 0]);
        self.site.assert_that_all_are_counted().await;
    }

    /// The number of the contact that a browser's token stands for now.
    fn contact_of(&self, browser: &str) -> Option<i64> {
        let found: Vec<Option<i64>> = self.site.asks(&format!(
            "select v.contact_id from visitor_token t join visitor v on v.account_id = t.account_id and v.number = t.number
             where t.token = '{browser}'"
        ));
        found.first().copied().flatten()
    }
}

async fn new_key(site: &Site, account: AccountId) -> IdentityKey {
    identity_keys::renew(&site.app, Actor::Machine, account).await.unwrap();
    identity_keys::find(&site.app, Actor::Machine, account).await.unwrap().unwrap().0.current
}

/// The header of a token.
async fn token(site: &Site, account: AccountId, scopes: &[Scope]) -> String {
    let made = tokens::create(&site.app, Actor::Machine, account, "t", scopes).await;
    format!("Bearer {}", made.unwrap().1.reveal())
}

/// A submission that needs a token.
fn secure(account: AccountId, body: &Value) -> TestRequest {
    let uri = format!("/submissions/v3/integration/secure/submit/{account}/contact");
    let request = TestRequest::default().method(Method::POST).uri(&uri).set_payload(body.to_string());
    request.insert_header(("user-agent", FIREFOX)).insert_header(("content-type", "application/json"))
}
