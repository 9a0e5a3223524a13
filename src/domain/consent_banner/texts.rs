//! The texts of the banner in the languages that are built in. They say plainly what cookies are for. A site that uses them
//! for something else says so in texts of its own.

use serde::Serialize;

/// Longest text of the banner, in characters.
pub const TEXT_MAX: usize = 1_000;
/// Longest text of a button, in characters. A longer one does not fit on a narrow screen.
pub const LABEL_MAX: usize = 40;

/// Makes the struct with one field per text, the list of their names and limits, and a value for each language.
macro_rules! banner_texts {
    ($($(#[$note:meta])* $name:ident, $max:ident: $en:literal, $nl:literal, $de:literal, $fr:literal;)*) => {
        /// All texts of a banner in one language.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct Texts {
            $($(#[$note])* pub $name: String,)*
        }

        impl Texts {
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// How long a text may be, in characters. `None` when no text has this name.
            #[must_use]
            pub fn longest(name: &str) -> Option<usize> {
                match name {
                    $(stringify!($name) => Some($max),)*
                    _ => None,
                }
            }

            /// Puts a text in the place of the built-in one. A blank text leaves the built-in one.
            pub(super) fn replace(&mut self, name: &str, text: &str) {
                if text.trim().is_empty() {
                    return;
                }
                match name {
                    $(stringify!($name) => self.$name = text.trim().to_owned(),)*
                    _ => {}
                }
            }
        }

        pub(super) static BUILT_IN: std::sync::LazyLock<[(&str, Texts); 4]> = std::sync::LazyLock::new(|| [
            ("de", Texts { $($name: $de.to_owned()),* }),
            ("en", Texts { $($name: $en.to_owned()),* }),
            ("fr", Texts { $($name: $fr.to_owned()),* }),
            ("nl", Texts { $($name: $nl.to_owned()),* }),
        ]);
    };
}

/// The built-in texts of a language.
#[must_use]
pub fn built_in(language: &str) -> Option<&'static Texts> {
    BUILT_IN.iter().find(|(built_in, _)| *built_in == language).map(|(_, texts)| texts)
}

banner_texts! {
    heading, LABEL_MAX:
        "Cookies on this site",
        "Cookies op deze site",
        "Cookies auf dieser Website",
        "Cookies sur ce site";
    notify, TEXT_MAX:
        "This site uses cookies to count visits and to recognise visitors who return.",
        "Deze site gebruikt cookies om bezoeken te tellen en terugkerende bezoekers te herkennen.",
        "Diese Website verwendet Cookies, um Besuche zu zählen und wiederkehrende Besucher zu erkennen.",
        "Ce site utilise des cookies pour compter les visites et reconnaître les visiteurs qui reviennent.";
    opt_in, TEXT_MAX:
        "May we use cookies to count visits and to recognise you when you return? Without your consent we do not. You can change your choice at any time.",
        "Mogen we cookies gebruiken om bezoeken te tellen en u te herkennen als u terugkomt? Zonder uw toestemming doen we dat niet. U kunt uw keuze altijd wijzigen.",
        "Dürfen wir Cookies verwenden, um Besuche zu zählen und Sie beim nächsten Besuch zu erkennen? Ohne Ihre Einwilligung tun wir das nicht. Sie können Ihre Wahl jederzeit ändern.",
        "Pouvons-nous utiliser des cookies pour compter les visites et vous reconnaître à votre retour ? Sans votre accord, nous ne le faisons pas. Vous pouvez changer d’avis à tout moment.";
    by_category, TEXT_MAX:
        "May we use cookies? You can accept or reject all, or choose what you allow. Without your consent we use only those that the site needs. You can change your choice at any time.",
        "Mogen we cookies gebruiken? U kunt alles accepteren of weigeren, of kiezen wat u toestaat. Zonder uw toestemming gebruiken we alleen wat de site nodig heeft. U kunt uw keuze altijd wijzigen.",
        "Dürfen wir Cookies verwenden? Sie können alle annehmen oder ablehnen oder auswählen, was Sie erlauben. Ohne Ihre Einwilligung verwenden wir nur, was die Website braucht. Sie können Ihre Wahl jederzeit ändern.",
        "Pouvons-nous utiliser des cookies ? Vous pouvez tout accepter, tout refuser ou choisir ce que vous autorisez. Sans votre accord, nous n’utilisons que ceux dont le site a besoin. Vous pouvez changer d’avis à tout moment.";
    opt_out, TEXT_MAX:
        "This site uses cookies to count visits and to recognise you when you return. You can reject this now or at any later time.",
        "Deze site gebruikt cookies om bezoeken te tellen en u te herkennen als u terugkomt. U kunt dit nu of later altijd weigeren.",
        "Diese Website verwendet Cookies, um Besuche zu zählen und Sie beim nächsten Besuch zu erkennen. Sie können das jetzt oder jederzeit später ablehnen.",
        "Ce site utilise des cookies pour compter les visites et vous reconnaître à votre retour. Vous pouvez les refuser maintenant ou plus tard, à tout moment.";
    gpc, TEXT_MAX:
        "Your browser asks sites not to track you (Global Privacy Control). We honour this: we do not count or recognise you.",
        "Uw browser vraagt sites om u niet te volgen (Global Privacy Control). Wij houden ons daaraan: we tellen en herkennen u niet.",
        "Ihr Browser bittet Websites, Sie nicht zu verfolgen (Global Privacy Control). Wir halten uns daran: Wir zählen und erkennen Sie nicht.",
        "Votre navigateur demande aux sites de ne pas vous suivre (Global Privacy Control). Nous le respectons : nous ne vous comptons pas et ne vous reconnaissons pas.";
    accept, LABEL_MAX:
        "Accept",
        "Accepteren",
        "Annehmen",
        "Accepter";
    reject, LABEL_MAX:
        "Reject",
        "Weigeren",
        "Ablehnen",
        "Refuser";
    accept_all, LABEL_MAX:
        "Accept all",
        "Alles accepteren",
        "Alle annehmen",
        "Tout accepter";
    reject_all, LABEL_MAX:
        "Reject all",
        "Alles weigeren",
        "Alle ablehnen",
        "Tout refuser";
    choose, LABEL_MAX:
        "Choose cookies",
        "Cookies kiezen",
        "Cookies auswählen",
        "Choisir les cookies";
    save, LABEL_MAX:
        "Save my choice",
        "Mijn keuze opslaan",
        "Auswahl speichern",
        "Enregistrer mon choix";
    understood, LABEL_MAX:
        "OK",
        "Oké",
        "OK",
        "OK";
    close, LABEL_MAX:
        "Close",
        "Sluiten",
        "Schließen",
        "Fermer";
    reopen, LABEL_MAX:
        "Cookie settings",
        "Cookie-instellingen",
        "Cookie-Einstellungen",
        "Paramètres des cookies";
    privacy, LABEL_MAX:
        "Privacy statement",
        "Privacyverklaring",
        "Datenschutzerklärung",
        "Politique de confidentialité";
    dialog_lead, TEXT_MAX:
        "Choose which cookies you allow. You can change your choice at any time.",
        "Kies welke cookies u toestaat. U kunt uw keuze altijd wijzigen.",
        "Wählen Sie, welche Cookies Sie erlauben. Sie können Ihre Wahl jederzeit ändern.",
        "Choisissez les cookies que vous autorisez. Vous pouvez changer d’avis à tout moment.";
    necessary, LABEL_MAX:
        "Necessary (always on)",
        "Noodzakelijk (altijd aan)",
        "Notwendig (immer an)",
        "Nécessaires (toujours actifs)";
    necessary_text, TEXT_MAX:
        "The site does not work without them. One of them remembers this choice.",
        "Zonder deze werkt de site niet. Eén ervan onthoudt deze keuze.",
        "Ohne sie funktioniert die Website nicht. Eines davon merkt sich diese Wahl.",
        "Le site ne fonctionne pas sans eux. L’un d’eux retient ce choix.";
    analytics, LABEL_MAX:
        "Analytics",
        "Statistieken",
        "Statistik",
        "Mesure d’audience";
    analytics_text, TEXT_MAX:
        "They count visits and recognise you when you return, so that we see which pages are used.",
        "Ze tellen bezoeken en herkennen u als u terugkomt, zodat we zien welke pagina’s worden gebruikt.",
        "Sie zählen Besuche und erkennen Sie beim nächsten Besuch, damit wir sehen, welche Seiten genutzt werden.",
        "Ils comptent les visites et vous reconnaissent à votre retour, pour voir quelles pages sont utilisées.";
    advertisement, LABEL_MAX:
        "Advertising",
        "Reclame",
        "Werbung",
        "Publicité";
    advertisement_text, TEXT_MAX:
        "They let advertisers show you advertisements that fit what you looked at, and measure them.",
        "Adverteerders kunnen u hiermee reclame tonen die past bij wat u hebt bekeken, en die meten.",
        "Damit können Werbetreibende Ihnen Werbung zeigen, die zu dem passt, was Sie angesehen haben, und sie messen.",
        "Ils permettent aux annonceurs de vous montrer des publicités liées à ce que vous avez consulté, et de les mesurer.";
    functionality, LABEL_MAX:
        "Functionality",
        "Functioneel",
        "Funktionen",
        "Fonctionnalités";
    functionality_text, TEXT_MAX:
        "They remember settings, and make extras such as chat and videos work.",
        "Ze onthouden instellingen en laten extra’s zoals chat en video’s werken.",
        "Sie merken sich Einstellungen und machen Extras wie Chat und Videos möglich.",
        "Ils retiennent vos réglages et font fonctionner des options comme le chat et les vidéos.";
}
