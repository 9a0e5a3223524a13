// The calls of `_hsq`. Names and behaviour are HubSpot's. Calls that are not implemented here are accepted and
// ignored.
function onIdentity(fn) {
  add(identityListeners, fn);
  if (visit) callIdentityListener(fn);
}

function reset() {
  engaged(1, keep);
  erase(VISIT_COOKIES);
  newVisitor();
  if (on()) manage();
}

const tracker = {
  identify: identify,
  trackPageView() {
    manual = true;
    const last = move;
    move = undefined;
    if (last) stop(last.timer);
    const isKnown = unaskedAt && mono() - unaskedAt < AGAIN && here == address();
    unaskedAt = 0;
    if (cfg.twice || hasNews || !isKnown) sendView(last, true);
  },
  setPath(to) {
    manual = true;
    pathBefore = path;
    // A whole address is taken too. Whether its host counts is decided by the server.
    path = scrub(String(to || '').replace(/^(?!https?:)\/?/i, '/'), true);
  },
  setCanonicalUrl(address) {
    canonical = address ? scrub(String(address)) : undefined;
    hasNews = true;
  },
  addIdentityListener: onIdentity,
  addCookieListener: onIdentity,
  addUserTokenListener: fn => onIdentity(() => fn(visit[1])),
  addPrivacyConsentListener: consentCalls.addPrivacyConsentListener,
  revokeCookieConsent: consentCalls.revokeCookieConsent,
  doNotTrack(how) {
    silenced = !(how && how.track);
    if (silenced) write(NO_TRACK, 'yes', KEEP);
    else erase(NO_TRACK);
    consentChanged();
  },
  addCookieDomain: addDomain,
  setCookiesToSubdomain(yes) {
    cfg.subdomains = yes !== false;
  },
  enableSecureCookie(yes) {
    cfg.secure = yes !== false;
  },
  setLimitTrackingToCookieDomains(yes) {
    cfg.limit = yes !== false;
    consentChanged();
  },
  setTrackingEnabled(yes) {
    enabled = yes !== false;
    consentChanged();
  },
  enableAutomaticLinker() {
    cfg.linker = true;
  },
  handleLink(to) {
    if (to.href) to.href = decorate(to.href);
    else loc.href = decorate(to);
  },
  resetVisitorIdentity: reset,
  resetVisitor: reset,
  setDebugMode(yes) {
    debug = yes !== false;
  },
  trackApproveCookieConsent: () => sendConsent(28),
  trackDeclineCookieConsent: () => sendConsent(29),
  trackRevokeCookieConsent: () => sendConsent(30)
};

each(['PageId', 'ContentType', 'ContentMetadata'], name => {
  const listeners = [];
  tracker['set' + name] = value => {
    facts[name] = value;
    hasNews = true;
    each(listeners, fn => safe(fn, value));
  };
  tracker['add' + name + 'Listener'] = fn => {
    add(listeners, fn);
    if (facts[name] !== undefined) fn(facts[name]);
  };
});

// These calls need no work. Account and server are those the script came from, and nothing is attached to elements,
// so there is nothing to refresh. A function that is pushed may call them all.
each('setPortalId setTrackingDomain setTargetedContentMetadata autocaptureClicks refreshPageHandlers'.split(' '),
  name => tracker[name] = () => {});
