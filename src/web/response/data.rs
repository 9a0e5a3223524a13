//! Answers for programs and spreadsheets: JSON and CSV. Nothing here is written for the eye; what a cell holds
//! must not run when a spreadsheet opens it.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;

use crate::web::response::error::WebError;

/// Most rows of a table as CSV, unless the address asks for fewer.
pub const CSV_ROWS_MAX: usize = 100_000;

/// # Errors
/// `Internal` when it cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Result<HttpResponse, WebError> {
    let body = serde_json::to_string(value).map_err(WebError::internal)?;
    Ok(HttpResponse::Ok().content_type("application/json; charset=utf-8").body(body))
}

/// A table by RFC 4180, to be kept as `name.csv`. Texts come through `cell`.
///
/// # Errors
/// `Internal` when it cannot be written.
pub fn csv(name: &str, head: &[&str], rows: Vec<Vec<String>>) -> Result<HttpResponse, WebError> {
    let body = table(head, &rows).map_err(WebError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .body(body))
}

fn table(head: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text that spreadsheets take for a text: what they would compute stands behind a `'`. Full-width twins and
/// leading spaces make no difference to them.
#[must_use]
pub fn cell(text: &str) -> String {
    const COMPUTED: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    let begin = text.trim_start_matches([' ', '\n', '\u{a0}', '\u{feff}']);
    if begin.starts_with(COMPUTED) { format!("'{text}") } else { text.to_owned() }
}

/// A ratio with four decimals; empty when there is none.
#[must_use]
pub fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_would_be_computed_are_texts() {
        for bad in
            ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "＝1", "＋1", "－1", "＠a", " =1", "\n=1", "\u{feff}=1"]
        {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        for good in ["", "/a=b", "a-b", "'=1", "example.com"] {
            assert_eq!(cell(good), good);
        }
    }

    #[test]
    fn tables_are_written_by_rfc_4180() {
        let rows = vec![vec!["a,\"b\"".to_owned(), "1\r\n2".to_owned()], vec![String::new(), "é".to_owned()]];
        let text = String::from_utf8(table(&["x", "y"], &rows).unwrap()).unwrap();
        assert_eq!(text, "x,y\r\n\"a,\"\"b\"\"\",\"1\r\n2\"\r\n,é\r\n");
    }
}
