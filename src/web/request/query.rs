//! Reads the query string of a report. `domain::question` and `app::reports` define the parameters and their
//! values; this module turns them into the address from which pages build their links.

use crate::app::reports::{Error, ReportQuery};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::question::{Dimension, Filter, Operator};
use crate::store::saved_view::SavedView;
use crate::web::paths::{Period, Report, ReportUrl};
use crate::web::text::Texts;

/// The decoded parameters of a query string.
pub type Pairs = Vec<(String, String)>;

/// What a request asks a report for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportParams {
    pub url: ReportUrl,
    pub query: ReportQuery,
    /// Number of the first row shown, counted from 1. The pager's links carry it, and it is only displayed.
    pub row: i64,
    /// The filter form was submitted: the page redirects to the address with the filter in it.
    pub from_form: bool,
    /// The comparison period ended before anything was counted. Set only for pages.
    pub nothing_before: bool,
    /// The saved views of the user. Filled only for pages.
    pub views: Vec<SavedView>,
    /// Id and name of each event that a filter mentions. Filled only for pages.
    pub events: Vec<(String, String)>,
}

/// The first value of a key; an empty value counts as missing.
#[must_use]
pub fn first<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// Reads the parameters. `own` are the report's own parameters that its links keep; unknown parameters are ignored.
pub fn read(
    account: AccountId,
    report: Report,
    pairs: &[(String, String)],
    own: &[&'static str],
    today: LocalDay,
) -> Result<ReportParams, Error> {
    let mut pairs = pairs.to_vec();
    let typed = typed(&pairs);
    let from_form = typed.is_some();
    pairs.extend(typed.map(|filter| ("filter".to_owned(), filter)));
    let query = ReportQuery::parse(&pairs)?;
    let period = Period { preset: query.period.preset, days: query.period.days(today)?, today };
    let mut url = ReportUrl::new(account, report, period).compared(query.period.comparison);
    for filter in &query.filters {
        url = url.filtered(filter.clone());
    }
    for key in own {
        if let Some(value) = first(&pairs, key) {
            url = url.with(key, value);
        }
    }
    let row = first(&pairs, "row").and_then(|text| text.parse().ok()).filter(|row| *row > 0);
    let row = row.filter(|_| query.after.is_some()).unwrap_or(1);
    let (views, events) = (Vec::new(), Vec::new());
    Ok(ReportParams { url, row, query, from_form, nothing_before: false, views, events })
}

/// What was typed into the filter form, if dimension and operator are known.
#[must_use]
pub fn typed_parts(pairs: &[(String, String)]) -> Option<(Dimension, Operator, &str)> {
    let dimension = first(pairs, "dimension").and_then(Dimension::parse)?;
    let operator = first(pairs, "operator").and_then(Operator::parse)?;
    Some((dimension, operator, first(pairs, "value").unwrap_or_default()))
}

/// Puts a filter into the fields of the filter form in which it was typed.
#[must_use]
pub fn with_typed(mut pairs: Pairs, filter: &Filter) -> Pairs {
    pairs.retain(|(key, _)| key != "value");
    pairs.push(("value".to_owned(), filter.written_values()));
    pairs
}

/// Replaces the labels that people type into the filter form (`Organic search`, `Netherlands`) with the stored values.
/// Languages have more values than one by the same name, so those of the account are looked through.
#[must_use]
pub fn by_name(t: &Texts, filter: Filter, languages: &[String]) -> Filter {
    let dimension = filter.dimension;
    let stored = |name: String| match dimension {
        Dimension::Language => {
            let label =
                |value: &&String| t.label.value(dimension, value).to_lowercase() == name.to_lowercase();
            let found: Vec<String> = languages.iter().filter(label).cloned().collect();
            if found.is_empty() { vec![name] } else { found }
        }
        _ => vec![t.label.named(dimension, name.trim()).unwrap_or(name)],
    };
    Filter { values: filter.values.into_iter().flat_map(stored).collect(), ..filter }
}

/// The filter in the fields of the filter form.
fn typed(pairs: &[(String, String)]) -> Option<String> {
    let dimension = first(pairs, "dimension")?;
    let operator = first(pairs, "operator")?;
    let value = first(pairs, "value").unwrap_or_default();
    Some(format!("{dimension}:{operator}:{}", value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::Preset;
    use crate::domain::question::Comparison;
    use crate::web::text::EN;

    const TODAY: LocalDay = LocalDay(20_779); // 2026-11-22

    fn ask(pairs: &[(&str, &str)]) -> Result<ReportParams, String> {
        let pairs: Pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        read(AccountId::FIRST, Report::Pages, &pairs, &["show"], TODAY).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_reads_back_what_it_says() {
        let period = Period::of(Preset::Days7, None, TODAY).unwrap();
        let values = ["a|b", "", "50%", "%7C", "a:b"].map(str::to_owned).to_vec();
        let url = ReportUrl::new(AccountId::FIRST, Report::Pages, period)
            .compared(Comparison::None)
            .filtered(Filter { dimension: Dimension::Page, operator: Operator::IsNot, values })
            .with("show", "exit");
        let fields: Pairs = url.fields().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let asked = read(AccountId::FIRST, Report::Pages, &fields, &["show"], TODAY).unwrap();
        assert_eq!(asked.query.filters, url.filters);
        assert_eq!((asked.url, asked.from_form), (url, false));
    }

    #[test]
    fn nothing_asked_is_the_last_28_days() {
        let url = ask(&[]).unwrap().url;
        assert_eq!(
            (url.period.preset, url.filters.len(), url.compare),
            (Preset::Days28, 0, Comparison::Previous)
        );
        let custom = [("period", "custom"), ("from", "2026-11-01"), ("to", "2026-11-03"), ("other", "x")];
        assert_eq!(
            ask(&custom).unwrap().url.href(),
            "/accounts/1000001/pages?period=custom&from=2026-11-01&to=2026-11-03"
        );
    }

    #[test]
    fn the_filter_form_adds_a_filter() {
        let asked = ask(&[
            ("filter", "source:is:OFFLINE"),
            ("dimension", "page"),
            ("operator", "contains"),
            ("value", " /a|/b "),
        ])
        .unwrap();
        assert!(asked.from_form);
        assert_eq!(asked.url.filters[1].values, ["/a", "/b"]);
        assert_eq!(asked.query.filters, asked.url.filters);
    }

    #[test]
    fn the_filter_form_takes_the_names_people_know() {
        let typed = |text: &str| {
            let languages = ["es", "es-419", "de-at"].map(str::to_owned);
            by_name(&EN, Filter::parse(text).unwrap(), &languages).written_values()
        };
        assert_eq!(typed("source:is:organic search | Direct traffic"), "ORGANIC_SEARCH|DIRECT_TRAFFIC");
        assert_eq!(typed("country:is_not:Netherlands|DE"), "NL|DE");
        assert_eq!(typed("visitor_type:is:Returning"), "returning");
        assert_eq!(typed("suspected:is:yes"), "yes");
        assert_eq!(typed("language:is:spanish|German (Austria)|nl"), "es|es-419|de-at|nl");
        assert_eq!(typed("page:is:/mobile"), "/mobile");
    }

    #[test]
    fn the_place_of_the_first_row_is_told_with_a_cursor_only() {
        assert_eq!(ask(&[("row", "101")]).unwrap().row, 1);
        assert_eq!(ask(&[("row", "101"), ("after", "7.3")]).unwrap().row, 101);
        assert_eq!(ask(&[("row", "-1"), ("after", "7.3")]).unwrap().row, 1);
    }

    #[test]
    fn unknown_words_are_refused_with_the_list() {
        for (pair, list) in [
            (("period", "7 days"), "last_month"),
            (("filter", "city:is:x"), "utm_campaign"),
            (("filter", "page:like:x"), "does_not_contain"),
            (("compare", "x"), "previous"),
            (("filter", "page"), "dimension:operator:value"),
            (("period", "custom"), "YYYY-MM-DD"),
        ] {
            let message = ask(&[pair]).unwrap_err();
            assert!(message.contains(list), "{message}");
        }
    }
}
