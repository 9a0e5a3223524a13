//! `GET /{account}/banner.{hash}.{language}.js`: the look of the consent banner. The tracking script loads it only when
//! something is to be shown.

use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::script::dress;
use crate::domain::account::AccountId;
use crate::web::request::state::State;
use crate::web::response::encoded;

/// Another look has another address, so a file may be kept for ever.
const KEEP: &str = "public, max-age=31536000, immutable";

pub(crate) async fn show(
    request: HttpRequest,
    path: Path<(i64, String, String)>,
    state: Data<State>,
) -> HttpResponse {
    let (account, hash, language) = path.into_inner();
    let headers = |answer: &mut HttpResponseBuilder| {
        dress(answer);
        answer.insert_header((CACHE_CONTROL, KEEP));
    };
    match state.app.banners.find(AccountId(account), &language, &hash).await {
        Ok(Some(script)) => encoded::send(&request, &script.etag, headers, |encoding| match encoding {
            ContentEncoding::Brotli => script.brotli.clone(),
            ContentEncoding::Gzip => script.gzip.clone(),
            _ => script.plain.clone(),
        }),
        Ok(None) => failure(HttpResponse::NotFound(), "// Guestlog: this banner does not exist\n"),
        Err(error) => {
            tracing::error!(%error, "the file of a banner could not be built");
            failure(HttpResponse::InternalServerError(), "")
        }
    }
}

fn failure(mut answer: HttpResponseBuilder, body: &'static str) -> HttpResponse {
    dress(&mut answer);
    answer.insert_header((CACHE_CONTROL, "no-store")).body(body)
}
