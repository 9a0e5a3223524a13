//! The people behind the visits. What does not change from one visit to the next follows from the seed and the number
//! of the visitor alone, so nothing of it has to be remembered.

use crate::demo::generator::seeded_random::{RandomStream, WeightedTable, number, rows};

/// This many visitors in a million are willing to sign up for the newsletter, on one of their first visits.
const SIGN_UPS: u64 = 34_000;
/// There can be at most one contact for this many visitors.
pub(super) const VISITORS_PER_CONTACT: u64 = 4;
const MILLION: u64 = 1_000_000;
/// This many in a thousand of them have signed up before, in another browser.
const SECOND_BROWSERS: u64 = 60;
/// The answer to a consent banner, as a mask; empty where there is no banner. 15 allows everything, 3 only what is
/// necessary and analytics.
const CONSENTS: [(u64, &str); 3] = [(7, "15"), (2, "3"), (11, "")];

/// What stays the same of a visitor.
pub(super) struct Visitor {
    pub token: String,
    /// As the browser reports it.
    pub screen: &'static str,
    pub user_agent: &'static str,
    pub country: &'static str,
    pub language: &'static str,
    pub consent: &'static str,
}

/// All visitors.
pub(super) struct Visitors {
    seed: u64,
    /// This many in a million sign up.
    sign_ups: u64,
    /// Everybody signs up on the first visit, so that as many contacts are made as were asked for.
    on_first_visit: bool,
    devices: WeightedTable<(&'static str, &'static str)>,
    countries: WeightedTable<(&'static str, &'static str)>,
    consents: WeightedTable<&'static str>,
    first_names: WeightedTable<&'static str>,
    last_names: WeightedTable<&'static str>,
    mail_domains: WeightedTable<&'static str>,
}

impl Visitors {
    /// About `contacts` of `visitors` sign up; when no number is given, as many as are willing.
    pub(super) fn new(seed: u64, visitors: u64, contacts: Option<u64>) -> Self {
        let devices = rows(include_str!("data/devices.txt")).filter_map(|row| match *row.as_slice() {
            [weight, _class, _browser, _os, screen, user_agent] => {
                Some((number(weight), (screen, user_agent)))
            }
            _ => None,
        });
        let countries = rows(include_str!("data/countries.txt")).filter_map(|row| match *row.as_slice() {
            [weight, country, language] => Some((number(weight), (country, language))),
            _ => None,
        });
        let names = |kind: &'static str| {
            let found = rows(include_str!("data/names.txt")).filter(move |row| row.first() == Some(&kind));
            WeightedTable::new(found.filter_map(|row| Some((1, *row.get(1)?))))
        };
        Self {
            seed,
            sign_ups: contacts.map_or(SIGN_UPS, |contacts| contacts * MILLION / visitors.max(1)),
            on_first_visit: contacts.is_some(),
            devices: WeightedTable::new(devices),
            countries: WeightedTable::new(countries),
            consents: WeightedTable::new(CONSENTS),
            first_names: names("first"),
            last_names: names("last"),
            mail_domains: names("domain"),
        }
    }

    fn random(&self, visitor: u32, purpose: u64) -> RandomStream {
        RandomStream::new(self.seed, (u64::from(visitor) << 8) | purpose)
    }

    pub(super) fn find(&self, visitor: u32) -> Visitor {
        let random = self.random(visitor, 1);
        let (screen, user_agent) = random.pick(&self.devices);
        let (country, language) = random.pick(&self.countries);
        let consent = random.pick(&self.consents);
        Visitor { token: random.token(), screen, user_agent, country, language, consent }
    }

    /// The visit, from 1 up, on which a visitor signs up for the newsletter.
    pub(super) fn sign_up_visit(&self, visitor: u32) -> Option<u16> {
        let random = self.random(visitor, 2);
        let is_willing = random.below(MILLION) < self.sign_ups;
        let visit = if self.on_first_visit { 0 } else { random.below(3) };
        is_willing.then(|| 1 + u16::try_from(visit).unwrap_or(0))
    }

    /// What a visitor enters when signing up: names and values.
    pub(super) fn identity(&self, visitor: u32) -> [(&'static str, String); 3] {
        let is_known = self.random(visitor, 3).chance(SECOND_BROWSERS);
        let person = if is_known { visitor / 2 } else { visitor };
        let random = self.random(person, 4);
        let (first, last) = (random.pick(&self.first_names), random.pick(&self.last_names));
        let email = format!("{first}.{last}{person}@{}", random.pick(&self.mail_domains));
        [("email", email), ("firstname", first.to_owned()), ("lastname", last.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client_hints::ClientHints;
    use crate::domain::contact::Email;

    #[test]
    fn a_visitor_is_the_same_person_each_time() {
        let visitors = Visitors::new(7, 1, None);
        let of = |visitors: &Visitors, visitor| {
            let found = visitors.find(visitor);
            (found.token, found.user_agent, found.country, visitors.identity(visitor))
        };
        assert_eq!(of(&visitors, 12), of(&Visitors::new(7, 1, None), 12));
        assert_ne!(of(&visitors, 12).0, of(&visitors, 13).0);
        assert_ne!(of(&visitors, 12).0, of(&Visitors::new(8, 1, None), 12).0);
        let signed: Vec<u32> =
            (0..10_000).filter(|visitor| visitors.sign_up_visit(*visitor).is_some()).collect();
        assert!((250..450).contains(&signed.len()), "{}", signed.len());
        assert!(signed.iter().all(|visitor| Email::parse(&visitors.identity(*visitor)[0].1).is_some()));
        let asked = Visitors::new(7, 10_000, Some(2_500));
        let first = (0..10_000).filter(|visitor| asked.sign_up_visit(*visitor) == Some(1)).count();
        assert!((2_350..2_650).contains(&first), "{first}");
    }

    #[test]
    fn user_agents_are_read_as_the_devices_beside_them() {
        for row in rows(include_str!("data/devices.txt")) {
            let read = crate::domain::device::read(row[5], &ClientHints::default());
            let device = (read.device.class.as_str(), &*read.device.browser, &*read.device.os);
            assert_eq!((read.bot, device), (None, (row[1], row[2], row[3])), "{}", row[5]);
        }
    }

    #[test]
    fn every_row_of_the_tables_is_used() {
        let visitors = Visitors::new(1, 1, None);
        assert_eq!(visitors.devices.items().len(), rows(include_str!("data/devices.txt")).count());
        assert_eq!(visitors.countries.items().len(), rows(include_str!("data/countries.txt")).count());
        let names = [&visitors.first_names, &visitors.last_names, &visitors.mail_domains];
        let names: usize = names.iter().map(|names| names.items().len()).sum();
        assert_eq!(names, rows(include_str!("data/names.txt")).count());
    }
}
