//! The button that counts a visited-URL event back over stored page views, and then the progress. While the count
//! runs, the part reloads itself.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::period::Zone;
use crate::store::event_work::Work;
use crate::web::drawing::format;
use crate::web::text::{Texts, fill};

/// Milliseconds between two looks at the progress.
const EVERY_MS: u32 = 2_000;

#[derive(Template)]
#[template(path = "_count_back.html")]
pub struct CountBack {
    pub t: &'static Texts,
    pub csrf: String,
    /// The address of the page, for reloading.
    pub address: String,
    /// Starts the count; `None` when the user may not, or when the event is archived.
    pub action: Option<String>,
    pub is_archived: bool,
    pub work: Option<Work>,
    pub zone: Zone,
}

impl HtmlSafe for CountBack {}

impl CountBack {
    fn is_running(&self) -> bool {
        self.work.is_some_and(|work| work.finished.is_none())
    }

    fn state(&self) -> Option<String> {
        let (t, texts) = (self.t, &self.t.events.show.count_back);
        let n = |n: i64| format::number(&t.number, n);
        let work = self.work?;
        Some(match work.finished {
            Some(at) => {
                let at = format::date_time(&t.number, &self.zone, at);
                let found = t.events.remove.completions.of(work.completions, &t.number);
                fill(texts.done, &[("time", &at), ("completions", &found)])
            }
            None if work.total == 0 => texts.begins.to_owned(),
            None => fill(texts.goes_on, &[("done", &n(work.done)), ("total", &n(work.total))]),
        })
    }

    fn width(&self) -> String {
        let part = self.work.map_or(0.0, |work| work.done as f64 / work.total.max(1) as f64 * 100.0);
        format!("{:.1}%", part.clamp(0.0, 100.0))
    }

    fn button(&self) -> &'static str {
        let texts = &self.t.events.show.count_back;
        if self.work.is_some() { texts.again } else { texts.begin }
    }
}
