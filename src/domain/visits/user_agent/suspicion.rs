//! Which sessions are suspected to be a robot's that does not say so. Each mark alone has to be sure, because people must
//! not fall under it: a browser without a window in the client hints (`device::Agent::is_headless`), a browser that says
//! a program drives it (`navigator.webdriver`), a screen that no such device has, and a speed at which nobody can read or
//! even click. Their sessions are kept and marked, and a report can leave them out.

use super::device::DeviceClass;

/// Shortest side of a screen, in CSS pixels, below which no such device exists. People enlarge the text of a desktop
/// browser by up to five times, which makes the screen that much smaller.
const fn shortest_side(class: DeviceClass) -> u32 {
    match class {
        DeviceClass::Desktop => 100,
        DeviceClass::Mobile => 200,
        DeviceClass::Tablet => 300,
        // Watches, and whatever else there is.
        DeviceClass::Other => 1,
    }
}
/// Longest side of a screen: a wall of 16 displays is not as wide.
const LONGEST_SIDE: u32 = 65_536;
/// From this many page views on the speed of a session is looked at.
pub const FAST_VIEWS: u32 = 60;
/// The page views of a session on average follow each other faster than this, milliseconds.
pub const FAST_MS: i64 = 1_000;

/// Whether no device of this class has such a screen. `text` is the value `sd` of a beacon, such as `1920x1080`; one that
/// cannot be read says nothing.
#[must_use]
pub fn is_impossible_screen(text: &str, class: DeviceClass) -> bool {
    let Some((width, height)) = text.split_once(['x', 'X', '×']) else { return false };
    let (Ok(width), Ok(height)) = (width.trim().parse::<u32>(), height.trim().parse::<u32>()) else {
        return false;
    };
    width.min(height) < shortest_side(class) || width.max(height) > LONGEST_SIDE
}

/// Whether so many page views within this time are more than a person can open.
#[must_use]
pub const fn is_too_fast(page_views: u32, elapsed_ms: i64) -> bool {
    page_views >= FAST_VIEWS && elapsed_ms < page_views as i64 * FAST_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_are_impossible_past_the_bounds_of_their_class() {
        use DeviceClass::{Desktop, Mobile, Other, Tablet};
        for (text, class, expected) in [
            ("0x0", Desktop, true),
            ("0x800", Other, true),
            ("1x1", Other, false),
            ("1920x99", Desktop, true),
            ("1920x100", Desktop, false),
            ("199x900", Mobile, true),
            ("200x900", Mobile, false),
            ("299x900", Tablet, true),
            ("300x900", Tablet, false),
            ("65536x1080", Desktop, false),
            ("65537x1080", Desktop, true),
            // What cannot be read, or was not sent.
            ("", Desktop, false),
            ("x", Desktop, false),
            ("800", Desktop, false),
            ("-1x-1", Desktop, false),
            ("99999999999x1", Desktop, false),
        ] {
            assert_eq!(is_impossible_screen(text, class), expected, "{text} {class:?}");
        }
    }

    #[test]
    fn a_session_is_too_fast_from_many_views_in_little_time_on() {
        let time = i64::from(FAST_VIEWS) * FAST_MS;
        assert!(is_too_fast(FAST_VIEWS, time - 1));
        assert!(!is_too_fast(FAST_VIEWS, time));
        assert!(!is_too_fast(FAST_VIEWS - 1, 0));
        assert!(is_too_fast(u32::MAX, 0));
    }
}
