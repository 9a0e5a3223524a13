//! How a language writes numbers, money, dates and spans of time.

texts! {
    Numbers {
        group: ",",
        decimal: ".",
        thousand: "k",
        million: "M",
        billion: "B",
        /// A percentage.
        percent: "{n}%",
        money: "{symbol}{amount}",
        /// A negative amount.
        negative: "−{amount}",
        /// Instead of an unknown number.
        unknown: "–",
        /// Instead of a change in percent when the number was 0 before.
        from_nothing: "new",
        /// From January on.
        months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        /// From Monday on.
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
    }
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
