//! `/accounts/{id}/settings/consent`: the rules of the policy, the presets, and which rule applies to a visitor.

use actix_web::web::{Query, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::consent_nav::{Part, path};
use super::head::{Head, made};
use super::seen::{ConsentForm, SEEN, Saved, Seen};
use super::words::{self, RuleRow};
use super::wrong;
use crate::app::access::consent;
use crate::domain::consent::place::Place;
use crate::domain::consent::policy::{Circumstances, InForce, RULES_MAX};
use crate::domain::consent::preset::Preset;
use crate::domain::consent::rule::{PolicyType, Rule, Target};
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::consent::Revision;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::Pairs;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Longest host or path that is tried, in characters.
const TRIED_MAX: usize = 2_048;

pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/settings/consent", get_or_head().to(show))
        .service(resource("/accounts/{account}/settings/consent/rules").route(post().to(update)));
}

/// What a button beside a rule does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Up,
    Down,
    Remove,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Remove => "remove",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Up, Self::Down, Self::Remove].into_iter().find(|act| act.as_str() == word)
    }

    /// The rules afterwards. `None` when there is no such rule, or no place to move it to.
    fn apply(self, mut rules: Vec<Rule>, at: usize) -> Option<Vec<Rule>> {
        let other = match self {
            Self::Up => at.checked_sub(1)?,
            Self::Down => at.checked_add(1)?,
            Self::Remove => at,
        };
        if at.max(other) >= rules.len() {
            return None;
        }
        if self == Self::Remove {
            rules.remove(at);
        } else {
            rules.swap(at, other);
        }
        Some(rules)
    }
}

struct PresetRow {
    preset: Preset,
    name: &'static str,
    what: &'static str,
}

/// What a visitor is tried with, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    pub host: String,
    pub path: String,
    pub place: String,
    pub gpc: bool,
}

impl Tried {
    /// `None` when nothing is tried.
    fn parse(pairs: &Pairs) -> Option<Self> {
        let text = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        let of = |name: &str| text(name).unwrap_or_default().chars().take(TRIED_MAX).collect();
        text("host").or_else(|| text("place")).map(|_| Self {
            host: of("host"),
            path: of("path"),
            place: of("place"),
            gpc: text("gpc") == Some("on"),
        })
    }

    /// Name of the policy type that is chosen, and what it does; or what cannot be read.
    fn result(
        &self,
        t: &'static Texts,
        policy: &InForce,
    ) -> Result<(String, &'static str), (&'static str, String)> {
        let (texts, unknown_place) = (&t.consent.test, t.consent.form.wrong.place);
        let target =
            Target::parse(&self.host, &self.path, "").map_err(|invalid| wrong::of_rule(t, &invalid))?;
        let place = match self.place.as_str() {
            "" => None,
            typed => {
                Some(Place::parse(typed).ok_or_else(|| ("place", fill(unknown_place, &[("entry", typed)])))?)
            }
        };
        let of =
            Circumstances { host: &target.host, path: &target.path, place: place.as_ref(), gpc: self.gpc };
        let (chosen, rule) = (policy.choose(of), policy.chosen_rule(of));
        let (name, what) = words::kind(t, chosen);
        let Some(at) = rule else { return Ok((fill(texts.by_no_rule, &[("kind", name)]), what)) };
        let number = (at + 1).to_string();
        let own = policy.policy.rules.get(at);
        if chosen == PolicyType::NoCookies && own.is_some_and(|rule| rule.kind != chosen) {
            return Ok((fill(texts.by_gpc, &[("n", &number)]), texts.by_gpc_what));
        }
        Ok((fill(texts.by_rule, &[("kind", name), ("n", &number)]), what))
    }
}

#[derive(Template)]
#[template(path = "consent/rules.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    /// Why nothing was saved.
    refused: Option<&'static str>,
    revision: u32,
    made: Option<String>,
    rows: Vec<RuleRow>,
    is_full: bool,
    /// Somebody may come to whom no rule applies.
    has_rest: bool,
    presets: Vec<PresetRow>,
    test: [Field; 4],
    tested: Option<(String, &'static str)>,
}

impl Page {
    /// A text about a rule, with its number.
    fn label(&self, text: &str, number: &usize) -> String {
        fill(text, &[("n", &number.to_string())])
    }

    /// A text about a preset, with its name.
    fn about(&self, text: &str, preset: &str) -> String {
        fill(text, &[("preset", preset)])
    }
}

pub(crate) fn page(
    layout: Layout,
    head: Head,
    zone: &Zone,
    latest: Option<&Revision>,
    tried: Option<&Tried>,
    refused: Option<&'static str>,
) -> Page {
    let t = layout.t;
    let texts = &t.consent.rules;
    let seen = Seen::from(latest);
    let in_force = InForce::new(seen.policy.clone(), seen.revision, None);
    let result = tried.map(|tried| tried.result(t, &in_force)).transpose();
    let (tested, wrong) = match result {
        Ok(tested) => (tested, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let rules = &seen.policy.rules;
    let preset = |preset| {
        let (name, what) = words::preset(t, preset);
        PresetRow { preset, name, what }
    };
    Page {
        refused,
        revision: seen.revision,
        made: latest
            .map(|latest| made(t, texts.made, zone, (latest.number, latest.made, latest.user.as_deref()))),
        rows: RuleRow::all(t, rules),
        is_full: rules.len() >= RULES_MAX,
        has_rest: !rules.iter().any(|rule| rule.target == Target::everywhere()),
        presets: Preset::ALL.into_iter().map(preset).collect(),
        test: test_fields(t, tried.unwrap_or(&Tried::default()), wrong.as_ref()),
        tested,
        layout,
        head,
    }
}

fn test_fields(t: &'static Texts, tried: &Tried, wrong: Option<&(&'static str, String)>) -> [Field; 4] {
    let texts = &t.consent.test;
    let error = |name| wrong.filter(|(at, _)| *at == name).map(|(_, text)| text.clone());
    let field =
        |name, label, value: &str| Field::new(t, name, label, Kind::Text).value(value).error(error(name));
    [
        field("host", texts.host, &tried.host),
        field("path", texts.path, &tried.path),
        field("place", texts.place, &tried.place).hint(texts.place_hint),
        Field::new(t, "gpc", texts.gpc, Kind::Check).value(if tried.gpc { "on" } else { "" }),
    ]
}

pub(super) async fn answer(
    member: &Member,
    tried: Option<&Tried>,
    refused: Option<&'static str>,
) -> Result<HttpResponse, WebError> {
    let latest = consent::find(member.app(), member.account_id()).await?;
    let (layout, head) = Head::of(member, member.t().consent.title, Part::Rules);
    let page = page(layout, head, &member.account.zone, latest.as_ref(), tried, refused);
    respond::form(refused.is_some(), &page)
}

/// The page, which says that somebody else changed the policy and nothing was saved.
pub(super) async fn changed(member: &Member) -> Result<HttpResponse, WebError> {
    answer(member, None, Some(member.t().consent.rules.changed)).await
}

async fn show(member: Member, Query(pairs): Query<Pairs>) -> Result<HttpResponse, WebError> {
    member.need_website_settings()?;
    answer(&member, Tried::parse(&pairs).as_ref(), None).await
}

/// Fields: `rule`, its number; `do`, what to do with it.
async fn update(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let act = Act::parse(fields.text("do"))
        .ok_or_else(|| WebError::BadRequest("do must be up, down or remove".to_owned()))?;
    let Some(seen) = Seen::by(&member, &fields).await? else { return changed(&member).await };
    let at = fields.text("rule").parse().ok().and_then(|number: usize| number.checked_sub(1));
    let rules = at.and_then(|at| act.apply(seen.policy.rules, at)).ok_or(WebError::NotFound)?;
    let (app, id) = (member.app(), member.account_id());
    let saved = consent::replace_rules(app, member.actor(), id, seen.revision, rules).await;
    match Saved::of(saved)? {
        Saved::Done => respond::done(&request, member.https(), Done::Saved, &path(id, "")),
        Saved::Changed => changed(&member).await,
        // Fewer rules, or the same ones, fit into every limit.
        Saved::Invalid(invalid) => Err(WebError::BadRequest(invalid.to_string())),
    }
}
