//! What each page of consent shows above its content, and who made a revision.

use super::consent_nav::{ConsentNav, Part, path};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::request::guard::Member;
use crate::web::response::page::{Layout, Section};
use crate::web::text::{Texts, fill};

pub(crate) struct Head {
    pub nav: SettingsNav,
    pub parts: ConsentNav,
    pub id: AccountId,
    pub may_change: bool,
}

impl Head {
    /// With the layout of the page.
    pub(crate) fn of(member: &Member, title: &str, current: Part) -> (Layout, Self) {
        let (t, account) = (member.t(), member.account_id());
        let is_admin = member.need(Role::Admin).is_ok();
        let head = Self {
            nav: SettingsNav::over(member, Tab::Consent),
            parts: ConsentNav { t, account, current, is_admin },
            id: account,
            may_change: is_admin,
        };
        (member.layout(title, Section::Settings, ""), head)
    }

    /// The address of a page of consent.
    pub(crate) fn path(&self, page: &str) -> String {
        path(self.id, page)
    }
}

/// `Revision 3, made on … by …`, from a text with `{n}`, `{when}` and `{who}`.
pub(crate) fn made(
    t: &'static Texts,
    text: &str,
    zone: &Zone,
    (number, at, user): (u32, Millis, Option<&str>),
) -> String {
    let when = format::date_time(&t.number, zone, at);
    let who = user.unwrap_or(t.consent.rules.by_machine);
    fill(text, &[("n", &number.to_string()), ("when", &when), ("who", who)])
}
