//! The limits of the settings, and which texts a banner has.

use super::*;

/// A banner with one text of its own.
fn with_text(language: &str, name: &str, text: String) -> Banner {
    let own = BTreeMap::from([(name.to_owned(), text)]);
    Banner { own_texts: BTreeMap::from([(language.to_owned(), own)]), ..Banner::default() }
}

/// Texts for a language that is not built in.
fn whole(language: &str) -> Banner {
    let own = Texts::NAMES.iter().map(|name| ((*name).to_owned(), "نص".to_owned())).collect();
    Banner { own_texts: BTreeMap::from([(language.to_owned(), own)]), ..Banner::default() }
}

#[test]
fn the_settings_of_a_new_policy_are_sound_and_survive_being_stored() {
    let banner = Banner::default();
    assert_eq!(banner.check(), Ok(()));
    let stored = serde_json::to_string(&banner).unwrap();
    assert_eq!(serde_json::from_str::<Banner>(&stored).unwrap(), banner);
    assert_eq!(
        serde_json::from_str::<Banner>("{}").unwrap(),
        banner,
        "a setting that was not stored has its default"
    );
    for (all, read) in Position::ALL.iter().zip(Position::ALL.map(|one| serde_json::to_value(one).unwrap())) {
        assert_eq!(Position::parse(read.as_str().unwrap()), Some(*all));
    }
    for scheme in Scheme::ALL {
        assert_eq!(serde_json::to_value(scheme).unwrap(), scheme.as_str());
        assert_eq!(Scheme::parse(scheme.as_str()), Some(scheme));
    }
}

#[test]
fn buttons_that_are_hard_to_read_are_refused_with_their_contrast() {
    let grey = |text| Banner { accent: Colour::parse(text).unwrap(), ..Banner::default() };
    assert_eq!(grey("#767676").check(), Ok(()));
    let refused = grey("#777777").check().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the text of the buttons has a contrast of 4.47 to their colour; at least 4.5 is needed"
    );
}

#[test]
fn a_text_is_as_long_as_it_may_be_and_no_longer() {
    for (name, max) in [("opt_in", TEXT_MAX), ("accept", LABEL_MAX)] {
        assert_eq!(with_text("en", name, "é".repeat(max)).check(), Ok(()), "{name}");
        let refused = with_text("en", name, "é".repeat(max + 1)).check();
        assert!(matches!(refused, Err(Invalid::TooLong { max: most, .. }) if most == max), "{refused:?}");
    }
    let unknown = with_text("en", "footer", "a".to_owned()).check();
    assert_eq!(unknown, Err(Invalid::UnknownText("footer".to_owned())));
}

#[test]
fn there_are_so_many_languages_and_no_more() {
    let with = |count: usize| {
        let own = (0..count).map(|n| (format!("en-{n:03}"), BTreeMap::new())).collect();
        Banner { own_texts: own, ..Banner::default() }
    };
    assert_eq!(with(LANGUAGES_MAX).check(), Ok(()));
    assert_eq!(with(LANGUAGES_MAX + 1).check(), Err(Invalid::Languages));
    for bad in ["", "EN", "pt_br", "not a tag"] {
        let refused = with_text(bad, "accept", "a".to_owned()).check();
        assert_eq!(refused, Err(Invalid::Language(bad.to_owned())));
    }
}

#[test]
fn a_language_that_is_not_built_in_needs_all_texts() {
    assert_eq!(whole("ar").check(), Ok(()));
    let mut banner = whole("ar");
    banner.own_texts.get_mut("ar").unwrap().insert("reject".to_owned(), " ".to_owned());
    assert_eq!(banner.check(), Err(Invalid::Missing { language: "ar".to_owned(), name: "reject" }));
    assert_eq!(with_text("nl-be", "accept", "Ja".to_owned()).check(), Ok(()), "the rest is Dutch");
    let fixed = |language: &str| Banner { language: Some(language.to_owned()), ..Banner::default() };
    assert_eq!(fixed("fr").check(), Ok(()));
    assert_eq!(fixed("ar").check(), Err(Invalid::NoTexts("ar".to_owned())));
}

#[test]
fn own_texts_stand_in_the_place_of_the_built_in_ones() {
    let banner = with_text("nl-be", "accept", " Ja ".to_owned());
    let texts = banner.texts("nl-be").unwrap();
    assert_eq!((texts.accept.as_str(), texts.reject.as_str()), ("Ja", "Weigeren"));
    assert_eq!(banner.texts("nl").unwrap().accept, "Accepteren");
    assert_eq!(with_text("en", "accept", " ".to_owned()).texts("en").unwrap().accept, "Accept");
    assert_eq!(banner.texts("ar"), None);
}

#[test]
fn the_language_is_that_of_the_page_else_of_the_browser_else_english() {
    let banner = with_text("nl-be", "accept", "Ja".to_owned());
    assert_eq!(banner.languages(), ["de", "en", "fr", "nl", "nl-be"]);
    for (wanted, found) in [
        (&["nl-BE"][..], "nl-be"),
        (&["nl-NL"], "nl"),
        (&["sv", "de-AT"], "de"),
        (&["", "fr"], "fr"),
        (&["sv"], "en"),
        (&[], "en"),
    ] {
        assert_eq!(banner.language_for(wanted), found, "{wanted:?}");
    }
    let fixed = Banner { language: Some("fr".to_owned()), ..Banner::default() };
    assert_eq!(fixed.languages(), ["fr"]);
    assert_eq!(fixed.language_for(&["nl"]), "fr");
}

#[test]
fn the_link_to_the_privacy_statement_leads_to_a_web_page() {
    let with = |address: &str| Banner { privacy_url: address.to_owned(), ..Banner::default() }.check();
    for good in ["", "/privacy", "https://example.com/privacy#cookies", "http://example.com"] {
        assert_eq!(with(good), Ok(()), "{good}");
    }
    for bad in
        ["javascript:alert(1)", "//example.com", "/\\example.com", "privacy", "data:text/html,a", "ftp://a.b"]
    {
        assert_eq!(with(bad), Err(Invalid::PrivacyUrl), "{bad}");
    }
    let long = |length: usize| with(&format!("/{}", "a".repeat(length - 1)));
    assert_eq!(long(PRIVACY_URL_MAX), Ok(()));
    assert_eq!(long(PRIVACY_URL_MAX + 1), Err(Invalid::LongPrivacyUrl));
}

#[test]
fn every_built_in_text_keeps_to_the_limits() {
    for (language, texts) in texts::BUILT_IN.iter() {
        let texts = serde_json::to_value(texts).unwrap();
        for name in Texts::NAMES {
            let text = texts[*name].as_str().unwrap();
            let most = Texts::longest(name).unwrap();
            assert!(!text.is_empty() && text.chars().count() <= most, "{language} {name}");
        }
    }
    assert!(is_right_to_left("ar") && is_right_to_left("he-il") && !is_right_to_left("nl"));
}
