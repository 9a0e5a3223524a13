// The consent policy of the account: which of its rules is for this visitor on this page. Only accounts that have a policy
// are served this part. The server decides again, by the same rules. `policies` holds them in the order in which they are
// preferred. Each has the number of its type, whether it honours Global Privacy Control, its host, the beginning of its
// path, and its countries and regions. `question` holds what the next part needs too.
// The types, the mildest first. The last but one refuses because of Global Privacy Control, and says so.
const STRICTNESS = '02563471';
const GPC = 7;
const PREFERENCES = '__hs_cookie_cat_pref';
const latest = revision;
let isGpc;
// What the site said before the rule was known.
let held;
let isAsking;
// The choice in its cookie, as last seen.
let remembered;
// The rule is known, or the choice is another one. Accounts that show a banner have a function here, of the next part.
let showQuestion = () => {};
const pageRules = filter(policies, rule => {
  return (!rule[2] || rule[2] == loc.hostname) && loc.pathname.slice(0, rule[3].length) == rule[3];
});

// The type that is asked of visitors of a place. A rule of this host goes first, then one of a region, then of a country.
function typeAt(place) {
  let type = 0;
  let least = 9;
  each(pageRules, rule => {
    const within = !rule[4][0] ? 2 : place[2] && has(rule[4], place) ? 0 : has(rule[4], place.slice(0, 2)) ? 1 : 9;
    const rank = (rule[2] ? 0 : 3) + within;
    if (rank < least) {
      least = rank;
      type = !rule[1] || !nav.globalPrivacyControl ? rule[0] : rule[0] > 1 ? GPC : 1;
    }
  });
  return type;
}

// All types that are possible for a visitor of whom this is known: a region, a country, or nothing.
function typesFor(known) {
  const places = [known];
  if (!known[2]) each(pageRules, rule => each(rule[4], place => place.slice(0, known.length) == known && add(places, place)));
  return map(places, typeAt);
}

// Takes the choice from its cookie. One of a revision from before the account asked again is void.
function recall() {
  remembered = read(PREFERENCES);
  const number = (/_r:(\d+)/.exec(remembered) || [])[1];
  choice = policy == 1 || (number || 0) < question.since ? undefined : storedChoice();
  consentBy = choice && 'banner';
  revision = choice && +number || latest;
}

// The rule is known.
function settle(types) {
  isAsking = false;
  policy = 0;
  each(types, type => {
    if (STRICTNESS.indexOf(type) > STRICTNESS.indexOf(policy)) policy = type;
  });
  isGpc = policy == GPC;
  if (isGpc) policy = 1;
  recall();
}

function located(place) {
  settle(typesFor(/^[A-Z]{2}(-|$)/.test(place) ? place : ''));
  if (held) consentCalls.setHubSpotConsent(held);
  else {
    consentChanged();
    onConsent();
  }
  showQuestion();
}

// Asks where the visitor is, when that makes a difference. Until the answer it is as if a question were open; when there is
// none, the strictest rule holds that could apply.
findPolicy = () => {
  const types = typesFor('');
  if (!filter(types, type => type != types[0])[0]) return settle(types);
  isAsking = true;
  policy = 3;
  choice = undefined;
  safe(() => w.fetch(server + '/' + account + '/location', { credentials: 'omit' })
    .then(answer => answer.ok && answer.text()).then(located, () => located(''))) || settle(types);
};

// A banner of the site's own is there in place of this one.
function hasOwnBanner() {
  return w.disableHubSpotCookieBanner || has(w.disabledHsPopups || [], 'PRIVACY');
}

const given = consentCalls.setHubSpotConsent;
consentCalls.setHubSpotConsent = made => {
  held = isAsking && made;
  if (isAsking || policy == 1) return;
  revision = latest;
  consentBy = hasOwnBanner() ? 'outside_banner' : 'api';
  given(made);
  showQuestion();
};

// The visitor may have answered on another page meanwhile. Who takes the answer back there refuses here.
function lookAgain() {
  if (isAsking || consentBy && consentBy != 'banner' || read(PREFERENCES) == remembered) return;
  before = allowed();
  recall();
  if (!remembered && policy != 1) choice = choose(() => false);
  consentChanged();
  onConsent();
  showQuestion();
}

add(watchers, () => {
  showQuestion();
  listen('pageshow', lookAgain);
  listen('visibilitychange', lookAgain);
  listen('change', lookAgain, w.cookieStore);
});
