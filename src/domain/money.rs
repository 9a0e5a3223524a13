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
