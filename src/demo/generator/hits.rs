//! From planned steps to hits, as accepting would have made them of a browser's beacons.

use serde_json::json;

use crate::base::clock::Millis;
use crate::demo::generator::arrival::{Read, Reader};
use crate::demo::generator::crowd::{Act as Planned, Crowd, From, Step};
use crate::domain::account::{AccountId, Settings};
use crate::domain::campaign::Campaign;
use crate::domain::consent::Consent;
use crate::domain::contact::Identity;
use crate::domain::event::{EventNumber, EventRef};
use crate::domain::hit::{Act, Hit};
use crate::domain::money;
use crate::domain::period::Zone;
use crate::domain::source::Origin;

/// A request of a browser that does not exist.
#[derive(Clone, Debug)]
pub struct Beacon {
    /// When it is due.
    pub at: Millis,
    pub user_agent: &'static str,
    pub body: String,
}

/// Makes hits for an account.
pub(super) struct Maker {
    account: AccountId,
    settings: Settings,
    zone: Zone,
    /// Added to the numbers of visitors in event ids, so that a second history in the same account differs.
    salt: u32,
    reader: Reader,
}

impl Maker {
    pub(super) fn new(account: AccountId, settings: Settings, zone: Zone, salt: u32) -> Self {
        Self { account, settings, zone, salt, reader: Reader::new() }
    }

    /// `None` for a completion of an event that could not be created; and for a visitor without token, of whom there
    /// is none.
    pub(super) fn make(&mut self, crowd: &Crowd, step: &Step) -> Option<Hit> {
        let (site, people) = (&crowd.site, &crowd.people);
        let person = people.find(step.visitor)?;
        let placed = site.page(step.page);
        let at = Millis(step.at);
        let read = match step.from {
            From::Page(before) => Read {
                origin: Origin::Internal { entrance: placed.entrance.clone() },
                campaign: Campaign::default(),
                referrer: site.page(before).url.clone(),
            },
            From::Outside(arrival) => {
                let month = self.month(at);
                let settings = &self.settings;
                self.reader.read(arrival, (step.page, placed), month, |host| {
                    host == placed.page.host || settings.owns_host(host)
                })
            }
        };
        let (act, event_id) = match step.act {
            Planned::View => (Act::PageView, Some(self.event_id(step, step.at))),
            Planned::Engagement { view_at } => {
                let engaged_ms = u32::try_from(step.at - view_at).unwrap_or(0);
                (Act::Engagement { page_view: self.event_id(step, view_at), engaged_ms }, None)
            }
            Planned::Completion { event, value_minor } => {
                (completion(crowd.events.number(event)?, value_minor), Some(self.event_id(step, step.at)))
            }
            Planned::Told { event, value_minor } => {
                let act = completion(crowd.events.number(event)?, value_minor);
                let identity = Identity { properties: Vec::new(), ..people.identity(step.visitor) };
                return Some(Hit::told(self.account, at, act, identity));
            }
        };
        Some(Hit {
            account: self.account,
            received: at,
            at,
            act,
            event_id,
            visitor: Some(person.token.clone()),
            session_number: Some(u32::from(step.visit)),
            foreign_host: !self.settings.owns_host(&placed.page.host),
            page: placed.page.clone(),
            title: placed.title.clone(),
            referrer: read.referrer,
            campaign: read.campaign,
            origin: read.origin,
            screen: person.screen,
            language: person.language.to_owned(),
            device: person.device.clone(),
            country: person.country.to_owned(),
            region: String::new(),
            consent: person.consent,
            policy: 0,
            identity: if step.signs_up { people.identity(step.visitor) } else { Identity::default() },
            live: 0,
        })
    }

    /// What a browser would send for it, in the form of `POST /collect`.
    /// `None` for what no browser sends.
    pub(super) fn beacon(&self, crowd: &Crowd, step: &Step) -> Option<Beacon> {
        let (site, people) = (&crowd.site, &crowd.people);
        let person = people.find(step.visitor)?;
        let placed = site.page(step.page);
        let (address, referrer) = match step.from {
            From::Page(before) => (placed.url.clone(), site.page(before).url.clone()),
            From::Outside(arrival) => self.reader.told(arrival, placed, self.month(Millis(step.at))),
        };
        let mut body = json!({
            "a": self.account.0,
            "vi": person.token.as_str(),
            "u": format!("1.{}.0.0.0.{}", person.token.as_str(), step.visit),
            "pu": address,
            "r": referrer,
            "t": placed.title,
            "sd": person.screen_size,
            "ln": person.language,
        });
        let mut put = |name: &str, value: serde_json::Value| {
            if let Some(fields) = body.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        match step.act {
            Planned::View => {
                put("k", json!(1));
                put("id", json!(self.event_id(step, step.at)));
            }
            Planned::Engagement { view_at } => {
                put("k", json!("engagement"));
                put("pv", json!(self.event_id(step, view_at)));
                put("ms", json!(step.at - view_at));
            }
            Planned::Completion { event, value_minor } => {
                put("k", json!(3));
                put("id", json!(self.event_id(step, step.at)));
                put("n", json!(crowd.events.number(event)?.to_string()));
                put("m", json!(money::decimal(value_minor, money::digits(&self.settings.currency))));
            }
            Planned::Told { .. } => return None,
        }
        if person.consent != Consent::POLICY {
            put("cc", json!(person.consent.0));
        }
        if step.signs_up {
            let said = people.identity(step.visitor);
            let mut identity: serde_json::Map<_, _> =
                said.properties.into_iter().map(|(name, value)| (name, json!(value))).collect();
            identity.insert("email".to_owned(), json!(said.email));
            put("i", identity.into());
        }
        Some(Beacon { at: Millis(step.at), user_agent: person.user_agent, body: body.to_string() })
    }

    /// Months since year 0.
    fn month(&self, at: Millis) -> i32 {
        let date = self.zone.civil(at).date();
        i32::from(date.year()) * 12 + i32::from(date.month()) - 1
    }

    /// Ascends with time, as the script's do.
    fn event_id(&self, step: &Step, at: i64) -> String {
        let mut id = String::with_capacity(24);
        for number in [
            u64::try_from(at).unwrap_or(0),
            u64::from(self.salt) + u64::from(step.visitor),
            u64::from(step.visit) * 256 + u64::from(step.place),
        ] {
            push_base36(&mut id, number);
            id.push('-');
        }
        id.pop();
        id
    }
}

fn completion(number: EventNumber, value_minor: i64) -> Act {
    Act::Completion {
        event: EventRef::Id(number),
        value_minor: (value_minor != 0).then_some(value_minor),
        properties: Vec::new(),
    }
}

fn push_base36(text: &mut String, mut number: u64) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let start = text.len();
    loop {
        let digit = usize::try_from(number % 36).ok().and_then(|digit| DIGITS.get(digit));
        text.insert(start, digit.copied().map_or('0', char::from));
        number /= 36;
        if number == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_base_36() {
        let of = |number| {
            let mut text = String::from("x");
            push_base36(&mut text, number);
            text
        };
        assert_eq!(
            (of(0), of(35), of(36), of(u64::MAX)),
            ("x0".into(), "xz".into(), "x10".into(), "x3w5e11264sgsf".into())
        );
    }
}
