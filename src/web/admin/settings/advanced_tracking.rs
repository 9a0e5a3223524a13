//! `/accounts/{id}/settings/advanced-tracking`: the settings that decide how the sites of an account are tracked, who
//! changed them, and the links that leave out one's own visits.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts::{self, TrackingChange};
use crate::app::events::element_picker::Error;
use crate::app::events::own_visits::{self, Wish};
use crate::domain::account::AccountId;
use crate::domain::element_picker::ADDRESS_MAX;
use crate::domain::exclusions::{self, Exclusions, Invalid};
use crate::domain::period::Zone;
use crate::domain::tracking::{ChangedTo, Setting, Tracking};
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::{AccountForm, Fields};
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// How many of the latest changes are shown.
const CHANGES_SHOWN: u32 = 20;
/// Lines of a field with a list.
const ROWS: u8 = 3;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/advanced-tracking")
                .route(get_or_head().to(show))
                .route(post().to(update)),
        )
        .route("/accounts/{account}/settings/advanced-tracking/own-visits", post().to(create_link));
}

/// The headings of the form, each with its settings, in HubSpot's order.
const fn groups(t: &'static Texts) -> [(&'static str, &'static [Setting]); 4] {
    let texts = &t.tracking;
    [
        (
            texts.sites,
            &[
                Setting::CrossDomainLinks,
                Setting::LimitToDomains,
                Setting::CookiesPerSubdomain,
                Setting::SecureCookies,
            ],
        ),
        (
            texts.exclude,
            &[Setting::LeaveOutSuspected, Setting::ExcludedAddresses, Setting::ExcludedReferrers],
        ),
        (
            texts.views,
            &[
                Setting::MovesInPages,
                Setting::FragmentIsPage,
                Setting::FirstViewTwice,
                Setting::RemovedParameters,
            ],
        ),
        (texts.events, &[Setting::ClickAutocapture, Setting::ContactProperties, Setting::CollectForms]),
    ]
}

/// Label and hint of a setting.
const fn words(t: &'static Texts, setting: Setting) -> (&'static str, &'static str) {
    let texts = &t.tracking;
    match setting {
        Setting::LimitToDomains => (texts.limit, texts.limit_hint),
        Setting::CrossDomainLinks => (texts.links, texts.links_hint),
        Setting::CookiesPerSubdomain => (texts.subdomains, texts.subdomains_hint),
        Setting::SecureCookies => (texts.secure, texts.secure_hint),
        Setting::LeaveOutSuspected => (texts.suspected, texts.suspected_hint),
        Setting::ExcludedAddresses => (texts.addresses, texts.addresses_hint),
        Setting::ExcludedReferrers => (texts.referrers, texts.referrers_hint),
        Setting::MovesInPages => (texts.moves, texts.moves_hint),
        Setting::FragmentIsPage => (texts.fragment, texts.fragment_hint),
        Setting::FirstViewTwice => (texts.twice, texts.twice_hint),
        Setting::RemovedParameters => (texts.parameters, texts.parameters_hint),
        Setting::ClickAutocapture => (texts.clicks, texts.clicks_hint),
        Setting::ContactProperties => (texts.properties, texts.properties_hint),
        Setting::CollectForms => (texts.collect, texts.collect_hint),
    }
}

fn message(t: &'static Texts, invalid: &Invalid) -> String {
    let texts = &t.tracking.wrong;
    let about = |text, entry: &str| fill(text, &[("entry", entry)]);
    match invalid {
        Invalid::Address(entry) => about(texts.address, entry),
        Invalid::Everybody(entry) => about(texts.everybody, entry),
        Invalid::ManyAddresses => texts.many_addresses.to_owned(),
        Invalid::Referrer(entry) => about(texts.referrer, entry),
        Invalid::ManyReferrers => texts.many_referrers.to_owned(),
        Invalid::Parameter(entry) => about(texts.parameter, entry),
        Invalid::ManyParameters => texts.many_parameters.to_owned(),
    }
}

/// What the form shows: the settings as they are, or as they were typed, with what is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub tracking: Tracking,
    lists: Vec<(Setting, String, Option<Invalid>)>,
}

impl Typed {
    pub(crate) fn stored(tracking: Tracking, exclusions: &Exclusions) -> Self {
        let lists = LISTS.map(|setting| (setting, setting.entries(exclusions).join("\n"), None));
        Self { tracking, lists: lists.into() }
    }

    /// Reads the form. What is wrong with a list stands beside it.
    pub(crate) fn read(fields: &Fields, mut tracking: Tracking) -> (Self, Exclusions) {
        for setting in Setting::ALL {
            if let Some(on) = setting.switch(&mut tracking) {
                *on = fields.is_on(setting.as_str());
            }
        }
        let text = |setting: Setting| fields.text(setting.as_str()).to_owned();
        let addresses = exclusions::parse_addresses(&text(Setting::ExcludedAddresses));
        let referrers = exclusions::parse_referrers(&text(Setting::ExcludedReferrers));
        let parameters = exclusions::parse_parameters(&text(Setting::RemovedParameters));
        let wrong = [addresses.clone().err(), referrers.clone().err(), parameters.clone().err()].into_iter();
        let lists = LISTS.into_iter().zip(wrong).map(|(setting, wrong)| (setting, text(setting), wrong));
        let exclusions = Exclusions {
            addresses: addresses.unwrap_or_default(),
            referrers: referrers.unwrap_or_default(),
            parameters: parameters.unwrap_or_default(),
        };
        (Self { tracking, lists: lists.collect() }, exclusions)
    }

    fn is_wrong(&self) -> bool {
        self.lists.iter().any(|(_, _, wrong)| wrong.is_some())
    }

    fn field(&self, t: &'static Texts, setting: Setting) -> Field {
        let (label, hint) = words(t, setting);
        let name = setting.as_str();
        let mut tracking = self.tracking;
        if let Some(on) = setting.switch(&mut tracking) {
            return Field::new(t, name, label, Kind::Check).value(if *on { "on" } else { "" }).hint(hint);
        }
        let field = Field::new(t, name, label, Kind::Area { rows: ROWS }).hint(hint);
        match self.lists.iter().find(|(of, _, _)| *of == setting) {
            Some((_, text, wrong)) => field.value(text).error(wrong.as_ref().map(|wrong| message(t, wrong))),
            None => field,
        }
    }
}

/// The settings that are lists, in the order in which they are read.
const LISTS: [Setting; 3] =
    [Setting::ExcludedAddresses, Setting::ExcludedReferrers, Setting::RemovedParameters];

/// The fields of a group, under its heading.
struct FieldGroup {
    title: &'static str,
    fields: Vec<Field>,
}

/// A row of the latest changes.
struct ChangeRow {
    when: String,
    who: String,
    setting: &'static str,
    change: String,
}

fn change_row(t: &'static Texts, zone: &Zone, made: &TrackingChange) -> ChangeRow {
    let texts = &t.tracking;
    let change = match &made.change.to {
        ChangedTo::Switch { on: true } => texts.switched_on.to_owned(),
        ChangedTo::Switch { on: false } => texts.switched_off.to_owned(),
        ChangedTo::List { added, removed } if removed.is_empty() => fill(texts.added, &[("entries", added)]),
        ChangedTo::List { added, removed } if added.is_empty() => {
            fill(texts.removed, &[("entries", removed)])
        }
        ChangedTo::List { added, removed } => fill(texts.replaced, &[("added", added), ("removed", removed)]),
    };
    ChangeRow {
        when: format::date_time(&t.number, zone, made.at),
        who: made.email.clone().unwrap_or_else(|| texts.by_nobody.to_owned()),
        setting: words(t, made.change.setting).0,
        change,
    }
}

#[derive(Template)]
#[template(path = "advanced_tracking/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    groups: Vec<FieldGroup>,
    is_wrong: bool,
    own_visits: String,
    page: Field,
    changes: Vec<ChangeRow>,
}

/// What the page shows.
pub(crate) struct Shown<'a> {
    pub id: AccountId,
    pub zone: &'a Zone,
    pub typed: &'a Typed,
    /// A page of the site, or a domain, that is offered for leaving out one's own visits.
    pub address: String,
    pub changes: &'a [TrackingChange],
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, shown: &Shown<'_>) -> Page {
    let t = layout.t;
    let field = |setting: &Setting| shown.typed.field(t, *setting);
    let groups = groups(t)
        .into_iter()
        .map(|(title, settings)| FieldGroup { title, fields: settings.iter().map(field).collect() })
        .collect();
    Page {
        nav,
        id: shown.id,
        groups,
        is_wrong: shown.typed.is_wrong(),
        own_visits: format!("{}/own-visits", Tab::AdvancedTracking.path(shown.id)),
        page: Field::new(t, "url", t.own_visits.page, Kind::Text)
            .value(&shown.address)
            .required()
            .max(ADDRESS_MAX)
            .autocomplete("url"),
        changes: shown.changes.iter().map(|made| change_row(t, shown.zone, made)).collect(),
        layout,
    }
}

async fn answer(member: &Member, typed: &Typed) -> Result<HttpResponse, WebError> {
    let changes = accounts::tracking_changes(member.app(), member.account_id(), CHANGES_SHOWN).await?;
    let domain = member.account.settings().domains.first();
    let shown = Shown {
        id: member.account_id(),
        zone: &member.account.zone,
        typed,
        address: domain.cloned().unwrap_or_default(),
        changes: &changes,
    };
    let layout = member.layout(member.t().access.settings.advanced_tracking, Section::Settings, "");
    let nav = SettingsNav::over(member, Tab::AdvancedTracking);
    respond::form(typed.is_wrong(), &page(layout, nav, &shown))
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    answer(&member, &Typed::stored(*member.account.tracking(), member.account.exclusions())).await
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need_website_settings()?;
    let (typed, exclusions) = Typed::read(&fields, *member.account.tracking());
    if typed.is_wrong() {
        return answer(&member, &typed).await;
    }
    let (app, id) = (member.app(), member.account_id());
    accounts::update_tracking(app, member.actor(), id, typed.tracking, exclusions).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::AdvancedTracking.path(id))
}

#[derive(Template)]
#[template(path = "advanced_tracking/link.html")]
pub(crate) struct LinkPage {
    pub layout: Layout,
    pub nav: SettingsNav,
    pub id: AccountId,
    pub lead: String,
    /// `None` when there is no link, and `lead` says why.
    pub link: Option<Code>,
}

/// The page with a link that leaves out the visits of the browser that opens it, or counts them again.
pub(crate) fn link_page(
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    wish: Wish,
    link: String,
) -> LinkPage {
    let t = layout.t;
    let lead = match wish {
        Wish::LeaveOut => t.own_visits.link_leave_out,
        Wish::Count => t.own_visits.link_count,
    };
    let host = link.split('/').nth(2).unwrap_or_default();
    let lead = fill(lead, &[("host", host)]);
    let link = Some(Code { t, id: "link", label: t.own_visits.link.to_owned(), text: link });
    LinkPage { layout, nav, id, lead, link }
}

/// Fields: `url`, a page of the site; `do`, a wish.
async fn create_link(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need_website_settings()?;
    let wish = Wish::parse(fields.text("do"))
        .ok_or_else(|| WebError::BadRequest("do must be leave_out or count".to_owned()))?;
    let (t, id) = (member.t(), member.account_id());
    let layout = member.layout(t.own_visits.title, Section::Settings, "");
    let nav = SettingsNav::over(&member, Tab::AdvancedTracking);
    let lead = match own_visits::link(member.app(), member.actor(), id, fields.text("url"), wish).await {
        Ok(link) => return respond::page(&link_page(layout, nav, id, wish, link)),
        Err(Error::Address) => t.picker.no_address.to_owned(),
        Err(Error::Foreign(host)) => fill(t.picker.foreign, &[("host", &host)]),
        Err(Error::Access(error)) => return Err(error.into()),
        Err(error) => return Err(WebError::BadRequest(error.to_string())),
    };
    respond::page_with(StatusCode::UNPROCESSABLE_ENTITY, &LinkPage { layout, nav, id, lead, link: None })
}
