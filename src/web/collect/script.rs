//! The tracking script of an account.

use actix_web::http::Method;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ContentEncoding};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::domain::account::AccountId;
use crate::tracker::Script;
use crate::web::request::state::State;
use crate::web::response::encoded;

/// `GET /{account}.js`
pub(crate) async fn show(request: HttpRequest, path: Path<i64>, state: Data<State>) -> HttpResponse {
    serve(&request, AccountId(path.into_inner()), &state).await
}

/// `GET /analytics/{n}/{account}.js`, as some sites include it
pub(crate) async fn show_stamped(
    request: HttpRequest,
    path: Path<(String, i64)>,
    state: Data<State>,
) -> HttpResponse {
    serve(&request, AccountId(path.into_inner().1), &state).await
}

async fn serve(request: &HttpRequest, id: AccountId, state: &State) -> HttpResponse {
    let Some(account) = state.app.accounts.find(id) else {
        let mut answer = HttpResponse::NotFound();
        dress(&mut answer);
        return answer
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(format!("// Guestlog: there is no account {id} here\n"));
    };
    let app = &state.app;
    let defined = app.definitions.of(id);
    let Ok(script) = app.scripts.of(&account, &defined, app.runs_code(&account)).await else {
        let mut answer = HttpResponse::InternalServerError();
        dress(&mut answer);
        return answer.insert_header((CACHE_CONTROL, "no-store")).finish();
    };
    // A monitor that only looks whether it is there is no site that uses it.
    if request.method() == Method::GET {
        state.app.scripts.count_fetch(id, state.app.now());
    }
    send(request, &script)
}

/// A script in the encoding that is accepted, unless the browser has it.
pub(super) fn send(request: &HttpRequest, script: &Script) -> HttpResponse {
    let headers = |answer: &mut HttpResponseBuilder| {
        dress(answer);
        answer.insert_header((CACHE_CONTROL, "public, max-age=60"));
    };
    encoded::send(request, &script.etag, headers, |encoding| match encoding {
        ContentEncoding::Brotli => script.brotli.clone(),
        ContentEncoding::Gzip => script.gzip.clone(),
        _ => script.plain.clone(),
    })
}

pub(super) fn dress(answer: &mut HttpResponseBuilder) {
    answer
        .insert_header((CONTENT_TYPE, "application/javascript; charset=utf-8"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
}
