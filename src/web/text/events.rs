//! Texts of the pages of events: the list, creating and changing one, its report, the names that wait for review.

use serde::Serialize;

use super::plural::Plural;
use crate::domain::event::{EventKind, Status};

#[derive(Debug, Serialize)]
pub struct Events {
    pub kind: Kinds,
    pub list: List,
    pub meter: Meter,
    pub form: Form,
    pub install: Install,
    pub show: Show,
    pub remove: Remove,
    pub review: Review,
    /// Names that wait.
    pub waiting: Plural,
    /// Tabs over the lists.
    pub tabs: &'static str,
    pub all: &'static str,
    pub unexpected: &'static str,
    pub dismissed: &'static str,
    pub archived: &'static str,
    pub stale: &'static str,
    /// Why an event is called stale.
    pub stale_what: &'static str,
    pub never: &'static str,
    pub completions: &'static str,
    pub contacts: &'static str,
    pub value: &'static str,
    pub last_seen: &'static str,
    pub cancel: &'static str,
}

/// How events come to be completed: name, and what that means.
#[derive(Debug, Serialize)]
pub struct Kinds {
    pub custom: &'static str,
    pub custom_what: &'static str,
    pub http: &'static str,
    pub http_what: &'static str,
    pub click: &'static str,
    pub click_what: &'static str,
    pub form: &'static str,
    pub form_what: &'static str,
    pub visit: &'static str,
    pub visit_what: &'static str,
}

impl Kinds {
    /// Name and meaning.
    #[must_use]
    pub const fn of(&self, kind: EventKind) -> (&'static str, &'static str) {
        match kind {
            EventKind::Custom => (self.custom, self.custom_what),
            EventKind::Http => (self.http, self.http_what),
            EventKind::Click => (self.click, self.click_what),
            EventKind::Form => (self.form, self.form_what),
            EventKind::Visit => (self.visit, self.visit_what),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct List {
    pub create: &'static str,
    pub event: &'static str,
    pub kind: &'static str,
    pub tag: &'static str,
    pub status: &'static str,
    pub any_kind: &'static str,
    pub any_tag: &'static str,
    pub any_status: &'static str,
    pub active: &'static str,
    pub search: &'static str,
    /// Head of the small lines.
    pub course: &'static str,
    pub show: &'static str,
    pub clear: &'static str,
    pub none_title: &'static str,
    pub none: &'static str,
    /// For who may not create any.
    pub none_reader: &'static str,
    /// Nothing of what there is is wanted.
    pub no_match: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Meter {
    /// `{active}`, `{limit}`
    pub used: &'static str,
    /// `{left}`
    pub near: &'static str,
    pub full: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Form {
    pub title_new: &'static str,
    /// `{name}`
    pub title_edit: &'static str,
    pub name: &'static str,
    pub name_hint: &'static str,
    pub tags: &'static str,
    pub tags_hint: &'static str,
    pub tags_known: &'static str,
    pub kind: &'static str,
    pub choose_kind: &'static str,
    pub value: &'static str,
    /// `{currency}`
    pub value_hint: &'static str,
    pub selector: &'static str,
    pub selector_hint: &'static str,
    pub url: &'static str,
    pub url_hint: &'static str,
    pub page: &'static str,
    pub page_hint: &'static str,
    pub custom_js: &'static str,
    pub custom_js_hint: &'static str,
    /// It is switched off for the account or the server.
    pub custom_js_off: &'static str,
    /// For who may not publish it.
    pub no_publish: &'static str,
    pub pick: Pick,
    pub create: &'static str,
    pub save: &'static str,
    pub wrong: Wrong,
}

/// Beside a field that was refused.
#[derive(Debug, Serialize)]
pub struct Wrong {
    pub no_name: &'static str,
    pub long_name: &'static str,
    pub name_is_id: &'static str,
    pub taken: &'static str,
    /// `{limit}`
    pub full: &'static str,
    pub long_tag: &'static str,
    pub many_tags: &'static str,
    pub no_selector: &'static str,
    pub long_selector: &'static str,
    pub markup: &'static str,
    pub no_page: &'static str,
    pub long_url: &'static str,
    pub odd_url: &'static str,
    /// `{value}`
    pub value: &'static str,
    pub long_custom_js: &'static str,
    /// `{line}`, `{column}`, `{message}`
    pub parse: &'static str,
    pub publish: &'static str,
}

/// Choosing an element on the site instead of writing its selector.
#[derive(Debug, Serialize)]
pub struct Pick {
    pub title: &'static str,
    pub what: &'static str,
    pub address: &'static str,
    pub open: &'static str,
    /// Without script: asks for what was picked.
    pub take: &'static str,
    pub waiting: &'static str,
    pub picked: &'static str,
    pub nothing: &'static str,
}

/// The last step: what is put where, and whether it works.
#[derive(Debug, Serialize)]
pub struct Install {
    /// `{name}`
    pub title: &'static str,
    /// `{name}`
    pub waiting: &'static str,
    /// What to do until then.
    pub waiting_custom: &'static str,
    pub waiting_http: &'static str,
    pub waiting_click: &'static str,
    pub waiting_form: &'static str,
    pub waiting_visit: &'static str,
    pub waiting_archived: &'static str,
    /// `{time}`
    pub counted: &'static str,
    pub counted_what: &'static str,
    pub to_event: &'static str,
    pub to_list: &'static str,
    pub to_live: &'static str,
    pub id: &'static str,
    pub id_what: &'static str,
    pub snippet: &'static str,
    pub snippet_what: &'static str,
    pub snippet_label: &'static str,
    pub call: &'static str,
    pub call_what: &'static str,
    pub call_label: &'static str,
    pub parameters: &'static str,
    pub parameter: &'static str,
    pub meaning: &'static str,
    pub email: &'static str,
    pub amount: &'static str,
    pub external_id: &'static str,
    pub property: &'static str,
    pub any_other: &'static str,
    pub by_script: &'static str,
    pub by_script_what: &'static str,
    pub by_server: &'static str,
    pub by_server_what: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Show {
    pub edit: &'static str,
    pub set_up: &'static str,
    pub archive: &'static str,
    pub restore: &'static str,
    /// It carries code, for who may not publish any.
    pub no_restore: &'static str,
    pub delete: &'static str,
    pub more: &'static str,
    /// `{kind}`, `{id}`
    pub under: &'static str,
    pub mobile: &'static str,
    /// `{part}`, `{whole}`: completions from a mobile device.
    pub mobile_of: &'static str,
    pub definition: &'static str,
    pub custom_js: &'static str,
    pub has_custom_js: &'static str,
    pub code_changes: &'static str,
    pub code_before: &'static str,
    pub code_after: &'static str,
    pub no_code: &'static str,
    pub by_machine: &'static str,
    pub by_gone: &'static str,
    pub created: &'static str,
    pub default_value: &'static str,
    pub completed_by: &'static str,
    pub no_contacts: &'static str,
    pub contact: &'static str,
    pub last: &'static str,
    pub export_contacts: &'static str,
    pub told_by_programs: Plural,
    pub share: &'static str,
    pub devices: &'static str,
    pub pages: &'static str,
    pub url_rule: &'static str,
    pub selector: &'static str,
    pub any_page: &'static str,
    pub count_back: CountBack,
    pub no_parts: &'static str,
    pub systems: &'static str,
    pub system: &'static str,
    pub browsers: &'static str,
    pub browser: &'static str,
}

/// Counting a visited-URL event over what was there before it.
#[derive(Debug, Serialize)]
pub struct CountBack {
    pub title: &'static str,
    pub what: &'static str,
    pub begin: &'static str,
    pub again: &'static str,
    pub begins: &'static str,
    /// `{done}`, `{total}`
    pub goes_on: &'static str,
    /// `{time}`, `{completions}`
    pub done: &'static str,
    pub not_now: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Remove {
    /// `{name}`
    pub title: &'static str,
    pub what: &'static str,
    pub nothing: &'static str,
    /// `{completions}`, `{contacts}`, `{value}`
    pub goes: &'static str,
    pub completions: Plural,
    pub contacts: Plural,
    pub name_stays_gone: &'static str,
    pub instead: &'static str,
    pub delete: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Review {
    pub unexpected_lead: &'static str,
    pub dismissed_lead: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    pub seen: &'static str,
    pub first_seen: &'static str,
    pub last_seen: &'static str,
    /// Where it was told last.
    pub page: &'static str,
    pub by_program: &'static str,
    pub actions: &'static str,
    pub choose_all: &'static str,
    /// `{name}`
    pub choose: &'static str,
    pub approve: &'static str,
    pub dismiss: &'static str,
    pub restore: &'static str,
    /// `{name}`
    pub approve_one: &'static str,
    pub dismiss_one: &'static str,
    pub restore_one: &'static str,
    /// What gave way to others.
    pub others: &'static str,
    pub others_what: &'static str,
    pub none_title: &'static str,
    pub none: &'static str,
    pub none_dismissed_title: &'static str,
    pub none_dismissed: &'static str,
    pub no_match: &'static str,
    pub none_chosen: &'static str,
    pub gone: &'static str,
    pub many: &'static str,
    /// `{active}`, `{limit}`, `{wanted}`
    pub full: &'static str,
    pub setting: &'static str,
    pub setting_hint: &'static str,
    pub create: &'static str,
    pub create_what: &'static str,
    pub queue: &'static str,
    pub queue_what: &'static str,
    pub refuse: &'static str,
    pub refuse_what: &'static str,
}

impl Events {
    /// What is said of a status that is not the usual one.
    #[must_use]
    pub fn status(&self, status: &str) -> Option<&'static str> {
        (status == Status::Archived.as_str()).then_some(self.archived)
    }
}

pub const EN: Events = Events {
    kind: Kinds {
        custom: "Custom JavaScript",
        custom_what: "A developer puts one line into the code of the site, where the thing happens. Fits everything.",
        http: "HTTP",
        http_what: "A program calls an address: a sign-in on your server, an order in the shop system, a payment.",
        click: "Clicked element",
        click_what: "A visitor clicks a button, a link or anything else that a CSS selector finds. No code needed.",
        form: "Submitted form",
        form_what: "A visitor sends a form. What was filled in is never read. No code needed.",
        visit: "Visited URL",
        visit_what: "A visitor sees a page whose address fits a rule. No code needed.",
    },
    list: List {
        create: "Create event",
        event: "Event",
        kind: "Type",
        tag: "Tag",
        status: "Status",
        any_kind: "All types",
        any_tag: "All tags",
        any_status: "Active and archived",
        active: "Active",
        search: "Name or id",
        course: "Completions over time",
        show: "Show",
        clear: "Show all events",
        none_title: "No events yet",
        none: "An event is something that matters to you beside a page view: a sign-up, a purchase, a click on a button, a form that was sent. Create one, and its completions, their value and who completed it will appear here.",
        none_reader: "An event is something that matters beside a page view: a sign-up, a purchase, a form that was sent. When an editor of this account has created one, its completions and their value will appear here.",
        no_match: "No event matches what is asked for.",
    },
    meter: Meter {
        used: "{active} of {limit} events",
        near: "Only {left} left. From then on new names wait under Unexpected and are not counted. Archive events that you no longer need: archived ones do not use the limit.",
        full: "The limit is reached: no event can be created, and new names wait under Unexpected and are not counted. Archive events that you no longer need: archived ones do not use the limit.",
    },
    form: Form {
        title_new: "Create event",
        title_edit: "Edit {name}",
        name: "Name",
        name_hint: "As it is called in reports, and as sites may name it. At most 100 characters.",
        tags: "Tags",
        tags_hint: "To find it again. Type them with commas between them.",
        tags_known: "In use already:",
        kind: "How it happens",
        choose_kind: "Show the fields of this type",
        value: "Value",
        value_hint: "What a completion is worth that tells no value of its own, in {currency}: 19.99. It is added to the revenue of the contact.",
        selector: "CSS selector",
        selector_hint: "Which element or form: #buy, .button.primary, form#newsletter. Several with commas between them. Elements that appear later count too.",
        url: "Only on pages that fit",
        url_hint: "An address or a path, with * for any characters: /pricing* or *shop.example.com/*. Leave it empty for all pages.",
        page: "Address of the page",
        page_hint: "An address or a path, with * for any characters: /thank-you*. Capitals make no difference.",
        custom_js: "Custom JavaScript",
        custom_js_hint: "Runs on every page with the tracking code, after consent, such as code that calls the snippet when something happens. Leave it empty when the snippet stands in your own code.",
        custom_js_off: "Custom JavaScript is switched off for this account or this server: the code is kept and runs when it is switched on, under Tracking code in the settings.",
        no_publish: "Custom JavaScript runs on your site for every visitor. You may not publish it; an owner, or an admin who may, can add it.",
        pick: Pick {
            title: "Pick it on the site",
            what: "Opens a page of your site in another tab, where you click the element. Nothing you do there is counted meanwhile.",
            address: "Page of your site",
            open: "Pick on site",
            take: "Take what was picked",
            waiting: "Waiting for your choice in the other tab…",
            picked: "Picked. The selector stands above.",
            nothing: "Nothing was picked, or it is more than 10 minutes ago.",
        },
        create: "Create event",
        save: "Save",
        wrong: Wrong {
            no_name: "An event needs a name.",
            long_name: "The name is longer than 100 characters.",
            name_is_id: "Twelve digits are an id. Choose a name with something else in it.",
            taken: "There is an event of that name already. Choose another name.",
            full: "The account has {limit} events, which is the most it may have. Archive one first.",
            long_tag: "A tag is longer than 50 characters.",
            many_tags: "An event has at most 20 tags.",
            no_selector: "This type needs a CSS selector.",
            long_selector: "The selector is longer than 1,024 characters.",
            markup: "A selector names elements, such as “.buy”. What begins with a tag is markup.",
            no_page: "This type needs the address of a page.",
            long_url: "The address is longer than 1,024 characters.",
            odd_url: "The address holds a character that no address has.",
            value: "“{value}” is not an amount. Write it as 19.99, without a currency sign and without a comma.",
            long_custom_js: "The code is longer than 2 MiB.",
            parse: "Line {line}, column {column}: {message}. Nothing was saved.",
            publish: "You may not publish custom JavaScript. An owner, or an admin who may, can.",
        },
    },
    install: Install {
        title: "Set up {name}",
        waiting: "Waiting for the first completion of {name}…",
        waiting_custom: "Put the snippet below where the thing happens and let it happen once. This page turns by itself.",
        waiting_http: "Call the address below from your server or with a browser. This page turns by itself.",
        waiting_click: "Open a page of your site in another tab and click the element. This page turns by itself.",
        waiting_form: "Open a page of your site in another tab and send the form. This page turns by itself.",
        waiting_visit: "Open the page in another tab. This page turns by itself.",
        waiting_archived: "The event is archived: nothing is counted. Restore it first.",
        counted: "Completed, last at {time}",
        counted_what: "The event works.",
        to_event: "Open the event",
        to_list: "All events",
        to_live: "See hits arrive",
        id: "Id of the event",
        id_what: "Sites and programs may name the event by its id or by its name. The id stays when the name changes.",
        snippet: "Snippet",
        snippet_what: "Put it into the code of your site, where the thing happens: into the callback of a button, of a form, of a payment. It may run before the tracking code has loaded.",
        snippet_label: "Snippet of this event",
        call: "Address to call",
        call_what: "A GET request to this address is one completion. Any program may send it: your server, your shop, a payment provider.",
        call_label: "Address of this event",
        parameters: "What may be added to it",
        parameter: "Parameter",
        meaning: "Meaning",
        email: "Whose it is: finds the contact of that email, or creates it. Without one the completion belongs to nobody.",
        amount: "What it is worth, such as 19.99; added to the revenue of the contact.",
        external_id: "Your own id of the person; finds a contact that carries it.",
        property: "Kept as a property of the contact.",
        any_other: "any other name",
        by_script: "The tracking code does the rest",
        by_script_what: "Nothing is to be put into the site beside the tracking code: it looks for the element by itself, within a minute from now.",
        by_server: "Nothing is to be put into the site",
        by_server_what: "The server counts the event by itself, from the page views that arrive from now on.",
    },
    show: Show {
        edit: "Edit",
        set_up: "Set up",
        archive: "Archive",
        restore: "Restore",
        no_restore: "Restoring it would publish its custom JavaScript, which you may not. An owner, or an admin who may, can.",
        delete: "Delete…",
        more: "More",
        under: "{kind} · {id}",
        mobile: "Mobile",
        mobile_of: "{part} of {whole} completions in a browser came from a mobile device",
        definition: "Definition",
        custom_js: "Custom JavaScript",
        has_custom_js: "Runs on every page",
        code_changes: "Changes of the custom JavaScript",
        code_before: "Before",
        code_after: "After",
        no_code: "No code",
        by_machine: "Command line",
        by_gone: "A user who is no more",
        created: "Created",
        default_value: "Default value",
        completed_by: "Contacts who completed it",
        no_contacts: "No contact completed it in this period. Who completes it and is known by an email, then or later, shows up here.",
        contact: "Contact",
        last: "Last time",
        export_contacts: "Contacts as CSV",
        told_by_programs: Plural {
            one: "{n} completion was told by a program: it has no browser, device, page or source.",
            other: "{n} completions were told by programs: they have no browser, device, page or source.",
        },
        share: "Share",
        devices: "Devices",
        pages: "Pages",
        url_rule: "Pages that fit",
        selector: "CSS selector",
        any_page: "All pages",
        count_back: CountBack {
            title: "Count it back",
            what: "The event counts page views from its creation on. It can be counted back over all page views that are kept; nothing is counted twice.",
            begin: "Count back over the history",
            again: "Count back again",
            begins: "Counting back begins…",
            goes_on: "Counting back: {done} of {total} days are done…",
            done: "Counted back at {time}: {completions} were found.",
            not_now: "Restore the event first: an archived one is not counted.",
        },
        no_parts: "Nothing in this period. A completion in a browser shows up here within two seconds.",
        systems: "Operating systems",
        system: "System",
        browsers: "Browsers",
        browser: "Browser",
    },
    remove: Remove {
        title: "Delete {name}",
        what: "Deleting an event takes it out of every report and out of this list, for good.",
        nothing: "It has never been completed: nothing is lost.",
        goes: "{completions}, together worth {value}, are taken out of every report, and what they are worth out of the revenue of {contacts}.",
        completions: Plural { one: "{n} completion", other: "{n} completions" },
        contacts: Plural { one: "{n} contact", other: "{n} contacts" },
        name_stays_gone: "It cannot be undone. When a site names the event again, it does not come back by itself.",
        instead: "To stop counting it and keep its past, archive it instead.",
        delete: "Delete for good",
    },
    review: Review {
        unexpected_lead: "Names that sites or programs told and nobody has created. They are not counted while they wait; approve a name and it is counted from then on.",
        dismissed_lead: "Names that somebody dismissed. They are not counted, and stay here when they are told again. Restore a name and it waits for review again.",
        name: "Name",
        kind: "Type",
        seen: "Times seen",
        first_seen: "First seen",
        last_seen: "Last seen",
        page: "Seen on",
        by_program: "told by a program",
        actions: "Actions",
        choose_all: "Choose all names on this page",
        choose: "Choose {name}",
        approve: "Approve",
        dismiss: "Dismiss",
        restore: "Restore",
        approve_one: "Approve {name}",
        dismiss_one: "Dismiss {name}",
        restore_one: "Restore {name}",
        others: "Other names",
        others_what: "More than 10,000 names wait. The least seen gave way and are counted here together; they come back by themselves when they are told again.",
        none_title: "Nothing waits for review",
        none: "Names of events that nobody has created wait here when the account has reached its limit, or when its settings say that new names wait. Each shows how often and where it was seen.",
        none_dismissed_title: "Nothing is dismissed",
        none_dismissed: "Names that you dismiss under Unexpected are listed here and can be restored.",
        no_match: "No name matches what is asked for.",
        none_chosen: "No name was chosen. Tick the names first.",
        gone: "One of these names is no longer in the list, or has become an event meanwhile. Nothing was changed.",
        many: "“(other)” stands for many names and cannot be approved. Nothing was changed.",
        full: "The account has {active} of {limit} events; {wanted} more do not fit. Nothing was approved. Archive events first, or choose fewer names.",
        setting: "Events that nobody has created",
        setting_hint: "What happens when a site or a program names an event that is not in the list. At the limit a new name always waits.",
        create: "Create them",
        create_what: "A new name becomes an event at once and is counted.",
        queue: "Let them wait",
        queue_what: "A new name waits under Unexpected until somebody approves it, and is not counted until then.",
        refuse: "Refuse them",
        refuse_what: "A new name is not counted and not kept. The live page shows it as an unknown event.",
    },
    waiting: Plural { one: "{n} name waits for review", other: "{n} names wait for review" },
    tabs: "Lists of events",
    all: "Events",
    unexpected: "Unexpected",
    dismissed: "Dismissed",
    archived: "Archived",
    stale: "Stale",
    stale_what: "Nothing was counted for 30 days. Perhaps the site no longer tells it.",
    never: "never",
    completions: "Completions",
    contacts: "Contacts",
    value: "Value",
    last_seen: "Last seen",
    cancel: "Cancel",
};
