// Stands for the tracker's script in the preview of the settings. A choice is forgotten, and the banner can be opened again.
(policy => {
  const page = { policy: policy, choose: answer, dismiss: answer };
  const banner = window.__guestlogBanner(page);
  function answer(made) {
    page.current = made;
    if (policy.reopen) banner.showReopen(() => banner.show(true));
  }
  banner.show();
})(GUESTLOG_POLICY);
