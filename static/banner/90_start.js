// What the tracker's script is given.
w.__guestlogBanner = page => {
  const policy = page.policy;
  const shown = {};
  let opener;
  let isFromReopen;

  function remove(name) {
    if (shown[name]) shown[name].remove();
    shown[name] = 0;
  }

  // The focus goes back to where it was when the banner was asked for, not to the top of the page.
  function hide() {
    if (shown.dialog) shown.dialog.close();
    remove('dialog');
    remove('banner');
    remove('reopen');
    if (opener) opener.focus();
    opener = 0;
  }

  function answer(allows, how) {
    const made = {};
    CATEGORIES.forEach(name => made[name] = !!allows(name));
    hide();
    page.choose(made, how);
  }

  const act = {
    accept: () => answer(() => true, 'accept'),
    reject: () => answer(() => false, 'reject'),
    save: allows => answer(allows, 'save'),
    choose: () => showDialog(),
    close() {
      if (policy.type > 4 && !policy.gpc) return answer(() => true, 'close');
      hide();
      page.dismiss();
    }
  };

  function show(takesFocus) {
    if (shown.banner) return;
    isFromReopen = shown.reopen && shown.reopen.contains(d.activeElement);
    remove('reopen');
    if (takesFocus) opener = d.activeElement;
    shown.banner = add(makeBanner(policy.type, policy.isByCategory, policy.gpc, act));
    raise(shown.banner);
    if (takesFocus) shown.banner.firstChild.focus();
  }

  // Closing the dialog decides nothing: the banner is still there if it was, and an earlier choice holds.
  function showDialog() {
    if (shown.dialog) return;
    const dialog = makeDialog(page.current || (policy.type > 4 ? { analytics: 1, advertisement: 1, functionality: 1 } : {}), act);
    shown.dialog = add(dialog);
    dialog.addEventListener('close', () => shown.dialog == dialog && remove('dialog'));
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute('open', '');
  }

  function showReopen(open) {
    if (shown.reopen) return;
    const small = button('hs-reopen-button', '', texts.reopen, open);
    shown.reopen = add(make('div', { id: 'hs-reopen', class: 'glc reopen ' + scheme, role: 'region', 'aria-label': texts.reopen }, [small]));
    if (isFromReopen) small.focus();
    isFromReopen = 0;
  }

  return { show: show, hide: hide, showDialog: showDialog, showReopen: showReopen };
};
