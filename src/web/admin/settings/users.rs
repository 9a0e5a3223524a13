//! The users of an account: their roles and rights, and the link with which a new user chooses a password.

use actix_web::web::{Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::{sign_in, users};
use crate::base::secret::Secret;
use crate::domain::contact::EMAIL_MAX;
use crate::domain::user::{Role, UserId};
use crate::store::{member::Membership, user::User};
use crate::web::admin::settings::form_errors;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::code_block::Code;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/users")
                .route(get_or_head().to(list))
                .route(post().to(create)),
        )
        .route("/accounts/{account}/settings/users/{user}", post().to(update));
}

/// The action of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UserAction {
    Change,
    Remove,
    Disable,
    Enable,
    Link,
}

impl UserAction {
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
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

struct Row {
    user: User,
    membership: Membership,
    is_own: bool,
    /// Whether the signed-in user may change this one.
    in_reach: bool,
    /// Actions that happen at once, and actions that ask for confirmation first.
    immediate: Vec<UserAction>,
    confirmed: Vec<UserAction>,
}

impl Row {
    fn is_viewer(&self) -> bool {
        self.membership.role == Role::Viewer
    }

    fn is_editor(&self) -> bool {
        self.membership.role == Role::Editor
    }

    fn is_admin(&self) -> bool {
        self.membership.role == Role::Admin
    }
}

#[derive(Template)]
#[template(path = "users/list.html")]
struct ListPage {
    layout: Layout,
    nav: SettingsNav,
    member: Member,
    rows: Vec<Row>,
    add: Vec<Field>,
    has_errors: bool,
}

impl ListPage {
    fn action(&self, row: &Row) -> String {
        format!("{}/{}", Tab::Users.path(self.member.account_id()), row.user.id.0)
    }

    fn add_action(&self) -> String {
        Tab::Users.path(self.member.account_id())
    }

    fn role_label(&self, row: &Row) -> String {
        fill(self.layout.t.access.users.role_of, &[("email", &row.user.email)])
    }

    fn roles(&self) -> Vec<(Role, &'static str)> {
        let own_role = self.member.membership.role;
        let names = &self.layout.t.frame.roles;
        Role::ALL.into_iter().filter(|role| *role <= own_role).map(|role| (role, names.of(role))).collect()
    }

    const fn change(&self) -> &'static str {
        UserAction::Change.as_str()
    }

    const fn label(&self, action: &UserAction) -> &'static str {
        let texts = &self.layout.t.access.users;
        match action {
            UserAction::Change => texts.change,
            UserAction::Remove => texts.remove,
            UserAction::Disable => texts.disable,
            UserAction::Enable => texts.enable,
            UserAction::Link => texts.new_link,
        }
    }

    const fn effect(&self, action: &UserAction) -> &'static str {
        let texts = &self.layout.t.access.users;
        match action {
            UserAction::Disable => texts.disable_effect,
            _ => texts.remove_effect,
        }
    }

    const fn state(&self, row: &Row) -> (&'static str, &'static str) {
        let texts = &self.layout.t.access.users;
        match row.user {
            User { disabled: true, .. } => ("bad", texts.disabled),
            User { has_password: false, .. } => ("warning", texts.invited),
            _ => ("good", texts.active),
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
    website_settings: bool,
    wrong_email: Option<&'static str>,
    wrong_role: Option<&'static str>,
}

impl Add {
    fn fields(&self, t: &'static Texts, own_role: Role) -> Vec<Field> {
        let (texts, users) = (&t.access.field, &t.access.users);
        let description = |role: Role| match role {
            Role::Viewer => users.viewer_may,
            Role::Editor => users.editor_may,
            Role::Admin => users.admin_may,
            Role::Owner => users.owner_may,
        };
        let choice = |role: Role| Choice {
            value: role.as_str().to_owned(),
            label: t.frame.roles.of(role).to_owned(),
            hint: Some(description(role).to_owned()),
        };
        let choices = Role::ALL.into_iter().filter(|role| *role <= own_role).map(choice).collect();
        vec![
            Field::new(t, "email", texts.email, Kind::Email)
                .value(&self.email)
                .error(self.wrong_email.map(str::to_owned))
                .required()
                .max(EMAIL_MAX)
                .autocomplete("off"),
            Field::new(t, "role", texts.role, Kind::Radio(choices))
                .value(&self.role)
                .error(self.wrong_role.map(str::to_owned))
                .required(),
            Field::new(t, "show_emails", texts.show_emails, Kind::Check)
                .value(if self.show_emails { "on" } else { "" })
                .hint(texts.show_emails_hint),
            Field::new(t, "publish_js", texts.publish_js, Kind::Check)
                .value(if self.publish_js { "on" } else { "" })
                .hint(texts.publish_js_hint),
            Field::new(t, "website_settings", texts.website_settings, Kind::Check)
                .value(if self.website_settings { "on" } else { "" })
                .hint(texts.website_settings_hint),
        ]
    }
}

fn row(member: &Member, user: User, membership: Membership) -> Row {
    let session = &member.signed_in.session;
    let is_own = user.id == session.user.id;
    let in_reach = membership.role <= member.membership.role;
    let mut immediate = Vec::new();
    let mut confirmed = Vec::new();
    if in_reach && !is_own && !user.disabled {
        immediate.push(UserAction::Link);
    }
    if session.user.server_admin && !is_own {
        if user.disabled {
            immediate.push(UserAction::Enable);
        } else {
            confirmed.push(UserAction::Disable);
        }
    }
    if in_reach {
        confirmed.push(UserAction::Remove);
    }
    Row { user, membership, is_own, in_reach, immediate, confirmed }
}

async fn list_page(member: Member, add: &Add, error: Option<&'static str>) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let members = users::list(member.app(), member.account_id()).await?;
    let has_errors = add.wrong_email.is_some() || add.wrong_role.is_some();
    let mut layout = member.layout(t.access.users.title, Section::Settings, "");
    if let Some(text) = error {
        form_errors::show_above(&mut layout, text);
    }
    let page = ListPage {
        layout,
        nav: SettingsNav::over(&member, Tab::Users),
        rows: members.into_iter().map(|(user, membership)| row(&member, user, membership)).collect(),
        add: add.fields(t, member.membership.role),
        member,
        has_errors,
    };
    respond::form(has_errors || error.is_some(), &page)
}

async fn list(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let add = Add { role: Role::Viewer.as_str().to_owned(), ..Add::default() };
    list_page(member, &add, None).await
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
    member: &Member,
    email: &str,
    link: &Secret,
) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let texts = &t.access.users;
    let origin = client::admin_origin(&member.signed_in.state.options, request);
    let page = LinkPage {
        layout: member.layout(texts.link_title, Section::Settings, ""),
        nav: SettingsNav::over(member, Tab::Users),
        lead: fill(texts.link_lead, &[("email", email)]),
        code: Code {
            t,
            id: "link",
            label: texts.link_label.to_owned(),
            text: format!("{origin}{}?token={}", paths::RESET, link.reveal()),
        },
        back: Tab::Users.path(member.account_id()),
    };
    respond::page(&page)
}

fn membership_of(fields: &Fields) -> Option<Membership> {
    let role = Role::parse(fields.text("role"))?;
    let (show_emails, publish_js) = (fields.is_on("show_emails"), fields.is_on("publish_js"));
    let website_settings = fields.is_on("website_settings");
    Some(Membership { role, show_emails, publish_js, website_settings })
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let texts = &member.t().access.wrong;
    let mut add = Add {
        email: fields.text("email").to_owned(),
        role: fields.text("role").to_owned(),
        show_emails: fields.is_on("show_emails"),
        publish_js: fields.is_on("publish_js"),
        website_settings: fields.is_on("website_settings"),
        ..Add::default()
    };
    let Some(membership) = membership_of(&fields) else {
        add.wrong_role = Some(texts.role);
        return list_page(member, &add, None).await;
    };
    let added =
        users::add(member.app(), member.actor(), member.account_id(), &add.email, membership, None).await;
    match added {
        Ok(users::Added { link: Some(link), .. }) => link_page(&request, &member, &add.email, &link),
        Ok(users::Added { link: None, .. }) => {
            respond::done(&request, member.https(), Done::UserAdded, &Tab::Users.path(member.account_id()))
        }
        Err(error) => {
            add.wrong_email = Some(form_errors::message(texts, error)?);
            list_page(member, &add, None).await
        }
    }
}

async fn update(
    request: HttpRequest,
    path: Path<(i64, i64)>,
    form: AccountForm,
) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let user = UserId(path.into_inner().1);
    let action = UserAction::parse(fields.text("do"))
        .ok_or_else(|| WebError::BadRequest("unknown action".to_owned()))?;
    // Even a server administrator can act here only on users of this account.
    let members = users::list(member.app(), member.account_id()).await?;
    let (found, _) = members.into_iter().find(|(u, _)| u.id == user).ok_or(WebError::NotFound)?;
    let done = match action {
        UserAction::Change => change(&request, &member, user, &fields).await,
        UserAction::Remove => {
            let removed = users::remove(member.app(), member.actor(), member.account_id(), user).await;
            removed.map(|()| Done::UserRemoved)
        }
        UserAction::Disable | UserAction::Enable => {
            let disable = action == UserAction::Disable;
            let set = users::set_disabled(member.app(), member.actor(), user, disable).await;
            set.map(|()| if disable { Done::UserDisabled } else { Done::UserEnabled })
        }
        UserAction::Link => {
            match users::link(member.app(), member.actor(), member.account_id(), user).await {
                Ok(link) => return link_page(&request, &member, &found.email, &link),
                Err(error) => Err(error),
            }
        }
    };
    match done {
        Ok(done) => {
            flash::put(&request, member.https(), done);
            // A user who removed themselves cannot open the account's pages any more.
            let gone = action == UserAction::Remove && user == member.user_id();
            let next = if gone { paths::ACCOUNTS.to_owned() } else { Tab::Users.path(member.account_id()) };
            Ok(respond::see_other(&next))
        }
        Err(error) => {
            let text = form_errors::message(&member.t().access.wrong, error)?;
            let add = Add { role: Role::Viewer.as_str().to_owned(), ..Add::default() };
            list_page(member, &add, Some(text)).await
        }
    }
}

async fn change(
    request: &HttpRequest,
    member: &Member,
    user: UserId,
    fields: &Fields,
) -> Result<Done, access::Error> {
    let app = member.app();
    let membership = membership_of(fields).ok_or(access::Error::Denied)?;
    let session = &member.signed_in.session;
    let own_sign_in = (user == session.user.id).then_some(session.sign_in.id);
    users::change(app, member.actor(), member.account_id(), user, membership, own_sign_in).await?;
    if let Some(sign_in_id) = own_sign_in {
        let secret = sign_in::rotate(app, sign_in_id).await?;
        cookie::set_sign_in(request, member.https(), &secret);
    }
    Ok(Done::UserChanged)
}
