//! Tells a tablet by the name of its model. Browsers on many Android tablets write `Mobile` as a telephone's does, and
//! then nothing else in the User-Agent tells them apart. The models are in `data/tablets.txt`.

use crate::domain::scrub::lines;
use crate::domain::text::cut;

/// Longest name of a model that is read, characters.
const MODEL_MAX: usize = 64;

/// Begins a pattern of telephones that another pattern would take for tablets.
const NOT: char = '!';

/// Whether a User-Agent of Android names a tablet's model.
pub(super) fn is_named(user_agent: &str) -> bool {
    let Some((_, rest)) = user_agent.split_once("Android") else { return false };
    let inside = rest.split(')').next().unwrap_or_default();
    // The first part is the version of Android.
    inside.split(';').skip(1).any(|part| is_model(part.split(" Build/").next().unwrap_or_default()))
}

fn is_model(name: &str) -> bool {
    let name = cut(name.trim(), MODEL_MAX).to_ascii_lowercase();
    let name = name.strip_prefix("samsung").map_or(&*name, |rest| rest.trim_start_matches(['-', ' ', '_']));
    if name.is_empty() {
        return false;
    }
    let table = || lines(include_str!("data/tablets.txt"));
    is_any(table().filter(|line| !line.starts_with(NOT)), name)
        && !is_any(table().filter_map(|line| line.strip_prefix(NOT)), name)
}

fn is_any<'p>(mut patterns: impl Iterator<Item = &'p str>, name: &str) -> bool {
    patterns.any(|pattern| fits(pattern, name) || name.split([' ', '_', '/']).any(|word| fits(pattern, word)))
}

/// Whether all of a text is what a pattern means: `*` is any text, `?` one character, `#` one digit.
fn fits(pattern: &str, text: &str) -> bool {
    let mut left = pattern.chars();
    let mut rest = text.chars();
    match left.next() {
        None => text.is_empty(),
        Some('*') => {
            let after = left.as_str();
            // The end of the text is a place where the rest of the pattern may begin, too.
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| text.get(at..).is_some_and(|rest| fits(after, rest)))
        }
        Some(wanted) => match rest.next() {
            Some(found) if wanted == '?' || wanted == found || (wanted == '#' && found.is_ascii_digit()) => {
                fits(left.as_str(), rest.as_str())
            }
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_whole_text() {
        for (pattern, text, is_fit) in [
            ("sm-t###*", "sm-t870", true),
            ("sm-t###*", "sm-t870n", true),
            ("sm-t###*", "sm-t87", false),
            ("sm-t###*", "xsm-t870", false),
            ("*pad", "zenpad", true),
            ("*pad", "padfone", false),
            ("kf??w?", "kftrwi", true),
            ("kf??w?", "kftrw", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), is_fit, "{pattern} {text}");
        }
    }

    #[test]
    fn tablets_are_told_by_their_model() {
        let agent = |model: &str| format!("Mozilla/5.0 (Linux; Android 13; {model}) Mobile Safari/537.36");
        for tablet in [
            "SM-T505 Build/TP1A.220624.014; wv",
            "SAMSUNG SM-X200",
            "SAMSUNG-SM-T377A",
            "KFTRWI",
            "Lenovo TB-X606F",
            "TB310FU",
            "AGS3-W09",
            "23043RP34G",
            "Nexus 7",
            "Pixel Tablet",
            "Nokia T20",
            "MatePad Pro",
            "Redmi Pad",
            "Tab A8",
        ] {
            assert!(is_named(&agent(tablet)), "{tablet}");
        }
        for telephone in [
            "SM-A505FN",
            "SM-S918B Build/TP1A",
            "Pixel 8",
            "Nexus 5",
            "Coolpad 8297W",
            "PadFone 2",
            "23049PCD8G",
            "2306EPN60G",
            "VOG-L29",
            "K",
            "wv",
            "",
        ] {
            assert!(!is_named(&agent(telephone)), "{telephone}");
        }
        assert!(!is_named("Mozilla/5.0 (iPhone; Tab)"));
        assert!(!is_named("Android"));
    }

    #[test]
    fn a_model_is_read_up_to_the_limit() {
        assert!(is_model(&format!("{} tab", "x".repeat(MODEL_MAX - 4))));
        assert!(!is_model(&format!("{} tab", "x".repeat(MODEL_MAX - 3))));
    }

    #[test]
    fn every_pattern_is_lower_case() {
        for line in lines(include_str!("data/tablets.txt")) {
            assert!(!line.contains(char::is_uppercase) && line.is_ascii(), "{line}");
        }
    }
}
