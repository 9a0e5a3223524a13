//! Texts from visitors in the form that is kept: cut to a length, without control characters (rules.md 8).

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
}
