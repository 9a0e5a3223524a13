// Page views, the time for which they were visible, and navigation inside a page.
const SETTLE = 250;
// What the site said about the page, and the functions that want to be notified of it.
const contentInfo = {};
const factListeners = { pageId: [], contentType: [], contentMetadata: [] };
let view;
let wanted;
let spentMs;
let reportedMs;
let since;
let here;
let from;
let path;
let pathBefore;
let canonical;
let canonicalTag;
let manual;
let seenPath = loc.pathname;
let seenQuery = loc.search;
let pushed;
let moving;
let stamped = 0;

// Ids ascend, also within a millisecond.
function stamp(kind) {
  const now = Date.now();
  stamped = Math.max(now, stamped + 1);
  return { a: cfg.account, k: kind, id: stamped.toString(36) + hex(8), at: now };
}

// Inside a frame of the same site, the address at which the top window was entered counts.
function referrer() {
  const own = d.referrer;
  try {
    return w.top.document.referrer;
  } catch (e) {
    return safe(() => w.parent.document.referrer) || own;
  }
}

// The time and page of what happens now.
function moment() {
  return { at: Date.now(), pu: scrub(loc.href), po: path, rpo: pathBefore, ccu: canonical };
}

// What every hit of a visitor carries.
function hitOf(kind) {
  if (!visit) manage();
  const hit = stamp(kind);
  hit.vi = visit[1];
  if (stored) {
    hit.u = visit.join('.');
    hit.b = session.join('.');
  }
  return Object.assign(hit, moment(), {
    nc: isNew,
    rv: wasReset,
    i: Object.keys(identity)[0] && identity,
    // An event may open a session.
    r: from || undefined,
    sd: w.screen.width + 'x' + w.screen.height,
    ln: (nav.language || '').toLowerCase() || undefined
  }, consentOf());
}

function consentOf() {
  return { cc: consentMask(), rev: cfg.rev };
}

function sendView() {
  if (!on()) {
    wanted = true;
    return;
  }
  wanted = false;
  engaged(1, keep);
  manage();
  const address = path ? loc.origin + path : scrub(loc.href);
  const moved = here && here != address;
  from = moved ? here : from === undefined ? scrub(referrer() || '') : from;
  here = address;
  view = hitOf(1);
  const tag = d.querySelector('link[rel=canonical]');
  const link = tag && tag.href ? scrub(tag.href) : undefined;
  // A canonical tag that did not change with the address belongs to the page before.
  if (!canonical && !(moved && link == canonicalTag)) view.rcu = link;
  canonicalTag = link;
  view.t = d.title.slice(0, 512) || undefined;
  view.ct = contentInfo.contentType;
  view.pi = contentInfo.pageId;
  spentMs = reportedMs = 0;
  since = -1;
  look();
  keep(view);
  viewed();
  flush();
}

function look() {
  const now = mono();
  if (since >= 0) spentMs += now - since;
  since = d.visibilityState == 'hidden' ? -1 : now;
}

// Reports all milliseconds so far. The server keeps the greatest number.
function engaged(least, send) {
  if (!view) return;
  look();
  const ms = Math.min(Math.round(spentMs), HALF_HOUR);
  if (ms - reportedMs < least || !on()) return;
  reportedMs = ms;
  send(Object.assign(stamp('engagement'), {
    vi: view.vi, u: view.u, pu: view.pu, po: view.po, pv: view.id, ms: ms
  }, consentOf()));
}

// A visitor who refused is not identified. A refusal is not stored in the browser either.
function sendConsent(kind) {
  if (!server || !enabled || noTrack()) return;
  const hit = Object.assign(stamp(kind), { pu: scrub(loc.href), vi: on() && visit ? visit[1] : undefined }, consentOf());
  if (!allowed().analytics || kind > 28) {
    hit.ce = false;
    beam(hit);
  } else {
    keep(hit);
    flush();
  }
}

// Addresses are mostly replaced for filters and cleaned campaigns. It is a page view only when the path changes.
function arrivedAt() {
  moving = clearTimeout(moving);
  const moved = loc.pathname != seenPath || pushed && loc.search != seenQuery;
  seenPath = loc.pathname;
  seenQuery = loc.search;
  pushed = false;
  if (moved && !manual) sendView();
}

// Waits for the title, and for sites that call setPath and trackPageView themselves.
function move(isNew) {
  pushed = pushed || isNew;
  clearTimeout(moving);
  moving = setTimeout(() => safe(arrivedAt), SETTLE);
}

function watch() {
  if (cfg.spa) {
    ['pushState', 'replaceState'].forEach(name => safe(() => wrap(w.history, name, () => move(name == 'pushState'))));
    listen(w, 'popstate', () => move(true));
  }
  listen(d, 'visibilitychange', () => {
    if (d.visibilityState == 'hidden') {
      if (moving) arrivedAt();
      engaged(1000, part);
    } else {
      look();
    }
  });
  listen(w, 'pagehide', () => {
    engaged(1, part);
    view = undefined;
  });
  listen(w, 'pageshow', e => {
    if (e.persisted) {
      counted = false;
      sendView();
    }
  });
  listen(w, 'online', () => obeying || resume());
}
