//! The filter bar of a report: the active filters, each with a button to remove it, and a form that adds one.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::question::{Dimension, Filter, Operator, VALUE_LENGTH_MAX};
use crate::domain::readable::readable;
use crate::web::part::icon::Icon;
use crate::web::part::saved_views::ViewsMenu;
use crate::web::paths::ReportUrl;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_filters.html")]
pub struct FilterBar {
    pub t: &'static Texts,
    pub url: ReportUrl,
    pub views: Option<ViewsMenu>,
    /// Id and name of each event that a filter mentions.
    pub events: Vec<(String, String)>,
}

struct Chip {
    dimension: String,
    operator: String,
    value: String,
    remove_label: String,
    href: String,
}

impl HtmlSafe for FilterBar {}

const fn is_address(dimension: Dimension) -> bool {
    matches!(
        dimension,
        Dimension::Page
            | Dimension::EntryPage
            | Dimension::ExitPage
            | Dimension::Referrer
            | Dimension::SourceDetail
    )
}

impl FilterBar {
    fn chips(&self) -> Vec<Chip> {
        self.url.filters.iter().enumerate().map(|(place, filter)| self.chip(place, filter)).collect()
    }

    fn chip(&self, place: usize, filter: &Filter) -> Chip {
        let dimension = self.t.label.dimension(filter.dimension).to_owned();
        let operator = self.t.report.filter.operator_name(filter.operator).to_owned();
        let named = |value: &String| match value.as_str() {
            "" => self.t.report.none.to_owned(),
            value if is_address(filter.dimension) => readable(value).into_owned(),
            value if filter.dimension == Dimension::Event => {
                let named = self.events.iter().find(|(id, _)| id == value);
                named.map_or_else(|| value.to_owned(), |(_, name)| name.clone())
            }
            value => self.t.label.value(filter.dimension, &filter.dimension.normalise(value)).into_owned(),
        };
        let values: Vec<String> = filter.values.iter().map(named).collect();
        let value = values.join(&format!(" {} ", self.t.report.filter.or));
        let whole = format!("{dimension} {operator} {value}");
        Chip {
            remove_label: fill(self.t.report.filter.remove, &[("filter", &whole)]),
            href: self.url.without_filter(place).href(),
            dimension,
            operator,
            value,
        }
    }

    /// All dimensions that some page shows. Companies have no page yet.
    fn dimensions(&self) -> Vec<(&'static str, &'static str)> {
        let later = |d: &Dimension| matches!(d, Dimension::Company);
        let shown = Dimension::ALL.into_iter().filter(|d| !later(d));
        shown.map(|d| (d.as_str(), self.t.label.dimension(d))).collect()
    }

    fn operators(&self) -> Vec<(&'static str, &'static str)> {
        Operator::ALL.map(|o| (o.as_str(), self.t.report.filter.operator_name(o))).to_vec()
    }

    const fn length_max(&self) -> usize {
        VALUE_LENGTH_MAX
    }

    fn clear(&self) -> Option<String> {
        (!self.url.filters.is_empty()).then(|| self.url.without_filters().href())
    }
}
