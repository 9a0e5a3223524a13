//! The chart of a figure over the period of a report, with the comparison behind it. The dashboard and the page of an
//! event share it.

use crate::base::clock::Millis;
use crate::domain::period::{Days, Step, Zone};
use crate::web::drawing::chart::{Chart, Point, Sparkline, Unit};
use crate::web::drawing::format;
use crate::web::request::query::ReportParams;
use crate::web::text::{Texts, fill};

/// The values to draw.
pub(crate) struct Series {
    /// One value per interval, up to the interval that is still running.
    pub values: Vec<i64>,
    /// The values of the comparison period.
    pub compared: Option<Vec<i64>>,
    /// The last of `values` belongs to an interval that is still running.
    pub unfinished: bool,
}

pub(crate) fn chart(
    t: &'static Texts,
    params: &ReportParams,
    zone: &Zone,
    (what, unit): (&'static str, Unit),
    series: &Series,
) -> Chart {
    let days = params.url.period.days;
    let step = days.step();
    let range = format::days(&t.number, days);
    let title = fill(t.report.chart.title, &[("what", what), ("range", &range)]);
    // A comparison period in which nothing was counted would only be a line at 0.
    let compared = series.compared.as_ref().filter(|values| values.iter().any(|value| *value != 0));
    let compared = compared.zip(params.url.compared_days());
    let compared_starts = compared.map(|(_, days)| interval_starts(days, zone, step)).unwrap_or_default();
    let compared_at = |i: usize| {
        let (values, days) = compared?;
        let name = full_name(t, zone, days, *compared_starts.get(i)?, compared_starts.get(i + 1));
        Some((name, *values.get(i)?))
    };
    let starts = interval_starts(days, zone, step);
    let partial = partial_intervals(days, starts.len());
    let points = starts.iter().zip(partial).enumerate().map(|(i, (start, partial))| Point {
        when: full_name(t, zone, days, *start, starts.get(i + 1)),
        label: axis_label(t, zone, step, *start),
        value: series.values.get(i).copied(),
        before: compared_at(i),
        partial,
    });
    Chart::new(t, "chart", &title, what, unit).with(points.collect(), series.unfinished)
}

/// A sparkline of values, each with whether its interval is still running. Only intervals that count in full are drawn.
/// A partial month, or the interval that is still running, would begin or end every line with a fall that means nothing.
pub(crate) fn sparkline(
    params: &ReportParams,
    values: impl ExactSizeIterator<Item = (i64, bool)>,
) -> Option<Sparkline> {
    let partial = partial_intervals(params.url.period.days, values.len());
    let full = values.zip(partial).filter(|((_, unfinished), partial)| !unfinished && !partial);
    Sparkline::of(full.map(|((value, _), _)| value).collect())
}

/// For each of `n` intervals, whether the period contains only a part of it.
fn partial_intervals(days: Days, n: usize) -> impl Iterator<Item = bool> {
    let (first, last) = (days.first.date(), days.last.date());
    let by_months = days.step() == Step::Month;
    let (at_first, at_last) = (first != first.first_of_month(), last != last.last_of_month());
    (0..n).map(move |i| by_months && (i == 0 && at_first || i + 1 == n && at_last))
}

fn interval_starts(days: Days, zone: &Zone, step: Step) -> Vec<Millis> {
    let mut edges = days.edges(zone, step);
    edges.pop();
    edges.into_iter().map(Millis).collect()
}

/// Full name of an interval, which ends where the `next` begins. A partial month is named by its days.
fn full_name(t: &Texts, zone: &Zone, days: Days, start: Millis, next: Option<&Millis>) -> String {
    let first = zone.day_of(start);
    match days.step() {
        Step::Hour => format::date_time(&t.number, zone, start),
        Step::Day => format::weekday_date(&t.number, first),
        Step::Month => {
            let last = next.map_or(days.last, |next| zone.day_of(*next).plus(-1));
            format::days(&t.number, Days { first, last })
        }
    }
}

fn axis_label(t: &Texts, zone: &Zone, step: Step, start: Millis) -> String {
    match step {
        Step::Hour => format::time(zone, start),
        Step::Day => format::day_month(&t.number, zone.day_of(start)),
        Step::Month => format::month_year(&t.number, zone.day_of(start)),
    }
}
