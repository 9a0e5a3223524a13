//! `/accounts/{id}/settings/consent/preview`: the consent banner as it is saved, or as it was in a revision, with what the
//! query has in its place, before that is saved. The page holds frames of `…/preview/site`, a stand-in for the site, which
//! loads `…/preview/banner.js`.

use std::collections::BTreeMap;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::consent;
use crate::domain::consent_banner::{
    Banner, Colour, FALLBACK, Invalid, Position, Scheme, Texts, is_right_to_left,
};
use crate::domain::language::normalise;
use crate::tracker::banner;
use crate::web::admin::reports::report_page;
use crate::web::part::banner_preview::BannerPreview;
use crate::web::paths;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::framing::Framing;
use crate::web::response::page::{Layout, Section, Theme};
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/settings/consent/preview", get_or_head().to(show))
        .route("/accounts/{account}/settings/consent/preview/site", get_or_head().to(show_site))
        .route("/accounts/{account}/settings/consent/preview/banner.js", get_or_head().to(show_script));
}

/// The policy types that show a banner, with HubSpot's numbers: notify, opt-in, by category, opt-out, opt-out by category.
const TYPES: std::ops::RangeInclusive<u8> = 2..=6;
const OPT_IN: u8 = 3;
/// The word in the place of a type that asks for the notice about Global Privacy Control.
pub(super) const GPC: &str = "gpc";

/// What the query asks to see.
struct Asked {
    banner: Banner,
    language: String,
    policy_type: u8,
    gpc: bool,
}

impl Asked {
    /// Reads `position`, `scheme`, `accent`, `accent_text`, `language` (fixed; empty means automatic), `privacy_url`, `reopen`,
    /// `shown` (the language that is looked at), `text_…` (own texts in that language; one of them stands for all),
    /// `policy` and `gpc`. What is missing or unknown is as in `banner`.
    fn parse(pairs: &query::Pairs, mut banner: Banner) -> Result<Self, Invalid> {
        let given = |key: &str| pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let text = |key: &str| given(key).unwrap_or_default();
        let colour = |key: &str, usual: Colour| match text(key) {
            "" => Ok(usual),
            written => Colour::parse(written).ok_or(Invalid::Colour),
        };
        banner.position = Position::parse(text("position")).unwrap_or(banner.position);
        banner.scheme = Scheme::parse(text("scheme")).unwrap_or(banner.scheme);
        banner.accent = colour("accent", banner.accent)?;
        banner.accent_text = colour("accent_text", banner.accent_text)?;
        if let Some(language) = given("language") {
            banner.language = Some(language).filter(|tag| !tag.is_empty()).map(str::to_owned);
        }
        if let Some(address) = given("privacy_url") {
            address.trim().clone_into(&mut banner.privacy_url);
        }
        match text("reopen") {
            "" => {}
            typed => banner.has_reopen_button = typed != "0",
        }
        let shown = query::first(pairs, "shown").or(banner.language.as_deref()).unwrap_or(FALLBACK);
        let shown = normalise(shown);
        let named =
            |name: &&str| given(&format!("text_{name}")).map(|own| ((*name).to_owned(), own.to_owned()));
        let own: BTreeMap<String, String> = Texts::NAMES.iter().filter_map(named).collect();
        if !own.is_empty() {
            banner.own_texts.remove(&shown);
            if own.values().any(|text| !text.trim().is_empty()) {
                banner.own_texts.insert(shown.clone(), own);
            }
        }
        banner.check()?;
        let language = banner.language_for(&[&shown]).to_owned();
        let gpc = text("gpc") == "1" || text("policy") == GPC;
        let policy_type = text("policy").parse().ok().filter(|asked| TYPES.contains(asked)).unwrap_or(OPT_IN);
        Ok(Self { banner, language, policy_type, gpc })
    }
}

#[derive(Template)]
#[template(path = "banner_preview/show.html")]
pub(crate) struct Page {
    layout: Layout,
    shown: Result<BannerPreview, String>,
}

#[derive(Template)]
#[template(path = "banner_preview/site.html")]
pub(crate) struct SitePage {
    layout: Layout,
    language: String,
    look: Theme,
    /// The address of the banner's file.
    script: String,
}

impl SitePage {
    fn direction(&self) -> &'static str {
        if is_right_to_left(&self.language) { "rtl" } else { "ltr" }
    }
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let pairs = report_page::pairs(&request)?;
    let asked = Asked::parse(&pairs, base(&member, &pairs).await?);
    let layout = member.layout(member.t().banner_preview.title, Section::Settings, "");
    let (t, account, query) = (member.t(), member.account_id(), request.query_string().to_owned());
    let shown = asked.map(|_| BannerPreview { t, account, query }).map_err(|invalid| invalid.to_string());
    Framing::Holds.allow(&request);
    respond::form(shown.is_err(), &Page { layout, shown })
}

async fn show_site(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let asked = parse(&request, &member).await?;
    let pairs = report_page::pairs(&request)?;
    let look = query::first(&pairs, "look").and_then(Theme::parse).unwrap_or_default();
    let script = paths::settings(member.account_id(), "consent/preview/banner.js");
    let script = format!("{script}?{}", request.query_string());
    Framing::Inside.allow(&request);
    let layout = member.layout(member.t().banner_preview.site, Section::Settings, "");
    respond::page(&SitePage { layout, language: asked.language, look, script })
}

/// A banner that follows the visitor's system looks as the frame does.
async fn show_script(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let Asked { mut banner, language, policy_type, gpc } = parse(&request, &member).await?;
    let pairs = report_page::pairs(&request)?;
    if banner.scheme == Scheme::Automatic {
        banner.scheme = query::first(&pairs, "look").and_then(Scheme::parse).unwrap_or_default();
    }
    let script = banner::preview(&banner, &language, policy_type, gpc).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8")).body(script))
}

async fn parse(request: &HttpRequest, member: &Member) -> Result<Asked, WebError> {
    let pairs = report_page::pairs(request)?;
    let banner = base(member, &pairs).await?;
    Asked::parse(&pairs, banner).map_err(|invalid| WebError::BadRequest(invalid.to_string()))
}

/// The banner of the revision that the query names, else of the one in force.
async fn base(member: &Member, pairs: &query::Pairs) -> Result<Banner, WebError> {
    let Some(number) = query::first(pairs, "revision") else {
        let in_force = member.account.consent.as_ref();
        return Ok(in_force.map(|in_force| in_force.policy.banner.clone()).unwrap_or_default());
    };
    let number: u32 = number.parse().map_err(|_| WebError::NotFound)?;
    let found = consent::find_with_former(member.app(), member.account_id(), number).await?;
    found.map(|(revision, _)| revision.policy.banner).ok_or(WebError::NotFound)
}
