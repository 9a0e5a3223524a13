//! `/accounts/{id}/settings/properties`: the properties of contacts, declared and not, and the form that declares one.
//! Names of undeclared properties come from outside, so they are texts to show (rules.md 37).

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::property_definitions::{self, Error};
use crate::app::reports::properties::{self, DeclaredRow, PropertiesReport};
use crate::domain::account::AccountId;
use crate::domain::contact::{InvalidProperty, PROPERTY_NAME_MAX};
use crate::domain::property_type::{
    CHOICE_MAX, CHOICES_MAX, DEFINITIONS_MAX, Definition, Invalid, LABEL_MAX, PropertyType,
};
use crate::domain::user::Role;
use crate::web::admin::reports::report_page;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::empty::Empty;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::{Format, Member, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::export::{self, Column};
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/settings/properties", get_or_head().to(list))
        .service(
            resource("/accounts/{account}/settings/properties/new")
                .route(get_or_head().to(new))
                .route(post().to(create)),
        )
        .service(
            resource("/accounts/{account}/settings/properties/edit")
                .route(get_or_head().to(open))
                .route(post().to(update)),
        )
        .route("/accounts/{account}/settings/properties/delete", post().to(delete));
}

/// The name of a property in the query.
fn name_of(request: &HttpRequest) -> Result<String, WebError> {
    let pairs = report_page::pairs(request)?;
    Ok(query::first(&pairs, "name").unwrap_or_default().to_owned())
}

/// The address of a page about one property.
fn address(account: AccountId, page: &str, name: &str) -> String {
    format!("{}/{page}?name={}", Tab::Properties.path(account), paths::encode(name))
}

async fn list(access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    if let Some(reader) = &access.reader {
        reader.need(Role::Editor)?;
    }
    let account = access.account.id();
    let found = properties::properties(&access.state.app, account).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("properties-{account}"));
            export::csv_columns(file, &COLUMNS, found.declared)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = reader.layout(reader.t().properties.title, Section::Settings, "");
            respond::page(&list_page(layout, reader.membership.role, &found))
        }
    }
}

const COLUMNS: [Column<DeclaredRow>; 8] = [
    ("name", |row| export::cell(&row.name)),
    ("label", |row| export::cell(&row.label)),
    ("type", |row| row.kind.to_owned()),
    ("choices", |row| export::cell(&row.choices.join(";"))),
    ("contacts", |row| row.contacts.to_string()),
    ("misfits", |row| row.misfits.to_string()),
    ("refused", |row| row.refused.to_string()),
    ("last_refused", |row| row.last_refused.map(|at| at.iso()).unwrap_or_default()),
];

struct Row {
    label: String,
    /// When the label is another text.
    name: Option<String>,
    kind: &'static str,
    choices: String,
    contacts: String,
    misfits: String,
    has_misfits: bool,
    refused: String,
    last_refused: Option<String>,
    edit: String,
    edit_label: String,
    remove: String,
    remove_label: String,
}

struct Undeclared {
    name: String,
    contacts: String,
    declare: String,
    declare_label: String,
}

#[derive(Template)]
#[template(path = "properties/list.html")]
pub(crate) struct ListPage {
    layout: Layout,
    nav: SettingsNav,
    rows: Vec<Row>,
    empty: Empty,
    new: String,
    undeclared: Vec<Undeclared>,
    /// What is said below the undeclared ones.
    notes: Vec<String>,
    csv: String,
    json: String,
}

pub(crate) fn list_page(layout: Layout, role: Role, found: &PropertiesReport) -> ListPage {
    let t = layout.t;
    let texts = &t.properties;
    let account = layout.account_id();
    let path = Tab::Properties.path(account);
    let more = found.undeclared_total.saturating_sub(found.undeclared.len() as u64);
    let mut notes = Vec::new();
    if more > 0 {
        notes.push(texts.undeclared_more.of(report_page::signed(more), &t.number));
    }
    notes.extend(found.undeclared_left_out.then(|| texts.undeclared_left_out.to_owned()));
    let undeclared = found.undeclared.iter().map(|one| Undeclared {
        contacts: report_page::count(t, one.contacts),
        declare: address(account, "new", &one.name),
        declare_label: fill(texts.declare_one, &[("property", &one.name)]),
        name: one.name.clone(),
    });
    ListPage {
        nav: SettingsNav::of(t, account, role, Tab::Properties),
        rows: found.declared.iter().map(|row| row_of(&layout, account, row)).collect(),
        empty: Empty {
            icon: Icon::Contact,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: None,
        },
        new: format!("{path}/new"),
        undeclared: undeclared.collect(),
        notes,
        csv: format!("{path}?format=csv"),
        json: format!("{path}?format=json"),
        layout,
    }
}

fn row_of(layout: &Layout, account: AccountId, row: &DeclaredRow) -> Row {
    let t = layout.t;
    let texts = &t.properties;
    let ago = |at| fill(texts.last_refused, &[("when", &format::ago(&t.number, layout.now, at))]);
    Row {
        label: row.label.clone(),
        name: Some(row.name.clone()).filter(|name| *name != row.label),
        kind: kind_label(t, PropertyType::parse(row.kind).unwrap_or_default()),
        choices: row.choices.join(", "),
        contacts: report_page::count(t, row.contacts),
        misfits: report_page::count(t, row.misfits),
        has_misfits: row.misfits > 0,
        refused: report_page::count(t, row.refused),
        last_refused: row.last_refused.map(ago),
        edit: address(account, "edit", &row.name),
        edit_label: fill(texts.edit_one, &[("property", &row.label)]),
        remove: address(account, "delete", &row.name),
        remove_label: fill(texts.remove_one, &[("property", &row.label)]),
    }
}

pub(crate) const fn kind_label(t: &Texts, kind: PropertyType) -> &'static str {
    let texts = &t.properties;
    match kind {
        PropertyType::Text => texts.text,
        PropertyType::Number => texts.number,
        PropertyType::Date => texts.date,
        PropertyType::YesNo => texts.yes_no,
        PropertyType::Choice => texts.choice,
    }
}

/// The values as typed, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub name: String,
    pub label: String,
    pub kind: String,
    pub choices: String,
    pub wrong: Option<Wrong>,
}

/// Why a property was not declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Invalid(Invalid),
    Declared,
    TooMany,
}

impl Typed {
    fn read(fields: &Fields, name: Option<String>) -> Self {
        Self {
            name: name.unwrap_or_else(|| fields.text("name").to_owned()),
            label: fields.text("label").to_owned(),
            kind: fields.text("kind").to_owned(),
            choices: fields.raw("choices").to_owned(),
            wrong: None,
        }
    }

    /// `None` when something is wrong, which is noted.
    fn definition(&mut self) -> Option<Definition> {
        let kind = PropertyType::parse(&self.kind).unwrap_or_default();
        match Definition::parse(&self.name, &self.label, kind, &self.choices) {
            Ok(definition) => Some(definition),
            Err(invalid) => {
                self.wrong = Some(Wrong::Invalid(invalid));
                None
            }
        }
    }

    /// Notes why it was refused. Any other error is returned as a failure of the request.
    fn note(mut self, error: Error) -> Result<Self, WebError> {
        self.wrong = Some(match error {
            Error::Declared => Wrong::Declared,
            Error::TooMany => Wrong::TooMany,
            Error::Access(error) => return Err(error.into()),
        });
        Ok(self)
    }
}

async fn new(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let kind = PropertyType::default().as_str().to_owned();
    show(&member, Typed { name: name_of(&request)?, kind, ..Typed::default() }, true)
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let account = member.account_id();
    let mut typed = Typed::read(&form.fields, None);
    let Some(definition) = typed.definition() else { return show(&member, typed, true) };
    match property_definitions::create(member.app(), member.actor(), account, definition).await {
        Ok(()) => {
            respond::done(&request, member.https(), Done::PropertyDeclared, &Tab::Properties.path(account))
        }
        Err(error) => show(&member, typed.note(error)?, true),
    }
}

async fn open(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let found = property_definitions::find(member.app(), member.account_id(), name_of(&request)?).await?;
    let Definition { name, label, kind, choices } = found.definition;
    let kind = kind.as_str().to_owned();
    show(&member, Typed { name, label, kind, choices: choices.join("\n"), wrong: None }, false)
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let account = member.account_id();
    let found = property_definitions::find(member.app(), account, name_of(&request)?).await?;
    let mut typed = Typed::read(&form.fields, Some(found.definition.name));
    let Some(definition) = typed.definition() else { return show(&member, typed, false) };
    property_definitions::update(member.app(), member.actor(), account, definition).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::Properties.path(account))
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let account = member.account_id();
    let name = name_of(&request)?;
    property_definitions::delete(member.app(), member.actor(), account, name).await?;
    respond::done(&request, member.https(), Done::PropertyUndeclared, &Tab::Properties.path(account))
}

fn show(member: &Member, typed: Typed, is_new: bool) -> Result<HttpResponse, WebError> {
    let layout = member.layout("", Section::Settings, "");
    respond::form(typed.wrong.is_some(), &form_page(layout, member.membership.role, &typed, is_new))
}

#[derive(Template)]
#[template(path = "properties/form.html")]
pub(crate) struct FormPage {
    layout: Layout,
    nav: SettingsNav,
    action: String,
    cancel: String,
    submit: &'static str,
    has_errors: bool,
    /// The internal name of a property that is declared already.
    name: Option<String>,
    fields: Vec<Field>,
}

pub(crate) fn form_page(mut layout: Layout, role: Role, typed: &Typed, is_new: bool) -> FormPage {
    let t = layout.t;
    let texts = &t.properties;
    let account = layout.account_id();
    let path = Tab::Properties.path(account);
    let (title, action, submit) = match is_new {
        true => (texts.declare, format!("{path}/new"), texts.declare),
        false => (texts.title_edit, address(account, "edit", &typed.name), texts.save),
    };
    title.clone_into(&mut layout.title);
    let [of_name, of_label, of_choices] = wrong(t, typed.wrong);
    let kinds = PropertyType::ALL.map(|kind| Choice {
        value: kind.as_str().to_owned(),
        label: kind_label(t, kind).to_owned(),
        hint: Some(
            match kind {
                PropertyType::Text => texts.text_what,
                PropertyType::Number => texts.number_what,
                PropertyType::Date => texts.date_what,
                PropertyType::YesNo => texts.yes_no_what,
                PropertyType::Choice => texts.choice_what,
            }
            .to_owned(),
        ),
    });
    let name = Field::new(t, "name", texts.internal_name, Kind::Text)
        .value(&typed.name)
        .hint(texts.internal_name_hint)
        .error(of_name)
        .required()
        .max(PROPERTY_NAME_MAX)
        .autocomplete("off");
    let label = Field::new(t, "label", texts.label, Kind::Text)
        .value(&typed.label)
        .hint(texts.label_hint)
        .error(of_label)
        .max(LABEL_MAX)
        .autocomplete("off");
    let kind = Field::new(t, "kind", texts.kind, Kind::Radio(kinds.into())).value(&typed.kind).required();
    let choices = Field::new(t, "choices", texts.choices, Kind::Area { rows: 5 })
        .value(&typed.choices)
        .hint(texts.choices_hint)
        .error(of_choices);
    let mut fields = vec![label, kind, choices];
    if is_new {
        fields.insert(0, name);
    }
    FormPage {
        nav: SettingsNav::of(t, account, role, Tab::Properties),
        action,
        cancel: path,
        submit,
        has_errors: typed.wrong.is_some(),
        name: (!is_new).then(|| typed.name.clone()),
        fields,
        layout,
    }
}

/// The message beside the name, the label and the choices.
fn wrong(t: &Texts, wrong: Option<Wrong>) -> [Option<String>; 3] {
    let texts = &t.properties.wrong;
    let limit = |text: &str, limit: usize| {
        fill(text, &[("limit", &t.number.whole(i64::try_from(limit).unwrap_or(i64::MAX)))])
    };
    let of_name = |text: String| [Some(text), None, None];
    let of_choices = |text: String| [None, None, Some(text)];
    match wrong {
        None => [None, None, None],
        Some(Wrong::Declared) => of_name(texts.declared.to_owned()),
        Some(Wrong::TooMany) => of_name(limit(texts.too_many, DEFINITIONS_MAX)),
        Some(Wrong::Invalid(invalid)) => match invalid {
            Invalid::Name(InvalidProperty::LongName) => of_name(limit(texts.long_name, PROPERTY_NAME_MAX)),
            Invalid::Name(InvalidProperty::IsEmail) => of_name(texts.is_email.to_owned()),
            Invalid::Name(_) => of_name(texts.no_name.to_owned()),
            Invalid::BuiltIn => of_name(texts.built_in.to_owned()),
            Invalid::LongLabel => [None, Some(limit(texts.long_label, LABEL_MAX)), None],
            Invalid::NoChoice => of_choices(texts.no_choice.to_owned()),
            Invalid::ManyChoices => of_choices(limit(texts.many_choices, CHOICES_MAX)),
            Invalid::LongChoice => of_choices(limit(texts.long_choice, CHOICE_MAX)),
            Invalid::SameChoice => of_choices(texts.same_choice.to_owned()),
        },
    }
}

/// Why a value that an editor typed does not fit its property.
pub(crate) fn misfit(t: &Texts, definition: &Definition) -> String {
    let texts = &t.properties.misfit;
    match definition.kind {
        // Every text fits.
        PropertyType::Text => String::new(),
        PropertyType::Number => texts.number.to_owned(),
        PropertyType::Date => texts.date.to_owned(),
        PropertyType::YesNo => texts.yes_no.to_owned(),
        PropertyType::Choice => fill(texts.choice, &[("choices", &definition.choices.join(", "))]),
    }
}
