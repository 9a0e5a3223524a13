// Links to another of the account's domains carry visitor and session along, once analytics is allowed.
function decorate(address) {
  const link = ask('createElement', 'a');
  link.href = address;
  const target = domainOf(link.hostname);
  if (!on() || !visit || !target || target == domainOf(loc.hostname)) return address;
  const clean = filter((link.search || '').slice(1).split('&'), pair => pair && !/^__hs(tc|sc|fp)=/.test(pair));
  link.search = '?' + join(map(clean, pair => pair + '&'), '') + '__hstc=' + join(visit, '.') + '&__hssc=' +
    join(session, '.') + '&__hsfp=' + fingerprint();
  return link.href;
}

// The link is changed when it is pressed and not before, so a link that is copied stays as it is.
function pressed(e) {
  let link = e.target;
  while (link && !(link.href && link.tagName == 'A')) link = link.parentNode;
  if (!cfg.linker || !link) return;
  const address = decorate(link.href);
  if (address != link.href) link.href = address;
}

function watchLinks() {
  listen('mousedown', pressed);
  listen('click', pressed);
}
