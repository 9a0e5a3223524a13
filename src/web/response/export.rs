//! Answers for programs and spreadsheets: JSON and CSV. A text that a visitor chose must not run as a formula when
//! a spreadsheet opens the file.

use std::iter;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::domain::text::{BYTE_ORDER_MARK, without_formula};
use crate::store;
use crate::web::response::error::WebError;

/// Most rows of a CSV file, unless the request asks for fewer.
pub const CSV_ROWS_MAX: usize = 100_000;
/// A piece of a CSV file ends with the row that reaches this many bytes. It can be a row and the writer's 8 KiB longer.
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
pub struct CsvFile<'a> {
    pub name: String,
    pub mark: Mark,
    /// A permit for each long file that may be on its way.
    pub places: &'a Arc<Semaphore>,
}

/// Sends a CSV file by RFC 4180. One of more than a piece is written as the client takes it, and others on the same thread
/// come in between, so that a long file keeps nobody waiting. Its rows are in memory until then. Pass every text through
/// `cell` first.
///
/// # Errors
/// `Busy` when no further long file may be sent now.
pub fn csv(
    file: CsvFile<'_>,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>> + 'static,
) -> Result<HttpResponse, WebError> {
    let CsvFile { name, mark, places } = file;
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
    let permit = Arc::clone(places).try_acquire_owned().map_err(|_| store::Error::Busy)?;
    let others = stream::unfold((records, permit), async |(mut records, permit)| {
        tokio::task::yield_now().await;
        records.peek()?;
        let next = piece(Vec::new(), &mut records).map(Bytes::from);
        Some((next, (records, permit)))
    });
    let first = stream::once(std::future::ready(Ok(Bytes::from(first))));
    Ok(answer.streaming(Box::pin(first.chain(others))))
}

/// A column of a CSV file: its heading, and the cell of a row.
pub type Column<R> = (&'static str, fn(&R) -> String);

/// Like `csv`, for a table whose columns are always the same.
pub fn csv_columns<R: 'static>(
    file: CsvFile<'_>,
    columns: &'static [Column<R>],
    rows: Vec<R>,
) -> Result<HttpResponse, WebError> {
    let head: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let cells = |row: R| columns.iter().map(|(_, cell)| cell(&row)).collect();
    csv(file, &head, rows.into_iter().map(cells))
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
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use actix_web::body::{BodySize, BoxBody, MessageBody};

    use super::*;

    fn body(places: &Arc<Semaphore>, mark: Mark, rows: Vec<Vec<String>>) -> Result<BoxBody, WebError> {
        let file = CsvFile { name: "a".to_owned(), mark, places };
        Ok(csv(file, &["x", "y"], rows.into_iter())?.into_body())
    }

    async fn text(body: BoxBody) -> String {
        String::from_utf8(actix_web::body::to_bytes(body).await.unwrap().to_vec()).unwrap()
    }

    /// More than one piece.
    fn long() -> Vec<Vec<String>> {
        (0..PIECE).map(|n| vec![n.to_string(), "é".to_owned()]).collect()
    }

    #[actix_web::test]
    async fn tables_are_written_by_rfc_4180() {
        let places = Arc::new(Semaphore::new(2));
        let rows = vec![vec!["a,\"b\"".to_owned(), "1\r\n2".to_owned()], vec![String::new(), "é".to_owned()]];
        let expected = "x,y\r\n\"a,\"\"b\"\"\",\"1\r\n2\"\r\n,é\r\n";
        let omitted = body(&places, Mark::Omitted, rows.clone()).unwrap();
        assert_eq!(omitted.size(), BodySize::Sized(expected.len() as u64));
        assert_eq!(text(omitted).await, expected);
        assert_eq!(text(body(&places, Mark::Written, rows).unwrap()).await, format!("\u{feff}{expected}"));
    }

    #[actix_web::test]
    async fn a_long_table_is_sent_whole_in_pieces_between_which_others_come() {
        let places = Arc::new(Semaphore::new(2));
        let lines: Vec<String> = long().iter().map(|row| format!("{},{}\r\n", row[0], row[1])).collect();
        let mut body = body(&places, Mark::Written, long()).unwrap();
        let (mut sent, mut pieces, mut pauses) = (Vec::new(), 0, 0);
        loop {
            let mut context = Context::from_waker(Waker::noop());
            match Pin::new(&mut body).poll_next(&mut context) {
                Poll::Ready(Some(piece)) => {
                    let piece = piece.unwrap();
                    assert!(piece.len() < 2 * PIECE, "{}", piece.len());
                    sent.extend_from_slice(&piece);
                    pieces += 1;
                }
                Poll::Ready(None) => break,
                Poll::Pending => {
                    pauses += 1;
                    tokio::task::yield_now().await;
                }
            }
        }
        assert_eq!(String::from_utf8(sent).unwrap(), format!("\u{feff}x,y\r\n{}", lines.concat()));
        assert!(pieces > 5 && pauses >= pieces - 1, "{pieces} pieces, {pauses} pauses");
    }

    #[actix_web::test]
    async fn as_many_long_tables_as_may_are_sent_at_a_time_and_one_more_is_refused() {
        let places = Arc::new(Semaphore::new(2));
        let mut under_way = [(); 2].map(|()| body(&places, Mark::Omitted, long()).unwrap());
        for body in &mut under_way {
            let polled = Pin::new(body).poll_next(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_ready(), "the first piece");
        }
        assert!(body(&places, Mark::Omitted, long()).is_err(), "one too many");
        assert!(body(&places, Mark::Omitted, Vec::new()).is_ok(), "a short one needs no place");
        let [one, _other] = under_way;
        text(one).await;
        assert!(body(&places, Mark::Omitted, long()).is_ok());
    }
}
