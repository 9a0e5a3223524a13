//! Which methods a route answers.

use actix_web::Route;
use actix_web::guard::{Any, Get, Head};
use actix_web::web::route;

/// A route for GET and HEAD. The framework answers HEAD like GET, without the body. Beacons and links that work once must
/// not use it, because a HEAD request would count, or use the link up.
pub fn get_or_head() -> Route {
    route().guard(Any(Get()).or(Head()))
}
