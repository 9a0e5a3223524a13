//! `/accounts/{id}/settings/tracking-code`: the snippet for the site, and a check of the installation. Until the
//! first visit arrives, the page reloads itself and lists what may prevent it.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts;
use crate::app::events::custom_js;
use crate::app::state::live::{Entry, RING};
use crate::app::state::script_cache::Fetched;
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::rule::Rule;
use crate::domain::hit_reason::Reason;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::web::admin::reports::live::tone;
use crate::web::admin::reports::report_page::signed;
use crate::web::admin::settings::consent::words;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::code_block::Code;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::client;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

/// Interval of the reloads: by the script in milliseconds, without script in seconds.
const EVERY_MS: u32 = 2_000;
const EVERY_SECONDS: u32 = 5;
/// Most unknown hosts that are listed.
const HOSTS_MAX: usize = 3;
/// Most rules of the consent policy that are listed.
const RULES_SHOWN: usize = 5;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/tracking-code")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

async fn show(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    let (state, id) = (&member.signed_in.state, member.account_id());
    let origin = client::public_origin(&state.options, &request);
    let seen = SiteStatus {
        now: member.signed_in.context.now,
        first_hit: accounts::first_hit(&state.app, id).await?,
        fetched: state.app.scripts.fetched(id),
        hits: state.app.live.list(id, 0, RING),
        host: origin.split_once("://").map_or("", |(_, host)| host).to_owned(),
        https: member.https(),
        rules: member.account.consent.as_ref().map(|policy| policy.policy.rules.clone()).unwrap_or_default(),
    };
    let t = member.t();
    let layout = member.layout(t.install.snippet, Section::Settings, "");
    let nav = SettingsNav::over(&member, Tab::TrackingCode);
    let code = CustomCode {
        allowed: state.app.custom_js,
        on: member.account.account.custom_js,
        may_change: member.need(Role::Admin).is_ok(),
    };
    let page = page(layout, nav, id, member.account.settings(), &member.account.zone, &seen, code);
    respond::page(&page)
}

/// Switches the account's custom JavaScript on or off.
async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let on = match fields.text("custom_js") {
        "on" => true,
        "off" => false,
        _ => return Err(WebError::BadRequest("custom_js must be on or off".to_owned())),
    };
    custom_js::set_custom_js(member.app(), member.actor(), member.account_id(), on).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::TrackingCode.path(member.account_id()))
}

/// The settings of custom JavaScript.
#[derive(Clone, Copy)]
pub(crate) struct CustomCode {
    /// Whether the server's configuration allows it.
    pub allowed: bool,
    pub on: bool,
    /// Whether the user may switch it.
    pub may_change: bool,
}

/// What the server knows about the installation on the site.
pub(crate) struct SiteStatus {
    pub now: Millis,
    pub first_hit: Option<Millis>,
    pub fetched: Option<Fetched>,
    /// Newest first.
    pub hits: Vec<Entry>,
    /// The host under which browsers reach this server.
    pub host: String,
    pub https: bool,
    /// The rules by which the script asks for consent.
    pub rules: Vec<Rule>,
}

/// One result of the installation check.
struct Finding {
    tone: &'static str,
    title: String,
    text: String,
}

impl Finding {
    fn icon(&self) -> Icon {
        match self.tone {
            "good" => Icon::Check,
            "plain" => Icon::Info,
            _ => Icon::Warning,
        }
    }
}

#[derive(Template)]
#[template(path = "tracking_code/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    address: String,
    dashboard: String,
    live: String,
    waiting: String,
    counted: Option<String>,
    findings: Vec<Finding>,
    snippet: Code,
    switch: Code,
    policy: Code,
    custom: CustomCode,
    /// What visitors are asked, a line for each rule; empty when nobody is asked anything.
    consent: Vec<String>,
    consent_path: String,
    may_see_consent: bool,
}

impl Page {
    fn custom_state(&self) -> &'static str {
        let texts = &self.layout.t.install;
        match self.custom {
            CustomCode { allowed: false, .. } => texts.custom_forbidden,
            CustomCode { on: true, .. } => texts.custom_on,
            CustomCode { on: false, .. } => texts.custom_off,
        }
    }

    const fn switch_to(&self) -> (&'static str, &'static str) {
        let texts = &self.layout.t.install;
        if self.custom.on { ("off", texts.custom_switch_off) } else { ("on", texts.custom_switch_on) }
    }
}

pub(crate) fn page(
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    settings: &Settings,
    zone: &Zone,
    seen: &SiteStatus,
    custom: CustomCode,
) -> Page {
    let t = layout.t;
    let texts = &t.install;
    let host = &seen.host;
    let code = |id, label: &str, text| Code { t, id, label: label.to_owned(), text };
    let counted = seen.first_hit.map(|at| {
        let at = format::date_time(&t.number, zone, at);
        fill(texts.counted, &[("time", &at)])
    });
    let site = settings.domains.first().map_or(texts.own_site, String::as_str);
    Page {
        address: Tab::TrackingCode.path(id),
        dashboard: paths::dashboard(id),
        live: format!("{}/{id}/{}", paths::ACCOUNTS, paths::Report::Live.as_str()),
        waiting: fill(texts.waiting, &[("site", site)]),
        counted,
        findings: findings(t, settings, seen),
        snippet: code("snippet", texts.snippet_label, snippet(host, id)),
        switch: code("switch", texts.switch_label, format!("{host}/{id}.js")),
        policy: code(
            "policy",
            texts.policy_label,
            ["script-src", "connect-src", "img-src"].map(|kind| format!("{kind} {host};")).join("\n"),
        ),
        custom,
        consent: consent(t, &seen.rules),
        consent_path: Tab::Consent.path(id),
        may_see_consent: nav.has(Tab::Consent),
        layout,
        nav,
    }
}

/// The rules as lines; those past `RULES_SHOWN` are counted.
fn consent(t: &'static Texts, rules: &[Rule]) -> Vec<String> {
    let mut lines: Vec<String> = rules.iter().take(RULES_SHOWN).map(|rule| words::rule(t, rule)).collect();
    match rules.len().saturating_sub(RULES_SHOWN) {
        0 => {}
        more => lines.push(t.consent.install.more.of(signed(more as u64), &t.number)),
    }
    lines
}

/// The script tag, with the attributes that HubSpot's snippet has.
fn snippet(host: &str, id: AccountId) -> String {
    format!(
        "<script type=\"text/javascript\" id=\"hs-script-loader\" async defer src=\"//{host}/{id}.js\"></script>"
    )
}

fn findings(t: &Texts, settings: &Settings, seen: &SiteStatus) -> Vec<Finding> {
    let texts = &t.install.finding;
    let finding = |tone, title: String, text: String| Finding { tone, title, text };
    let plain = |tone, title: &str, text: &str| finding(tone, title.to_owned(), text.to_owned());
    let mut found = Vec::new();
    match seen.fetched {
        Some(Fetched { times, last }) => {
            let ago = format::ago(&t.number, seen.now, last);
            found.push(finding(
                "good",
                texts.fetched.of(signed(times), &t.number),
                fill(texts.fetched_last, &[("ago", &ago)]),
            ));
            if seen.hits.is_empty() {
                found.push(plain("warning", texts.silent, texts.silent_what));
            }
        }
        None if seen.hits.is_empty() && seen.first_hit.is_none() => {
            found.push(plain("plain", texts.not_fetched, texts.not_fetched_what));
        }
        // There are hits without a fetch: browsers had the script cached, programs sent the hits, or the server was
        // restarted.
        None => {}
    }
    for (reason, times) in refusals(&seen.hits) {
        let explained = t.live.reason.of(reason);
        let times = texts.refused_times.of(times, &t.number);
        let title = fill(texts.refused, &[("reason", explained.name)]);
        found.push(finding(tone(reason), title, format!("{times} {}", explained.meaning)));
    }
    for host in foreign_hosts(settings, &seen.hits) {
        found.push(finding("warning", fill(texts.foreign, &[("host", host)]), texts.foreign_what.to_owned()));
    }
    if !seen.https {
        found.push(plain("warning", texts.plain_http, texts.plain_http_what));
    }
    found
}

/// Each reason for which hits were rejected and how often, most recent first.
fn refusals(hits: &[Entry]) -> Vec<(Reason, i64)> {
    let mut found: Vec<(Reason, i64)> = Vec::new();
    for reason in hits.iter().map(|hit| hit.reason).filter(|reason| *reason != Reason::Stored) {
        match found.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, times)) => *times += 1,
            None => found.push((reason, 1)),
        }
    }
    found
}

/// Hosts that were counted although they are not among the account's domains.
fn foreign_hosts<'a>(settings: &Settings, hits: &'a [Entry]) -> Vec<&'a str> {
    let mut hosts = Vec::new();
    for hit in hits.iter().filter(|hit| hit.reason == Reason::Stored) {
        let host = hit.page.split(['/', '?', '#']).next().unwrap_or_default();
        let is_new = !host.is_empty() && !settings.owns_host(host) && !hosts.contains(&host);
        if is_new && !settings.domains.is_empty() && hosts.len() < HOSTS_MAX {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    fn seen(hits: Vec<Entry>, fetched: Option<u64>) -> SiteStatus {
        let now = Millis(1_795_377_600_000);
        let fetched = fetched.map(|times| Fetched { times, last: now.plus(-120_000) });
        SiteStatus {
            now,
            first_hit: None,
            fetched,
            hits,
            host: "stats.test".into(),
            https: true,
            rules: Vec::new(),
        }
    }

    fn titles(seen: &SiteStatus) -> Vec<String> {
        let settings = Settings::parse("N", &["site.test".to_owned()], "UTC", "EUR").unwrap();
        findings(&EN, &settings, seen).into_iter().map(|finding| finding.title).collect()
    }

    fn hit(reason: Reason, page: &str) -> Entry {
        Entry { page: page.to_owned(), ..Entry::refused(Millis(0), reason) }
    }

    #[test]
    fn what_prevents_visits_is_listed() {
        let texts = &EN.install.finding;
        assert_eq!(titles(&seen(vec![], None)), [texts.not_fetched]);
        let counted = SiteStatus { first_hit: Some(Millis(1)), ..seen(vec![], None) };
        assert!(titles(&counted).is_empty(), "what counts is not called missing after a restart");
        assert_eq!(titles(&seen(vec![], Some(2))), ["The script was loaded 2 times", texts.silent]);
        let hits = vec![
            hit(Reason::Bot, "site.test/"),
            hit(Reason::UnknownHost, "evil.test/"),
            hit(Reason::Bot, "site.test/"),
            hit(Reason::Stored, "other.test/a"),
            hit(Reason::Stored, "other.test/b"),
            hit(Reason::Stored, "www.site.test/"),
        ];
        let refused = ["Not counted: Bot", "Not counted: Wrong domain", "Hits from other.test"];
        assert_eq!(titles(&seen(hits, None)), refused);
        let plain = SiteStatus { https: false, ..seen(vec![hit(Reason::Stored, "site.test/")], None) };
        assert_eq!(titles(&plain), [texts.plain_http]);
    }

    #[test]
    fn the_snippet_is_the_one_hubspot_users_know() {
        assert_eq!(
            snippet("stats.test:8080", AccountId::FIRST),
            "<script type=\"text/javascript\" id=\"hs-script-loader\" async defer \
             src=\"//stats.test:8080/1000001.js\"></script>"
        );
    }
}
