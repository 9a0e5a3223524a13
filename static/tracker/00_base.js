// What the other parts stand on. `cfg` is the account's configuration, written before this by the server.
const w = window;
const d = document;
const loc = w.location;
const nav = w.navigator;
const DAY = 864e5;
const HALF_HOUR = 18e5;
let debug;

function log(what) {
  if (debug && w.console) w.console.log('hsq', what);
}

// Nothing in here may ever break the page it is on.
function safe(fn, a, b) {
  try {
    return fn(a, b);
  } catch (e) {
    log(e);
  }
}

function listen(target, type, fn) {
  target.addEventListener(type, e => safe(fn, e), true);
}

// Time that no correction of the clock moves.
function mono() {
  return w.performance ? w.performance.now() : Date.now();
}

function hex(bytes) {
  const list = new Uint8Array(bytes);
  if (w.crypto) w.crypto.getRandomValues(list);
  else for (let i = bytes; i--;) list[i] = Math.random() * 256;
  let text = '';
  for (let i = bytes; i--;) text += (256 + list[i]).toString(16).slice(1);
  return text;
}

// HubSpot's hash of a cookie domain, the first part of `__hstc` and `__hssc`.
function hash(text) {
  let h = 0;
  for (let i = text.length; i--;) {
    const c = text.charCodeAt(i);
    h = (h << 6 & 0xfffffff) + c + (c << 14);
    const high = h & 0xfe00000;
    if (high) h ^= high >> 21;
  }
  return h;
}

// The server is where this script came from. Proxies may put it below a path of their own.
const server = safe(() => {
  const tail = '/' + cfg.account + '.js';
  let script = d.currentScript;
  if (!script || !script.src) script = d.getElementById('hs-script-loader');
  if (!script || !script.src) {
    script = [].filter.call(d.getElementsByTagName('script'), s => s.src.split(/[?#]/)[0].endsWith(tail))[0];
  }
  return script.src.split(/[?#]/)[0].replace(/(\/analytics\/\d+|\/v2\/\d+)?\/[^\/]*$/, '');
});
