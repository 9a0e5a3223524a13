// Counting page views that the visitor did not allow, in totals only. It is served with the consent policy, and works where
// the account has switched it on. Nothing is stored in the browser, and what is sent holds no id: the page without its
// query, and of the first view of a load the site that led to it. A view is sent when its page is left, and only if it is
// not allowed even then. So one that the visitor allows in the end is sent as an ordinary one instead, and none twice.
let pendingView;
let pendingAt;
let hasEntered;

// What fails is not sent again, because nothing would say that it is the same.
function sendPending() {
  const left = pendingView;
  pendingView = 0;
  if (left && wanted && maySend() && !on()) safe(() => send('/' + account + '/count', json(left)).then(0, () => {}));
}

if (countsAnonymously) {
  countView = moved => {
    const was = moved ? moved.was : moment();
    const page = addressOf(path || was.po, was.pu.split('#')[0]).replace(/\?[^#]*/, '');
    // The site reports the view that was noted unasked.
    if (!moved && pendingView && pendingView.page == page && mono() - pendingAt < AGAIN) return;
    sendPending();
    pendingAt = mono();
    pendingView = { page: page };
    if (!hasEntered && !here) {
      assign(pendingView, { entry: true, referrer: (/^[^\/]+:\/\/[^\/?#]+/.exec(scrub(referrer() || '')) || [])[0] });
    }
    hasEntered = true;
  };
  add(watchers, () => {
    listen('visibilitychange', () => isHidden() && sendPending());
    listen('pagehide', sendPending);
  });
}
