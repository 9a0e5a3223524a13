// Addresses leave the browser without secrets. The server removes secrets once more.
const SECRET = /^((access_|id_|refresh_)?token|auth|(api_?)?key|passw(or)?d|pwd|secret|session(id)?|sid|(php|j)sess(ion)?id|code|sig(nature)?|e?-?mail|__hs(tc|sc|fp|_email))$/i;
const EMAIL = /[^\s@\/]@[^\s@\/]+\.[^\s@\/\d]{2}/;
const JWT = /\beyJ[\w-]+\.[\w-]+\./;
const ADDRESS_MAX = 8000;

function decode(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch (e) {
    return text.replace(/%40/g, '@');
  }
}

function scrubPath(path) {
  return path
    .replace(/^(([a-z]+:)?\/\/)[^\/]*@/i, '$1')
    .replace(/;jsessionid=[^\/;]*/gi, '')
    .replace(/[^\/]+/g, part => EMAIL.test(decode(part)) ? '[email]' : part);
}

function scrubQuery(query) {
  const signIn = /(^|&)code=/i.test(query);
  return join(filter(query.split('&'), pair => {
    const key = decode(pair.split('=')[0]);
    const value = decode(decode(pair.slice(pair.indexOf('=') + 1)));
    return !SECRET.test(key) && !has(removed, key.toLowerCase()) && !(signIn && /^state$/i.test(key)) && !EMAIL.test(value) && !JWT.test(value);
  }), '&');
}

// The path, query and fragment of an address.
function split(address) {
  return /^([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(address);
}

// The fragment counts only in a path that the site itself set.
function scrub(address, withFragment) {
  const parts = split(address);
  const path = scrubPath(parts[1]);
  const query = scrubQuery(parts[2] || '');
  const fragment = withFragment ? scrubQuery(scrubPath(parts[3] || '')) : '';
  const all = path + (query && '?' + query) + (fragment && '#' + fragment);
  return all.length > ADDRESS_MAX ? path.slice(0, ADDRESS_MAX) : all;
}

// The value of a name in a list like that of cookies or parameters.
function valueIn(name, list, between) {
  const found = (between + list).split(between + name + '=')[1] || '';
  return found.split(between)[0];
}

function parameter(name) {
  return decode(valueIn(name, loc.search.slice(1), '&'));
}
