//! Texts from visitors: in the form that is kept, cut to a length and without control characters (rules.md 8), and in the
//! form in which a spreadsheet may open them.

use std::borrow::Cow;

/// Cuts `text` to `max` characters and drops control characters (rules.md 8).
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    // Most texts are short and stay as they are, which is known without looking at their characters.
    if text.len() <= max && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// Whether `text` has more than `max` characters, so that it is cut or left out.
#[must_use]
pub fn is_longer(text: &str, max: usize) -> bool {
    // Counting characters is slow. No text has more characters than bytes, so most texts need no counting.
    text.len() > max && text.chars().nth(max).is_some()
}

/// U+FEFF in UTF-8. A CSV file begins with it, because without it Excel takes the letters for those of another encoding.
pub const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Puts a `'` before a text that a spreadsheet would read as a formula. Spreadsheets skip leading spaces and treat
/// full-width signs like the ASCII ones, so those are covered too.
#[must_use]
pub fn without_formula(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn is_formula(text: &str) -> bool {
    const COMPUTED: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    text.trim_start_matches([' ', '\n', '\u{a0}', '\u{feff}']).starts_with(COMPUTED)
}

/// The same for a file that is read again: a text that begins with `'` and then with what would be a formula gets one more
/// `'`, so that `read_cell` answers exactly what was written.
#[must_use]
pub fn cell_to_read_again(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A cell without the `'` that `cell_to_read_again` put before it.
#[must_use]
pub fn read_cell(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_the_limit() {
        assert_eq!(cut(&"é".repeat(9), 9).chars().count(), 9);
        assert_eq!(cut(&"é".repeat(10), 9).chars().count(), 9);
        assert_eq!(cut("a\u{0}b\n", 9), "ab");
        assert!(!is_longer(&"é".repeat(9), 9) && is_longer(&"é".repeat(10), 9));
    }

    #[test]
    fn cells_that_look_like_formulas_are_texts() {
        for bad in
            ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "＝1", "＋1", "－1", "＠a", " =1", "\n=1", "\u{feff}=1"]
        {
            assert_eq!(without_formula(bad), format!("'{bad}"));
        }
        for good in ["", "/a=b", "a-b", "'=1", "example.com"] {
            assert_eq!(without_formula(good), good);
        }
    }

    #[test]
    fn a_cell_is_read_again_as_the_text_it_was() {
        for text in
            ["=1", "'=1", "''=1", "'", "''", "'a", "a'=1", "", " =1", "' =1", "=", "-", "\n+1", "'t Hof"]
        {
            let cell = cell_to_read_again(text);
            assert_eq!(read_cell(&cell), text);
            assert!(!is_formula(&cell), "{cell}");
        }
        // As somebody else wrote them.
        assert_eq!(read_cell("'t Hof"), "'t Hof");
        assert_eq!(read_cell("=1"), "=1");
    }
}
