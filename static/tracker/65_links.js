// Links to another of the account's domains carry visitor and session along, once analytics is allowed.
function decorate(address) {
  const link = ask('createElement', 'a');
  link.href = address;
  if (!on() || !visit || !domainOf(link.hostname) || isOwnSite(link.hostname)) return address;
  const others = (link.search || '').replace(/^\?/, '&').replace(/&__hs(tc|sc|fp)=[^&]*/g, '');
  link.search = (others + '&__hstc=' + join(visit, '.') + '&__hssc=' + join(session, '.') + '&__hsfp=' + fingerprint(0))
    .replace('&', '?');
  return link.href;
}

// The link is changed when it is pressed and not before, so a link that is copied stays as it is.
function pressed(e) {
  let link = e.target;
  while (link && !(link.href && link.tagName == 'A')) link = link.parentNode;
  if (!linksCarry || !link) return;
  const address = decorate(link.href);
  if (address != link.href) link.href = address;
}

add(watchers, () => each(['mousedown', 'click'], type => listen(type, pressed)));
