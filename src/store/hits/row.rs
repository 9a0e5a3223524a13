//! The row of a hit in the inbox, in packed form (see `packed`). Dead letters are kept in the same form. Rows may wait
//! while the program is replaced by a newer one.

use super::packed::Form;
use crate::domain::contact::IdentityCheck;
use crate::domain::hit::Hit;
use crate::store::error::Error;

/// The id of a dead letter that is to be folded again, 8 bytes.
const LETTER: u8 = 0;
/// A hit.
const HIT: Form = Form { name: "the row of a hit", first_byte: 2, usual_bytes: 384 };
/// A hit from before identities were checked: the same without its last byte.
const UNCHECKED: u8 = 1;

/// # Errors
/// `Unreadable`, which no hit that passed the rules is.
pub fn of_hit(hit: &Hit) -> Result<Vec<u8>, Error> {
    HIT.pack(hit)
}

#[must_use]
pub fn of_letter(id: i64) -> Vec<u8> {
    [&[LETTER][..], &id.to_le_bytes()].concat()
}

/// The dead letter that a row names; `None` when it is none of these rows.
#[must_use]
pub fn letter(row: &[u8]) -> Option<i64> {
    let (LETTER, id) = row.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    id.try_into().ok().map(i64::from_le_bytes)
}

/// # Errors
/// `Unreadable` when the row is no hit. The text of the error quotes nothing of the row.
pub fn hit(row: &[u8]) -> Result<Hit, Error> {
    match row.split_first() {
        Some((&UNCHECKED, rest)) => {
            HIT.unpack(&[&[HIT.first_byte], rest, &[IdentityCheck::Asserted as u8]].concat())
        }
        _ => HIT.unpack(row),
    }
}

/// Whether a row that cannot be read contains the token. Texts stand behind their length, so a longer token that contains
/// this one is another.
#[must_use]
pub fn contains_text(row: &[u8], text: &str) -> bool {
    let Ok(length) = u8::try_from(text.len()) else { return false };
    let written = [&[length], text.as_bytes()].concat();
    row.windows(written.len()).any(|part| part == written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Millis;
    use crate::domain::account::AccountId;
    use crate::domain::campaign::Campaign;
    use crate::domain::click_id::ClickId;
    use crate::domain::consent::Consent;
    use crate::domain::contact::{Email, Identity};
    use crate::domain::device::{Device, DeviceClass};
    use crate::domain::event::EventRef;
    use crate::domain::form::{FormKey, Submission, Way};
    use crate::domain::hit::{Act, Value};
    use crate::domain::page::Page;
    use crate::domain::screen::ScreenClass;
    use crate::domain::source::Origin;
    use crate::domain::visitor::Token;

    /// The row of `full_hit`.
    const ROW: &str = "0282897a80faa0c6c06880faa0c6c0680201054f72646572019e1f0106636f6c6f75720372656401026531010361\
        646101030b6578616d706c652e636f6d022f6103623d630541202620421768747470733a2f2f7777772e676f6f67\
        6c652e636f6d2f036f6e650374776f05746872656504666f7572046669766509000d6578616d706c652e636f6d2f\
        610405656e2d6762010746697265666f7807416e64726f6964024e4c0255540fac02010f616461406578616d706c\
        652e636f6d0101370103626f62010966697273746e616d6503416461f0a204010001";

    /// A hit in which every field has a value of its own.
    fn full_hit() -> Hit {
        let act = Act::Completion {
            event: EventRef::Name("Order".to_owned()),
            value: Value::Minor(1_999),
            properties: vec![("colour".to_owned(), "red".to_owned())],
        };
        let identity = Identity {
            email: Email::parse("ada@example.com"),
            external_id: Some("7".to_owned()),
            other_token: Token::parse("bob"),
            properties: vec![("firstname".to_owned(), "Ada".to_owned())],
        };
        let mut hit = Hit::from_program(AccountId::FIRST, Millis(1_795_370_000_000), act, identity);
        hit.event_id = Some("e1".to_owned());
        hit.visitor = Token::parse("ada");
        hit.session_number = Some(3);
        let text = str::to_owned;
        hit.page = Page { host: text("example.com"), path: text("/a"), query: text("b=c") };
        hit.title = text("A & B");
        hit.referrer = text("https://www.google.com/");
        hit.campaign = Campaign {
            source: text("one"),
            medium: text("two"),
            campaign: text("three"),
            term: text("four"),
            content: text("five"),
        };
        hit.click_id = ClickId(9);
        hit.origin = Origin::Internal { entrance: text("example.com/a") };
        hit.screen = ScreenClass::Wide;
        hit.language = text("en-gb");
        hit.device = Device { class: DeviceClass::Mobile, browser: text("Firefox"), os: text("Android") };
        (hit.country, hit.region) = (text("NL"), text("UT"));
        (hit.consent, hit.policy, hit.live) = (Consent(15), 300, 70_000);
        hit.suspected = true;
        hit.identity_check = IdentityCheck::Verified;
        hit
    }

    /// The row of a submitted form in which every field has a value of its own.
    const FORM_ROW: &str = "0282897a80faa0c6c06880faa0c6c0680307636f6e74616374010104636974790544656c6674027b7d000103\
        616461000000000000000000000000010909414e414c595449435300000003000000002000010f6164614065\
        78616d706c652e636f6d00000000000000";

    fn submission() -> Hit {
        let submission = Submission {
            form: FormKey::parse("contact").unwrap(),
            way: Way::Token,
            fields: vec![("city".to_owned(), "Delft".to_owned())],
            consent_text: "{}".to_owned(),
        };
        let identity = Identity { email: Email::parse("ada@example.com"), ..Identity::default() };
        let act = Act::Submission(Box::new(submission));
        let mut hit = Hit::from_program(AccountId::FIRST, Millis(1_795_370_000_000), act, identity);
        hit.visitor = Token::parse("ada");
        hit
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let form = of_hit(&submission()).unwrap();
        assert_eq!(super::hit(&form).unwrap(), submission());
        let hit = full_hit();
        let row = of_hit(&hit).unwrap();
        assert_eq!(super::hit(&row).unwrap(), hit);
        assert_eq!(letter(&row), None);
        for id in [0, 1, 7_000_000_000, i64::MAX] {
            assert_eq!(letter(&of_letter(id)), Some(id));
            assert!(super::hit(&of_letter(id)).is_err());
        }
    }

    /// Rows wait while the program is replaced by a newer one, so their form is fixed.
    #[test]
    fn a_row_of_this_version_is_read_by_every_later_one() {
        for (hit, row) in [(full_hit(), ROW), (submission(), FORM_ROW)] {
            let bytes = of_hit(&hit).unwrap();
            let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hexadecimal, row, "a changed form needs a new first byte");
        }
    }

    #[test]
    fn a_row_from_before_identities_were_checked_is_read_as_asserted() {
        for hit in [full_hit(), submission()] {
            let row = of_hit(&hit).unwrap();
            let before = [&[UNCHECKED], &row[1..row.len() - 1]].concat();
            let asserted = Hit { identity_check: IdentityCheck::Asserted, ..hit };
            assert_eq!(super::hit(&before).unwrap(), asserted);
        }
    }

    #[test]
    fn what_is_no_row_is_refused_and_not_quoted() {
        let row = of_hit(&full_hit()).unwrap();
        for length in 0..row.len() {
            assert!(hit(&row[..length]).is_err(), "{length} bytes of {}", row.len());
        }
        let surplus = [&row[..], b"secret"].concat();
        for bad in [&surplus[..], b"{\"a\":\"secret\"}", b"", &[0], &[0, 1, 2], &[2, 3]] {
            let text = hit(bad).unwrap_err().to_string();
            assert!(!text.contains("secret"), "{text}");
            assert_eq!(letter(bad), None);
        }
    }

    #[test]
    fn a_token_is_found_as_a_whole() {
        let row = of_hit(&full_hit()).unwrap();
        let damaged = &row[..row.len() - 3];
        assert!(contains_text(damaged, "ada") && contains_text(damaged, "bob"));
        for other in ["ad", "da", "adabob", ""] {
            assert!(!contains_text(&[3, b'a', b'd', b'a'], other), "{other}");
        }
        assert!(!contains_text(b"\x05xadax", "ada"));
        assert!(!contains_text(b"", "ada"));
    }
}
