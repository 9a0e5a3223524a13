// Events: what the page's own code reports, and what the account's rules find, which are clicks on elements and forms
// that are sent. A rule is applied when something happens. Nothing is attached to elements, so elements that appear
// later count as well, and nothing is ever delayed or prevented.
const WAITING_MAX = 100;
// After this many milliseconds, a form that the page stopped has been marked if something in it is wrong.
const MARKED = 300;
// Within this many milliseconds, a page sends a form that it had stopped to check.
const RESENT = 1e4;
const CAMPAIGN = /^(utm_|gad_|hsa_|_?_hs|_g[al]|mc_[ce]id|\w*(clid|braid)=)/i;
let acted = {};
let labelled;
const judged = new Set();
// The form that was counted last, and until when its next submit belongs to the same act.
let posted;
let resent;
// What reads a form and what sends the reading. Accounts that collect forms have functions here, of the next part.
let readForm = () => {};
let sendForm = readForm;

// An event before the first page view is sent after it. An event before a choice waits for the choice, in memory
// only. Both keep the time and page at which they happened.
function recordEvent(kind, name, value, properties, happened) {
  if (!name || !enabled) return;
  if (typeof value == 'function') value = safe(value, library);
  add(waitingEvents, assign(assign({ k: kind }, happened || moment()), {
    n: '' + name,
    m: value == undefined ? undefined : '' + value,
    p: copyPlain(properties || {}, {})
  }));
  waitingEvents = filter(waitingEvents, (event, i) => i >= waitingEvents.length - WAITING_MAX);
  if (noTrack() || choice && !choice.analytics) waitingEvents = [];
  if (here && on()) {
    keepEvents();
    flush();
  }
}

function keepEvents() {
  const events = waitingEvents;
  waitingEvents = [];
  each(events, event => keep(assign(hitOf(), event)));
}

// After the first page view comes what waited for it, and then the account's own code. Each piece of code has its own
// address, so broken code breaks only itself. The policy of the page may refuse the addresses.
function viewed() {
  keepEvents();
  each(codes, name => safe(addScript, '/e/' + account + '/' + name + '.js'));
  codes = [];
}

// The nonce of this script makes the browser accept the code.
function addScript(path, more) {
  const tag = assign(ask('createElement', 'script'), more);
  tag.nonce = own && own.nonce;
  tag.src = server + path;
  return ofDocument('head', 'object').appendChild(tag);
}

// An admin picks an element here, or marks the browser as their own. The token leaves the address before anything else
// happens. While it is valid nothing else starts, so no hit leaves the page.
function pickOr(begin) {
  const start = () => {
    // From a marked browser nothing is sent, whatever the page says.
    if (read('__gl_own_visits')) {
      enabled = false;
      delete tracker.setTrackingEnabled;
    }
    begin();
  };
  const found = /#guestlog-(pick|own-visits)=(\w+)$/.exec(loc.href);
  if (!found) return start();
  const more = { token: found[2], onerror: start };
  w.history.replaceState(w.history.state, '', loc.href.slice(0, found.index));
  if (found[1] != 'pick') {
    assign(more, { mark: write, onload: start });
    return safe(addScript, '/own-visits/' + more.token + '.js', more) || start();
  }
  const answer = safe(send, '/pick', json({ token: more.token }));
  const pick = () => addScript('/pick.js', more);
  if (answer) answer.then(r => r.ok && safe(pick) || start(), start);
  else start();
}

function trackEvent(id, more) {
  const isObject = typeof id == 'object';
  const about = assign({}, isObject ? id : more);
  const name = isObject ? id.id : id;
  const value = about.value;
  delete about.id;
  delete about.value;
  recordEvent(3, name, value, about);
}

// `*` matches any text, and both ends are fixed. Each part is taken where it occurs first, because a later place
// would leave less text for the parts after it.
function isMatch(pattern, text) {
  const parts = pattern.split('*');
  const last = parts[parts.length - 1];
  let at = 0;
  for (let i = 0; i < parts.length - 1; i++) {
    const found = text.indexOf(parts[i], at);
    if (i ? found < 0 : found) return false;
    at = found + parts[i].length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

// One slash at the end of either makes no difference.
function isLike(pattern, address) {
  const bare = text => text.replace(/\/$/, '');
  return bare(pattern) == bare(address) || pattern.indexOf('*') >= 0 &&
    (isMatch(pattern, address) || isMatch(bare(pattern), bare(address)) || isMatch(pattern, address + '/'));
}

// Brings percent-encoding into one form. Pages are stored with letters beyond ASCII encoded.
function plain(text) {
  return text.replace(/[^!-~]+|["<>\\^\x60{|}]/g, encodeURIComponent)
    .replace(/%(2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi, decodeURIComponent).toLowerCase();
}

// The server's `UrlRule` must give the same result for visited pages. A table in the tests checks both.
function isHere(rule) {
  if (!rule) return true;
  const pattern = plain(rule.trim());
  const whole = /^\w+:[/]{2}([^/?#]*)[/]?([^]*)/.exec(address());
  const at = split('/' + whole[2]);
  const kept = join(filter(scrubQuery(at[2] || '').split('&'), pair => pair && !CAMPAIGN.test(pair)), '&');
  const page = plain(at[1].replace(/(.)\/$/, '$1') + (at[3] ? '#' + at[3] : '') +
    (kept && pattern.indexOf('?') >= 0 ? '?' + kept : ''));
  if (pattern[0] == '/') return isLike(pattern, page);
  const schemes = /^(\*|http)|:[/]{2}/.test(pattern) ? ['', 'https:/' + '/', 'http:/' + '/'] : [''];
  return filter(schemes, scheme => isLike(pattern, scheme + plain(whole[1]) + page)).length > 0;
}

function isAmong(elements, css) {
  const fit = safe(() => filter(elements, element => fits(element, css)));
  return (fit || filter(find(css), element => has(elements, element))).length > 0;
}

function fitting(rules, elements) {
  return filter(rules, rule => safe(() => isHere(rule[2]) && isAmong(elements, rule[1])));
}

// One act may pass several elements and rules. It counts once per event.
function complete(rule, happened) {
  if (acted[rule[0]]) return;
  acted[rule[0]] = 1;
  recordEvent(/^pe\d+_/.test(rule[0]) ? 'ptbe' : 3, rule[0], rule[3], {}, happened);
}

// The elements that an event passes. It goes on to document and window, on which the page may have set anything.
function passed(e) {
  return filter(e.composedPath(), node => node.nodeType == 1);
}

function act(rules, isSame, happened) {
  if (!isSame) acted = {};
  each(rules, rule => safe(complete, rule, happened));
}

// A browser reports a click on a label once more for its field, before anything else can happen. A timer alone cannot
// distinguish this from two acts, because browsers delay timers until the changes of an act are drawn.
function actOfClick(e) {
  const path = passed(e);
  const label = filter(path, element => fits(element, 'label'))[0];
  const isSame = path[0] == labelled;
  labelled = label && label.control != path[0] && label.control;
  delay(() => labelled = 0);
  act(fitting(clicks, path), isSame);
}

function trackClick(css, id, more) {
  const rule = [String(id), String(css), more && more.url, more && more.value];
  clicks = filter(clicks, known => known[0] != rule[0] || known[1] != rule[1] || known[2] != rule[2]);
  add(clicks, rule);
}

// A page that sends its forms itself stops all of them. Forms with mistakes are recognised by the marks that the page
// puts on them.
function judgeForm(sent) {
  const form = sent[0].target;
  const isStopped = sent[0].defaultPrevented;
  if (!judged.delete(sent) || isStopped && (sent[1] || form.querySelector('[aria-invalid=true]'))) return;
  posted = form;
  resent = isStopped ? mono() + RESENT : 0;
  if (!isStopped && sent[2]) return;
  act(sent[3], false, sent[4]);
  sendForm(sent[5], sent[4]);
}

function judgeForms() {
  judged.forEach(judgeForm);
}

// The rules are applied now, because the page may have changed when the form is judged.
function submitted(e) {
  const form = e.target;
  // The form still has the marks of its last submit.
  judgeForms();
  const sent = [e, form.querySelector(':invalid'), posted == form && mono() < resent, fitting(forms, [form]), moment(),
    readForm(form)];
  posted = 0;
  judged.add(sent);
  delay(() => delay(() => judgeForm(sent), e.defaultPrevented && MARKED));
}

add(watchers, () => {
  listen('click', actOfClick);
  listen('auxclick', e => e.button == 1 && act(fitting(clicks, passed(e))));
  if (!forms[0] && !collects) return;
  listen('submit', submitted);
  listen('pagehide', judgeForms);
  // `form.submit()` causes no event. It is the same act as a submit that was counted, or that waits to be judged.
  wrap(w.HTMLFormElement.prototype, 'submit', form => {
    judged.forEach(sent => sent[0].target == form && judged.delete(sent));
    if (posted != form) {
      act(fitting(forms, [form]));
      sendForm(readForm(form));
    }
    posted = 0;
  });
});

assign(tracker, {
  trackEvent: trackEvent,
  trackConversion: trackEvent,
  trackCustomBehavioralEvent: event => recordEvent('ptbe', event.name, undefined, event.properties),
  trackClick: trackClick
});
