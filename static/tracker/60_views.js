// Page views, and the time for which they were visible.
// Many integrations report the first page themselves. Within this time it is the view that was sent unasked.
const AGAIN = 2000;
// Events that happened before the first page view, or before a choice.
let waitingEvents = [];
// What the site said about the page.
const facts = {};
let view;
let wanted;
let spentMs = 0;
let reportedMs = 0;
let since;
let here;
let from;
let path;
let pathBefore;
let canonical;
let canonicalTag;
let manual;
// A move inside the page waits before it is a page view. What ends the waiting, and what ends it and returns the move
// instead of counting it. Accounts that count moves have other functions here, of the next part.
let endMove = () => {};
let takeMove = endMove;
// Takes note of a view that was not allowed. Accounts that count such views have another function here.
let countView = takeMove;
// When a view was sent that nobody asked for, as long as the page has not moved since.
let unaskedAt;
let stamped = 0;

// What every hit carries. Ids ascend, also within a millisecond.
function stamp(kind) {
  const now = Date.now();
  stamped = Math.max(now, stamped + 1);
  return { a: account, k: kind, id: stamped.toString(36) + hex(8), at: now, cc: consentMask(), rev: revision || undefined, by: consentBy };
}

// Inside a frame of the same site, the address at which the top window was entered counts.
function referrer() {
  const own = ofDocument('referrer', 'string');
  try {
    return w.top.document.referrer;
  } catch (e) {
    return safe(() => w.parent.document.referrer) || own;
  }
}

// The path that the site has set, or that stands behind `#`.
function pathNow() {
  return path || (fragmentIsPage && loc.hash ? scrub(loc.pathname + loc.search + loc.hash, true) : undefined);
}

// The time and page of what happens now. Campaign values may stand behind `#`; the server reads them there.
function moment() {
  const parts = loc.href.split(/#.*?(?=utm_)/i);
  return { at: Date.now(), pu: scrub(join(parts, '#'), parts[1]), po: pathNow(), rpo: pathBefore, ccu: canonical };
}

// What every hit of a visitor carries besides.
function hitOf(kind) {
  if (!visit) manage();
  const hit = stamp(kind);
  hit.vi = visit[1];
  if (stored) {
    hit.u = join(visit, '.');
    hit.b = join(session, '.');
  }
  return assign(assign(hit, moment()), {
    nc: isNew,
    rv: wasReset,
    i: names(identity)[0] && identity,
    // An event may open a session.
    r: from || undefined,
    sd: w.screen.width + 'x' + w.screen.height,
    // A program drives the browser.
    wd: nav.webdriver || undefined,
    ln: (nav.language || '').toLowerCase() || undefined
  });
}

// A path that the site has set may be a whole address.
function addressOf(set, otherwise) {
  return set ? set.replace(/^(?=\/)/, loc.origin) : otherwise;
}

function address() {
  return addressOf(pathNow(), scrub(loc.href));
}

function title() {
  return (ofDocument('title', 'string') || '').slice(0, 512);
}

// The view of this load. The site may have reported it already.
function sendFirstView() {
  if (firstViewTwice || hasNews || here != address()) sendView();
}

// `moved` is the move that this is the view of, and `titleSeen` its title when that may have changed since.
function sendView(moved, isAsked, titleSeen) {
  if (!on()) {
    countView(moved);
    return wanted = true;
  }
  wanted = hasNews = false;
  endView(moved);
  manage();
  const now = moment();
  if (moved) {
    now.at = moved.was.at;
    if (!isAsked) assign(now, { pu: moved.was.pu, po: path || moved.was.po });
  }
  const there = addressOf(now.po, now.pu.split('#')[0]);
  const isElsewhere = here && here != there;
  from = isElsewhere ? here : from === undefined ? scrub(referrer() || '') : from;
  here = there;
  unaskedAt = moved || isAsked ? 0 : mono();
  view = assign(hitOf(1), now);
  const tag = safe(ask, 'querySelector', 'link[rel=canonical]');
  const link = tag && tag.href ? scrub(tag.href) : undefined;
  // A canonical tag that did not change with the address belongs to the page before.
  if (!canonical && !(isElsewhere && link == canonicalTag)) view.rcu = link;
  canonicalTag = link;
  view.t = titleSeen || title() || undefined;
  view.ct = facts.ContentType;
  view.pi = facts.PageId;
  keep(view);
  viewed();
  flush();
}

// What the page was visible for after a move belongs to the next view.
function endView(moved) {
  look();
  const rest = moved ? Math.max(0, spentMs - moved.spent) : 0;
  spentMs -= rest;
  engaged(1, keep);
  spentMs = rest;
  reportedMs = 0;
}

function isHidden() {
  return ofDocument('visibilityState', 'string') == 'hidden';
}

function look() {
  const now = mono();
  if (since >= 0) spentMs += now - since;
  since = isHidden() ? -1 : now;
}

// Reports all milliseconds so far. The server keeps the greatest number.
function engaged(least, send) {
  if (!view) return;
  look();
  const ms = Math.min(Math.round(spentMs), HALF_HOUR);
  if (ms - reportedMs < least || !on()) return;
  reportedMs = ms;
  send(assign(stamp('engagement'), { vi: view.vi, u: view.u, pu: view.pu, po: view.po, pv: view.id, ms: ms }));
}

// A visitor who refused is not identified. A refusal is not stored in the browser either.
function sendConsent(kind) {
  if (!maySend()) return;
  const hit = assign(stamp(kind), { pu: scrub(loc.href), vi: on() && visit ? visit[1] : undefined });
  if (!allowed().analytics || kind > 28) {
    hit.ce = false;
    beam([hit.id, textOf(hit)]);
  } else {
    keep(hit);
    flush();
  }
}

add(watchers, () => {
  listen('visibilitychange', () => {
    if (isHidden()) {
      endMove();
      engaged(1000, part);
    } else {
      look();
    }
  });
  listen('pagehide', () => {
    endMove();
    engaged(1, part);
    view = undefined;
  });
  listen('pageshow', e => {
    if (e.persisted) {
      counted = shared.shown == e;
      shared.shown = e;
      sendView();
    }
  });
  listen('online', () => obeying || resume());
});
