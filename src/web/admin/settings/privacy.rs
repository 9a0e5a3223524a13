//! `/accounts/{id}/settings/privacy`: how long each kind of data is kept, where it is, and a text for the site's own privacy
//! statement. Admins see it; owners change it; a server admin confirms the clock after it jumped.

use actix_web::web::{Query, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::retention::{self, Preview};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Counting;
use crate::domain::consent::preset::europe;
use crate::domain::consent::rule::{PolicyType, Rule, Target};
use crate::domain::period::Zone;
use crate::domain::retention::{Kind, MONTHS_MAX, Retention};
use crate::domain::tracking::Tracking;
use crate::domain::user::Role;
use crate::web::admin::people::find_person;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::field::{Choice, Field, Kind as FieldKind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::statement::{STATEMENTS, Statement};
use crate::web::text::{Texts, fill};

const LANGUAGE: &str = "language";

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/settings/privacy")
                .route(get_or_head().to(show))
                .route(post().to(update)),
        )
        .service(resource("/accounts/{account}/settings/privacy/clock").route(post().to(confirm_clock)));
}

#[derive(Template)]
#[template(path = "privacy/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    months: Vec<Field>,
    may_change: bool,
    has_errors: bool,
    /// What the months as typed would delete; empty lines mean nothing.
    preview: Option<Vec<String>>,
    /// Why nothing is deleted at the moment, and whether the user may say that the time is right.
    doubt: Option<(String, bool)>,
    /// The address of the page for visitors.
    visitors: Code,
    language: Field,
    statement: Code,
}

/// What the text for the privacy statement is about.
pub(crate) struct About<'a> {
    pub sites: &'a [String],
    pub tracking: Tracking,
    pub counting: Counting,
    /// The rules of the consent policy; none when there is no policy.
    pub rules: &'a [Rule],
    pub kept: Retention,
    /// The address of the page for visitors; `None` on that page itself.
    pub page: Option<&'a str>,
}

/// What the page shows besides texts.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub zone: &'a Zone,
    pub now: Millis,
    pub sites: &'a [String],
    pub tracking: Tracking,
    pub counting: Counting,
    /// The rules of the consent policy; none when there is no policy.
    pub rules: &'a [Rule],
    pub kept: Retention,
    /// The months as typed; without, those in `kept`.
    pub typed: Option<&'a [(Kind, String)]>,
    pub preview: Option<Preview>,
    pub doubted_since: Option<Millis>,
    /// The address of the page for visitors.
    pub visitors: &'a str,
    /// The code of the statement's language.
    pub language: &'a str,
    pub may_change: bool,
    pub is_server_admin: bool,
}

impl Shown<'_> {
    const fn about(&self) -> About<'_> {
        About {
            sites: self.sites,
            tracking: self.tracking,
            counting: self.counting,
            rules: self.rules,
            kept: self.kept,
            page: Some(self.visitors),
        }
    }
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, id: AccountId, shown: &Shown<'_>) -> Page {
    let t = layout.t;
    let months: Vec<Field> = Kind::ALL.into_iter().map(|kind| field(t, kind, shown)).collect();
    let doubt = shown.doubted_since.map(|last| {
        let (when, now) = (format::date_time(&t.number, shown.zone, last), shown.now);
        let now = format::date_time(&t.number, shown.zone, now);
        (fill(t.privacy.clock_what, &[("when", &when), ("now", &now)]), shown.is_server_admin)
    });
    let chosen = STATEMENTS.iter().find(|one| one.code == shown.language);
    let chosen = chosen.or_else(|| STATEMENTS.first());
    let choices = STATEMENTS.iter().map(|one| Choice {
        value: one.code.to_owned(),
        label: one.name.to_owned(),
        hint: None,
    });
    Page {
        has_errors: months.iter().any(|field| field.error.is_some()),
        months,
        may_change: shown.may_change,
        preview: shown.preview.map(|preview| lines(t, preview)),
        doubt,
        language: Field::new(t, LANGUAGE, t.privacy.language, FieldKind::Select(choices.collect()))
            .value(chosen.map_or("", |one| one.code))
            .required(),
        visitors: Code {
            t,
            id: "visitors",
            label: t.privacy.visitors_address.to_owned(),
            text: shown.visitors.to_owned(),
        },
        statement: Code {
            t,
            id: "statement",
            label: t.privacy.statement.to_owned(),
            text: chosen.map_or_else(String::new, |one| paragraphs(one, &shown.about()).join("\n\n")),
        },
        layout,
        nav,
        id,
    }
}

fn field(t: &'static Texts, kind: Kind, shown: &Shown<'_>) -> Field {
    let texts = &t.privacy;
    let (label, hint) = match kind {
        Kind::Visits => (texts.visits, texts.visits_hint),
        Kind::Completions => (texts.completions, texts.completions_hint),
        Kind::Submissions => (texts.submissions, texts.submissions_hint),
        Kind::Contacts => (texts.contacts, texts.contacts_hint),
        Kind::ConsentLog => (texts.consent_log, texts.consent_log_hint),
        Kind::AuditLog => (texts.audit_log, texts.audit_log_hint),
    };
    let typed = shown.typed.and_then(|typed| typed.iter().find(|(of, _)| *of == kind));
    let value = typed.map_or_else(|| shown.kept.months(kind).to_string(), |(_, text)| text.clone());
    let limit = t.number.grouped(MONTHS_MAX.into());
    let error = parse_months(&value).is_none().then(|| fill(texts.not_a_number, &[("limit", &limit)]));
    Field::new(t, kind.as_str(), label, FieldKind::Text).value(&value).hint(hint).error(error).required()
}

fn parse_months(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|months| *months <= MONTHS_MAX)
}

/// What would be deleted, a line for each kind that has anything.
fn lines(t: &'static Texts, preview: Preview) -> Vec<String> {
    let texts = &t.privacy;
    [
        (&texts.page_views, preview.page_views),
        (&texts.completions_count, preview.completions),
        (&texts.submissions_count, preview.submissions),
        (&texts.contacts_count, preview.contacts),
        (&texts.choices, preview.choices),
        (&texts.audit_rows, preview.audit_rows),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(plural, count)| plural.of(i64::try_from(count).unwrap_or(i64::MAX), &t.number))
    .collect()
}

/// The paragraphs of the text for the site's privacy statement.
pub(crate) fn paragraphs(words: &Statement, shown: &About<'_>) -> Vec<String> {
    let months = |kind| match shown.kept.months(kind) {
        0 => words.without_end.to_owned(),
        1 => words.months[0].to_owned(),
        n => fill(words.months[1], &[("n", &n.to_string())]),
    };
    let (visits, completions) = (months(Kind::Visits), months(Kind::Completions));
    let (submissions, contacts) = (months(Kind::Submissions), months(Kind::Contacts));
    let choices = months(Kind::ConsentLog);
    let kept = [("visits", visits.as_str()), ("completions", &completions), ("submissions", &submissions)];
    let sites = shown.sites.join(", ");
    let anonymous = shown.counting.anonymous.then(|| words.anonymous.to_owned());
    if is_cookieless(shown.rules) {
        let cookieless = fill(words.cookieless, &[("sites", &sites)]);
        return [cookieless].into_iter().chain(anonymous).chain([words.rights.to_owned()]).collect();
    }
    let mut paragraphs = vec![
        fill(words.what, &[("sites", &sites)]),
        words.collected.to_owned(),
        words.address.to_owned(),
        words.cookies.to_owned(),
    ];
    paragraphs.extend(asked(words, shown.rules));
    paragraphs.push(words.identified.to_owned());
    paragraphs.extend(anonymous);
    if shown.tracking.collect_forms {
        paragraphs.push(words.forms.to_owned());
    }
    paragraphs.push(fill(words.kept, &kept));
    paragraphs.push(match shown.kept.months(Kind::Contacts) {
        0 => words.contacts_without_end.to_owned(),
        _ => fill(words.contacts, &[("contacts", &contacts)]),
    });
    // Without a policy there is no banner.
    if !shown.rules.is_empty() {
        paragraphs.push(fill(words.choices, &[("choices", &choices)]));
    }
    paragraphs.push(words.rights.to_owned());
    paragraphs.extend(shown.page.map(|page| fill(words.page, &[("page", page)])));
    paragraphs
}

/// Whether browsers are never tracked, wherever they are and whatever page they show.
fn is_cookieless(rules: &[Rule]) -> bool {
    let is_everywhere = rules.iter().any(|rule| rule.target == Target::everywhere());
    is_everywhere && rules.iter().all(|rule| rule.kind == PolicyType::NoCookies)
}

/// What visitors are asked: a paragraph when it is the same for everybody, else one for each rule.
fn asked(words: &Statement, rules: &[Rule]) -> Option<String> {
    let of = |rule: &Rule| {
        let what = match rule.kind {
            PolicyType::None => words.no_banner,
            PolicyType::Notify => words.notify,
            PolicyType::OptOut | PolicyType::OptOutCategories => words.opt_out,
            PolicyType::OptIn | PolicyType::OptInCategories => words.opt_in,
            PolicyType::NoCookies => words.no_cookies,
        };
        if rule.gpc { format!("{what} {}", words.gpc) } else { what.to_owned() }
    };
    match rules {
        [] => None,
        [rule] if rule.target == Target::everywhere() => Some(of(rule)),
        rules => {
            let mut lines = vec![words.depends.to_owned()];
            lines.extend(rules.iter().map(|rule| format!("– {}: {}", whom(words, &rule.target), of(rule))));
            if !rules.iter().any(|rule| rule.target == Target::everywhere()) {
                lines.push(format!("– {}: {}", words.elsewhere, words.no_banner));
            }
            Some(lines.join("\n"))
        }
    }
}

/// Visitors and pages of a rule. Countries other than those of the preset are named by their codes, which are the same in
/// every language.
fn whom(words: &Statement, target: &Target) -> String {
    let pages = format!("{}{}", target.host, target.path);
    let is_of_pages = pages != "/";
    let visitors = match target.places.as_slice() {
        [] if is_of_pages => return pages,
        [] => words.elsewhere.to_owned(),
        places if places == europe() => words.europe.to_owned(),
        _ => fill(words.places, &[("places", &target.typed_places())]),
    };
    if is_of_pages { format!("{visitors} ({pages})") } else { visitors }
}

/// What was typed and is not saved.
#[derive(Default)]
struct Typed {
    months: Option<Vec<(Kind, String)>>,
    preview: Option<Preview>,
    language: String,
}

async fn page_of(request: &HttpRequest, member: &Member, typed: Typed) -> Result<HttpResponse, WebError> {
    let (app, id) = (member.app(), member.account_id());
    let origin = client::public_origin(&member.signed_in.state.options, request);
    let visitors = format!("{origin}{}", paths::visitors(id));
    let account = &member.account;
    let shown = Shown {
        zone: &account.zone,
        now: app.now(),
        sites: &account.account.settings.domains,
        tracking: *account.tracking(),
        counting: account.counting(),
        rules: account.consent.as_ref().map_or(&[], |policy| &policy.policy.rules),
        kept: retention::find(app, id).await?,
        typed: typed.months.as_deref(),
        preview: typed.preview,
        doubted_since: retention::doubted_since(app).await?,
        visitors: &visitors,
        language: &typed.language,
        may_change: member.membership.role >= Role::Owner,
        is_server_admin: member.signed_in.need_server_admin().is_ok(),
    };
    let layout = member.layout(member.t().privacy.title, Section::Settings, "");
    let page = page(layout, SettingsNav::over(member, Tab::Privacy), id, &shown);
    respond::form(page.has_errors, &page)
}

async fn show(
    request: HttpRequest,
    member: Member,
    Query(asked): Query<Pairs>,
) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let language = query::first(&asked, LANGUAGE).unwrap_or_default().to_owned();
    page_of(&request, &member, Typed { language, ..Typed::default() }).await
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Owner)?;
    let (app, account) = (member.app(), member.account_id());
    let typed: Vec<(Kind, String)> =
        Kind::ALL.into_iter().map(|kind| (kind, fields.text(kind.as_str()).to_owned())).collect();
    let mut wanted = retention::find(app, account).await?;
    for (kind, text) in &typed {
        match parse_months(text) {
            Some(months) => wanted.set(*kind, months),
            None => {
                return page_of(&request, &member, Typed { months: Some(typed), ..Typed::default() }).await;
            }
        }
    }
    if fields.text("do") == "check" {
        let preview = Some(retention::preview(app, account, wanted).await?);
        return page_of(&request, &member, Typed { months: Some(typed), preview, ..Typed::default() }).await;
    }
    retention::update(app, member.actor(), account, wanted).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::Privacy.path(account))
}

async fn confirm_clock(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.signed_in.need_server_admin()?;
    retention::confirm_clock(member.app(), member.actor()).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::Privacy.path(member.account_id()))
}
