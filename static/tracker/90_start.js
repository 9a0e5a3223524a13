// Takes over the queues in HubSpot's order: settings, then the description of the page, then the rest in the order it
// came.
// Entries that are kept for the scripts of other accounts.
const PAST_MAX = 100;

function isIn(calls, entry) {
  return isList(entry) && has(names(calls), entry[0]);
}

function run(calls, entry) {
  safe(() => {
    if (typeof entry == 'function') entry(tracker, library);
    else if (isIn(calls, entry)) calls[entry[0]].apply(calls, filter(entry, (one, i) => i));
  });
}

// The pass in which an entry is handled.
function turnOf(entry) {
  return isIn(settings, entry) ? 1 : isIn(descriptions, entry) ? 2 : 3;
}

// Moves the entries of a queue to the past, where scripts of other accounts find them too.
function absorb(list) {
  const known = sharedOf(list);
  for (let i = known.absorbed || 0; i < list.length; i++) add(known.past, list[i]);
  safe(() => list.length = 0);
  known.absorbed = list.length;
  return known.past;
}

// From now on a push is a call. The first `done` entries are handled already.
function takeOver(list, calls, done) {
  const known = sharedOf(list);
  for (let i = done; i < absorb(list).length; i++) run(calls, known.past[i]);
  add(known.all, entry => run(calls, entry));
  safe(() => list.push = function () {
    each(arguments, entry => {
      if (known.past.length < PAST_MAX) add(known.past, entry);
      each(known.all, handle => handle(entry));
    });
    return 0;
  });
}

function start() {
  const past = filter(absorb(queue), () => true);
  const take = turn => each(past, entry => turnOf(entry) == turn && run(tracker, entry));
  debug = /[#&]hsdbg/.test(loc.hash) || read('hs_dbg') == '1';
  choice = storedChoice();
  findPolicy();
  take(1);
  takeOver(queueOf('_hsp'), consentCalls, 0);
  const email = parameter('__hs_email');
  if (email) identify({ email: email });
  take(2);
  forgetRefused();
  each(watchers, watch => safe(watch));
  take(3);
  safe(sendFirstView);
  // Entries that a queued function adds are handled after the view.
  takeOver(queue, tracker, past.length);
}

function addressIn(frame) {
  return safe(() => frame.location.href.split('#')[0]);
}

// A frame without an address of its own, or in a sandbox, is no page of the site. A frame or window that a page has
// written has the address of that page. A window may also have it because it was opened there; then it was loaded.
const isWritten = w.parent != w && addressIn(w.parent) == addressIn(w) || addressIn(w.opener) == addressIn(w) &&
  safe(() => /^about:/.test(performance.getEntriesByType('navigation')[0].name));
const isPage = /^http/.test(loc.protocol) && w.origin != 'null' && !isWritten;

if (isPage && !server) {
  warn('does not know its server; set public_url');
} else if (isPage && !shared[account] && (shared.all[0] || !w._hstc_loaded)) {
  shared[account] = w._hstc_loaded = true;
  const begin = () => {
    if (w._hstc_ran && !shared.all[0]) return;
    w._hstc_ran = true;
    each(ownDomains, addDomain);
    safe(pickOr, () => safe(start));
  };
  if (d.prerendering === true) listen('prerenderingchange', begin, d);
  else begin();
}
