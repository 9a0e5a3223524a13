//! The people behind the visits: what does not change from one visit to the next follows from the seed and the
//! visitor's number alone, so that nothing of it need be remembered.

use crate::base::random::Random;
use crate::demo::generator::dice::{Dice, Weighted, rows, weight};
use crate::domain::consent::Consent;
use crate::domain::contact::{Email, Identity};
use crate::domain::device::{Device, DeviceClass};
use crate::domain::screen::ScreenClass;
use crate::domain::visitor::Token;

/// So many visitors in a million mean to sign up for the newsletter, on one of their first visits; fewer do.
const SIGN_UPS: u64 = 34_000;
/// One in so many visitors at most can be asked to.
pub(super) const VISITORS_OF_CONTACT: u64 = 4;
const MILLION: u64 = 1_000_000;
/// So many of these in a thousand do it once more on another device.
const SECOND_DEVICES: u64 = 60;

/// What stays the same of a visitor.
pub(super) struct Person<'a> {
    pub token: Token,
    pub device: &'a Device,
    pub screen: ScreenClass,
    /// As a browser tells it.
    pub screen_size: &'static str,
    pub user_agent: &'static str,
    pub country: &'static str,
    pub language: &'static str,
    pub consent: Consent,
}

/// A line of the table of devices.
struct Machine {
    device: Device,
    screen: ScreenClass,
    screen_size: &'static str,
    user_agent: &'static str,
}

/// Everybody.
pub(super) struct People {
    seed: u64,
    /// Of a million visitors, when so many were asked for: all of them on their first visit.
    sign_ups: Option<u64>,
    devices: Weighted<Machine>,
    places: Weighted<(&'static str, &'static str)>,
    first: Weighted<&'static str>,
    last: Weighted<&'static str>,
    domains: Weighted<&'static str>,
}

impl People {
    /// `contacts` of so many visitors; as many as come about when not given.
    pub(super) fn new(seed: u64, visitors: u64, contacts: Option<u64>) -> Self {
        let sign_ups = contacts.map(|contacts| contacts * MILLION / visitors.max(1));
        let devices = rows(include_str!("data/devices.txt")).filter_map(|row| {
            let [drawn, class, browser, os, screen_size, user_agent] = *row.as_slice() else { return None };
            let class = DeviceClass::ALL.into_iter().find(|known| known.as_str() == class)?;
            let device = Device { class, browser: browser.to_owned(), os: os.to_owned() };
            let screen = ScreenClass::of(screen_size);
            Some((weight(drawn), Machine { device, screen, screen_size, user_agent }))
        });
        let places = rows(include_str!("data/places.txt")).filter_map(|row| {
            let [drawn, country, language] = row.as_slice() else { return None };
            Some((weight(drawn), (*country, *language)))
        });
        let words = |what: &'static str| {
            let found = rows(include_str!("data/people.txt")).filter(move |row| row.first() == Some(&what));
            Weighted::new(found.filter_map(|row| Some((1, *row.get(1)?))))
        };
        Self {
            seed,
            sign_ups,
            devices: Weighted::new(devices),
            places: Weighted::new(places),
            first: words("first"),
            last: words("last"),
            domains: words("domain"),
        }
    }

    fn dice(&self, visitor: u32, what: u64) -> Dice {
        Dice::of(self.seed, (u64::from(visitor) << 8) | what)
    }

    /// `None` never: a token of the random source is one.
    pub(super) fn find(&self, visitor: u32) -> Option<Person<'_>> {
        let dice = self.dice(visitor, 1);
        let Machine { device, screen, screen_size, user_agent } = dice.pick(&self.devices);
        let (country, language) = *dice.pick(&self.places);
        let consent = match dice.below(20) {
            0..=6 => Consent(15),
            7..=8 => Consent(Consent::NECESSARY | Consent::ANALYTICS),
            _ => Consent::POLICY,
        };
        let token = Token::parse(&dice.source().token())?;
        Some(Person { token, device, screen: *screen, screen_size, user_agent, country, language, consent })
    }

    /// The visit (from 1 up) on which somebody signs up for the newsletter.
    pub(super) fn signs_up(&self, visitor: u32) -> Option<u16> {
        let dice = self.dice(visitor, 2);
        let is_one = dice.below(MILLION) < self.sign_ups.unwrap_or(SIGN_UPS);
        let visit = if self.sign_ups.is_some() { 0 } else { dice.below(3) };
        is_one.then(|| 1 + u16::try_from(visit).unwrap_or(0))
    }

    /// Who he then says he is.
    pub(super) fn identity(&self, visitor: u32) -> Identity {
        let dice = self.dice(visitor, 3);
        // On a second device it is somebody known.
        let person = if dice.chance(SECOND_DEVICES) { visitor / 2 } else { visitor };
        let dice = self.dice(person, 4);
        let (first, last) = (*dice.pick(&self.first), *dice.pick(&self.last));
        let email = format!("{first}.{last}{person}@{}", dice.pick(&self.domains));
        let properties =
            vec![("firstname".to_owned(), first.to_owned()), ("lastname".to_owned(), last.to_owned())];
        Identity { email: Email::parse(&email), properties, ..Identity::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_the_same_person_each_time() {
        let people = People::new(7, 1, None);
        let of = |people: &People, visitor| {
            let person = people.find(visitor).unwrap();
            (person.token.clone(), person.device.clone(), person.country, people.identity(visitor))
        };
        assert_eq!(of(&people, 12), of(&People::new(7, 1, None), 12));
        assert_ne!(of(&people, 12).0, of(&people, 13).0);
        assert_ne!(of(&people, 12).0, of(&People::new(8, 1, None), 12).0);
        let signed: Vec<u32> = (0..10_000).filter(|visitor| people.signs_up(*visitor).is_some()).collect();
        assert!((250..450).contains(&signed.len()), "{}", signed.len());
        assert!(signed.iter().all(|visitor| people.identity(*visitor).email.is_some()));
        let asked = People::new(7, 10_000, Some(2_500));
        let first = (0..10_000).filter(|visitor| asked.signs_up(*visitor) == Some(1)).count();
        assert!((2_350..2_650).contains(&first), "{first}");
    }

    #[test]
    fn user_agents_are_read_as_the_devices_beside_them() {
        for machine in People::new(1, 1, None).devices.things() {
            let read = crate::domain::device::read(machine.user_agent);
            assert_eq!((read.bot, &read.device), (None, &machine.device), "{}", machine.user_agent);
        }
    }

    #[test]
    fn every_line_of_the_tables_is_used() {
        let people = People::new(1, 1, None);
        let lines = |table: &str| table.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(people.devices.things().len(), lines(include_str!("data/devices.txt")));
        assert_eq!(people.places.things().len(), lines(include_str!("data/places.txt")));
        let words = [&people.first, &people.last, &people.domains]
            .map(|words| words.things().len())
            .iter()
            .sum::<usize>();
        assert_eq!(words, lines(include_str!("data/people.txt")));
    }
}
