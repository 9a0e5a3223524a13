//! Prints the figures of `bench siege` as a table.

use serde_json::Value;

use crate::bench::output;

const COLUMNS: [&str; 16] = [
    "attack",
    "honest visitor p99 ms",
    "honest page p99 ms",
    "unanswered",
    "429 or 5xx",
    "MB before",
    "most",
    "after",
    "descriptors",
    "fold lag s",
    "attempts",
    "refused or cut off",
    "files, ratio to what came",
    "acknowledged",
    "lost",
    "beyond the bar",
];

#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub(super) fn print(report: &Value, json: bool) {
    let Some(figures) = output::begin(report, json) else { return };
    println!(
        "Each attack lasts {:.0} s on a server of its own; memory afterwards is read {:.0} s later.\n",
        figures.number("/seconds"),
        figures.number("/rest_s"),
    );
    println!("| {} |", COLUMNS.join(" | "));
    println!("|{}", "---|".repeat(COLUMNS.len()));
    for row in figures.rows("/attacks") {
        let whole = |path: &str| format!("{:.0}", row.number(path));
        let mb = |path: &str| format!("{:.0}", row.number(path) / 1e6);
        let ratio = row.number("/files_ratio");
        let faults: Vec<&str> =
            row.0["faults"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let cells: [String; COLUMNS.len()] = [
            row.text("/attack").to_owned(),
            format!("{:.1}", row.number("/visitor_p99_ms")),
            format!("{:.1}", row.number("/page_p99_ms")),
            format!("{:.0} of {:.0}", row.number("/honest_failed"), row.number("/honest_requests")),
            whole("/honest_refused"),
            mb("/memory_before_bytes"),
            mb("/memory_most_bytes"),
            mb("/memory_after_bytes"),
            whole("/descriptors_most"),
            format!("{:.1}", row.number("/fold_lag_s")),
            whole("/attempts"),
            whole("/refused"),
            if ratio > 0.0 { format!("{ratio:.2}") } else { String::new() },
            whole("/acknowledged"),
            whole("/lost"),
            faults.join(", "),
        ];
        println!("| {} |", cells.join(" | "));
    }
}
