//! Renders every page from sample data and checks the HTML: full, empty, and hostile input. With `SAMPLE_DIR` set,
//! the pages are also written to that folder for a look in the browser.

mod companies;
mod consent;
mod consent_log;
mod counting;
mod events;
mod fixtures;
mod forms;
mod imports;
mod lists;
mod people;
mod privacy;
mod properties;
mod reports;
mod visitor_page;

use std::collections::BTreeMap;

use askama::Template;
use fixtures::{HOSTILE, layout};

use crate::web::part::code_block::Code;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::field::{Choice, Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::response::assets;
use crate::web::response::page::{ErrorPage, Flash, Layout, Section, Tone};
use crate::web::text::EN;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout.html" %}{% block content %}
<div class="page-head"><h1>{{ layout.title }}</h1></div>
{% if let Some(empty) = empty %}{{ empty }}{% endif %}
{% for code in codes %}{{ code }}{% endfor %}
<form class="form" method="post" action="/x"><input type="hidden" name="csrf" value="{{ layout.csrf }}">{% for field in fields %}{{ field }}{% endfor %}
<div class="actions"><button class="button primary" type="submit">Save</button><a class="button" href="/">Cancel</a><button class="button danger" type="submit" name="do" value="delete">Delete</button></div></form>
{% endblock %}"#
)]
struct FormSample {
    layout: Layout,
    empty: Option<Empty>,
    codes: Vec<Code>,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "layout_plain.html" %}{% block content %}
<h1>{{ layout.title }}</h1>
<form class="form" method="post" action="/sign-in">{% for field in fields %}{{ field }}{% endfor %}<button class="button primary" type="submit">Sign in</button></form>
{% endblock %}"#
)]
struct PlainSample {
    layout: Layout,
    fields: Vec<Field>,
}

fn fields(wrong: bool) -> Vec<Field> {
    let choice =
        |v: &str, hint: &str| Choice { value: v.into(), label: v.into(), hint: Some(hint.to_owned()) };
    vec![
        Field::new(&EN, "name", "Name of the account", Kind::Text)
            .value(if wrong { HOSTILE } else { "Northwind Traders" })
            .error(wrong.then(|| "The name is longer than 100 characters.".to_owned()))
            .hint("Shown to everyone who signs in.")
            .required()
            .max(100),
        Field::new(&EN, "domains", "Domains", Kind::Area { rows: 3 }).value("example.com\nshop.example.com"),
        Field::new(
            &EN,
            "zone",
            "Time zone",
            Kind::Select(vec![choice("UTC", ""), choice("Europe/Amsterdam", "")]),
        )
        .value("Europe/Amsterdam")
        .required(),
        Field::new(
            &EN,
            "policy",
            "Before a visitor chose",
            Kind::Radio(vec![
                choice("Collect nothing", "No cookie, no row."),
                choice("Count anonymously", "No visitor, no company."),
            ]),
        )
        .value("Collect nothing"),
        Field::new(&EN, "limit", "Refuse hits of other domains", Kind::Check)
            .value("on")
            .hint("Off: they are stored and marked."),
    ]
}

fn form(wrong: bool) -> FormSample {
    let mut layout = layout(EN.frame.nav.settings, Section::Settings, "Northwind Traders");
    layout.plain_http = !wrong;
    if wrong {
        layout.flash = Some(Flash { tone: Tone::Bad, text: EN.frame.form_refused.into() });
    }
    FormSample {
        layout,
        empty: (!wrong).then(|| Empty {
            icon: Icon::Live,
            title: "Waiting for the first visit of example.com".into(),
            what: "Put the snippet into your site's pages. The first visit appears here within two seconds."
                .into(),
            action: Some(Action { label: "Show the snippet".into(), href: "/x".into() }),
        }),
        codes: vec![Code {
            t: &EN,
            id: "snippet",
            label: "Snippet".into(),
            text: "<script async defer src=\"//stats.example.com/1000001.js\"></script>".into(),
        }],
        fields: fields(wrong),
    }
}

fn sign_in() -> PlainSample {
    let mut layout = layout("Sign in", Section::Dashboard, "");
    layout.account = None;
    layout.viewer = None;
    layout.plain_http = true;
    PlainSample {
        layout,
        fields: vec![
            Field::new(&EN, "email", "Email", Kind::Email)
                .value("sanne@example.com")
                .required()
                .autocomplete("username"),
            Field::new(&EN, "password", "Password", Kind::Password)
                .required()
                .autocomplete("current-password")
                .error(Some("Email and password do not belong together.".into())),
        ],
    }
}

fn error() -> ErrorPage {
    let mut layout = layout(EN.error.internal.title, Section::Dashboard, "");
    layout.account = None;
    ErrorPage {
        layout,
        status: 500,
        failure: &EN.error.internal,
        detail: None,
        id: Some("8f3a2c".into()),
        instead: None,
    }
}

fn too_long() -> ErrorPage {
    ErrorPage {
        layout: layout(EN.error.time_limit.title, Section::Dashboard, ""),
        status: 503,
        failure: &EN.error.time_limit,
        detail: Some("the question took longer than 10 s; ask for a shorter period".into()),
        id: None,
        instead: Some(Action { label: EN.error.shorter.into(), href: "/x?period=7d".into() }),
    }
}

fn pages() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("form", form(false).render().unwrap()),
        ("form-wrong", form(true).render().unwrap()),
        ("sign-in", sign_in().render().unwrap()),
        ("error", error().render().unwrap()),
        ("error-too-long", too_long().render().unwrap()),
    ])
    .into_iter()
    .chain(reports::pages_of_an_account())
    .chain(events::pages_of_events())
    .chain(lists::pages_of_lists())
    .chain(people::pages_of_people())
    .chain(forms::pages_of_forms())
    .chain(companies::pages_of_companies())
    .chain(privacy::pages_of_privacy())
    .chain(visitor_page::pages_for_visitors())
    .chain(consent::pages_of_consent())
    .chain(consent_log::pages_of_consent())
    .chain(counting::pages_of_counting())
    .chain(properties::pages_of_properties())
    .chain(imports::pages_of_imports())
    .collect()
}

/// The values of an attribute, wherever it occurs.
fn values<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_has_one_heading_and_every_reference_its_element() {
    for (name, html) in pages() {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        let ids = values(&html, "id");
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{name} has an id twice: {ids:?}");
        for attribute in
            ["for", "aria-labelledby", "aria-describedby", "popovertarget", "data-copy", "data-search"]
        {
            for id in values(&html, attribute).iter().flat_map(|v| v.split(' ')) {
                assert!(ids.contains(&id), "{name}: {attribute} names {id}");
            }
        }
    }
}

/// rules.md 27
#[test]
fn no_page_holds_what_its_policy_forbids() {
    for (name, html) in pages() {
        for bad in [" style=", "javascript:", "http://", "https://", "<script>", "onerror=alert", "|safe"] {
            let found =
                html.match_indices(bad).next().map(|(at, _)| html[at.saturating_sub(60)..].to_owned());
            let escaped = bad == "onerror=alert" && !html.contains("<img src=x");
            assert!(found.is_none() || escaped, "{name} holds {bad}: {found:?}");
        }
        assert_eq!(html.matches("<script").count(), html.matches("nonce=\"bm9uY2U\"").count(), "{name}");
        assert!(!html.contains("{{") || html.contains("{{7*7}}"), "{name}");
    }
}

#[test]
fn no_place_of_a_text_is_left_open() {
    for (name, html) in pages() {
        // Code that is shown has braces too.
        let outside_code = |part: &str| part.split_once("</code>").map_or("", |(_, rest)| rest).to_owned();
        let mut parts = html.split("<code");
        let first = parts.next().unwrap_or_default().to_owned();
        let html: String = std::iter::once(first).chain(parts.map(outside_code)).collect();
        let html = html.replace("{{7*7}}", "").replace("{id: ", "").replace("{ email: ", "");
        assert!(!html.contains('{'), "{name}: {:?}", html.split('{').nth(1).map(|t| &t[..t.len().min(40)]));
    }
}

/// rules.md 26
#[test]
fn a_page_over_plain_http_says_so() {
    let pages = pages();
    assert!(pages["sign-in"].contains(EN.frame.plain_http));
    assert!(pages["form"].contains(EN.frame.plain_http));
    assert!(!pages["account-dashboard"].contains(EN.frame.plain_http));
}

#[test]
fn samples_are_written_where_asked() {
    let Ok(folder) = std::env::var("SAMPLE_DIR") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let css = assets::style();
    for (name, html) in pages() {
        let html = html
            .replace(&css, "style.css")
            .replace(&assets::script(), "admin.js")
            .replace(&assets::visitor_script(), "visitor.js")
            .replace(&assets::icon(), "icon.svg");
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
    for (name, text) in assets::texts() {
        std::fs::write(format!("{folder}/{name}"), text).unwrap();
    }
}
