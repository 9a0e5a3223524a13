//! Requests as browsers send them. There are 20,000 different ones, and each gets an event id of its own whenever it is
//! sent.

use std::fmt::Write;

use crate::base::random::{Random, SeededRandom};
use crate::domain::account::AccountId;

/// Number of different requests, and of those that are long.
const DIFFERENT: u64 = 20_000;
const DIFFERENT_LONG: u64 = 200;
/// Bytes of a long address, and of a large body.
const LONG_ADDRESS: usize = 7_000;
const LARGE_BODY: usize = 64 * 1024 - 1;
/// Properties that a completion is sent with.
const PROPERTIES: usize = 20;
/// The event id, a decimal number, is written over this whenever a request is sent.
const ID_MARK: &str = "00000000000000000000";

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
];
const REFERRERS: &[&str] = &[
    "",
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://news.example.org/stories/2026/11/a-long-read",
    "https://www.linkedin.com/feed/",
];

/// The kind of hit that the requests carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    PageViews,
    /// Completions of events that nobody created, each with a name that was never sent before.
    InventedNames,
    /// Ever longer times for which page views of a closed day were visible. The page views have the ids `view_id`.
    LateEngagements,
    /// Page views, each of a visitor who was never seen before.
    NewVisitors,
    /// Page views that identify a contact who was never seen before, with a property of a new name.
    NewContacts,
    /// Completions with properties of new names and values.
    NewProperties,
    /// Page views of pages that were never seen before, with an address of 7,000 bytes.
    LongAddresses,
    /// Page views in bodies that are as large as they may be.
    LargeBodies,
}

impl What {
    #[cfg(test)]
    const ALL: [Self; 8] = [
        Self::PageViews,
        Self::InventedNames,
        Self::LateEngagements,
        Self::NewVisitors,
        Self::NewContacts,
        Self::NewProperties,
        Self::LongAddresses,
        Self::LargeBodies,
    ];

    /// Its name in tables.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::PageViews => "page views",
            Self::NewVisitors => "page views of new visitors",
            Self::NewContacts => "page views of new contacts with new properties",
            Self::NewProperties => "completions with new properties",
            Self::LongAddresses => "page views of new pages with addresses of 7,000 bytes",
            Self::LargeBodies => "page views in bodies of 64 KiB",
            Self::InventedNames => "completions of invented names",
            Self::LateEngagements => "late engagements",
        }
    }
}

/// One request, and the places of its event id. The name of an invented event contains the id too.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    ids_at: Vec<usize>,
}

impl Request {
    /// Writes the request with event id `number` to `out`.
    pub(super) fn write(&self, number: u64, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes);
        let id = view_id(number);
        for at in &self.ids_at {
            if let Some(mark) = out.get_mut(*at..at + ID_MARK.len()) {
                mark.copy_from_slice(id.as_bytes());
            }
        }
    }
}

/// The event id of the request with this number.
pub(super) fn view_id(number: u64) -> String {
    format!("{number:020}")
}

impl Request {
    /// The body with event id `number`.
    pub(super) fn body(&self, number: u64) -> Vec<u8> {
        let mut whole = Vec::new();
        self.write(number, &mut whole);
        let head = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
        whole.split_off(head)
    }
}

/// Makes the requests, which are the same in every run. Those of all kinds come from the same visitors.
#[must_use]
pub(super) fn make(what: What) -> Vec<Request> {
    let random = SeededRandom::new(1);
    let pick = |count: usize| usize::try_from(random.next_u64() % count.max(1) as u64).unwrap_or(0);
    let tokens: Vec<String> = {
        let of = SeededRandom::new(2);
        (0..5_000).map(|_| of.token()).collect()
    };
    let different = match what {
        What::LongAddresses | What::LargeBodies => DIFFERENT_LONG,
        _ => DIFFERENT,
    };
    (0..different)
        .map(|index| {
            let token = tokens.get(pick(tokens.len())).map_or("", String::as_str);
            let agent = AGENTS.get(pick(AGENTS.len())).copied().unwrap_or_default();
            let referrer = REFERRERS.get(pick(REFERRERS.len())).copied().unwrap_or_default();
            // A few pages get most of the views.
            let page = pick(40) * pick(40) / 4;
            request(what, index, (token, agent, referrer), page)
        })
        .collect()
}

fn request(what: What, index: u64, (token, agent, referrer): (&str, &str, &str), page: usize) -> Request {
    let now = "1795370000000";
    let kind = match what {
        What::InventedNames => format!("3,\"n\":\"invented {ID_MARK}\",\"m\":1"),
        What::LateEngagements => {
            format!("\"engagement\",\"pv\":\"{}\",\"ms\":\"{ID_MARK}\"", view_id(index + 1))
        }
        What::NewProperties => {
            let pairs: Vec<String> =
                (0..PROPERTIES).map(|n| format!("\"{n}-{ID_MARK}\":\"value {ID_MARK}\"")).collect();
            format!("3,\"n\":\"signup\",\"p\":{{{}}}", pairs.join(","))
        }
        What::NewContacts => {
            format!("1,\"i\":{{\"email\":\"{ID_MARK}@example.org\",\"property {ID_MARK}\":\"1\"}}")
        }
        _ => "1".to_owned(),
    };
    let token = match what {
        What::NewVisitors | What::NewContacts => format!("000000000000{ID_MARK}"),
        _ => token.to_owned(),
    };
    let path = match what {
        What::LongAddresses => format!("{ID_MARK}/{}", "long-".repeat(LONG_ADDRESS / 5)),
        _ => format!("page-{page}"),
    };
    let mut body = format!(
        "{{\"a\":{account},\"k\":{kind},\"id\":\"{ID_MARK}\",\"age\":12,\"vi\":\"{token}\",\
         \"u\":\"226818242.{token}.{now}.{now}.{now}.1\",\"b\":\"226818242.1.{now}\",\"nc\":false,\
         \"pu\":\"https://www.example.com/guides/{path}?ref=menu\",\"t\":\"Guide number {page} of Example\",\
         \"r\":\"{referrer}\",\"sd\":\"1920x1080\",\"ln\":\"en-gb\",\"cc\":15",
        account = AccountId::FIRST,
    );
    match what {
        What::LongAddresses => {}
        _ => body.push_str(&format!(",\"rcu\":\"https://www.example.com/guides/{path}\"")),
    }
    if what == What::LargeBodies {
        let filling = LARGE_BODY.saturating_sub(body.len() + 8);
        body.push_str(&format!(",\"x\":\"{}\"", "x".repeat(filling)));
    }
    body.push('}');
    let mut text = String::new();
    let _ = write!(
        text,
        "POST /collect HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\
         Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nOrigin: https://www.example.com\r\n\
         Referer: https://www.example.com/\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len(),
    );
    let ids_at = text.match_indices(ID_MARK).map(|(at, _)| at).collect();
    Request { bytes: text.into_bytes(), ids_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_room_in_a_request() {
        for what in What::ALL {
            let request = make(what).remove(0);
            for number in [0, 1, u64::MAX] {
                let body = String::from_utf8(request.body(number)).unwrap();
                assert!(body.contains(&format!("\"id\":\"{number:020}\"")), "{body}");
            }
        }
    }
}
