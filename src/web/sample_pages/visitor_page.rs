//! The page for visitors, and the one on which an admin finds a person, from sample data.

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use crate::app::people::find_person::Found;
use crate::app::reports::kept::{Kept, Preview};
use crate::base::clock::DAY;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{Asked, Choice, How, Receipt};
use crate::domain::consent::counting::Counting;
use crate::domain::consent::rule::PolicyType;
use crate::domain::device::DeviceClass;
use crate::domain::retention::Retention;
use crate::domain::tracking::Tracking;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::store::erasure_request::Request;
use crate::web::admin::people::find_person;
use crate::web::admin::settings::privacy::About;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::response::page::Section;
use crate::web::text::EN;
use crate::web::text::visitor_page::of_language;
use crate::web::visitor_page::{Frame, Problem, Shown, page};

const TOKEN: &str = "0f3c9a52e1b84d6fa07712c4d5e6f890";

fn visitor(language: &str, name: &str, number: &str, answer: Result<Option<&Shown>, Problem>) -> String {
    let sites = [name.to_owned(), "shop.example.com".to_owned()];
    let about = About {
        sites: &sites,
        tracking: Tracking { collect_forms: true, ..Tracking::default() },
        counting: Counting { anonymous: true, asked: false },
        rules: &[],
        kept: Retention::of_months(25),
        page: None,
    };
    let frame = Frame {
        account: AccountId::FIRST,
        name,
        about,
        texts: of_language(Some(language), "").unwrap(),
        nonce: "bm9uY2U".to_owned(),
        site: (name == FULL).then_some("www.example.com"),
    };
    page(frame, number, answer).render().unwrap()
}

fn person(name: &str, typed: &str, found: Option<Option<Preview>>, requests: Vec<Request>) -> String {
    let mut layout = named(EN.privacy.person.title, name, Role::Admin);
    layout.section = Some(Section::Settings);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Admin, Tab::Privacy);
    let waiting = if requests.is_empty() { 0 } else { 1_204 };
    let zone = zone();
    let shown = find_person::Shown { zone: &zone, typed, found, requests, waiting, sees_emails: true };
    find_person::page(layout, nav, AccountId::FIRST, shown).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_for_visitors() -> Vec<(&'static str, String)> {
    let kept = Kept { sessions: 12, page_views: 1_204, completions: 3, submissions: 1 };
    let choice = Choice {
        receipt: Receipt([7; 16]),
        at: NOW,
        token: None,
        revision: 3,
        kind: PolicyType::OptInCategories,
        how: How::Save,
        mask: 11,
        language: "nl".to_owned(),
        asked: Asked {
            host: "www.example.com".to_owned(),
            path: "/".to_owned(),
            country: "NL".to_owned(),
            device: DeviceClass::Desktop,
        },
    };
    let open = Shown { kept, has_token: true, choice: Some(choice.clone()), ..Shown::default() };
    let gone = Shown { withdrawn: true, asked: Some(true), ..open.clone() };
    let nothing = Shown { kept: Kept::default(), choice: None, ..open.clone() };
    let refused = Shown { choice: Some(Choice { how: How::Reject, mask: 1, ..choice }), ..Shown::default() };
    let request = |visitor, contact, email: Option<&str>| Request {
        visitor: VisitorNumber(visitor),
        contact,
        email: email.map(str::to_owned),
        at: NOW.plus(-DAY),
    };
    let contact = Preview {
        found: Found::Contact(7),
        email: Some("sanne@example.com".to_owned()),
        kept,
        browsers: 2,
        emails: 1,
        rows: vec![("identification".to_owned(), 4)],
    };
    let browser =
        Preview { found: Found::Visitor(VisitorNumber(12)), email: None, emails: 0, ..contact.clone() };
    let hostile = Preview { email: Some(HOSTILE.to_owned()), ..contact.clone() };
    let asking = vec![
        request(12, None, None),
        request(13, Some(7), Some("sanne@example.com")),
        request(14, Some(8), Some(LONG)),
        request(15, Some(9), Some(HOSTILE)),
        request(16, Some(9), Some(ARABIC)),
    ];
    vec![
        ("visitors-empty", visitor("en", FULL, "", Ok(None))),
        ("visitors-full", visitor("en", FULL, TOKEN, Ok(Some(&open)))),
        ("visitors-dutch", visitor("nl", FULL, TOKEN, Ok(Some(&open)))),
        ("visitors-german", visitor("de", FULL, TOKEN, Ok(Some(&open)))),
        ("visitors-french", visitor("fr", FULL, TOKEN, Ok(Some(&open)))),
        ("visitors-withdrawn", visitor("en", FULL, TOKEN, Ok(Some(&gone)))),
        ("visitors-nothing", visitor("en", FULL, TOKEN, Ok(Some(&nothing)))),
        ("visitors-receipt", visitor("en", FULL, TOKEN, Ok(Some(&refused)))),
        ("visitors-wrong", visitor("en", HOSTILE, HOSTILE, Err(Problem::NotANumber))),
        ("visitors-too-many", visitor("de", LONG, "", Err(Problem::TooMany { seconds: 1 }))),
        ("visitors-refused", visitor("en", ARABIC, TOKEN, Err(Problem::Full))),
        ("person-empty", person(FULL, "", None, Vec::new())),
        ("person-contact", person(FULL, "sanne@example.com", Some(Some(contact)), asking)),
        ("person-visitor", person(FULL, TOKEN, Some(Some(browser)), Vec::new())),
        ("person-nobody", person(FULL, "bob@example.com", Some(None), Vec::new())),
        ("person-hostile", person(HOSTILE, HOSTILE, Some(Some(hostile)), Vec::new())),
    ]
}
