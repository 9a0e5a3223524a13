//! Computes charts for SVG templates: scales, paths, ticks. Every chart has a table behind it, so people who cannot
//! see it get the same numbers.
//!
//! The drawing fits any width without a script. Lines and areas are in a view box of width 1,000 that the browser
//! stretches. Texts, circles and grid lines must not be stretched, so they are placed in percent.

use std::fmt::Write;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::drawing::format;
use crate::web::text::number::Numbers;
use crate::web::text::{Texts, fill};

/// Height of the plot, in CSS pixels.
const HEIGHT: f64 = 220.0;
/// Space above the highest point, so that its dot is not cut off.
const TOP: f64 = 10.0;
/// Space for the labels below the axis.
const FOOT: f64 = 28.0;
/// Width of the view box that is stretched.
const WIDE: f64 = 1_000.0;
/// Most labels below the axis.
const LABELS_MAX: usize = 7;
/// Most steps of the value axis.
const STEPS: i64 = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    /// In minor units of this ISO 4217 currency.
    Money(String),
}

impl Unit {
    /// As a key figure: shortened when it is long.
    pub(crate) fn figure(&self, t: &Numbers, value: i64) -> String {
        match self {
            Self::Count => format::figure(t, value),
            Self::Money(code) => format::money_figure(t, value, code),
        }
    }

    pub(crate) fn text(&self, t: &Numbers, value: i64) -> String {
        match self {
            Self::Count => format::number(t, value),
            Self::Money(code) => format::money(t, value, code),
        }
    }

    fn short(&self, t: &Numbers, value: i64) -> String {
        match self {
            Self::Count => format::tick(t, value),
            Self::Money(code) => format::money_tick(t, value, code),
        }
    }
}

/// One interval of the chart.
#[derive(Clone, Debug)]
pub struct Point {
    /// Full name: `Sun 22 Nov 2026`.
    pub when: String,
    /// Label below the axis: `22 Nov`.
    pub label: String,
    /// `None` for intervals in the future.
    pub value: Option<i64>,
    /// Full name and value of the interval it is compared with.
    pub before: Option<(String, i64)>,
    /// The period contains only a part of the interval.
    pub partial: bool,
}

/// A line with an area below it, and the line of the comparison behind it.
#[derive(Template)]
#[template(path = "_chart.html")]
pub struct Chart {
    pub t: &'static Texts,
    /// The element's `id`, unique on its page.
    pub id: &'static str,
    pub title: String,
    /// What is counted; used in tooltips and as heading of the table.
    pub what: String,
    pub unit: Unit,
    pub points: Vec<Point>,
    /// The last interval with a value is still running.
    pub unfinished: bool,
    scale: Scale,
}

impl HtmlSafe for Chart {}

struct PlottedPoint {
    /// Position in percent of the width.
    x: String,
    /// The stretch of the width in which the pointer selects this point, in percent.
    from: String,
    width: String,
    y: Option<String>,
    y_before: Option<String>,
    title: String,
    title_before: Option<String>,
}

struct Tick {
    text: String,
    y: String,
}

struct AxisLabel<'a> {
    text: &'a str,
    x: String,
    anchor: &'static str,
    /// Hidden on narrow screens.
    spare: bool,
}

impl Chart {
    pub fn new(t: &'static Texts, id: &'static str, title: &str, what: &str, unit: Unit) -> Self {
        Self {
            t,
            id,
            title: title.to_owned(),
            what: what.to_owned(),
            unit,
            points: Vec::new(),
            unfinished: false,
            scale: Scale::over([].into_iter()),
        }
    }

    pub fn with(mut self, points: Vec<Point>, unfinished: bool) -> Self {
        let values = points.iter().flat_map(|p| p.value.into_iter().chain(p.before.iter().map(|(_, v)| *v)));
        self.scale = Scale::over(values);
        self.points = points;
        self.unfinished = unfinished;
        self
    }

    fn is_empty(&self) -> bool {
        self.points
            .iter()
            .all(|p| p.value.unwrap_or(0) == 0 && p.before.as_ref().is_none_or(|(_, v)| *v == 0))
    }

    fn has_before(&self) -> bool {
        self.points.iter().any(|p| p.before.is_some())
    }

    fn height(&self) -> String {
        place(HEIGHT + TOP + FOOT)
    }

    fn plot_height(&self) -> String {
        place(HEIGHT + TOP)
    }

    fn view_box(&self) -> String {
        format!("0 0 {} {}", place(WIDE), place(HEIGHT + TOP))
    }

    fn labels_y(&self) -> String {
        place(HEIGHT + TOP + FOOT - 8.0)
    }

    fn ticks(&self) -> Vec<Tick> {
        let tick =
            |value: i64| Tick { text: self.unit.short(&self.t.number, value), y: place(self.scale.y(value)) };
        self.scale.ticks().map(tick).collect()
    }

    /// The y coordinate of the value 0.
    fn zero(&self) -> String {
        place(self.scale.y(0))
    }

    /// The points of the line: x in the view box, y in pixels.
    fn line(&self) -> Vec<(f64, f64)> {
        let n = self.points.len();
        let of = |(i, p): (usize, &Point)| p.value.map(|v| (fraction(i, n) * WIDE, self.scale.y(v)));
        self.points.iter().enumerate().map_while(of).collect()
    }

    fn path_area(&self) -> String {
        let line = self.line();
        let (Some(first), Some(last)) = (line.first(), line.last()) else { return String::new() };
        let zero = self.scale.y(0);
        format!("{}L{} {}L{} {}Z", path(&line), place(last.0), place(zero), place(first.0), place(zero))
    }

    /// Whether the interval counts less than a full one would. A line to or from such a point is dashed, because
    /// its slope means nothing.
    fn is_partial(&self, place: usize) -> bool {
        self.is_unfinished(&place) || self.points.get(place).is_some_and(|point| point.partial)
    }

    /// The path of the line: with `parts` only the sections that touch a partial interval, otherwise only the
    /// others.
    fn stretches(&self, parts: bool) -> String {
        let line = self.line();
        let mut text = String::new();
        let mut run: Vec<(f64, f64)> = Vec::new();
        for (place, pair) in line.windows(2).enumerate() {
            let [from, to] = pair else { continue };
            if (self.is_partial(place) || self.is_partial(place + 1)) == parts {
                if run.is_empty() {
                    run.push(*from);
                }
                run.push(*to);
            } else {
                text.push_str(&path(&std::mem::take(&mut run)));
            }
        }
        text + &path(&run)
    }

    /// The sections between full intervals.
    fn path_certain(&self) -> String {
        self.stretches(false)
    }

    /// The sections that touch an interval that is still running or only partly in the period.
    fn path_unfinished(&self) -> String {
        self.stretches(true)
    }

    fn has_partial(&self) -> bool {
        self.points.iter().any(|point| point.partial)
    }

    /// The note on an interval that does not count in full.
    fn partial_note(&self, place: &usize) -> Option<&'static str> {
        let texts = &self.t.report.chart;
        match self.points.get(*place) {
            _ if self.is_unfinished(place) => Some(texts.unfinished),
            Some(point) if point.partial => Some(texts.partial),
            _ => None,
        }
    }

    fn path_before(&self) -> String {
        let n = self.points.len();
        let of = |(i, p): (usize, &Point)| {
            p.before.as_ref().map(|(_, v)| (fraction(i, n) * WIDE, self.scale.y(*v)))
        };
        let line: Vec<(f64, f64)> = self.points.iter().enumerate().filter_map(of).collect();
        path(&line)
    }

    fn plotted(&self) -> Vec<PlottedPoint> {
        let n = self.points.len();
        self.points.iter().enumerate().map(|(i, point)| self.plot(i, n, point)).collect()
    }

    fn plot(&self, i: usize, n: usize, point: &Point) -> PlottedPoint {
        let numbers = &self.t.number;
        let gap = if n > 1 { 100.0 / (n - 1) as f64 } else { 200.0 };
        let x = fraction(i, n) * 100.0;
        let (from, to) = ((x - gap / 2.0).max(0.0), (x + gap / 2.0).min(100.0));
        PlottedPoint {
            x: format!("{}%", place(x)),
            from: format!("{}%", place(from)),
            width: format!("{}%", place(to - from)),
            y: point.value.map(|v| place(self.scale.y(v))),
            y_before: point.before.as_ref().map(|(_, v)| place(self.scale.y(*v))),
            title: fill(
                self.t.report.chart.point,
                &[("when", &point.when), ("value", &self.value(point)), ("what", &self.what.to_lowercase())],
            ),
            title_before: point.before.as_ref().map(|(when, v)| {
                let value = self.unit.text(numbers, *v);
                fill(self.t.report.chart.point_before, &[("when", when), ("value", &value)])
            }),
        }
    }

    fn value(&self, point: &Point) -> String {
        point.value.map_or_else(|| self.t.number.unknown.to_owned(), |v| self.unit.text(&self.t.number, v))
    }

    fn value_before(&self, point: &Point) -> String {
        let before = point.before.as_ref();
        before.map_or_else(|| self.t.number.unknown.to_owned(), |(_, v)| self.unit.text(&self.t.number, *v))
    }

    fn is_unfinished(&self, place: &usize) -> bool {
        self.unfinished && self.line().len() == place + 1
    }

    fn labels(&self) -> Vec<AxisLabel<'_>> {
        let n = self.points.len();
        let every = n.div_ceil(LABELS_MAX).max(1);
        let shown = self.points.iter().enumerate().step_by(every);
        shown
            .enumerate()
            .map(|(nth, (i, point))| AxisLabel::at(&point.label, fraction(i, n), nth % 2 == 1))
            .collect()
    }
}

impl<'a> AxisLabel<'a> {
    /// At both edges the text is aligned so that it stays inside the chart.
    fn at(text: &'a str, x: f64, spare: bool) -> Self {
        let anchor = match x {
            ..0.03 => "start",
            0.97.. => "end",
            _ => "middle",
        };
        Self { text, x: format!("{}%", place(x * 100.0)), anchor, spare }
    }
}

/// A small line chart without axes.
#[derive(Template)]
#[template(path = "_spark.html")]
pub struct Sparkline {
    values: Vec<i64>,
}

impl HtmlSafe for Sparkline {}

impl Sparkline {
    /// `None` when there are fewer than two values or only zeros.
    pub fn of(values: Vec<i64>) -> Option<Self> {
        (values.len() > 1 && values.iter().any(|v| *v != 0)).then_some(Self { values })
    }

    fn points(&self) -> Vec<(f64, f64)> {
        let most = self.values.iter().copied().max().unwrap_or(0).max(1);
        let n = self.values.len();
        let y = |v: i64| 30.0 - (v.max(0) as f64 / most as f64) * 28.0;
        self.values.iter().enumerate().map(|(i, v)| (fraction(i, n) * 100.0, y(*v))).collect()
    }

    fn line(&self) -> String {
        path(&self.points())
    }

    fn area(&self) -> String {
        format!("{}L100 32L0 32Z", self.line())
    }
}

/// The value axis, from `low` to `high` in steps of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    low: i64,
    high: i64,
    step: i64,
}

impl Scale {
    /// An axis that contains 0 and every value, in steps of 1, 2 or 5 times a power of ten.
    fn over(values: impl Iterator<Item = i64>) -> Self {
        let (low, high) = values.fold((0i64, 0i64), |(low, high), v| (low.min(v), high.max(v)));
        let span = i128::from(high) - i128::from(low);
        let step = nice_step(span);
        // The ends are rounded outwards to whole steps; at the limits of `i64` they saturate.
        let down = |v: i64| i128::from(v).div_euclid(step) * step;
        let up = |v: i64| -(-i128::from(v)).div_euclid(step) * step;
        let narrow = |v: i128| i64::try_from(v).unwrap_or(if v < 0 { i64::MIN } else { i64::MAX });
        let high = if span == 0 { 1 } else { narrow(up(high)) };
        Self { low: narrow(down(low)), high, step: narrow(step) }
    }

    fn ticks(self) -> impl Iterator<Item = i64> {
        let mut next = Some(self.low);
        std::iter::from_fn(move || {
            let now = next?;
            next = now.checked_add(self.step).filter(|v| *v <= self.high);
            Some(now)
        })
    }

    /// In pixels from the top.
    fn y(self, value: i64) -> f64 {
        let (low, high) = (self.low as f64, self.high as f64);
        TOP + HEIGHT - (value as f64 - low) / (high - low) * HEIGHT
    }
}

/// The smallest of 1, 2, 5 × 10^k that covers `span` in at most `STEPS` steps.
fn nice_step(span: i128) -> i128 {
    let mut power: i128 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = power * factor;
            if span <= step * i128::from(STEPS) {
                return step;
            }
        }
        power *= 10;
    }
}

/// Position of the `i`-th of `n` points, from 0 to 1. A single point is in the middle.
fn fraction(i: usize, n: usize) -> f64 {
    if n > 1 { i as f64 / (n - 1) as f64 } else { 0.5 }
}

/// At most two decimals, without trailing zeros.
fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An SVG path, `M0 10L5 20…`; empty when there are no points.
fn path(points: &[(f64, f64)]) -> String {
    let mut text = String::with_capacity(points.len() * 12);
    for (i, (x, y)) in points.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{} {}", if i == 0 { 'M' } else { 'L' }, place(*x), place(*y));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    fn chart(values: &[Option<i64>], before: Option<i64>, unfinished: bool) -> Chart {
        let point = |(i, value): (usize, &Option<i64>)| Point {
            when: format!("day {i}"),
            label: format!("d{i}"),
            value: *value,
            before: before.map(|v| (format!("before {i}"), v)),
            partial: false,
        };
        let points = values.iter().enumerate().map(point).collect();
        Chart::new(&EN, "c", "Visitors, 7 days", "Visitors", Unit::Count).with(points, unfinished)
    }

    fn ticks(values: &[i64]) -> Vec<i64> {
        Scale::over(values.iter().copied()).ticks().collect()
    }

    #[test]
    fn axes_have_few_round_steps() {
        assert_eq!(ticks(&[]), [0, 1]);
        assert_eq!(ticks(&[0, 0]), [0, 1]);
        assert_eq!(ticks(&[1]), [0, 1]);
        assert_eq!(ticks(&[3]), [0, 1, 2, 3]);
        assert_eq!(ticks(&[4]), [0, 1, 2, 3, 4]);
        assert_eq!(ticks(&[5]), [0, 2, 4, 6]);
        assert_eq!(ticks(&[87]), [0, 50, 100]);
        assert_eq!(ticks(&[1_234]), [0, 500, 1_000, 1_500]);
        assert_eq!(ticks(&[-30, 100]), [-50, 0, 50, 100]);
        assert_eq!(ticks(&[-7]), [-8, -6, -4, -2, 0]);
        for extreme in [[i64::MAX, 0], [i64::MIN, i64::MAX], [i64::MIN, 0]] {
            let scale = Scale::over(extreme.into_iter());
            assert!(scale.ticks().count() <= 6 && scale.y(0).is_finite(), "{scale:?}");
        }
    }

    #[test]
    fn every_value_lies_within_the_plot() {
        for top in [1, 7, 99, 100, 101, 12_345, 999_999_999] {
            let scale = Scale::over([top].into_iter());
            assert!(scale.high >= top && scale.y(top) >= TOP && scale.y(0) <= TOP + HEIGHT, "{top}");
            assert!((3..=6).contains(&scale.ticks().count()) || top == 1, "{top}");
        }
    }

    #[test]
    fn the_last_interval_is_dotted_until_it_is_over() {
        let open = chart(&[Some(1), Some(2), Some(4)], None, true);
        assert_eq!(open.path_certain(), "M0 175L500 120");
        assert_eq!(open.path_unfinished(), "M500 120L1000 10");
        let over = chart(&[Some(1), Some(2), Some(4)], None, false);
        assert_eq!(over.path_certain(), "M0 175L500 120L1000 10");
        assert_eq!(over.path_unfinished(), "");
    }

    #[test]
    fn future_intervals_are_not_drawn() {
        let today = chart(&[Some(4), Some(2), None, None], Some(1), true);
        assert_eq!(today.line().len(), 2);
        assert!(today.path_before().ends_with("L1000 175"), "the compared day is drawn to its end");
        assert!(today.is_unfinished(&1) && !today.is_unfinished(&0) && !today.is_unfinished(&2));
    }

    #[test]
    fn there_are_few_labels_below_the_axis() {
        for n in [1, 2, 7, 8, 24, 28, 90, 365] {
            let labels = chart(&vec![Some(1); n], None, false).labels().len();
            assert!((1..=LABELS_MAX).contains(&labels), "{n}: {labels}");
        }
    }

    #[test]
    fn a_chart_has_its_table_behind_it() {
        let html = chart(&[Some(1_234), Some(0), None], Some(7), true).to_string();
        assert_eq!(html.matches("<tr").count(), 4, "{html}");
        for part in ["day 0: 1,234 visitors", "before 2: 7", "<details", "In progress", "aria-labelledby"] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("style="));
        let hostile = Chart::new(&EN, "c", "<b>", "<i>", Unit::Money("EUR".into()))
            .with(
                vec![Point {
                    when: "<u>".into(),
                    label: "<s>".into(),
                    value: Some(1),
                    before: None,
                    partial: false,
                }],
                false,
            )
            .to_string();
        assert!(!["<b>", "<i>", "<u>", "<s>"].iter().any(|tag| hostile.contains(tag)), "{hostile}");
        assert!(chart(&[Some(0), Some(0)], None, false).to_string().contains(EN.report.chart.empty));
    }

    #[test]
    fn a_sparkline_needs_two_values_that_are_not_zero() {
        assert!(Sparkline::of(vec![1]).is_none() && Sparkline::of(vec![0, 0]).is_none());
        let html = Sparkline::of(vec![0, 2, 1]).unwrap().to_string();
        assert!(html.contains("M0 30L50 2L100 16"), "{html}");
    }
}
