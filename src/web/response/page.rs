//! The layout of every page: title, navigation, notices, assets. A page struct has a `Layout`, and its template
//! extends `layout.html` (signed in) or `layout_plain.html` (not signed in).

use askama::Template;
use askama::filters::HtmlSafe;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::user::Role;
use crate::web::drawing::format;
use crate::web::part::empty::Action;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::response::assets;
use crate::web::text::{Texts, fill};

/// The colour scheme of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];
    /// The cookie with the choice. Scripts may write it: it is not a secret.
    pub const COOKIE: &'static str = "guestlog_theme";

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

/// The entry of the navigation that is marked as current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Dashboard,
    Live,
    Pages,
    Sources,
    Events,
    Contacts,
    Lists,
    Companies,
    Forms,
    Consent,
    Settings,
}

impl Section {
    pub const ALL: [Self; 11] = [
        Self::Dashboard,
        Self::Live,
        Self::Pages,
        Self::Sources,
        Self::Events,
        Self::Contacts,
        Self::Lists,
        Self::Companies,
        Self::Forms,
        Self::Consent,
        Self::Settings,
    ];
}

/// A notice about the last change, shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    pub tone: Tone,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Info,
    Warning,
    Bad,
}

impl Tone {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Info => Icon::Info,
            Self::Warning | Self::Bad => Icon::Warning,
        }
    }
}

/// The signed-in user and the user's rights in this account.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub email: String,
    pub role: Role,
    /// Whether the user may publish custom JavaScript, which runs on the sites.
    pub may_publish: bool,
}

/// The account of the page.
#[derive(Clone, Debug)]
pub struct CurrentAccount {
    pub id: AccountId,
    pub name: String,
    /// IANA name of the time zone.
    pub zone: String,
    /// Period and filters for links to other reports; empty or `?…`.
    pub query: String,
    /// Number of unexpected events that wait for review.
    pub waiting: i64,
    /// All accounts of the user, this one included.
    pub others: Vec<AccountLink>,
}

#[derive(Clone, Debug)]
pub struct AccountLink {
    pub id: AccountId,
    pub name: String,
}

/// Something that is wrong with the server.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub title: &'static str,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Layout {
    pub t: &'static Texts,
    pub title: String,
    /// The nonce of the content security policy; new for each answer.
    pub nonce: String,
    /// Every form sends it in the hidden field `csrf`.
    pub csrf: String,
    pub theme: Theme,
    pub now: Millis,
    /// Path and query of this page. Forms that change how pages look redirect back to it.
    pub current_path: String,
    /// The page came over plain http and warns about it (rules.md 26).
    pub plain_http: bool,
    /// What is wrong with the server, for who administers it.
    pub troubles: Vec<Trouble>,
    pub flash: Option<Flash>,
    /// `None` when nobody is signed in.
    pub viewer: Option<Viewer>,
    pub account: Option<CurrentAccount>,
    pub section: Option<Section>,
}

impl Layout {
    /// The account of the page; a number that no account has when there is none.
    pub fn account_id(&self) -> AccountId {
        self.account.as_ref().map_or(AccountId(0), |account| account.id)
    }

    pub fn viewer_is(&self, least: Role) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.role >= least)
    }

    pub fn tab_title(&self) -> String {
        let of = self.account.as_ref().map_or(self.t.frame.product, |a| a.name.as_str());
        fill(self.t.frame.tab_title, &[("page", &self.title), ("account", of)])
    }

    pub fn style(&self) -> String {
        assets::style()
    }

    pub fn script(&self) -> String {
        assets::script()
    }

    pub fn icon(&self) -> String {
        assets::icon()
    }

    pub const fn rail(&self) -> Rail<'_> {
        Rail { layout: self, t: self.t }
    }

    pub const fn notices(&self) -> Notices<'_> {
        Notices { layout: self, t: self.t }
    }

    pub const fn keys(&self) -> KeySheet<'_> {
        KeySheet { layout: self, t: self.t }
    }

    /// The entries of the navigation; empty on pages without an account.
    fn entries(&self) -> Vec<Entry> {
        let Some(account) = &self.account else { return Vec::new() };
        Section::ALL.into_iter().map(|section| self.entry(account, section)).collect()
    }

    fn entry(&self, account: &CurrentAccount, section: Section) -> Entry {
        let nav = &self.t.frame.nav;
        let report = |report: paths::Report| {
            format!("{}/{}/{}{}", paths::ACCOUNTS, account.id, report.as_str(), account.query)
        };
        let (icon, label, key, href) = match section {
            Section::Dashboard => (Icon::Dashboard, nav.dashboard, "d", report(paths::Report::Dashboard)),
            Section::Live => (Icon::Live, nav.live, "l", report(paths::Report::Live)),
            Section::Pages => (Icon::Pages, nav.pages, "p", report(paths::Report::Pages)),
            Section::Sources => (Icon::Sources, nav.sources, "s", report(paths::Report::Sources)),
            Section::Events => (Icon::Event, nav.events, "e", report(paths::Report::Events)),
            Section::Contacts => (Icon::Contact, nav.contacts, "c", paths::contacts(account.id)),
            Section::Lists => (Icon::List, nav.lists, "i", paths::lists(account.id)),
            Section::Companies => (Icon::Company, nav.companies, "o", paths::companies(account.id)),
            Section::Forms => (Icon::Form, nav.forms, "f", paths::forms(account.id)),
            Section::Consent => (Icon::Check, nav.consent, "n", report(paths::Report::Consent)),
            Section::Settings => {
                (Icon::Settings, nav.settings, "t", paths::settings(account.id, "tracking-code"))
            }
        };
        let current = self.section == Some(section);
        let badge = (section == Section::Events && account.waiting > 0).then(|| Badge {
            text: format::compact(&self.t.number, account.waiting),
            label: self.t.events.waiting.of(account.waiting, &self.t.number),
        });
        Entry { icon, label, key, href, current, badge, last: section == Section::Settings }
    }
}

struct Entry {
    icon: Icon,
    label: &'static str,
    /// Pressing `g` and then this key opens the page.
    key: &'static str,
    href: String,
    current: bool,
    badge: Option<Badge>,
    /// Drawn apart from the reports.
    last: bool,
}

/// A number shown beside an entry.
struct Badge {
    text: String,
    /// Says what the number counts.
    label: String,
}

/// The navigation: a rail on the left, or a bar with a drawer on narrow screens.
#[derive(Template)]
#[template(path = "_nav.html")]
pub struct Rail<'a> {
    layout: &'a Layout,
    t: &'static Texts,
}

impl HtmlSafe for Rail<'_> {}

impl Rail<'_> {
    fn role(&self, viewer: &Viewer) -> &'static str {
        let roles = &self.t.frame.roles;
        match viewer.role {
            Role::Viewer => roles.viewer,
            Role::Editor => roles.editor,
            Role::Admin => roles.admin,
            Role::Owner => roles.owner,
        }
    }

    fn initial(&self, account: &CurrentAccount) -> String {
        account.name.chars().next().map_or_else(String::new, |c| c.to_uppercase().collect())
    }

    fn dashboard(&self, account: &AccountLink) -> String {
        format!("{}/{}/{}", paths::ACCOUNTS, account.id, paths::Report::Dashboard.as_str())
    }

    fn themes(&self) -> [(Theme, Icon, &'static str); 3] {
        let frame = &self.t.frame;
        [
            (Theme::Auto, Icon::Auto, frame.theme_auto),
            (Theme::Light, Icon::Sun, frame.theme_light),
            (Theme::Dark, Icon::Moon, frame.theme_dark),
        ]
    }
}

/// The notice about the last change, and warnings that concern the whole page.
#[derive(Template)]
#[template(path = "_flash.html")]
pub struct Notices<'a> {
    layout: &'a Layout,
    t: &'static Texts,
}

impl HtmlSafe for Notices<'_> {}

/// The list of keyboard shortcuts.
#[derive(Template)]
#[template(path = "_keys.html")]
pub struct KeySheet<'a> {
    layout: &'a Layout,
    t: &'static Texts,
}

impl HtmlSafe for KeySheet<'_> {}

impl KeySheet<'_> {
    fn go_to(&self, entry: &Entry) -> String {
        fill(self.t.frame.keys.go_to, &[("page", entry.label)])
    }
}

#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub layout: Layout,
    pub status: u16,
    pub failure: &'static crate::web::text::error::Failure,
    /// What exactly is wrong with the address or the form, and what is allowed.
    pub detail: Option<String>,
    /// The id under which the log has the cause. Only for failures of our own.
    pub id: Option<String>,
    /// A link that may work instead.
    pub instead: Option<Action>,
}

impl ErrorPage {
    fn reference(&self, id: &str) -> String {
        fill(self.layout.t.error.reference, &[("id", id)])
    }
}
