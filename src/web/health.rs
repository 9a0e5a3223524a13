//! Endpoints for monitoring: liveness, readiness, and metrics.

use std::fmt::Write;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use subtle::ConstantTimeEq;

use crate::app::ingest::refusal::refusal;
use crate::domain::hit_reason::Reason;
use crate::web::request::client::is_local;
use crate::web::request::guard::bearer;
use crate::web::request::state::State;

/// `GET /healthz`: the process is alive.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

/// `GET /readyz`: a hit could be stored and folded now. The check writes to both database files.
pub(crate) async fn readyz(state: Data<State>) -> HttpResponse {
    let app = &state.app;
    let finding = if !app.store.writer.is_alive() || !app.store.inbox.is_alive() {
        Some("a writer has stopped".to_owned())
    } else {
        let probed = app.store.probe().await.err().map(|error| error.to_string());
        // The probe has just measured the free space, so what refuses hits is up to date.
        refusal(app).map(|refusal| refusal.to_string()).or(probed)
    };
    let mut answer = match &finding {
        None => HttpResponse::Ok(),
        Some(_) => HttpResponse::ServiceUnavailable(),
    };
    if finding.is_some() {
        answer.insert_header((RETRY_AFTER, 2));
    }
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(finding.map_or_else(|| "ready\n".to_owned(), |finding| format!("not ready: {finding}\n")))
}

/// Whether the request may read the metrics: it has their token, comes in at the address of the admin pages, or from this
/// machine. The token of an account is none, because metrics are about all accounts.
fn may_read_metrics(request: &HttpRequest, state: &State) -> bool {
    let options = &state.options;
    let has_token = match (&options.metrics_token, bearer(request)) {
        (Some(token), Some(sent)) => bool::from(token.as_bytes().ct_eq(sent.as_bytes())),
        _ => false,
    };
    has_token || options.apart_from.is_some() || is_local(request)
}

/// `GET /metrics`, in the text format of Prometheus. Hits received = hits by final reason + hits waiting.
pub(crate) async fn metrics(request: HttpRequest, state: Data<State>) -> HttpResponse {
    if !may_read_metrics(&request, &state) {
        return HttpResponse::Unauthorized()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((WWW_AUTHENTICATE, "Bearer"))
            .content_type("text/plain; charset=utf-8")
            .body(
                "metrics are for programs on this machine, and for those that send the token of [metrics]\n",
            );
    }
    let app = &state.app;
    let counters = &app.counters;
    let mut text = String::new();
    let mut put = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a String cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    };
    let help = "Hits received since the start, including those that were waiting then";
    put("guestlog_hits_received_total", "counter", help, counters.received());
    put("guestlog_hits_accepted_total", "counter", "Hits on disk and acknowledged", counters.accepted());
    put(
        "guestlog_texts_cut_total",
        "counter",
        "Texts that were too long and were cut or left out",
        counters.texts_cut(),
    );
    let waiting = app.store.inbox.last_id().saturating_sub(app.progress.watermark());
    let waiting = u64::try_from(waiting).unwrap_or(0);
    put("guestlog_hits_waiting", "gauge", "Hits accepted but not processed yet", waiting);
    put("guestlog_dead_letters", "gauge", "Hits that could not be processed", app.dead_letters.count());
    put("guestlog_disk_free_bytes", "gauge", "Free bytes on the data disk", app.store.inbox.free_bytes());
    let number = |change: i64| u64::try_from(change).unwrap_or(0);
    let caches = "Number of the latest change that accounts and events in memory have followed";
    put("guestlog_changes_followed", "gauge", caches, number(app.store.changes.followed()));
    let fold = "Number of the latest change that the memory of the fold has followed, as of its last batch";
    put("guestlog_fold_changes_followed", "gauge", fold, number(app.progress.followed()));
    let _ = write!(
        text,
        "# HELP guestlog_hits_total Hits by result since the start\n# TYPE guestlog_hits_total counter\n"
    );
    for reason in Reason::ALL {
        let _ =
            writeln!(text, "guestlog_hits_total{{reason=\"{}\"}} {}", reason.as_str(), counters.of(*reason));
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text)
}
