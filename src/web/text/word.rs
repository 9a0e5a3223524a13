//! Names of the field: dimensions, sources, devices. HubSpot's words where its users know them.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Words {
    pub dimension: Dimensions,
    pub source: Sources,
    pub device: Devices,
    pub new_visitor: &'static str,
    pub returning_visitor: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Dimensions {
    pub page: &'static str,
    pub entry_page: &'static str,
    pub exit_page: &'static str,
    pub host: &'static str,
    pub source: &'static str,
    pub source_detail: &'static str,
    pub source_detail_2: &'static str,
    pub referrer: &'static str,
    pub utm_source: &'static str,
    pub utm_medium: &'static str,
    pub utm_campaign: &'static str,
    pub utm_term: &'static str,
    pub utm_content: &'static str,
    pub country: &'static str,
    pub region: &'static str,
    pub device: &'static str,
    pub browser: &'static str,
    pub os: &'static str,
    pub screen: &'static str,
    pub language: &'static str,
    pub visitor_type: &'static str,
    pub event: &'static str,
    pub tag: &'static str,
    pub company: &'static str,
    pub consent: &'static str,
    pub contact: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Sources {
    pub organic_search: &'static str,
    pub paid_search: &'static str,
    pub email_marketing: &'static str,
    pub social_media: &'static str,
    pub paid_social: &'static str,
    pub referrals: &'static str,
    pub ai_referrals: &'static str,
    pub other_campaigns: &'static str,
    pub direct_traffic: &'static str,
    pub offline: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Devices {
    pub desktop: &'static str,
    pub mobile: &'static str,
    pub tablet: &'static str,
    pub other_device: &'static str,
}

pub const EN: Words = Words {
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
        country: "Country",
        region: "Region",
        device: "Device",
        browser: "Browser",
        os: "Operating system",
        screen: "Screen",
        language: "Language",
        visitor_type: "Visitor type",
        event: "Event",
        tag: "Tag",
        company: "Company",
        consent: "Consent",
        contact: "Contact",
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
    device: Devices { desktop: "Desktop", mobile: "Mobile", tablet: "Tablet", other_device: "Other" },
    new_visitor: "New",
    returning_visitor: "Returning",
};

impl Words {
    /// The name people know of a filter's dimension; the key itself when it has none.
    #[must_use]
    pub fn dimension<'a>(&self, key: &'a str) -> &'a str {
        let d = &self.dimension;
        match key {
            "page" => d.page,
            "entry_page" => d.entry_page,
            "exit_page" => d.exit_page,
            "host" => d.host,
            "source" => d.source,
            "source_detail" => d.source_detail,
            "source_detail_2" => d.source_detail_2,
            "referrer" => d.referrer,
            "utm_source" => d.utm_source,
            "utm_medium" => d.utm_medium,
            "utm_campaign" => d.utm_campaign,
            "utm_term" => d.utm_term,
            "utm_content" => d.utm_content,
            "country" => d.country,
            "region" => d.region,
            "device" => d.device,
            "browser" => d.browser,
            "os" => d.os,
            "screen" => d.screen,
            "language" => d.language,
            "visitor_type" => d.visitor_type,
            "event" => d.event,
            "tag" => d.tag,
            "company" => d.company,
            "consent" => d.consent,
            "contact" => d.contact,
            other => other,
        }
    }

    /// The name people know of a value of a dimension; the value itself when it is its own name.
    #[must_use]
    pub fn value<'a>(&self, dimension: &str, value: &'a str) -> &'a str {
        let (s, d) = (&self.source, &self.device);
        match (dimension, value) {
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
            (_, other) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_source_and_device_has_a_name() {
        for key in crate::web::query::DIMENSIONS {
            assert_ne!(EN.dimension(key), key, "{key}");
        }
        for source in crate::domain::source::Source::ALL {
            assert_ne!(EN.value("source", source.as_str()), source.as_str());
        }
        for class in ["desktop", "mobile", "tablet", "other"] {
            assert_ne!(EN.value("device", class), class);
        }
        assert_eq!(EN.value("page", "/mobile"), "/mobile");
    }
}
