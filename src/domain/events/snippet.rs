//! What a user has to install for an event: lines for the code of a site, or an address that programs call. The pages
//! and the command line show the same.

use super::event::{Definition, EventKind, EventNumber};
use crate::domain::account::AccountId;
use crate::domain::money;

/// The lines for the code of a site, in the form HubSpot's users know, with the event's own value as an example.
/// `digits` are the decimal places of the account's currency. Returns `None` for events that no code of the site
/// reports.
#[must_use]
pub fn lines(number: EventNumber, event: &Definition, digits: u32) -> Option<String> {
    let value = match event.value_minor {
        0 => "0".to_owned(),
        minor => money::decimal(minor, digits),
    };
    let queue = "var _hsq = window._hsq = window._hsq || [];";
    let line = format!("{queue}\n_hsq.push(['trackEvent', {{id: '{number}', value: {value}}}]);");
    (event.kind == EventKind::Custom).then_some(line)
}

/// The address that programs call. `origin` is the scheme and host under which they reach the server. Returns `None`
/// for events that the script or the server finds without help.
#[must_use]
pub fn call_url(origin: &str, account: AccountId, number: EventNumber, kind: EventKind) -> Option<String> {
    let is_reported_by_code = matches!(kind, EventKind::Custom | EventKind::Http);
    is_reported_by_code.then(|| format!("{origin}/v1/event?_a={account}&_n={number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_names_the_event_and_what_it_is_worth_and_an_address_has_all_it_needs() {
        let snippet = |kind, value_minor| {
            let event = Definition { value_minor, ..Definition::named("Sign up", kind) };
            lines(EventNumber(1625), &event, 2)
        };
        let line = |value: &str| {
            format!(
                "var _hsq = window._hsq = window._hsq || [];\n\
                 _hsq.push(['trackEvent', {{id: '000000001625', value: {value}}}]);"
            )
        };
        assert_eq!(snippet(EventKind::Custom, 0), Some(line("0")));
        assert_eq!(snippet(EventKind::Custom, 1999), Some(line("19.99")));
        let call = |kind| call_url("https://stats.test", AccountId::FIRST, EventNumber(1625), kind);
        let address = "https://stats.test/v1/event?_a=1000001&_n=000000001625";
        for kind in [EventKind::Custom, EventKind::Http] {
            assert_eq!(call(kind).as_deref(), Some(address));
        }
        for kind in [EventKind::Click, EventKind::Form, EventKind::Visit] {
            assert_eq!((snippet(kind, 1999), call(kind)), (None, None), "{kind:?}");
        }
        assert_eq!(snippet(EventKind::Http, 0), None);
    }
}
