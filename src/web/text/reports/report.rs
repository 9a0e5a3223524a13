//! Texts of all reports: period, comparison, filters, metrics, charts, the map, tables.

use crate::domain::question::Operator;
use crate::web::text::Plural;

texts! {
    Report {
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
            /// On paper, below the title.
            zone: "Time zone: {zone}",
        },
        compare: Compare {
            label: "Compare",
            previous: "Previous period",
            year: "Previous year",
            off: "No comparison",
            /// Instead of the compared days when they were before the first visit.
            nothing: "No earlier visits to compare with",
            /// The compared days.
            with: "vs {range}",
            /// The compared days; the last one is compared only up to this time.
            with_part: "vs {range} until {time}",
        },
        filter: Filter {
            label: "Filters",
            add: "Filter",
            dimension: "Field",
            operator: "Condition",
            value: "Value",
            /// The hint of the value field.
            value_hint: "Separate several values with |",
            apply: "Add filter",
            clear: "Clear all",
            /// The label of the cross on a filter.
            remove: "Remove filter {filter}",
            /// Between the values of a filter.
            or: "or",
            is: "is",
            is_not: "is not",
            contains: "contains",
            does_not_contain: "does not contain",
            starts_with: "starts with",
        },
        kpi: Kpi {
            label: "Key metrics",
            visitors: "Visitors",
            sessions: "Sessions",
            page_views: "Page views",
            completions: "Event completions",
            revenue: "Revenue",
            /// The label of a metric that can be clicked.
            chart_it: "Show {label} in the chart",
            /// The tooltip of a change: the metric in the compared period.
            against: "{before} in {range}",
            /// The same while the period is not over.
            against_part: "{before} in {range} until {time}",
            up: "up",
            down: "down",
            same: "unchanged",
        },
        chart: Chart {
            title: "{what}, {range}",
            as_table: "Show as table",
            when: "Time",
            /// The legend of the period's own line.
            now: "This period",
            /// The legend of the compared line.
            before: "Comparison",
            unfinished: "In progress",
            /// The legend of a month that the period covers only in part.
            partial: "Partial month",
            point: "{when}: {value} {what}",
            /// The tooltip of a compared point.
            point_before: "{when}: {value}",
            empty: "No data in this period.",
        },
        /// The map of countries.
        map: Map {
            title: "Visitors by country, {range}",
            visitors: Plural = { one: "{n} visitor", other: "{n} visitors" },
            /// The tooltip of a country.
            place: "{name}: {visitors}",
            /// The tooltip of a country without visitors.
            place_nobody: "{name}: no visitors",
            nobody: "None",
            /// A class in the legend.
            span: "{from}–{to}",
            /// Countries that the map does not show.
            elsewhere: "Not on the map: {list}.",
            /// Between two countries of that list.
            between: "; ",
            /// Visitors without a known country, in that list.
            unknown: "unknown country",
            /// Shown instead of the map when no country is known.
            no_map_title: "No countries yet",
            no_map: "Guestlog finds the country of an IP address in a database file (MMDB) on this machine. The address itself is never stored. Install a file with “guestlog geo install FILE” to see the countries of new visits.",
        },
        /// The warning about days that cannot be read.
        missing: Missing {
            days: Plural = {
                one: "{n} day cannot be read and is missing from this report:",
                other: "{n} days cannot be read and are missing from this report:",
            },
            /// `{list}` is the days.
            which: "{list}. Everything else is complete, and nothing was deleted. An administrator should run “guestlog check” to see what is damaged.",
            /// The number of days that are not listed.
            more: "{n} more",
        },
        /// The line about what is included of suspected robots.
        suspected: Suspected {
            page_views: Plural = {
                one: "{n} page view of a suspected robot is included.",
                other: "{n} page views of suspected robots are included.",
            },
            completions: Plural = {
                one: "{n} completion by a suspected robot is included.",
                other: "{n} completions by suspected robots are included.",
            },
            leave_out: Plural = { one: "Leave it out", other: "Leave them out" },
        },
        /// What will appear in an empty table.
        nothing: Nothing {
            pages: "No page views in this period. New page views appear here within two seconds.",
            entry: "No sessions started in this period. The first page of a new session appears here within two seconds.",
            exit: "No sessions ended in this period. The last page of a session appears here when the session is over, half an hour after its last hit.",
            sources: "No visitors in this period. Search engines, sites, emails and campaigns that bring visitors appear here.",
            campaigns: "No campaigns in this period. Visits from links with utm_source, utm_medium, utm_campaign, utm_term or utm_content appear here.",
            click_ids: "No click ids in this period. Visits from ads and networks that add one to their links (gclid, msclkid, fbclid …) appear here.",
            devices: "No visitors in this period. The devices and browsers of visitors appear here.",
            countries: "No visitors in this period. The countries of visitors appear here.",
        },
        rows: Plural = { one: "{n} row", other: "{n} rows" },
        /// The rows on this page, and their total.
        rows_shown: "{from}–{to} of {total}",
        first_rows: "First rows",
        next_rows: "Next rows",
        pages_of_rows: "More rows",
        search_rows: "Search",
        /// The button of the search field when there are more rows than the page shows.
        search_all: "Search all rows",
        /// The placeholder of that field.
        search_all_hint: "Search (Enter: all rows)",
        export: "Export",
        csv: "CSV",
        json: "JSON",
        see_all: "See all",
        /// The tooltip of a row.
        filter_by: "Show only {name}",
        /// A row without a value.
        none: "(none)",
        no_rows_filtered: "Nothing in this period matches these filters.",
        clear_filters: "Clear filters",
    }
}

impl Filter {
    /// How an operator is said.
    #[must_use]
    pub const fn operator_name(&self, operator: Operator) -> &'static str {
        match operator {
            Operator::Is => self.is,
            Operator::IsNot => self.is_not,
            Operator::Contains => self.contains,
            Operator::DoesNotContain => self.does_not_contain,
            Operator::StartsWith => self.starts_with,
        }
    }
}
