//! Texts of the page on which all events of an account are downloaded.

texts! {
    Export {
        lead: "All page views and completions of this account, one per line, with everything that reports know of them. Visitors have their number and no email. Each download is written to the audit log.",
        from: "First day",
        to: "Last day",
        days_hint: "In the time zone of the account. Leave both empty for all events.",
        refused: "Nothing was downloaded. Correct the marked fields below and try again.",
        not_a_day: "Enter a day such as 2026-01-31.",
        reversed: "The last day is before the first one.",
        format: "Format",
        csv: "CSV",
        csv_hint: "For spreadsheets. A cell that a spreadsheet would compute gets a ' in front.",
        ndjson: "NDJSON",
        ndjson_hint: "For programs. One JSON object per line, with texts as they are.",
        download: "Download events",
        damaged: "If a day cannot be read, the download ends with an error. On the server, the command “guestlog export events” writes the rest and names the day. Its --help lists the columns.",
    }
}
