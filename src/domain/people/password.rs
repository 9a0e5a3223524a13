//! Which passwords are taken: long ones that are not made of common words, keyboard rows and the names at
//! hand. No rules of composition: length is what counts, and everything may stand in it.

use super::user::{PASSWORD_MAX, PASSWORD_MIN};

const WORDS: &str = include_str!("data/password_words.txt");
/// Runs over which a finger walks.
const ROWS: [&str; 6] =
    ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop"];
/// Characters that must be left when everything common is taken out.
const LEFT_MIN: usize = 4;
/// Shortest part of a name at hand that counts.
const CONTEXT_MIN: usize = 3;
/// Shortest walk along a row, and shortest repetition of one character.
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

/// Is it good enough? `context`: names at hand, such as the email and the account's name and domains.
///
/// # Errors
/// The reason why not.
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
    if left(unit(&lower), &context) < LEFT_MIN { Err(Weak::Common) } else { Ok(()) }
}

/// `p@ssw0rd` → `password`
const fn unmasked(c: char) -> char {
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

/// The part that the text repeats, or the whole of it.
fn unit(text: &[char]) -> &[char] {
    let repeats = |period: usize| {
        text.iter().zip(text.iter().skip(period)).all(|(a, b)| a == b) && text.len() >= period * 2
    };
    let period = (1..=text.len() / 2).find(|period| repeats(*period)).unwrap_or(text.len());
    text.get(..period).unwrap_or(text)
}

/// How many characters no common word, row, year or repetition explains.
fn left(text: &[char], context: &[String]) -> usize {
    let mut rest = text;
    let mut left = 0;
    while !rest.is_empty() {
        let common = common_start(rest, context);
        left += usize::from(common == 0);
        rest = rest.get(common.max(1)..).unwrap_or_default();
    }
    left
}

/// Length of the longest common thing the text begins with; 0 = none.
fn common_start(text: &[char], context: &[String]) -> usize {
    let same = |(of_word, of_text): (char, &char)| of_word == *of_text || of_word == unmasked(*of_text);
    let begins = |word: &str| {
        let length = word.chars().count();
        if text.len() >= length && word.chars().zip(text).all(same) { length } else { 0 }
    };
    let words = WORDS.lines().skip(1).chain(context.iter().map(String::as_str)).map(begins);
    words.chain([repetition(text), walk(text), year(text)]).max().unwrap_or(0)
}

fn repetition(text: &[char]) -> usize {
    let same = text.iter().take_while(|c| Some(*c) == text.first()).count();
    if same >= RUN_MIN { same } else { 0 }
}

/// `2345`, `poiu`: along a row, forward or back.
fn walk(text: &[char]) -> usize {
    let next_to = |a: char, b: char, back: bool| {
        let (a, b) = if back { (b, a) } else { (a, b) };
        ROWS.iter().any(|row| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b)))
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

fn year(text: &[char]) -> usize {
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
