//! A completion that a program reports (`GET /v1/event`): no browser, no visitor, no session. The rules about robots,
//! consent and hosts do not apply, because the caller answers for it (rules.md 1, 2).

use std::borrow::Cow;

use super::identity::{self, By};
use super::{Outcome, put, read};
use crate::app::core::App;
use crate::domain::hit::Hit;
use crate::domain::hit_reason::Reason;

/// What the call says, before any rule is applied. The first of repeated parameters counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call<'a> {
    pub account: Cow<'a, str>,
    pub event: Cow<'a, str>,
    pub value: Cow<'a, str>,
    /// `email`, `id`, `hmac`, and properties of the contact.
    pub identity: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Call<'a> {
    #[must_use]
    pub fn of_query(query: &'a str) -> Self {
        let mut call = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match name.as_ref() {
                "_a" => &mut call.account,
                "_n" => &mut call.event,
                "_m" => &mut call.value,
                _ => {
                    call.identity.push((name, value));
                    continue;
                }
            };
            if field.is_empty() {
                *field = value;
            }
        }
        call
    }
}

/// Accepts a call. Returns after the commit that put it on disk.
pub async fn accept(app: &App, call: Call<'_>) -> Outcome {
    app.counters.receive(1);
    put(app, vec![read_call(app, &call)]).await
}

/// Reads a call as a hit.
///
/// # Errors
/// Why it is refused.
pub fn read_call(app: &App, call: &Call<'_>) -> Result<Hit, Reason> {
    let now = app.now();
    let id = read::account_id(&call.account)?;
    let account = app.accounts.find(id).ok_or(Reason::UnknownAccount)?;
    let defined = app.definitions.of(id);
    let read = read::completion(&account, &defined, &call.event, &call.value, std::iter::empty());
    let act = read.inspect_err(|reason| app.live.push_refusal(id, now, *reason, String::new()))?;
    let said = identity::read(&call.identity);
    app.counters.cut(said.left_out);
    let checked = identity::check(&account.identity, said, By::Call);
    let hit = Hit::from_program(id, now, act, checked.identity);
    Ok(Hit { identity_check: checked.check, ..hit })
}
