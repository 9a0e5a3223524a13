//! Texts of what every report carries: period, comparison, filters, key figures, charts, tables.

use serde::Serialize;

use super::plural::Plural;

#[derive(Debug, Serialize)]
pub struct Report {
    pub period: Period,
    pub compare: Compare,
    pub filter: Filter,
    pub kpi: Kpi,
    pub chart: Chart,
    pub rows: Plural,
    /// `{from}`, `{to}`, `{total}`: which rows are on the page.
    pub rows_shown: &'static str,
    pub first_rows: &'static str,
    pub next_rows: &'static str,
    pub pages_of_rows: &'static str,
    pub search_rows: &'static str,
    pub export: &'static str,
    pub csv: &'static str,
    pub json: &'static str,
    pub see_all: &'static str,
    /// `{name}`: the title of a row's link.
    pub filter_by: &'static str,
    /// A value nobody set.
    pub none: &'static str,
    pub no_rows: &'static str,
    pub no_rows_filtered: &'static str,
    pub clear_filters: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Period {
    pub label: &'static str,
    pub today: &'static str,
    pub yesterday: &'static str,
    pub days7: &'static str,
    pub days28: &'static str,
    pub days90: &'static str,
    pub month: &'static str,
    pub last_month: &'static str,
    pub months12: &'static str,
    pub custom: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub apply: &'static str,
    pub earlier: &'static str,
    pub later: &'static str,
    /// `{zone}`: which clock the days follow.
    pub zone: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Compare {
    pub label: &'static str,
    pub previous: &'static str,
    pub year: &'static str,
    pub off: &'static str,
    /// `{range}`: the days compared with.
    pub with: &'static str,
    /// `{range}`, `{time}`: the last of them up to this time.
    pub with_part: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Filter {
    pub label: &'static str,
    pub add: &'static str,
    pub dimension: &'static str,
    pub operator: &'static str,
    pub value: &'static str,
    /// What the value field takes.
    pub value_hint: &'static str,
    pub apply: &'static str,
    pub clear: &'static str,
    /// `{filter}`: the cross on a chip.
    pub remove: &'static str,
    /// Between several values.
    pub or: &'static str,
    pub is: &'static str,
    pub is_not: &'static str,
    pub contains: &'static str,
    pub does_not_contain: &'static str,
    pub starts_with: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Kpi {
    pub label: &'static str,
    pub visitors: &'static str,
    pub sessions: &'static str,
    pub page_views: &'static str,
    /// `{label}`: show this figure in the chart.
    pub chart_it: &'static str,
    /// `{before}`, `{range}`: what the change is measured against.
    pub against: &'static str,
    /// `{before}`, `{range}`, `{time}`: while the period is not over.
    pub against_part: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub same: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Chart {
    /// `{what}`, `{range}`.
    pub title: &'static str,
    pub as_table: &'static str,
    pub when: &'static str,
    /// Names the series of the period itself.
    pub now: &'static str,
    /// Names the compared series.
    pub before: &'static str,
    pub unfinished: &'static str,
    /// `{when}`, `{value}`, `{what}`.
    pub point: &'static str,
    /// `{when}`, `{value}`: the compared point.
    pub point_before: &'static str,
    pub empty: &'static str,
}

pub const EN: Report = Report {
    period: Period {
        label: "Period",
        today: "Today",
        yesterday: "Yesterday",
        days7: "Last 7 days",
        days28: "Last 28 days",
        days90: "Last 90 days",
        month: "Month to date",
        last_month: "Last month",
        months12: "Last 12 months",
        custom: "Custom",
        from: "From",
        to: "To",
        apply: "Show",
        earlier: "Earlier",
        later: "Later",
        zone: "Days follow {zone}",
    },
    compare: Compare {
        label: "Compare",
        previous: "Previous period",
        year: "Year before",
        off: "No comparison",
        with: "vs {range}",
        with_part: "vs {range} until {time}",
    },
    filter: Filter {
        label: "Filters",
        add: "Filter",
        dimension: "Field",
        operator: "Condition",
        value: "Value",
        value_hint: "Several values: put | between them",
        apply: "Add filter",
        clear: "Clear all",
        remove: "Remove the filter {filter}",
        or: "or",
        is: "is",
        is_not: "is not",
        contains: "contains",
        does_not_contain: "does not contain",
        starts_with: "starts with",
    },
    kpi: Kpi {
        label: "Key figures",
        visitors: "Visitors",
        sessions: "Sessions",
        page_views: "Page views",
        chart_it: "Show {label} in the chart",
        against: "{before} in {range}",
        against_part: "{before} in {range} until {time}",
        up: "up",
        down: "down",
        same: "unchanged",
    },
    chart: Chart {
        title: "{what}, {range}",
        as_table: "Show as table",
        when: "Time",
        now: "This period",
        before: "Compared",
        unfinished: "Not over yet",
        point: "{when}: {value} {what}",
        point_before: "{when}: {value}",
        empty: "Nothing was counted in this period.",
    },
    rows: Plural { one: "{n} row", other: "{n} rows" },
    rows_shown: "{from}–{to} of {total}",
    first_rows: "First rows",
    next_rows: "Next rows",
    pages_of_rows: "More rows",
    search_rows: "Search",
    export: "Export",
    csv: "CSV",
    json: "JSON",
    see_all: "See all",
    filter_by: "Show only {name}",
    none: "(none)",
    no_rows: "Nothing in this period yet. A visit shows up here within two seconds of its first page view.",
    no_rows_filtered: "Nothing in this period matches these filters.",
    clear_filters: "Clear the filters",
};
