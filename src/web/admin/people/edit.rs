//! `/accounts/{id}/contacts/new` and `…/contacts/{id}/edit`: the form of a contact. It sends with each property the value
//! that it showed, so that only what was changed here is set: an unverified value that nobody touched stays unverified, and
//! what a browser said meanwhile is not overwritten.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::edit::{self, Changes, Error, Known};
use crate::app::people::property_definitions;
use crate::domain::contact::{
    ContactId, EMAIL_MAX, EMAILS_MAX, Email, FIRST_NAME, InvalidProperty, LAST_NAME, PROPERTIES_MAX,
    PROPERTY_NAME_MAX, PROPERTY_VALUE_MAX, typed_property,
};
use crate::domain::property_type::Definition;
use crate::domain::user::Role;
use crate::web::admin::people::contact::id_of;
use crate::web::admin::people::contact_properties::property_label;
use crate::web::admin::people::list::name_of;
use crate::web::admin::settings::properties::misfit;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/contacts/new")
                .route(get_or_head().to(new))
                .route(post().to(create)),
        )
        .service(
            resource("/accounts/{account}/contacts/{contact}/edit")
                .route(get_or_head().to(open))
                .route(post().to(update)),
        );
}

/// Empty lines for further properties.
const NEW_ROWS: usize = 3;

/// A property as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub name: String,
    pub value: String,
    /// What the form showed as its value.
    pub was: String,
    /// Its name is typed, too.
    pub is_new: bool,
    pub error: Option<String>,
}

impl Row {
    fn is_changed(&self) -> bool {
        // A field of one line drops line ends.
        let line = |text: &str| text.replace(['\r', '\n'], "").trim().to_owned();
        line(&self.value) != line(&self.was)
    }
}

/// The values as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub rows: Vec<Row>,
    pub email: String,
    pub email_error: Option<String>,
    pub primary: String,
}

impl Typed {
    /// The properties of a contact, its names first, and some empty lines.
    pub(crate) fn of(properties: &[(String, String)]) -> Self {
        let known = |name: &str| properties.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let names = [FIRST_NAME, LAST_NAME].map(|name| (name, known(name).cloned().unwrap_or_default()));
        let others = properties.iter().filter(|(name, _)| name != FIRST_NAME && name != LAST_NAME);
        let others = others.map(|(name, value)| (name.as_str(), value.clone()));
        let row = |(name, value): (&str, String)| Row {
            name: name.to_owned(),
            was: value.clone(),
            value,
            ..Row::default()
        };
        let mut rows: Vec<Row> = names.into_iter().chain(others).map(row).collect();
        rows.extend(std::iter::repeat_n(Row { is_new: true, ..Row::default() }, NEW_ROWS));
        Self { rows, ..Self::default() }
    }

    fn read(fields: &Fields) -> Self {
        let row = |place: usize| {
            let field = |name: &str| fields.raw(&format!("{name}-{place}"));
            let new = field("new");
            (!new.is_empty()).then(|| Row {
                name: field("property").trim().to_owned(),
                value: field("value").trim().to_owned(),
                was: field("was").to_owned(),
                is_new: new == "1",
                error: None,
            })
        };
        Self {
            // A contact has no more than these.
            rows: (0..PROPERTIES_MAX + NEW_ROWS + 2).filter_map(row).collect(),
            email: fields.text("email").to_owned(),
            email_error: None,
            primary: fields.text("primary").to_owned(),
        }
    }

    /// What was changed; `None` when something cannot be taken, which is noted where it stands.
    fn changes(&mut self, t: &Texts, primary: Option<&str>) -> Option<Changes> {
        let texts = &t.contacts.edit.wrong;
        let mut changes = Changes::default();
        for row in &mut self.rows {
            if row.is_new && row.name.is_empty() && row.value.is_empty() || !row.is_new && !row.is_changed() {
                continue;
            }
            match typed_property(&row.name, &row.value) {
                Ok(property) => changes.properties.push(property),
                Err(invalid) => row.error = Some(wrong_property(t, invalid)),
            }
        }
        if !self.email.is_empty() {
            changes.new_email = Email::parse(&self.email);
            if changes.new_email.is_none() {
                self.email_error = Some(texts.email.to_owned());
            }
        }
        changes.primary = Email::parse(&self.primary).filter(|chosen| Some(chosen.as_str()) != primary);
        let is_right = self.email_error.is_none() && self.rows.iter().all(|row| row.error.is_none());
        is_right.then_some(changes)
    }

    /// Notes why what was typed was refused. Any other error is returned as a failure of the request.
    fn note(&mut self, t: &Texts, error: Error) -> Result<(), WebError> {
        let texts = &t.contacts.edit.wrong;
        let limit = |text, limit: usize| fill(text, &[("limit", &limit.to_string())]);
        match error {
            Error::EmailOfAnother(id) => {
                self.email_error = Some(fill(texts.taken, &[("number", &id.to_string())]));
            }
            Error::TooManyEmails => self.email_error = Some(limit(texts.many_emails, EMAILS_MAX)),
            Error::TooManyProperties => {
                let is_last = |row: &Row| row.is_new && !row.name.is_empty();
                let place = self.rows.iter().rposition(is_last).unwrap_or(0);
                if let Some(row) = self.rows.get_mut(place) {
                    row.error = Some(limit(texts.many_properties, PROPERTIES_MAX));
                }
            }
            Error::DoesNotFit(definition) => {
                let is_it = |row: &&mut Row| row.name.trim().to_lowercase() == definition.name;
                if let Some(row) = self.rows.iter_mut().rfind(is_it) {
                    row.error = Some(misfit(t, &definition));
                }
            }
            Error::Access(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn has_errors(&self) -> bool {
        self.email_error.is_some() || self.rows.iter().any(|row| row.error.is_some())
    }
}

fn wrong_property(t: &Texts, invalid: InvalidProperty) -> String {
    let texts = &t.contacts.edit.wrong;
    let limit = |text, limit: usize| fill(text, &[("limit", &t.number.whole(limit as i64))]);
    match invalid {
        InvalidProperty::NoName => texts.no_name.to_owned(),
        InvalidProperty::IsEmail => texts.is_email.to_owned(),
        InvalidProperty::LongName => limit(texts.long_name, PROPERTY_NAME_MAX),
        InvalidProperty::LongValue => limit(texts.long_value, PROPERTY_VALUE_MAX),
    }
}

async fn new(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    show(&member, None, Typed::of(&[])).await
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let (t, account) = (member.t(), member.account_id());
    let mut typed = Typed::read(&form.fields);
    let Some(Changes { properties, new_email, .. }) = typed.changes(t, None) else {
        return show(&member, None, typed).await;
    };
    if properties.is_empty() && new_email.is_none() {
        typed.email_error = Some(t.contacts.edit.wrong.nothing.to_owned());
        return show(&member, None, typed).await;
    }
    match edit::create(member.app(), member.actor(), account, new_email, properties).await {
        Ok(id) => {
            let address = paths::contact(account, ContactId(id));
            respond::done(&request, member.https(), Done::ContactMade, &address)
        }
        Err(error) => {
            typed.note(t, error)?;
            show(&member, None, typed).await
        }
    }
}

async fn open(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let known = edit::find(member.app(), member.account_id(), id_of(&request)?).await?;
    let typed =
        Typed { primary: known.emails.first().cloned().unwrap_or_default(), ..Typed::of(&known.properties) };
    show(&member, Some(&known), typed).await
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let (t, account) = (member.t(), member.account_id());
    let known = edit::find(member.app(), account, id_of(&request)?).await?;
    let mut typed = Typed::read(&form.fields);
    let Some(changes) = typed.changes(t, known.emails.first().map(String::as_str)) else {
        return show(&member, Some(&known), typed).await;
    };
    match edit::edit(member.app(), member.actor(), account, known.id, changes).await {
        Ok(id) => {
            let address = paths::contact(account, ContactId(id));
            respond::done(&request, member.https(), Done::Saved, &address)
        }
        Err(error) => {
            typed.note(t, error)?;
            show(&member, Some(&known), typed).await
        }
    }
}

async fn show(member: &Member, known: Option<&Known>, typed: Typed) -> Result<HttpResponse, WebError> {
    let has_errors = typed.has_errors();
    let layout = member.layout("", Section::Contacts, "");
    let declared = property_definitions::list(member.app(), member.account_id()).await?;
    respond::form(has_errors, &page(layout, known, typed, declared))
}

#[derive(Template)]
#[template(path = "contacts/edit.html")]
pub(crate) struct Page {
    layout: Layout,
    under: String,
    action: String,
    cancel: String,
    submit: &'static str,
    has_errors: bool,
    email: Field,
    primary: Option<Field>,
    rows: Vec<Row>,
    /// The declared properties of the account, which are offered as names.
    declared: Vec<Definition>,
}

impl Page {
    const fn name_max(&self) -> usize {
        PROPERTY_NAME_MAX
    }

    const fn value_max(&self) -> usize {
        PROPERTY_VALUE_MAX
    }

    /// Known properties, or the empty lines for new ones.
    fn rows_that(&self, is_new: bool) -> impl Iterator<Item = (usize, &Row)> {
        self.rows.iter().enumerate().filter(move |(_, row)| row.is_new == is_new)
    }

    fn label<'a>(&'a self, row: &'a Row) -> &'a str {
        let declared = self.declared.iter().find(|one| one.name == row.name).map(|one| one.label.as_str());
        declared.unwrap_or_else(|| property_label(self.layout.t, &row.name))
    }
}

pub(crate) fn page(
    mut layout: Layout,
    known: Option<&Known>,
    typed: Typed,
    declared: Vec<Definition>,
) -> Page {
    let t = layout.t;
    let texts = &t.contacts.edit;
    let account = layout.account_id();
    let all = paths::contacts(account);
    let (title, under, action, cancel, submit, label) = match known {
        None => (texts.title_new, String::new(), format!("{all}/new"), all, texts.create, texts.email),
        Some(known) => {
            let address = paths::contact(account, ContactId(known.id));
            let name = name_of(t, known.emails.first().map(String::as_str), known.id);
            (texts.title, name, format!("{address}/edit"), address, texts.save, texts.add_email)
        }
    };
    title.clone_into(&mut layout.title);
    let choice = |email: &String| Choice { value: email.clone(), label: email.clone(), hint: None };
    let emails = known.map_or(&[][..], |known| &known.emails);
    let choices = Kind::Radio(emails.iter().map(choice).collect());
    Page {
        under,
        action,
        cancel,
        submit,
        has_errors: typed.has_errors(),
        email: Field::new(t, "email", label, Kind::Email)
            .value(&typed.email)
            .error(typed.email_error)
            .max(EMAIL_MAX)
            .autocomplete("off"),
        primary: (emails.len() > 1)
            .then(|| Field::new(t, "primary", texts.primary, choices).value(&typed.primary)),
        rows: typed.rows,
        declared,
        layout,
    }
}
