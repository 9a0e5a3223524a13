//! Texts around every page: navigation, sign-out, appearance, shortcuts.

use crate::domain::user::Role;
use crate::web::text::Plural;

texts! {
    Frame {
        product: "Guestlog",
        /// The title of the browser's tab.
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
            lists: "Lists",
            companies: "Companies",
            forms: "Forms",
            consent: "Consent",
            settings: "Settings",
        },
        switch_account: "Switch account",
        all_accounts: "All accounts",
        signed_in_as: "Signed in as",
        sign_out: "Sign out",
        roles: Roles {
            viewer: "Viewer",
            editor: "Editor",
            admin: "Admin",
            owner: "Owner",
        },
        theme: "Appearance",
        theme_auto: "System",
        theme_light: "Light",
        theme_dark: "Dark",
        plain_http: "This connection is not encrypted.",
        plain_http_what: "Anyone on the network between you and this server can read your password and these pages. Set up HTTPS before you use Guestlog outside this machine.",
        /// The list of shortcuts that `?` opens.
        keys: Keys {
            title: "Keyboard shortcuts",
            open: "Show this list",
            go_to: "Go to {page}",
            then: "then",
            search: "Search this page",
            earlier: "Earlier period",
            later: "Later period",
            clear: "Clear filters, close menus",
        },
        copy: "Copy",
        copied: "Copied",
        close: "Close",
        dismiss: "Dismiss",
        /// What is wrong with the server, for who administers it.
        troubles: Troubles {
            proxy: "An undeclared proxy forwards most requests.",
            proxy_what: "All visitors count as one sender, with one rate limit and one country. Add {address} to trusted_proxies in the [server] section of the configuration.",
            proxy_unnamed: "the address of the proxy",
            dead_letters: "Hits are waiting that could not be processed.",
            dead_letters_what: Plural = {
                one: "{n} hit is kept for you to replay or delete with guestlog replay-deadletter.",
                other: "{n} hits are kept for you to replay or delete with guestlog replay-deadletter.",
            },
            dead_letters_limit: "At {limit} hits or {mib} MiB the server accepts no more.",
        },
        optional: "optional",
        /// Above a form with errors.
        form_refused: "Nothing was saved. Correct the marked fields below and try again.",
    }
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
