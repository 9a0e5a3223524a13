//! The warning on a report that lacks days whose data is damaged. Every page whose numbers lack days must show it.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::period::parse_day;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::text::{Texts, fill};

/// Most days that are listed.
const DAYS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "_missing.html")]
pub struct Missing {
    t: &'static Texts,
    /// In the form `2026-11-22`.
    days: Vec<String>,
}

impl HtmlSafe for Missing {}

impl Missing {
    pub fn of(t: &'static Texts, days: &[String]) -> Option<Self> {
        (!days.is_empty()).then(|| Self { t, days: days.to_vec() })
    }

    fn what(&self) -> String {
        self.t.report.missing.days.of(i64::try_from(self.days.len()).unwrap_or(i64::MAX), &self.t.number)
    }

    fn which(&self) -> String {
        let texts = &self.t.report.missing;
        let named = |day: &String| {
            parse_day(day).map_or_else(|| day.clone(), |day| format::date(&self.t.number, day))
        };
        let mut list: Vec<String> = self.days.iter().take(DAYS_MAX).map(named).collect();
        let more = self.days.len().saturating_sub(DAYS_MAX);
        if more > 0 {
            list.push(fill(texts.more, &[("n", &more.to_string())]));
        }
        fill(texts.which, &[("list", &list.join(self.t.report.map.between))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    #[test]
    fn missing_days_are_listed_up_to_a_limit() {
        assert!(Missing::of(&EN, &[]).is_none());
        let days = |n: usize| (1..=n).map(|day| format!("2026-11-{day:02}")).collect::<Vec<_>>();
        let one = Missing::of(&EN, &days(1)).unwrap();
        assert_eq!(one.what(), "1 day cannot be read and is missing from this report:");
        assert!(one.which().starts_with("1 Nov 2026. "), "{}", one.which());
        let all = Missing::of(&EN, &days(DAYS_MAX)).unwrap();
        assert!(all.which().contains("10 Nov 2026. "), "{}", all.which());
        let many = Missing::of(&EN, &days(DAYS_MAX + 1)).unwrap();
        assert!(many.which().contains("10 Nov 2026; 1 more. "), "{}", many.which());
    }
}
