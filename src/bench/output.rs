//! Prints what benchmarks measured: how each begins, and the tables of `bench reports`.

use serde_json::Value;

/// Prints the report as JSON, or when and where it was measured. Then answers the figures, of which tables follow.
#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub(super) fn begin(report: &Value, json: bool) -> Option<Figures<'_>> {
    if json {
        println!("{report}");
        return None;
    }
    let figures = Figures(report);
    println!("{} · {}", figures.text("/date"), figures.text("/machine"));
    if let Some(ms) = report.get("calibration_ms").and_then(Value::as_f64) {
        println!("calibration: {ms:.0} ms for a fixed piece of work");
    }
    Some(figures)
}

#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub(super) fn print(report: &Value, json: bool) {
    let Some(figures) = begin(report, json) else { return };
    println!(
        "{:.0} events, {:.0} visitors, {:.0} days; each report {:.0} times, whole page over HTTP, warm, uncached\n",
        figures.number("/events"),
        figures.number("/visitors"),
        figures.number("/days"),
        figures.number("/repeat")
    );
    println!(
        "| report | period | filters | p50 ms | p95 ms | CPU ms | bar ms | |\n|---|---|---|---|---|---|---|---|"
    );
    for row in figures.rows("/reports") {
        let (p95, bar) = (row.number("/p95_ms"), row.number("/bar_ms"));
        println!(
            "| {} | {} | {:.0} | {:.1} | {p95:.1} | {:.1} | {bar:.0} | {} |",
            row.text("/page"),
            row.text("/period"),
            row.number("/filters"),
            row.number("/p50_ms"),
            row.number("/cpu_ms"),
            if p95 > bar { "missed" } else { "" },
        );
    }
    println!("\n| figure | measured | bar |\n|---|---|---|");
    for (name, figure, bar) in key_figures(&figures) {
        println!("| {name} | {figure} | {bar} |");
    }
    let plain = figures.rows("/plain_sql");
    if !plain.is_empty() {
        println!(
            "\n| question | period | plain SQL on rows, ms | whole report, p50 ms | ratio |\n|---|---|---|---|---|"
        );
    }
    for row in plain {
        println!(
            "| {} | {} | {:.0} | {:.1} | {:.0} |",
            row.text("/question"),
            row.text("/period"),
            row.number("/plain_sql_ms"),
            row.number("/whole_report_ms"),
            row.number("/ratio"),
        );
    }
    println!("\n| on disk | bytes | an event |\n|---|---|---|");
    let tables = report.pointer("/disk/tables").and_then(Value::as_object);
    for (name, bytes) in tables.into_iter().flatten() {
        let bytes = bytes.as_f64().unwrap_or(0.0);
        println!("| {name} | {bytes:.0} | {:.2} |", bytes / figures.number("/events").max(1.0));
    }
}

/// For each figure its name, what was measured, and the limit.
fn key_figures(figures: &Figures<'_>) -> Vec<(&'static str, String, &'static str)> {
    let ms = |path: &str| format!("{:.1} ms", figures.number(path));
    let mb = |path: &str| format!("{:.0} MB", figures.number(path) / 1e6);
    let of_event = |path: &str| format!("{:.1}", figures.number(path) / figures.number("/events").max(1.0));
    let made = figures.number("/made_s");
    vec![
        (
            "made in",
            if made > 0.0 { format!("{made:.0} s") } else { "(kept from an earlier run)".to_owned() },
            "300 s for 10 million",
        ),
        (
            "events a second while reports run",
            format!("{:.0}", figures.number("/while_events_arrive/events_per_second")),
            "",
        ),
        ("acknowledgement p99 meanwhile", ms("/while_events_arrive/acknowledged_p99_ms"), "≤ 100 ms"),
        (
            "reports beyond twice their bar meanwhile",
            format!(
                "{:.0} of {:.0}",
                figures.number("/while_events_arrive/slower_than_twice_the_bar"),
                figures.number("/while_events_arrive/reports")
            ),
            "p95 within",
        ),
        ("memory while reports run", mb("/rss_reports_bytes"), "≤ 192 MB"),
        ("memory with events arriving", mb("/rss_busy_bytes"), "≤ 192 MB"),
        ("ready after a kill", ms("/ready_after_kill_ms"), "≤ 500 ms"),
        ("ready when empty", ms("/ready_empty_ms"), "≤ 50 ms"),
        ("segment columns, bytes an event", of_event("/disk/columns"), "≤ 13"),
        ("all files, bytes an event", of_event("/disk/files"), "≤ 35"),
        ("a visitor erased, median", ms("/erasing/erase_p50_ms"), ""),
        ("a visitor erased, longest", ms("/erasing/erase_max_ms"), "≤ 1,000 ms"),
        ("a month forgotten", ms("/erasing/month_ms"), "≤ 100 ms"),
        ("20,000 visitors of it forgotten, 500 at a time", ms("/erasing/visitors_ms"), ""),
        ("acknowledgement p99 while a month is forgotten", ms("/erasing/acknowledged_p99_ms"), "≤ 100 ms"),
    ]
}

/// Figures, or a part of them.
pub(super) struct Figures<'a>(pub(super) &'a Value);

impl<'a> Figures<'a> {
    pub(super) fn number(&self, path: &str) -> f64 {
        self.0.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
    }

    pub(super) fn text(&self, path: &str) -> &'a str {
        self.0.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn rows(&self, path: &str) -> Vec<Self> {
        self.0.pointer(path).and_then(Value::as_array).into_iter().flatten().map(Figures).collect()
    }
}
