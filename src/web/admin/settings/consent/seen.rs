//! The policy that a form was made from, and how saving it ended.

use crate::app::access::consent::{self, Error};
use crate::domain::consent::policy::{Invalid, Policy};
use crate::store::consent::Revision;
use crate::web::request::form::{Fields, Form};
use crate::web::request::guard::Member;
use crate::web::response::error::WebError;

/// Name of the field with the revision that a form was made from.
pub(super) const SEEN: &str = "revision";
/// Longest body, bytes: as many of the longest regions or texts as there can be, each byte percent-encoded.
const BODY_MAX: usize = 512 * 1024;

pub(super) type ConsentForm = Form<Member, BODY_MAX>;

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
    pub(crate) async fn by(member: &Member, fields: &Fields) -> Result<Option<Self>, WebError> {
        let latest = consent::find(member.app(), member.account_id()).await?;
        let seen = Self::from(latest.as_ref());
        Ok(fields.text(SEEN).parse().is_ok_and(|number: u32| number == seen.revision).then_some(seen))
    }
}

/// How saving ended, as far as the pages tell it apart.
pub(super) enum Saved {
    Done,
    /// Another revision is in force than the one that was looked at.
    Changed,
    Invalid(Invalid),
}

impl Saved {
    pub(crate) fn of(result: Result<u32, Error>) -> Result<Self, WebError> {
        match result {
            Ok(_) => Ok(Self::Done),
            Err(Error::Changed(_) | Error::NoPolicy) => Ok(Self::Changed),
            Err(Error::Invalid(invalid)) => Ok(Self::Invalid(invalid)),
            Err(Error::Access(error)) => Err(error.into()),
            Err(Error::Store(error)) => Err(error.into()),
        }
    }
}
