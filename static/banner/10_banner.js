// The banner with its buttons, and the notices. Rejecting stands beside accepting, has the same size and colours, and is one
// press of Tab away.
function makeBanner(type, isByCategory, gpc, act) {
  const isNotice = gpc || type == 2;
  const body = gpc ? texts.gpc : type == 2 ? texts.notify : type > 4 ? texts.opt_out : type == 4 ? texts.by_category : texts.opt_in;
  const link = privacyUrl && make('a', { href: privacyUrl }, [texts.privacy]);
  const buttons = isNotice ? [button('hs-eu-confirmation-button', 'solid accept', texts.understood, act.close)] : [
    make('div', { id: 'hs-eu-cookie-confirmation-button-group', class: 'pair' }, [
      button('hs-eu-confirmation-button', 'solid accept', isByCategory ? texts.accept_all : texts.accept, act.accept),
      button('hs-eu-decline-button', 'solid reject', isByCategory ? texts.reject_all : texts.reject, act.reject)
    ]),
    isByCategory && button('hs-eu-cookie-settings-button', '', texts.choose, act.choose)
  ];
  const card = make('div', {
    id: gpc ? 'hs-banner-gpc' : 'hs-eu-cookie-confirmation',
    class: 'card',
    role: 'dialog',
    'aria-labelledby': 'hs-eu-header',
    'aria-describedby': 'hs-eu-policy-wording',
    tabindex: -1
  }, [
    make('div', { id: 'hs-eu-cookie-confirmation-inner', class: 'inner' }, [
      make('div', {}, [
        make('div', { id: 'hs-eu-header', class: 'head' }, [texts.heading]),
        make('p', { id: 'hs-eu-policy-wording' }, [body, link && ' ', link])
      ]),
      make('div', { id: 'hs-en-cookie-confirmation-buttons-area', class: 'row' }, buttons)
    ]),
    !isNotice && closeButton('hs-eu-close-button', act.close)
  ]);
  card.addEventListener('keydown', event => {
    if (event.key == 'Escape') act.close();
  });
  const place = /^(top|bottom)$/.test(position) ? position + ' bar' : position;
  return make('div', { id: 'hs-banner-parent', class: 'glc parent ' + scheme + ' ' + place }, [card]);
}
