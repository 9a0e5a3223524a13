//! Answers for programs and spreadsheets: JSON and CSV. A text that a visitor chose must not run as a formula when
//! a spreadsheet opens the file.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;

use crate::domain::text::{BYTE_ORDER_MARK, without_formula};
use crate::web::response::error::WebError;

/// Most rows of a CSV file, unless the request asks for fewer.
pub const CSV_ROWS_MAX: usize = 100_000;

/// The byte order mark at the beginning of a CSV file. Programs may not expect it and ask for none (`?bom=0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Written,
    Omitted,
}

pub fn json(value: &impl Serialize) -> Result<HttpResponse, WebError> {
    let body = serde_json::to_string(value).map_err(WebError::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json; charset=utf-8").body(body))
}

/// A CSV file by RFC 4180 that the browser saves as `name.csv`. Pass every text through `cell` first.
pub fn csv(mark: Mark, name: &str, head: &[&str], rows: Vec<Vec<String>>) -> Result<HttpResponse, WebError> {
    let body = table(mark, head, &rows).map_err(WebError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .body(body))
}

/// A column of a CSV file: its heading, and the cell of a row.
pub type Column<R> = (&'static str, fn(&R) -> String);

/// Like `csv`, for a table whose columns are always the same.
pub fn csv_columns<'a, R: 'a>(
    mark: Mark,
    name: &str,
    columns: &[Column<R>],
    rows: impl IntoIterator<Item = &'a R>,
) -> Result<HttpResponse, WebError> {
    let head: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let cells = |row: &R| columns.iter().map(|(_, cell)| cell(row)).collect();
    csv(mark, name, &head, rows.into_iter().map(cells).collect())
}

fn table(mark: Mark, head: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    let begin = match mark {
        Mark::Written => BYTE_ORDER_MARK.to_vec(),
        Mark::Omitted => Vec::new(),
    };
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begin);
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text as a cell that no spreadsheet computes.
pub fn cell(text: &str) -> String {
    without_formula(text).into_owned()
}

/// Four decimals; empty when there is no ratio.
pub fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_by_rfc_4180() {
        let rows = vec![vec!["a,\"b\"".to_owned(), "1\r\n2".to_owned()], vec![String::new(), "é".to_owned()]];
        let text = |mark| String::from_utf8(table(mark, &["x", "y"], &rows).unwrap()).unwrap();
        let expected = "x,y\r\n\"a,\"\"b\"\"\",\"1\r\n2\"\r\n,é\r\n";
        assert_eq!(text(Mark::Omitted), expected);
        assert_eq!(text(Mark::Written), format!("\u{feff}{expected}"));
    }
}
