//! How a language writes numbers, money, dates and spans of time.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Numbers {
    pub group: &'static str,
    pub decimal: &'static str,
    pub thousand: &'static str,
    pub million: &'static str,
    pub billion: &'static str,
    /// `{n}`: a percentage.
    pub percent: &'static str,
    /// `{symbol}` and `{amount}`.
    pub money: &'static str,
    /// `{amount}`, less than nothing.
    pub negative: &'static str,
    /// Instead of a number that is not known.
    pub unknown: &'static str,
    /// From nothing to something.
    pub from_nothing: &'static str,
    /// January first.
    pub months: [&'static str; 12],
    /// Monday first.
    pub weekdays: [&'static str; 7],
    /// `{day}`, `{month}`.
    pub day_month: &'static str,
    /// `{day}`, `{month}`, `{year}`.
    pub date: &'static str,
    /// `{month}`, `{year}`.
    pub month_year: &'static str,
    /// `{weekday}`, `{date}`.
    pub weekday_date: &'static str,
    /// `{date}`, `{time}`.
    pub date_time: &'static str,
    /// `{from}`, `{to}`.
    pub range: &'static str,
    pub seconds: &'static str,
    pub minutes: &'static str,
    pub hours: &'static str,
    pub days: &'static str,
    pub just_now: &'static str,
    /// `{span}` ago.
    pub ago: &'static str,
}

impl Numbers {
    /// `1,234,567`
    #[must_use]
    pub fn whole(&self, n: i64) -> String {
        let digits = self.grouped(n.unsigned_abs());
        if n < 0 { self.negative.replace("{amount}", &digits) } else { digits }
    }

    /// The digits alone, in groups of three.
    #[must_use]
    pub fn grouped(&self, n: u64) -> String {
        let digits = n.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push_str(self.group);
            }
            text.push(digit);
        }
        text
    }
}

pub const EN: Numbers = Numbers {
    group: ",",
    decimal: ".",
    thousand: "k",
    million: "M",
    billion: "B",
    percent: "{n}%",
    money: "{symbol}{amount}",
    negative: "−{amount}",
    unknown: "–",
    from_nothing: "new",
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    day_month: "{day} {month}",
    date: "{day} {month} {year}",
    month_year: "{month} {year}",
    weekday_date: "{weekday} {date}",
    date_time: "{date}, {time}",
    range: "{from} – {to}",
    seconds: "{n} s",
    minutes: "{n} min",
    hours: "{n} h",
    days: "{n} d",
    just_now: "just now",
    ago: "{span} ago",
};
