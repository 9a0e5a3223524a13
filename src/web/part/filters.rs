//! The filters of a report: chips that can be taken away and a form for one more.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;
use crate::web::paths::{Filter, ReportUrl};
use crate::web::query::{DIMENSIONS, OPERATORS};
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_filters.html")]
pub struct FilterBar {
    pub t: &'static Texts,
    pub url: ReportUrl,
}

struct Chip {
    dimension: String,
    operator: String,
    value: String,
    remove_label: String,
    href: String,
}

impl HtmlSafe for FilterBar {}

impl FilterBar {
    fn chips(&self) -> Vec<Chip> {
        self.url.filters.iter().enumerate().map(|(place, filter)| self.chip(place, filter)).collect()
    }

    fn chip(&self, place: usize, filter: &Filter) -> Chip {
        let dimension = self.t.word.dimension(&filter.dimension).to_owned();
        let operator = self.operator(&filter.operator).to_owned();
        let named = |value: &String| match value.as_str() {
            "" => self.t.report.none.to_owned(),
            value => self.t.word.value(&filter.dimension, value).to_owned(),
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

    fn operator<'a>(&self, key: &'a str) -> &'a str {
        let names = &self.t.report.filter;
        match key {
            "is" => names.is,
            "is_not" => names.is_not,
            "contains" => names.contains,
            "does_not_contain" => names.does_not_contain,
            "starts_with" => names.starts_with,
            other => other,
        }
    }

    fn dimensions(&self) -> Vec<(&'static str, &str)> {
        DIMENSIONS.iter().map(|key| (*key, self.t.word.dimension(key))).collect()
    }

    fn operators(&self) -> Vec<(&'static str, &str)> {
        OPERATORS.iter().map(|key| (*key, self.operator(key))).collect()
    }

    fn clear(&self) -> Option<String> {
        (!self.url.filters.is_empty()).then(|| self.url.without_filters().href())
    }
}
