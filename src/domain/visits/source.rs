//! Decides where a session came from, by HubSpot's rules for sources and their drill-downs.

use serde::{Deserialize, Serialize};

use super::campaign::Campaign;
use super::click_id::Meaning;
use super::page::{Landing, Recorded};
use super::referrer::{self, Kind, Referrer};

/// Words of HubSpot's rules. They are found anywhere in a value, whatever its case.
const SEARCH_WORDS: [&str; 3] = ["adword", "ppc", "cpc"];
const PAID_WORDS: [&str; 3] = ["paid", "ppc", "cpc"];
const PAID_SOCIAL: &str = "paidsocial";
const EMAIL: &str = "email";

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", const_into_str)]
#[repr(u8)]
pub enum Source {
    OrganicSearch,
    PaidSearch,
    EmailMarketing,
    SocialMedia,
    PaidSocial,
    Referrals,
    AiReferrals,
    OtherCampaigns,
    DirectTraffic,
    Offline,
}

impl Source {
    pub const ALL: [Self; 10] = [
        Self::OrganicSearch,
        Self::PaidSearch,
        Self::EmailMarketing,
        Self::SocialMedia,
        Self::PaidSocial,
        Self::Referrals,
        Self::AiReferrals,
        Self::OtherCampaigns,
        Self::DirectTraffic,
        Self::Offline,
    ];

    /// The value that HubSpot stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A source with its two drill-downs. Empty means none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attribution {
    pub source: Source,
    pub detail: String,
    pub detail_2: String,
}

impl Attribution {
    fn new(source: Source, detail: &str, detail_2: &str) -> Self {
        Self { source, detail: detail.to_owned(), detail_2: detail_2.to_owned() }
    }
}

/// What one hit says about where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// The hit came from one of the account's own domains. The session keeps the visitor's last source; without one
    /// it is direct traffic with this entrance (rules.md 11).
    Internal {
        entrance: String,
    },
    From(Attribution),
}

impl Origin {
    /// The origin of what a program reported. `how` is the drill-down.
    #[must_use]
    pub fn offline(how: &str) -> Self {
        Self::From(Attribution::new(Source::Offline, how, ""))
    }
}

/// Decides where a hit came from. `own` says whether a host (lower case, with its port) belongs to the account.
///
/// HubSpot documents these rules; the first one that matches decides:
/// - 1: `utm_medium=social`, and `utm_source` is exactly a known network or the referrer is a social site: organic
///   social.
/// - 2: the parameter `source` contains adword, ppc or cpc: paid search. 3: a valid `gclid`: paid search.
/// - 4: `utm_medium` contains paid, ppc or cpc, with a known network in `utm_source` or a social referrer, or one of
///   the two parameters contains paidsocial: paid social.
/// - 5: a campaign parameter is present and the referrer is google.com: paid search. 6: a campaign parameter contains
///   adword, ppc or cpc: paid search.
/// - 7: a campaign parameter or `source` contains email: email marketing. 8: one of them is present without these
///   words: other campaigns.
/// - 9: a social referrer: organic social. 10: a mail site or a feed reader: direct. 11: a search engine: organic
///   search. 12: one of the own domains: no source. 13: any other referrer: referrals. 14: nothing of all this:
///   direct.
///
/// Where these rules leave something open, it is decided as follows:
/// - All words and values are compared in lower case. Drill-downs keep what was written.
/// - A `gclid` is valid when it has `click_id::GCLID_LENGTHS` characters of the URL-safe alphabet.
/// - Click ids of other networks that are appended to ads only are treated like `gclid`: those of search ads by rule 3,
///   those of social networks by rule 4, those of other ads as rule 8 without a campaign. One that is appended to other
///   links too tells the network to rules 1 and 4, and is the referrer when there is none.
/// - Rule 5 means `google.com` itself, not its mail and not its country domains.
/// - In rule 10, a host below somebody's domain whose first label is that of web mail (`mail`, `webmail`, `owa` …) is a
///   mail site. News below the domain of a mail provider or a search engine are not, and stay rule 13.
/// - Rule 12 is applied before 9 to 11, because an account that is itself a known site (a network, a portal) is not
///   its own referrer. The host of the page counts as own even if it is not listed. Campaign parameters come first.
/// - AI assistants come before rules 11 and 13. An assistant that writes its own host into `utm_source` and nothing
///   else (ChatGPT does so on every link) is an assistant and not rule 8, because nobody made that campaign.
/// - `utm_term` and `utm_content` alone decide nothing. `utm_medium=referral` and `organic` are rule 8.
/// - A referrer that cannot be read counts as none.
#[must_use]
pub fn attribute(recorded: &Recorded, referrer: &str, own: impl Fn(&str) -> bool) -> Origin {
    let entrance = || recorded.page.host_and_path();
    let direct = || Origin::From(Attribution::new(Source::DirectTraffic, &entrance(), ""));
    let from = if referrer.is_empty() { None } else { Referrer::read(referrer) };
    if let Some(campaign) = by_campaign(&recorded.landing, from.as_ref()) {
        return Origin::From(campaign);
    }
    let Some(from) = from else {
        let id = recorded.landing.click_id;
        return match id.meaning() {
            Some(Meaning::Social) => Origin::From(Attribution::new(Source::SocialMedia, id.network(), "")),
            Some(Meaning::Search) => Origin::From(Attribution::new(Source::OrganicSearch, "", id.network())),
            _ => direct(),
        };
    };
    if from.host == recorded.page.host || own(&from.host) {
        return Origin::Internal { entrance: entrance() };
    }
    let Some(site) = from.site() else {
        return Origin::From(Attribution::new(Source::Referrals, from.domain(), &from.host_and_path()));
    };
    Origin::From(match site.kind {
        Kind::Social => Attribution::new(Source::SocialMedia, site.name, ""),
        Kind::Mail => return direct(),
        Kind::Assistant => Attribution::new(Source::AiReferrals, site.name, from.domain()),
        Kind::Search => Attribution::new(Source::OrganicSearch, &from.search_term(site), site.name),
    })
}

/// Rules 1 to 8, which look at the parameters of the landing address.
fn by_campaign(landing: &Landing, from: Option<&Referrer>) -> Option<Attribution> {
    if landing.is_empty() {
        return None;
    }
    let lower = |key| landing.get(key).to_lowercase();
    let (utm_source, medium, name) =
        (lower("utm_source"), lower("utm_medium"), landing.campaign().to_lowercase());
    let source = lower("source");
    let utm = [&utm_source, &medium, &name];
    let tagged = utm.iter().any(|value| !value.is_empty());

    let site = from.and_then(Referrer::site);
    let click = landing.click_id.meaning();
    let network = referrer::network(&utm_source)
        .or_else(|| site.filter(|site| site.kind == Kind::Social).map(|site| site.name))
        .or_else(|| {
            let told = matches!(click, Some(Meaning::PaidSocial | Meaning::Social));
            told.then(|| landing.click_id.network())
        });
    let said = Campaign::of(landing);
    let paid_search = || {
        let search = from.zip(site.filter(|site| site.kind == Kind::Search));
        let term = if said.term.is_empty() {
            search.map(|(from, engine)| from.search_term(engine)).unwrap_or_default()
        } else {
            said.term.clone()
        };
        Some(Attribution::new(Source::PaidSearch, &said.campaign, &term))
    };

    if medium == "social"
        && let Some(network) = network
    {
        return Some(Attribution::new(Source::SocialMedia, network, &said.campaign));
    }
    if holds(&source, &SEARCH_WORDS) || click == Some(Meaning::PaidSearch) {
        return paid_search();
    }
    if (holds(&medium, &PAID_WORDS) && network.is_some())
        || utm_source.contains(PAID_SOCIAL)
        || medium.contains(PAID_SOCIAL)
        || click == Some(Meaning::PaidSocial)
    {
        return Some(Attribution::new(Source::PaidSocial, network.unwrap_or(&said.source), &said.campaign));
    }
    let of_google = from.is_some_and(|from| from.domain() == "google.com");
    if (tagged && of_google) || utm.iter().any(|value| holds(value, &SEARCH_WORDS)) {
        return paid_search();
    }
    if utm.iter().any(|value| value.contains(EMAIL)) || source.contains(EMAIL) {
        return Some(Attribution::new(Source::EmailMarketing, &said.campaign, ""));
    }
    if medium.is_empty()
        && name.is_empty()
        && source.is_empty()
        && let Some(assistant) = referrer::assistant(&utm_source)
    {
        return Some(Attribution::new(Source::AiReferrals, assistant, &utm_source));
    }
    if tagged || !source.is_empty() {
        let by = if said.source.is_empty() { landing.get("source") } else { &said.source };
        let by = crate::domain::text::cut(by, super::campaign::VALUE_MAX);
        let parts: Vec<&str> = [&*by, &said.medium].into_iter().filter(|part| !part.is_empty()).collect();
        return Some(Attribution::new(Source::OtherCampaigns, &said.campaign, &parts.join(" / ")));
    }
    (click == Some(Meaning::PaidDisplay))
        .then(|| Attribution::new(Source::OtherCampaigns, "", landing.click_id.network()))
}

fn holds(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| value.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::click_id::GCLID_LENGTHS;
    use crate::domain::page::Page;

    const GCLID: &str = "gclid=EAIaIQobChMI1_2-aBcD";
    const DIRECT: &str = "DIRECT_TRAFFIC|own.test/p";

    /// The source of one landing on `https://own.test/p?{query}` from `referrer` (`https://` unless it has a scheme),
    /// written as `SOURCE|detail|detail_2` without empty ends, or as `internal|entrance`. The sites of the account
    /// are `own.test`, `shop.own.test:8443` and `medium.com`.
    fn check(query: &str, referrer: &str, expected: &str) {
        let recorded = Page::recorded(&format!("https://own.test/p?{query}"), None, None).unwrap();
        let address = match referrer {
            "" => String::new(),
            whole if whole.contains(':') && !whole.contains(":8") => whole.to_owned(),
            host => format!("https://{host}"),
        };
        let own = |host: &str| ["own.test", "shop.own.test:8443", "medium.com"].contains(&host);
        let found = match attribute(&recorded, &address, own) {
            Origin::Internal { entrance } => format!("internal|{entrance}"),
            Origin::From(Attribution { source, detail, detail_2 }) => {
                format!("{}|{detail}|{detail_2}", source.as_str()).trim_end_matches('|').to_owned()
            }
        };
        assert_eq!(found, expected, "?{query} from {referrer:?}");
    }

    fn check_all(cases: &[(&str, &str, &str)]) {
        for (query, referrer, expected) in cases {
            check(query, referrer, expected);
        }
    }

    #[test]
    fn rule_1_a_social_medium_with_a_network_is_organic_social() {
        check_all(&[
            ("utm_medium=social&utm_source=facebook", "", "SOCIAL_MEDIA|Facebook"),
            ("utm_medium=social&utm_source=LinkedIn&utm_campaign=May", "", "SOCIAL_MEDIA|LinkedIn|May"),
            ("utm_medium=SOCIAL&utm_source=fb", "", "SOCIAL_MEDIA|Facebook"),
            ("utm_medium=social&utm_source=ig", "", "SOCIAL_MEDIA|Instagram"),
            ("utm_medium=social&utm_source=twitter", "", "SOCIAL_MEDIA|X"),
            ("utm_medium=social&utm_source=m.facebook.com", "", "SOCIAL_MEDIA|Facebook"),
            ("utm_medium=social&utm_source=newsroom", "t.co/x", "SOCIAL_MEDIA|X"),
            ("utm_medium=social&utm_source=youtube", "www.google.com", "SOCIAL_MEDIA|YouTube"),
            ("utm_medium=social", "l.facebook.com/l.php?u=1", "SOCIAL_MEDIA|Facebook"),
            ("utm_medium=social", "android-app://com.linkedin.android/", "SOCIAL_MEDIA|LinkedIn"),
            // These are not exactly a network, or not exactly social.
            ("utm_medium=social&utm_source=my-facebook", "", "OTHER_CAMPAIGNS||my-facebook / social"),
            ("utm_medium=social-media&utm_source=facebook", "", "OTHER_CAMPAIGNS||facebook / social-media"),
            ("utm_medium=social", "", "OTHER_CAMPAIGNS||social"),
            // This rule comes before 2, 3 and 6.
            ("utm_medium=social&utm_source=facebook&source=ppc", "", "SOCIAL_MEDIA|Facebook"),
            (&format!("utm_medium=social&utm_source=facebook&{GCLID}"), "", "SOCIAL_MEDIA|Facebook"),
            ("utm_medium=social&utm_source=facebook&utm_campaign=cpc", "", "SOCIAL_MEDIA|Facebook|cpc"),
            ("utm_medium=social&utm_source=facebook&utm_campaign=email", "", "SOCIAL_MEDIA|Facebook|email"),
        ]);
    }

    #[test]
    fn rule_2_words_of_the_parameter_source_are_paid_search() {
        check_all(&[
            ("source=adwords", "", "PAID_SEARCH"),
            ("source=my-ppc-thing", "", "PAID_SEARCH"),
            ("source=CPC", "b.test", "PAID_SEARCH"),
            ("Source=Adword&utm_campaign=May&utm_term=red+shoes", "", "PAID_SEARCH|May|red shoes"),
            ("source=ppc&utm_medium=paid&utm_source=facebook", "", "PAID_SEARCH"),
            ("source=ppc&utm_medium=email", "", "PAID_SEARCH"),
            ("source=ppc", "www.facebook.com", "PAID_SEARCH"),
        ]);
    }

    #[test]
    fn rule_3_a_valid_gclid_is_paid_search() {
        let of = |length: usize| format!("gclid={}", "a".repeat(length));
        check(GCLID, "", "PAID_SEARCH");
        check(GCLID, "www.google.com/search?q=shoes", "PAID_SEARCH||shoes");
        check(
            &format!("{GCLID}&utm_campaign=May&utm_term=boots"),
            "www.google.com?q=shoes",
            "PAID_SEARCH|May|boots",
        );
        check(&format!("{GCLID}&utm_medium=cpc&utm_source=facebook"), "", "PAID_SEARCH");
        check(&format!("{GCLID}&utm_medium=email"), "mail.google.com", "PAID_SEARCH");
        check(&format!("GCLID={}", "a".repeat(40)), "own.test/x", "PAID_SEARCH");
        check(&of(*GCLID_LENGTHS.start()), "", "PAID_SEARCH");
        check(&of(*GCLID_LENGTHS.start() - 1), "", DIRECT);
        check(&of(*GCLID_LENGTHS.end()), "", "PAID_SEARCH");
        check(&of(*GCLID_LENGTHS.end() + 1), "", DIRECT);
        check("gclid=not%20a%20click%20id%20at%20all", "", DIRECT);
        check("gclid=%7Bgclid%7Dxxxxxxxx", "www.bing.com", "ORGANIC_SEARCH||Bing");
        check("gclid=", "", DIRECT);
    }

    #[test]
    fn click_ids_of_ads_are_paid_and_others_tell_the_network() {
        check_all(&[
            ("msclkid=0123456789abcdef", "", "PAID_SEARCH"),
            ("wbraid=Cj8KCQ&utm_campaign=May", "www.google.com", "PAID_SEARCH|May"),
            ("gbraid=0AAAA", "", "PAID_SEARCH"),
            ("gad_source=1", "www.google.de/search?q=shoes", "PAID_SEARCH||shoes"),
            ("yclid=123", "yandex.ru", "PAID_SEARCH"),
            ("msclkid=1&utm_medium=email", "", "PAID_SEARCH"),
            ("msclkid=1&utm_medium=social&utm_source=facebook", "", "SOCIAL_MEDIA|Facebook"),
            ("msclkid={msclkid}", "www.bing.com", "ORGANIC_SEARCH||Bing"),
            ("msclkid=", "", DIRECT),
            ("msclkid=1", "own.test/x", "PAID_SEARCH"),
            // Ads of networks
            ("ttclid=E.C.P.1", "www.tiktok.com", "PAID_SOCIAL|TikTok"),
            ("twclid=2-1&utm_campaign=May", "t.co/x", "PAID_SOCIAL|X|May"),
            ("li_fat_id=1-2-3", "", "PAID_SOCIAL|LinkedIn"),
            ("rdt_cid=1&utm_source=email", "", "PAID_SOCIAL|Reddit"),
            ("ScCid=1&utm_medium=social", "", "SOCIAL_MEDIA|Snapchat"),
            // Other ads
            ("dclid=CI_1&gad_source=7", "", "OTHER_CAMPAIGNS||Google Marketing Platform"),
            ("dclid=1&gclid=EAIaIQobChMI1_2-aBcD", "", "PAID_SEARCH"),
            ("tblci=1&utm_source=taboola&utm_campaign=C", "b.test", "OTHER_CAMPAIGNS|C|taboola"),
            ("dicbo=v2-1", "b.test", "OTHER_CAMPAIGNS||Outbrain"),
            // Facebook and others append theirs to every link.
            ("fbclid=abc", "", "SOCIAL_MEDIA|Facebook"),
            ("fbclid=abc", "l.facebook.com", "SOCIAL_MEDIA|Facebook"),
            ("fbclid=abc", "l.instagram.com", "SOCIAL_MEDIA|Instagram"),
            ("fbclid=abc", "b.test/x", "REFERRALS|b.test|b.test/x"),
            ("fbclid=abc", "mail.google.com", DIRECT),
            ("fbclid=abc", "own.test/x", "internal|own.test/p"),
            ("fbclid=abc&utm_medium=social&utm_source=post", "", "SOCIAL_MEDIA|Facebook"),
            ("fbclid=abc&utm_medium=cpc&utm_campaign=C", "", "PAID_SOCIAL|Facebook|C"),
            ("fbclid=abc&utm_source=partner", "", "OTHER_CAMPAIGNS||partner"),
            ("fbclid=abc&msclkid=1", "", "PAID_SEARCH"),
            ("igsh=abc", "", "SOCIAL_MEDIA|Instagram"),
            ("srsltid=abc", "", "ORGANIC_SEARCH||Google"),
            ("srsltid=abc", "www.google.com", "ORGANIC_SEARCH||Google"),
            ("ysclid=abc", "", "ORGANIC_SEARCH||Yandex"),
            ("awc=1", "b.test", "REFERRALS|b.test|b.test/"),
            ("awc=1", "", DIRECT),
        ]);
    }

    #[test]
    fn rule_4_a_paid_medium_with_a_network_is_paid_social() {
        check_all(&[
            ("utm_medium=paid&utm_source=facebook&utm_campaign=May", "", "PAID_SOCIAL|Facebook|May"),
            ("utm_medium=cpc&utm_source=linkedin", "", "PAID_SOCIAL|LinkedIn"),
            ("utm_medium=PPC&utm_source=Twitter", "", "PAID_SOCIAL|X"),
            ("utm_medium=paid_social&utm_source=ig", "", "PAID_SOCIAL|Instagram"),
            ("utm_medium=cpc", "www.linkedin.com", "PAID_SOCIAL|LinkedIn"),
            ("utm_medium=cpc&utm_source=brand", "lnkd.in/x", "PAID_SOCIAL|LinkedIn"),
            ("utm_source=paidsocial", "", "PAID_SOCIAL|paidsocial"),
            ("utm_source=Acme-PaidSocial&utm_campaign=c", "", "PAID_SOCIAL|Acme-PaidSocial|c"),
            ("utm_medium=paidsocial", "", "PAID_SOCIAL"),
            ("utm_medium=paidsocial&utm_source=newsroom", "", "PAID_SOCIAL|newsroom"),
            // This rule comes before 5, 6 and 7.
            ("utm_medium=cpc&utm_source=facebook", "www.google.com", "PAID_SOCIAL|Facebook"),
            (
                "utm_medium=paid&utm_source=facebook&utm_campaign=email-cpc",
                "",
                "PAID_SOCIAL|Facebook|email-cpc",
            ),
            // These are no networks.
            ("utm_medium=paid&utm_source=brand", "", "OTHER_CAMPAIGNS||brand / paid"),
            ("utm_medium=paid_social&utm_source=brand", "", "OTHER_CAMPAIGNS||brand / paid_social"),
            ("utm_medium=cpc&utm_source=brand", "", "PAID_SEARCH"),
            ("utm_campaign=paidsocial", "", "OTHER_CAMPAIGNS|paidsocial"),
        ]);
    }

    #[test]
    fn rules_5_and_6_campaigns_from_google_or_with_search_words_are_paid_search() {
        check_all(&[
            ("utm_source=brand", "https://www.google.com/", "PAID_SEARCH"),
            ("utm_medium=banner", "google.com", "PAID_SEARCH"),
            ("utm_campaign=May", "www.google.com/search?q=red%20shoes", "PAID_SEARCH|May|red shoes"),
            ("utm_medium=email&utm_source=news", "www.google.com", "PAID_SEARCH"),
            ("utm_source=google&utm_medium=organic", "www.google.com", "PAID_SEARCH"),
            // Only google.com itself counts.
            ("utm_source=brand", "www.google.de", "OTHER_CAMPAIGNS||brand"),
            ("utm_source=brand", "mail.google.com", "OTHER_CAMPAIGNS||brand"),
            ("utm_source=brand", "google.com.evil.test", "OTHER_CAMPAIGNS||brand"),
            ("utm_term=shoes", "www.google.com", "ORGANIC_SEARCH||Google"),
            ("source=footer", "www.google.com", "OTHER_CAMPAIGNS||footer"),
            // The words are found anywhere.
            ("utm_medium=cpc", "", "PAID_SEARCH"),
            ("utm_source=google&utm_medium=CPC&utm_campaign=May&utm_term=boots", "", "PAID_SEARCH|May|boots"),
            ("utm_source=adwords", "", "PAID_SEARCH"),
            ("utm_campaign=my-ppc-campaign", "", "PAID_SEARCH|my-ppc-campaign"),
            ("utm_medium=cpc&utm_source=bing", "www.bing.com/search?q=shoes", "PAID_SEARCH||shoes"),
            ("utm_medium=cpc&utm_campaign=email", "", "PAID_SEARCH|email"),
            ("utm_term=cpc", "", DIRECT),
            ("utm_content=ppc", "b.test", "REFERRALS|b.test|b.test/"),
            ("utm_medium=cpc", "own.test/x", "PAID_SEARCH"),
        ]);
    }

    #[test]
    fn rule_7_the_word_email_is_email_marketing() {
        check_all(&[
            ("utm_medium=email", "", "EMAIL_MARKETING"),
            ("utm_medium=Email&utm_source=hs&utm_campaign=May%20news", "", "EMAIL_MARKETING|May news"),
            ("utm_source=hs_email", "", "EMAIL_MARKETING"),
            ("utm_campaign=emailing", "", "EMAIL_MARKETING|emailing"),
            ("source=email", "", "EMAIL_MARKETING"),
            ("source=newsletter-email&utm_source=x", "", "EMAIL_MARKETING"),
            ("utm_medium=email", "mail.google.com", "EMAIL_MARKETING"),
            ("utm_medium=email", "www.facebook.com", "EMAIL_MARKETING"),
            ("utm_medium=email", "own.test/x", "EMAIL_MARKETING"),
            ("utm_medium=email", "chatgpt.com", "EMAIL_MARKETING"),
            ("utm_medium=e-mail&utm_source=news", "", "OTHER_CAMPAIGNS||news / e-mail"),
            ("utm_content=email", "", DIRECT),
        ]);
    }

    #[test]
    fn rule_8_any_other_campaign_is_other_campaigns() {
        check_all(&[
            ("utm_source=partner", "", "OTHER_CAMPAIGNS||partner"),
            ("utm_medium=banner", "", "OTHER_CAMPAIGNS||banner"),
            ("utm_campaign=May", "", "OTHER_CAMPAIGNS|May"),
            ("utm_id=7&utm_source=P", "", "OTHER_CAMPAIGNS|7|P"),
            ("utm_source_platform=ads&utm_creative_format=cpc&utm_marketing_tactic=email", "", DIRECT),
            ("utm_source=P&utm_medium=M&utm_campaign=C", "", "OTHER_CAMPAIGNS|C|P / M"),
            ("source=footer", "", "OTHER_CAMPAIGNS||footer"),
            ("source=footer&utm_source=partner", "", "OTHER_CAMPAIGNS||partner"),
            ("utm_medium=referral&utm_source=b.test", "b.test/x", "OTHER_CAMPAIGNS||b.test / referral"),
            ("utm_medium=organic", "www.bing.com", "OTHER_CAMPAIGNS||organic"),
            ("utm_source=facebook", "", "OTHER_CAMPAIGNS||facebook"),
            ("utm_source=partner", "www.facebook.com", "OTHER_CAMPAIGNS||partner"),
            ("utm_source=partner", "own.test/x", "OTHER_CAMPAIGNS||partner"),
            ("utm_source=partner", "mail.google.com", "OTHER_CAMPAIGNS||partner"),
            ("utm_source=+&utm_medium=", "", DIRECT),
            ("utm_source=ada%40b.cd", "", DIRECT),
            ("ref=partner", "", DIRECT),
        ]);
    }

    #[test]
    fn rules_9_and_10_networks_are_social_and_mail_and_feeds_are_direct() {
        check_all(&[
            ("", "www.facebook.com", "SOCIAL_MEDIA|Facebook"),
            ("", "l.facebook.com/l.php?u=x", "SOCIAL_MEDIA|Facebook"),
            ("", "lm.facebook.com", "SOCIAL_MEDIA|Facebook"),
            ("", "l.instagram.com", "SOCIAL_MEDIA|Instagram"),
            ("", "t.co/AbC", "SOCIAL_MEDIA|X"),
            ("", "x.com", "SOCIAL_MEDIA|X"),
            ("", "lnkd.in/e1", "SOCIAL_MEDIA|LinkedIn"),
            ("", "out.reddit.com", "SOCIAL_MEDIA|Reddit"),
            ("", "www.pinterest.co.uk", "SOCIAL_MEDIA|Pinterest"),
            ("", "m.youtube.com/watch", "SOCIAL_MEDIA|YouTube"),
            ("", "news.ycombinator.com/item?id=1", "SOCIAL_MEDIA|Hacker News"),
            ("", "android-app://com.twitter.android", "SOCIAL_MEDIA|X"),
            ("", "mail.google.com/mail/u/0/", DIRECT),
            ("", "android-app://com.google.android.gm/", DIRECT),
            ("", "outlook.live.com", DIRECT),
            ("", "eur01.safelinks.protection.outlook.com/?url=x", DIRECT),
            ("", "mail.yahoo.com", DIRECT),
            ("", "deref-gmx.net", DIRECT),
            ("", "feedly.com/i/x", DIRECT),
            ("", "webmail.b.test/inbox", DIRECT),
            ("", "news.mail.ru/x", "REFERRALS|news.mail.ru|news.mail.ru/x"),
            ("utm_medium=social&utm_source=mail.b.test", "", "OTHER_CAMPAIGNS||mail.b.test / social"),
            ("", "www.inoreader.com", DIRECT),
        ]);
    }

    #[test]
    fn assistants_go_before_search_engines_and_other_referrers() {
        check_all(&[
            ("", "chatgpt.com", "AI_REFERRALS|ChatGPT|chatgpt.com"),
            ("", "chat.openai.com", "AI_REFERRALS|ChatGPT|chat.openai.com"),
            ("", "claude.ai/chat/1", "AI_REFERRALS|Claude|claude.ai"),
            ("", "www.perplexity.ai/search/x", "AI_REFERRALS|Perplexity|perplexity.ai"),
            ("", "gemini.google.com/app", "AI_REFERRALS|Gemini|gemini.google.com"),
            ("", "copilot.microsoft.com", "AI_REFERRALS|Microsoft Copilot|copilot.microsoft.com"),
            ("", "edgeservices.bing.com", "AI_REFERRALS|Microsoft Copilot|edgeservices.bing.com"),
            ("", "you.com/search?q=x", "AI_REFERRALS|You.com|you.com"),
            ("", "chat.deepseek.com", "AI_REFERRALS|DeepSeek|chat.deepseek.com"),
            ("", "android-app://com.openai.chatgpt", "AI_REFERRALS|ChatGPT|com.openai.chatgpt"),
            ("utm_source=chatgpt.com", "", "AI_REFERRALS|ChatGPT|chatgpt.com"),
            ("utm_source=chatgpt.com", "chatgpt.com", "AI_REFERRALS|ChatGPT|chatgpt.com"),
            ("utm_source=chatgpt.com&utm_medium=referral", "", "OTHER_CAMPAIGNS||chatgpt.com / referral"),
            ("utm_source=chatgpt", "", "OTHER_CAMPAIGNS||chatgpt"),
            ("utm_source=partner", "chatgpt.com", "OTHER_CAMPAIGNS||partner"),
        ]);
    }

    #[test]
    fn rule_11_search_engines_are_organic_search() {
        check_all(&[
            ("", "www.google.com", "ORGANIC_SEARCH||Google"),
            ("", "www.google.co.uk/", "ORGANIC_SEARCH||Google"),
            ("", "www.google.de/search?q=rote+schuhe", "ORGANIC_SEARCH|rote schuhe|Google"),
            ("", "http://google.com.br/url?sa=t&q=", "ORGANIC_SEARCH||Google"),
            ("", "www.bing.com/search?form=x&q=red%20shoes", "ORGANIC_SEARCH|red shoes|Bing"),
            ("", "fr.search.yahoo.com/search?p=chaussures", "ORGANIC_SEARCH|chaussures|Yahoo"),
            ("", "yandex.ru/search/?text=%D0%B4%D0%B0", "ORGANIC_SEARCH|да|Yandex"),
            ("", "www.baidu.com/s?wd=x", "ORGANIC_SEARCH|x|Baidu"),
            ("", "duckduckgo.com", "ORGANIC_SEARCH||DuckDuckGo"),
            ("", "search.brave.com/search?q=x", "ORGANIC_SEARCH|x|Brave Search"),
            ("", "search.naver.com/search.naver?query=x", "ORGANIC_SEARCH|x|Naver"),
            ("", "www.google.com/search?q=ada%40b.cd", "ORGANIC_SEARCH||Google"),
            (
                "",
                "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
                "ORGANIC_SEARCH||Google",
            ),
            ("utm_content=x", "www.bing.com", "ORGANIC_SEARCH||Bing"),
        ]);
    }

    /// rules.md 11
    #[test]
    fn rule_12_own_domains_are_internal_unless_a_campaign_decides() {
        check_all(&[
            ("", "own.test/x", "internal|own.test/p"),
            ("a=1", "http://OWN.test", "internal|own.test/p"),
            ("", "shop.own.test:8443/x", "internal|own.test/p"),
            ("", "shop.own.test:8444", "REFERRALS|shop.own.test:8444|shop.own.test:8444/"),
            ("", "medium.com/@own", "internal|own.test/p"),
            ("", "notown.test", "REFERRALS|notown.test|notown.test/"),
        ]);
        let recorded = Page::recorded("https://unlisted.test:81/p", None, None).unwrap();
        let internal = Origin::Internal { entrance: "unlisted.test:81/p".into() };
        assert_eq!(attribute(&recorded, "https://unlisted.test:81/x", |_| false), internal);
    }

    #[test]
    fn rules_13_and_14_other_referrers_are_referrals_and_none_is_direct() {
        check_all(&[
            ("", "b.test/x?token=1&q=2#f", "REFERRALS|b.test|b.test/x"),
            ("", "www.B.test/X/", "REFERRALS|b.test|www.b.test/X/"),
            ("", "https://ada:pw@b.test", "REFERRALS|b.test|b.test/"),
            ("", "b.test/u/ada@b.cd", "REFERRALS|b.test|b.test/u/[email]"),
            ("", "docs.google.com/document", "REFERRALS|docs.google.com|docs.google.com/document"),
            ("", "google.github.io", "REFERRALS|google.github.io|google.github.io/"),
            ("", "http://127.0.0.1/x", "REFERRALS|127.0.0.1|127.0.0.1/x"),
            ("", "android-app://com.Slack/", "REFERRALS|com.slack|com.slack/"),
            ("", "", DIRECT),
            ("a=1", "", DIRECT),
            ("", "about:blank", DIRECT),
            ("", "file:///home/x.html", DIRECT),
            ("", "javascript:alert(1)", DIRECT),
            ("", "not a url", DIRECT),
            ("", "https://", DIRECT),
            ("", "data:text/html,x", DIRECT),
        ]);
    }

    #[test]
    fn the_entrance_of_a_direct_visit_has_no_query() {
        let recorded = Page::recorded("https://own.test/Start/?x=1#y", None, None).unwrap();
        let direct = Attribution::new(Source::DirectTraffic, "own.test/Start", "");
        assert_eq!(attribute(&recorded, "", |_| false), Origin::From(direct));
    }
}
