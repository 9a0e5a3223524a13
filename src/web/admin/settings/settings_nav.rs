//! The tabs above the settings pages. A user sees only the tabs that their role may open.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::account::AccountId;
use crate::domain::user::Role;
use crate::web::paths;
use crate::web::request::guard::Member;
use crate::web::text::Texts;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    TrackingCode,
    AdvancedTracking,
    Consent,
    Companies,
    Identity,
    Privacy,
    Properties,
    Account,
    Users,
    Tokens,
    Export,
}

impl Tab {
    const ALL: [Self; 11] = [
        Self::TrackingCode,
        Self::AdvancedTracking,
        Self::Consent,
        Self::Properties,
        Self::Companies,
        Self::Identity,
        Self::Privacy,
        Self::Account,
        Self::Users,
        Self::Tokens,
        Self::Export,
    ];

    /// The last segment of the path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrackingCode => "tracking-code",
            Self::AdvancedTracking => "advanced-tracking",
            Self::Consent => "consent",
            Self::Companies => "companies",
            Self::Identity => "identity",
            Self::Privacy => "privacy",
            Self::Properties => "properties",
            Self::Account => "account",
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Export => "export",
        }
    }

    /// The role of whom it is shown to. Some editors may open advanced tracking and consent too.
    const fn least(self) -> Role {
        match self {
            Self::TrackingCode => Role::Viewer,
            Self::Properties => Role::Editor,
            Self::AdvancedTracking
            | Self::Consent
            | Self::Companies
            | Self::Identity
            | Self::Privacy
            | Self::Account
            | Self::Users
            | Self::Tokens
            | Self::Export => Role::Admin,
        }
    }

    pub fn path(self, account: AccountId) -> String {
        paths::settings(account, self.as_str())
    }
}

#[derive(Template)]
#[template(path = "_settings_nav.html")]
pub struct SettingsNav {
    t: &'static Texts,
    account: AccountId,
    role: Role,
    /// Whether the user may change how the sites are tracked.
    changes_website: bool,
    current: Tab,
}

impl HtmlSafe for SettingsNav {}

impl SettingsNav {
    pub fn over(member: &Member, current: Tab) -> Self {
        let changes_website = member.membership.may_change_website();
        Self { changes_website, ..Self::of(member.t(), member.account_id(), member.membership.role, current) }
    }

    /// For a user without rights beyond the role.
    pub fn of(t: &'static Texts, account: AccountId, role: Role, current: Tab) -> Self {
        Self { t, account, role, changes_website: role >= Role::Admin, current }
    }

    fn tabs(&self) -> impl Iterator<Item = Tab> {
        let (role, changes_website) = (self.role, self.changes_website);
        Tab::ALL.into_iter().filter(move |tab| match tab {
            Tab::AdvancedTracking | Tab::Consent => changes_website,
            _ => role >= tab.least(),
        })
    }

    /// Whether the user may open it.
    pub fn has(&self, tab: Tab) -> bool {
        self.tabs().any(|shown| shown == tab)
    }

    fn is_current(&self, tab: &Tab) -> bool {
        *tab == self.current
    }

    const fn label(&self, tab: &Tab) -> &'static str {
        let texts = &self.t.access.settings;
        match tab {
            Tab::TrackingCode => texts.tracking_code,
            Tab::AdvancedTracking => texts.advanced_tracking,
            Tab::Consent => self.t.consent.title,
            Tab::Companies => self.t.companies.settings.nav,
            Tab::Identity => self.t.identity.title,
            Tab::Privacy => self.t.privacy.title,
            Tab::Properties => texts.properties,
            Tab::Account => texts.account,
            Tab::Users => texts.users,
            Tab::Tokens => texts.tokens,
            Tab::Export => texts.export,
        }
    }
}
