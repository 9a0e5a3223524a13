//! Texts of the page for visitors, in their languages. Like the text for the privacy statement it speaks for the site: *we* are
//! the organisation that runs it. The languages are those of `statement::STATEMENTS`, in the same order.

use crate::web::text::statement::{STATEMENTS, Statement};

/// The texts of one language. Placeholders are those of `fill`.
#[derive(Debug)]
pub struct VisitorPage {
    pub title: &'static str,
    /// `{name}`
    pub lead: &'static str,
    pub languages: &'static str,
    pub number_title: &'static str,
    pub number_lead: &'static str,
    pub number: &'static str,
    pub number_hint: &'static str,
    pub show: &'static str,
    pub not_a_number: &'static str,
    pub too_many: &'static str,
    pub full: &'static str,
    pub found_title: &'static str,
    pub withdrawn: &'static str,
    pub open: &'static str,
    /// `{time}`, `{what}`
    pub choice: &'static str,
    pub choice_withdrawn: &'static str,
    pub only_necessary: &'static str,
    pub without_token: &'static str,
    pub analytics: &'static str,
    pub advertisement: &'static str,
    pub functionality: &'static str,
    pub nothing: &'static str,
    pub sessions: &'static str,
    pub page_views: &'static str,
    pub completions: &'static str,
    pub submissions: &'static str,
    pub withdraw_title: &'static str,
    pub withdraw_lead: &'static str,
    pub also_erase: &'static str,
    pub withdraw: &'static str,
    pub asked: &'static str,
    pub not_asked: &'static str,
    pub change_title: &'static str,
    pub change: &'static str,
    /// `{site}`
    pub back: &'static str,
    pub kept_title: &'static str,
}

pub static VISITOR_PAGES: [VisitorPage; 4] = [
    VisitorPage {
        title: "Your visits and your choice",
        lead: "{name} counts visits to its sites. Here you can see how much is kept of yours, and withdraw.",
        languages: "Language",
        number_title: "See what is kept",
        number_lead: "You need the number of your browser on the site, or the receipt of your choice. This page shows counts and your last choice: no pages, no times of visits, nothing about you, because somebody else could have seen the number.",
        number: "Number or receipt",
        number_hint: "Your browser keeps the number for the site in the cookie hubspotutk.",
        show: "Show",
        not_a_number: "This is neither a number nor a receipt. They have letters and digits only.",
        too_many: "Too many requests came from your network. Wait a few seconds and try again.",
        full: "Your withdrawal could not be kept, because too many came. Nothing has changed. Choose on the site, or ask us directly.",
        found_title: "What is kept",
        withdrawn: "You have withdrawn: nothing more is collected under this number.",
        open: "You have not withdrawn here. What you allowed is kept in your own browser, by the site.",
        choice: "The last choice on record, of {time}: {what}.",
        choice_withdrawn: "withdrawn",
        only_necessary: "only what is necessary",
        without_token: "Nothing else is kept under this receipt.",
        analytics: "analytics",
        advertisement: "advertisement",
        functionality: "functionality",
        nothing: "No visits are kept under this number.",
        sessions: "Sessions",
        page_views: "Page views",
        completions: "Events",
        submissions: "Submitted forms",
        withdraw_title: "Withdraw",
        withdraw_lead: "From now on nothing is collected under this number. This cannot be taken back for this number: to be counted again, delete the cookies of the site and choose anew.",
        also_erase: "Also ask to delete what is kept",
        withdraw: "Withdraw",
        asked: "Your request to delete what is kept was passed on to those who run the site.",
        not_asked: "Your request to delete what is kept could not be passed on, because too many wait. Ask us directly.",
        change_title: "Change your choice",
        change: "If the site asks with a banner, you change your choice there: open the site and look for its link to the cookie settings, mostly at the end of each page.",
        back: "Back to {site}",
        kept_title: "What is kept, and for how long",
    },
    VisitorPage {
        title: "Uw bezoeken en uw keuze",
        lead: "{name} telt bezoeken aan zijn sites. Hier ziet u hoeveel er van u wordt bewaard, en kunt u uw toestemming intrekken.",
        languages: "Taal",
        number_title: "Zien wat er wordt bewaard",
        number_lead: "U hebt het nummer van uw browser op de site nodig, of de kwitantie van uw keuze. Deze pagina toont aantallen en uw laatste keuze: geen pagina’s, geen tijdstippen van bezoeken, niets over u, want iemand anders kan het nummer hebben gezien.",
        number: "Nummer of kwitantie",
        number_hint: "Uw browser bewaart het nummer voor de site in de cookie hubspotutk.",
        show: "Tonen",
        not_a_number: "Dit is geen nummer en geen kwitantie. Die bestaan alleen uit letters en cijfers.",
        too_many: "Er kwamen te veel verzoeken van uw netwerk. Wacht een paar seconden en probeer het opnieuw.",
        full: "Uw intrekking kon niet worden bewaard, omdat er te veel kwamen. Er is niets veranderd. Kies op de site, of vraag het ons rechtstreeks.",
        found_title: "Wat er wordt bewaard",
        withdrawn: "U hebt uw toestemming ingetrokken: onder dit nummer wordt niets meer verzameld.",
        open: "U hebt hier niets ingetrokken. Waarvoor u toestemming gaf, bewaart de site in uw eigen browser.",
        choice: "De laatste vastgelegde keuze, van {time}: {what}.",
        choice_withdrawn: "ingetrokken",
        only_necessary: "alleen wat nodig is",
        without_token: "Onder deze kwitantie wordt verder niets bewaard.",
        analytics: "analyse",
        advertisement: "advertenties",
        functionality: "functionaliteit",
        nothing: "Onder dit nummer worden geen bezoeken bewaard.",
        sessions: "Sessies",
        page_views: "Bekeken pagina’s",
        completions: "Gebeurtenissen",
        submissions: "Verstuurde formulieren",
        withdraw_title: "Intrekken",
        withdraw_lead: "Vanaf nu wordt onder dit nummer niets meer verzameld. Voor dit nummer kan dat niet ongedaan worden gemaakt: om weer te worden geteld, wist u de cookies van de site en kiest u opnieuw.",
        also_erase: "Vraag ook om te wissen wat er wordt bewaard",
        withdraw: "Intrekken",
        asked: "Uw verzoek om te wissen wat er wordt bewaard, is doorgegeven aan wie de site beheert.",
        not_asked: "Uw verzoek om te wissen kon niet worden doorgegeven, omdat er te veel wachten. Vraag het ons rechtstreeks.",
        change_title: "Uw keuze wijzigen",
        change: "Als de site het met een banner vraagt, wijzigt u uw keuze daar: open de site en zoek de link naar de cookie-instellingen, meestal onderaan elke pagina.",
        back: "Terug naar {site}",
        kept_title: "Wat er wordt bewaard, en hoelang",
    },
    VisitorPage {
        title: "Ihre Besuche und Ihre Wahl",
        lead: "{name} zählt Besuche der eigenen Websites. Hier sehen Sie, wie viel von Ihren gespeichert ist, und können widerrufen.",
        languages: "Sprache",
        number_title: "Sehen, was gespeichert ist",
        number_lead: "Sie brauchen die Nummer Ihres Browsers auf der Website oder den Beleg Ihrer Wahl. Diese Seite zeigt Anzahlen und Ihre letzte Wahl: keine Seiten, keine Besuchszeiten, nichts über Sie, denn jemand anders könnte die Nummer gesehen haben.",
        number: "Nummer oder Beleg",
        number_hint: "Ihr Browser bewahrt die Nummer für die Website im Cookie hubspotutk auf.",
        show: "Anzeigen",
        not_a_number: "Das ist weder eine Nummer noch ein Beleg. Beide bestehen nur aus Buchstaben und Ziffern.",
        too_many: "Aus Ihrem Netz kamen zu viele Anfragen. Warten Sie einige Sekunden und versuchen Sie es noch einmal.",
        full: "Ihr Widerruf konnte nicht gespeichert werden, weil zu viele kamen. Es hat sich nichts geändert. Wählen Sie auf der Website, oder wenden Sie sich direkt an uns.",
        found_title: "Was gespeichert ist",
        withdrawn: "Sie haben widerrufen: Unter dieser Nummer wird nichts mehr erfasst.",
        open: "Sie haben hier nichts widerrufen. Wozu Sie eingewilligt haben, bewahrt die Website in Ihrem eigenen Browser auf.",
        choice: "Die letzte festgehaltene Wahl, vom {time}: {what}.",
        choice_withdrawn: "widerrufen",
        only_necessary: "nur das Notwendige",
        without_token: "Unter diesem Beleg ist sonst nichts gespeichert.",
        analytics: "Analyse",
        advertisement: "Werbung",
        functionality: "Funktionalität",
        nothing: "Unter dieser Nummer sind keine Besuche gespeichert.",
        sessions: "Sitzungen",
        page_views: "Seitenaufrufe",
        completions: "Ereignisse",
        submissions: "Abgesendete Formulare",
        withdraw_title: "Widerrufen",
        withdraw_lead: "Von nun an wird unter dieser Nummer nichts mehr erfasst. Für diese Nummer lässt sich das nicht zurücknehmen: Um wieder gezählt zu werden, löschen Sie die Cookies der Website und wählen neu.",
        also_erase: "Auch darum bitten, das Gespeicherte zu löschen",
        withdraw: "Widerrufen",
        asked: "Ihre Bitte, das Gespeicherte zu löschen, wurde an die Betreiber der Website weitergegeben.",
        not_asked: "Ihre Bitte um Löschung konnte nicht weitergegeben werden, weil zu viele warten. Wenden Sie sich direkt an uns.",
        change_title: "Ihre Wahl ändern",
        change: "Wenn die Website mit einem Banner fragt, ändern Sie Ihre Wahl dort: Öffnen Sie die Website und suchen Sie den Link zu den Cookie-Einstellungen, meist am Ende jeder Seite.",
        back: "Zurück zu {site}",
        kept_title: "Was gespeichert wird, und wie lange",
    },
    VisitorPage {
        title: "Vos visites et votre choix",
        lead: "{name} compte les visites de ses sites. Vous voyez ici combien est conservé des vôtres, et vous pouvez retirer votre consentement.",
        languages: "Langue",
        number_title: "Voir ce qui est conservé",
        number_lead: "Il vous faut le numéro de votre navigateur sur le site, ou le reçu de votre choix. Cette page montre des nombres et votre dernier choix : ni pages, ni heures de visite, ni rien sur vous, car quelqu’un d’autre pourrait avoir vu le numéro.",
        number: "Numéro ou reçu",
        number_hint: "Votre navigateur garde le numéro pour le site dans le cookie hubspotutk.",
        show: "Afficher",
        not_a_number: "Ce n’est ni un numéro ni un reçu. Ils n’ont que des lettres et des chiffres.",
        too_many: "Trop de demandes sont venues de votre réseau. Attendez quelques secondes et réessayez.",
        full: "Votre retrait n’a pas pu être conservé, car il y en a eu trop. Rien n’a changé. Choisissez sur le site, ou adressez-vous directement à nous.",
        found_title: "Ce qui est conservé",
        withdrawn: "Vous avez retiré votre consentement : plus rien n’est recueilli sous ce numéro.",
        open: "Vous n’avez rien retiré ici. Ce que vous avez autorisé est gardé par le site dans votre propre navigateur.",
        choice: "Le dernier choix enregistré, du {time} : {what}.",
        choice_withdrawn: "retiré",
        only_necessary: "seulement le nécessaire",
        without_token: "Rien d’autre n’est conservé sous ce reçu.",
        analytics: "analyse",
        advertisement: "publicité",
        functionality: "fonctionnalité",
        nothing: "Aucune visite n’est conservée sous ce numéro.",
        sessions: "Sessions",
        page_views: "Pages vues",
        completions: "Événements",
        submissions: "Formulaires envoyés",
        withdraw_title: "Retirer le consentement",
        withdraw_lead: "Dès maintenant, plus rien n’est recueilli sous ce numéro. C’est définitif pour ce numéro : pour être compté de nouveau, supprimez les cookies du site et choisissez à nouveau.",
        also_erase: "Demander aussi d’effacer ce qui est conservé",
        withdraw: "Retirer",
        asked: "Votre demande d’effacer ce qui est conservé a été transmise à ceux qui gèrent le site.",
        not_asked: "Votre demande d’effacement n’a pas pu être transmise, car trop de demandes attendent. Adressez-vous directement à nous.",
        change_title: "Changer votre choix",
        change: "Si le site le demande par un bandeau, vous y changez votre choix : ouvrez le site et cherchez son lien vers les paramètres des cookies, le plus souvent en bas de chaque page.",
        back: "Retour à {site}",
        kept_title: "Ce qui est conservé, et combien de temps",
    },
];

/// The language that was asked for by its code, else the first one that the browser prefers (RFC 9110), else English.
#[must_use]
pub fn of_language(
    asked: Option<&str>,
    accepted: &str,
) -> Option<(&'static Statement, &'static VisitorPage)> {
    let mut languages = STATEMENTS.iter().zip(&VISITOR_PAGES);
    let first = languages.clone().next();
    let wanted = asked.map(str::to_owned).filter(|code| STATEMENTS.iter().any(|one| one.code == *code));
    let code = wanted.or_else(|| preferred(accepted))?;
    languages.find(|(statement, _)| statement.code == code).or(first)
}

/// The code of the language that a browser likes most of those that there are; English when it likes none.
fn preferred(accepted: &str) -> Option<String> {
    let mut liked: Option<(f32, &str)> = None;
    for part in accepted.split(',').take(LANGUAGES_MAX) {
        let (range, rest) = part.split_once(';').unwrap_or((part, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.trim().parse().ok());
        let language = range.trim().split('-').next().unwrap_or_default();
        let found = STATEMENTS.iter().find(|one| one.code.eq_ignore_ascii_case(language));
        if let (Some(found), Some(weight)) = (found, weight)
            && weight > liked.map_or(0.0, |(most, _)| most)
        {
            liked = Some((weight, found.code));
        }
    }
    liked.map(|(_, code)| code).or_else(|| STATEMENTS.first().map(|one| one.code)).map(str::to_owned)
}

/// Languages of a browser that are looked at. It sends a few.
const LANGUAGES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_asked_for_or_the_one_the_browser_likes_most() {
        let code = |asked, accepted: &str| of_language(asked, accepted).unwrap().0.code;
        assert_eq!(code(Some("de"), "nl"), "de");
        assert_eq!(code(Some("xx"), "nl"), "nl");
        assert_eq!(code(None, ""), "en");
        assert_eq!(code(None, "ja, fr-CH;q=0.8, de;q=0.9, *;q=0.1"), "de");
        assert_eq!(code(None, "NL-be"), "nl");
        assert_eq!(code(None, "de;q=x, fr;q=0, nl;q=NaN"), "en");
        let many = "ja,".repeat(LANGUAGES_MAX - 1);
        assert_eq!(code(None, &format!("{many}fr")), "fr");
        assert_eq!(code(None, &format!("ja,{many}fr")), "en", "one past the limit");
    }
}
