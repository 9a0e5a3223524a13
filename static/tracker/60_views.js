// Page views, the time for which they were visible, and navigation inside a page.
// Moves that follow each other within this time are one, for example when a router leads on to a default page.
const CHAIN = 250;
// A move inside the page waits this long for its title, and for a site that calls `setPath` and `trackPageView` itself.
const SETTLE = 2000;
// Many integrations report the first page themselves. Within this time it is the view that was sent unasked.
const AGAIN = 2000;
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
// Path and query, as last seen.
let seen = [pathSeen(), loc.search];
// A move that is no page view yet: when and where it was, what was seen before it, how long the page before it was
// visible, its title as last seen, and its timer.
let move;
// When a view was sent that nobody asked for, as long as the page has not moved since.
let unaskedAt;
let stamped = 0;

// What every hit carries. Ids ascend, also within a millisecond.
function stamp(kind) {
  const now = Date.now();
  stamped = Math.max(now, stamped + 1);
  return { a: cfg.account, k: kind, id: stamped.toString(36) + hex(8), at: now, cc: consentMask(), rev: cfg.rev };
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

// Where what follows `#` is a page, it belongs to the path.
function pathSeen() {
  return loc.pathname + (cfg.hash ? loc.hash : '');
}

// The path that the site has set, or that stands behind `#`.
function pathNow() {
  return path || (cfg.hash && loc.hash ? scrub(loc.pathname + loc.search + loc.hash, true) : undefined);
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
  if (cfg.twice || hasNews || here != address()) sendView();
}

// `moved` is the move that this is the view of, and `titleSeen` its title when that may have changed since.
function sendView(moved, isAsked, titleSeen) {
  if (!on()) {
    wanted = true;
    return;
  }
  wanted = hasNews = false;
  endView(moved);
  manage();
  const now = moment();
  if (moved) {
    now.at = moved.happened.at;
    if (!isAsked) assign(now, { pu: moved.happened.pu, po: path || moved.happened.po });
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
  const rest = moved ? Math.max(0, spentMs - moved.spentMs) : 0;
  spentMs -= rest;
  engaged(1, keep);
  spentMs = rest;
  reportedMs = 0;
}

function look() {
  const now = mono();
  if (since >= 0) spentMs += now - since;
  since = ofDocument('visibilityState', 'string') == 'hidden' ? -1 : now;
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
  if (!server || !enabled || noTrack()) return;
  const hit = assign(stamp(kind), { pu: scrub(loc.href), vi: on() && visit ? visit[1] : undefined });
  if (!allowed().analytics || kind > 28) {
    hit.ce = false;
    beam([hit.id, textOf(hit)]);
  } else {
    keep(hit);
    flush();
  }
}

// Some sites set the title of a page before its address, and others some time after it. The title is therefore looked at
// while a move waits, until it is another one than that of the view before. What it is when the next move begins may be
// that of the next page.
function awaitTitle(left) {
  if (!move.title || view && move.title == view.t) move.title = title();
  move.timer = delay(() => left > 0 ? awaitTitle(left - CHAIN) : endMove(), CHAIN);
}

// Ends the waiting of a move. It is a page view unless the site reports its views itself.
function endMove(titleSeen) {
  const done = move;
  move = undefined;
  if (!done) return;
  stop(done.timer);
  if (!manual) sendView(done, false, titleSeen);
}

// The address has changed, or may have. Addresses are mostly replaced for filters and cleaned campaigns, so a new one is
// a page view only when the path changes, or when it was pushed.
function addressChanged(isPushed) {
  const last = move;
  const there = pathSeen();
  const isChained = last && Date.now() - last.happened.at < CHAIN;
  const before = isChained ? last.before : seen;
  const isMove = there != seen[0] || loc.search != seen[1] && (isPushed || isChained && last.isPushed);
  seen = [there, loc.search];
  if (!isMove) return;
  if (last && !isChained) endMove(last.title);
  unaskedAt = 0;
  look();
  if (isChained) stop(last.timer);
  move = { happened: moment(), before: before, spentMs: isChained ? last.spentMs : spentMs, isPushed: isPushed };
  // It has come back to where it was.
  if (isChained && before[0] == seen[0] && before[1] == seen[1]) {
    move = undefined;
    return;
  }
  awaitTitle(SETTLE - CHAIN);
  if (!move.timer) endMove();
}

function watchAddress() {
  const navigation = safe(() => w.navigation.addEventListener && w.navigation);
  if (navigation) {
    // This one also tells of moves by functions that a router kept before this script ran.
    return listen('currententrychange', e => addressChanged(e.navigationType != 'replace'), navigation);
  }
  each(['pushState', 'replaceState'], name =>
    safe(() => wrap(w.history, name, () => addressChanged(name == 'pushState'))));
  listen('popstate', () => addressChanged(true));
  listen('click', () => delay(() => addressChanged(true), CHAIN));
}

function watch() {
  if (cfg.spa) watchAddress();
  listen('visibilitychange', () => {
    if (ofDocument('visibilityState', 'string') == 'hidden') {
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
}
