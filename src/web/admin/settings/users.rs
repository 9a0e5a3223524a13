//! The users of an account: their roles and rights, and the link with which a new user chooses a password.

use actix_web::http::StatusCode;
use actix_web::web::{Path, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::{sign_in, users};
use crate::base::secret::Secret;
use crate::domain::contact::EMAIL_MAX;
use crate::domain::user::{Role, UserId};
use crate::store::{member::Membership, user::User};
use crate::web::admin::settings::refusal;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::code::Code;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::InAccount;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Layout, Section};
use crate::web::text::{Texts, fill};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/users").route(get().to(list)).route(post().to(create)),
        )
        .route("/accounts/{account}/settings/users/{user}", post().to(update));
}

/// The action of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Change,
    Remove,
    Disable,
    Enable,
    Link,
}

impl Deed {
    const ALL: [Self; 5] = [Self::Change, Self::Remove, Self::Disable, Self::Enable, Self::Link];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Remove => "remove",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Link => "link",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == text)
    }
}

struct Row {
    user: User,
    what: Membership,
    is_own: bool,
    /// Whether the signed-in user may change this one.
    in_reach: bool,
    /// Actions that happen at once, and actions that ask for confirmation first.
    plain: Vec<Deed>,
    grave: Vec<Deed>,
}

impl Row {
    fn is_viewer(&self) -> bool {
        self.what.role == Role::Viewer
    }

    fn is_admin(&self) -> bool {
        self.what.role == Role::Admin
    }
}

#[derive(Template)]
#[template(path = "users/list.html")]
struct ListPage {
    layout: Layout,
    nav: SettingsNav,
    here: InAccount,
    rows: Vec<Row>,
    add: Vec<Field>,
    refused: bool,
}

impl ListPage {
    fn action(&self, row: &Row) -> String {
        format!("{}/{}", Tab::Users.path(self.here.id()), row.user.id.0)
    }

    fn add_action(&self) -> String {
        Tab::Users.path(self.here.id())
    }

    fn role_label(&self, row: &Row) -> String {
        fill(self.layout.t.access.users.role_of, &[("email", &row.user.email)])
    }

    fn roles(&self) -> Vec<(Role, &'static str)> {
        let own = self.here.membership.role;
        let names = &self.layout.t.frame.roles;
        Role::ALL.into_iter().filter(|role| *role <= own).map(|role| (role, names.of(role))).collect()
    }

    const fn change(&self) -> &'static str {
        Deed::Change.as_str()
    }

    const fn label(&self, deed: &Deed) -> &'static str {
        let words = &self.layout.t.access.users;
        match deed {
            Deed::Change => words.change,
            Deed::Remove => words.remove,
            Deed::Disable => words.disable,
            Deed::Enable => words.enable,
            Deed::Link => words.new_link,
        }
    }

    const fn effect(&self, deed: &Deed) -> &'static str {
        let words = &self.layout.t.access.users;
        match deed {
            Deed::Disable => words.disable_effect,
            _ => words.remove_effect,
        }
    }

    const fn state(&self, row: &Row) -> (&'static str, &'static str) {
        let words = &self.layout.t.access.users;
        match row.user {
            User { disabled: true, .. } => ("bad", words.disabled),
            User { has_password: false, .. } => ("warning", words.invited),
            _ => ("good", words.active),
        }
    }
}

/// The values and errors of the form that adds a user.
#[derive(Default)]
struct Add {
    email: String,
    role: String,
    show_emails: bool,
    publish_js: bool,
    wrong_email: Option<&'static str>,
    wrong_role: Option<&'static str>,
}

impl Add {
    fn fields(&self, t: &'static Texts, own: Role) -> Vec<Field> {
        let (words, users) = (&t.access.field, &t.access.users);
        let what = |role: Role| match role {
            Role::Viewer => users.viewer_may,
            Role::Editor => users.editor_may,
            Role::Admin => users.admin_may,
            Role::Owner => users.owner_may,
        };
        let choice = |role: Role| Choice {
            value: role.as_str().to_owned(),
            label: t.frame.roles.of(role).to_owned(),
            hint: Some(what(role).to_owned()),
        };
        let choices = Role::ALL.into_iter().filter(|role| *role <= own).map(choice).collect();
        vec![
            Field::new(t, "email", words.email, Kind::Email)
                .value(&self.email)
                .error(self.wrong_email.map(str::to_owned))
                .required()
                .max(EMAIL_MAX)
                .autocomplete("off"),
            Field::new(t, "role", words.role, Kind::Radio(choices))
                .value(&self.role)
                .error(self.wrong_role.map(str::to_owned))
                .required(),
            Field::new(t, "show_emails", words.show_emails, Kind::Check)
                .value(if self.show_emails { "on" } else { "" })
                .hint(words.show_emails_hint),
            Field::new(t, "publish_js", words.publish_js, Kind::Check)
                .value(if self.publish_js { "on" } else { "" })
                .hint(words.publish_js_hint),
        ]
    }
}

fn row(here: &InAccount, user: User, what: Membership) -> Row {
    let session = &here.who.session;
    let is_own = user.id == session.user.id;
    let in_reach = what.role <= here.membership.role;
    let mut plain = Vec::new();
    let mut grave = Vec::new();
    if in_reach && !is_own && !user.disabled {
        plain.push(Deed::Link);
    }
    if session.user.server_admin && !is_own {
        if user.disabled {
            plain.push(Deed::Enable);
        } else {
            grave.push(Deed::Disable);
        }
    }
    if in_reach {
        grave.push(Deed::Remove);
    }
    Row { user, what, is_own, in_reach, plain, grave }
}

async fn list_page(
    here: InAccount,
    add: &Add,
    refusal: Option<&'static str>,
) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let members = users::list(&here.who.state.app, here.id()).await?;
    let refused = add.wrong_email.is_some() || add.wrong_role.is_some();
    let mut layout = here.layout(t.access.users.title, Section::Settings, "");
    if let Some(text) = refusal {
        refusal::above(&mut layout, text);
    }
    let status = if refused || refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ListPage {
        layout,
        nav: SettingsNav::over(&here, Tab::Users),
        rows: members.into_iter().map(|(user, what)| row(&here, user, what)).collect(),
        add: add.fields(t, here.membership.role),
        here,
        refused,
    };
    answer::page(status, &page)
}

async fn list(here: InAccount) -> Result<HttpResponse, WebError> {
    here.need(Role::Admin)?;
    let add = Add { role: Role::Viewer.as_str().to_owned(), ..Add::default() };
    list_page(here, &add, None).await
}

#[derive(Template)]
#[template(path = "users/link.html")]
struct LinkPage {
    layout: Layout,
    nav: SettingsNav,
    lead: String,
    code: Code,
    back: String,
}

fn link_page(
    request: &HttpRequest,
    here: &InAccount,
    email: &str,
    link: &Secret,
) -> Result<HttpResponse, WebError> {
    let t = here.who.context.t;
    let words = &t.access.users;
    let origin = client::admin_origin(&here.who.state.options, request);
    let page = LinkPage {
        layout: here.layout(words.link_title, Section::Settings, ""),
        nav: SettingsNav::over(here, Tab::Users),
        lead: fill(words.link_lead, &[("email", email)]),
        code: Code {
            t,
            id: "link",
            label: words.link_label.to_owned(),
            text: format!("{origin}{}?token={}", paths::RESET, link.reveal()),
        },
        back: Tab::Users.path(here.id()),
    };
    answer::page(StatusCode::OK, &page)
}

fn wanted(fields: &Fields) -> Option<Membership> {
    let role = Role::parse(fields.text("role"))?;
    let (show_emails, publish_js) = (fields.is_on("show_emails"), fields.is_on("publish_js"));
    Some(Membership { role, show_emails, publish_js })
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Admin)?;
    let words = &here.who.context.t.access.wrong;
    let mut add = Add {
        email: fields.text("email").to_owned(),
        role: fields.text("role").to_owned(),
        show_emails: fields.is_on("show_emails"),
        publish_js: fields.is_on("publish_js"),
        ..Add::default()
    };
    let Some(what) = wanted(&fields) else {
        add.wrong_role = Some(words.role);
        return list_page(here, &add, None).await;
    };
    let added = users::add(&here.who.state.app, here.who.actor(), here.id(), &add.email, what, None).await;
    match added {
        Ok(users::Added { link: Some(link), .. }) => link_page(&request, &here, &add.email, &link),
        Ok(users::Added { link: None, .. }) => {
            flash::put(&request, here.who.context.https, Done::UserAdded);
            Ok(answer::see_other(&Tab::Users.path(here.id())))
        }
        Err(error) => {
            add.wrong_email = Some(refusal::text(words, error)?);
            list_page(here, &add, None).await
        }
    }
}

async fn update(
    request: HttpRequest,
    path: Path<(i64, i64)>,
    form: AccountForm,
) -> Result<HttpResponse, WebError> {
    let AccountForm { page: here, fields } = form;
    here.need(Role::Admin)?;
    let user = UserId(path.into_inner().1);
    let deed =
        Deed::parse(fields.text("do")).ok_or_else(|| WebError::BadRequest("no such action".to_owned()))?;
    // Even a server administrator can act here only on users of this account.
    let members = users::list(&here.who.state.app, here.id()).await?;
    let (found, _) = members.into_iter().find(|(u, _)| u.id == user).ok_or(WebError::NotFound)?;
    let done = match deed {
        Deed::Change => change(&request, &here, user, &fields).await,
        Deed::Remove => {
            let removed = users::remove(&here.who.state.app, here.who.actor(), here.id(), user).await;
            removed.map(|()| Done::UserRemoved)
        }
        Deed::Disable | Deed::Enable => {
            let disable = deed == Deed::Disable;
            let set = users::set_disabled(&here.who.state.app, here.who.actor(), user, disable).await;
            set.map(|()| if disable { Done::UserDisabled } else { Done::UserEnabled })
        }
        Deed::Link => match users::link(&here.who.state.app, here.who.actor(), here.id(), user).await {
            Ok(link) => return link_page(&request, &here, &found.email, &link),
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(done) => {
            flash::put(&request, here.who.context.https, done);
            // A user who removed themselves cannot open the account's pages any more.
            let gone = deed == Deed::Remove && user == here.who.session.user.id;
            let next = if gone { paths::ACCOUNTS.to_owned() } else { Tab::Users.path(here.id()) };
            Ok(answer::see_other(&next))
        }
        Err(error) => {
            let text = refusal::text(&here.who.context.t.access.wrong, error)?;
            let add = Add { role: Role::Viewer.as_str().to_owned(), ..Add::default() };
            list_page(here, &add, Some(text)).await
        }
    }
}

async fn change(
    request: &HttpRequest,
    here: &InAccount,
    user: UserId,
    fields: &Fields,
) -> Result<Done, access::Error> {
    let app = &here.who.state.app;
    let what = wanted(fields).ok_or(access::Error::Denied)?;
    let session = &here.who.session;
    let own = (user == session.user.id).then_some(session.sign_in.id);
    users::change(app, here.who.actor(), here.id(), user, what, own).await?;
    if let Some(own) = own {
        let secret = sign_in::rotate(app, own).await?;
        answer::sign_in(request, here.who.context.https, &secret);
    }
    Ok(Done::UserChanged)
}
