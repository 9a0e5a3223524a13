//! The file of an import: which encoding and separator it has, and reading its rows. An uploaded file is written anew in
//! UTF-8 at once, so that everything after that reads one encoding.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use encoding_rs::{CoderResult, Encoding, UTF_8, WINDOWS_1252};

use crate::domain::import::{COLUMNS_MAX, ROW_MAX, ROWS_MAX};
use crate::domain::text::read_cell;

/// The folder of imports in the data directory.
pub const FOLDER: &str = "imports";

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the file is no text; save it as CSV first")]
    NoText,
    #[error("the file has no rows below its head")]
    NoRows,
    #[error("the file has {0} columns; at most {COLUMNS_MAX} can be imported")]
    ManyColumns(usize),
    #[error("the file has more than {ROWS_MAX} rows")]
    ManyRows,
    #[error("line {0} is too long; perhaps a quote in it is never closed")]
    LongRow(u64),
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Where the file of this name lies.
#[must_use]
pub fn path_of(data_dir: &Path, file: &str) -> PathBuf {
    data_dir.join(FOLDER).join(file)
}

/// Is this a name that `App::random` gave a file? No other name leads to a file.
#[must_use]
pub fn is_name(file: &str) -> bool {
    file.len() == 32 && file.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Creates a file in the folder of imports that nobody else can read.
///
/// # Errors
/// The system's; also when the file exists.
pub fn create(data_dir: &Path, file: &str) -> std::io::Result<File> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir.join(FOLDER))?;
    File::options().create_new(true).write(true).mode(0o600).open(path_of(data_dir, file))
}

/// Deletes a file, if it is there.
///
/// # Errors
/// The system's.
pub fn delete(data_dir: &Path, file: &str) -> std::io::Result<()> {
    match std::fs::remove_file(path_of(data_dir, file)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is known of a file after reading it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub encoding: &'static str,
    pub separator: u8,
    pub headings: Vec<String>,
    pub rows: u64,
}

/// Writes the file anew in UTF-8 and reads it once. The encoding is that of the byte order mark, else UTF-8 when the whole
/// file is, else Windows-1252.
///
/// # Errors
/// Why it cannot be imported.
pub fn inspect(source: &Path, mut target: File, target_path: &Path) -> Result<Inspected, FileError> {
    let mut begin = Vec::new();
    File::open(source)?.take(3).read_to_end(&mut begin)?;
    let encoding = match Encoding::for_bom(&begin) {
        Some((encoding, _)) => match transcode(encoding, source, &mut target)? {
            true => encoding,
            false => return Err(FileError::NoText),
        },
        None if transcode(UTF_8, source, &mut target)? => UTF_8,
        None => {
            target.set_len(0)?;
            target.rewind()?;
            transcode(WINDOWS_1252, source, &mut target)?;
            WINDOWS_1252
        }
    };
    target.sync_all()?;
    drop(target);
    let separator = separator_of(target_path)?;
    let mut rows = Rows::open(target_path, separator)?;
    let headings = rows.headings.clone();
    if headings.len() > COLUMNS_MAX {
        return Err(FileError::ManyColumns(headings.len()));
    }
    let mut count = 0;
    while let Some(row) = rows.next_row()? {
        if row.record.as_slice().len() > ROW_MAX {
            return Err(FileError::LongRow(row.line));
        }
        count += 1;
        if count > ROWS_MAX {
            return Err(FileError::ManyRows);
        }
    }
    if count == 0 {
        return Err(FileError::NoRows);
    }
    Ok(Inspected { encoding: encoding.name(), separator, headings, rows: count })
}

/// Copies a file as UTF-8 without byte order mark. Answers false as soon as something is not of this encoding.
fn transcode(encoding: &'static Encoding, source: &Path, target: &mut File) -> Result<bool, FileError> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut source = BufReader::with_capacity(64 * 1024, File::open(source)?);
    let mut target = BufWriter::with_capacity(64 * 1024, target);
    let mut text = vec![0; 64 * 1024];
    loop {
        let part = source.fill_buf()?;
        let (is_last, mut used) = (part.is_empty(), 0);
        loop {
            let rest = part.get(used..).unwrap_or_default();
            let (result, read, written, had_errors) = decoder.decode_to_utf8(rest, &mut text, is_last);
            used += read;
            let written = text.get(..written).unwrap_or_default();
            // A workbook is a packed file, and UTF-16 without mark has a zero in every letter.
            if memchr::memchr(0, written).is_some() {
                return Err(FileError::NoText);
            }
            if had_errors {
                return Ok(false);
            }
            target.write_all(written)?;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        source.consume(used);
        if is_last {
            target.flush()?;
            return Ok(true);
        }
    }
}

/// The sign that stands most often in the head, outside of quotes.
fn separator_of(path: &Path) -> Result<u8, FileError> {
    let (mut is_quoted, mut counts) = (false, [(b',', 0_u32), (b';', 0), (b'\t', 0)]);
    let mut bytes = BufReader::new(File::open(path)?).bytes();
    // Empty lines may come first.
    let mut is_begun = false;
    while let Some(byte) = bytes.next().transpose()? {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted && is_begun => break,
            _ if is_quoted => {}
            _ => counts.iter_mut().filter(|(sign, _)| *sign == byte).for_each(|(_, count)| *count += 1),
        }
        is_begun |= !matches!(byte, b'\n' | b'\r');
    }
    // Of several, the first.
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    Ok(counts.iter().find(|(_, count)| *count == most).map_or(b',', |(sign, _)| *sign))
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    pub record: StringRecord,
}

/// The rows of a file in UTF-8, below its head. Rows whose cells are all empty are left out: spreadsheets write some below
/// a table.
pub struct Rows {
    pub headings: Vec<String>,
    reader: csv::Reader<File>,
    lines: Lines,
}

impl Rows {
    /// # Errors
    /// The system's; `NoRows` when there is no head either.
    pub fn open(path: &Path, separator: u8) -> Result<Self, FileError> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(File::open(path)?);
        let mut head = StringRecord::new();
        if !reader.read_record(&mut head).map_err(io)? {
            return Err(FileError::NoRows);
        }
        let headings = head.iter().map(|heading| read_cell(heading.trim()).to_owned()).collect();
        Ok(Self { headings, reader, lines: Lines::open(path)? })
    }

    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// The system's.
    pub fn next_row(&mut self) -> Result<Option<Row>, FileError> {
        let mut record = StringRecord::new();
        while self.reader.read_record(&mut record).map_err(io)? {
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let begin = record.position().map_or(0, csv::Position::byte);
            return Ok(Some(Row { line: self.lines.line_of(begin)?, record }));
        }
        Ok(None)
    }
}

fn io(error: csv::Error) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => FileError::Io(error),
        _ => FileError::NoText,
    }
}

/// Counts lines up to a place in the file. The reader of rows counts empty lines to the row after them, and knows no line
/// that ends with a lone `\r`.
struct Lines {
    source: BufReader<File>,
    place: u64,
    line: u64,
    after_return: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, FileError> {
        let source = BufReader::with_capacity(64 * 1024, File::open(path)?);
        Ok(Self { source, place: 0, line: 1, after_return: false })
    }

    /// The line of the first byte from this place on that ends no line. Places must rise.
    fn line_of(&mut self, begin: u64) -> Result<u64, FileError> {
        loop {
            let part = self.source.fill_buf()?;
            let length = part.len();
            if length == 0 {
                return Ok(self.line);
            }
            for (used, byte) in part.iter().enumerate() {
                let is_end = matches!(byte, b'\n' | b'\r');
                if self.place >= begin && !is_end {
                    self.source.consume(used);
                    return Ok(self.line);
                }
                self.line += u64::from(is_end && !(*byte == b'\n' && self.after_return));
                self.after_return = *byte == b'\r';
                self.place += 1;
            }
            self.source.consume(length);
        }
    }
}
