//! Reads the query of a report's address (contract.md, Reports as data): period, comparison, filters and
//! what the report itself knows. Unknown words are refused with the list of those there are.

use crate::domain::account::AccountId;
use crate::domain::period::{DAYS_MAX, Days, LocalDay, Preset, parse_day};
use crate::web::paths::{Compare, Filter, Period, Report, ReportUrl};

/// The dimensions of the contract, in the order the filter form offers them.
pub const DIMENSIONS: [&str; 26] = [
    "page",
    "entry_page",
    "exit_page",
    "host",
    "source",
    "source_detail",
    "source_detail_2",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "country",
    "region",
    "device",
    "browser",
    "os",
    "screen",
    "language",
    "visitor_type",
    "event",
    "tag",
    "company",
    "consent",
    "contact",
];
/// The operators of the contract, in the same manner.
pub const OPERATORS: [&str; 5] = ["is", "is_not", "contains", "does_not_contain", "starts_with"];
/// Most filters of one address.
pub const FILTERS_MAX: usize = 20;
/// Longest filter, bytes.
pub const FILTER_MAX: usize = 4_096;
/// Most values of one filter.
pub const VALUES_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    #[error("unknown period “{0}”; periods are: {list}", list = presets())]
    Period(String),
    #[error("a custom period needs from and to as YYYY-MM-DD, in order, at most {DAYS_MAX} days apart")]
    Days,
    #[error("unknown comparison “{0}”; comparisons are: previous, year, off")]
    Compare(String),
    #[error("a filter is dimension:operator:value, not “{0}”")]
    Filter(String),
    #[error("unknown dimension “{0}”; dimensions are: {list}", list = DIMENSIONS.join(", "))]
    Dimension(String),
    #[error("unknown operator “{0}”; operators are: {list}", list = OPERATORS.join(", "))]
    Operator(String),
    #[error("at most {FILTERS_MAX} filters, {FILTER_MAX} bytes and {VALUES_MAX} values each")]
    Limit,
}

fn presets() -> String {
    Preset::ALL.map(Preset::as_str).join(", ")
}

/// An address as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub url: ReportUrl,
    /// The filter form was sent: the page answers 303 to the plain address.
    pub from_form: bool,
}

/// Reads the pairs of a query. `own` are the keys the report knows besides; others are left alone.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(
    account: AccountId,
    report: Report,
    pairs: &[(String, String)],
    own: &[&'static str],
    today: LocalDay,
) -> Result<Asked, BadQuery> {
    let first = |key: &str| pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let mut url = ReportUrl::new(account, report, period(&first, today)?);
    if let Some(word) = first("compare") {
        url.compare = Compare::parse(word).ok_or_else(|| BadQuery::Compare(cut(word)))?;
    }
    for (_, text) in pairs.iter().filter(|(key, _)| key == "filter") {
        url = url.filtered(filter(text)?);
    }
    let typed = first("dimension").zip(first("operator")).zip(first("value"));
    if let Some(((dimension, operator), value)) = typed {
        url = url.filtered(filter(&format!("{dimension}:{operator}:{}", value.trim()))?);
    }
    if url.filters.len() > FILTERS_MAX {
        return Err(BadQuery::Limit);
    }
    for key in own {
        if let Some(value) = first(key) {
            url = url.with(key, value);
        }
    }
    Ok(Asked { url, from_form: typed.is_some() })
}

fn period<'a>(first: &impl Fn(&str) -> Option<&'a str>, today: LocalDay) -> Result<Period, BadQuery> {
    let preset = match first("period") {
        None if first("from").is_some() => Preset::Custom,
        None => Preset::Days28,
        Some(word) => Preset::parse(word).ok_or_else(|| BadQuery::Period(cut(word)))?,
    };
    let day = |key: &str| first(key).and_then(parse_day);
    let custom = day("from").zip(day("to")).map(|(first, last)| Days { first, last });
    Period::of(preset, custom, today).ok_or(BadQuery::Days)
}

/// `source:is:REFERRALS|EMAIL_MARKETING`
///
/// # Errors
/// Anything but a known dimension, a known operator and a value.
pub fn filter(text: &str) -> Result<Filter, BadQuery> {
    if text.len() > FILTER_MAX {
        return Err(BadQuery::Limit);
    }
    let wrong = || BadQuery::Filter(cut(text));
    let (dimension, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (operator, value) = rest.split_once(':').ok_or_else(wrong)?;
    if !DIMENSIONS.contains(&dimension) {
        return Err(BadQuery::Dimension(cut(dimension)));
    }
    if !OPERATORS.contains(&operator) {
        return Err(BadQuery::Operator(cut(operator)));
    }
    if value.is_empty() {
        return Err(wrong());
    }
    let values: Vec<String> = value.split('|').map(inner).collect();
    if values.len() > VALUES_MAX {
        return Err(BadQuery::Limit);
    }
    Ok(Filter { dimension: dimension.to_owned(), operator: operator.to_owned(), values })
}

/// One of several values: `(none)` is empty; `%7C` and `%25` are `|` and `%`, other per cent signs stay.
fn inner(value: &str) -> String {
    match value {
        "(none)" => String::new(),
        value => value.replace("%7C", "|").replace("%7c", "|").replace("%25", "%"),
    }
}

/// What was typed, short enough to be shown again.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: LocalDay = LocalDay(20_779); // 2026-11-22

    fn ask(pairs: &[(&str, &str)]) -> Result<Asked, BadQuery> {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        read(AccountId::FIRST, Report::Pages, &pairs, &["show"], TODAY)
    }

    #[test]
    fn an_address_reads_back_what_it_says() {
        let period = Period::of(Preset::Days7, None, TODAY).unwrap();
        let url = ReportUrl::new(AccountId::FIRST, Report::Pages, period)
            .compared(Compare::Off)
            .filtered(Filter {
                dimension: "page".into(),
                operator: "is_not".into(),
                values: vec!["a|b".into(), String::new(), "50%".into(), "%7C".into(), "a:b".into()],
            })
            .with("show", "exit");
        let fields: Vec<(String, String)> =
            url.fields().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let asked = read(AccountId::FIRST, Report::Pages, &fields, &["show"], TODAY).unwrap();
        assert_eq!(asked, Asked { url, from_form: false });
    }

    #[test]
    fn nothing_asked_is_the_last_28_days() {
        let url = ask(&[]).unwrap().url;
        assert_eq!(
            (url.period.preset, url.filters.len(), url.compare),
            (Preset::Days28, 0, Compare::Previous)
        );
        let url = ask(&[("from", "2026-11-01"), ("to", "2026-11-03"), ("other", "x")]).unwrap().url;
        assert_eq!(url.href(), "/accounts/1000001/pages?period=custom&from=2026-11-01&to=2026-11-03");
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
    }

    #[test]
    fn unknown_words_are_refused_with_the_list() {
        for (pairs, error, list) in [
            ([("period", "7 days")], BadQuery::Period("7 days".into()), "last_month"),
            ([("filter", "city:is:x")], BadQuery::Dimension("city".into()), "utm_campaign"),
            ([("filter", "page:like:x")], BadQuery::Operator("like".into()), "does_not_contain"),
            ([("compare", "x")], BadQuery::Compare("x".into()), "previous"),
            ([("filter", "page:is:")], BadQuery::Filter("page:is:".into()), "dimension:operator:value"),
            ([("filter", "page")], BadQuery::Filter("page".into()), "dimension:operator:value"),
            ([("period", "custom")], BadQuery::Days, "YYYY-MM-DD"),
        ] {
            let got = ask(&pairs).unwrap_err();
            assert_eq!(got, error);
            assert!(got.to_string().contains(list), "{got}");
        }
    }

    #[test]
    fn filters_are_taken_at_the_limit_and_refused_one_past_it() {
        let texts: Vec<String> = (0..=FILTERS_MAX).map(|i| format!("page:is:/{i}")).collect();
        let pairs: Vec<(&str, &str)> = texts.iter().map(|t| ("filter", t.as_str())).collect();
        assert!(ask(&pairs[1..]).is_ok());
        assert_eq!(ask(&pairs), Err(BadQuery::Limit));
        let long = |n: usize| format!("page:is:{}", "x".repeat(n - "page:is:".len()));
        assert!(filter(&long(FILTER_MAX)).is_ok());
        assert_eq!(filter(&long(FILTER_MAX + 1)), Err(BadQuery::Limit));
        let many = |n: usize| format!("page:is:{}", vec!["x"; n].join("|"));
        assert!(filter(&many(VALUES_MAX)).is_ok());
        assert_eq!(filter(&many(VALUES_MAX + 1)), Err(BadQuery::Limit));
    }
}
