//! The text that a site can put into its privacy statement, in the languages of its visitors. It is made from the real
//! settings of the account. It speaks for the site: *we* are the organisation that runs it.

/// The sentences of one language. Placeholders are those of `fill`.
#[derive(Debug)]
pub struct Statement {
    /// BCP 47.
    pub code: &'static str,
    /// The language in its own words.
    pub name: &'static str,
    /// `{sites}`
    pub what: &'static str,
    pub collected: &'static str,
    pub address: &'static str,
    pub cookies: &'static str,
    /// For sites that count visitors without consent in totals.
    pub anonymous: &'static str,
    pub identified: &'static str,
    pub forms: &'static str,
    /// `{visits}`, `{completions}`, `{submissions}`
    pub kept: &'static str,
    /// `{contacts}`
    pub contacts: &'static str,
    pub contacts_without_end: &'static str,
    /// `{choices}`
    pub choices: &'static str,
    pub rights: &'static str,
    /// `{page}`
    pub page: &'static str,
    /// One month, and `{n}` months.
    pub months: [&'static str; 2],
    pub without_end: &'static str,
}

pub static STATEMENTS: [Statement; 4] = [
    Statement {
        code: "en",
        name: "English",
        what: "We count visits to {sites} with Guestlog, a program that runs on a server of our own. What it records stays with us and is passed on to nobody.",
        collected: "For each page view it records the page and its title, the time, the site or campaign you came from, the kind of device, browser, system and screen, the language of your browser, and what you allowed. It also records events that our pages report, such as a sign-up or an order, with their value.",
        address: "From your network address it derives your country and region, and sometimes the organisation whose network you use. The address itself is not kept.",
        cookies: "It recognises your browser by the cookies __hstc and hubspotutk (180 days), __hssc (30 minutes) and __hssrc (until the browser is closed). They hold a random number, times and counts.",
        anonymous: "When you have not allowed this, we count the pages that you look at in daily totals only: how often each page was looked at, and from which site, country and kind of device. No cookie is set, nothing recognises you, and nothing about your own visit is kept.",
        identified: "When you tell us who you are, for example by signing in or by ordering, we connect your visits with what we know of you.",
        forms: "When you submit a form on our pages, we keep what you entered in its fields for email, name, phone and company.",
        kept: "We keep page views for {visits}, events for {completions} and submitted forms for {submissions}.",
        contacts: "What we know of a person is erased when we have seen nothing of that person for {contacts}.",
        contacts_without_end: "What we know of a person is kept until that person asks us to erase it.",
        choices: "What you choose in the cookie banner is kept as a proof under a random number, with the time, the page, your country and the kind of device, for {choices}. If you ask us to erase what we know of you, that choice stays without anything that leads to you.",
        rights: "Ask us at any time what we know of you, or to erase it.",
        page: "At {page} you see how much we keep under the number of your browser, and withdraw your consent.",
        months: ["1 month", "{n} months"],
        without_end: "an unlimited time",
    },
    Statement {
        code: "nl",
        name: "Nederlands",
        what: "Wij tellen bezoeken aan {sites} met Guestlog, een programma dat op een eigen server draait. Wat het vastlegt, blijft bij ons en wordt aan niemand doorgegeven.",
        collected: "Van elke bekeken pagina legt het vast: de pagina en haar titel, het tijdstip, de site of campagne waar u vandaan kwam, het soort apparaat, browser, systeem en scherm, de taal van uw browser, en waarvoor u toestemming gaf. Het legt ook gebeurtenissen vast die onze pagina’s melden, zoals een aanmelding of een bestelling, met hun waarde.",
        address: "Uit uw netwerkadres leidt het uw land en regio af, en soms de organisatie waarvan u het netwerk gebruikt. Het adres zelf wordt niet bewaard.",
        cookies: "Het herkent uw browser aan de cookies __hstc en hubspotutk (180 dagen), __hssc (30 minuten) en __hssrc (tot de browser wordt gesloten). Daarin staan een willekeurig getal, tijdstippen en aantallen.",
        anonymous: "Als u hiervoor geen toestemming hebt gegeven, tellen wij de pagina’s die u bekijkt alleen in dagtotalen: hoe vaak elke pagina is bekeken, en vanaf welke site, vanuit welk land en met welk soort apparaat. Er wordt geen cookie geplaatst, niets herkent u, en van uw eigen bezoek wordt niets bewaard.",
        identified: "Als u ons vertelt wie u bent, bijvoorbeeld door in te loggen of te bestellen, verbinden wij uw bezoeken met wat wij van u weten.",
        forms: "Als u op onze pagina’s een formulier verstuurt, bewaren wij wat u invulde bij e-mail, naam, telefoon en bedrijf.",
        kept: "Wij bewaren bekeken pagina’s {visits}, gebeurtenissen {completions} en verstuurde formulieren {submissions}.",
        contacts: "Wat wij van een persoon weten, wordt gewist als wij {contacts} niets van die persoon hebben gezien.",
        contacts_without_end: "Wat wij van een persoon weten, bewaren wij totdat die persoon vraagt om het te wissen.",
        choices: "Wat u kiest in de cookiebanner, bewaren wij als bewijs onder een willekeurig nummer, met het tijdstip, de pagina, uw land en het soort apparaat: {choices}. Vraagt u ons te wissen wat wij van u weten, dan blijft die keuze staan zonder iets dat naar u leidt.",
        rights: "Vraag ons gerust wat wij van u weten, of om het te wissen.",
        page: "Op {page} ziet u hoeveel wij onder het nummer van uw browser bewaren, en kunt u uw toestemming intrekken.",
        months: ["1 maand", "{n} maanden"],
        without_end: "voor onbepaalde tijd",
    },
    Statement {
        code: "de",
        name: "Deutsch",
        what: "Wir zählen Besuche auf {sites} mit Guestlog, einem Programm, das auf unserem eigenen Server läuft. Was es aufzeichnet, bleibt bei uns und wird an niemanden weitergegeben.",
        collected: "Zu jedem Seitenaufruf zeichnet es auf: die Seite und ihren Titel, die Zeit, die Website oder Kampagne, von der Sie kamen, die Art des Geräts, des Browsers, des Systems und des Bildschirms, die Sprache Ihres Browsers und wozu Sie eingewilligt haben. Es zeichnet auch Ereignisse auf, die unsere Seiten melden, etwa eine Anmeldung oder eine Bestellung, mit ihrem Wert.",
        address: "Aus Ihrer Netzadresse leitet es Ihr Land und Ihre Region ab und manchmal die Organisation, deren Netz Sie nutzen. Die Adresse selbst wird nicht gespeichert.",
        cookies: "Es erkennt Ihren Browser an den Cookies __hstc und hubspotutk (180 Tage), __hssc (30 Minuten) und __hssrc (bis der Browser geschlossen wird). Sie enthalten eine Zufallszahl, Zeiten und Anzahlen.",
        anonymous: "Wenn Sie dem nicht zugestimmt haben, zählen wir die Seiten, die Sie ansehen, nur in Tagessummen: wie oft jede Seite angesehen wurde, und von welcher Website, aus welchem Land und mit welcher Art von Gerät. Es wird kein Cookie gesetzt, nichts erkennt Sie wieder, und über Ihren eigenen Besuch wird nichts gespeichert.",
        identified: "Wenn Sie uns sagen, wer Sie sind, etwa beim Anmelden oder Bestellen, verbinden wir Ihre Besuche mit dem, was wir über Sie wissen.",
        forms: "Wenn Sie auf unseren Seiten ein Formular absenden, speichern wir, was Sie in die Felder für E-Mail, Name, Telefon und Firma eingetragen haben.",
        kept: "Aufbewahrungsdauer: Seitenaufrufe {visits}, Ereignisse {completions}, abgesendete Formulare {submissions}.",
        contacts: "Aufbewahrungsdauer dessen, was wir über eine Person wissen, nachdem wir zuletzt etwas von ihr gesehen haben: {contacts}. Danach wird es gelöscht.",
        contacts_without_end: "Was wir über eine Person wissen, bewahren wir auf, bis sie uns bittet, es zu löschen.",
        choices: "Was Sie im Cookie-Banner wählen, bewahren wir als Nachweis unter einer Zufallsnummer auf, mit Zeit, Seite, Ihrem Land und der Art des Geräts. Aufbewahrungsdauer: {choices}. Bitten Sie uns zu löschen, was wir über Sie wissen, so bleibt diese Wahl ohne alles, was zu Ihnen führt.",
        rights: "Fragen Sie uns jederzeit, was wir über Sie wissen, oder bitten Sie uns, es zu löschen.",
        page: "Unter {page} sehen Sie, wie viel wir unter der Nummer Ihres Browsers gespeichert haben, und können Ihre Einwilligung widerrufen.",
        months: ["1 Monat", "{n} Monate"],
        without_end: "unbegrenzt",
    },
    Statement {
        code: "fr",
        name: "Français",
        what: "Nous comptons les visites de {sites} avec Guestlog, un programme qui fonctionne sur notre propre serveur. Ce qu’il enregistre reste chez nous et n’est transmis à personne.",
        collected: "Pour chaque page vue, il enregistre la page et son titre, l’heure, le site ou la campagne d’où vous veniez, le type d’appareil, de navigateur, de système et d’écran, la langue de votre navigateur et ce que vous avez autorisé. Il enregistre aussi les événements que nos pages signalent, comme une inscription ou une commande, avec leur valeur.",
        address: "De votre adresse réseau, il déduit votre pays et votre région, et parfois l’organisation dont vous utilisez le réseau. L’adresse elle-même n’est pas conservée.",
        cookies: "Il reconnaît votre navigateur grâce aux cookies __hstc et hubspotutk (180 jours), __hssc (30 minutes) et __hssrc (jusqu’à la fermeture du navigateur). Ils contiennent un nombre aléatoire, des heures et des compteurs.",
        anonymous: "Si vous ne l’avez pas autorisé, nous comptons les pages que vous consultez uniquement dans des totaux par jour : combien de fois chaque page a été vue, et depuis quel site, quel pays et quel type d’appareil. Aucun cookie n’est déposé, rien ne vous reconnaît, et rien de votre propre visite n’est conservé.",
        identified: "Quand vous nous dites qui vous êtes, par exemple en vous connectant ou en commandant, nous relions vos visites à ce que nous savons de vous.",
        forms: "Quand vous envoyez un formulaire de nos pages, nous conservons ce que vous avez saisi dans ses champs pour l’e-mail, le nom, le téléphone et l’entreprise.",
        kept: "Durée de conservation : pages vues {visits}, événements {completions}, formulaires envoyés {submissions}.",
        contacts: "Ce que nous savons d’une personne est effacé quand nous n’avons rien vu d’elle pendant {contacts}.",
        contacts_without_end: "Ce que nous savons d’une personne est conservé jusqu’à ce qu’elle nous demande de l’effacer.",
        choices: "Votre choix dans le bandeau de cookies est conservé comme preuve sous un numéro aléatoire, avec l’heure, la page, votre pays et le type d’appareil. Durée de conservation : {choices}. Si vous nous demandez d’effacer ce que nous savons de vous, ce choix reste sans rien qui mène à vous.",
        rights: "Demandez-nous à tout moment ce que nous savons de vous, ou de l’effacer.",
        page: "Sur {page}, vous voyez combien nous conservons sous le numéro de votre navigateur, et vous pouvez retirer votre consentement.",
        months: ["1 mois", "{n} mois"],
        without_end: "durée illimitée",
    },
];
