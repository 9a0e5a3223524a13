// What HubSpot's loader includes for collected forms. Here the tracking script reads forms itself, if its account wants
// that; this only loads it for the account that the tag names, where the page does not include it.
(() => {
  const own = document.currentScript;
  const id = own && (own.getAttribute('data-hsjs-portal') || own.getAttribute('data-leadin-portal-id'));
  if (!/^\d+$/.test(id) || window._hstc_loaded || document.getElementById('hs-script-loader')) return;
  const tag = document.createElement('script');
  tag.async = true;
  tag.id = 'hs-script-loader';
  tag.src = own.src.replace(/\/collectedforms\.js.*/, '/' + id + '.js');
  document.head.appendChild(tag);
})();
