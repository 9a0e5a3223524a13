//! `/accounts/{id}/lists/new` and `…/lists/{id}/edit`: the form of a list. Its conditions are added and removed by buttons
//! that send the whole form, so it works without script; beside it stands how many contacts fit, and ten of them.

use actix_web::web::{ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::people::lists::{self, Error};
use crate::app::reports;
use crate::domain::event::Status;
use crate::domain::list::{Conditions, ListId, ListKind, NAME_MAX};
use crate::domain::money;
use crate::domain::user::Role;
use crate::store;
use crate::web::admin::people::list::mask;
use crate::web::admin::people::lists::condition::{Choices, ConditionView, PartKind, condition};
use crate::web::admin::people::lists::examples::{READY, ready};
use crate::web::admin::people::lists::fields::{ADD_GROUP, Groups, Typed};
use crate::web::admin::people::lists::what::What;
use crate::web::admin::people::lists::{Member as Row, id_of, member as row_of, names};
use crate::web::admin::reports::report_page;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/lists/new")
                .route(get_or_head().to(new))
                .route(web::post().to(create)),
        )
        .service(
            resource("/accounts/{account}/lists/{list:[0-9]+}/edit")
                .route(get_or_head().to(edit))
                .route(web::post().to(update)),
        );
}

/// Contacts shown as examples of a preview.
const EXAMPLES: usize = 10;
/// What is typed in the whole form.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypedList {
    pub name: String,
    pub kind: ListKind,
    pub groups: Groups,
}

impl TypedList {
    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            kind: ListKind::parse(fields.text("kind")).unwrap_or_default(),
            groups: Groups::read(fields),
        }
    }
}

/// How many contacts fit, and some of them.
pub(crate) struct Preview {
    pub said: String,
    pub examples: Vec<Row>,
    pub damaged: Option<String>,
}

async fn choices(member: &Member) -> Result<Choices, WebError> {
    let account = member.account_id();
    let names = names(member.app(), account, &member.account.settings().currency).await?;
    let stored = member.app().store.read(move |conn| store::definition::list(conn, account)).await?;
    let events = stored.into_iter().filter(|stored| stored.status != Status::Deleted);
    let mut events: Vec<_> = events.map(|stored| (stored.number, stored.definition.name)).collect();
    events.sort_by_key(|(_, name)| name.to_lowercase());
    Ok(Choices { names, events })
}

async fn new(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let pairs = report_page::pairs(&request)?;
    let t = member.t();
    let key = query::first(&pairs, "ready").unwrap_or_default();
    let title = READY.into_iter().find(|(known, _)| *known == key).map_or("", |(_, name)| name(t));
    let typed = TypedList {
        name: title.to_owned(),
        groups: match ready(key) {
            Some(conditions) => Groups::of(&conditions, digits(&member)),
            None => Groups(vec![vec![Typed::new(What::Completed)]]),
        },
        ..TypedList::default()
    };
    render(&member, None, &typed, Vec::new()).await
}

async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let (typed, conditions) = match pressed(&member, &fields, None).await? {
        Pressed::Shown(shown) => return Ok(shown),
        Pressed::Save(typed, conditions) => (typed, conditions),
    };
    let account = member.account_id();
    match lists::create(member.app(), member.actor(), account, &typed.name, typed.kind, conditions).await {
        Ok(id) => respond::done(&request, member.https(), Done::ListCreated, &paths::list(account, id)),
        Err(error) => {
            let wrong = wrong(member.t(), error)?;
            render(&member, None, &typed, wrong).await
        }
    }
}

async fn find(member: &Member, id: ListId) -> Result<store::list::List, WebError> {
    let account = member.account_id();
    let found = member.app().store.read(move |conn| store::list::find(conn, account, id)).await?;
    found.ok_or(WebError::NotFound)
}

async fn edit(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let list = find(&member, id_of(&request)?).await?;
    let groups = Groups::of(&list.conditions, digits(&member));
    let typed = TypedList { name: list.name.clone(), kind: list.kind, groups };
    render(&member, Some(&list), &typed, Vec::new()).await
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let list = find(&member, id_of(&request)?).await?;
    let (typed, conditions) = match pressed(&member, &fields, Some(&list)).await? {
        Pressed::Shown(shown) => return Ok(shown),
        Pressed::Save(typed, conditions) => (typed, conditions),
    };
    let (account, id) = (member.account_id(), list.id);
    match lists::update(member.app(), member.actor(), account, id, &typed.name, conditions).await {
        Ok(()) => respond::done(&request, member.https(), Done::ListSaved, &paths::list(account, id)),
        Err(error) => {
            let wrong = wrong(member.t(), error)?;
            render(&member, Some(&list), &typed, wrong).await
        }
    }
}

/// What a button of the form did.
enum Pressed {
    /// It changed or previewed the form, which is shown again.
    Shown(HttpResponse),
    Save(TypedList, Conditions),
}

async fn pressed(
    member: &Member,
    fields: &Fields,
    list: Option<&store::list::List>,
) -> Result<Pressed, WebError> {
    let mut typed = TypedList::read(fields);
    let button = fields.text("do");
    let added = |field: &str| fields.text(field).parse().unwrap_or_default();
    // A field whose choice brings other fields sends the form without a button.
    if typed.groups.press(button, added) || button != SAVE {
        return Ok(Pressed::Shown(render(member, list, &typed, Vec::new()).await?));
    }
    let t = member.t();
    match typed.groups.conditions(&t.lists, digits(member)) {
        Ok(conditions) => Ok(Pressed::Save(typed, conditions)),
        Err(wrong) => {
            let wrong = vec![("conditions", about(t, &wrong))];
            Ok(Pressed::Shown(render(member, list, &typed, wrong).await?))
        }
    }
}

fn digits(member: &Member) -> u32 {
    money::digits(&member.account.settings().currency)
}

/// Says which condition is wrong, and how.
fn about(t: &Texts, (number, what): &(usize, String)) -> String {
    fill(t.lists.wrong.condition, &[("number", &number.to_string()), ("what", what)])
}

/// Messages by field: `name` or `conditions`.
type Wrong = Vec<(&'static str, String)>;

/// The message for an error that the user can correct. Any other error is a failure of the request.
fn wrong(t: &Texts, error: Error) -> Result<Wrong, WebError> {
    use crate::domain::list::Invalid;
    let texts = &t.lists.wrong;
    Ok(vec![match error {
        Error::Invalid(Invalid::Name) => ("name", texts.name.to_owned()),
        Error::Taken => ("name", texts.taken.to_owned()),
        Error::TooMany => ("name", texts.too_many.to_owned()),
        Error::Invalid(Invalid::NoCondition) => ("conditions", texts.none.to_owned()),
        Error::Circle => ("conditions", texts.circle.to_owned()),
        Error::Access(error) => return Err(error.into()),
        error => ("conditions", fill(texts.other, &[("reason", &error.to_string())])),
    }])
}

async fn render(
    member: &Member,
    list: Option<&store::list::List>,
    typed: &TypedList,
    wrong: Wrong,
) -> Result<HttpResponse, WebError> {
    let t = member.t();
    let choices = choices(member).await?;
    let title = match list {
        None => t.lists.title_new.to_owned(),
        Some(list) => fill(t.lists.title_edit, &[("name", &list.name)]),
    };
    let layout = member.layout(&title, Section::Lists, "");
    let preview = match typed.groups.conditions(&t.lists, digits(member)) {
        Ok(conditions) => preview(member, &layout, &choices.names.currency, conditions).await?,
        Err(_) => None,
    };
    let has_errors = !wrong.is_empty();
    respond::form(has_errors, &page(layout, list.map(|list| list.id), typed, &choices, preview, &wrong))
}

/// `None` when the conditions cannot be asked.
async fn preview(
    member: &Member,
    layout: &Layout,
    currency: &str,
    conditions: Conditions,
) -> Result<Option<Preview>, WebError> {
    let (app, account, t) = (member.app(), member.account_id(), member.t());
    let found = match lists::find(app, account, conditions).await {
        Ok(found) => found,
        Err(Error::Access(error)) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let newest = found.contacts.iter().rev().take(EXAMPLES).copied().collect();
    let mut rows = reports::lists::contacts(app, account, newest).await?;
    if !member.sees_emails() {
        rows.iter_mut().for_each(mask);
    }
    let said = match found.contacts.len() {
        0 => t.lists.fits_none.to_owned(),
        count => t.lists.fits.of(i64::try_from(count).unwrap_or(i64::MAX), &t.number),
    };
    let days: Vec<String> = found.damaged.iter().map(ToString::to_string).collect();
    Ok(Some(Preview {
        said,
        examples: rows.iter().map(|row| row_of(layout, currency, row)).collect(),
        damaged: (!days.is_empty()).then(|| fill(t.lists.damaged, &[("days", &days.join(", "))])),
    }))
}

/// Value of the button that saves the list.
const SAVE: &str = "save";
/// Value of the button that shows the preview again.
const PREVIEW: &str = "preview";

struct GroupView {
    conditions: Vec<ConditionView>,
    /// Name of the field with the condition to add, and value of the button.
    add_name: String,
    add: String,
}

#[derive(Template)]
#[template(path = "lists/form.html")]
pub(crate) struct Page {
    layout: Layout,
    action: String,
    cancel: String,
    name: Field,
    /// `None` when the type cannot be changed.
    kind: Option<Field>,
    groups: Vec<GroupView>,
    wrong_conditions: Option<String>,
    has_errors: bool,
    preview: Option<Preview>,
}

impl Page {
    const fn preview_button(&self) -> &'static str {
        PREVIEW
    }

    const fn group_button(&self) -> &'static str {
        ADD_GROUP
    }

    const fn save_button(&self) -> &'static str {
        SAVE
    }

    fn whats(&self) -> Vec<(&'static str, &'static str)> {
        What::ALL.map(|what| (what.as_str(), what.label(&self.layout.t.lists))).to_vec()
    }
}

pub(crate) fn page(
    layout: Layout,
    list: Option<ListId>,
    typed: &TypedList,
    choices: &Choices,
    preview: Option<Preview>,
    wrong: &Wrong,
) -> Page {
    let t = layout.t;
    let texts = &t.lists;
    let account = layout.account_id();
    let error = |name: &str| wrong.iter().find(|(at, _)| *at == name).map(|(_, text)| text.clone());
    let choice = |kind: ListKind, label: &str, hint: &str| Choice {
        value: kind.as_str().to_owned(),
        label: label.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let kinds = vec![
        choice(ListKind::Active, texts.active, texts.active_what),
        choice(ListKind::Static, texts.static_list, texts.static_what),
    ];
    let (action, cancel) = match list {
        None => (format!("{}/new", paths::lists(account)), paths::lists(account)),
        Some(id) => (format!("{}/edit", paths::list(account, id)), paths::list(account, id)),
    };
    let mut number = 0;
    let mut view = |group: usize, conditions: &[Typed]| GroupView {
        conditions: (0..)
            .zip(conditions)
            .map(|(place, typed)| {
                number += 1;
                condition(t, choices, typed, (group, place, number))
            })
            .collect(),
        add_name: format!("add{group}"),
        add: format!("add:{group}"),
    };
    Page {
        action,
        cancel,
        name: Field::new(t, "name", texts.name, Kind::Text)
            .value(&typed.name)
            .hint(texts.name_hint)
            .error(error("name"))
            .required()
            .max(NAME_MAX)
            .autocomplete("off"),
        kind: list.is_none().then(|| {
            Field::new(t, "kind", texts.kind, Kind::Radio(kinds)).value(typed.kind.as_str()).required()
        }),
        groups: (0..).zip(&typed.groups.0).map(|(group, conditions)| view(group, conditions)).collect(),
        wrong_conditions: error("conditions"),
        has_errors: !wrong.is_empty(),
        preview,
        layout,
    }
}
