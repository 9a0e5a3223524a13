// The calls of `_hsq`. Names and behaviour are HubSpot's; calls whose work is not here are taken and ignored.
const library = {};
const pageListeners = { pageId: [], contentType: [], contentMetadata: [] };
const pageFacts = {};

function setFact(name, value) {
  pageFacts[name] = value;
  pageListeners[name].forEach(fn => safe(fn, value));
}

function onFact(name, fn) {
  pageListeners[name].push(fn);
  if (pageFacts[name] !== undefined) fn(pageFacts[name]);
}

function onIdentity(fn) {
  identityListeners.push(fn);
  if (visit) tellIdentity(fn);
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
    sendView();
  },
  setPath(to) {
    manual = true;
    pathBefore = path;
    path = scrub(String(to || '').replace(/^\/?/, '/'), true);
  },
  setContentType(type) {
    contentType = String(type);
    setFact('contentType', type);
  },
  setPageId(id) {
    pageId = String(id);
    setFact('pageId', id);
  },
  setContentMetadata(facts) {
    setFact('contentMetadata', facts);
  },
  setCanonicalUrl(address) {
    canonical = address ? scrub(String(address)) : undefined;
  },
  addIdentityListener: onIdentity,
  addCookieListener: onIdentity,
  addUserTokenListener(fn) {
    tokenListeners.push(fn);
    if (visit) tellToken(fn);
  },
  addPageIdListener: fn => onFact('pageId', fn),
  addContentTypeListener: fn => onFact('contentType', fn),
  addContentMetadataListener: fn => onFact('contentMetadata', fn),
  addPrivacyConsentListener: fn => w._hsp.push(['addPrivacyConsentListener', fn]),
  revokeCookieConsent: () => w._hsp.push(['revokeCookieConsent']),
  doNotTrack(how) {
    silenced = !(how && how.track);
    if (silenced) write(NO_TRACK, 'yes', KEEP);
    else erase(NO_TRACK);
    consentChanged();
  },
  addCookieDomain: addDomain,
  setCookiesToSubdomain(yes) {
    perSubdomain = yes !== false;
  },
  enableSecureCookie(yes) {
    secure = yes !== false;
  },
  setLimitTrackingToCookieDomains(yes) {
    limited = yes !== false;
    consentChanged();
  },
  setTrackingEnabled(yes) {
    enabled = yes !== false;
    consentChanged();
  },
  enableAutomaticLinker() {
    linking = true;
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

// The account and its server are those the script came from. Events, forms and calls to action come here.
('setPortalId setTrackingDomain setTrackingGate setLegacy setTargetedContentMetadata embedHubSpotScript ' +
  'handleSearchLink handleSearchLinks initEventVisualizerScript ' +
  'trackEvent trackConversion trackCustomBehavioralEvent trackClick autocaptureClicks refreshPageHandlers ' +
  'trackFormView trackFormInstall trackFormVisible trackFormInteraction trackFormCompletion ' +
  'trackFeedbackView trackCtaView').split(' ').forEach(name => tracker[name] = () => {});
