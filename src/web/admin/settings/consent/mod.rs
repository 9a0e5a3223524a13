//! The settings of consent, below `/accounts/{id}/settings/consent`: the rules of the policy, presets, the look and the
//! texts of the banner with a preview, and the revisions. Admins change them; editors who may change the website see them.
//!
//! Each form says which revision it was made from. When another one is in force, nothing is saved.

pub mod ask_again;
pub mod banner;
pub mod consent_nav;
pub mod presets;
pub mod preview;
pub mod revisions;
pub mod rule_form;
pub mod rules;
pub mod texts;
pub mod words;

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;
use consent_nav::{ConsentNav, Part};

use crate::app::access::consent::{self, Error};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::policy::Policy;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::consent::Revision;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::paths;
use crate::web::request::form::{Fields, Form};
use crate::web::request::guard::Member;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::text::{Texts, fill};

/// Name of the field with the revision that a form was made from.
pub(crate) const SEEN: &str = "revision";
/// Longest body, bytes: as many of the longest regions or texts as there can be, each byte percent-encoded.
const BODY_MAX: usize = 512 * 1024;

pub(crate) type ConsentForm = Form<Member, BODY_MAX>;

pub fn routes(config: &mut ServiceConfig) {
    rules::routes(config);
    rule_form::routes(config);
    presets::routes(config);
    ask_again::routes(config);
    revisions::routes(config);
    banner::routes(config);
    texts::routes(config);
    preview::routes(config);
}

/// `/accounts/1000001/settings/consent`, or a page below it.
pub(crate) fn path(account: AccountId, page: &str) -> String {
    match page {
        "" => Tab::Consent.path(account),
        page => paths::settings(account, &format!("{}/{page}", Tab::Consent.as_str())),
    }
}

/// What each of these pages shows above its content.
pub(crate) struct Head {
    pub nav: SettingsNav,
    pub parts: ConsentNav,
    pub id: AccountId,
    pub may_change: bool,
}

impl Head {
    /// With the layout of the page.
    fn of(member: &Member, title: &str, current: Part) -> (Layout, Self) {
        let (t, account) = (member.t(), member.account_id());
        let head = Self {
            nav: SettingsNav::over(member, Tab::Consent),
            parts: ConsentNav { t, account, current },
            id: account,
            may_change: member.need(Role::Admin).is_ok(),
        };
        (member.layout(title, Section::Settings, ""), head)
    }

    /// The address of a page of consent.
    fn path(&self, page: &str) -> String {
        path(self.id, page)
    }
}

/// The policy as it is looked at: revision 0 without rules, when there is none.
pub(crate) struct Seen {
    pub revision: u32,
    pub policy: Policy,
}

impl From<Option<&Revision>> for Seen {
    fn from(latest: Option<&Revision>) -> Self {
        latest.map_or_else(
            || Self { revision: 0, policy: Policy::default() },
            |latest| Self { revision: latest.number, policy: latest.policy.clone() },
        )
    }
}

impl Seen {
    /// The policy that a form was made from; `None` when another one is in force meanwhile.
    async fn by(member: &Member, fields: &Fields) -> Result<Option<Self>, WebError> {
        let latest = consent::find(member.app(), member.account_id()).await?;
        let seen = Self::from(latest.as_ref());
        Ok(fields.text(SEEN).parse().is_ok_and(|number: u32| number == seen.revision).then_some(seen))
    }
}

/// How saving ended, as far as the pages tell it apart.
enum Saved {
    Done,
    /// Another revision is in force than the one that was looked at.
    Changed,
    Invalid(crate::domain::consent::policy::Invalid),
}

impl Saved {
    fn of(result: Result<u32, Error>) -> Result<Self, WebError> {
        match result {
            Ok(_) => Ok(Self::Done),
            Err(Error::Changed(_) | Error::NoPolicy) => Ok(Self::Changed),
            Err(Error::Invalid(invalid)) => Ok(Self::Invalid(invalid)),
            Err(Error::Access(error)) => Err(error.into()),
            Err(Error::Store(error)) => Err(error.into()),
        }
    }
}

/// The page of the rules, which says that nothing was saved.
async fn changed(member: &Member) -> Result<HttpResponse, WebError> {
    rules::answer(member, None, Some(member.t().consent.rules.changed)).await
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
