//! The addresses of all pages. No other module writes one. The address of a report contains account, period,
//! comparison and filters, so it can be bookmarked and sent to somebody.

use jiff::ToSpan;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::contact::ContactId;
use crate::domain::event::EventNumber;
use crate::domain::list::ListId;
use crate::domain::period::{Days, LocalDay, Preset};
use crate::domain::question::{self, Comparison, Dimension, Filter, NONE};
use crate::domain::visitor::VisitorNumber;

pub const SIGN_IN: &str = "/sign-in";
pub const SIGN_OUT: &str = "/sign-out";
pub const SETUP: &str = "/setup";
pub const THEME: &str = "/theme";
pub const ACCOUNTS: &str = "/accounts";
pub const NEW_ACCOUNT: &str = "/accounts/new";

pub const RESET: &str = "/reset";
/// Target of a link that signs in once.
pub const SIGN_IN_LINK: &str = "/sign-in/link";
pub const PROFILE: &str = "/profile";
pub const PROFILE_PASSWORD: &str = "/profile/password";
pub const PROFILE_BROWSERS: &str = "/profile/browsers";

/// Longest path to return to after signing in, in bytes.
const NEXT_MAX: usize = 2_048;

/// The sign-in page; `next` is the page to open afterwards.
#[must_use]
pub fn sign_in(next: Option<&str>) -> String {
    match next.and_then(local) {
        Some(next) => format!("{SIGN_IN}?next={}", encode(next)),
        None => SIGN_IN.to_owned(),
    }
}

/// The path if it is safe to redirect to: on this server, and not a page for signing in or out, which would
/// redirect in a circle.
#[must_use]
pub fn local(path: &str) -> Option<&str> {
    let plain = path.len() <= NEXT_MAX
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let name = path.split(['?', '#']).next().unwrap_or(path);
    let circle = [SIGN_IN, SIGN_IN_LINK, SIGN_OUT, SETUP, RESET, THEME].contains(&name);
    (plain && !circle).then_some(path)
}

/// `/accounts/1000001/dashboard`
#[must_use]
pub fn dashboard(account: AccountId) -> String {
    report(account, Report::Dashboard)
}

/// A report with the usual period.
#[must_use]
pub fn report(account: AccountId, report: Report) -> String {
    format!("{ACCOUNTS}/{account}/{}", report.name())
}

/// `/accounts/1000001/live`
#[must_use]
pub fn live(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/{}", Report::Live.as_str())
}

/// A report page of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Dashboard,
    Live,
    Pages,
    Sources,
    Devices,
    Countries,
    Anonymous,
    Events,
    Event(EventNumber),
    Consent,
}

impl Report {
    /// The end of the path: `pages`, `events/000000000012`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Event(number) => format!("{}/{number}", self.as_str()),
            _ => self.as_str().to_owned(),
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Live => "live",
            Self::Pages => "pages",
            Self::Sources => "sources",
            Self::Devices => "devices",
            Self::Countries => "countries",
            Self::Anonymous => "anonymous",
            Self::Events | Self::Event(_) => "events",
            Self::Consent => "reports/consent",
        }
    }
}

/// `/accounts/1000001/settings/tracking-code`
#[must_use]
pub fn settings(account: AccountId, page: &str) -> String {
    format!("{ACCOUNTS}/{account}/settings/{page}")
}

/// `/privacy/1000001`, the page for the visitors of an account's sites.
#[must_use]
pub fn visitors(account: AccountId) -> String {
    format!("/privacy/{account}")
}

/// The same in a language, for visitors of one of the sites.
#[must_use]
pub fn visitor_page(account: AccountId, language: &str, site: Option<&str>) -> String {
    let site = site.map_or_else(String::new, |site| format!("&site={}", encode(site)));
    format!("{}?lang={language}{site}", visitors(account))
}

/// `/accounts/1000001/settings/consent/log`
#[must_use]
pub fn consent_log(account: AccountId) -> String {
    settings(account, "consent/log")
}

/// `/accounts/1000001/reports/consent`
#[must_use]
pub fn consent_report(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/{}", Report::Consent.as_str())
}

/// `/accounts/1000001/visitors/12`
#[must_use]
pub fn visitor(account: AccountId, number: VisitorNumber) -> String {
    format!("{ACCOUNTS}/{account}/visitors/{}", number.0)
}

/// `/accounts/1000001/events`. Below it are `new`, `unexpected`, `dismissed`, and each event by its number.
#[must_use]
pub fn events(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/{}", Report::Events.as_str())
}

/// `/accounts/1000001/events/000000000012`
#[must_use]
pub fn event(account: AccountId, number: EventNumber) -> String {
    format!("{}/{number}", events(account))
}

/// `/accounts/1000001/contacts`
#[must_use]
pub fn contacts(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/contacts")
}

/// `/accounts/1000001/contacts/7`
#[must_use]
pub fn contact(account: AccountId, id: ContactId) -> String {
    format!("{}/{}", contacts(account), id.0)
}

/// `/accounts/1000001/companies`
#[must_use]
pub fn companies(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/companies")
}

/// `/accounts/1000001/companies/7`
#[must_use]
pub fn company(account: AccountId, id: CompanyId) -> String {
    format!("{}/{}", companies(account), id.0)
}

/// `/accounts/1000001/contacts/import`
#[must_use]
pub fn imports(account: AccountId) -> String {
    format!("{}/import", contacts(account))
}

/// `/accounts/1000001/contacts/import/7`
#[must_use]
pub fn import(account: AccountId, id: i64) -> String {
    format!("{}/{id}", imports(account))
}

/// `/accounts/1000001/lists`
#[must_use]
pub fn lists(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/lists")
}

/// `/accounts/1000001/lists/3`
#[must_use]
pub fn list(account: AccountId, id: ListId) -> String {
    format!("{}/{}", lists(account), id.0)
}

/// `/accounts/1000001/forms`
#[must_use]
pub fn forms(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/forms")
}

/// `/accounts/1000001/forms/7`
#[must_use]
pub fn form(account: AccountId, id: i64) -> String {
    format!("{}/{id}", forms(account))
}

/// `/accounts/1000001/views`
#[must_use]
pub fn views(account: AccountId) -> String {
    format!("{ACCOUNTS}/{account}/views")
}

/// The address of the report that a saved view opens.
#[must_use]
pub fn saved_view(account: AccountId, report: &str, query: &str) -> String {
    format!("{ACCOUNTS}/{account}/{report}?{query}")
}

/// The period of a report, with the days it covers today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub preset: Preset,
    pub days: Days,
    pub today: LocalDay,
}

impl Period {
    /// `None` when the days of a custom period are missing or impossible.
    #[must_use]
    pub fn of(preset: Preset, custom: Option<Days>, today: LocalDay) -> Option<Self> {
        preset.days(today, custom).map(|days| Self { preset, days, today })
    }

    /// The preset that covers exactly these days, or a custom period.
    #[must_use]
    pub fn of_days(days: Days, today: LocalDay) -> Self {
        let preset = Preset::ALL.into_iter().find(|p| p.days(today, None) == Some(days));
        Self { preset: preset.unwrap_or(Preset::Custom), days, today }
    }

    /// The period of the same length just before. Months and years follow the calendar.
    #[must_use]
    pub fn earlier(self) -> Self {
        self.moved(-1)
    }

    /// The period of the same length just after. `None` when it would begin after today.
    #[must_use]
    pub fn later(self) -> Option<Self> {
        Some(self.moved(1)).filter(|next| next.days.first <= self.today && self.days.last < self.today)
    }

    fn moved(self, by: i32) -> Self {
        let (first, last) = (self.days.first.date(), self.days.last.date());
        let begins_month = first == first.first_of_month();
        let is_month = begins_month
            && first.first_of_month() == last.first_of_month()
            && (last == last.last_of_month() || self.preset == Preset::Month);
        let months = match self.preset {
            Preset::Months12 => Some(12),
            _ if is_month => Some(1),
            _ => None,
        };
        let days = match months {
            Some(1) => first.checked_add((by).months()).ok().map(|first| {
                let end = LocalDay::of_date(first.last_of_month());
                Days { first: LocalDay::of_date(first), last: end.min(self.today) }
            }),
            Some(months) => first.checked_add((by * months).months()).ok().and_then(|first| {
                let end = first.checked_add(months.months()).ok()?;
                Some(Days { first: LocalDay::of_date(first), last: LocalDay::of_date(end).plus(-1) })
            }),
            None => None,
        };
        let shift = by * self.days.count();
        let days =
            days.unwrap_or(Days { first: self.days.first.plus(shift), last: self.days.last.plus(shift) });
        Self::of_days(Days { first: days.first, last: days.last.min(self.today).max(days.first) }, self.today)
    }
}

/// The filter of a table row. The value `NONE` stands for rows without a value.
#[must_use]
pub fn is(dimension: Dimension, value: &str) -> Filter {
    Filter::is(dimension, if value == NONE { "" } else { value })
}

/// The address of a report. Every method returns a changed copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportUrl {
    pub account: AccountId,
    pub report: Report,
    pub period: Period,
    pub compare: Comparison,
    pub filters: Vec<Filter>,
    /// The report's own parameters: `by`, `show`, `metric`, `sort` …
    pub extra: Vec<(&'static str, String)>,
}

impl ReportUrl {
    #[must_use]
    pub fn new(account: AccountId, report: Report, period: Period) -> Self {
        Self {
            account,
            report,
            period,
            compare: Comparison::default(),
            filters: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// Another report with the same period, comparison and filters.
    #[must_use]
    pub fn to(&self, report: Report) -> Self {
        Self { report, extra: Vec::new(), ..self.clone() }
    }

    #[must_use]
    pub fn during(&self, period: Period) -> Self {
        Self { period, ..self.clone() }
    }

    #[must_use]
    pub fn compared(&self, compare: Comparison) -> Self {
        Self { compare, ..self.clone() }
    }

    #[must_use]
    pub fn compared_days(&self) -> Option<Days> {
        let asked = question::Period { preset: self.period.preset, comparison: self.compare, custom: None };
        asked.compared(self.period.days)
    }

    /// Adds a filter, unless it is already there.
    #[must_use]
    pub fn filtered(&self, filter: Filter) -> Self {
        let mut url = self.clone();
        if !url.filters.contains(&filter) {
            url.filters.push(filter);
        }
        url
    }

    /// Removes the filter at this index.
    #[must_use]
    pub fn without_filter(&self, place: usize) -> Self {
        let mut url = self.clone();
        if place < url.filters.len() {
            url.filters.remove(place);
        }
        url
    }

    #[must_use]
    pub fn without_filters(&self) -> Self {
        Self { filters: Vec::new(), ..self.clone() }
    }

    /// Sets one of the report's own parameters and replaces its old value.
    #[must_use]
    pub fn with(&self, key: &'static str, value: &str) -> Self {
        let mut url = self.without(key);
        url.extra.push((key, value.to_owned()));
        url
    }

    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let mut url = self.clone();
        url.extra.retain(|(k, _)| *k != key);
        url
    }

    #[must_use]
    pub fn path(&self) -> String {
        format!("{ACCOUNTS}/{}/{}", self.account, self.report.name())
    }

    /// The parameters of the query string, in order. Forms repeat them as hidden fields.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("period", self.period.preset.as_str().to_owned())];
        if self.period.preset == Preset::Custom {
            fields.push(("from", self.period.days.first.to_string()));
            fields.push(("to", self.period.days.last.to_string()));
        }
        if self.compare != Comparison::default() {
            fields.push(("compare", self.compare.as_str().to_owned()));
        }
        fields.extend(self.filters.iter().map(|f| ("filter", f.to_string())));
        fields.extend(self.extra.iter().cloned());
        fields
    }

    /// The hidden fields of a form that sends the fields in `without` itself.
    #[must_use]
    pub fn fields_but(&self, without: &[&str]) -> Vec<(&'static str, String)> {
        self.fields().into_iter().filter(|(key, _)| !without.contains(key)).collect()
    }

    #[must_use]
    pub fn href(&self) -> String {
        format!("{}?{}", self.path(), self.query())
    }

    /// The query string without the `?`.
    #[must_use]
    pub fn query(&self) -> String {
        let fields = self.fields();
        let pairs: Vec<String> =
            fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        pairs.join("&")
    }

    /// The query that the other reports take over: period, comparison and filters, as `?period=…`.
    #[must_use]
    pub fn kept(&self) -> String {
        let bare = self.to(self.report).href();
        bare.find('?').and_then(|at| bare.get(at..)).unwrap_or_default().to_owned()
    }

    /// The same table as a file; `format` is `csv` or `json`.
    #[must_use]
    pub fn export(&self, format: &str) -> String {
        format!("{}&format={}", self.href(), encode(format))
    }
}

/// Longest path to return to after signing in, in bytes.
const READABLE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'/');

/// Percent-encodes a query value.
#[must_use]
pub fn encode(value: &str) -> String {
    utf8_percent_encode(value, READABLE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::parse_day;

    fn day(text: &str) -> LocalDay {
        parse_day(text).unwrap()
    }

    fn url() -> ReportUrl {
        let period = Period::of(Preset::Days28, None, day("2026-11-22")).unwrap();
        ReportUrl::new(AccountId::FIRST, Report::Dashboard, period)
    }

    #[test]
    fn an_address_carries_account_period_comparison_and_filters() {
        assert_eq!(url().href(), "/accounts/1000001/dashboard?period=28d");
        let full = url()
            .compared(Comparison::Year)
            .filtered(is(Dimension::Page, "example.com/a b&c|d%"))
            .filtered(is(Dimension::Referrer, ""))
            .with("metric", "sessions");
        assert_eq!(
            full.href(),
            "/accounts/1000001/dashboard?period=28d&compare=year\
             &filter=page:is:example.com/a%20b%26c%257Cd%25&filter=referrer:is:%28none%29&metric=sessions"
        );
        assert_eq!(full.filtered(is(Dimension::Referrer, "")), full);
        assert_eq!(full.without_filter(0).filters, [is(Dimension::Referrer, "")]);
        assert_eq!(full.without_filter(9), full);
        assert_eq!(full.to(Report::Pages).extra, []);
        assert_eq!(full.with("metric", "x").extra, [("metric", "x".to_owned())]);
        assert!(full.fields_but(&["filter"]).iter().all(|(k, _)| *k != "filter"));
    }

    #[test]
    fn arrows_move_a_period_by_its_own_length() {
        let today = day("2026-11-22");
        let of = |p: Preset| Period::of(p, None, today).unwrap();
        let text = |p: Period| format!("{} {} {}", p.preset.as_str(), p.days.first, p.days.last);
        assert_eq!(text(of(Preset::Today).earlier()), "yesterday 2026-11-21 2026-11-21");
        assert_eq!(text(of(Preset::Days7).earlier()), "custom 2026-11-09 2026-11-15");
        assert_eq!(text(of(Preset::Month).earlier()), "last_month 2026-10-01 2026-10-31");
        assert_eq!(text(of(Preset::Month).earlier().earlier()), "custom 2026-09-01 2026-09-30");
        assert_eq!(text(of(Preset::Months12).earlier()), "custom 2024-11-23 2025-11-22");
        let back = of(Preset::Month).earlier().earlier().later().unwrap();
        assert_eq!(text(back), "last_month 2026-10-01 2026-10-31");
        assert_eq!(text(back.later().unwrap()), "month 2026-11-01 2026-11-22");
        assert_eq!(text(of(Preset::Days7).earlier().later().unwrap()), "7d 2026-11-16 2026-11-22");
        assert_eq!(of(Preset::Days7).later(), None);
        assert_eq!(of(Preset::Month).later(), None);
    }

    #[test]
    fn only_paths_of_this_server_are_gone_back_to() {
        for path in ["/", "/accounts/1000001/pages?period=7d&filter=page:is:a%20b#x", "/a//b", "/sign-inn"] {
            assert_eq!(local(path), Some(path));
        }
        let long = |n: usize| format!("/{}", "a".repeat(n - 1));
        assert!(local(&long(NEXT_MAX)).is_some());
        for path in [
            "",
            "//evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "https://evil.test",
            "evil.test",
            "javascript:alert(1)",
            "/\t/evil.test",
            "/\n/evil.test",
            "\t//evil.test",
            " //evil.test",
            "/a\r\nSet-Cookie: x=1",
            "/sign-out",
            "/sign-in?next=/",
            "/sign-in/link?token=x",
            "/\u{ff0f}evil.test",
            &long(NEXT_MAX + 1),
        ] {
            assert_eq!(local(path), None, "{path:?}");
        }
        assert_eq!(sign_in(Some("/a?b=c&d")), "/sign-in?next=/a%3Fb%3Dc%26d");
        assert_eq!(sign_in(Some("//evil.test")), "/sign-in");
    }

    #[test]
    fn later_never_passes_today() {
        let today = day("2026-11-22");
        let days = Days { first: day("2026-11-10"), last: day("2026-11-19") };
        let next = Period::of_days(days, today).later().unwrap();
        assert_eq!((next.days.first, next.days.last), (day("2026-11-20"), today));
    }
}
