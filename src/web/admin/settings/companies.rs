//! `/accounts/{id}/settings/companies`: whether contacts get companies, and which domains are no company's (rules.md 35).

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::companies;
use crate::domain::account::AccountId;
use crate::domain::company::{CompanySettings, EXCLUDED_MAX, Invalid, parse_excluded};
use crate::domain::user::Role;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::Form;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

const CREATE: &str = "create";
const EXCLUDED: &str = "excluded";
/// Longest body, bytes: as many of the longest domains as an account excludes, each byte percent-encoded.
const EXCLUDED_BODY_MAX: usize = 1024 * 1024;
/// Lines of the field for excluded domains.
const ROWS: u8 = 10;

type ExcludedForm = Form<Member, EXCLUDED_BODY_MAX>;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/companies")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

#[derive(Template)]
#[template(path = "companies/settings.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    fields: [Field; 2],
    has_errors: bool,
}

/// The fields as typed.
pub(crate) struct Typed {
    pub is_on: bool,
    pub excluded: String,
    pub wrong: Option<Invalid>,
}

impl From<CompanySettings> for Typed {
    fn from(CompanySettings { is_on, excluded }: CompanySettings) -> Self {
        Self { is_on, excluded: excluded.join("\n"), wrong: None }
    }
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, id: AccountId, typed: &Typed) -> Page {
    let t = layout.t;
    let texts = &t.companies.settings;
    let create = Field::new(t, CREATE, texts.create, Kind::Check)
        .value(if typed.is_on { "on" } else { "" })
        .hint(texts.create_hint);
    let excluded = Field::new(t, EXCLUDED, texts.excluded, Kind::Area { rows: ROWS })
        .value(&typed.excluded)
        .hint(&fill(texts.excluded_hint, &[("limit", &limit(t))]))
        .error(typed.wrong.as_ref().map(|wrong| message(t, wrong)));
    Page { layout, nav, id, fields: [create, excluded], has_errors: typed.wrong.is_some() }
}

fn limit(t: &Texts) -> String {
    t.number.grouped(EXCLUDED_MAX as u64)
}

fn message(t: &Texts, wrong: &Invalid) -> String {
    let texts = &t.companies.settings;
    match wrong {
        Invalid::Domain(domain) => fill(texts.wrong_domain, &[("domain", domain)]),
        Invalid::ManyDomains | Invalid::Name => fill(texts.many_domains, &[("limit", &limit(t))]),
    }
}

fn page_of(member: &Member, typed: &Typed) -> Result<HttpResponse, WebError> {
    let layout = member.layout(member.t().companies.settings.nav, Section::Settings, "");
    let nav = SettingsNav::over(member, Tab::Companies);
    respond::form(typed.wrong.is_some(), &page(layout, nav, member.account_id(), typed))
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let settings = companies::settings(member.app(), member.account_id()).await?;
    page_of(&member, &Typed::from(settings))
}

async fn update(request: HttpRequest, form: ExcludedForm) -> Result<HttpResponse, WebError> {
    let ExcludedForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let typed = fields.raw(EXCLUDED);
    let is_on = fields.is_on(CREATE);
    let excluded = match parse_excluded(typed) {
        Ok(excluded) => excluded,
        Err(wrong) => {
            return page_of(&member, &Typed { is_on, excluded: typed.to_owned(), wrong: Some(wrong) });
        }
    };
    let settings = CompanySettings { is_on, excluded };
    companies::update_settings(member.app(), member.actor(), member.account_id(), settings).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::Companies.path(member.account_id()))
}
