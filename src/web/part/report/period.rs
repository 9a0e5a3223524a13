//! The period bar of a report: arrows, presets, custom days, comparison. It consists of plain links and one GET
//! form.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::period::Preset;
use crate::domain::question::Comparison;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::paths::{Period, Report, ReportUrl};
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_period.html")]
pub struct PeriodBar {
    pub t: &'static Texts,
    pub url: ReportUrl,
    /// IANA name of the account's time zone.
    pub zone: String,
    /// Set while the period is still running: the comparison counts its last day up to this local time.
    pub until: Option<String>,
    /// The comparison period ended before anything was counted.
    pub nothing_before: bool,
}

struct MenuLink {
    label: &'static str,
    href: String,
    current: bool,
}

impl HtmlSafe for PeriodBar {}

impl PeriodBar {
    fn presets(&self) -> Vec<MenuLink> {
        let now = self.url.period;
        let of = |preset: Preset| {
            let period = Period::of(preset, None, now.today)?;
            let href = self.url.during(period).href();
            Some(MenuLink { label: self.name(preset), href, current: preset == now.preset })
        };
        Preset::ALL.into_iter().filter_map(of).collect()
    }

    const fn name(&self, preset: Preset) -> &'static str {
        let names = &self.t.report.period;
        match preset {
            Preset::Today => names.today,
            Preset::Yesterday => names.yesterday,
            Preset::Days7 => names.days7,
            Preset::Days28 => names.days28,
            Preset::Days90 => names.days90,
            Preset::Month => names.month,
            Preset::LastMonth => names.last_month,
            Preset::Months12 => names.months12,
            Preset::Custom => names.custom,
        }
    }

    fn shown(&self) -> String {
        match self.url.period.preset {
            Preset::Custom => self.days(),
            preset => self.name(preset).to_owned(),
        }
    }

    fn days(&self) -> String {
        format::days(&self.t.number, self.url.period.days)
    }

    fn earlier(&self) -> String {
        self.url.during(self.url.period.earlier()).href()
    }

    fn later(&self) -> Option<String> {
        self.url.period.later().map(|period| self.url.during(period).href())
    }

    fn first(&self) -> String {
        self.url.period.days.first.to_string()
    }

    fn last(&self) -> String {
        self.url.period.days.last.to_string()
    }

    fn today(&self) -> String {
        self.url.period.today.to_string()
    }

    /// Hidden fields of the form for custom days.
    fn kept(&self) -> Vec<(&'static str, String)> {
        self.url.fields_but(&["period", "from", "to"])
    }

    /// The report of consent and the totals of views without consent are compared with nothing.
    fn compares(&self) -> bool {
        !matches!(self.url.report, Report::Consent | Report::Anonymous)
    }

    fn comparisons(&self) -> Vec<MenuLink> {
        let names = &self.t.report.compare;
        let name = |compare: Comparison| match compare {
            Comparison::Previous => names.previous,
            Comparison::Year => names.year,
            Comparison::None => names.off,
        };
        let of = |compare: Comparison| MenuLink {
            label: name(compare),
            href: self.url.compared(compare).href(),
            current: compare == self.url.compare,
        };
        Comparison::ALL.into_iter().map(of).collect()
    }

    /// `vs 28 Sep – 25 Oct 2026`. The time of day up to which the last day counts is only in the menu.
    fn compared_days(&self) -> String {
        let texts = &self.t.report.compare;
        match self.url.compared_days() {
            None => texts.off.to_owned(),
            Some(_) if self.nothing_before => texts.nothing.to_owned(),
            Some(days) => fill(texts.with, &[("range", &format::days(&self.t.number, days))]),
        }
    }

    /// `vs 28 Sep – 25 Oct 2026`, `vs 22 Nov 2026 until 14:05`.
    fn compared(&self) -> String {
        match self.url.compared_days().zip(self.until.as_ref()) {
            Some((days, time)) => {
                let range = format::days(&self.t.number, days);
                fill(self.t.report.compare.with_part, &[("range", &range), ("time", time)])
            }
            None => self.compared_days(),
        }
    }

    /// The settings of the bar as text, for printing.
    fn on_paper(&self) -> String {
        let compared = self.compares().then(|| self.compared());
        [Some(self.days()), compared, Some(self.clock())]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · ")
    }

    fn clock(&self) -> String {
        fill(self.t.report.period.zone, &[("zone", &self.zone)])
    }
}
