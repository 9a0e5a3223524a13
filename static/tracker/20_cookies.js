// Reading and writing cookies, and the domain they are set for.
const KEEP = 180 * DAY;
let domains = [];
let perSubdomain = cfg.subdomains;
let secure = cfg.secure;

function addDomain(name) {
  name = '.' + String(name).toLowerCase().replace(/^\./, '').replace(/:\d+$/, '');
  if (domains.indexOf(name) < 0) domains.push(name);
}

function domainOf(host) {
  return domains.filter(name => ('.' + host).endsWith(name)).sort((a, b) => a.length - b.length)[0] || '';
}

function cookieDomain() {
  return perSubdomain ? '' : domainOf(loc.hostname);
}

function domainHash() {
  const labels = loc.hostname.split('.');
  return hash(cookieDomain() || '.' + labels.slice(labels.length > 2 ? 1 : 0).join('.'));
}

function read(name) {
  const found = ('; ' + safe(() => d.cookie)).split('; ' + name + '=')[1];
  return found ? found.split(';')[0] : '';
}

function put(name, value, ms, domain) {
  safe(() => {
    d.cookie = name + '=' + value + '; path=/; SameSite=Lax' +
      (ms === undefined ? '' : '; max-age=' + Math.round(ms / 1000)) +
      (domain ? '; domain=' + domain : '') +
      (secure ? '; Secure' : '');
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
function erase(names) {
  const labels = loc.hostname.split('.');
  names.split(' ').forEach(name => {
    put(name, '', 0);
    labels.forEach((_, i) => put(name, '', 0, '.' + labels.slice(i).join('.')));
  });
}
