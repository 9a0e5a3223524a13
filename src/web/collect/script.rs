//! Serves the tracking script of an account.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::domain::account::AccountId;
use crate::tracker::Script;
use crate::web::request::state::State;

/// `GET /{account}.js`
pub(crate) async fn show(request: HttpRequest, path: Path<i64>, state: Data<State>) -> HttpResponse {
    serve(&request, AccountId(path.into_inner()), &state)
}

/// `GET /analytics/{n}/{account}.js`, the address in older HubSpot snippets.
pub(crate) async fn show_stamped(
    request: HttpRequest,
    path: Path<(String, i64)>,
    state: Data<State>,
) -> HttpResponse {
    serve(&request, AccountId(path.into_inner().1), &state)
}

fn serve(request: &HttpRequest, id: AccountId, state: &State) -> HttpResponse {
    let Some(account) = state.app.accounts.find(id) else {
        let mut answer = HttpResponse::NotFound();
        dress(&mut answer);
        return answer
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(format!("// Guestlog: there is no account {id} here\n"));
    };
    let app = &state.app;
    let script = app.scripts.of(&account, &app.definitions.of(id), app.runs_code(&account));
    // A HEAD request comes from monitoring, not from a site that uses the script.
    if request.method() == Method::GET {
        state.app.scripts.count_fetch(id, state.app.now());
    }
    send(request, &script)
}

/// Sends a script in an encoding that the browser accepts, or 304 if the browser has this version.
pub(super) fn send(request: &HttpRequest, script: &Script) -> HttpResponse {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let unchanged = header(IF_NONE_MATCH)
        .split(',')
        .any(|tag| tag.trim().trim_start_matches("W/") == script.etag || tag.trim() == "*");
    let mut answer = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    dress(&mut answer);
    answer
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ETAG, script.etag.as_str()));
    if unchanged {
        return answer.finish();
    }
    let accepted = header(ACCEPT_ENCODING);
    if accepts(accepted, "br") {
        answer.insert_header((CONTENT_ENCODING, "br")).body(script.brotli.clone())
    } else if accepts(accepted, "gzip") {
        answer.insert_header((CONTENT_ENCODING, "gzip")).body(script.gzip.clone())
    } else {
        answer.body(script.plain.clone())
    }
}

pub(super) fn dress(answer: &mut HttpResponseBuilder) {
    answer
        .insert_header((CONTENT_TYPE, "application/javascript; charset=utf-8"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
}

/// Whether `Accept-Encoding` allows this coding; `br;q=0` forbids it.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut parts = part.split(';').map(str::trim);
        parts.next() == Some(coding) && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_when_it_is_accepted() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("gzip;q=0.8", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("", "gzip"));
    }
}
