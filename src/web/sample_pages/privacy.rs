//! The settings page about how long data is kept, from sample data.

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use crate::app::access::retention::Preview;
use crate::base::clock::DAY;
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Counting;
use crate::domain::consent::preset::Preset;
use crate::domain::retention::{Kind, Retention};
use crate::domain::tracking::Tracking;
use crate::domain::user::Role;
use crate::web::admin::settings::privacy::{Shown, page};
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::response::page::Section;
use crate::web::text::EN;

fn of(name: &str, shown: &Shown<'_>) -> String {
    let mut layout = named(EN.privacy.title, name, Role::Owner);
    layout.section = Some(Section::Settings);
    let nav = SettingsNav::of(&EN, AccountId::FIRST, Role::Owner, Tab::Privacy);
    page(layout, nav, AccountId::FIRST, shown).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_privacy() -> Vec<(&'static str, String)> {
    let due = Preview {
        page_views: 1_204_117,
        completions: 1,
        submissions: 0,
        contacts: 12,
        choices: 2_048,
        audit_rows: 3,
    };
    let typed = [(Kind::Visits, HOSTILE.to_owned()), (Kind::Contacts, LONG.to_owned())];
    let hostile = [HOSTILE.to_owned(), LONG.to_owned(), ARABIC.to_owned()];
    let (zone, sites) = (zone(), ["www.example.com".to_owned(), "shop.example.com".to_owned()]);
    let rules = Preset::California.apply(&Preset::Europe.apply(&[]));
    let cookieless = Preset::Cookieless.apply(&[]);
    let whole = Shown {
        zone: &zone,
        now: NOW,
        sites: &sites,
        rules: &rules,
        tracking: Tracking { collect_forms: true, ..Tracking::default() },
        counting: Counting { anonymous: true, asked: false },
        kept: Retention::of_months(25),
        typed: None,
        preview: None,
        doubted_since: None,
        visitors: "stats.example.com/privacy/1000001",
        language: "en",
        may_change: true,
        is_server_admin: true,
    };
    let ahead = Shown { doubted_since: Some(NOW.plus(40 * DAY)), is_server_admin: false, ..whole };
    let kept = Retention { contacts: 1, visits: 0, ..whole.kept };
    vec![
        ("privacy", of(FULL, &whole)),
        ("privacy-admin", of(FULL, &Shown { may_change: false, ..whole })),
        ("privacy-preview", of(FULL, &Shown { preview: Some(due), ..whole })),
        ("privacy-preview-none", of(FULL, &Shown { preview: Some(Preview::default()), ..whole })),
        ("privacy-clock", of(FULL, &Shown { doubted_since: Some(NOW.plus(-400 * DAY)), ..whole })),
        ("privacy-clock-owner", of(FULL, &ahead)),
        ("privacy-german", of(FULL, &Shown { language: "de", kept, ..whole })),
        ("privacy-cookieless", of(FULL, &Shown { rules: &cookieless, ..whole })),
        ("privacy-no-policy", of(FULL, &Shown { rules: &[], ..whole })),
        ("privacy-wrong", of(HOSTILE, &Shown { typed: Some(&typed), ..whole })),
        ("privacy-hostile", of(HOSTILE, &Shown { sites: &hostile, ..whole })),
    ]
}
