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
    pub map: Map,
    pub missing: Missing,
    pub nothing: Nothing,
    pub rows: Plural,
    /// `{from}`, `{to}`, `{total}`: which rows are on the page.
    pub rows_shown: &'static str,
    pub first_rows: &'static str,
    pub next_rows: &'static str,
    pub pages_of_rows: &'static str,
    pub search_rows: &'static str,
    /// The button of that field, where there are more rows than shown.
    pub search_all: &'static str,
    /// Stands in that field.
    pub search_all_hint: &'static str,
    pub export: &'static str,
    pub csv: &'static str,
    pub json: &'static str,
    pub see_all: &'static str,
    /// `{name}`: the title of a row's link.
    pub filter_by: &'static str,
    /// A value nobody set.
    pub none: &'static str,
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
    /// In the place of the days when they are over before the first visit.
    pub nothing: &'static str,
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
    pub completions: &'static str,
    pub revenue: &'static str,
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
    /// An interval of which the period holds a part only.
    pub cut: &'static str,
    /// `{when}`, `{value}`, `{what}`.
    pub point: &'static str,
    /// `{when}`, `{value}`: the compared point.
    pub point_before: &'static str,
    pub empty: &'static str,
}

/// The map of countries.
#[derive(Debug, Serialize)]
pub struct Map {
    /// `{range}`.
    pub title: &'static str,
    pub visitors: Plural,
    /// `{name}`, `{visitors}`: the tooltip of a country.
    pub place: &'static str,
    /// `{name}`: of one that nobody came from.
    pub place_nobody: &'static str,
    pub nobody: &'static str,
    /// `{from}`, `{to}`: a class of the legend.
    pub span: &'static str,
    /// `{list}`: what has no place on the map.
    pub elsewhere: &'static str,
    /// Between the names of that list.
    pub between: &'static str,
    /// A country nobody knows, in that list.
    pub unknown: &'static str,
    /// Instead of a map when no country is known.
    pub no_map_title: &'static str,
    pub no_map: &'static str,
}

/// Days that are missing in a report.
#[derive(Debug, Serialize)]
pub struct Missing {
    pub days: Plural,
    /// `{list}`: which days, what is safe, what to do.
    pub which: &'static str,
    /// `{n}`: more days than are listed.
    pub more: &'static str,
}

/// What will appear in a table that has no rows yet.
#[derive(Debug, Serialize)]
pub struct Nothing {
    pub pages: &'static str,
    pub entry: &'static str,
    pub exit: &'static str,
    pub sources: &'static str,
    pub campaigns: &'static str,
    pub devices: &'static str,
    pub countries: &'static str,
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
        nothing: "No earlier visits to compare",
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
        completions: "Event completions",
        revenue: "Revenue",
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
        cut: "Part of a month",
        point: "{when}: {value} {what}",
        point_before: "{when}: {value}",
        empty: "Nothing was counted in this period.",
    },
    map: Map {
        title: "Visitors by country, {range}",
        visitors: Plural { one: "{n} visitor", other: "{n} visitors" },
        place: "{name}: {visitors}",
        place_nobody: "{name}: no visitors",
        nobody: "None",
        span: "{from}–{to}",
        elsewhere: "Not on the map: {list}.",
        between: "; ",
        unknown: "unknown country",
        no_map_title: "No countries yet",
        no_map: "Countries come from a map file of addresses (MMDB) that is looked up on this machine; the address itself is never kept. Install one with “guestlog geo install FILE”: visits from then on have a country.",
    },
    missing: Missing {
        days: Plural {
            one: "{n} day cannot be read and is missing here:",
            other: "{n} days cannot be read and are missing here:",
        },
        which: "{list}. Everything else is complete and nothing was deleted. An administrator should run “guestlog check”: it names what is damaged.",
        more: "{n} more",
    },
    nothing: Nothing {
        pages: "No page was seen in this period. A page shows up here within two seconds of its first view.",
        entry: "No visit began in this period. The page a visit begins with shows up here within two seconds.",
        exit: "No visit ended in this period. The last page of a visit shows up here when the visit is over, half an hour after it.",
        sources: "Nobody came in this period. Search engines, sites, mails and campaigns that bring visitors show up here with their first visit.",
        campaigns: "No campaign in this period. Links to your site that carry utm_source, utm_medium, utm_campaign, utm_term or utm_content show up here with their first visit.",
        devices: "Nobody came in this period. What visitors browse with shows up here with their first visit.",
        countries: "Nobody came in this period. Where visitors are shows up here with their first visit.",
    },
    rows: Plural { one: "{n} row", other: "{n} rows" },
    rows_shown: "{from}–{to} of {total}",
    first_rows: "First rows",
    next_rows: "Next rows",
    pages_of_rows: "More rows",
    search_rows: "Search",
    search_all: "Search all rows",
    search_all_hint: "Search, Enter: all rows",
    export: "Export",
    csv: "CSV",
    json: "JSON",
    see_all: "See all",
    filter_by: "Show only {name}",
    none: "(none)",
    no_rows_filtered: "Nothing in this period matches these filters.",
    clear_filters: "Clear the filters",
};
