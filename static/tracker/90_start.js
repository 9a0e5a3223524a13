// Takes over the queues in HubSpot's order: settings, then the description of the page, then the rest in the order it
// came.
const SETTINGS = 'setCookiesToSubdomain addCookieDomain enableSecureCookie';
const FACTS = 'setCanonicalUrl setPath setContentType setContentMetadata setPageId identify setDebugMode ' +
  'setLimitTrackingToCookieDomains setTrackingEnabled doNotTrack';

function run(calls, entry) {
  safe(() => {
    if (typeof entry == 'function') entry(tracker, library);
    else if (Array.isArray(entry) && Object.keys(calls).indexOf(entry[0]) >= 0) calls[entry[0]].apply(calls, [].slice.call(entry, 1));
  });
}

function queueOf(name) {
  return w[name] = Array.isArray(w[name]) ? w[name] : [];
}

// From now on a push is a call.
function takeOver(queue, calls) {
  queue.push = function () {
    [].forEach.call(arguments, entry => run(calls, entry));
    return 0;
  };
  while (queue.length) run(calls, queue.shift());
}

function pass(queue, names) {
  queue.slice().forEach(entry => {
    if (entry && names.indexOf(entry[0]) >= 0) {
      queue.splice(queue.indexOf(entry), 1);
      run(tracker, entry);
    }
  });
}

function start() {
  const queue = queueOf('_hsq');
  debug = /[#&]hsdbg/.test(loc.hash) || read('hs_dbg') == '1';
  cfg.domains.forEach(addDomain);
  choice = storedChoice();
  queue.push(sendView);
  pass(queue, SETTINGS);
  takeOver(queueOf('_hsp'), consentCalls);
  const email = parameter('__hs_email');
  if (email) identify({ email: email });
  pass(queue, FACTS);
  forgetRefused();
  watch();
  watchLinks();
  safe(watchActs);
  // Entries that a queued function adds are handled after it, in order.
  while (queue.length) run(tracker, queue.shift());
  takeOver(queue, tracker);
}

if (!w._hstc_loaded && server) {
  w._hstc_loaded = true;
  const begin = () => {
    if (w._hstc_ran) return;
    w._hstc_ran = true;
    safe(pickOr, () => safe(start));
  };
  if (d.prerendering) listen(d, 'prerenderingchange', begin);
  else begin();
}
