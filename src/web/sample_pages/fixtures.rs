//! What all samples share: hostile texts, a fixed day, a layout, and a visit.

use crate::app::reports::visitor::{EventRow, SessionRow};
use crate::base::clock::{MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, parse_day};
use crate::domain::user::Role;
use crate::web::response::page::{
    AccountLink, CurrentAccount, Flash, Layout, Section, Theme, Tone, Trouble, Viewer,
};
use crate::web::text::EN;

pub(super) const HOSTILE: &str = "\"><img src=x onerror=alert(1)><script>alert(1)</script>'{{7*7}}";
pub(super) const LONG: &str =
    "a-very-long-name-without-any-place-to-break-it-that-goes-on-and-on-and-on-until-nobody-reads";
pub(super) const ARABIC: &str = "منتجات/الصفحة-الرئيسية";

pub(super) fn today() -> LocalDay {
    parse_day("2026-11-22").unwrap()
}

/// The layout of a sample page. When the name of the account is hostile, everything else is too.
pub(super) fn layout(title: &str, section: Section, name: &str) -> Layout {
    let is_hostile = name == HOSTILE;
    let link = |n: i64, name: &str| AccountLink { id: AccountId(n), name: name.into() };
    Layout {
        t: &EN,
        title: title.into(),
        nonce: "bm9uY2U".into(),
        csrf: "5f".into(),
        theme: Theme::Auto,
        now: Millis(1_795_377_600_000),
        current_path: if is_hostile { HOSTILE } else { "/accounts/1000001/dashboard?period=28d" }.into(),
        plain_http: is_hostile,
        troubles: if is_hostile { vec![Trouble { title: HOSTILE, text: LONG.into() }] } else { Vec::new() },
        flash: is_hostile.then(|| Flash { tone: Tone::Bad, text: format!("{HOSTILE} {LONG}") }),
        viewer: Some(Viewer {
            email: if is_hostile { LONG } else { "sanne.de.vries@example.com" }.into(),
            role: Role::Owner,
            may_publish: true,
        }),
        account: Some(CurrentAccount {
            id: AccountId::FIRST,
            name: name.into(),
            zone: "Europe/Amsterdam".into(),
            query: "?period=28d".into(),
            waiting: 12,
            others: vec![link(1_000_001, name), link(1_000_002, "Harbour Books"), link(1_000_003, ARABIC)],
        }),
        section: Some(section),
    }
}

/// Visits of a day in a realistic pattern: low weekends and a slow rise.
pub(super) fn visits(day: i32, level: i64) -> i64 {
    let weekday = i64::from(crate::domain::period::weekday(LocalDay(day)));
    let wave = [100, 112, 118, 109, 92, 54, 48];
    let noise = i64::from((day * 7919).rem_euclid(23));
    level * (wave[usize::try_from(weekday).unwrap()] + noise) / 100 + i64::from(day - 20_700) * level / 400
}

/// A session some time ago; with `more` every field is filled.
pub(super) fn visit(id: u32, ago: i64, texts: &[&str], more: bool) -> SessionRow {
    let at = Millis(1_795_377_600_000).plus(-ago);
    let event = |(n, text): (i64, &&str)| EventRow {
        at: at.plus(n * 2 * MINUTE),
        kind: if n == 3 { "completion" } else { "page_view" },
        contact_id: None,
        host: "example.com".into(),
        path: format!("/{text}"),
        title: if n == 1 { String::new() } else { (*text).to_owned() },
        event: if n == 3 { "Sign up".into() } else { String::new() },
        value: (n == 3).then(|| "19.99".to_owned()),
        value_minor: if n == 3 { 1_999 } else { 0 },
        engaged_seconds: n.unsigned_abs() * 47,
        consent: if more { "granted" } else { "policy" },
        policy: u32::from(more),
    };
    let text = |text: &str| if more { text.to_owned() } else { String::new() };
    SessionRow {
        id,
        at,
        duration_seconds: 491,
        source: if more { "EMAIL_MARKETING".into() } else { "DIRECT_TRAFFIC".into() },
        referrer: text("news.example.org/2026/11/a-long-article-about-the-site"),
        utm_source: text("newsletter"),
        utm_campaign: text(texts.first().copied().unwrap_or_default()),
        device: "mobile".into(),
        browser: "Safari".into(),
        os: "iOS".into(),
        screen: "< 576",
        language: text("nl-be"),
        country: text("NL"),
        region: text("Utrecht"),
        new_visitor: more,
        bounced: !more,
        switched: id == 3,
        suspected: id == 3,
        page_views: texts.len() as u64,
        completions: u64::from(more),
        engaged_seconds: 300,
        timeline: (0..).zip(texts).map(event).collect(),
        left_out: if id == 3 { 1_204 } else { 0 },
        ..SessionRow::default()
    }
}
