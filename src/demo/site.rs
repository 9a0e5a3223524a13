//! The example site of the demo: the pages of an invented company, each with the tracking tag, on an origin of their own.
//! The texts belong to the company and not to the product, so they are beside its pages and not in the catalogue. This
//! module keeps nothing and does not know who is signed in.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Data, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};

use crate::demo::generator::site::{SitePage, pages};
use crate::domain::account::AccountId;
use crate::web::paths;

#[derive(rust_embed::RustEmbed)]
#[folder = "static/demo/"]
struct Files;

/// Threads that the front page of the community shows.
const THREADS_SHOWN: usize = 24;

/// The pages, and the addresses of the server that tracks them.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    pages: Vec<SitePage>,
    /// Address of the tracking script.
    script: String,
    /// The admin page that shows hits as they arrive.
    live: String,
    /// Origin of the server it talks to.
    server: String,
}

impl Site {
    /// `server` is scheme, host and port of the server that tracks.
    #[must_use]
    pub fn new(account: AccountId, server: &str) -> Self {
        let script = format!("{server}/{account}.js");
        let live = format!("{server}{}", paths::live(account));
        Self(Arc::new(Inner { pages: pages(), script, live, server: server.to_owned() }))
    }
}

/// Every address of the site.
pub fn routes(config: &mut ServiceConfig, site: &Site) {
    config
        .app_data(Data::new(site.clone()))
        .route("/assets/{name}", get().to(asset))
        // Without JavaScript, the form of the newsletter is sent here.
        .route("/newsletter/thanks", post().to(show))
        .default_service(get().to(show));
}

async fn asset(name: actix_web::web::Path<String>) -> HttpResponse {
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml; charset=utf-8",
        _ => return HttpResponse::NotFound().finish(),
    };
    match Files::get(&name) {
        Some(file) => HttpResponse::Ok()
            .content_type(kind)
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((CACHE_CONTROL, "no-cache"))
            .body(file.data.into_owned()),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn show(request: HttpRequest, site: Data<Site>) -> HttpResponse {
    let site = &site.0;
    let path = request.path();
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let found = site.pages.iter().find(|page| page.path == path);
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let policy = format!(
        "default-src 'self'; script-src 'self' {0}; connect-src 'self' {0}; img-src 'self' {0}; base-uri 'none'",
        site.server
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((REFERRER_POLICY, "strict-origin-when-cross-origin"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(render(site, found))
}

/// The template of a page: its own, or that of its section.
fn template(page: Option<&SitePage>) -> String {
    let Some(page) = page else { return "missing.html".to_owned() };
    let name = match (page.section, page.path.as_str()) {
        ("product", "/products") => "products.html",
        ("blog", "/blog") => "blog.html",
        ("blog", _) => "article.html",
        ("community", "/community") => "community.html",
        ("community", _) => "thread.html",
        ("newsletter", "/newsletter") => "newsletter.html",
        ("newsletter", _) => "thanks.html",
        (section, _) => return format!("{section}.html"),
    };
    name.to_owned()
}

fn render(site: &Inner, page: Option<&SitePage>) -> String {
    let title = page.map_or("Nothing here", |page| &page.title);
    let summary = page.map_or("This page does not exist. Not even in the example.", |page| page.summary);
    let heading = title.split(" – ").next().unwrap_or(title);
    let brand = if title.starts_with("Ostrel") { "" } else { " – Ostrel" };
    text_of("layout.html")
        .replace("{{body}}", &text_of(&template(page)))
        .replace("{{list}}", &list(site, page))
        .replace("{{script}}", &escaped(&site.script))
        .replace("{{live}}", &escaped(&site.live))
        .replace("{{server}}", &escaped(&site.server))
        .replace("{{brand}}", brand)
        .replace("{{title}}", &escaped(title))
        .replace("{{heading}}", &escaped(heading))
        .replace("{{summary}}", &escaped(summary))
}

fn text_of(name: &str) -> String {
    let file = Files::get(name);
    file.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// Links to the other pages of the section.
fn list(site: &Inner, page: Option<&SitePage>) -> String {
    let Some(page) = page else { return String::new() };
    let others = site.pages.iter().filter(|other| other.section == page.section && other.path != page.path);
    let item = |other: &SitePage| {
        format!(
            "<li><a href=\"{}\"><strong>{}</strong><span>{}</span></a></li>",
            escaped(&other.path),
            escaped(&other.title),
            escaped(other.summary)
        )
    };
    others.take(THREADS_SHOWN).map(item).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_history_is_there_whole() {
        let site = Site::new(AccountId::FIRST, "http://127.0.0.1:8080");
        assert!(site.0.pages.len() > 1_000);
        // Threads are alike, so it is enough to look at some of them.
        let wanted = |n: usize, page: &SitePage| page.section != "community" || n.is_multiple_of(16);
        for (_, page) in site.0.pages.iter().enumerate().filter(|(n, page)| wanted(*n, page)) {
            let html = render(&site.0, Some(page));
            assert!(!html.contains("{{"), "{} is not filled in", page.path);
            assert!(html.contains(&format!("<title>{}", escaped(&page.title))), "{}", page.path);
            assert!(html.contains("src=\"http://127.0.0.1:8080/1000001.js\""), "{}", page.path);
            assert_eq!(html.matches("<h1").count(), 1, "{}", page.path);
        }
    }

    #[test]
    fn links_lead_to_pages_that_exist() {
        let site = Site::new(AccountId::FIRST, "http://127.0.0.1:8080");
        let mut seen = 0;
        for page in site.0.pages.iter().filter(|page| !page.path.starts_with("/community/")) {
            for link in render(&site.0, Some(page)).split("href=\"/").skip(1) {
                let path = link.split(['"', '?', '#']).next().unwrap();
                let path = format!("/{path}");
                seen += 1;
                let found = match path.strip_prefix("/assets/") {
                    Some(name) => Files::get(name).is_some(),
                    None => site.0.pages.iter().any(|page| page.path == path),
                };
                assert!(found, "{} links to {path}", page.path);
            }
        }
        assert!(seen > 500, "{seen}");
    }
}
