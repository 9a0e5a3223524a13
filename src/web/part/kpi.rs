//! The row of key figures. A figure whose work is not built has no card.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::chart::Sparkline;
use crate::web::format::{Change, Trend};
use crate::web::part::icon::Icon;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_kpi.html")]
pub struct KpiRow {
    pub t: &'static Texts,
    pub cards: Vec<Kpi>,
}

pub struct Kpi {
    pub label: String,
    /// Short, for the eye.
    pub value: String,
    /// In full.
    pub exact: String,
    pub change: Option<Change>,
    /// What the change is measured against: `1,234 in 28 Sep – 25 Oct 2026`.
    pub against: Option<String>,
    pub spark: Option<Sparkline>,
    /// Charts this figure.
    pub href: String,
    pub charted: bool,
}

impl HtmlSafe for KpiRow {}

impl KpiRow {
    fn trend_icon(&self, change: &Change) -> Icon {
        match change.trend {
            Trend::Up => Icon::Up,
            Trend::Down => Icon::Down,
            Trend::Same => Icon::Same,
        }
    }

    /// The direction in a word, for those who do not see the arrow.
    fn trend_word(&self, change: &Change) -> &'static str {
        let words = &self.t.report.kpi;
        match change.trend {
            Trend::Up => words.up,
            Trend::Down => words.down,
            Trend::Same => words.same,
        }
    }

    fn chart_it(&self, card: &Kpi) -> String {
        fill(self.t.report.kpi.chart_it, &[("label", &card.label)])
    }
}
