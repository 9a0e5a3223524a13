//! The same counts once more, from the facts alone: slow, plain, and without a line of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use guestlog::base::clock::MINUTE;
use guestlog::domain::question::{Dimension, Filter, Operator};
use guestlog::domain::screen::ScreenClass;

use super::history::{AccountFact, EventFact, Page, SessionFact};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub visitors: BTreeSet<u32>,
    pub sessions: BTreeSet<usize>,
    pub bounces: BTreeSet<usize>,
    pub page_views: u64,
    pub completions: u64,
    pub value_minor: i64,
    pub engaged_ms: u64,
    pub contacts: BTreeSet<i64>,
}

impl Count {
    fn add(&mut self, account: &AccountFact, event: &EventFact) {
        self.contacts.extend(account.contact_of.get(&event.visitor));
        if let Some(place) = event.session {
            let session = &account.sessions[place];
            self.visitors.insert(event.visitor);
            self.sessions.insert(place);
            if session.page_views == 1 && session.completions == 0 && session.engaged_ms < 10_000 {
                self.bounces.insert(place);
            }
        }
        if event.is_view {
            self.page_views += 1;
            self.engaged_ms += u64::from(event.engaged_ms);
        } else {
            self.completions += 1;
            self.value_minor += event.value_minor;
        }
    }
}

/// The matching events of a period.
pub(super) fn matching<'a>(
    account: &'a AccountFact,
    range: &Range<i64>,
    filters: &[Filter],
) -> Vec<&'a EventFact> {
    let events = account.events.iter().filter(|e| range.contains(&e.at_ms));
    events.filter(|e| filters.iter().all(|f| holds(account, e, f))).collect()
}

pub(super) fn total(account: &AccountFact, events: &[&EventFact]) -> Count {
    let mut count = Count::default();
    events.iter().for_each(|event| count.add(account, event));
    count
}

pub(super) fn by_step(account: &AccountFact, events: &[&EventFact], edges: &[i64]) -> Vec<Count> {
    edges
        .windows(2)
        .map(|edge| {
            let inside = events.iter().copied().filter(|e| (edge[0]..edge[1]).contains(&e.at_ms));
            total(account, &inside.collect::<Vec<_>>())
        })
        .collect()
}

/// Groups by the texts of `dimensions`; a page stands for its host and its path.
pub(super) fn by_name(
    account: &AccountFact,
    events: &[&EventFact],
    dimensions: &[Dimension],
) -> BTreeMap<Vec<String>, Count> {
    let mut groups: BTreeMap<Vec<String>, Count> = BTreeMap::new();
    for event in events {
        if event.session.is_none() && is_of_session(dimensions[0]) {
            continue;
        }
        let mut name: Vec<String> = Vec::new();
        for dimension in dimensions {
            match page(account, event, *dimension) {
                Some([host, path, _]) => name.extend([host, path]),
                None => name.push(text(account, event, *dimension)),
            }
        }
        if name.iter().all(String::is_empty) {
            name = vec![String::new()];
        }
        groups.entry(name).or_default().add(account, event);
    }
    groups
}

fn is_of_session(dimension: Dimension) -> bool {
    use Dimension as D;
    !matches!(dimension, D::Page | D::Host | D::Event | D::Tag | D::Consent | D::ConsentOrigin | D::Contact)
}

fn page(account: &AccountFact, event: &EventFact, dimension: Dimension) -> Option<Page> {
    let session = event.session.map(|place| &account.sessions[place]);
    match dimension {
        Dimension::Page => Some(event.page.clone()),
        Dimension::EntryPage => Some(session.map(|s| s.entry.clone()).unwrap_or_default()),
        Dimension::ExitPage => {
            let is_over = |s: &&SessionFact| account.now.0 - s.last_ms >= 30 * MINUTE;
            Some(session.filter(is_over).map(|s| s.last_page.clone()).unwrap_or_default())
        }
        _ => None,
    }
}

/// Where a stored consent comes from.
pub(super) fn origin(consent: u8) -> &'static str {
    ["beacon", "policy", "server"][usize::from(consent >> 4)]
}

fn text(account: &AccountFact, event: &EventFact, dimension: Dimension) -> String {
    use Dimension as D;
    let contact = account.contact_of.get(&event.visitor);
    match dimension {
        D::Host => return event.page[0].clone(),
        D::Event => return event.event.clone(),
        D::Tag => return String::new(),
        D::Consent => return event.consent.1.to_owned(),
        D::ConsentOrigin => return origin(event.consent.0).to_owned(),
        D::Contact => return contact.map(|c| account.contacts[c].clone()).unwrap_or_default(),
        _ => {}
    }
    let Some(place) = event.session else { return String::new() };
    let s = &account.sessions[place];
    let screen = match s.screen {
        ScreenClass::Unknown => "",
        ScreenClass::Small => "< 576",
        ScreenClass::Medium => "576–991",
        ScreenClass::Large => "992–1439",
        ScreenClass::Wide => "1440–1919",
        ScreenClass::Huge => "≥ 1920",
    };
    match dimension {
        D::Source => &s.source[0],
        D::SourceDetail => &s.source[1],
        D::SourceDetail2 => &s.source[2],
        D::Referrer => &s.referrer,
        D::UtmSource => &s.campaign[0],
        D::UtmMedium => &s.campaign[1],
        D::UtmCampaign => &s.campaign[2],
        D::UtmTerm => &s.campaign[3],
        D::UtmContent => &s.campaign[4],
        D::ClickId => s.click_id.key(),
        D::Country => &s.place[0],
        D::Region => &s.place[1],
        D::Device => &s.device[0],
        D::Browser => &s.device[1],
        D::Os => &s.device[2],
        D::Screen => screen,
        D::Language => &s.language,
        D::Company => &s.company,
        D::VisitorType if s.is_new => "new",
        D::VisitorType => "returning",
        D::Suspected if s.suspected => "yes",
        D::Suspected => "no",
        _ => unreachable!("pages and what is of the event come before"),
    }
    .to_owned()
}

fn holds(account: &AccountFact, event: &EventFact, filter: &Filter) -> bool {
    let one = |value: &String| match page(account, event, filter.dimension) {
        Some(page) => page_fits(&page, filter.operator, value),
        None => {
            let seen = text(account, event, filter.dimension);
            let id = account.contact_of.get(&event.visitor).map(ToString::to_string);
            let by_id = filter.dimension == Dimension::Contact && id.as_ref() == Some(value);
            match filter.operator {
                Operator::Is | Operator::IsNot => by_id || seen == stored(filter.dimension, value),
                _ if value.is_empty() => seen.is_empty(),
                Operator::Contains | Operator::DoesNotContain => lower(&seen).contains(&lower(value)),
                Operator::StartsWith => lower(&seen).starts_with(&lower(value)),
            }
        }
    };
    let any = filter.values.iter().any(one);
    match filter.operator {
        Operator::IsNot | Operator::DoesNotContain => !any,
        _ => any,
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn stored(dimension: Dimension, value: &str) -> String {
    use Dimension as D;
    match dimension {
        D::Country | D::Source => value.to_uppercase(),
        // These are kept in lower case, so a typed one means that.
        D::Host
        | D::Device
        | D::VisitorType
        | D::Suspected
        | D::Consent
        | D::ConsentOrigin
        | D::Contact
        | D::Language
        | D::ClickId => lower(value),
        _ => value.to_owned(),
    }
}

/// A page is kept without the slash at the end of its path, and a typed one means that (rules.md 14).
fn without_last_slash(value: &str) -> String {
    let (path, query) = value.split_at(value.find('?').unwrap_or(value.len()));
    // The path `/` is nothing but a slash, and stays.
    let shorter = path.strip_suffix('/').filter(|shorter| shorter.contains('/'));
    format!("{}{query}", shorter.unwrap_or(path))
}

fn page_fits([host, path, query]: &Page, operator: Operator, value: &str) -> bool {
    let with_query = |text: String| {
        if value.contains('?') && !query.is_empty() { format!("{text}?{query}") } else { text }
    };
    let by_path = value.starts_with('/');
    let whole = with_query(format!("{host}{path}"));
    let subject = if by_path { with_query(path.clone()) } else { whole.clone() };
    match operator {
        _ if value.is_empty() => whole.is_empty(),
        Operator::Is | Operator::IsNot if by_path => subject == without_last_slash(value),
        Operator::Is | Operator::IsNot => match without_last_slash(value).split_once('/') {
            Some((host, rest)) => subject == format!("{}/{rest}", lower(host)),
            None => subject == lower(value),
        },
        Operator::Contains | Operator::DoesNotContain => lower(&whole).contains(&lower(value)),
        Operator::StartsWith => lower(&subject).starts_with(&lower(value)),
    }
}
