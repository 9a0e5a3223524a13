//! `/accounts/{id}/settings/advanced-tracking`: the switches that decide how the sites of an account are tracked.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access::accounts;
use crate::domain::account::AccountId;
use crate::domain::tracking::Tracking;
use crate::domain::user::Role;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::part::field::{Field, Kind};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::Texts;

pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/advanced-tracking")
            .route(get_or_head().to(show))
            .route(post().to(update)),
    );
}

/// One switch of the form.
struct Switch {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    of: fn(&mut Tracking) -> &mut bool,
}

/// Switches under a heading.
struct Group {
    title: &'static str,
    switches: Vec<Switch>,
}

fn groups(t: &'static Texts) -> [Group; 4] {
    let texts = &t.tracking;
    let switch = |name, (label, hint), of| Switch { name, label, hint, of };
    [
        Group {
            title: texts.sites,
            switches: vec![
                switch("limit_to_domains", (texts.limit, texts.limit_hint), |all| &mut all.limit_to_domains),
                switch("cross_domain_links", (texts.links, texts.links_hint), |all| {
                    &mut all.cross_domain_links
                }),
                switch("cookies_per_subdomain", (texts.subdomains, texts.subdomains_hint), |all| {
                    &mut all.cookies_per_subdomain
                }),
                switch("secure_cookies", (texts.secure, texts.secure_hint), |all| &mut all.secure_cookies),
            ],
        },
        Group {
            title: texts.views,
            switches: vec![
                switch("moves_in_pages", (texts.moves, texts.moves_hint), |all| &mut all.moves_in_pages),
                switch("fragment_is_page", (texts.fragment, texts.fragment_hint), |all| {
                    &mut all.fragment_is_page
                }),
                switch("first_view_twice", (texts.twice, texts.twice_hint), |all| &mut all.first_view_twice),
            ],
        },
        Group {
            title: texts.forms,
            switches: vec![switch("collect_forms", (texts.collect, texts.collect_hint), |all| {
                &mut all.collect_forms
            })],
        },
        Group {
            title: texts.robots,
            switches: vec![switch("leave_out_suspected", (texts.suspected, texts.suspected_hint), |all| {
                &mut all.leave_out_suspected
            })],
        },
    ]
}

/// The fields of a group, under its heading.
struct FieldGroup {
    title: &'static str,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(path = "advanced_tracking/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    groups: Vec<FieldGroup>,
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, id: AccountId, mut tracking: Tracking) -> Page {
    let t = layout.t;
    let mut field = |switch: &Switch| {
        let on = if *(switch.of)(&mut tracking) { "on" } else { "" };
        Field::new(t, switch.name, switch.label, Kind::Check).value(on).hint(switch.hint)
    };
    let groups = groups(t)
        .iter()
        .map(|group| FieldGroup {
            title: group.title,
            fields: group.switches.iter().map(&mut field).collect(),
        })
        .collect();
    Page { layout, nav, id, groups }
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let layout = member.layout(member.t().access.settings.advanced_tracking, Section::Settings, "");
    let nav = SettingsNav::over(&member, Tab::AdvancedTracking);
    respond::page(&page(layout, nav, member.account_id(), *member.account.tracking()))
}

async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let mut tracking = *member.account.tracking();
    for switch in groups(member.t()).iter().flat_map(|group| &group.switches) {
        *(switch.of)(&mut tracking) = fields.is_on(switch.name);
    }
    accounts::update_tracking(member.app(), member.actor(), member.account_id(), tracking).await?;
    respond::done(&request, member.https(), Done::Saved, &Tab::AdvancedTracking.path(member.account_id()))
}
