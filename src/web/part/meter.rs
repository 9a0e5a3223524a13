//! How much of a limit is used: a bar, the numbers, and from 90 % on a text that says what to do.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::event::WARN_FROM;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_meter.html")]
pub struct Meter {
    pub t: &'static Texts,
    pub active: i64,
    pub limit: i64,
}

impl HtmlSafe for Meter {}

impl Meter {
    fn used(&self) -> String {
        let n = |n: i64| format::number(&self.t.number, n);
        fill(self.t.events.meter.used, &[("active", &n(self.active)), ("limit", &n(self.limit))])
    }

    fn width(&self) -> String {
        let part = if self.limit > 0 { self.active.max(0) as f64 / self.limit as f64 * 100.0 } else { 100.0 };
        format!("{:.1}%", part.min(100.0))
    }

    const fn is_full(&self) -> bool {
        self.active >= self.limit
    }

    const fn is_near(&self) -> bool {
        self.active.saturating_mul(100) >= self.limit.saturating_mul(WARN_FROM)
    }

    pub const fn tone(&self) -> &'static str {
        match (self.is_full(), self.is_near()) {
            (true, _) => "bad",
            (_, true) => "warning",
            _ => "good",
        }
    }

    /// The text below the bar, from the warning level on.
    pub fn note(&self) -> Option<String> {
        let texts = &self.t.events.meter;
        let left = format::number(&self.t.number, self.limit.saturating_sub(self.active));
        match (self.is_full(), self.is_near()) {
            (true, _) => Some(texts.full.to_owned()),
            (_, true) => Some(fill(texts.near, &[("left", &left)])),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    /// rules.md 20
    #[test]
    fn a_meter_warns_from_ninety_per_cent_and_says_when_it_is_full() {
        let of = |active| Meter { t: &EN, active, limit: 2_000 };
        assert_eq!(of(1_987).used(), "1,987 of 2,000 events");
        for (active, tone) in
            [(0, "good"), (1_799, "good"), (1_800, "warning"), (1_999, "warning"), (2_000, "bad")]
        {
            assert_eq!(of(active).tone(), tone, "{active}");
            assert_eq!(of(active).note().is_none(), tone == "good", "{active}");
        }
        assert!(of(1_987).note().unwrap().contains("Only 13 left"));
        assert_eq!((of(500).width(), of(3_000).width()), ("25.0%".into(), "100.0%".into()));
        let none = Meter { t: &EN, active: 0, limit: 0 };
        assert_eq!((none.tone(), none.width().as_str()), ("bad", "100.0%"));
    }
}
