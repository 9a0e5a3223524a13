//! `/accounts/{id}/settings/consent/texts?language=nl`: the site's own texts of the banner in a language, with a preview.

use std::collections::BTreeMap;

use actix_web::web::{Query, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::look::{Looked, POLICY, SHOWN, query};
use crate::app::access::consent;
use crate::domain::account::AccountId;
use crate::domain::consent::policy;
use crate::domain::consent_banner::{self, Banner, FALLBACK, Invalid, LABEL_MAX, built_in};
use crate::domain::language::{LANGUAGE_MAX, normalise};
use crate::domain::user::Role;
use crate::web::admin::settings::consent::consent_nav::{Part, path};
use crate::web::admin::settings::consent::head::Head;
use crate::web::admin::settings::consent::rules::changed;
use crate::web::admin::settings::consent::seen::{ConsentForm, SEEN, Saved, Seen};
use crate::web::admin::settings::consent::words;
use crate::web::part::banner_preview::BannerPreview;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::Fields;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::framing::Framing;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

const LANGUAGE: &str = "language";
/// Lines of a field for a long text.
const ROWS: u8 = 3;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/texts")
            .route(get_or_head().to(show))
            .route(post().to(save)),
    );
}

/// The headings of the form, each with the names of its texts. Together they are all texts.
const fn groups(t: &'static Texts) -> [(&'static str, &'static [&'static str]); 3] {
    let texts = &t.consent.texts;
    [
        (texts.on_banner, &["heading", "opt_in", "by_category", "opt_out", "notify", "gpc"]),
        (
            texts.buttons,
            &[
                "accept",
                "reject",
                "accept_all",
                "reject_all",
                "choose",
                "save",
                "understood",
                "close",
                "reopen",
                "privacy",
            ],
        ),
        (
            texts.dialog,
            &[
                "dialog_lead",
                "necessary",
                "necessary_text",
                "analytics",
                "analytics_text",
                "advertisement",
                "advertisement_text",
                "functionality",
                "functionality_text",
            ],
        ),
    ]
}

/// Name of the field of a text; the preview reads it.
fn field_name(name: &str) -> String {
    format!("text_{name}")
}

/// Own texts, by the name of the text.
type Own = BTreeMap<String, String>;

fn read(fields: &Fields) -> Own {
    let text = |name: &&str| ((*name).to_owned(), fields.text(&field_name(name)).to_owned());
    consent_banner::Texts::NAMES.iter().map(text).filter(|(_, text)| !text.is_empty()).collect()
}

/// A message and the name of its text; without a name it stands above the form.
type Wrong = (String, String);

fn wrong_at(t: &'static Texts, invalid: &Invalid) -> Wrong {
    let texts = &t.consent.texts;
    match invalid {
        Invalid::Missing { name, .. } => ((*name).to_owned(), texts.missing.to_owned()),
        Invalid::TooLong { name, max, .. } => {
            (name.clone(), fill(texts.too_long, &[("limit", &t.number.grouped(*max as u64))]))
        }
        Invalid::Languages => (String::new(), texts.many_languages.to_owned()),
        Invalid::NoTexts(_) => (String::new(), texts.fixed.to_owned()),
        Invalid::Language(language) => (String::new(), fill(texts.wrong_language, &[("language", language)])),
        other => (String::new(), other.to_string()),
    }
}

struct FieldGroup {
    title: &'static str,
    fields: Vec<Field>,
}

/// A language that can be opened.
struct Tab {
    name: String,
    href: String,
    is_current: bool,
    has_own: bool,
}

#[derive(Template)]
#[template(path = "consent/texts.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    revision: u32,
    has_policy: bool,
    tabs: Vec<Tab>,
    language: String,
    language_name: String,
    is_built_in: bool,
    add: Field,
    groups: Vec<FieldGroup>,
    looked: Field,
    above: Option<String>,
    preview: Option<BannerPreview>,
}

/// What the page shows.
pub(crate) struct Shown<'a> {
    pub seen: &'a Seen,
    pub language: &'a str,
    /// What was typed for a language to open that is none.
    pub wrong_language: Option<&'a str>,
    pub own: &'a Own,
    pub looked: &'a Looked,
    pub wrong: Option<&'a Wrong>,
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

pub(crate) fn page(layout: Layout, head: Head, shown: &Shown<'_>) -> Page {
    let t = layout.t;
    let texts = &t.consent.texts;
    let banner = &shown.seen.policy.banner;
    let language = shown.language;
    let usual = built_in(primary(language));
    let above =
        |(at, text): &Wrong| if at.is_empty() { text.clone() } else { t.frame.form_refused.to_owned() };
    let wrong_language = shown.wrong_language.map(|typed| fill(texts.wrong_language, &[("language", typed)]));
    Page {
        revision: shown.seen.revision,
        has_policy: shown.seen.revision > 0,
        tabs: tabs(t, head.id, banner, language),
        language: language.to_owned(),
        language_name: words::language(t, language),
        is_built_in: usual.is_some(),
        add: Field::new(t, LANGUAGE, texts.other, Kind::Text)
            .value(shown.wrong_language.unwrap_or_default())
            .hint(texts.add_hint)
            .error(wrong_language)
            .required()
            .max(LANGUAGE_MAX),
        groups: field_groups(t, usual, shown),
        looked: shown.looked.policy_field(t),
        above: shown.wrong.map(above),
        preview: preview(t, head.id, shown),
        layout,
        head,
    }
}

fn tabs(t: &'static Texts, account: AccountId, banner: &Banner, current: &str) -> Vec<Tab> {
    let all = Banner { language: None, ..banner.clone() };
    let mut tags = all.languages();
    if !tags.contains(&current) {
        tags.push(current);
    }
    let tab = |tag: &str| Tab {
        name: words::language(t, tag),
        href: format!("{}?{LANGUAGE}={}", Part::Texts.path(account), paths::encode(tag)),
        is_current: tag == current,
        has_own: banner.own_texts.contains_key(tag),
    };
    tags.into_iter().map(tab).collect()
}

fn field_groups(
    t: &'static Texts,
    usual: Option<&consent_banner::Texts>,
    shown: &Shown<'_>,
) -> Vec<FieldGroup> {
    let texts = &t.consent.texts;
    let usual = usual.and_then(|usual| serde_json::to_value(usual).ok());
    let field = |name: &&str| {
        let max = consent_banner::Texts::longest(name).unwrap_or(LABEL_MAX);
        let kind = if max > LABEL_MAX { Kind::Area { rows: ROWS } } else { Kind::Text };
        let wrong = shown.wrong.filter(|(at, _)| at == name).map(|(_, text)| text.clone());
        let field = Field::new(t, field_name(name), words::banner_text(t, name), kind)
            .value(shown.own.get(*name).map_or("", String::as_str))
            .error(wrong)
            .max(max);
        let text = usual.as_ref().and_then(|usual| usual.get(*name)).and_then(|text| text.as_str());
        match text {
            Some(text) => field.hint(&fill(texts.built_in, &[("text", text)])),
            None => field.required(),
        }
    };
    let group = |(title, names): (&'static str, &[&str])| FieldGroup {
        title,
        fields: names.iter().map(field).collect(),
    };
    groups(t).into_iter().map(group).collect()
}

/// A preview of what was typed, when it can be shown.
fn preview(t: &'static Texts, account: AccountId, shown: &Shown<'_>) -> Option<BannerPreview> {
    let mut banner = shown.seen.policy.banner.clone();
    set(&mut banner, shown.language, shown.own.clone());
    let has_texts = banner.texts(shown.language).is_some();
    (has_texts && shown.wrong.is_none() && banner.check().is_ok()).then(|| {
        let looked = [(SHOWN, shown.language), (POLICY, shown.looked.policy.as_str()), (LANGUAGE, "")];
        let own = shown.own.iter().map(|(name, text)| (field_name(name), text.as_str()));
        let own: Vec<(String, &str)> = own.collect();
        let pairs: Vec<(&str, &str)> =
            looked.into_iter().chain(own.iter().map(|(name, text)| (name.as_str(), *text))).collect();
        BannerPreview { t, account, query: query(&pairs) }
    })
}

/// Puts own texts into a banner; without any the language has the built-in ones, or is gone.
fn set(banner: &mut Banner, language: &str, own: Own) {
    if own.is_empty() {
        banner.own_texts.remove(language);
    } else {
        banner.own_texts.insert(language.to_owned(), own);
    }
}

fn answer(request: &HttpRequest, member: &Member, shown: &Shown<'_>) -> Result<HttpResponse, WebError> {
    let (layout, head) = Head::of(member, member.t().consent.tabs.texts, Part::Texts);
    Framing::Holds.allow(request);
    respond::form(shown.wrong.is_some() || shown.wrong_language.is_some(), &page(layout, head, shown))
}

async fn show(
    request: HttpRequest,
    member: Member,
    Query(pairs): Query<Pairs>,
) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let latest = consent::find(member.app(), member.account_id()).await?;
    let seen = Seen::from(latest.as_ref());
    let typed = query::first(&pairs, LANGUAGE);
    let tag = typed.map(normalise).filter(|tag| !tag.is_empty());
    let first = seen.policy.banner.language.clone().unwrap_or_else(|| FALLBACK.to_owned());
    let wrong_language = typed.filter(|_| tag.is_none());
    let language = tag.unwrap_or(first);
    let own = seen.policy.banner.own_texts.get(&language).cloned().unwrap_or_default();
    let looked = Looked::first(&seen.policy);
    let shown =
        Shown { seen: &seen, language: &language, wrong_language, own: &own, looked: &looked, wrong: None };
    answer(&request, &member, &shown)
}

/// Saves the texts of `language`; with `do=check` only shows them.
async fn save(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let Some(seen) = Seen::by(&member, &fields).await? else { return changed(&member).await };
    if seen.revision == 0 {
        return Ok(respond::see_other(&path(member.account_id(), "")));
    }
    let language = normalise(fields.text(LANGUAGE));
    if language.is_empty() {
        return Err(WebError::BadRequest("language must be a language tag".to_owned()));
    }
    let (own, looked) = (read(&fields), Looked::read(&fields, &seen.policy));
    let shown = Shown {
        seen: &seen,
        language: &language,
        wrong_language: None,
        own: &own,
        looked: &looked,
        wrong: None,
    };
    let mut banner = seen.policy.banner.clone();
    set(&mut banner, &language, own.clone());
    let t = member.t();
    if let Err(invalid) = banner.check() {
        return answer(&request, &member, &Shown { wrong: Some(&wrong_at(t, &invalid)), ..shown });
    }
    if fields.text("do") == "check" {
        return answer(&request, &member, &shown);
    }
    let (app, id) = (member.app(), member.account_id());
    match Saved::of(consent::set_banner(app, member.actor(), id, seen.revision, banner).await)? {
        Saved::Done => {
            let to = format!("{}?{LANGUAGE}={language}", Part::Texts.path(id));
            respond::done(&request, member.https(), Done::Saved, &to)
        }
        Saved::Changed => changed(&member).await,
        Saved::Invalid(invalid) => {
            let wrong = match invalid {
                policy::Invalid::Banner(invalid) => wrong_at(t, &invalid),
                _ => (String::new(), t.consent.form.wrong.large.to_owned()),
            };
            answer(&request, &member, &Shown { wrong: Some(&wrong), ..shown })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    #[test]
    fn the_form_has_every_text_once_under_a_name_of_its_own() {
        let mut named: Vec<&str> = groups(&EN).iter().flat_map(|(_, names)| names.iter().copied()).collect();
        named.sort_unstable();
        let mut all = consent_banner::Texts::NAMES.to_vec();
        all.sort_unstable();
        assert_eq!(named, all);
        assert!(all.iter().all(|name| !words::banner_text(&EN, name).is_empty()));
    }
}
