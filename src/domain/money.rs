//! Money in whole minor units of the account's only currency (rules.md 21). Text is converted digit by digit and
//! never through a binary fraction, so no cent is lost.

/// The largest value of one completion, minor units. The smallest is its negative.
pub const MINOR_MAX: i64 = 1_000_000_000_000;
/// The largest sum that is kept for a contact or visitor. A larger one stays at this value.
pub const SUM_MAX: i64 = 1_000_000 * MINOR_MAX;
/// Longest text that a value is read from, characters.
pub const TEXT_MAX: usize = 64;

/// The decimal places of a currency by ISO 4217; two for an unknown code.
#[must_use]
pub fn digits(currency: &str) -> u32 {
    iso_currency::Currency::from_code(currency)
        .and_then(iso_currency::Currency::exponent)
        .map_or(2, u32::from)
}

/// Reads a decimal number (`19.99`, `-5`, `1e3`, `.5`) as minor units, rounded half away from zero. Returns `None`
/// for anything else and for values beyond `MINOR_MAX`.
#[must_use]
pub fn parse(text: &str, digits: u32) -> Option<i64> {
    let text = text.trim();
    if text.len() > TEXT_MAX {
        return None;
    }
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + part.len() == 0 || !is_number(whole) || !is_number(part) {
        return None;
    }
    // This many of the decimal digits belong to whole minor units.
    let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(digits);
    let mut minor: i64 = 0;
    let mut decimals = whole.bytes().chain(part.bytes()).map(|b| i64::from(b - b'0'));
    let mut place = 0;
    while place < kept {
        let decimal = decimals.next();
        if decimal.is_none() && minor == 0 {
            break;
        }
        minor = minor * 10 + decimal.unwrap_or(0);
        if minor > MINOR_MAX {
            return None;
        }
        place += 1;
    }
    // In front of the first digit there are only zeros.
    if kept >= 0 && decimals.next().is_some_and(|decimal| decimal >= 5) {
        minor += 1;
    }
    (minor <= MINOR_MAX).then_some(if is_negative { -minor } else { minor })
}

/// Reads an amount as people and sites write it, as minor units of the currency: `12,50`, `€ 5`, `5 EUR`, `1.234,50`,
/// `1,996.00`, and all that `parse` reads. Returns `None` for another currency, for what can mean two amounts (`1,996`
/// where the currency has decimals), and for what is no amount at all.
#[must_use]
pub fn read(text: &str, currency: &str) -> Option<i64> {
    let digits = digits(currency);
    if text.len() > TEXT_MAX {
        return None;
    }
    if let Some(minor) = parse(text, digits) {
        return Some(minor);
    }
    let (is_negative, number) = without_sign(text.trim());
    let number = without_currency(number, currency);
    let (is_negative, number) = match without_sign(number) {
        (true, _) if is_negative => return None,
        (also, number) => (is_negative || also, number),
    };
    let minor = parse(&plain_decimal(number, digits)?, digits)?;
    Some(if is_negative { -minor } else { minor })
}

fn without_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    }
}

/// Takes away the code or the sign of the currency, before or behind the number.
fn without_currency<'a>(text: &'a str, currency: &str) -> &'a str {
    let symbol = iso_currency::Currency::from_code(currency).map(|currency| currency.symbol());
    let marks = [Some(currency.to_owned()), symbol.map(|symbol| symbol.symbol)];
    for mark in marks.into_iter().flatten().filter(|mark| !mark.is_empty()) {
        let starts = text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(&mark));
        if starts {
            return text.get(mark.len()..).unwrap_or_default().trim_start();
        }
        let end = text.len().saturating_sub(mark.len());
        if text.get(end..).is_some_and(|end| end.eq_ignore_ascii_case(&mark)) {
            return text.get(..end).unwrap_or_default().trim_end();
        }
    }
    text
}

/// Writes digits with separators as a plain decimal; `None` when they can mean two numbers, or none.
fn plain_decimal(text: &str, digits: u32) -> Option<String> {
    // Spaces and apostrophes only ever divide thousands.
    let is_space = |c: char| c.is_whitespace() || c == '\'' || c == '’';
    let last = text.rfind(['.', ',']);
    let before = |at: usize| text.get(..at).unwrap_or_default();
    let (whole, part) = match last {
        None => (text, ""),
        Some(at) => {
            let (mark, whole, part) = (text.get(at..=at)?, before(at), text.get(at + 1..)?);
            let is_only = !whole.contains(['.', ',']);
            if whole.contains(mark) {
                // It divides thousands, since a number has one decimal separator.
                (text, "")
            } else if is_only && mark == "," && part.len() == 3 && !whole.contains(is_space) && whole != "0" {
                match digits {
                    0 if whole.len() <= 3 => (text, ""),
                    _ if whole.len() > 3 => (whole, part),
                    _ => return None,
                }
            } else {
                (whole, part)
            }
        }
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let groups: Vec<&str> = whole.split(|c: char| is_space(c) || c == '.' || c == ',').collect();
    let marks = whole.chars().filter(|c| !c.is_ascii_digit());
    let has_one_mark = marks.clone().all(|mark| Some(mark) == marks.clone().next());
    let is_grouped = match groups.as_slice() {
        [only] => !only.is_empty() || !part.is_empty(),
        [first, middle @ .., end] => {
            (1..=3).contains(&first.len())
                && middle.iter().all(|group| (2..=3).contains(&group.len()))
                && end.len() == 3
        }
        [] => false,
    };
    let is_amount =
        has_one_mark && is_grouped && groups.iter().all(|group| is_number(group)) && is_number(part);
    is_amount.then(|| format!("{}.{part}", groups.concat()))
}

/// Formats minor units: `3998` with two digits is `39.98`.
#[must_use]
pub fn decimal(minor: i64, digits: u32) -> String {
    let unit = 10u64.saturating_pow(digits);
    let (sign, abs) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    let whole = abs / unit;
    match usize::try_from(digits) {
        Ok(width) if width > 0 => format!("{sign}{whole}.{:0width$}", abs % unit),
        _ => format!("{sign}{whole}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rules.md 21
    #[test]
    fn values_are_decimal_and_rounded_half_away_from_zero() {
        for (text, minor) in [
            ("19.99", 1999),
            ("-5", -500),
            ("+5", 500),
            ("1e3", 100_000),
            ("1.005e1", 1005),
            ("1E-2", 1),
            (".5", 50),
            ("5.", 500),
            ("0.005", 1),
            ("-0.005", -1),
            ("0.0049999999999999999999", 0),
            ("0.5e-2", 1),
            ("0.4e-2", 0),
            ("5e-3", 1),
            ("5e-4", 0),
            ("5e-2147483648", 0),
            ("2.675", 268),
            (" 100 ", 10_000),
            ("000100", 10_000),
            ("0e999999999", 0),
            ("0000000000000000000000000000000.01", 1),
        ] {
            assert_eq!(parse(text, 2), Some(minor), "{text}");
        }
        for text in [
            "", " ", "-", "+", ".", "e3", "1,5", "1.5.5", "NaN", "inf", "Infinity", "1e", "1e1.5", "0x10",
            "--1", "٣",
        ] {
            assert_eq!(parse(text, 2), None, "{text}");
        }
        assert_eq!((parse("100.5", 0), parse("0.0005", 3)), (Some(101), Some(1)));
    }

    /// rules.md 21
    #[test]
    fn amounts_are_read_as_people_write_them_where_they_can_mean_one_thing() {
        for (text, minor) in [
            ("12,50", 1250),
            ("12,5", 1250),
            ("€ 5", 500),
            ("€5,00", 500),
            ("5 €", 500),
            ("5 EUR", 500),
            ("eur 5.5", 550),
            ("1.234,50", 123_450),
            ("1,996.00", 199_600),
            ("1.234.567", 123_456_700),
            ("1,234,567.89", 123_456_789),
            ("12,34,567.00", 123_456_700),
            ("1 234,50", 123_450),
            ("1\u{a0}234,50 €", 123_450),
            ("1\u{202f}234 €", 123_400),
            ("1'234.50", 123_450),
            ("1’234.50", 123_450),
            ("1234,567", 123_457),
            ("0,125", 13),
            (",50", 50),
            ("12,", 1200),
            ("-€ 5,00", -500),
            ("€ -5,00", -500),
            ("\u{2212}5,00", -500),
            ("1 234,567", 123_457),
            ("1.234", 123),
            ("19.99", 1999),
            ("1e3", 100_000),
        ] {
            assert_eq!(read(text, "EUR"), Some(minor), "{text}");
        }
        for text in [
            "",
            " ",
            "€",
            "EUR",
            ",",
            ".",
            "1,996",
            "1,234.567,89",
            "1.23,45,6",
            "1,23.45.6",
            "12.34.56",
            "$ 5",
            "5 USD",
            "NaN",
            "Infinity",
            "[object Object]",
            "--5",
            "-€-5",
            "1 2",
            "1 23,4",
            "1.234 567,00",
            "5,0,0",
            "1,,5",
            "five",
            "5 or 6",
            "€ 5 €",
            "1,2e3",
            "٣,٥",
        ] {
            assert_eq!(read(text, "EUR"), None, "{text}");
        }
        // A yen has no decimal places, so a comma before three digits divides thousands.
        assert_eq!((read("1,996", "JPY"), read("¥1,996", "JPY")), (Some(1996), Some(1996)));
        assert_eq!((read("$ 5", "USD"), read("US$5", "USD")), (Some(500), None));
        let long = |n: usize| format!("{},5", "0".repeat(n - 2));
        assert_eq!((read(&long(TEXT_MAX), "EUR"), read(&long(TEXT_MAX + 1), "EUR")), (Some(50), None));
    }

    #[test]
    fn values_are_taken_at_the_limit_and_refused_one_past_it() {
        assert_eq!(parse("10000000000.00", 2), Some(MINOR_MAX));
        assert_eq!(parse("-10000000000.004", 2), Some(-MINOR_MAX));
        for past in ["10000000000.01", "10000000000.005", "1e11", "9e99", "1e2147483647", "-1e300"] {
            assert_eq!(parse(past, 2), None, "{past}");
        }
        let long = |n: usize| format!("{}7", "0".repeat(n - 1));
        assert_eq!(parse(&long(TEXT_MAX), 0), Some(7));
        assert_eq!(parse(&long(TEXT_MAX + 1), 0), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (minor, digits, text) in
            [(3998, 2, "39.98"), (-5, 2, "-0.05"), (7, 0, "7"), (1_234_567, 3, "1234.567"), (0, 2, "0.00")]
        {
            assert_eq!(decimal(minor, digits), text);
            assert_eq!(parse(text, digits), Some(minor));
        }
        assert_eq!((digits("EUR"), digits("JPY"), digits("BHD"), digits("XXX")), (2, 0, 3, 2));
    }
}
