//! The two forms of an export: CSV by RFC 4180, for spreadsheets, and NDJSON, one JSON object a line with typed values,
//! for programs. What is not known is an empty cell in one and `null` in the other.

use std::io::Write;

use serde::de::IgnoredAny;

use super::columns::{COLUMNS, Line, Value};
use crate::domain::text::{BYTE_ORDER_MARK, without_formula};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv {
        /// Begin with `BYTE_ORDER_MARK`.
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
        // Writing into memory does not fail, neither here nor below.
        let _ = csv_writer(out).write_record(COLUMNS.iter().map(|column| column.name));
    }

    /// Appends events.
    pub(super) fn writer(self, out: &mut Vec<u8>) -> Writer<'_> {
        match self {
            Self::Csv { .. } => Writer::Csv(Box::new(csv_writer(out))),
            Self::Ndjson => Writer::Ndjson(out),
        }
    }
}

pub(super) enum Writer<'o> {
    Csv(Box<csv::Writer<&'o mut Vec<u8>>>),
    Ndjson(&'o mut Vec<u8>),
}

impl Writer<'_> {
    pub(super) fn write(&mut self, line: &Line<'_>) {
        match self {
            Self::Csv(writer) => write_csv(line, writer),
            Self::Ndjson(out) => write_json(line, out),
        }
    }
}

fn csv_writer(out: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out)
}

fn write_csv(line: &Line<'_>, writer: &mut csv::Writer<&mut Vec<u8>>) {
    for column in COLUMNS {
        let _ = match (column.value)(line) {
            Value::Nothing => writer.write_field(""),
            Value::Text(text) => writer.write_field(&*without_formula(&text)),
            Value::Object(text) => writer.write_field(text),
            Value::Plain(text) => writer.write_field(text),
            Value::Integer(number) => writer.write_field(number.to_string()),
            Value::Boolean(is) => writer.write_field(if is { "true" } else { "false" }),
        };
    }
    let _ = writer.write_record(None::<&[u8]>);
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
    let _ = write!(out, "{value}");
}

fn append_json(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}
