// Navigation inside a page. Only accounts that count it are served this part.
// Moves that follow each other within this time are one, for example when a router leads on to a default page.
const CHAIN = 250;
// A move inside the page waits this long for its title, and for a site that calls `setPath` and `trackPageView` itself.
const SETTLE = 2000;
// Where what follows `#` is a page, it belongs to the path.
function pathSeen() {
  return loc.pathname + (fragmentIsPage ? loc.hash : '');
}

// Path and query, as last seen.
let seen = [pathSeen(), loc.search];
// A move that is no page view yet: when and where it was, what was seen before it, how long the page before it was
// visible, its title as last seen, and its timer.
let move;

takeMove = () => {
  const taken = move;
  move = undefined;
  if (taken) stop(taken.timer);
  return taken;
};

// A move is a page view unless the site reports its views itself.
endMove = titleSeen => {
  const done = takeMove();
  if (done && !manual) sendView(done, false, titleSeen);
};

// Some sites set the title of a page before its address, and others some time after it. The title is therefore looked at
// while a move waits, until it is another one than that of the view before. What it is when the next move begins may be
// that of the next page.
function awaitTitle(left) {
  if (!move.title || view && move.title == view.t) move.title = title();
  move.timer = delay(() => left > 0 ? awaitTitle(left - CHAIN) : endMove(), CHAIN);
}

// The address has changed, or may have. Addresses are mostly replaced for filters and cleaned campaigns, so a new one is
// a page view only when the path changes, or when it was pushed.
function addressChanged(isPushed) {
  const last = move;
  const there = pathSeen();
  const isChained = last && Date.now() - last.was.at < CHAIN;
  const before = isChained ? last.before : seen;
  const isMove = there != seen[0] || loc.search != seen[1] && (isPushed || isChained && last.isPushed);
  seen = [there, loc.search];
  if (!isMove) return;
  if (last && !isChained) endMove(last.title);
  unaskedAt = 0;
  look();
  if (isChained) stop(last.timer);
  move = { was: moment(), before: before, spent: isChained ? last.spent : spentMs, isPushed: isPushed };
  // It has come back to where it was.
  if (isChained && before[0] == seen[0] && before[1] == seen[1]) {
    move = undefined;
    return;
  }
  awaitTitle(SETTLE - CHAIN);
  if (!move.timer) endMove();
}

add(watchers, () => {
  const navigation = safe(() => w.navigation.addEventListener && w.navigation);
  if (navigation) {
    // This one also tells of moves by functions that a router kept before this script ran.
    return listen('currententrychange', e => addressChanged(e.navigationType != 'replace'), navigation);
  }
  each(['pushState', 'replaceState'], name =>
    safe(() => wrap(w.history, name, () => addressChanged(name == 'pushState'))));
  listen('popstate', () => addressChanged(true));
  listen('click', () => delay(() => addressChanged(true), CHAIN));
});
