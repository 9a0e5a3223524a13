// What the other parts are built on. `cfg` is the configuration of the account, which the server writes into the
// script.
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

// Nothing in here may ever break the page, so every error is caught.
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

// Wraps a function of the page, so that this script is notified before the function runs.
function wrap(object, name, fn) {
  const original = object[name];
  object[name] = function () {
    safe(fn, this);
    return original.apply(this, arguments);
  };
}

// A time that does not change when the clock is corrected.
function mono() {
  return w.performance.now();
}

function hex(bytes) {
  return [].map.call(w.crypto.getRandomValues(new Uint8Array(bytes)), n => (256 + n).toString(16).slice(1)).join('');
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

// The element that loaded this script.
const own = safe(() => [d.currentScript, d.getElementById('hs-script-loader')]
  .concat([].filter.call(d.scripts, s => s.src.indexOf('/' + cfg.account + '.js') > 0)).find(s => s && s.src));
// The script talks to the server that it came from. A proxy may put that server below a path.
const server = own && own.src.replace(/(\/analytics\/\d+|\/v2\/\d+)?\/[^\/?#]*([?#].*)?$/, '');
