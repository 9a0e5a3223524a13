//! The row of key figures above a report.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::drawing::chart::Sparkline;
use crate::web::part::delta::Delta;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_kpi.html")]
pub struct KpiRow {
    pub t: &'static Texts,
    pub cards: Vec<Kpi>,
}

pub struct Kpi {
    pub label: String,
    /// Shortened when it is long.
    pub value: String,
    /// The full number.
    pub exact: String,
    pub change: Option<Delta>,
    pub spark: Option<Sparkline>,
    /// Shows this figure in the chart; empty when it has no chart.
    pub href: String,
    pub charted: bool,
}

impl HtmlSafe for KpiRow {}

impl KpiRow {
    fn chart_it(&self, card: &Kpi) -> String {
        fill(self.t.report.kpi.chart_it, &[("label", &card.label)])
    }
}
