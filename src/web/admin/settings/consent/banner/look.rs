//! `/accounts/{id}/settings/consent/banner`: the look of the banner, with a preview of what is in the form. With script the
//! preview follows the form; without, a button shows it.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::preview::GPC;
use crate::app::access::consent;
use crate::domain::consent::policy::{self, Policy};
use crate::domain::consent::rule::PolicyType;
use crate::domain::consent_banner::{Banner, Colour, Position, Scheme};
use crate::domain::user::Role;
use crate::web::admin::settings::consent::consent_nav::{Part, path};
use crate::web::admin::settings::consent::head::Head;
use crate::web::admin::settings::consent::rules::changed;
use crate::web::admin::settings::consent::seen::{ConsentForm, SEEN, Saved, Seen};
use crate::web::admin::settings::consent::words;
use crate::web::admin::settings::consent::wrong::{self, ACCENT_TEXT, LANGUAGE, PRIVACY_URL, Wrong};
use crate::web::part::banner_preview::BannerPreview;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::Fields;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::framing::Framing;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::Texts;

// The names of the fields are those that the preview reads.
const POSITION: &str = "position";
const SCHEME: &str = "scheme";
const ACCENT: &str = "accent";
const REOPEN: &str = "reopen";
pub(super) const SHOWN: &str = "shown";
pub(super) const POLICY: &str = "policy";

/// The policy types that show a banner.
const BANNERS: [PolicyType; 5] = [
    PolicyType::OptIn,
    PolicyType::OptInCategories,
    PolicyType::OptOut,
    PolicyType::OptOutCategories,
    PolicyType::Notify,
];

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/banner")
            .route(get_or_head().to(show))
            .route(post().to(save)),
    );
}

/// The type whose banner is looked at first: that of the first rule that shows one.
pub(in crate::web::admin::settings::consent) fn first_shown(policy: &Policy) -> PolicyType {
    let shown = policy.rules.iter().map(|rule| rule.kind).find(|kind| BANNERS.contains(kind));
    shown.unwrap_or(PolicyType::OptIn)
}

/// What is looked at in the preview.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// HubSpot's number of a policy type, or `gpc`.
    pub policy: String,
    pub language: String,
}

impl Looked {
    pub(super) fn first(policy: &Policy) -> Self {
        let language = policy.banner.language_for(&[]).to_owned();
        Self { policy: first_shown(policy).number().to_string(), language }
    }

    /// Reads the fields of the preview; what is missing is as in `first`.
    pub(super) fn read(fields: &Fields, policy: &Policy) -> Self {
        let first = Self::first(policy);
        let of = |name, usual: String| match fields.text(name) {
            "" => usual,
            typed => typed.to_owned(),
        };
        Self { policy: of(POLICY, first.policy), language: of(SHOWN, first.language) }
    }

    /// The field for the policy type.
    pub(super) fn policy_field(&self, t: &'static Texts) -> Field {
        let choice = |value: String, label: &str| Choice { value, label: label.to_owned(), hint: None };
        let of = |kind: PolicyType| choice(kind.number().to_string(), words::kind(t, kind).0);
        let mut choices: Vec<Choice> = BANNERS.into_iter().map(of).collect();
        choices.push(choice(GPC.to_owned(), t.consent.rules.gpc));
        Field::new(t, POLICY, t.consent.banner.shown_policy, Kind::Select(choices))
            .value(&self.policy)
            .required()
    }

    fn language_field(&self, t: &'static Texts, banner: &Banner) -> Field {
        let texts = &t.consent.banner;
        Field::new(t, SHOWN, texts.shown_language, Kind::Select(languages(t, banner)))
            .value(&self.language)
            .required()
    }
}

/// All languages in which there are texts.
fn languages(t: &'static Texts, banner: &Banner) -> Vec<Choice> {
    let all = Banner { language: None, ..banner.clone() };
    let choice = |tag: &&str| Choice { value: (*tag).to_owned(), label: words::language(t, tag), hint: None };
    all.languages().iter().map(choice).collect()
}

const fn position(t: &'static Texts, position: Position) -> &'static str {
    let [top, bottom, bottom_left, bottom_right, centre] = t.consent.banner.positions;
    match position {
        Position::Top => top,
        Position::Bottom => bottom,
        Position::BottomLeft => bottom_left,
        Position::BottomRight => bottom_right,
        Position::Centre => centre,
    }
}

const fn scheme(t: &'static Texts, scheme: Scheme) -> &'static str {
    let [automatic, light, dark] = t.consent.banner.schemes;
    match scheme {
        Scheme::Automatic => automatic,
        Scheme::Light => light,
        Scheme::Dark => dark,
    }
}

/// A setting of a banner, for reading.
pub(crate) struct Look {
    pub label: &'static str,
    pub value: String,
}

/// All settings of a banner but its texts.
pub(in crate::web::admin::settings::consent) fn look(t: &'static Texts, banner: &Banner) -> Vec<Look> {
    let texts = &t.consent.banner;
    let look = |label, value: &str| Look { label, value: value.to_owned() };
    let language = banner.language.as_ref().map(|tag| words::language(t, tag));
    let privacy_url = if banner.privacy_url.is_empty() { texts.no_link } else { &banner.privacy_url };
    vec![
        look(texts.position, position(t, banner.position)),
        look(texts.scheme, scheme(t, banner.scheme)),
        look(texts.accent, &banner.accent.to_string()),
        look(texts.accent_text, &banner.accent_text.to_string()),
        look(texts.language, language.as_deref().unwrap_or(texts.automatic)),
        look(texts.privacy_url, privacy_url),
        look(t.consent.change.reopen, if banner.has_reopen_button { texts.yes } else { texts.no }),
    ]
}

/// The form as typed.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub banner: Banner,
    /// As they were typed, because they need be no colours.
    pub accent: String,
    pub accent_text: String,
}

impl From<Banner> for Typed {
    fn from(banner: Banner) -> Self {
        Self { accent: banner.accent.to_string(), accent_text: banner.accent_text.to_string(), banner }
    }
}

impl Typed {
    /// Reads the fields over a saved banner, which keeps its texts.
    fn read(fields: &Fields, saved: &Banner) -> Self {
        let mut banner = saved.clone();
        banner.position = Position::parse(fields.text(POSITION)).unwrap_or(banner.position);
        banner.scheme = Scheme::parse(fields.text(SCHEME)).unwrap_or(banner.scheme);
        banner.language = Some(fields.text(LANGUAGE)).filter(|tag| !tag.is_empty()).map(str::to_owned);
        fields.text(PRIVACY_URL).clone_into(&mut banner.privacy_url);
        banner.has_reopen_button = fields.is_on(REOPEN);
        let (accent, accent_text) = (fields.text(ACCENT).to_owned(), fields.text(ACCENT_TEXT).to_owned());
        banner.accent = Colour::parse(&accent).unwrap_or(banner.accent);
        banner.accent_text = Colour::parse(&accent_text).unwrap_or(banner.accent_text);
        Self { banner, accent, accent_text }
    }

    fn check(&self, t: &'static Texts) -> Result<(), Wrong> {
        for (field, typed) in [(ACCENT, &self.accent), (ACCENT_TEXT, &self.accent_text)] {
            if Colour::parse(typed).is_none() {
                return Err((field, t.consent.banner.colour.to_owned()));
            }
        }
        self.banner.check().map_err(|invalid| wrong::of_banner(t, &invalid))
    }

    fn fields(&self, t: &'static Texts, wrong: Option<&Wrong>) -> [Field; 7] {
        let texts = &t.consent.banner;
        let banner = &self.banner;
        let error = |name| wrong.filter(|(at, _)| *at == name).map(|(_, text)| text.clone());
        let choice = |value: &str, label: &str| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            hint: None,
        };
        let positions = Position::ALL.map(|one| choice(one.as_str(), position(t, one)));
        let schemes = Scheme::ALL.map(|one| choice(one.as_str(), scheme(t, one)));
        let automatic = choice("", texts.automatic);
        let languages = [automatic].into_iter().chain(languages(t, banner)).collect();
        [
            Field::new(t, POSITION, texts.position, Kind::Select(positions.into()))
                .value(banner.position.as_str())
                .required(),
            Field::new(t, SCHEME, texts.scheme, Kind::Select(schemes.into()))
                .value(banner.scheme.as_str())
                .required(),
            Field::new(t, ACCENT, texts.accent, Kind::Colour)
                .value(&self.accent)
                .error(error(ACCENT))
                .required(),
            Field::new(t, ACCENT_TEXT, texts.accent_text, Kind::Colour)
                .value(&self.accent_text)
                .error(error(ACCENT_TEXT))
                .required(),
            Field::new(t, LANGUAGE, texts.language, Kind::Select(languages))
                .value(banner.language.as_deref().unwrap_or_default())
                .hint(texts.language_hint)
                // A browser would not send the empty value of a required list.
                .error(error(LANGUAGE)),
            Field::new(t, PRIVACY_URL, texts.privacy_url, Kind::Text)
                .value(&banner.privacy_url)
                .hint(texts.privacy_url_hint)
                .error(error(PRIVACY_URL)),
            Field::new(t, REOPEN, texts.reopen, Kind::Check)
                .value(if banner.has_reopen_button { "on" } else { "" })
                .hint(texts.reopen_hint),
        ]
    }

    /// The query by which the preview shows what was typed.
    fn query(&self, looked: &Looked) -> String {
        let banner = &self.banner;
        let pairs = [
            (POSITION, banner.position.as_str()),
            (SCHEME, banner.scheme.as_str()),
            (ACCENT, self.accent.as_str()),
            (ACCENT_TEXT, self.accent_text.as_str()),
            (LANGUAGE, banner.language.as_deref().unwrap_or_default()),
            (PRIVACY_URL, banner.privacy_url.as_str()),
            (REOPEN, if banner.has_reopen_button { "1" } else { "0" }),
            (POLICY, looked.policy.as_str()),
            (SHOWN, looked.language.as_str()),
        ];
        query(&pairs)
    }
}

/// A query string.
pub(in crate::web::admin::settings::consent) fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", paths::encode(value))).collect();
    pairs.join("&")
}

#[derive(Template)]
#[template(path = "consent/banner.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    revision: u32,
    /// There is a policy, so there is a banner to set.
    has_policy: bool,
    is_unused: bool,
    fields: [Field; 7],
    looked: [Field; 2],
    above: Option<String>,
    preview: Option<BannerPreview>,
}

pub(crate) fn page(
    layout: Layout,
    head: Head,
    seen: &Seen,
    typed: &Typed,
    looked: &Looked,
    wrong: Option<&Wrong>,
) -> Page {
    let t = layout.t;
    let above =
        |(at, text): &Wrong| if at.is_empty() { text.clone() } else { t.frame.form_refused.to_owned() };
    let preview = || BannerPreview { t, account: head.id, query: typed.query(looked) };
    Page {
        revision: seen.revision,
        has_policy: seen.revision > 0,
        is_unused: !seen.policy.rules.iter().any(|rule| BANNERS.contains(&rule.kind) || rule.gpc),
        fields: typed.fields(t, wrong),
        looked: [looked.policy_field(t), looked.language_field(t, &seen.policy.banner)],
        above: wrong.map(above),
        preview: wrong.is_none().then(preview),
        layout,
        head,
    }
}

fn answer(
    request: &HttpRequest,
    member: &Member,
    (seen, typed, looked): (&Seen, &Typed, &Looked),
    wrong: Option<&Wrong>,
) -> Result<HttpResponse, WebError> {
    let (layout, head) = Head::of(member, member.t().consent.tabs.banner, Part::Banner);
    Framing::Holds.allow(request);
    respond::form(wrong.is_some(), &page(layout, head, seen, typed, looked, wrong))
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    let latest = consent::find(member.app(), member.account_id()).await?;
    let seen = Seen::from(latest.as_ref());
    let (typed, looked) = (Typed::from(seen.policy.banner.clone()), Looked::first(&seen.policy));
    answer(&request, &member, (&seen, &typed, &looked), None)
}

/// Saves the form; with `do=check` only shows it.
async fn save(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let Some(seen) = Seen::by(&member, &fields).await? else { return changed(&member).await };
    if seen.revision == 0 {
        return Ok(respond::see_other(&path(member.account_id(), "")));
    }
    let t = member.t();
    let (typed, looked) = (Typed::read(&fields, &seen.policy.banner), Looked::read(&fields, &seen.policy));
    let shown = (&seen, &typed, &looked);
    if let Err(wrong) = typed.check(t) {
        return answer(&request, &member, shown, Some(&wrong));
    }
    if fields.text("do") == "check" {
        return answer(&request, &member, shown, None);
    }
    let (app, id) = (member.app(), member.account_id());
    match Saved::of(consent::set_banner(app, member.actor(), id, seen.revision, typed.banner.clone()).await)?
    {
        Saved::Done => respond::done(&request, member.https(), Done::Saved, &Part::Banner.path(id)),
        Saved::Changed => changed(&member).await,
        Saved::Invalid(policy::Invalid::Banner(invalid)) => {
            answer(&request, &member, shown, Some(&wrong::of_banner(t, &invalid)))
        }
        Saved::Invalid(_) => {
            let wrong = ("", t.consent.form.wrong.large.to_owned());
            answer(&request, &member, shown, Some(&wrong))
        }
    }
}
