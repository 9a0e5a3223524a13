//! Finds where the head of a request ends and how long its body is. The framework parses the request; this decides only
//! how many bytes it gets at a time, so a difference between the two can slow a connection down and nothing else.

/// Bytes kept of each header line. The names that matter are shorter, and so is every length that is accepted.
const LINE_MAX: usize = 64;

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks; only the framework knows where they end.
    Chunked,
}

/// Reads one head, however many pieces it comes in.
#[derive(Debug, Default)]
pub(super) struct HeadScanner {
    line: Vec<u8>,
    /// A line with text was seen. Empty lines before a request are allowed.
    has_text: bool,
    length: u64,
    is_chunked: bool,
}

impl HeadScanner {
    /// Reads the next bytes. When the head ends among them: how many of them belong to it, and what follows.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Option<(usize, Body)> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.keep(line);
            if self.end_line() {
                let body = if self.is_chunked { Body::Chunked } else { Body::Length(self.length) };
                *self = Self { line: std::mem::take(&mut self.line), ..Self::default() };
                return Some((bytes.len() - rest.len(), body));
            }
        }
        self.keep(rest);
        None
    }

    /// Whether a part of a head was read.
    pub(super) fn is_within(&self) -> bool {
        self.has_text || !self.line.is_empty()
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.line.len());
        self.line.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Reads the line that has ended. True when it was the empty line that ends the head.
    fn end_line(&mut self) -> bool {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let ends = line.is_empty() && self.has_text;
        self.has_text |= !line.is_empty();
        let mut parts = line.splitn(2, |byte| *byte == b':');
        if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            if name.eq_ignore_ascii_case(b"content-length") {
                let text = std::str::from_utf8(value).unwrap_or_default();
                self.length = text.trim().parse().unwrap_or(0);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.is_chunked = true;
            }
        }
        self.line.clear();
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_is_cut() {
        let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let post: &[u8] = b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nCONTENT-length:  12 \r\n\r\n";
        let bare: &[u8] = b"POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 3\n\n";
        for (head, body) in [(get, Body::Length(0)), (post, Body::Length(12)), (bare, Body::Chunked)] {
            let whole = [head, b"what follows"].concat();
            for cut in 0..=head.len() {
                let mut scanner = HeadScanner::default();
                let first = scanner.scan(&whole[..cut]);
                let found = match first {
                    Some(found) => found,
                    None => {
                        let (end, body) = scanner.scan(&whole[cut..]).unwrap();
                        (cut + end, body)
                    }
                };
                assert_eq!(found, (head.len(), body), "cut at {cut}");
                assert!(!scanner.is_within());
            }
        }
    }

    #[test]
    fn long_lines_and_odd_lengths_are_no_harm() {
        let mut scanner = HeadScanner::default();
        let long = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &[b'a'; 10_000], b"\r\nContent-Length: -1\r\n\r\n"]
            .concat();
        assert_eq!(scanner.scan(&long), Some((long.len(), Body::Length(0))));
        assert_eq!(scanner.scan(b"no end"), None);
        assert!(scanner.is_within());
        assert!(scanner.line.capacity() < 2 * LINE_MAX);
    }
}
