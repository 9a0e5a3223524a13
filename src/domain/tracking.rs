//! How the sites of an account are tracked: the settings under *advanced tracking*, and what a change of them is. A new
//! account has HubSpot's defaults, with two exceptions that are named below.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::domain::exclusions::Exclusions;

/// The switches of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the page")]
pub struct Tracking {
    /// Browser hits of hosts that are not among the account's domains are refused.
    pub limit_to_domains: bool,
    /// Links between the account's domains carry visitor and session along.
    pub cross_domain_links: bool,
    /// Each subdomain has cookies of its own, instead of one set for the whole domain.
    pub cookies_per_subdomain: bool,
    /// Cookies are sent over https only.
    pub secure_cookies: bool,
    /// Navigation inside a page counts as page views, on sites that do not report them themselves.
    pub moves_in_pages: bool,
    /// What follows `#` in an address makes another page. Without it, it is a place inside the page.
    pub fragment_is_page: bool,
    /// A first view that the site reports itself counts beside the one that the script sends unasked. HubSpot counts
    /// both; here it is off in a new account, because sites call it a mistake.
    pub first_view_twice: bool,
    /// Clicked elements complete the events that were picked for them.
    pub click_autocapture: bool,
    /// `identify` in a browser changes properties of contacts. HubSpot has it off in new accounts; here it is on, because
    /// otherwise the properties that a site sends would vanish without a word.
    pub contact_properties: bool,
    /// The script reads forms that visitors submit: email, names, phone and company (rules.md 33).
    pub collect_forms: bool,
    /// Reports leave out the sessions of suspected robots, those of the past too.
    pub leave_out_suspected: bool,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            limit_to_domains: false,
            cross_domain_links: true,
            cookies_per_subdomain: false,
            secure_cookies: false,
            moves_in_pages: true,
            fragment_is_page: false,
            first_view_twice: false,
            click_autocapture: true,
            contact_properties: true,
            collect_forms: false,
            leave_out_suspected: false,
        }
    }
}

/// A setting under advanced tracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Setting {
    LimitToDomains,
    CrossDomainLinks,
    CookiesPerSubdomain,
    SecureCookies,
    LeaveOutSuspected,
    ExcludedAddresses,
    ExcludedReferrers,
    MovesInPages,
    FragmentIsPage,
    FirstViewTwice,
    RemovedParameters,
    ClickAutocapture,
    ContactProperties,
    CollectForms,
}

impl Setting {
    /// Every setting, in the order of the page.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The word that stands in forms and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// The switch of this setting; `None` when it is a list.
    pub const fn switch(self, tracking: &mut Tracking) -> Option<&mut bool> {
        Some(match self {
            Self::LimitToDomains => &mut tracking.limit_to_domains,
            Self::CrossDomainLinks => &mut tracking.cross_domain_links,
            Self::CookiesPerSubdomain => &mut tracking.cookies_per_subdomain,
            Self::SecureCookies => &mut tracking.secure_cookies,
            Self::LeaveOutSuspected => &mut tracking.leave_out_suspected,
            Self::MovesInPages => &mut tracking.moves_in_pages,
            Self::FragmentIsPage => &mut tracking.fragment_is_page,
            Self::FirstViewTwice => &mut tracking.first_view_twice,
            Self::ClickAutocapture => &mut tracking.click_autocapture,
            Self::ContactProperties => &mut tracking.contact_properties,
            Self::CollectForms => &mut tracking.collect_forms,
            Self::ExcludedAddresses | Self::ExcludedReferrers | Self::RemovedParameters => return None,
        })
    }

    /// The entries of this setting, as they are typed; none when it is a switch.
    #[must_use]
    pub fn entries(self, exclusions: &Exclusions) -> Vec<String> {
        match self {
            Self::ExcludedAddresses => exclusions.addresses.iter().map(ToString::to_string).collect(),
            Self::ExcludedReferrers => exclusions.referrers.clone(),
            Self::RemovedParameters => exclusions.parameters.clone(),
            _ => Vec::new(),
        }
    }
}

/// The change of one setting, as the audit log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub setting: Setting,
    #[serde(flatten)]
    pub to: ChangedTo,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChangedTo {
    Switch {
        on: bool,
    },
    /// The entries that are new and those that are gone, each cut where there are too many to write down.
    List {
        added: String,
        removed: String,
    },
}

/// Most characters of entries that a change writes down; `…` stands for the rest.
const WRITTEN_MAX: usize = 1_500;

/// What two states of the settings differ in.
#[must_use]
pub fn changes(before: (Tracking, &Exclusions), after: (Tracking, &Exclusions)) -> Vec<Change> {
    let ((mut tracking, exclusions), (mut new_tracking, new_exclusions)) = (before, after);
    let mut changes = Vec::new();
    for &setting in Setting::ALL {
        let is_on = setting.switch(&mut tracking).copied();
        let to = match setting.switch(&mut new_tracking) {
            Some(on) if is_on == Some(*on) => continue,
            Some(on) => ChangedTo::Switch { on: *on },
            None => {
                let (old, new) = (setting.entries(exclusions), setting.entries(new_exclusions));
                let (added, removed) = (written(&new, &old), written(&old, &new));
                if added.is_empty() && removed.is_empty() {
                    continue;
                }
                ChangedTo::List { added, removed }
            }
        };
        changes.push(Change { setting, to });
    }
    changes
}

/// The entries that the other list has not.
fn written(entries: &[String], other: &[String]) -> String {
    let mut text = String::new();
    for entry in entries.iter().filter(|entry| !other.contains(entry)) {
        if text.chars().count() + entry.chars().count() > WRITTEN_MAX {
            text.push_str(", …");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(entry);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exclusions::{REFERRERS_MAX, parse_addresses, parse_referrers};

    #[test]
    fn a_change_names_its_setting_and_what_it_became() {
        let (tracking, exclusions) = (Tracking::default(), Exclusions::default());
        assert_eq!(changes((tracking, &exclusions), (tracking, &exclusions)), []);
        let addresses = parse_addresses("10.0.0.0/8 192.0.2.1").unwrap();
        let with = Exclusions { addresses, ..Exclusions::default() };
        let other = Exclusions { addresses: parse_addresses("192.0.2.1").unwrap(), ..Exclusions::default() };
        let off = Tracking { click_autocapture: false, ..tracking };
        let list = |added: &str, removed: &str| Change {
            setting: Setting::ExcludedAddresses,
            to: ChangedTo::List { added: added.into(), removed: removed.into() },
        };
        let switch = Change { setting: Setting::ClickAutocapture, to: ChangedTo::Switch { on: false } };
        let made = changes((tracking, &exclusions), (off, &with));
        assert_eq!(made, [list("10.0.0.0/8, 192.0.2.1", ""), switch]);
        assert_eq!(changes((off, &with), (off, &other)), [list("", "10.0.0.0/8")]);
        for change in made {
            let text = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change, "{text}");
        }
    }

    #[test]
    fn the_longest_lists_are_cut_in_the_log() {
        let domains: Vec<String> = (0..REFERRERS_MAX)
            .map(|i| format!("{i}.{}.test", ["a".repeat(60).as_str(); 3].join(".")))
            .collect();
        let with =
            Exclusions { referrers: parse_referrers(&domains.join(" ")).unwrap(), ..Exclusions::default() };
        let tracking = Tracking::default();
        let made = changes((tracking, &Exclusions::default()), (tracking, &with));
        let [Change { to: ChangedTo::List { added, .. }, .. }] = &*made else { panic!("{made:?}") };
        assert!(added.ends_with(", …") && added.chars().count() <= WRITTEN_MAX + 20, "{added}");
    }
}
