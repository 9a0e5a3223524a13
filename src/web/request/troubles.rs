//! What is wrong with the server, as its admins are told on every page.

use crate::app::App;
use crate::app::state::dead_letters::{BYTES_MAX, LETTERS_MAX};
use crate::web::response::page::Trouble;
use crate::web::text::{Texts, fill};

pub(super) fn list(app: &App, t: &Texts) -> Vec<Trouble> {
    let texts = &t.frame.troubles;
    let mut found = Vec::new();
    if let Some(proxy) = app.undeclared_proxy.found() {
        let address = proxy.address.map(|address| address.to_string());
        let named = address.as_deref().unwrap_or(texts.proxy_unnamed);
        found.push(Trouble { title: texts.proxy, text: fill(texts.proxy_what, &[("address", named)]) });
    }
    let letters = app.dead_letters.count();
    if letters > 0 {
        let kept = texts.dead_letters_what.of(i64::try_from(letters).unwrap_or(i64::MAX), &t.number);
        let (limit, mib) = (t.number.grouped(LETTERS_MAX), (BYTES_MAX >> 20).to_string());
        let bound = fill(texts.dead_letters_limit, &[("limit", &limit), ("mib", &mib)]);
        found.push(Trouble { title: texts.dead_letters, text: format!("{kept} {bound}") });
    }
    found
}
