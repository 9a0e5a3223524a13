// The visitor and the session, in HubSpot's cookies and exactly in their format, so that visitors that HubSpot knew
// stay known.
const HSTC = /^\d+\.[\w-]{1,64}(\.\d{1,15}){4}$/;
const HSSC = /^\d+(\.\d{1,15}){2}$/;
// hash, token, first visit, previous visit, current visit, number of the session
let visit;
// hash, views, start of the session
let session;
let identity = {};
let isNew;
// Did a script of this page count the load in the session?
let counted = shared.all.length > 0;
let arrived;
let stored;
let managedAt;
let wasReset;
// The site has said something that no view has told the server yet.
let hasNews;

function parts(text, form) {
  return form.test(text) && text.split('.');
}

// Differs from half-hour to half-hour. Somebody who passes on a decorated link is therefore not taken for the same
// visitor.
function fingerprint(ago) {
  return hash(nav.userAgent + nav.language + w.screen.width + w.screen.height + new Date().getTimezoneOffset() +
    Math.floor(Date.now() / HALF_HOUR - ago));
}

// A link from another of the account's domains carries visitor and session along. Returns whether a session runs.
function arrive(running) {
  arrived = true;
  const there = parts(parameter('__hstc'), HSTC);
  const mark = parameter('__hsfp');
  const came = parts(parameter('__hssc'), HSSC);
  let other;
  if (!there || mark != fingerprint(0) && mark != fingerprint(1) || !has(map(domains, hash), +there[0])) {
    return running;
  }
  if (!visit) {
    visit = there;
    visit[0] = domainHash();
  } else if (visit[1] != there[1]) {
    other = identity.visitor = there[1];
  }
  if (!came) return running;
  session = running ? [
    session[0],
    other ? +session[1] + +came[1] : Math.max(session[1], came[1]),
    Math.min(session[2], came[2])
  ] : [visit[0], came[1], came[2]];
  return true;
}

// Called for every page view. The first one of a page load counts it. 30 minutes without a page view end the session.
function manage() {
  const now = Date.now();
  let running;
  if (visit && !stored) {
    // Where cookies are refused, the page itself remembers the visitor.
    running = now - managedAt < HALF_HOUR;
  } else {
    visit = parts(read('__hstc'), HSTC);
    session = parts(read('__hssc'), HSSC);
    running = session && read('__hssrc') == '1';
  }
  if (!arrived) running = arrive(running);
  if (isNew === undefined) isNew = shared.isNew = shared.isNew || !visit;
  if (!visit) {
    const token = w.__hsUserToken || read('hubspotutk');
    visit = [domainHash(), /^[\w-]{1,64}$/.test(token) ? token : hex(16), now, now, now, 1];
    running = false;
  } else if (!running) {
    visit[3] = visit[4];
    visit[4] = now;
    visit[5]++;
  }
  if (!running) session = [visit[0], 1, now];
  else if (!counted) session[1]++;
  visit[1] = visit[1].toLowerCase();
  counted = true;
  managedAt = now;
  remember(now);
}

function remember(now) {
  // The 180 days begin when the visitor was first asked, and are not extended.
  const end = /[34]/.test(policy) ? +visit[2] + KEEP - now : KEEP;
  write('__hstc', join(visit, '.'), end);
  write('hubspotutk', visit[1], end);
  write('__hssc', join(session, '.'), HALF_HOUR);
  write('__hssrc', '1');
  stored = read('__hstc') == join(visit, '.');
  onIdentity();
}

const onIdentity = listeners(fn => visit && fn(join(visit, '.'), join(session, '.'), '' + fingerprint(0)));

// From here on it is another person, so nothing may connect the next hit with the ones before.
function newVisitor() {
  if (visit) wasReset = 1;
  visit = session = isNew = shared.isNew = view = undefined;
  identity = {};
  counted = false;
  arrived = true;
  delete w.__hsUserToken;
}

// A string, a number or a boolean; no symbol, object, function and no big integer.
function isPlain(value) {
  return /^(st|n|bo)/.test(typeof value);
}

// Only plain values can be sent. A list becomes a text as HubSpot writes lists, and what is inside an object gets a name
// with a point in it.
function copyPlain(from, to, prefix) {
  if (typeof from == 'string') return to;
  for (const key in from) {
    const name = (prefix || '') + key;
    let value = from[key];
    if (isList(value)) value = join(filter(value, isPlain), ';');
    else if (value && value.toISOString) value = value.toISOString();
    if (isPlain(value)) to[name] = value.slice ? value.slice(0, 1024) : value;
    else if (!prefix && value && typeof value == 'object' && !value.nodeType) copyPlain(value, to, name + '.');
  }
  return to;
}

// A signature (`hmac`) is of the email that it came with, and must not go along with another.
function identify(properties) {
  if (properties.email) delete identity.hmac;
  copyPlain(properties, identity);
  hasNews = true;
}
