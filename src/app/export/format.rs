//! The two forms of an export: CSV by RFC 4180, for spreadsheets, and NDJSON, one JSON object a line with typed values,
//! for programs. What is not known is an empty cell in one and `null` in the other.

use std::io::Write;

use serde::de::IgnoredAny;

use super::columns::{COLUMNS, Line, Value};
use crate::domain::text::without_formula;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv {
        /// Begin with a byte order mark, without which Excel takes the letters for those of another encoding.
        mark: bool,
    },
    Ndjson,
}

impl Format {
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Appends what stands before the first event.
    pub(super) fn write_head(self, out: &mut Vec<u8>) {
        let Self::Csv { mark } = self else { return };
        if mark {
            out.extend(BYTE_ORDER_MARK);
        }
        let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        out.extend_from_slice(names.join(",").as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Appends an event.
    pub(super) fn write_line(self, line: &Line<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Csv { .. } => write_csv(line, out),
            Self::Ndjson => write_json(line, out),
        }
    }
}

fn write_csv(line: &Line<'_>, out: &mut Vec<u8>) {
    for (index, column) in COLUMNS.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match (column.value)(line) {
            Value::Nothing => {}
            Value::Text(text) => write_cell(&without_formula(&text), out),
            Value::Object(text) => write_cell(text, out),
            Value::Plain(text) => out.extend_from_slice(text.as_bytes()),
            Value::Integer(number) => append(out, number),
            Value::Boolean(is) => append(out, is),
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn write_cell(text: &str, out: &mut Vec<u8>) {
    if !text.contains(['"', ',', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for part in text.split_inclusive('"') {
        out.extend_from_slice(part.as_bytes());
        if part.ends_with('"') {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

fn write_json(line: &Line<'_>, out: &mut Vec<u8>) {
    for (index, column) in COLUMNS.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(column.name.as_bytes());
        out.extend_from_slice(b"\":");
        match (column.value)(line) {
            Value::Nothing => out.extend_from_slice(b"null"),
            Value::Text(text) if text.is_empty() => out.extend_from_slice(b"null"),
            Value::Text(text) => append_json(out, &text),
            Value::Plain(text) => append_json(out, &text),
            // What damage left of an object is a text, so that the line stays JSON.
            Value::Object(text) if serde_json::from_str::<IgnoredAny>(text).is_err() => {
                append_json(out, text)
            }
            Value::Object(text) => out.extend_from_slice(text.as_bytes()),
            Value::Integer(number) => append(out, number),
            Value::Boolean(is) => append(out, is),
        }
    }
    out.extend_from_slice(b"}\n");
}

fn append(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing into memory does not fail.
    let _ = write!(out, "{value}");
}

fn append_json(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_rfc_4180_asks_for_it() {
        for (text, cell) in [
            ("", ""),
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("\"", "\"\"\"\""),
            ("a\"b\"", "\"a\"\"b\"\"\""),
            ("1\r\n2", "\"1\r\n2\""),
        ] {
            let mut out = Vec::new();
            write_cell(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), cell);
        }
    }
}
