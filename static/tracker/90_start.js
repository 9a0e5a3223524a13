// Takes over the queues in HubSpot's order: settings, then the description of the page, then the rest in the order it
// came.
const SETTINGS = 'setCookiesToSubdomain addCookieDomain enableSecureCookie';
const FACTS = ' setCanonicalUrl setPath setContentType setContentMetadata setPageId identify setDebugMode ' +
  'setLimitTrackingToCookieDomains setTrackingEnabled doNotTrack';
// Entries that are kept for the scripts of other accounts.
const PAST_MAX = 100;

function run(calls, entry) {
  safe(() => {
    if (typeof entry == 'function') entry(tracker, library);
    else if (isList(entry) && has(names(calls), entry[0])) calls[entry[0]].apply(calls, filter(entry, (one, i) => i));
  });
}

function isOneOf(entry, calls) {
  return isList(entry) && has(calls.split(' '), entry[0]);
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
  const past = absorb(queue);
  const done = past.length;
  const pass = isWanted => {
    for (let i = 0; i < done; i++) {
      if (isWanted(past[i])) run(tracker, past[i]);
    }
  };
  debug = /[#&]hsdbg/.test(loc.hash) || read('hs_dbg') == '1';
  each(cfg.domains, addDomain);
  choice = storedChoice();
  pass(entry => isOneOf(entry, SETTINGS));
  takeOver(queueOf('_hsp'), consentCalls, 0);
  const email = parameter('__hs_email');
  if (email) identify({ email: email });
  pass(entry => isOneOf(entry, FACTS));
  forgetRefused();
  safe(watch);
  watchLinks();
  safe(watchActs);
  pass(entry => !isOneOf(entry, SETTINGS + FACTS));
  safe(sendFirstView);
  // Entries that a queued function adds are handled after the view.
  takeOver(queue, tracker, done);
}

// A frame without an address of its own, or in a sandbox, is no page of the site.
const isPage = /^http/.test(loc.protocol) && w.origin != 'null';

if (isPage && !server) {
  warn('the script does not know its server; set public_url');
} else if (isPage && !shared[cfg.account] && (shared.all[0] || !w._hstc_loaded)) {
  shared[cfg.account] = w._hstc_loaded = true;
  const begin = () => {
    if (w._hstc_ran && !shared.all[0]) return;
    w._hstc_ran = true;
    safe(pickOr, () => safe(start));
  };
  if (d.prerendering === true) listen('prerenderingchange', begin, d);
  else begin();
}
