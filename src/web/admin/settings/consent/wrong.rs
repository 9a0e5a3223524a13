//! What is wrong with a typed rule or banner, and the field beside which it is said.

use crate::domain::consent::{policy, rule};
use crate::domain::consent_banner;
use crate::web::text::{Texts, fill};

// Names of fields.
pub(super) const KIND: &str = "kind";
pub(super) const PLACES: &str = "places";
pub(super) const HOST: &str = "host";
pub(super) const PATH: &str = "path";
pub(super) const GPC: &str = "gpc";
pub(super) const ACCENT_TEXT: &str = "accent_text";
pub(super) const LANGUAGE: &str = "language";
pub(super) const PRIVACY_URL: &str = "privacy_url";

/// A message, and the field that it stands beside; above the form when it has none.
pub(crate) type Wrong = (&'static str, String);

/// The field that holds what is wrong, and what to say of it.
pub(super) fn of_rule(t: &'static Texts, invalid: &rule::Invalid) -> Wrong {
    let texts = &t.consent.form.wrong;
    match invalid {
        rule::Invalid::Host(entry) => (HOST, fill(texts.host, &[("entry", entry)])),
        rule::Invalid::Path => (PATH, texts.path.to_owned()),
        rule::Invalid::LongPath => (PATH, texts.long_path.to_owned()),
        rule::Invalid::Place(entry) => (PLACES, fill(texts.place, &[("entry", entry)])),
        rule::Invalid::ManyPlaces => (PLACES, texts.many_places.to_owned()),
    }
}

/// What a limit of the whole policy says beside the form.
pub(super) fn of_policy(t: &'static Texts, invalid: &policy::Invalid) -> Wrong {
    let texts = &t.consent.form.wrong;
    match invalid {
        policy::Invalid::SameTarget => (PLACES, texts.same.to_owned()),
        policy::Invalid::ManyRules => ("", t.consent.rules.full.to_owned()),
        policy::Invalid::Large => ("", texts.large.to_owned()),
        policy::Invalid::Banner(invalid) => of_banner(t, invalid),
    }
}

/// The field that holds what is wrong, and what to say of it.
pub(super) fn of_banner(t: &'static Texts, invalid: &consent_banner::Invalid) -> Wrong {
    let texts = &t.consent.banner;
    match invalid {
        consent_banner::Invalid::Contrast(hundredths) => {
            let contrast = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            (ACCENT_TEXT, fill(texts.contrast, &[("contrast", &contrast)]))
        }
        consent_banner::Invalid::PrivacyUrl => (PRIVACY_URL, texts.wrong_privacy_url.to_owned()),
        consent_banner::Invalid::LongPrivacyUrl => (PRIVACY_URL, texts.long_privacy_url.to_owned()),
        consent_banner::Invalid::NoTexts(_) => (LANGUAGE, invalid.to_string()),
        _ => ("", invalid.to_string()),
    }
}
