//! Decides which passwords are accepted. A password must be long and must not consist of common words, rows of keys,
//! and names that an attacker would try, such as the email. There are no rules about kinds of characters, because
//! length protects better.

use super::user::{PASSWORD_MAX, PASSWORD_MIN};

const WORDS: &str = include_str!("data/password_words.txt");
/// Sequences that fingers follow on a keyboard.
const KEY_SEQUENCES: [&str; 6] =
    ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop"];
/// This many characters must remain when everything common is taken out.
const UNCOMMON_MIN: usize = 4;
/// Shorter parts of a name are ignored.
const CONTEXT_MIN: usize = 3;
/// Shortest sequence of neighbouring keys, and shortest repetition of one character, that counts as common.
const RUN_MIN: usize = 3;

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    #[error("the password has fewer than {PASSWORD_MIN} characters")]
    Short,
    #[error("the password has more than {PASSWORD_MAX} bytes")]
    Long,
    #[error("the password is easy to guess; avoid common words, rows of keys, and your own name or site")]
    Common,
}

/// Checks a password. `context` holds names that an attacker would try, such as the email and the account's name and
/// domains.
pub fn check(password: &str, context: &[&str]) -> Result<(), Weak> {
    if password.len() > PASSWORD_MAX {
        return Err(Weak::Long);
    }
    if password.chars().count() < PASSWORD_MIN {
        return Err(Weak::Short);
    }
    let context: Vec<String> = context
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|part| part.chars().count() >= CONTEXT_MIN)
        .map(str::to_lowercase)
        .chain(std::iter::once("guestlog".to_owned()))
        .collect();
    let lower: Vec<char> = password.to_lowercase().chars().collect();
    if count_uncommon(repeated_part(&lower), &context) < UNCOMMON_MIN { Err(Weak::Common) } else { Ok(()) }
}

/// Undoes common substitutions: `p@ssw0rd` becomes `password`.
const fn undo_substitution(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// The part that the text repeats, or the whole text.
fn repeated_part(text: &[char]) -> &[char] {
    let repeats = |period: usize| {
        text.iter().zip(text.iter().skip(period)).all(|(a, b)| a == b) && text.len() >= period * 2
    };
    let period = (1..=text.len() / 2).find(|period| repeats(*period)).unwrap_or(text.len());
    text.get(..period).unwrap_or(text)
}

/// Counts the characters that belong to no common word, row of keys, year or repetition.
fn count_uncommon(text: &[char], context: &[String]) -> usize {
    let mut rest = text;
    let mut left = 0;
    while !rest.is_empty() {
        let common = common_prefix_length(rest, context);
        left += usize::from(common == 0);
        rest = rest.get(common.max(1)..).unwrap_or_default();
    }
    left
}

/// The length of the longest common part that the text begins with, or 0.
fn common_prefix_length(text: &[char], context: &[String]) -> usize {
    let same =
        |(of_word, of_text): (char, &char)| of_word == *of_text || of_word == undo_substitution(*of_text);
    let begins = |word: &str| {
        let length = word.chars().count();
        if text.len() >= length && word.chars().zip(text).all(same) { length } else { 0 }
    };
    let words = WORDS.lines().skip(1).chain(context.iter().map(String::as_str)).map(begins);
    words.chain([repetition_length(text), key_sequence_length(text), year_length(text)]).max().unwrap_or(0)
}

fn repetition_length(text: &[char]) -> usize {
    let same = text.iter().take_while(|c| Some(*c) == text.first()).count();
    if same >= RUN_MIN { same } else { 0 }
}

/// The length of a sequence of neighbouring keys, forwards or backwards, such as `2345` or `poiu`.
fn key_sequence_length(text: &[char]) -> usize {
    let next_to = |a: char, b: char, back: bool| {
        let (a, b) = if back { (b, a) } else { (a, b) };
        KEY_SEQUENCES.iter().any(|row| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b)))
    };
    let length = |back: bool| {
        let steps = text.windows(2).take_while(|pair| match pair {
            [a, b] => next_to(*a, *b, back),
            _ => false,
        });
        1 + steps.count()
    };
    let longest = length(false).max(length(true));
    if longest >= RUN_MIN { longest } else { 0 }
}

fn year_length(text: &[char]) -> usize {
    match text {
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit() => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_checked_at_the_limit_and_one_past_it() {
        let long = |n: usize| "k7#wPz2".chars().cycle().take(n).collect::<String>() + "x9";
        assert_eq!(check("vK2#mQx8zLw", &[]), Err(Weak::Short));
        assert_eq!(check("vK2#mQx8zLwt", &[]), Ok(()));
        assert_eq!(check(&long(PASSWORD_MAX - 2), &[]), Ok(()));
        assert_eq!(check(&long(PASSWORD_MAX - 1), &[]), Err(Weak::Long));
        assert_eq!(check("ééééŵŷžšđłøå", &[]), Ok(()), "characters, not bytes, make the least length");
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for password in [
            "password1234",
            "P@ssw0rd2024!",
            "passwordpassword",
            "aaaaaaaaaaaaaaa",
            "123456789012",
            "qwertyuiop123",
            "abcabcabcabc",
            "Welcome-2026!!",
            "iloveyou1987",
            "AdminAdmin1!",
            "Guestlog1234!",
            "zyxwvutsrqponm",
            "letmein letmein",
        ] {
            assert_eq!(check(password, &[]), Err(Weak::Common), "{password}");
        }
    }

    #[test]
    fn names_at_hand_are_refused_and_phrases_are_taken() {
        let context = ["ada.lovelace@example.com", "Analytical Engines", "engines.test"];
        assert_eq!(check("Lovelace-Engines1", &context), Err(Weak::Common));
        assert_eq!(check("Lovelace-Engines1", &[]), Ok(()));
        for password in [
            "correct horse battery staple",
            "mijn fiets staat buiten",
            "aBx7 qR9v Lm2k",
            "日本語のながいことばをえらぶ",
        ] {
            assert_eq!(check(password, &context), Ok(()), "{password}");
        }
    }

    #[test]
    fn every_common_word_is_usable() {
        assert!(WORDS.lines().skip(1).all(|w| w.len() >= 4 && w == w.to_lowercase()));
        assert!(WORDS.lines().count() > 300);
    }
}
