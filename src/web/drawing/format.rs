//! Writes numbers, money, dates and durations for people, in the words of one language. Data answers (JSON, CSV) do
//! not use it.

use jiff::civil::Date;

use crate::base::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::domain::period::{Days, LocalDay, Zone, weekday};
use crate::web::text::fill;
use crate::web::text::number::Numbers;

/// Key figures from this number on are too long for their card and are shortened.
const FIGURE_MAX: u64 = 1_000_000_000;

/// `1,234,567`
pub fn number(t: &Numbers, n: i64) -> String {
    t.whole(n)
}

/// At most four digits: `9,999`, `12.3k`, `123k`, `1.2M`.
pub fn compact(t: &Numbers, n: i64) -> String {
    shorter(t, n, 10_000)
}

/// Amounts below this many units show their decimals on a card.
const MONEY_EXACT: u64 = 1_000;

/// A key figure: in full unless it is too long for its card.
pub fn figure(t: &Numbers, n: i64) -> String {
    if n.unsigned_abs() < FIGURE_MAX { number(t, n) } else { compact(t, n) }
}

/// For an axis, as short as possible: `500`, `1.5k`, `12k`.
pub fn tick(t: &Numbers, n: i64) -> String {
    shorter(t, n, 1_000)
}

/// Shortened from `limit` on.
fn shorter(t: &Numbers, n: i64, limit: u64) -> String {
    let abs = n.unsigned_abs();
    let (unit, suffix) = match abs {
        _ if abs < limit => return number(t, n),
        0..999_500 => (1_000, t.thousand),
        999_500..999_500_000 => (1_000_000, t.million),
        _ => (1_000_000_000, t.billion),
    };
    signed(t, n < 0, &format!("{}{suffix}", short(t, u128::from(abs), unit, 1_000)))
}

/// `12%`, always without decimals so that the rates of a column line up. When `whole` is 0 the sign for an unknown
/// value.
pub fn percent(t: &Numbers, part: i64, whole: i64) -> String {
    if whole <= 0 {
        return t.unknown.to_owned();
    }
    let (part, whole) = (u128::from(part.max(0).unsigned_abs()), u128::from(whole.unsigned_abs()));
    fill(t.percent, &[("n", &short(t, part * 100, whole, 0))])
}

fn ratio(t: &Numbers, part: u128, whole: u128) -> String {
    fill(t.percent, &[("n", &short(t, part * 100, whole, 100))])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    Up,
    Down,
    Same,
}

impl Trend {
    /// The CSS class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Same => "same",
        }
    }
}

/// A change with its sign: `+12%`, `−3.4%`, `0%`, `new`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub trend: Trend,
    pub text: String,
}

pub fn change(t: &Numbers, now: i64, before: i64) -> Change {
    let trend = match now.cmp(&before) {
        std::cmp::Ordering::Greater => Trend::Up,
        std::cmp::Ordering::Less => Trend::Down,
        std::cmp::Ordering::Equal => Trend::Same,
    };
    if before <= 0 && trend != Trend::Same {
        // The percentage of 0 or of a negative number has no meaning.
        let text = if before == 0 && now > 0 { t.from_nothing } else { t.unknown };
        return Change { trend, text: text.to_owned() };
    }
    let text = ratio(t, u128::from(now.abs_diff(before)), u128::from(before.max(1).unsigned_abs()));
    let text = match trend {
        Trend::Up => format!("+{text}"),
        Trend::Down => signed(t, true, &text),
        Trend::Same => text,
    };
    Change { trend, text }
}

/// An amount in minor units of an ISO 4217 currency: `€1,234.50`. An unknown currency gets two decimals.
pub fn money(t: &Numbers, minor: i64, code: &str) -> String {
    let (symbol, digits) = currency(code);
    let unit = 10u64.saturating_pow(digits);
    let abs = minor.unsigned_abs();
    let mut amount = t.grouped(abs / unit);
    if digits > 0 {
        let width = usize::try_from(digits).unwrap_or(2);
        amount.push_str(t.decimal);
        amount.push_str(&format!("{:0width$}", abs % unit));
    }
    signed(t, minor < 0, &fill(t.money, &[("symbol", &symbol), ("amount", &amount)]))
}

/// A key figure: small amounts with decimals, others in whole units.
pub fn money_figure(t: &Numbers, minor: i64, code: &str) -> String {
    let (_, digits) = currency(code);
    let is_small = minor.unsigned_abs() / 10u64.saturating_pow(digits) < MONEY_EXACT;
    if is_small { money(t, minor, code) } else { money_by(t, minor, code, figure) }
}

/// `€1.5k`, for an axis.
pub fn money_tick(t: &Numbers, minor: i64, code: &str) -> String {
    money_by(t, minor, code, tick)
}

fn money_by(t: &Numbers, minor: i64, code: &str, write: fn(&Numbers, i64) -> String) -> String {
    let (symbol, digits) = currency(code);
    let unit = 10u64.saturating_pow(digits);
    let whole = minor.unsigned_abs().saturating_add(unit / 2) / unit;
    let amount = write(t, i64::try_from(whole).unwrap_or(i64::MAX));
    signed(t, minor < 0, &fill(t.money, &[("symbol", &symbol), ("amount", &amount)]))
}

fn currency(code: &str) -> (String, u32) {
    let known = iso_currency::Currency::from_code(code);
    let digits = known.and_then(iso_currency::Currency::exponent).map_or(2, u32::from);
    let symbol = known.map_or_else(|| format!("{code}\u{a0}"), |c| c.symbol().to_string());
    (symbol, digits)
}

/// `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: the two largest units.
pub fn duration(t: &Numbers, ms: i64) -> String {
    let ms = ms.max(0);
    let units = [(DAY, t.days), (HOUR, t.hours), (MINUTE, t.minutes), (SECOND, t.seconds)];
    let mut parts = Vec::with_capacity(2);
    let mut rest = ms;
    for (size, text) in units {
        let n = rest / size;
        rest %= size;
        if parts.is_empty() && n == 0 && size > SECOND {
            continue;
        }
        if n > 0 || parts.is_empty() {
            parts.push(fill(text, &[("n", &n.to_string())]));
        }
        if parts.len() == 2 || n == 0 {
            break;
        }
    }
    parts.join(" ")
}

/// `just now`, `5 min ago`, `3 h ago`, `2 d ago`: only the largest unit.
pub fn ago(t: &Numbers, now: Millis, at: Millis) -> String {
    let ms = now.since(at);
    let (n, text) = match ms {
        ..MINUTE => return t.just_now.to_owned(),
        MINUTE..HOUR => (ms / MINUTE, t.minutes),
        HOUR..DAY => (ms / HOUR, t.hours),
        _ => (ms / DAY, t.days),
    };
    fill(t.ago, &[("span", &fill(text, &[("n", &number(t, n))]))])
}

/// `22 Nov 2026`
pub fn date(t: &Numbers, day: LocalDay) -> String {
    let date = day.date();
    let parts = [
        ("day", date.day().to_string()),
        ("month", month(t, date).to_owned()),
        ("year", date.year().to_string()),
    ];
    fill_owned(t.date, &parts)
}

/// `22 Nov`
pub fn day_month(t: &Numbers, day: LocalDay) -> String {
    let date = day.date();
    fill(t.day_month, &[("day", &date.day().to_string()), ("month", month(t, date))])
}

/// `Nov 2026`
pub fn month_year(t: &Numbers, day: LocalDay) -> String {
    let date = day.date();
    fill(t.month_year, &[("month", month(t, date)), ("year", &date.year().to_string())])
}

/// `Sun 22 Nov 2026`
pub fn weekday_date(t: &Numbers, day: LocalDay) -> String {
    let name = usize::try_from(weekday(day)).ok().and_then(|i| t.weekdays.get(i)).copied().unwrap_or("");
    fill(t.weekday_date, &[("weekday", name), ("date", &date(t, day))])
}

/// `14:05` in this time zone.
pub fn time(zone: &Zone, at: Millis) -> String {
    let civil = zone.civil(at);
    format!("{:02}:{:02}", civil.hour(), civil.minute())
}

/// `14:05:09`
pub fn time_seconds(zone: &Zone, at: Millis) -> String {
    format!("{}:{:02}", time(zone, at), zone.civil(at).second())
}

/// `22 Nov 2026, 14:05`
pub fn date_time(t: &Numbers, zone: &Zone, at: Millis) -> String {
    fill(t.date_time, &[("date", &date(t, zone.day_of(at))), ("time", &time(zone, at))])
}

/// `26 Oct – 22 Nov 2026`, `22 Nov 2026`, `Nov 2026`: the shortest text that is exact.
pub fn days(t: &Numbers, days: Days) -> String {
    let (first, last) = (days.first.date(), days.last.date());
    if days.first == days.last {
        return date(t, days.last);
    }
    if first == first.first_of_month() && last == first.last_of_month() {
        return month_year(t, days.first);
    }
    let from = if first.year() == last.year() { day_month(t, days.first) } else { date(t, days.first) };
    fill(t.range, &[("from", &from), ("to", &date(t, days.last))])
}

fn month(t: &Numbers, date: Date) -> &str {
    usize::try_from(date.month() - 1).ok().and_then(|i| t.months.get(i)).copied().unwrap_or("")
}

fn fill_owned(text: &str, parts: &[(&str, String)]) -> String {
    let values: Vec<(&str, &str)> = parts.iter().map(|(key, value)| (*key, value.as_str())).collect();
    fill(text, &values)
}

/// `value / unit`, rounded once: with one decimal below `decimals_below` tenths, otherwise a whole number.
fn short(t: &Numbers, value: u128, unit: u128, decimals_below: u128) -> String {
    let tenths = (value * 10 + unit / 2) / unit;
    if tenths < decimals_below {
        return one_decimal(t, tenths);
    }
    t.grouped(u64::try_from((value + unit / 2) / unit).unwrap_or(u64::MAX))
}

fn one_decimal(t: &Numbers, tenths: u128) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}{}{rest}", tenths / 10, t.decimal),
    }
}

fn signed(t: &Numbers, negative: bool, text: &str) -> String {
    if negative { fill(t.negative, &[("amount", text)]) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::parse_day;
    use crate::web::text::EN;

    const T: &Numbers = &EN.number;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(T, n), text);
        }
        assert_eq!(number(T, -1_234), "−1,234");
        assert_eq!(number(T, i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn a_key_figure_is_written_in_full_up_to_nine_digits() {
        for (n, text) in
            [(0, "0"), (10_000_000, "10,000,000"), (999_999_999, "999,999,999"), (1_000_000_000, "1B")]
        {
            assert_eq!(figure(T, n), text);
        }
    }

    #[test]
    fn compact_numbers_change_unit_at_their_bounds() {
        for (n, text) in [
            (9_999, "9,999"),
            (10_000, "10k"),
            (12_345, "12.3k"),
            (99_949, "99.9k"),
            (99_950, "100k"),
            (999_499, "999k"),
            (999_500, "1M"),
            (1_250_000, "1.3M"),
            (999_499_999, "999M"),
            (2_000_000_000, "2B"),
            (-12_345, "−12.3k"),
        ] {
            assert_eq!(compact(T, n), text, "{n}");
        }
    }

    #[test]
    fn changes_carry_sign_and_direction() {
        for (now, before, trend, text) in [
            (112, 100, Trend::Up, "+12%"),
            (966, 1_000, Trend::Down, "−3.4%"),
            (5, 5, Trend::Same, "0%"),
            (0, 0, Trend::Same, "0%"),
            (5, 0, Trend::Up, "new"),
            (0, 5, Trend::Down, "−100%"),
            (5, -5, Trend::Up, "–"),
            (4_000_000, 1, Trend::Up, "+399,999,900%"),
            (i64::MAX, 1, Trend::Up, "+18,446,744,073,709,551,615%"),
        ] {
            let got = change(T, now, before);
            assert_eq!((got.trend, got.text.as_str()), (trend, text), "{now} {before}");
        }
        assert_eq!(percent(T, 1, 3), "33%");
        assert_eq!(percent(T, 1, 30), "3%");
        assert_eq!(percent(T, 1, 0), "–");
    }

    #[test]
    fn money_has_the_digits_of_its_currency() {
        assert_eq!(money(T, 123_450, "EUR"), "€1,234.50");
        assert_eq!(money(T, -5, "EUR"), "−€0.05");
        assert_eq!(money(T, 1_234, "JPY"), "¥1,234");
        assert_eq!(money_figure(T, 1_234_567, "EUR"), "€12,346");
        assert_eq!(money_figure(T, 123_456, "EUR"), "€1,235");
        assert_eq!(money_figure(T, -123_456, "EUR"), "−€1,235");
        assert_eq!(money_figure(T, 99_999, "EUR"), "€999.99");
        assert_eq!(money_tick(T, -150_000, "EUR"), "−€1.5k");
        assert_eq!((tick(T, 999), tick(T, 1_000)), ("999".into(), "1k".into()));
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        for (ms, text) in [
            (0, "0 s"),
            (999, "0 s"),
            (45_000, "45 s"),
            (200_000, "3 min 20 s"),
            (60_000, "1 min"),
            (7_500_000, "2 h 5 min"),
            (3_600_500, "1 h"),
            (3 * DAY + 4 * HOUR + MINUTE, "3 d 4 h"),
            (-5, "0 s"),
        ] {
            assert_eq!(duration(T, ms), text, "{ms}");
        }
        let at = |ms: i64| ago(T, Millis(ms), Millis(0));
        assert_eq!(at(-1), "just now");
        assert_eq!((at(59_999), at(60_000)), ("just now".into(), "1 min ago".into()));
        assert_eq!((at(HOUR - 1), at(HOUR)), ("59 min ago".into(), "1 h ago".into()));
        assert_eq!((at(DAY - 1), at(DAY)), ("23 h ago".into(), "1 d ago".into()));
    }

    #[test]
    fn days_are_named_as_shortly_as_they_can_be() {
        let span =
            |a: &str, b: &str| days(T, Days { first: parse_day(a).unwrap(), last: parse_day(b).unwrap() });
        assert_eq!(span("2026-11-22", "2026-11-22"), "22 Nov 2026");
        assert_eq!(span("2026-10-26", "2026-11-22"), "26 Oct – 22 Nov 2026");
        assert_eq!(span("2025-12-26", "2026-01-22"), "26 Dec 2025 – 22 Jan 2026");
        assert_eq!(span("2024-02-01", "2024-02-29"), "Feb 2024");
        assert_eq!(weekday_date(T, parse_day("2026-11-22").unwrap()), "Sun 22 Nov 2026");
        let zone = Zone::named("Europe/Amsterdam");
        assert_eq!(date_time(T, &zone, Millis(1_700_000_000_000)), "14 Nov 2023, 23:13");
        assert_eq!(time_seconds(&zone, Millis(1_700_000_000_000)), "23:13:20");
    }
}
