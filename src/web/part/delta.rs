//! The change of a figure since the comparison period. It always has an arrow and a sign, so colour is never the
//! only hint.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::period::Days;
use crate::web::drawing::format::{self, Change, Trend};
use crate::web::part::icon::Icon;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_delta.html")]
pub struct Delta {
    pub t: &'static Texts,
    pub change: Change,
    /// The figure it is compared with: `1,234 in 28 Sep – 25 Oct 2026`.
    pub against: Option<String>,
}

impl HtmlSafe for Delta {}

impl Delta {
    /// The change from `before`, counted in `days`, to `now`. `until` is set when the last of those days counts
    /// only up to that time.
    pub fn since(t: &'static Texts, now: i64, before: i64, days: Option<Days>, until: Option<&str>) -> Self {
        let against = days.map(|days| {
            let (before, range) = (format::number(&t.number, before), format::days(&t.number, days));
            match until {
                Some(time) => {
                    let said = [("before", before.as_str()), ("range", &range), ("time", time)];
                    fill(t.report.kpi.against_part, &said)
                }
                None => fill(t.report.kpi.against, &[("before", &before), ("range", &range)]),
            }
        });
        Self { t, change: format::change(&t.number, now, before), against }
    }

    const fn icon(&self) -> Icon {
        match self.change.trend {
            Trend::Up => Icon::Up,
            Trend::Down => Icon::Down,
            Trend::Same => Icon::Same,
        }
    }

    /// The direction for screen readers, which cannot see the arrow.
    const fn word(&self) -> &'static str {
        let texts = &self.t.report.kpi;
        match self.change.trend {
            Trend::Up => texts.up,
            Trend::Down => texts.down,
            Trend::Same => texts.same,
        }
    }
}
