//! Requests as browsers send them. There are 20,000 different ones, and each gets an event id of its own whenever it is
//! sent.

use std::fmt::Write;

use crate::base::random::{Random, SeededRandom};
use crate::domain::account::AccountId;

/// Number of different requests.
const DIFFERENT: u64 = 20_000;
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
}

impl What {
    /// Its name in tables.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::PageViews => "page views",
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
fn view_id(number: u64) -> String {
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
    (0..DIFFERENT)
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
        What::PageViews => "1".to_owned(),
        What::InventedNames => format!("3,\"n\":\"invented {ID_MARK}\",\"m\":1"),
        What::LateEngagements => {
            format!("\"engagement\",\"pv\":\"{}\",\"ms\":\"{ID_MARK}\"", view_id(index + 1))
        }
    };
    let body = format!(
        "{{\"a\":{account},\"k\":{kind},\"id\":\"{ID_MARK}\",\"age\":12,\"vi\":\"{token}\",\
         \"u\":\"226818242.{token}.{now}.{now}.{now}.1\",\"b\":\"226818242.1.{now}\",\"nc\":false,\
         \"pu\":\"https://www.example.com/guides/page-{page}?ref=menu\",\"t\":\"Guide number {page} of Example\",\
         \"r\":\"{referrer}\",\"sd\":\"1920x1080\",\"ln\":\"en-gb\",\"rcu\":\"https://www.example.com/guides/page-{page}\"}}",
        account = AccountId::FIRST,
    );
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
        for what in [What::PageViews, What::InventedNames, What::LateEngagements] {
            let request = make(what).remove(0);
            for number in [0, 1, u64::MAX] {
                let body = String::from_utf8(request.body(number)).unwrap();
                assert!(body.contains(&format!("\"id\":\"{number:020}\"")), "{body}");
            }
        }
    }
}
