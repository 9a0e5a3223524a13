//! What the page of a contact shows of merges: the contacts that became part of it, their lines in the timeline, and the
//! form with which a merge begins.

use crate::app::reports::contact::ContactReport;
use crate::app::reports::merges::Merged;
use crate::domain::contact::EMAIL_MAX;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::web::drawing::format;
use crate::web::part::field::{Field, Kind};
use crate::web::response::page::Layout;
use crate::web::text::{Texts, fill};

/// Name of the field with the other contact.
pub(crate) const WITH: &str = "with";

/// The form with which a merge begins.
pub(crate) fn field(t: &'static Texts) -> Field {
    let texts = &t.contacts.merge;
    Field::new(t, WITH, texts.with, Kind::Text)
        .hint(texts.with_hint)
        .required()
        .max(EMAIL_MAX)
        .autocomplete("off")
}

/// The list of contacts that were merged into the one of a page.
pub(crate) struct MergedList {
    pub rows: Vec<Row>,
    /// `None` for users who may not undo a merge.
    pub undo: Option<String>,
}

pub(crate) struct Row {
    pub name: String,
    pub when: String,
    pub alias: i64,
    /// Accessible name of the button.
    pub label: String,
    /// Why this merge cannot be undone yet.
    pub after: Option<String>,
}

pub(crate) fn merged_list(
    layout: &Layout,
    zone: &Zone,
    found: &ContactReport,
    address: &str,
) -> Option<MergedList> {
    let t = layout.t;
    let may = layout.viewer_is(Role::Editor);
    let row = |merged: &Merged| Row {
        name: merged_name(t, merged),
        when: when(t, zone, merged, may),
        alias: merged.contact_id,
        label: fill(t.contacts.merge.undo_of, &[("contact", &merged_name(t, merged))]),
        after: (merged.into != found.row.id)
            .then(|| fill(t.contacts.merge.with_another, &[("number", &merged.into.to_string())])),
    };
    (!found.merged.is_empty()).then(|| MergedList {
        rows: found.merged.iter().map(row).collect(),
        undo: may.then(|| format!("{address}/undo-merge")),
    })
}

fn merged_name(t: &Texts, merged: &Merged) -> String {
    let number = fill(t.contacts.number, &[("number", &merged.contact_id.to_string())]);
    merged.email.as_ref().map_or(number.clone(), |email| format!("{email} · {number}"))
}

/// Who merged is a user, whose email viewers do not see.
fn when(t: &Texts, zone: &Zone, merged: &Merged, may: bool) -> String {
    let at = format::date_time(&t.number, zone, merged.at);
    match merged.by.as_ref().filter(|_| may) {
        Some(by) => fill(t.contacts.merge.when_by, &[("when", &at), ("user", by)]),
        None => fill(t.contacts.merge.when, &[("when", &at)]),
    }
}

/// The line that a merge has in the timeline.
pub(crate) fn moment(t: &Texts, zone: &Zone, merged: &Merged) -> (String, String) {
    let name = merged_name(t, merged);
    (format::date_time(&t.number, zone, merged.at), fill(t.contacts.merge.moment, &[("contact", &name)]))
}
