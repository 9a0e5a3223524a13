//! `/accounts/{id}/events/new` and `…/events/{id}/edit`: the form of an event. It shows the fields of the chosen
//! type: with script at once, without script after pressing the button beside the types. Typed values are kept
//! whatever happens.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::events::custom_js;
use crate::app::events::definitions::{self, Error};
use crate::app::events::element_picker;
use crate::base::clock::Millis;
use crate::domain::event::{self, EventKind, EventNumber, Invalid, NAME_MAX, SELECTOR_MAX};
use crate::domain::money;
use crate::domain::url_rule::{self, URL_RULE_MAX, UrlRule};
use crate::domain::user::Role;
use crate::domain::value_property::VALUE_PROPERTY_MAX;
use crate::store;
use crate::store::definition::Stored;
use crate::web::admin::events::list::with_name;
use crate::web::admin::reports::report_page;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::part::meter::Meter;
use crate::web::paths;
use crate::web::request::form::{CodeForm, Fields};
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
            resource("/accounts/{account}/events/new").route(get_or_head().to(new)).route(post().to(create)),
        )
        .service(
            resource("/accounts/{account}/events/{event:[0-9]{12}}/edit")
                .route(get_or_head().to(edit))
                .route(post().to(update)),
        );
}

const CODE_ROWS: u8 = 8;
/// Longest value of the field with all tags, in characters.
const TAGS_LENGTH_MAX: usize = event::TAGS_MAX * (event::TAG_MAX + 2);

/// The event number in the path.
pub(crate) fn number_of(request: &HttpRequest) -> Result<EventNumber, WebError> {
    request.match_info().get("event").and_then(EventNumber::parse).ok_or(WebError::NotFound)
}

/// The event as stored.
pub(crate) async fn find(member: &Member, number: EventNumber) -> Result<Stored, WebError> {
    let account = member.account_id();
    let found = member.app().store.read(move |conn| store::definition::find(conn, account, number));
    found.await?.ok_or(WebError::NotFound)
}

/// The values as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub kind: Option<EventKind>,
    pub name: String,
    pub tags: String,
    pub value: String,
    pub value_property: String,
    pub selector: String,
    pub url: String,
    pub page: String,
    pub custom_js: String,
    /// A random key that connects this form with an element picked for it in another tab.
    pub pick_key: String,
    /// When the event was last changed, as far as this form knows, in milliseconds. Empty for a new event.
    pub seen: String,
}

impl Typed {
    fn new(member: &Member) -> Self {
        Self { pick_key: member.app().random.token(), ..Self::default() }
    }

    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            kind: EventKind::parse(fields.text("type")),
            name: text("name"),
            tags: text("tags"),
            value: text("value"),
            value_property: text("value_property"),
            selector: text("selector"),
            url: text("url"),
            page: text("page"),
            custom_js: fields.raw("custom_js").to_owned(),
            pick_key: text("pick_key"),
            seen: text("seen"),
        }
    }

    fn of(self, stored: &Stored, custom_js: String, digits: u32) -> Self {
        let definition = &stored.definition;
        let url = definition.url.as_ref().map_or("", UrlRule::as_str).to_owned();
        Self {
            kind: Some(definition.kind),
            name: definition.name.clone(),
            tags: definition.tags.join(", "),
            value: match definition.value_minor {
                0 => String::new(),
                minor => money::decimal(minor, digits),
            },
            value_property: definition.value_property_text(),
            selector: definition.selector.clone(),
            page: url.clone(),
            url,
            custom_js,
            seen: stored.changed.0.to_string(),
            ..self
        }
    }

    /// What somebody else has saved meanwhile that is not what was typed here, by field.
    fn differences(&self, t: &Texts, theirs: &Self) -> Wrong {
        let texts = &t.events.form.wrong;
        // Browsers send other line ends than are stored.
        let custom_js = custom_js::with_plain_line_ends(&self.custom_js);
        let fields = [
            ("name", &self.name, &theirs.name),
            ("tags", &self.tags, &theirs.tags),
            ("value", &self.value, &theirs.value),
            ("value_property", &self.value_property, &theirs.value_property),
            ("selector", &self.selector, &theirs.selector),
            match self.kind {
                Some(EventKind::Visit) => ("page", &self.page, &theirs.page),
                _ => ("url", &self.url, &theirs.url),
            },
            ("custom_js", &custom_js, &theirs.custom_js),
        ];
        let differs = fields.into_iter().filter(|(_, mine, theirs)| mine != theirs);
        differs
            .map(|(field, _, theirs)| {
                let text = match (field, theirs.as_str()) {
                    ("custom_js", _) => texts.changed_code.to_owned(),
                    (_, "") => texts.changed_empty.to_owned(),
                    (_, value) => fill(texts.changed, &[("value", value)]),
                };
                (field, text)
            })
            .collect()
    }

    fn as_event(&self, kind: EventKind) -> event::Typed<'_> {
        event::Typed {
            name: &self.name,
            tags: self.tags.split(',').collect(),
            selector: &self.selector,
            url: if kind == EventKind::Visit { &self.page } else { &self.url },
            value: &self.value,
            value_property: &self.value_property,
            custom_js: &self.custom_js,
        }
    }
}

/// Error messages by field name.
type Wrong = Vec<(&'static str, String)>;

/// The messages for an error that the user can correct. Any other error is returned as a failure of the request.
fn wrong(t: &Texts, kind: EventKind, error: Error) -> Result<Wrong, WebError> {
    let texts = &t.events.form.wrong;
    match error {
        Error::Invalid(all) => Ok(all.iter().map(|invalid| wrong_at(t, kind, invalid)).collect()),
        Error::Taken => Ok(vec![("name", texts.taken.to_owned())]),
        Error::Full(limit) => {
            let limit = report_page::count(t, limit.unsigned_abs());
            Ok(vec![("name", fill(texts.full, &[("limit", &limit)]))])
        }
        Error::CustomJs { line, column, message } => {
            let (line, column) = (line.to_string(), column.to_string());
            let said = [("line", line.as_str()), ("column", &column), ("message", &message)];
            Ok(vec![("custom_js", fill(texts.parse, &said))])
        }
        Error::Publish => Ok(vec![("custom_js", texts.publish.to_owned())]),
        // The form shows what has changed instead of this.
        Error::Changed => Err(WebError::BadRequest(error.to_string())),
        Error::NoAccount => Err(WebError::NotFound),
        Error::Access(error) => Err(error.into()),
    }
}

fn wrong_at(t: &Texts, kind: EventKind, invalid: &Invalid) -> (&'static str, String) {
    let texts = &t.events.form.wrong;
    let text = match invalid {
        Invalid::NoName => texts.no_name,
        Invalid::LongName => texts.long_name,
        Invalid::NameIsId => texts.name_is_id,
        Invalid::LongTag => texts.long_tag,
        Invalid::ManyTags => texts.many_tags,
        Invalid::NoSelector => texts.no_selector,
        Invalid::LongSelector => texts.long_selector,
        Invalid::Markup => texts.markup,
        Invalid::NoUrlRule | Invalid::UrlRule(url_rule::Invalid::Empty) => texts.no_page,
        Invalid::UrlRule(url_rule::Invalid::Long) => texts.long_url,
        Invalid::UrlRule(url_rule::Invalid::Control) => texts.odd_url,
        Invalid::Value(value) => return ("value", fill(texts.value, &[("value", value)])),
        Invalid::ValueProperty(name) => {
            return ("value_property", fill(texts.value_property, &[("name", name)]));
        }
        Invalid::LongCustomJs => texts.long_custom_js,
    };
    let field = match invalid.field() {
        "url" if kind == EventKind::Visit => "page",
        field => field,
    };
    (field, text.to_owned())
}

/// Form fields that only some event types have.
pub(crate) struct KindFields {
    /// The types, separated by spaces, for the script.
    kinds: String,
    is_shown: bool,
    fields: Vec<Field>,
    /// A text shown instead of a field.
    note: Option<&'static str>,
    /// Whether an element can be picked on the site.
    picks: bool,
}

#[derive(Template)]
#[template(path = "events/form.html")]
pub(crate) struct Page {
    layout: Layout,
    action: String,
    cancel: String,
    submit: &'static str,
    has_errors: bool,
    /// When the event was last changed, as far as this form knows.
    seen: String,
    /// Shown on the form for a new event when the limit of events is nearly reached.
    room: Option<Meter>,
    name: Field,
    tags: Field,
    known_tags: Vec<String>,
    /// `None` when the type cannot be changed.
    kinds: Option<Field>,
    kind_name: &'static str,
    kind_fields: Vec<KindFields>,
    value: Field,
    pick: Pick,
}

/// Picking an element on the site, in another tab.
struct Pick {
    action: String,
    /// Answers with the latest selector picked for a form key.
    latest: String,
    key: String,
    /// Milliseconds until a pick expires.
    life: i64,
    /// The page of the site that is opened first.
    address: String,
    kind: &'static str,
}

/// Value of the button that shows the fields of the chosen type.
const SHOW_FIELDS: &str = "choose";
/// Value of the button that fills in the picked selector.
const USE_PICKED: &str = "take";

impl Page {
    const fn show_fields(&self) -> &'static str {
        SHOW_FIELDS
    }

    const fn use_picked(&self) -> &'static str {
        USE_PICKED
    }
}

/// What the form needs to know about the account and the user.
pub(crate) struct FormContext {
    pub tags: Vec<String>,
    pub currency: String,
    /// The first domain of the account.
    pub domain: Option<String>,
    /// Whether the user may publish custom JavaScript.
    pub may_publish: bool,
    /// Whether the server runs custom JavaScript at all.
    pub runs_code: bool,
    /// Events that count towards the limit, and the limit.
    pub used: (i64, i64),
}

pub(crate) enum Form<'a> {
    New,
    Edit(&'a Stored),
}

pub(crate) fn page(
    mut layout: Layout,
    form: &Form<'_>,
    typed: &Typed,
    about: FormContext,
    wrong: &Wrong,
) -> Page {
    let t = layout.t;
    let texts = &t.events.form;
    let account = layout.account_id();
    let all = paths::events(account);
    let error = |name: &str| wrong.iter().find(|(at, _)| *at == name).map(|(_, text)| text.clone());
    let kind = typed.kind.unwrap_or(EventKind::Custom);
    let choice = |kind: &EventKind| {
        let (label, what) = t.events.kind.of(*kind);
        Choice { value: kind.as_str().to_owned(), label: label.to_owned(), hint: Some(what.to_owned()) }
    };
    let kinds = Field::new(t, "type", texts.kind, Kind::Radio(EventKind::ALL.iter().map(choice).collect()))
        .value(kind.as_str())
        .required();
    let (action, cancel, submit, title) = match form {
        Form::New => (format!("{all}/new"), all, texts.create, texts.title_new.to_owned()),
        Form::Edit(stored) => {
            let address = paths::event(account, stored.number);
            (
                format!("{address}/edit"),
                address,
                texts.save,
                with_name(texts.title_edit, &stored.definition.name),
            )
        }
    };
    layout.title = title;
    Page {
        seen: typed.seen.clone(),
        action,
        cancel,
        submit,
        has_errors: !wrong.is_empty(),
        room: Some(Meter { t, active: about.used.0, limit: about.used.1 })
            .filter(|meter| matches!(form, Form::New) && meter.note().is_some()),
        name: Field::new(t, "name", texts.name, Kind::Text)
            .value(&typed.name)
            .hint(texts.name_hint)
            .error(error("name"))
            .required()
            .max(NAME_MAX)
            .autocomplete("off"),
        tags: Field::new(t, "tags", texts.tags, Kind::Text)
            .value(&typed.tags)
            .hint(texts.tags_hint)
            .error(error("tags"))
            .max(TAGS_LENGTH_MAX)
            .suggestions(&about.tags)
            .autocomplete("off"),
        kind_name: t.events.kind.of(kind).0,
        kinds: matches!(form, Form::New).then_some(kinds),
        kind_fields: kind_fields(t, (kind, matches!(form, Form::New)), typed, &about, &error),
        pick: Pick {
            action: format!("{}/pick", paths::events(account)),
            latest: format!("{}/pick/latest?format=json", paths::events(account)),
            key: typed.pick_key.clone(),
            life: element_picker::LIFE,
            address: about.domain.as_ref().map_or_else(String::new, |domain| site(domain)),
            kind: kind.as_str(),
        },
        value: Field::new(t, "value", texts.value, Kind::Text)
            .value(&typed.value)
            .hint(&fill(texts.value_hint, &[("currency", &about.currency)]))
            .error(error("value"))
            .max(money::TEXT_MAX)
            .autocomplete("off"),
        known_tags: about.tags,
        layout,
    }
}

/// The fields of all types for a new event, and of its own type for an existing one.
fn kind_fields(
    t: &'static Texts,
    (kind, all): (EventKind, bool),
    typed: &Typed,
    about: &FormContext,
    error: &impl Fn(&str) -> Option<String>,
) -> Vec<KindFields> {
    let texts = &t.events.form;
    let field = |name, label, value: &str, hint: &str, max| {
        Field::new(t, name, label, Kind::Text)
            .value(value)
            .hint(hint)
            .error(error(name))
            .max(max)
            .autocomplete("off")
    };
    let selector =
        field("selector", texts.selector, &typed.selector, texts.selector_hint, SELECTOR_MAX).required();
    let url = field("url", texts.url, &typed.url, texts.url_hint, URL_RULE_MAX);
    let page = field("page", texts.page, &typed.page, texts.page_hint, URL_RULE_MAX).required();
    let code = Field::new(t, "custom_js", texts.custom_js, Kind::Area { rows: CODE_ROWS })
        .value(&typed.custom_js)
        .hint(if about.runs_code { texts.custom_js_hint } else { texts.custom_js_off })
        .error(error("custom_js"));
    let of = |kinds: &[EventKind], fields, picks| KindFields {
        kinds: kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" "),
        is_shown: kinds.contains(&kind),
        fields,
        note: None,
        picks,
    };
    let code_note = (!about.may_publish).then_some(texts.no_publish);
    let code = about.may_publish.then_some(code);
    let property = field(
        "value_property",
        texts.value_property,
        &typed.value_property,
        texts.value_property_hint,
        VALUE_PROPERTY_MAX,
    );
    let mut parts = vec![
        of(&[EventKind::Click, EventKind::Form], vec![selector, url], true),
        of(&[EventKind::Visit], vec![page], false),
        KindFields {
            note: code_note,
            ..of(&[EventKind::Custom], code.into_iter().chain([property]).collect(), false)
        },
    ];
    parts.retain(|part| all || part.is_shown);
    parts
}

async fn answer(
    member: &Member,
    status: StatusCode,
    form: &Form<'_>,
    typed: &Typed,
    wrong: &Wrong,
) -> Result<HttpResponse, WebError> {
    let app = member.app();
    let (settings, account) = (member.account.settings(), member.account_id());
    let defined = app.definitions.of(account);
    let about = FormContext {
        tags: app.store.read(move |conn| store::definition::list_tags(conn, account)).await?,
        currency: settings.currency.clone(),
        domain: settings.domains.first().cloned(),
        may_publish: member.membership.may_publish(),
        runs_code: app.runs_code(&member.account),
        used: (i64::try_from(defined.active().count()).unwrap_or(i64::MAX), app.event_limit),
    };
    respond::page_with(status, &page(member.layout("", Section::Events, ""), form, typed, about, wrong))
}

/// The likely address of the site. Local host names have no certificate, so they get http.
fn site(domain: &str) -> String {
    let name = domain.split(':').next().unwrap_or(domain);
    let is_local = name == "localhost" || name.ends_with(".localhost") || name.ends_with(".test");
    format!("{}://{domain}/", if is_local { "http" } else { "https" })
}

/// Fills in the selector that was last picked for this form.
async fn with_picked(member: &Member, mut typed: Typed) -> Result<(Typed, Wrong), WebError> {
    let (app, actor, account) = (member.app(), member.actor(), member.account_id());
    let web_error = |error: element_picker::Error| WebError::BadRequest(error.to_string());
    let picked =
        match element_picker::latest(app, actor, account, &typed.pick_key).await.map_err(web_error)? {
            Some(number) => element_picker::choice(app, actor, account, number).await.map_err(web_error)?,
            None => element_picker::Choice::Gone,
        };
    if let element_picker::Choice::Picked(selector) = picked {
        typed.selector = selector;
        return Ok((typed, Wrong::new()));
    }
    let nothing = member.t().events.form.pick.nothing;
    Ok((typed, vec![("selector", nothing.to_owned())]))
}

async fn new(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let pairs = report_page::pairs(&request)?;
    let kind = query::first(&pairs, "type").and_then(EventKind::parse);
    answer(&member, StatusCode::OK, &Form::New, &Typed { kind, ..Typed::new(&member) }, &Wrong::new()).await
}

async fn create(request: HttpRequest, form: CodeForm) -> Result<HttpResponse, WebError> {
    let CodeForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let typed = Typed::read(&fields);
    let kind = typed.kind.unwrap_or(EventKind::Custom);
    // This button only changes the visible fields, so nothing is validated yet.
    match fields.text("do") {
        SHOW_FIELDS => return answer(&member, StatusCode::OK, &Form::New, &typed, &Wrong::new()).await,
        USE_PICKED => {
            let (typed, wrong) = with_picked(&member, typed).await?;
            return answer(&member, StatusCode::OK, &Form::New, &typed, &wrong).await;
        }
        _ => {}
    }
    let app = member.app();
    match definitions::create(app, member.actor(), member.account_id(), kind, &typed.as_event(kind)).await {
        Ok(number) => respond::done(
            &request,
            member.https(),
            Done::EventMade,
            &format!("{}/install", paths::event(member.account_id(), number)),
        ),
        Err(error) => {
            let wrong = wrong(member.t(), kind, error)?;
            answer(&member, StatusCode::UNPROCESSABLE_ENTITY, &Form::New, &typed, &wrong).await
        }
    }
}

async fn edit(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let stored = find(&member, number_of(&request)?).await?;
    let code = custom_js::code(member.app(), member.account_id(), stored.number).await?;
    let digits = money::digits(&member.account.settings().currency);
    let typed = Typed::new(&member).of(&stored, code, digits);
    answer(&member, StatusCode::OK, &Form::Edit(&stored), &typed, &Wrong::new()).await
}

async fn update(request: HttpRequest, form: CodeForm) -> Result<HttpResponse, WebError> {
    let CodeForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let stored = find(&member, number_of(&request)?).await?;
    let kind = stored.definition.kind;
    let mut typed = Typed { kind: Some(kind), ..Typed::read(&fields) };
    if fields.text("do") == USE_PICKED {
        let (typed, wrong) = with_picked(&member, typed).await?;
        return answer(&member, StatusCode::OK, &Form::Edit(&stored), &typed, &wrong).await;
    }
    // The form has no code field for users who may not publish, so the stored code is kept.
    if !member.membership.may_publish() {
        typed.custom_js = custom_js::code(member.app(), member.account_id(), stored.number).await?;
    }
    let app = member.app();
    let (account, number) = (member.account_id(), stored.number);
    let seen = typed.seen.parse().ok().map(Millis);
    let done = || respond::done(&request, member.https(), Done::EventSaved, &paths::event(account, number));
    match definitions::update(app, member.actor(), account, number, &typed.as_event(kind), seen).await {
        Ok(()) => done(),
        Err(Error::Changed) => {
            let stored = find(&member, number).await?;
            let code = custom_js::code(app, account, number).await?;
            let theirs =
                Typed::default().of(&stored, code, money::digits(&member.account.settings().currency));
            let differences = typed.differences(member.t(), &theirs);
            if differences.is_empty() {
                return done();
            }
            // Whoever has seen what the other has saved may replace it.
            typed.seen = theirs.seen;
            answer(&member, StatusCode::CONFLICT, &Form::Edit(&stored), &typed, &differences).await
        }
        Err(error) => {
            let wrong = wrong(member.t(), kind, error)?;
            answer(&member, StatusCode::UNPROCESSABLE_ENTITY, &Form::Edit(&stored), &typed, &wrong).await
        }
    }
}
