//! HTTP and pages: turns requests into calls of `app`, and results into answers. No rule about the data is decided
//! here and no SQL is written here. This file has the URLs for sites and machines; `admin/mod.rs` collects those of the
//! pages, each of which stands in the file of its page.

pub mod admin;
mod collect;
pub mod drawing;
mod health;
pub mod part;
pub mod paths;
pub mod request;
pub mod response;
pub mod text;
mod visitor_page;

#[cfg(test)]
mod sample_pages;

use actix_web::web::{ServiceConfig, get, method, post, resource};

use request::method::get_or_head;

/// The public side: no sign-in, CORS for everybody.
pub fn public_routes(config: &mut ServiceConfig) {
    use actix_web::http::Method;
    use collect::{
        banner, collector, consent_choice, count, custom_js, element_picker, event, form, location,
        own_visits, script,
    };

    // Routes without a pattern come first. The framework tries the routes in order, and every pattern it tries
    // costs each beacon a regular expression match.
    config
        .service(
            resource("/collect")
                .route(post().to(collector::collect))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .service(resource("/__ptq.gif").route(get().to(collector::gif)))
        .service(resource("/__ptbe.gif").route(get().to(collector::gif)))
        .service(resource("/__ptc.gif").route(get().to(collector::gif)))
        .service(resource("/v1/event").route(get().to(event::show)))
        .service(resource("/v1/event/").route(get().to(event::show)))
        .service(
            resource("/pick")
                .route(post().to(element_picker::create))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .route("/pick.js", get_or_head().to(element_picker::script))
        .service(
            resource("/submissions/v3/integration/submit/{account}/{form}")
                .route(post().to(form::submit))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .route(
            "/submissions/v3/integration/secure/submit/{account}/{form}",
            post().to(form::submit_with_token),
        )
        .service(
            resource("/uploads/form/v2/{account}/{form}")
                .route(post().to(form::upload))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .service(
            resource("/collected-forms/submit/form")
                .route(post().to(form::collect))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .route("/collectedforms.js", get_or_head().to(form::script))
        .route("/{account:[0-9]+}.js", get_or_head().to(script::show))
        .route("/{account:[0-9]+}/location", get_or_head().to(location::show))
        .service(
            resource("/{account:[0-9]+}/consent")
                .route(post().to(consent_choice::create))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .service(
            resource("/{account:[0-9]+}/count")
                .route(post().to(count::create))
                .route(method(Method::OPTIONS).to(collector::preflight)),
        )
        .route("/analytics/{stamp}/{account:[0-9]+}.js", get_or_head().to(script::show_stamped))
        .route("/v2/{account:[0-9]+}/banner.js", get_or_head().to(script::show))
        .route("/own-visits/{token}.js", get().to(own_visits::script))
        .route(
            "/{account:[0-9]+}/banner.{hash:[0-9a-f]+}.{language:[a-z0-9-]+}.js",
            get_or_head().to(banner::show),
        )
        .route("/e/{account:[0-9]+}/{event}.{hash}.js", get_or_head().to(custom_js::show))
        .configure(visitor_page::routes);
}

/// Health checks. They answer on the public address and on the admin address.
pub fn machine_routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", get_or_head().to(health::healthz))
        .route("/readyz", get_or_head().to(health::readyz));
}

pub fn admin_routes(config: &mut ServiceConfig) {
    config.route("/metrics", get_or_head().to(health::metrics));
    // This must stay last: the admin scope matches every path that is left.
    config.configure(admin::routes);
}
