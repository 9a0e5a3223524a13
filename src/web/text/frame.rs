//! Texts of the frame around every page.

use serde::Serialize;

use crate::domain::user::Role;

#[derive(Debug, Serialize)]
pub struct Frame {
    pub product: &'static str,
    /// `{page}` and `{account}`: the title of the browser's tab.
    pub tab_title: &'static str,
    pub skip: &'static str,
    pub menu: &'static str,
    pub main_nav: &'static str,
    pub nav: Nav,
    pub switch_account: &'static str,
    pub all_accounts: &'static str,
    pub signed_in_as: &'static str,
    pub sign_out: &'static str,
    pub roles: Roles,
    pub theme: &'static str,
    pub theme_auto: &'static str,
    pub theme_light: &'static str,
    pub theme_dark: &'static str,
    pub plain_http: &'static str,
    pub plain_http_what: &'static str,
    pub keys: Keys,
    pub copy: &'static str,
    pub copied: &'static str,
    pub close: &'static str,
    pub dismiss: &'static str,
    pub optional: &'static str,
    /// Before a form that was refused.
    pub form_refused: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Nav {
    pub dashboard: &'static str,
    pub live: &'static str,
    pub pages: &'static str,
    pub sources: &'static str,
    pub events: &'static str,
    pub contacts: &'static str,
    pub settings: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Roles {
    pub viewer: &'static str,
    pub editor: &'static str,
    pub admin: &'static str,
    pub owner: &'static str,
}

impl Roles {
    #[must_use]
    pub const fn of(&self, role: Role) -> &'static str {
        match role {
            Role::Viewer => self.viewer,
            Role::Editor => self.editor,
            Role::Admin => self.admin,
            Role::Owner => self.owner,
        }
    }
}

/// The sheet that `?` opens.
#[derive(Debug, Serialize)]
pub struct Keys {
    pub title: &'static str,
    pub open: &'static str,
    /// `{page}`: where the keys lead.
    pub go_to: &'static str,
    pub then: &'static str,
    pub search: &'static str,
    pub earlier: &'static str,
    pub later: &'static str,
    pub clear: &'static str,
}

pub const EN: Frame = Frame {
    product: "Guestlog",
    tab_title: "{page} · {account}",
    skip: "Skip to content",
    menu: "Menu",
    main_nav: "Main",
    nav: Nav {
        dashboard: "Dashboard",
        live: "Live",
        pages: "Pages",
        sources: "Sources",
        events: "Events",
        contacts: "Contacts",
        settings: "Settings",
    },
    switch_account: "Switch account",
    all_accounts: "All accounts",
    signed_in_as: "Signed in as",
    sign_out: "Sign out",
    roles: Roles { viewer: "Viewer", editor: "Editor", admin: "Admin", owner: "Owner" },
    theme: "Appearance",
    theme_auto: "System",
    theme_light: "Light",
    theme_dark: "Dark",
    plain_http: "This connection is not encrypted.",
    plain_http_what: "Anyone on the network between you and this server can read your password and these pages. Set up https before you use it outside this machine.",
    keys: Keys {
        title: "Keyboard",
        open: "Show these keys",
        go_to: "Go to {page}",
        then: "then",
        search: "Search this page",
        earlier: "Earlier period",
        later: "Later period",
        clear: "Clear the filters, close what is open",
    },
    copy: "Copy",
    copied: "Copied",
    close: "Close",
    dismiss: "Dismiss",
    optional: "optional",
    form_refused: "Nothing was saved. Mend what is marked below and send it again.",
};
