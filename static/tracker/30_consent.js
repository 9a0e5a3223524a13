// What the visitor allowed. Until analytics is allowed there is no cookie, no storage, no request and no id.
const NO_TRACK = '__hs_do_not_track';
const VISIT_COOKIES = '__hstc hubspotutk __hssc __hssrc';
const CATEGORIES = ['analytics', 'advertisement', 'functionality'];
let choice;
let silenced;
let enabled = true;
// How the choice was made, and what finds the rule for this visitor. Accounts that have a policy get these from the next
// part.
let consentBy;
let findPolicy = () => {};
// Reports that the visitor takes a choice back. Accounts that show a banner report it otherwise.
let tellWithdrawal = () => sendConsent(30);

// A choice is an object with a boolean for each category. What is necessary is always allowed.
function choose(allows) {
  const made = { necessary: true };
  each(CATEGORIES, (name, i) => made[name] = !!allows(name, i + 1));
  return made;
}

// Before the first choice not even that.
let before = assign(choose(() => false), { necessary: false });

// A choice that was made in the banner, or in HubSpot's, is kept in a cookie: 1:true_2:false_3:true. In the older
// banner, yes meant opting out, so it allows nothing.
function storedChoice() {
  if (heedsGpc && nav.globalPrivacyControl) return choose(() => false);
  const text = read('__hs_cookie_cat_pref') || read('__hs_opt_out');
  if (/\d:|yes/.test(text)) return choose((name, number) => text.indexOf(number + ':true') >= 0);
}

// Before there is a choice the policy decides. With opt-in and "no cookies" nothing is allowed.
function allowed() {
  return choice || choose(() => !/[134]/.test(policy));
}

function noTrack() {
  return silenced || read(NO_TRACK) == 'yes';
}

// Whether anything may be sent at all, whatever the visitor chose.
function maySend() {
  return server && enabled && !noTrack() && (!ownDomainsOnly || domainOf(loc.hostname));
}

function on() {
  return maySend() && allowed().analytics;
}

function consentMask() {
  let mask = 1;
  each(CATEGORIES, (name, i) => mask += choice && choice[name] ? 2 << i : 0);
  return choice && mask;
}

// As long as the question is not answered there is nothing to report.
const onConsent = listeners(fn => {
  if (choice || !/[34]/.test(policy)) fn({
    allowed: !filter(CATEGORIES, name => !allowed()[name])[0],
    categories: assign({}, allowed()),
    previousCategories: assign({}, before)
  });
});

// An unanswered question is no refusal. Sites with a banner of their own answer it anew on each page.
function forgetRefused() {
  if (!noTrack() && (choice ? choice.analytics : policy != 1)) return;
  erase(VISIT_COOKIES);
  waitingEvents = [];
  dropKept();
  newVisitor();
}

// After every change, either what waited for consent is started, or everything is stopped and removed.
function consentChanged() {
  forgetRefused();
  if (on() && wanted) sendView();
}

function decide(made) {
  before = allowed();
  choice = made;
  consentChanged();
  onConsent();
}

const consentCalls = {
  addPrivacyConsentListener: onConsent,
  setHubSpotConsent(made) {
    decide(choose(name => made[name]));
  },
  revokeCookieConsent() {
    tellWithdrawal();
    erase('__hs_initial_opt_in __hs_opt_out __hs_cookie_cat_pref __hs_gpc_banner_dismiss ' +
      '__hs_notify_banner_dismiss messagesUtk ' + NO_TRACK);
    silenced = false;
    decide(choose(() => false));
  }
};
