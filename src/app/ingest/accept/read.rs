//! Turns one beacon into a hit: each field is checked, cut or refused by rules.md 2 to 8.

use std::borrow::Cow;

use super::beacon::Beacon;
use super::identity::{self, By};
use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::app::state::definition_cache::AccountEvents;
use crate::base::clock::Millis;
use crate::base::random::Random;
use crate::domain::account::AccountId;
use crate::domain::addresses::{Addresses, Sent};
use crate::domain::consent::Consent;
use crate::domain::contact::{Email, PROPERTY_VALUE_MAX};
use crate::domain::event::{self, EventRef, NAME_MAX};
use crate::domain::form::{self, FormKey, Submission, Way};
use crate::domain::hit::{AGE_MAX, Act, ENGAGED_MAX, EVENT_ID_MAX, Hit, TITLE_MAX, Value};
use crate::domain::hit_reason::Reason;
use crate::domain::language::LANGUAGE_MAX;
use crate::domain::page::{Invalid, Page};
use crate::domain::screen::{SCREEN_MAX, ScreenClass};
use crate::domain::scrub::{Emails, REFERRER_MAX};
use crate::domain::text::{cut, is_longer};
use crate::domain::visitor::{Token, read_hstc};
use crate::domain::{device::Device, language, money, scrub, value_property};

pub(super) fn account_id(text: &str) -> Result<AccountId, Reason> {
    text.parse().map(AccountId).map_err(|_| Reason::Malformed)
}

/// rules.md 3
pub(super) fn act(account: &Account, defined: &AccountEvents, beacon: &Beacon<'_>) -> Result<Act, Reason> {
    match &*beacon.kind {
        "1" => Ok(Act::PageView),
        "3" | "ptbe" => completion(
            account,
            defined,
            &beacon.event,
            &beacon.value,
            beacon.properties.iter().map(|(name, value)| (&**name, &**value)),
        ),
        "engagement" => {
            let engaged: i64 = beacon.engaged_ms.parse().map_err(|_| Reason::Malformed)?;
            let id_fits = !beacon.page_view.is_empty() && beacon.page_view.chars().count() <= EVENT_ID_MAX;
            if !id_fits || engaged < 0 {
                return Err(Reason::Malformed);
            }
            let engaged_ms = u32::try_from(engaged.min(ENGAGED_MAX)).unwrap_or(u32::MAX);
            Ok(Act::Engagement { page_view: beacon.page_view.clone().into_owned(), engaged_ms })
        }
        "form" if account.tracking().collect_forms => collected_form(beacon),
        _ => Err(Reason::UnsupportedKind),
    }
}

/// A form that the script noticed. Whatever it sends, only fields that are safe are read. One without an email says
/// nothing of a person (rules.md 33).
fn collected_form(beacon: &Beacon<'_>) -> Result<Act, Reason> {
    let mut fields: Vec<(String, String)> = Vec::with_capacity(form::COLLECTED.len());
    for (name, value) in &beacon.properties {
        let name = name.to_lowercase();
        let is_new = !fields.iter().any(|(known, _)| *known == name);
        let fits = !is_longer(value, form::COLLECTED_VALUE_MAX) && !form::is_number_of_card(value);
        if !form::COLLECTED.contains(&&*name) || !is_new || !fits {
            continue;
        }
        let kept = cut(&scrub::kept_text(value, Emails::Kept), form::COLLECTED_VALUE_MAX);
        if !kept.trim().is_empty() {
            fields.push((name, kept.trim().to_owned()));
        }
    }
    let email = fields.iter().find(|(name, _)| name == "email");
    email.and_then(|(_, value)| Email::parse(value)).ok_or(Reason::Malformed)?;
    let path = Page::recorded(&beacon.page_url, None, None).map(|recorded| recorded.page.path);
    let key = FormKey::of_text(&beacon.event).unwrap_or_else(|| FormKey::of_page(&path.unwrap_or_default()));
    let (way, consent_text) = (Way::Script, String::new());
    Ok(Act::Submission(Box::new(Submission { form: key, way, fields, consent_text })))
}

/// A completion of an event (rules.md 19, 21). An id that belongs to no event is refused at once; the fold decides
/// about names.
pub(super) fn completion<'p>(
    account: &Account,
    defined: &AccountEvents,
    id_or_name: &str,
    value: &str,
    sent: impl Iterator<Item = (&'p str, &'p str)> + Clone,
) -> Result<Act, Reason> {
    // A name that a site has put together may hold a secret. One that an editor has chosen is as it should be.
    let kept = scrub::kept_text(id_or_name, Emails::Masked);
    let is_changed = kept != id_or_name;
    let name = if is_changed && defined.has_name(id_or_name.trim()) { id_or_name } else { &*kept };
    let event = match name.trim() {
        "" => return Err(Reason::Malformed),
        long if long.chars().count() > NAME_MAX => return Err(Reason::TooLarge),
        event => EventRef::parse(event).ok_or(Reason::UnknownEvent)?,
    };
    if let EventRef::Id(number) = &event
        && defined.find(*number).is_none()
    {
        return Err(Reason::UnknownEvent);
    }
    let mut properties = event::properties(sent.clone()).ok_or(Reason::TooLarge)?;
    let currency = &account.settings().currency;
    let value = match value.trim() {
        "" => match defined.value_property(&event).map(|named| named.value(&properties, currency)) {
            Some(value_property::Found::Minor(minor)) => Value::Minor(minor),
            Some(value_property::Found::Unreadable) => Value::Unreadable,
            Some(value_property::Found::Nothing) | None => Value::Usual,
        },
        value => match money::read(value, currency) {
            Some(minor) => Value::Minor(minor),
            None => {
                // Kept with the completion, so that a person can see what was sent.
                let value = cut(value, PROPERTY_VALUE_MAX);
                let mut marked: Vec<(&str, &str)> = sent.collect();
                marked.push((Reason::BadValue.as_str(), &value));
                properties = event::properties(marked).unwrap_or(properties);
                Value::Unreadable
            }
        },
    };
    Ok(Act::Completion { event, value, properties })
}

/// The hit, still without its device and place.
pub(super) fn hit(
    app: &App,
    account: &Account,
    now: Millis,
    act: Act,
    (consent, policy): (Consent, u32),
    beacon: &Beacon<'_>,
) -> Result<Hit, Reason> {
    let at = time(now, &beacon.age)?;
    let (visitor, session_number) = visitor(beacon, &*app.random)?;
    let canonical = [&beacon.canonical, &beacon.link_canonical].into_iter().find(|url| !url.is_empty());
    let sent = Sent {
        page: &beacon.page_url,
        path: &beacon.path,
        canonical: canonical.map_or("", AsRef::as_ref),
        referrer: &beacon.referrer,
    };
    let addresses = app.addresses.read(account, sent).map_err(|invalid| match invalid {
        Invalid::Long => Reason::TooLarge,
        _ => Reason::Malformed,
    })?;
    let believed = &account.identity;
    let (checked, left_out) = match &act {
        // Who submits a form is whom the form names, whoever the site said before.
        Act::Submission(submission) => {
            let said: Vec<(Cow<'_, str>, Cow<'_, str>)> =
                submission.fields.iter().map(|(name, value)| (name.into(), value.into())).collect();
            let said = identity::read(&said);
            (identity::unless_blocked(believed, said.identity), said.left_out)
        }
        _ => {
            let mut said = identity::read(&beacon.identity);
            let left_out = said.left_out;
            if !account.tracking().contact_properties {
                said.identity.properties.clear();
            }
            (identity::check(believed, said, By::Browser), left_out)
        }
    };
    app.counters.cut(left_out + count_cut(beacon, &addresses));
    Ok(Hit {
        account: account.id(),
        received: now,
        at,
        act,
        event_id: event_id(&beacon.event_id)?,
        visitor: Some(visitor),
        session_number,
        title: cut(&scrub::kept_text(&beacon.title, Emails::Masked), TITLE_MAX),
        page: addresses.page.clone(),
        referrer: addresses.referrer.clone(),
        campaign: addresses.campaign.clone(),
        click_id: addresses.click_id,
        origin: addresses.origin.clone(),
        screen: ScreenClass::of(&beacon.screen),
        language: language::normalise(&beacon.language),
        device: Device::default(),
        country: String::new(),
        region: String::new(),
        consent,
        policy,
        identity: checked.identity,
        identity_check: checked.check,
        live: 0,
        suspected: false,
        foreign_host: addresses.foreign_host,
    })
}

/// How many texts of a beacon are longer than what is kept (rules.md 8).
fn count_cut(beacon: &Beacon<'_>, addresses: &Addresses) -> u64 {
    let cut = [
        is_longer(&beacon.title, TITLE_MAX),
        is_longer(&beacon.screen, SCREEN_MAX),
        is_longer(beacon.language.trim(), LANGUAGE_MAX),
        // It is kept in the form of a URL, in which each character is one byte.
        beacon.referrer.len() > REFERRER_MAX,
    ];
    let cut = cut.into_iter().filter(|cut| *cut).count() + addresses.cut;
    u64::try_from(cut).unwrap_or(u64::MAX)
}

/// The time of receipt minus the age that the script reports (rules.md 6). The clock of a client is never trusted.
fn time(now: Millis, age: &str) -> Result<Millis, Reason> {
    let age: i64 = match age {
        "" => 0,
        text => {
            text.parse::<f64>().ok().filter(|a| a.is_finite() && *a >= 0.0).ok_or(Reason::Malformed)? as i64
        }
    };
    if age > AGE_MAX {
        return Err(Reason::TooOld);
    }
    Ok(now.plus(-age))
}

/// rules.md 5
fn event_id(text: &str) -> Result<Option<String>, Reason> {
    if text.is_empty() {
        return Ok(None);
    }
    let fits = text.chars().count() <= EVENT_ID_MAX && !text.chars().any(char::is_control);
    if fits { Ok(Some(text.to_owned())) } else { Err(Reason::Malformed) }
}

/// The token is in `vi`, or in the cookie `u`, which also holds the number of the session. A hit with neither belongs
/// to a visitor who cannot be recognised again; HubSpot's script sends such hits where nothing may be stored in the
/// browser.
fn visitor(beacon: &Beacon<'_>, random: &dyn Random) -> Result<(Token, Option<u32>), Reason> {
    let number = read_hstc(&beacon.hstc).map(|(_, number)| number);
    match token(beacon) {
        Some(token) => Ok((token, number)),
        None if beacon.token.is_empty() => {
            Token::parse(&random.token()).map(|token| (token, None)).ok_or(Reason::Malformed)
        }
        None => Err(Reason::Malformed),
    }
}

/// The token that a beacon carries; `None` when it carries none, or one that is none.
pub(super) fn token(beacon: &Beacon<'_>) -> Option<Token> {
    match &*beacon.token {
        "" => read_hstc(&beacon.hstc).and_then(|(token, _)| Token::parse(token)),
        text => Token::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    /// rules.md 6
    #[test]
    fn the_age_is_taken_up_to_a_day_and_refused_past_it() {
        let now = Millis(10 * DAY);
        assert_eq!(time(now, ""), Ok(now));
        assert_eq!(time(now, "1500"), Ok(now.plus(-1500)));
        assert_eq!(time(now, &AGE_MAX.to_string()), Ok(now.plus(-AGE_MAX)));
        assert_eq!(time(now, &(AGE_MAX + 1).to_string()), Err(Reason::TooOld));
        for bad in ["-1", "x", "NaN", "inf"] {
            assert_eq!(time(now, bad), Err(Reason::Malformed), "{bad}");
        }
    }

    #[test]
    fn event_ids_are_taken_up_to_64_characters() {
        assert!(event_id(&"a".repeat(EVENT_ID_MAX)).is_ok());
        assert_eq!(event_id(&"a".repeat(EVENT_ID_MAX + 1)), Err(Reason::Malformed));
        assert_eq!(event_id(""), Ok(None));
    }
}
