//! Texts of what every report carries: period, comparison, filters, key figures, charts, tables.

use super::Plural;

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
            /// `{zone}`: which clock the days follow.
            zone: "Time zone: {zone}",
        },
        compare: Compare {
            label: "Compare",
            previous: "Previous period",
            year: "Previous year",
            off: "No comparison",
            /// In the place of the days when they are over before the first visit.
            nothing: "No earlier visits to compare with",
            /// `{range}`: the days compared with.
            with: "vs {range}",
            /// `{range}`, `{time}`: the last of them up to this time.
            with_part: "vs {range} until {time}",
        },
        filter: Filter {
            label: "Filters",
            add: "Filter",
            dimension: "Field",
            operator: "Condition",
            value: "Value",
            /// What the value field takes.
            value_hint: "Separate several values with |",
            apply: "Add filter",
            clear: "Clear all",
            /// `{filter}`: the cross on a chip.
            remove: "Remove filter {filter}",
            /// Between several values.
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
            /// `{label}`: show this figure in the chart.
            chart_it: "Show {label} in the chart",
            /// `{before}`, `{range}`: what the change is measured against.
            against: "{before} in {range}",
            /// `{before}`, `{range}`, `{time}`: while the period is not over.
            against_part: "{before} in {range} until {time}",
            up: "up",
            down: "down",
            same: "unchanged",
        },
        chart: Chart {
            title: "{what}, {range}",
            as_table: "Show as table",
            when: "Time",
            /// Names the series of the period itself.
            now: "This period",
            /// Names the compared series.
            before: "Comparison",
            unfinished: "In progress",
            /// An interval of which the period holds a part only.
            cut: "Partial month",
            point: "{when}: {value} {what}",
            /// `{when}`, `{value}`: the compared point.
            point_before: "{when}: {value}",
            empty: "No data in this period.",
        },
        /// The map of countries.
        map: Map {
            title: "Visitors by country, {range}",
            visitors: Plural = { one: "{n} visitor", other: "{n} visitors" },
            /// `{name}`, `{visitors}`: the tooltip of a country.
            place: "{name}: {visitors}",
            /// `{name}`: of one that nobody came from.
            place_nobody: "{name}: no visitors",
            nobody: "None",
            /// `{from}`, `{to}`: a class of the legend.
            span: "{from}–{to}",
            /// `{list}`: what has no place on the map.
            elsewhere: "Not on the map: {list}.",
            /// Between the names of that list.
            between: "; ",
            /// A country nobody knows, in that list.
            unknown: "unknown country",
            /// Instead of a map when no country is known.
            no_map_title: "No countries yet",
            no_map: "Guestlog finds the country of an IP address in a database file (MMDB) on this machine. The address itself is never stored. Install a file with “guestlog geo install FILE” to see the countries of new visits.",
        },
        /// Days that are missing in a report.
        missing: Missing {
            days: Plural = {
                one: "{n} day cannot be read and is missing from this report:",
                other: "{n} days cannot be read and are missing from this report:",
            },
            /// `{list}`: which days, what is safe, what to do.
            which: "{list}. Everything else is complete, and nothing was deleted. An administrator should run “guestlog check” to see what is damaged.",
            /// `{n}`: more days than are listed.
            more: "{n} more",
        },
        /// What will appear in a table that has no rows yet.
        nothing: Nothing {
            pages: "No page views in this period. New page views appear here within two seconds.",
            entry: "No sessions started in this period. The first page of a new session appears here within two seconds.",
            exit: "No sessions ended in this period. The last page of a session appears here when the session is over, half an hour after its last hit.",
            sources: "No visitors in this period. Search engines, sites, emails and campaigns that bring visitors appear here.",
            campaigns: "No campaigns in this period. Visits from links with utm_source, utm_medium, utm_campaign, utm_term or utm_content appear here.",
            devices: "No visitors in this period. The devices and browsers of visitors appear here.",
            countries: "No visitors in this period. The countries of visitors appear here.",
        },
        rows: Plural = { one: "{n} row", other: "{n} rows" },
        /// `{from}`, `{to}`, `{total}`: which rows are on the page.
        rows_shown: "{from}–{to} of {total}",
        first_rows: "First rows",
        next_rows: "Next rows",
        pages_of_rows: "More rows",
        search_rows: "Search",
        /// The button of that field, where there are more rows than shown.
        search_all: "Search all rows",
        /// Stands in that field.
        search_all_hint: "Search (Enter: all rows)",
        export: "Export",
        csv: "CSV",
        json: "JSON",
        see_all: "See all",
        /// `{name}`: the title of a row's link.
        filter_by: "Show only {name}",
        /// A value nobody set.
        none: "(none)",
        no_rows_filtered: "Nothing in this period matches these filters.",
        clear_filters: "Clear filters",
    }
}
