// The consent banner: when it is shown, and what becomes of an answer. Its look is a file of its own (`static/banner`), which
// is loaded when something is to be shown. Only accounts whose policy may show something are served this part.
const GPC_NOTICE = '__hs_gpc_banner_dismiss';
const NOTICE = '__hs_notify_banner_dismiss';
// What is reported of the address of a page is cut to this length.
const PAGE_MAX = 2000;
// A report that cannot be sent is sent again, so many times.
const REPORTS_MAX = 6;
const files = question.files;
let banner;
// What waits for the file.
let callers;
// The site has asked for the banner before the rule was known.
let isWanted;
// When a report is sent again.
let reporting;
// The number of the choice in the account's log of choices.
let receipt = (/_i:(\w{32})/.exec(read(PREFERENCES)) || [])[1];

const onReceipt = listeners(fn => receipt && fn(receipt));

// The language of the page, else of the browser, else English. A policy may have one language for all.
function bannerLanguage() {
  const known = names(files);
  let found;
  const wanted = [ofDocument('documentElement', 'object').lang, join(nav.languages || [], ' '), nav.language, 'en', known[0]];
  each(join(wanted, ' ').toLowerCase().replace(/_/g, '-').split(' '), tag => {
    found = found || filter([tag, tag.split('-')[0]], one => has(known, one))[0];
  });
  return found;
}

function isByCategory() {
  return policy == 4 || policy == 6;
}

// Calls the function once the banner is there.
function withBanner(fn) {
  if (banner) return fn();
  if (callers) return add(callers, fn);
  callers = [fn];
  const end = () => {
    const waiting = callers;
    callers = undefined;
    if (banner) each(waiting, one => safe(one));
  };
  const language = bannerLanguage();
  safe(addScript, '/' + account + '/banner.' + files[language] + '.' + language + '.js', {
    onload() {
      const make = w.__guestlogBanner;
      delete w.__guestlogBanner;
      banner = safe(make, {
        policy: { type: policy, isByCategory: isByCategory(), gpc: isGpc },
        get current() {
          return choice;
        },
        choose: takeAnswer,
        dismiss: takeDismissal
      });
      end();
    },
    onerror: end
  }) || end();
}

// Nothing is shown where another banner is, nor where nothing is asked.
function canShow() {
  return !hasOwnBanner() && (policy > 1 || isGpc);
}

function showBanner() {
  isWanted = isAsking;
  if (!isWanted && canShow()) withBanner(() => isByCategory() ? banner.showDialog() : banner.show(true));
}

function hideBanner() {
  isWanted = false;
  if (callers) callers = [];
  if (banner) banner.hide();
}

// The small button, by which visitors change their choice.
function showReopen() {
  if (question.reopen && policy > 2) withBanner(() => banner.showReopen(showBanner));
}

showQuestion = () => {
  if (isAsking || !canShow()) return;
  if (isWanted) return showBanner();
  if (choice) {
    if (banner) banner.hide();
    if (consentBy == 'banner') showReopen();
  } else if (maySend() && !shared.isAsking && !(policy < 3 && read(isGpc ? GPC_NOTICE : NOTICE))) {
    // One question is enough where a page has the scripts of several accounts.
    shared.isAsking = true;
    withBanner(() => {
      if (choice) return;
      banner.show();
      if (question.count && policy > 2) report('asked');
    });
  }
};

function takeAnswer(made, how) {
  // Closing a banner that was opened again changes nothing.
  if (how == 'close' && choice) return showReopen();
  let text = '';
  each(CATEGORIES, (name, i) => text += i + 1 + ':' + !!made[name] + '_');
  receipt = hex(16);
  revision = latest;
  consentBy = 'banner';
  // Only who allowed analytics is given a number to keep.
  write(PREFERENCES, text + 'r:' + latest + (made.analytics ? '_i:' + receipt : ''), KEEP);
  remembered = read(PREFERENCES);
  safe(given, made);
  report(how);
  showReopen();
}

// An open question stays open. It is asked again on the next page.
function takeDismissal() {
  if (policy < 3) write(isGpc ? GPC_NOTICE : NOTICE, 'true', KEEP);
  showReopen();
}

// The choice itself is recorded, whatever it is, and nothing else of somebody who refused.
function report(how) {
  if (!maySend()) return;
  // The log must end with the choice that holds.
  stop(reporting);
  const said = {
    how: how,
    revision: latest,
    mask: consentMask() || 1,
    language: bannerLanguage(),
    page: scrubPath(loc.origin + loc.pathname).slice(0, PAGE_MAX)
  };
  if (how != 'asked') {
    said.receipt = receipt;
    if (on() && visit && /^[\da-f]{32}$/.test(visit[1])) said.token = visit[1];
    onReceipt();
  }
  deliver(json(said), 0);
}

function deliver(text, times) {
  const path = '/' + account + '/consent';
  const again = () => {
    if (times < REPORTS_MAX) reporting = delay(() => deliver(text, times + 1), 5e3 << times);
  };
  const answer = safe(send, path, text);
  if (answer && answer.then) answer.then(r => (r.status == 429 || r.status > 499) && again(), again);
  else if (!safe(() => nav.sendBeacon(server + path, text))) again();
}

tellWithdrawal = () => {};
const revoke = consentCalls.revokeCookieConsent;
consentCalls.revokeCookieConsent = () => {
  const hadChoice = consentBy == 'banner' || read(PREFERENCES);
  held = isWanted = false;
  revoke();
  remembered = consentBy = '';
  if (banner) banner.hide();
  if (!hadChoice) return;
  receipt = hex(16);
  report('withdraw');
};

assign(consentCalls, { showBanner: showBanner, hideBanner: hideBanner, addConsentReceiptListener: onReceipt });
add(watchers, () => assign(tracker, { showBanner: showBanner }));
