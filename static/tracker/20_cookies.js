// Reading and writing cookies, and the domain they are set for.
const KEEP = 180 * DAY;
const domains = [];

function addDomain(name) {
  name = ('.' + name).toLowerCase().replace(/^\.(?=\.)|:\d+$/g, '');
  if (!has(domains, name)) add(domains, name);
}

function domainOf(host) {
  let shortest = '';
  each(domains, name => {
    if (('.' + host).endsWith(name) && (!shortest || name.length < shortest.length)) shortest = name;
  });
  return shortest;
}

// A host that belongs to the same domain of the account as the page.
function isOwnSite(host) {
  const domain = domainOf(host);
  return host == loc.hostname || domain && domain == domainOf(loc.hostname);
}

function cookieDomain() {
  return perSubdomain ? '' : domainOf(loc.hostname);
}

function domainHash() {
  return hash(cookieDomain() || '.' + loc.hostname.replace(/^[^.]*\.(?=.*\.)/, ''));
}

function read(name) {
  return valueIn(name, ofDocument('cookie', 'string'), '; ');
}

function put(name, value, ms, domain) {
  const text = name + '=' + value + '; path=/; SameSite=Lax' +
    (ms === undefined ? '' : '; max-age=' + Math.round(ms / 1000)) +
    (domain ? '; domain=' + domain : '') +
    (isSecure ? '; Secure' : '');
  safe(() => {
    // What a site or its consent tool has put here in place of the browser's own is used.
    if (typeof d.cookie == 'string') d.cookie = text;
    else w.Reflect.set(w.Document.prototype, 'cookie', text, d);
  });
}

// Without `ms` the cookie lives as long as the browser runs.
function write(name, value, ms) {
  const domain = cookieDomain();
  put(name, value, ms, domain);
  // Browsers refuse cookies for domains that are public suffixes, single names or addresses.
  if (domain && read(name) !== value) put(name, value, ms);
}

// Cookies of HubSpot's own script may be set on any domain above the page.
function erase(cookies) {
  each(cookies.split(' '), name => {
    put(name, '', 0);
    for (let above = '.' + loc.hostname; above; above = above.replace(/^\.[^.]*/, '')) put(name, '', 0, above);
  });
}
