//! Access control by extractors: a handler that takes one of these runs only for requests it lets through.
//!
//! | extractor | lets through | answers others with |
//! |---|---|---|
//! | `Guest` | everybody | |
//! | `SignedIn` | a signed-in browser | the sign-in page (programs: 401) |
//! | `Member` | … whose user is a member of the account in the path | 404, as if the account did not exist |
//! | `ReportAccess` | the same, or an API token of that account with `reports.read` (data only) | 404, 403, 401 |
//! | `Caller` | an API token | 401 |

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use crate::app::App;
use crate::app::access::Actor;
use crate::app::access::sign_in::{self, Session};
use crate::app::access::users::{self, InAccount};
use crate::app::access::{accounts, tokens};
use crate::app::state::account_cache::Entry;
use crate::app::state::report_turns::{Asker, Turn};
use crate::base::clock::Millis;
use crate::base::random::hex;
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::user::{Role, Scope, UserId};
use crate::store::member::Membership;
use crate::store::token::Token;
use crate::store::user::User;
use crate::store::{self, Connection};
use crate::web::request::context::{self, Context};
use crate::web::request::state::State;
use crate::web::request::troubles;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::export::{CsvFile, Mark};
use crate::web::response::page::{AccountLink, CurrentAccount, Layout, Section, Trouble, Viewer};
use crate::web::text::Texts;

/// Name of the path parameter with the account number.
pub const ACCOUNT: &str = "account";

/// A browser, signed in or not.
pub struct Guest {
    pub context: Context,
    /// Present when the browser happens to be signed in.
    pub session: Option<Session>,
    pub state: Data<State>,
    csrf: String,
}

impl Guest {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let state = context::state(request)?;
        let context = Context::of(request);
        let session = find_session(&state, request, context.https, |_, _| Ok(())).await?;
        let session = session.map(|(session, ())| session);
        let sent = cookie::GUEST.read(request, context.https).filter(|value| value.len() == 32);
        let value = sent.unwrap_or_else(|| {
            let fresh = state.app.random.token();
            cookie::set(request, cookie::of(&cookie::GUEST, &fresh, context.https));
            fresh
        });
        // The token is a hash of the cookie, so a leaked form does not reveal the cookie.
        let csrf = hex(&Secret::from_request(&format!("form {value}")).hash());
        Ok(Self { context, session, state, csrf })
    }

    pub fn layout(&self, title: &str) -> Layout {
        Layout { csrf: self.csrf.clone(), ..self.context.layout(title) }
    }
}

#[derive(Clone)]
pub struct SignedIn {
    pub context: Context,
    pub session: Session,
    pub state: Data<State>,
    /// The accounts of the user with the role in each, ordered by number.
    pub accounts: Vec<(AccountId, Role)>,
}

impl SignedIn {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        Ok(Self::with(request, |_, _| Ok(())).await?.0)
    }

    /// Also answers what `more` reads for the user.
    async fn with<T: Send + 'static>(
        request: &HttpRequest,
        more: impl FnOnce(&Connection, &User) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<(Self, T), WebError> {
        let state = context::state(request)?;
        let context = Context::of(request);
        let app = Arc::clone(&state.app);
        let read = move |conn: &Connection, user: &User| {
            Ok((users::accounts_of(&app, conn, user)?, more(conn, user)?))
        };
        let Some((session, (accounts, more))) = find_session(&state, request, context.https, read).await?
        else {
            return Err(sign_in_first(request));
        };
        Ok((Self { context, session, state, accounts }, more))
    }

    pub fn actor(&self) -> Actor {
        Actor::User(self.session.user.id)
    }

    pub fn need_server_admin(&self) -> Result<(), WebError> {
        if self.session.user.server_admin { Ok(()) } else { Err(WebError::Denied) }
    }

    /// What is wrong with the server, when the user administers it.
    fn troubles(&self) -> Vec<Trouble> {
        if self.session.user.server_admin {
            troubles::list(&self.state.app, self.context.t)
        } else {
            Vec::new()
        }
    }

    /// The layout of a page that belongs to no account.
    pub fn layout(&self, title: &str) -> Layout {
        let role = self.accounts.iter().map(|(_, role)| *role).max().unwrap_or(Role::Viewer);
        Layout {
            csrf: self.csrf().to_owned(),
            viewer: Some(Viewer { email: self.session.user.email.clone(), role, may_publish: false }),
            troubles: self.troubles(),
            ..self.context.layout(title)
        }
    }
}

/// A signed-in member of the account in the path, with at least the role of a viewer.
#[derive(Clone)]
pub struct Member {
    pub signed_in: SignedIn,
    pub account: Arc<Entry>,
    pub membership: Membership,
    /// Number of unexpected events that wait for review; the navigation shows it.
    waiting: i64,
    /// When the first page view was counted.
    first_hit: Option<Millis>,
}

impl Member {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let account = account_of(&*context::state(request)?, request);
        let id = account.as_ref().ok().map(|account| account.id());
        let read =
            move |conn: &Connection, user: &User| id.map_or(Ok(None), |id| users::in_account(conn, user, id));
        let (signed_in, in_account) = SignedIn::with(request, read).await?;
        let InAccount { membership, waiting, first_hit } = in_account.ok_or(WebError::NotFound)?;
        Ok(Self { signed_in, account: account?, membership, waiting, first_hit })
    }

    /// When the first page view was counted. As long as none was, the store is asked again.
    pub async fn first_hit(&self) -> Result<Option<Millis>, WebError> {
        match self.first_hit {
            Some(at) => Ok(Some(at)),
            None => Ok(accounts::first_hit(self.app(), self.account_id()).await?),
        }
    }

    pub fn account_id(&self) -> AccountId {
        self.account.id()
    }

    pub fn app(&self) -> &Arc<App> {
        &self.signed_in.state.app
    }

    pub const fn t(&self) -> &'static Texts {
        self.signed_in.context.t
    }

    pub const fn https(&self) -> bool {
        self.signed_in.context.https
    }

    pub fn user_id(&self) -> UserId {
        self.signed_in.session.user.id
    }

    pub fn actor(&self) -> Actor {
        self.signed_in.actor()
    }

    pub fn need(&self, least: Role) -> Result<(), WebError> {
        if self.membership.role >= least { Ok(()) } else { Err(WebError::Denied) }
    }

    /// Refuses a user who may not change how the sites are tracked.
    pub fn need_website_settings(&self) -> Result<(), WebError> {
        if self.membership.may_change_website() { Ok(()) } else { Err(WebError::Denied) }
    }

    /// Whether email addresses are shown in full (rules.md 28).
    pub const fn sees_emails(&self) -> bool {
        sees_emails(self.membership)
    }

    /// The layout of a page of this account. `query` is empty or `?…`; the navigation's links to reports carry it.
    pub fn layout(&self, title: &str, section: Section, query: &str) -> Layout {
        let name = |id: AccountId| {
            let entry = self.signed_in.state.app.accounts.find(id);
            entry.map(|entry| AccountLink { id, name: entry.settings().name.clone() })
        };
        Layout {
            troubles: self.signed_in.troubles(),
            viewer: Some(Viewer {
                email: self.signed_in.session.user.email.clone(),
                role: self.membership.role,
                may_publish: self.membership.may_publish(),
            }),
            account: Some(CurrentAccount {
                id: self.account_id(),
                name: self.account.settings().name.clone(),
                zone: self.account.settings().time_zone.clone(),
                query: query.to_owned(),
                waiting: self.waiting,
                others: self.signed_in.accounts.iter().filter_map(|(id, _)| name(*id)).collect(),
            }),
            section: Some(section),
            ..self.signed_in.layout(title)
        }
    }
}

const fn sees_emails(membership: Membership) -> bool {
    !matches!(membership.role, Role::Viewer) || membership.show_emails
}

/// A program that sends an API token as `Authorization: Bearer …`.
#[derive(Clone)]
pub struct Caller {
    pub token: Token,
    pub state: Data<State>,
}

impl Caller {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let state = context::state(request)?;
        let bearer = bearer(request).ok_or(WebError::Unauthorized)?;
        let token = tokens::authenticate(&state.app, bearer).await?.ok_or(WebError::Unauthorized)?;
        state.app.token_calls.take(token.id.0, state.app.now()).map_err(WebError::TooMany)?;
        Ok(Self { token, state })
    }

    pub fn need(&self, scope: Scope) -> Result<(), WebError> {
        if self.token.scopes.contains(&scope) { Ok(()) } else { Err(WebError::Scope(scope)) }
    }
}

/// The token that a form of this sender must carry.
pub trait CsrfToken {
    fn csrf(&self) -> &str;
}

impl CsrfToken for Guest {
    fn csrf(&self) -> &str {
        &self.csrf
    }
}

impl CsrfToken for SignedIn {
    fn csrf(&self) -> &str {
        &self.session.sign_in.csrf
    }
}

impl CsrfToken for Member {
    fn csrf(&self) -> &str {
        self.signed_in.csrf()
    }
}

/// How a report is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Json,
    Csv(Mark),
}

impl Format {
    #[must_use]
    pub const fn is_csv(self) -> bool {
        matches!(self, Self::Csv(_))
    }
}

/// A user or a program that may read the reports of the account in the path.
pub struct ReportAccess {
    pub state: Data<State>,
    pub account: Arc<Entry>,
    pub format: Format,
    /// `None` for a token, which can read data but no pages.
    pub reader: Option<Member>,
    /// Whether rows that identify a person may be read (rules.md 28).
    pub persons: bool,
    /// Whether email addresses are shown in full.
    pub sees_emails: bool,
    /// Held until the report is answered.
    _turn: Turn,
}

impl ReportAccess {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let format = format_of(request)?;
        if bearer(request).is_none() {
            let page = Member::of(request).await?;
            let turn = page.app().report_turns.take(Asker::User(page.user_id())).await?;
            return Ok(Self {
                _turn: turn,
                state: page.signed_in.state.clone(),
                account: Arc::clone(&page.account),
                format,
                persons: true,
                sees_emails: page.sees_emails(),
                reader: Some(page),
            });
        }
        // With a token, a cookie is ignored.
        let caller = Caller::of(request).await?;
        if format == Format::Html || request.method() != Method::GET {
            let text = "a token can only read data; add ?format=json or ?format=csv to a GET request";
            return Err(WebError::BadRequest(text.to_owned()));
        }
        let account = account_of(&caller.state, request)?;
        if account.id() != caller.token.account {
            return Err(WebError::NotFound);
        }
        caller.need(Scope::ReportsRead)?;
        let persons = caller.token.scopes.contains(&Scope::CrmRead);
        let turn = caller.state.app.report_turns.take(Asker::Token(caller.token.id)).await?;
        let (state, sees_emails) = (caller.state, persons);
        Ok(Self { state, account, format, reader: None, persons, sees_emails, _turn: turn })
    }

    /// A CSV file that answers the request.
    pub fn csv_file(&self, mark: Mark, name: String) -> CsvFile<'_> {
        CsvFile { name, mark, places: &self.state.app.csv_files }
    }

    pub fn need_persons(&self) -> Result<(), WebError> {
        if self.persons { Ok(()) } else { Err(WebError::Scope(Scope::CrmRead)) }
    }
}

fn format_of(request: &HttpRequest) -> Result<Format, WebError> {
    match context::parameter(request, "format").as_deref() {
        None | Some("") => Ok(Format::Html),
        Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv(match context::parameter(request, "bom").as_deref() {
            Some("0") => Mark::Omitted,
            _ => Mark::Written,
        })),
        Some(_) => Err(WebError::BadRequest("format must be json or csv".to_owned())),
    }
}

fn account_of(state: &State, request: &HttpRequest) -> Result<Arc<Entry>, WebError> {
    let number = request.match_info().get(ACCOUNT).and_then(|text| text.parse().ok());
    number.and_then(|id| state.app.accounts.find(AccountId(id))).ok_or(WebError::NotFound)
}

pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let sent = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = sent.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The sign-in of the browser, and what `more` reads for its user.
async fn find_session<T: Send + 'static>(
    state: &State,
    request: &HttpRequest,
    https: bool,
    more: impl FnOnce(&Connection, &User) -> Result<T, store::Error> + Send + 'static,
) -> Result<Option<(Session, T)>, WebError> {
    // No secret ever had another length, so the database need not be asked.
    let sent = cookie::SIGN_IN.read(request, https).filter(|value| value.len() == 64);
    match sent {
        Some(value) => Ok(sign_in::find_with(&state.app, &Secret::from_request(&value), more).await?),
        None => Ok(None),
    }
}

fn sign_in_first(request: &HttpRequest) -> WebError {
    if context::wants_data(request) {
        return WebError::Unauthorized;
    }
    // After signing in, the browser can repeat only a GET.
    let is_page = request.method() == Method::GET;
    let next = request.uri().path_and_query().filter(|_| is_page).map(|path| path.as_str().to_owned());
    WebError::SignIn { next }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, WebError>>>>;

macro_rules! extract {
    ($($kind:ident),+) => {$(
        impl FromRequest for $kind {
            type Error = WebError;
            type Future = Extracting<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { Self::of(&request).await })
            }
        }
    )+};
}

extract!(Guest, SignedIn, Member, Caller, ReportAccess);
