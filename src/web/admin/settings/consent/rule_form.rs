//! `/accounts/{id}/settings/consent/rule`: the form that adds a rule, or changes the one that `?rule=2` names.

use actix_web::web::{Query, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::consent_nav::{Part, path};
use super::head::Head;
use super::rules::changed;
use super::seen::{ConsentForm, SEEN, Saved, Seen};
use super::words;
use super::wrong::{self, GPC, HOST, KIND, PATH, PLACES, Wrong};
use crate::app::access::consent;
use crate::domain::consent::policy::{self, RULES_MAX};
use crate::domain::consent::rule::{PATH_MAX, PolicyType, Rule, Target};
use crate::domain::user::Role;
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::request::form::Fields;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Lines of the field for places.
const ROWS: u8 = 3;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/consent/rule")
            .route(get_or_head().to(show))
            .route(post().to(save)),
    );
}

/// The fields as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub kind: String,
    pub places: String,
    pub host: String,
    pub path: String,
    pub gpc: bool,
}

impl From<&Rule> for Typed {
    fn from(rule: &Rule) -> Self {
        Self {
            kind: rule.kind.as_str().to_owned(),
            places: rule.target.typed_places(),
            host: rule.target.host.clone(),
            path: if rule.target.path == "/" { String::new() } else { rule.target.path.clone() },
            gpc: rule.gpc,
        }
    }
}

impl From<&Fields> for Typed {
    fn from(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            kind: text(KIND),
            places: text(PLACES),
            host: text(HOST),
            path: text(PATH),
            gpc: fields.is_on(GPC),
        }
    }
}

impl Typed {
    fn parse(&self, t: &'static Texts) -> Result<Rule, Wrong> {
        let kind =
            PolicyType::parse(&self.kind).ok_or_else(|| (KIND, t.consent.form.wrong.no_kind.to_owned()))?;
        // Lines are as good as commas.
        let places = self.places.replace(['\n', ';'], ",");
        let target =
            Target::parse(&self.host, &self.path, &places).map_err(|invalid| wrong::of_rule(t, &invalid))?;
        Ok(Rule { target, kind, gpc: self.gpc })
    }

    fn fields(&self, t: &'static Texts, wrong: Option<&Wrong>) -> [Field; 5] {
        let texts = &t.consent.form;
        let error = |name| wrong.filter(|(at, _)| *at == name).map(|(_, text)| text.clone());
        let choice = |of: &PolicyType| {
            let (name, what) = words::kind(t, *of);
            Choice { value: of.as_str().to_owned(), label: name.to_owned(), hint: Some(what.to_owned()) }
        };
        let kinds = PolicyType::ALL.iter().map(choice).collect();
        [
            Field::new(t, KIND, texts.kind, Kind::Radio(kinds))
                .value(&self.kind)
                .error(error(KIND))
                .required(),
            Field::new(t, PLACES, texts.places, Kind::Area { rows: ROWS })
                .value(&self.places)
                .hint(texts.places_hint)
                .error(error(PLACES)),
            Field::new(t, HOST, texts.host, Kind::Text)
                .value(&self.host)
                .hint(texts.host_hint)
                .error(error(HOST)),
            Field::new(t, PATH, texts.path, Kind::Text)
                .value(&self.path)
                .hint(texts.path_hint)
                .error(error(PATH))
                .max(PATH_MAX),
            Field::new(t, GPC, texts.gpc, Kind::Check)
                .value(if self.gpc { "on" } else { "" })
                .hint(texts.gpc_hint),
        ]
    }
}

#[derive(Template)]
#[template(path = "consent/rule_form.html")]
pub(crate) struct Page {
    layout: Layout,
    head: Head,
    revision: u32,
    /// The number of the rule that is changed; empty for a new one.
    rule: String,
    fields: [Field; 5],
    above: Option<String>,
}

pub(crate) fn page(
    layout: Layout,
    head: Head,
    revision: u32,
    rule: Option<usize>,
    typed: &Typed,
    wrong: Option<&Wrong>,
) -> Page {
    let t = layout.t;
    let above =
        wrong.map(|(at, text)| if at.is_empty() { text.clone() } else { t.frame.form_refused.to_owned() });
    let rule = rule.map_or_else(String::new, |number| number.to_string());
    Page { revision, rule, fields: typed.fields(t, wrong), above, layout, head }
}

fn title(t: &'static Texts, rule: Option<usize>) -> String {
    let texts = &t.consent.form;
    match rule {
        Some(number) => fill(texts.edit_title, &[("n", &number.to_string())]),
        None => texts.add_title.to_owned(),
    }
}

fn answer(
    member: &Member,
    revision: u32,
    rule: Option<usize>,
    typed: &Typed,
    wrong: Option<&Wrong>,
) -> Result<HttpResponse, WebError> {
    let (layout, head) = Head::of(member, &title(member.t(), rule), Part::Rules);
    respond::form(wrong.is_some(), &page(layout, head, revision, rule, typed, wrong))
}

/// The number of the rule that is asked for, counted from 1; `None` asks for a new one.
fn number(typed: &str) -> Result<Option<usize>, WebError> {
    match typed {
        "" => Ok(None),
        typed => typed.parse().ok().filter(|number| *number > 0).map(Some).ok_or(WebError::NotFound),
    }
}

async fn show(member: Member, Query(pairs): Query<Pairs>) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let latest = consent::find(member.app(), member.account_id()).await?;
    let seen = Seen::from(latest.as_ref());
    let rule = number(query::first(&pairs, "rule").unwrap_or_default())?;
    let typed = match rule {
        Some(number) => Typed::from(seen.policy.rules.get(number - 1).ok_or(WebError::NotFound)?),
        None => Typed::default(),
    };
    let is_full = rule.is_none() && seen.policy.rules.len() >= RULES_MAX;
    let wrong = is_full.then(|| wrong::of_policy(member.t(), &policy::Invalid::ManyRules));
    answer(&member, seen.revision, rule, &typed, wrong.as_ref())
}

/// Fields: those of `Typed`; `rule`, the number of the rule that is changed.
async fn save(request: HttpRequest, form: ConsentForm) -> Result<HttpResponse, WebError> {
    let ConsentForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let Some(seen) = Seen::by(&member, &fields).await? else { return changed(&member).await };
    let (t, rule, typed) = (member.t(), number(fields.text("rule"))?, Typed::from(&fields));
    let refused = |wrong: &Wrong| answer(&member, seen.revision, rule, &typed, Some(wrong));
    let parsed = match typed.parse(t) {
        Ok(parsed) => parsed,
        Err(wrong) => return refused(&wrong),
    };
    let mut rules = seen.policy.rules.clone();
    match rule {
        Some(number) => *rules.get_mut(number - 1).ok_or(WebError::NotFound)? = parsed,
        None => rules.push(parsed),
    }
    let (app, id) = (member.app(), member.account_id());
    match Saved::of(consent::replace_rules(app, member.actor(), id, seen.revision, rules).await)? {
        Saved::Done => respond::done(&request, member.https(), Done::Saved, &path(id, "")),
        Saved::Changed => changed(&member).await,
        Saved::Invalid(invalid) => refused(&wrong::of_policy(t, &invalid)),
    }
}
