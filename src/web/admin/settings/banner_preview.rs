//! `/accounts/{id}/settings/consent/preview`: the consent banner with the settings that the query has, before they are
//! saved. The page holds frames of `…/preview/site`, a stand-in for the site, which loads `…/preview/banner.js`.

use std::collections::BTreeMap;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::consent_banner::{
    Banner, Colour, FALLBACK, Invalid, Position, Scheme, Texts, is_right_to_left,
};
use crate::domain::language::normalise;
use crate::domain::user::Role;
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

/// What the query asks to see.
struct Asked {
    banner: Banner,
    language: String,
    policy_type: u8,
    gpc: bool,
}

impl Asked {
    /// Reads `position`, `scheme`, `accent`, `accent_text`, `language` (fixed; empty means automatic), `privacy_url`, `reopen`,
    /// `shown` (the language that is looked at), `text_…` (own texts in that language), `policy` and `gpc`. What is
    /// missing or unknown has its default.
    fn parse(pairs: &query::Pairs) -> Result<Self, Invalid> {
        let text = |key: &str| query::first(pairs, key).unwrap_or_default();
        let colour = |key: &str, usual: Colour| match text(key) {
            "" => Ok(usual),
            written => Colour::parse(written).ok_or(Invalid::Colour),
        };
        let usual = Banner::default();
        let mut banner = Banner {
            position: Position::parse(text("position")).unwrap_or_default(),
            scheme: Scheme::parse(text("scheme")).unwrap_or_default(),
            accent: colour("accent", usual.accent)?,
            accent_text: colour("accent_text", usual.accent_text)?,
            language: query::first(pairs, "language").map(str::to_owned),
            privacy_url: text("privacy_url").to_owned(),
            has_reopen_button: text("reopen") != "0",
            own_texts: BTreeMap::new(),
        };
        let shown =
            normalise(query::first(pairs, "shown").or(banner.language.as_deref()).unwrap_or(FALLBACK));
        let named = |name: &&str| {
            query::first(pairs, &format!("text_{name}")).map(|own| ((*name).to_owned(), own.to_owned()))
        };
        let own: BTreeMap<String, String> = Texts::NAMES.iter().filter_map(named).collect();
        if !own.is_empty() {
            banner.own_texts.insert(shown.clone(), own);
        }
        banner.check()?;
        let language = banner.language_for(&[&shown]).to_owned();
        let policy_type = text("policy").parse().ok().filter(|asked| TYPES.contains(asked)).unwrap_or(OPT_IN);
        Ok(Self { banner, language, policy_type, gpc: text("gpc") == "1" })
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
    member.need(Role::Admin)?;
    let asked = Asked::parse(&report_page::pairs(&request)?);
    let layout = member.layout(member.t().banner_preview.title, Section::Settings, "");
    let (t, account, query) = (member.t(), member.account_id(), request.query_string().to_owned());
    let shown = asked.map(|_| BannerPreview { t, account, query }).map_err(|invalid| invalid.to_string());
    Framing::Holds.allow(&request);
    respond::form(shown.is_err(), &Page { layout, shown })
}

async fn show_site(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let asked = parse(&request)?;
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
    member.need(Role::Admin)?;
    let Asked { mut banner, language, policy_type, gpc } = parse(&request)?;
    let pairs = report_page::pairs(&request)?;
    if banner.scheme == Scheme::Automatic {
        banner.scheme = query::first(&pairs, "look").and_then(Scheme::parse).unwrap_or_default();
    }
    let script = banner::preview(&banner, &language, policy_type, gpc).ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8")).body(script))
}

fn parse(request: &HttpRequest) -> Result<Asked, WebError> {
    Asked::parse(&report_page::pairs(request)?).map_err(|invalid| WebError::BadRequest(invalid.to_string()))
}
