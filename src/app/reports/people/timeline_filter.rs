//! Leaving one kind of entries on the timeline of a contact. What is filtered is the part of the timeline that was read, so
//! each page of it may have few entries or none.

use super::contact::ContactReport;

/// What a timeline shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum TimelineFilter {
    #[default]
    All,
    Sessions,
    Completions,
    Submissions,
    Identifications,
    Lists,
    Merges,
    Edits,
}

impl TimelineFilter {
    pub const ALL: [Self; 8] = [
        Self::All,
        Self::Sessions,
        Self::Completions,
        Self::Submissions,
        Self::Identifications,
        Self::Lists,
        Self::Merges,
        Self::Edits,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether an entry of this kind outside a session, or within one, is left.
    fn keeps(self, kind: &str) -> bool {
        match self {
            Self::All => true,
            // These are asked for their session.
            Self::Sessions => false,
            Self::Completions => kind == "completion",
            Self::Submissions => kind == "submission",
            Self::Identifications => kind == "identification",
            Self::Lists => matches!(kind, "list_joined" | "list_left"),
            Self::Merges => kind == "merge",
            Self::Edits => kind == "edit",
        }
    }

    /// Takes away what is not shown.
    pub fn apply(self, found: &mut ContactReport) {
        if self == Self::All {
            return;
        }
        found.timeline.retain(|moment| match self {
            // 0 is what programs reported, and what happened besides sessions.
            Self::Sessions => moment.session != 0,
            _ => self.keeps(moment.event.kind),
        });
        if self == Self::Sessions {
            found.visits.retain(|visit| visit.id != 0);
        } else {
            found.visits.iter_mut().for_each(|visit| visit.timeline.retain(|event| self.keeps(event.kind)));
            found.visits.retain(|visit| !visit.timeline.is_empty());
        }
        if self != Self::Lists {
            found.list_changes.clear();
        }
        if self != Self::Merges {
            found.shown_merges.clear();
        }
        if self != Self::Edits {
            found.edits.clear();
        }
    }
}
