// The calls of `_hsq`. Names and behaviour are HubSpot's. Calls that are not implemented here are accepted and
// ignored.
function reset() {
  engaged(1, keep);
  erase(VISIT_COOKIES);
  newVisitor();
  if (on()) manage();
}

// The second argument of functions that are pushed, and the one of functions that are asked for a value.
const library = {};

// The queue is handled in this order: calls that set up the script, calls that describe the page, and the others.
const settings = {
  addCookieDomain: addDomain,
  setCookiesToSubdomain(yes) {
    perSubdomain = yes !== false;
  },
  enableSecureCookie(yes) {
    isSecure = yes !== false;
  }
};

const descriptions = {
  identify: identify,
  setPath(to) {
    manual = true;
    pathBefore = path;
    // A whole address is taken too. Its host counts only if it is one of this site, as on the server.
    path = scrub(String(to || '').trim().replace(/^(?!https?:[/]{2})\/?/i, '/'), true)
      .replace(/^\w+:[/]{2}([^/?#:]*)[^/?#]*/, (whole, host) => isOwnSite(host.toLowerCase()) ? whole : loc.origin);
  },
  setCanonicalUrl(address) {
    canonical = address ? scrub(String(address)) : undefined;
    hasNews = true;
  },
  doNotTrack(how) {
    silenced = !(how && how.track);
    if (silenced) write(NO_TRACK, 'yes', KEEP);
    else erase(NO_TRACK);
    consentChanged();
  },
  setLimitTrackingToCookieDomains(yes) {
    ownDomainsOnly = yes !== false;
    consentChanged();
  },
  setTrackingEnabled(yes) {
    enabled = yes !== false;
    consentChanged();
  },
  setDebugMode(yes) {
    debug = yes !== false;
  }
};

const tracker = {
  trackPageView() {
    manual = true;
    const last = takeMove();
    const isKnown = unaskedAt && mono() - unaskedAt < AGAIN && here == address();
    unaskedAt = 0;
    if (firstViewTwice || hasNews || !isKnown) sendView(last, true);
  },
  addIdentityListener: onIdentity,
  addCookieListener: onIdentity,
  addUserTokenListener: fn => onIdentity(() => fn(visit[1])),
  addPrivacyConsentListener: onConsent,
  revokeCookieConsent: consentCalls.revokeCookieConsent,
  enableAutomaticLinker() {
    linksCarry = true;
  },
  handleLink(to) {
    if (to.href) to.href = decorate(to.href);
    else loc.href = decorate(to);
  },
  resetVisitorIdentity: reset,
  resetVisitor: reset,
  trackApproveCookieConsent: () => sendConsent(28),
  trackDeclineCookieConsent: () => sendConsent(29),
  trackRevokeCookieConsent: () => sendConsent(30)
};

each(['PageId', 'ContentType', 'ContentMetadata'], name => {
  const onFact = listeners(fn => facts[name] !== undefined && fn(facts[name]));
  descriptions['set' + name] = value => {
    facts[name] = value;
    hasNews = true;
    onFact();
  };
  tracker['add' + name + 'Listener'] = onFact;
});

assign(assign(tracker, settings), descriptions);

// These calls need no work. Account and server are those the script came from, and nothing is attached to elements,
// so there is nothing to refresh. A function that is pushed may call them all.
each('setPortalId setTrackingDomain setTargetedContentMetadata autocaptureClicks refreshPageHandlers'.split(' '),
  name => tracker[name] = () => {});
