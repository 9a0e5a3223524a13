//! Contrast of text and background in light and dark: at least WCAG AA.

use std::collections::BTreeMap;

/// Variable name → light and dark value, from the style sheet.
fn colours() -> BTreeMap<String, [String; 2]> {
    let css = std::fs::read_to_string("static/admin/css/10_base.css").unwrap();
    let lines = css.lines().filter_map(|l| l.trim().strip_prefix("--")?.split_once(": "));
    let read = |(name, value): (&str, &str)| {
        let value = value.trim_end_matches(';');
        let pair = value.strip_prefix("light-dark(").and_then(|v| v.strip_suffix(')')?.split_once(", "));
        let (light, dark) = pair.or_else(|| value.starts_with('#').then_some((value, value)))?;
        Some((name.to_owned(), [light.to_owned(), dark.to_owned()]))
    };
    lines.filter_map(read).collect()
}

/// Relative luminance by WCAG 2.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    assert_eq!(colour.len(), 7, "{colour}");
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_that_meet_can_be_read_in_both_themes() {
    let colours = colours();
    let grounds = ["ground", "surface", "raised", "sunken", "hover"];
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for ground in grounds {
        pairs.extend(["text", "soft", "accent", "bad"].map(|ink| (ink, ground, 4.5)));
    }
    for (ink, wash) in
        [("good", "good-wash"), ("bad", "bad-wash"), ("warning", "warning-wash"), ("accent", "accent-wash")]
    {
        pairs.extend([(ink, wash, 4.5), ("text", wash, 4.5), ("soft", wash, 4.5)]);
    }
    pairs.extend([("text", "bar", 4.5), ("soft", "bar", 4.5), ("good", "surface", 4.5)]);
    pairs.extend([("on-accent", "accent-fill", 4.5), ("on-accent", "accent-fill-hover", 4.5)]);
    // Borders of fields and lines of charts carry meaning, so they need contrast too.
    pairs.extend(["edge-strong", "compare", "accent-fill"].map(|ink| (ink, "surface", 3.0)));
    for (ink, ground, least) in pairs {
        for theme in [0, 1] {
            let (a, b) = (&colours[ink][theme], &colours[ground][theme]);
            let is = contrast(a, b);
            assert!(is >= least, "{ink} {a} on {ground} {b}: {is:.2} < {least}");
        }
    }
}

#[test]
fn colours_stand_in_variables_only() {
    for entry in std::fs::read_dir("static/admin/css").unwrap() {
        let path = entry.unwrap().path();
        let css = std::fs::read_to_string(&path).unwrap();
        for line in css
            .lines()
            .filter(|l| !l.trim().starts_with("--") && !l.contains("::backdrop") && !l.contains("@"))
        {
            let inks = line.contains("rgb(") || line.contains(": #") && !line.contains("--ground: #fff");
            assert!(!inks, "{}: {line}", path.display());
        }
    }
}

#[test]
fn contrast_is_measured_as_the_standard_says() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    assert!((contrast("#767676", "#ffffff") - 4.54).abs() < 0.01);
}
