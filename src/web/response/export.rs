//! Answers for programs and spreadsheets: JSON and CSV. A text that a visitor chose must not run as a formula when
//! a spreadsheet opens the file.

use std::iter;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Serialize;

use crate::app::state::report_turns::Turn;
use crate::domain::text::{BYTE_ORDER_MARK, without_formula};
use crate::web::response::error::WebError;

/// Most rows of a CSV file, unless the request asks for fewer.
pub const CSV_ROWS_MAX: usize = 100_000;
/// Bytes of a CSV file that are written at a time; a row may exceed it.
const PIECE: usize = 64 * 1024;

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

/// A CSV file that the browser saves as `name.csv`.
pub struct CsvFile {
    pub name: String,
    pub mark: Mark,
    /// Held until the file is sent: its rows are in memory until then.
    pub turn: Turn,
}

/// Sends a CSV file by RFC 4180. One of more than a piece is written as the client takes it, so that a long file keeps
/// nobody else waiting. Pass every text through `cell` first.
pub fn csv(
    file: CsvFile,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>> + 'static,
) -> Result<HttpResponse, WebError> {
    let CsvFile { name, mark, turn } = file;
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    let mut records = iter::once(head).chain(rows).peekable();
    let begin = match mark {
        Mark::Written => BYTE_ORDER_MARK.to_vec(),
        Mark::Omitted => Vec::new(),
    };
    let first = piece(begin, &mut records).map_err(WebError::internal)?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")));
    if records.peek().is_none() {
        return Ok(answer.body(first));
    }
    let others = iter::from_fn(move || {
        let _held = &turn;
        records.peek()?;
        Some(piece(Vec::new(), &mut records).map(Bytes::from))
    });
    Ok(answer.streaming(stream::iter(iter::once(Ok(Bytes::from(first))).chain(others))))
}

/// Appends records until there are enough bytes for a piece, or no more records.
fn piece(begin: Vec<u8>, records: &mut impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begin);
    while writer.get_ref().len() < PIECE
        && let Some(record) = records.next()
    {
        writer.write_record(&record)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A column of a CSV file: its heading, and the cell of a row.
pub type Column<R> = (&'static str, fn(&R) -> String);

/// Like `csv`, for a table whose columns are always the same.
pub fn csv_columns<R: 'static>(
    file: CsvFile,
    columns: &'static [Column<R>],
    rows: Vec<R>,
) -> Result<HttpResponse, WebError> {
    let head: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let cells = |row: R| columns.iter().map(|(_, cell)| cell(&row)).collect();
    csv(file, &head, rows.into_iter().map(cells))
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
    use actix_web::body::{BodySize, MessageBody};
    use futures_util::FutureExt;

    use super::*;
    use crate::app::state::report_turns::{AT_A_TIME, Asker, ReportTurns};
    use crate::domain::user::UserId;

    /// The file and how long its head says it is.
    async fn sent(mark: Mark, rows: Vec<Vec<String>>) -> (BodySize, String) {
        let turn = ReportTurns::default().take(Asker::User(UserId(1))).await.unwrap();
        let file = CsvFile { name: "a".to_owned(), mark, turn };
        let body = csv(file, &["x", "y"], rows.into_iter()).unwrap().into_body();
        let size = body.size();
        let bytes = actix_web::body::to_bytes(body).await.unwrap();
        (size, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn tables_are_written_by_rfc_4180() {
        let rows = vec![vec!["a,\"b\"".to_owned(), "1\r\n2".to_owned()], vec![String::new(), "é".to_owned()]];
        let expected = "x,y\r\n\"a,\"\"b\"\"\",\"1\r\n2\"\r\n,é\r\n";
        let size = BodySize::Sized(expected.len() as u64);
        assert_eq!(sent(Mark::Omitted, rows.clone()).await, (size, expected.to_owned()));
        assert_eq!(sent(Mark::Written, rows).await.1, format!("\u{feff}{expected}"));
    }

    #[actix_web::test]
    async fn a_long_table_is_sent_in_pieces_and_whole() {
        let rows: Vec<Vec<String>> = (0..PIECE).map(|n| vec![n.to_string(), "é".to_owned()]).collect();
        let lines: Vec<String> = rows.iter().map(|row| format!("{},{}\r\n", row[0], row[1])).collect();
        let (size, text) = sent(Mark::Written, rows).await;
        assert_eq!(size, BodySize::Stream);
        assert_eq!(text, format!("\u{feff}x,y\r\n{}", lines.concat()));
    }

    #[actix_web::test]
    async fn the_turn_is_held_until_the_table_is_sent() {
        let turns = ReportTurns::default();
        let take = || turns.take(Asker::User(UserId(1))).now_or_never();
        let mut held = Vec::new();
        for _ in 1..AT_A_TIME {
            held.push(take().unwrap().unwrap());
        }
        let file = CsvFile { name: "a".to_owned(), mark: Mark::Omitted, turn: take().unwrap().unwrap() };
        let rows = vec![vec!["x".repeat(PIECE)]; 3];
        let body = csv(file, &["x"], rows.into_iter()).unwrap().into_body();
        assert!(take().is_none(), "the table is not sent yet");
        actix_web::body::to_bytes(body).await.unwrap();
        assert!(take().is_some());
    }
}
