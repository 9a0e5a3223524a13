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
            zone: "Days follow {zone}",
        },
        compare: Compare {
            label: "Compare",
            previous: "Previous period",
            year: "Year before",
            off: "No comparison",
            /// In the place of the days when they are over before the first visit.
            nothing: "No earlier visits to compare",
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
            value_hint: "Several values: put | between them",
            apply: "Add filter",
            clear: "Clear all",
            /// `{filter}`: the cross on a chip.
            remove: "Remove the filter {filter}",
            /// Between several values.
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
            before: "Compared",
            unfinished: "Not over yet",
            /// An interval of which the period holds a part only.
            cut: "Part of a month",
            point: "{when}: {value} {what}",
            /// `{when}`, `{value}`: the compared point.
            point_before: "{when}: {value}",
            empty: "Nothing was counted in this period.",
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
            no_map: "Countries come from a map file of addresses (MMDB) that is looked up on this machine; the address itself is never kept. Install one with “guestlog geo install FILE”: visits from then on have a country.",
        },
        /// Days that are missing in a report.
        missing: Missing {
            days: Plural = {
                one: "{n} day cannot be read and is missing here:",
                other: "{n} days cannot be read and are missing here:",
            },
            /// `{list}`: which days, what is safe, what to do.
            which: "{list}. Everything else is complete and nothing was deleted. An administrator should run “guestlog check”: it names what is damaged.",
            /// `{n}`: more days than are listed.
            more: "{n} more",
        },
        /// What will appear in a table that has no rows yet.
        nothing: Nothing {
            pages: "No page was seen in this period. A page shows up here within two seconds of its first view.",
            entry: "No visit began in this period. The page a visit begins with shows up here within two seconds.",
            exit: "No visit ended in this period. The last page of a visit shows up here when the visit is over, half an hour after it.",
            sources: "Nobody came in this period. Search engines, sites, mails and campaigns that bring visitors show up here with their first visit.",
            campaigns: "No campaign in this period. Links to your site that carry utm_source, utm_medium, utm_campaign, utm_term or utm_content show up here with their first visit.",
            devices: "Nobody came in this period. What visitors browse with shows up here with their first visit.",
            countries: "Nobody came in this period. Where visitors are shows up here with their first visit.",
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
        search_all_hint: "Search, Enter: all rows",
        export: "Export",
        csv: "CSV",
        json: "JSON",
        see_all: "See all",
        /// `{name}`: the title of a row's link.
        filter_by: "Show only {name}",
        /// A value nobody set.
        none: "(none)",
        no_rows_filtered: "Nothing in this period matches these filters.",
        clear_filters: "Clear the filters",
    }
}
