//! The labels of dimensions and of their values: sources, devices, screens, countries, languages. Where HubSpot has
//! a label for the same thing, this is it.

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::click_id::ClickId;
use crate::domain::device::DeviceClass;
use crate::domain::question::Dimension;
use crate::domain::screen::ScreenClass;
use crate::domain::source::Source;
use crate::web::text::fill;

mod countries;
mod languages;

texts! {
    Labels {
        dimension: Dimensions {
            page: "Page",
            entry_page: "Entry page",
            exit_page: "Exit page",
            host: "Host",
            source: "Source",
            source_detail: "Source detail",
            source_detail_2: "Source detail 2",
            referrer: "Referrer",
            utm_source: "UTM source",
            utm_medium: "UTM medium",
            utm_campaign: "UTM campaign",
            utm_term: "UTM term",
            utm_content: "UTM content",
            click_id: "Click id",
            country: "Country",
            region: "Region",
            device: "Device",
            browser: "Browser",
            os: "Operating system",
            screen: "Screen",
            language: "Language",
            visitor_type: "Visitor type",
            suspected: "Suspected robot",
            event: "Event",
            tag: "Tag",
            company: "Company",
            consent: "Consent",
            consent_origin: "Origin of consent",
            contact: "Contact",
            list: "List",
        },
        origin: Origins {
            banner: "The visitor answered the banner",
            api: "The site said so",
            outside_banner: "The site’s own banner said so",
            beacon: "The hit said so, and not how",
            policy: "The policy allows it, nobody was asked",
            server: "A program answers for it",
        },
        source: Sources {
            organic_search: "Organic search",
            paid_search: "Paid search",
            email_marketing: "Email marketing",
            social_media: "Organic social",
            paid_social: "Paid social",
            referrals: "Referrals",
            ai_referrals: "AI referrals",
            other_campaigns: "Other campaigns",
            direct_traffic: "Direct traffic",
            offline: "Offline sources",
        },
        /// How somebody became known who did not come by a visit; the drill-down of offline sources.
        offline: Offline {
            analytics: "Reported by a program",
            crm_ui: "Created by hand",
            form: "Submitted form",
        },
        device: Devices {
            desktop: "Desktop",
            mobile: "Mobile",
            tablet: "Tablet",
            other_device: "Other",
        },
        /// Width classes of screens.
        screen: Screens {
            small: "Under 576 px",
            medium: "576 to 991 px",
            large: "992 to 1,439 px",
            wide: "1,440 to 1,919 px",
            huge: "1,920 px and wider",
        },
        country: NamesByCode = (countries::EN),
        language: NamesByCode = (languages::EN),
        /// A language as it is spoken in a country.
        language_of: "{language} ({country})",
        browser_on: "{browser} on {os}",
        /// A click id is shown by the network that appends it.
        click_id_of: "{network} ({key})",
        new_visitor: "New",
        returning_visitor: "Returning",
        is_suspected: "Yes",
        is_not_suspected: "No",
    }
}

/// Names by code, sorted by code.
#[derive(Debug, Serialize)]
pub struct NamesByCode(&'static [(&'static str, &'static str)]);

impl NamesByCode {
    pub fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(code, _)| *code)
    }

    fn name(&self, code: &str) -> Option<&'static str> {
        let at = self.0.binary_search_by_key(&code, |(code, _)| code).ok()?;
        self.0.get(at).map(|(_, name)| *name)
    }
}

impl Labels {
    /// The label of a dimension.
    #[must_use]
    pub const fn dimension(&self, of: Dimension) -> &'static str {
        let d = &self.dimension;
        match of {
            Dimension::Page => d.page,
            Dimension::EntryPage => d.entry_page,
            Dimension::ExitPage => d.exit_page,
            Dimension::Host => d.host,
            Dimension::Source => d.source,
            Dimension::SourceDetail => d.source_detail,
            Dimension::SourceDetail2 => d.source_detail_2,
            Dimension::Referrer => d.referrer,
            Dimension::UtmSource => d.utm_source,
            Dimension::UtmMedium => d.utm_medium,
            Dimension::UtmCampaign => d.utm_campaign,
            Dimension::UtmTerm => d.utm_term,
            Dimension::UtmContent => d.utm_content,
            Dimension::ClickId => d.click_id,
            Dimension::Country => d.country,
            Dimension::Region => d.region,
            Dimension::Device => d.device,
            Dimension::Browser => d.browser,
            Dimension::Os => d.os,
            Dimension::Screen => d.screen,
            Dimension::Language => d.language,
            Dimension::VisitorType => d.visitor_type,
            Dimension::Suspected => d.suspected,
            Dimension::Event => d.event,
            Dimension::Tag => d.tag,
            Dimension::Company => d.company,
            Dimension::Consent => d.consent,
            Dimension::ConsentOrigin => d.consent_origin,
            Dimension::Contact => d.contact,
            Dimension::List => d.list,
        }
    }

    /// The label of a dimension's value. Values without a label, such as pages, are their own.
    #[must_use]
    pub fn value<'a>(&self, dimension: Dimension, value: &'a str) -> Cow<'a, str> {
        match dimension {
            Dimension::Country => self.country.name(value).unwrap_or(value).into(),
            Dimension::Language => self.language(value).map_or(value.into(), Cow::Owned),
            Dimension::Screen => self.screen(value).unwrap_or(value).into(),
            Dimension::ClickId => self.click_id(value).map_or(value.into(), Cow::Owned),
            _ => self.label(dimension, value).into(),
        }
    }

    /// The drill-downs of a source, in words.
    #[must_use]
    pub fn source_detail<'a>(&self, source: &str, detail: &'a str) -> &'a str
    where
        Self: 'a,
    {
        match (source, detail) {
            ("OFFLINE", "ANALYTICS") => self.offline.analytics,
            ("OFFLINE", "CRM_UI") => self.offline.crm_ui,
            ("OFFLINE", "FORM") => self.offline.form,
            _ => detail,
        }
    }

    /// The value that has this label, if any.
    #[must_use]
    pub fn named(&self, dimension: Dimension, name: &str) -> Option<String> {
        let called = |value: &&str| self.value(dimension, value).to_lowercase() == name.to_lowercase();
        let find =
            |values: &[&'static str]| values.iter().find(|value| called(value)).map(|v| (*v).to_owned());
        match dimension {
            Dimension::Country => {
                let codes: Vec<&'static str> = self.country.codes().collect();
                find(&codes)
            }
            Dimension::Source => find(&Source::ALL.map(Source::as_str)),
            Dimension::Device => find(&DeviceClass::ALL.map(DeviceClass::as_str)),
            Dimension::Screen => find(&ScreenClass::ALL.map(ScreenClass::as_str)),
            Dimension::ClickId => find(&ClickId::all().map(ClickId::key).collect::<Vec<_>>()),
            Dimension::VisitorType => find(&["new", "returning"]),
            Dimension::Suspected => find(&["yes", "no"]),
            Dimension::ConsentOrigin => {
                find(&["banner", "api", "outside_banner", "beacon", "policy", "server"])
            }
            _ => None,
        }
    }

    /// The code of a country or language as it is written, such as `DE` or `de-AT`.
    #[must_use]
    pub fn code(&self, dimension: Dimension, value: &str) -> Option<String> {
        match dimension {
            Dimension::Country => self.country.name(value).map(|_| value.to_owned()),
            Dimension::Language => self.language(value).map(|_| tag(value)),
            _ => None,
        }
    }

    /// A browser and its system as one text; `None` when both are unknown.
    #[must_use]
    pub fn browser(&self, browser: &str, os: &str) -> Option<String> {
        match (browser, os) {
            ("", "") => None,
            (one, "") | ("", one) => Some(one.to_owned()),
            _ => Some(fill(self.browser_on, &[("browser", browser), ("os", os)])),
        }
    }

    /// The label of a language tag: its language, and the country it ends with.
    fn language(&self, value: &str) -> Option<String> {
        let mut parts = value.split('-');
        let language = self.language.name(&parts.next()?.to_ascii_lowercase())?;
        let country = parts.next_back().and_then(|part| self.country.name(&part.to_ascii_uppercase()));
        Some(country.map_or_else(
            || language.to_owned(),
            |country| fill(self.language_of, &[("language", language), ("country", country)]),
        ))
    }

    fn click_id(&self, key: &str) -> Option<String> {
        let network = ClickId::parse(key)?.network();
        Some(fill(self.click_id_of, &[("network", network), ("key", key)]))
    }

    fn screen(&self, value: &str) -> Option<&'static str> {
        let names = &self.screen;
        match ScreenClass::ALL.into_iter().find(|class| class.as_str() == value)? {
            ScreenClass::Unknown => None,
            ScreenClass::Small => Some(names.small),
            ScreenClass::Medium => Some(names.medium),
            ScreenClass::Large => Some(names.large),
            ScreenClass::Wide => Some(names.wide),
            ScreenClass::Huge => Some(names.huge),
        }
    }

    fn label<'a>(&self, dimension: Dimension, value: &'a str) -> &'a str {
        let (s, d) = (&self.source, &self.device);
        match (dimension.as_str(), value) {
            ("source", "ORGANIC_SEARCH") => s.organic_search,
            ("source", "PAID_SEARCH") => s.paid_search,
            ("source", "EMAIL_MARKETING") => s.email_marketing,
            ("source", "SOCIAL_MEDIA") => s.social_media,
            ("source", "PAID_SOCIAL") => s.paid_social,
            ("source", "REFERRALS") => s.referrals,
            ("source", "AI_REFERRALS") => s.ai_referrals,
            ("source", "OTHER_CAMPAIGNS") => s.other_campaigns,
            ("source", "DIRECT_TRAFFIC") => s.direct_traffic,
            ("source", "OFFLINE") => s.offline,
            ("device", "desktop") => d.desktop,
            ("device", "mobile") => d.mobile,
            ("device", "tablet") => d.tablet,
            ("device", "other") => d.other_device,
            ("visitor_type", "new") => self.new_visitor,
            ("visitor_type", "returning") => self.returning_visitor,
            ("suspected", "yes") => self.is_suspected,
            ("suspected", "no") => self.is_not_suspected,
            ("consent_origin", "banner") => self.origin.banner,
            ("consent_origin", "api") => self.origin.api,
            ("consent_origin", "outside_banner") => self.origin.outside_banner,
            ("consent_origin", "beacon") => self.origin.beacon,
            ("consent_origin", "policy") => self.origin.policy,
            ("consent_origin", "server") => self.origin.server,
            (_, other) => other,
        }
    }
}

/// Sets the case of a language tag, as in `zh-Hant-TW`.
fn tag(value: &str) -> String {
    let written = |(at, part): (usize, &str)| match part.len() {
        2 if at > 0 => part.to_ascii_uppercase(),
        4 if at > 0 => {
            let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        }
        _ => part.to_ascii_lowercase(),
    };
    value.split('-').enumerate().map(written).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Labels = Labels::EN;

    #[test]
    fn every_dimension_source_and_device_has_a_name() {
        for dimension in Dimension::ALL {
            assert_ne!(EN.dimension(dimension), dimension.as_str());
        }
        for source in crate::domain::source::Source::ALL {
            assert_ne!(EN.value(Dimension::Source, source.as_str()), source.as_str());
        }
        for class in DeviceClass::ALL.map(DeviceClass::as_str) {
            assert_ne!(EN.value(Dimension::Device, class), class);
        }
        for class in ScreenClass::ALL.into_iter().filter(|class| *class != ScreenClass::Unknown) {
            assert_ne!(EN.value(Dimension::Screen, class.as_str()), class.as_str());
        }
        for id in ClickId::all() {
            assert_ne!(EN.value(Dimension::ClickId, id.key()), id.key());
        }
        assert_eq!(EN.value(Dimension::ClickId, "fbclid"), "Facebook (fbclid)");
        assert_eq!(EN.value(Dimension::Page, "/mobile"), "/mobile");
    }

    #[test]
    fn a_value_is_found_by_the_name_people_know_of_it() {
        for (dimension, name, value) in [
            (Dimension::Source, "organic SEARCH", Some("ORGANIC_SEARCH")),
            (Dimension::Country, "netherlands", Some("NL")),
            (Dimension::Device, "Mobile", Some("mobile")),
            (Dimension::Screen, "576 to 991 px", Some("576–991")),
            (Dimension::ClickId, "google ads (gclid)", Some("gclid")),
            (Dimension::ClickId, "TikTok", None),
            (Dimension::Country, "nl", None),
            (Dimension::Page, "Mobile", None),
        ] {
            assert_eq!(EN.named(dimension, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn countries_and_languages_have_names_beside_their_codes() {
        for (NamesByCode(names), length) in [(EN.country, 250), (EN.language, 181)] {
            assert_eq!(names.len(), length);
            assert!(names.windows(2).all(|pair| pair[0].0 < pair[1].0), "codes are in order, each once");
        }
        for (code, name) in [("AD", "Andorra"), ("DE", "Germany"), ("ZW", "Zimbabwe"), ("XK", "Kosovo")] {
            assert_eq!(EN.value(Dimension::Country, code), name);
            assert_eq!(EN.code(Dimension::Country, code).as_deref(), Some(code));
        }
        for (value, name, code) in [
            ("de-at", "German (Austria)", Some("de-AT")),
            ("nl", "Dutch", Some("nl")),
            ("zh-hant-tw", "Chinese (Taiwan)", Some("zh-Hant-TW")),
            ("es-419", "Spanish", Some("es-419")),
            ("en-x", "English", Some("en-x")),
            ("tlh-us", "tlh-us", None),
            ("é-ñandú", "é-ñandú", None),
            ("", "", None),
        ] {
            assert_eq!(EN.value(Dimension::Language, value), name);
            assert_eq!(EN.code(Dimension::Language, value).as_deref(), code);
        }
        assert_eq!(EN.value(Dimension::Country, "QQ"), "QQ");
        assert_eq!(EN.code(Dimension::Country, "QQ"), None);
        assert_eq!(EN.code(Dimension::Device, "mobile"), None);
    }

    #[test]
    fn a_browser_is_named_by_its_language_header() {
        assert_eq!(EN.browser("Chrome", "Windows").as_deref(), Some("Chrome on Windows"));
        assert_eq!(EN.browser("curl", "").as_deref(), Some("curl"));
        assert_eq!(EN.browser("", "Linux").as_deref(), Some("Linux"));
        assert_eq!(EN.browser("", ""), None);
    }
}
