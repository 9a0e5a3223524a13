// What the other parts are built on. The settings of the account are the parameters of the function around all parts;
// `src/tracker` names them, and calls of the page change some of them. Pages and their libraries replace, wrap and hide
// what belongs to the browser. Lists are therefore walked by functions of this script, and whatever is asked of the browser
// may fail.
const w = window;
const d = document;
const loc = w.location;
const nav = w.navigator;
const DAY = 864e5;
const HALF_HOUR = 18e5;
let debug;

function log(what) {
  try {
    if (debug) w.console.log('hsq', what);
  } catch (e) {
    // The page has no console.
  }
}

// Nothing in here may ever break the page, so every error is caught.
function safe(fn, a, b) {
  try {
    return fn(a, b);
  } catch (e) {
    log(e);
  }
}

function each(list, fn) {
  for (let i = 0; i < list.length; i++) fn(list[i], i);
}

function add(list, one) {
  list[list.length] = one;
}

function map(list, fn) {
  const made = [];
  each(list, one => add(made, fn(one)));
  return made;
}

function filter(list, fn) {
  const kept = [];
  each(list, (one, i) => fn(one, i) && add(kept, one));
  return kept;
}

function has(list, one) {
  return filter(list, other => other === one).length > 0;
}

function join(list, between) {
  let text = '';
  each(list, (one, i) => text += (i ? between : '') + one);
  return text;
}

// A form has a length too.
function isList(value) {
  return value && typeof value == 'object' && value.length >= 0 && !value.nodeType;
}

// The names of the properties that have a value and do not come from what a library has added to every object.
function names(object) {
  const found = [];
  for (const name in object) {
    if (object[name] !== {}[name]) add(found, name);
  }
  return found;
}

function assign(to, from) {
  for (const name in from) to[name] = from[name];
  return to;
}

// JSON of a plain object. Older libraries give texts and lists a `toJSON` that makes something else of them.
function json(value) {
  if (typeof value == 'string') {
    return '"' + value.replace(/["\\\x00-\x1f]/g, c => '\\u' + (65536 + c.charCodeAt(0)).toString(16).slice(1)) + '"';
  }
  if (typeof value != 'object') return value - value == 0 ? '' + value : 'null';
  return '{' + join(map(names(value), name => json(name) + ':' + json(value[name])), ',') + '}';
}

// A picture or a form may have a name that hides a property of the document. What is then found there is an element.
function ofDocument(name, type) {
  const found = [safe(() => d[name]), safe(() => w.Reflect.get(w.Document.prototype, name, d))];
  return filter(found, value => typeof value == type)[0];
}

// Calls a function of the document.
function ask(name, about) {
  return ofDocument(name, 'function').call(d, about);
}

function listen(type, fn, target) {
  safe(() => (target || w).addEventListener(type, e => safe(fn, e), true));
}

// What listens to something that may be known already. `tell` tells one listener if it is. The answer adds a listener,
// or tells all of them when it is given none.
function listeners(tell) {
  const all = [];
  return fn => {
    if (!fn) return each(all, one => safe(tell, one));
    add(all, fn);
    tell(fn);
  };
}

// Wraps a function of the page, so that this script is notified after it.
function wrap(object, name, fn) {
  const original = object[name];
  object[name] = function () {
    const result = original.apply(this, arguments);
    safe(fn, this);
    return result;
  };
}

// Answers nothing when the page has broken the timers.
function delay(fn, ms) {
  return safe(() => w.setTimeout(() => safe(fn), ms));
}

function stop(timer) {
  safe(() => w.clearTimeout(timer));
}

const performance = safe(() => w.performance);

// A time that does not change when the clock is corrected.
function mono() {
  return safe(() => performance.now()) || Date.now();
}

function hex(bytes) {
  const list = new Uint8Array(bytes);
  each(list, (_, i) => list[i] = Math.random() * 256);
  safe(() => w.crypto.getRandomValues(list));
  return join(map(list, n => (256 + n).toString(16).slice(1)), '');
}

// HubSpot's hash of a cookie domain, the first part of `__hstc` and `__hssc`.
function hash(text) {
  let h = 0;
  for (let i = text.length; i--;) {
    const c = text.charCodeAt(i);
    h = (h << 6 & 0xfffffff) + c + (c << 14);
    h ^= (h & 0xfe00000) >> 21;
  }
  return h;
}

const FILE = '/' + account + '.js';
// The element that loaded this script. A module has none, and one that is loaded by `import` is in no list of the page.
const own = filter([
  ofDocument('currentScript', 'object'),
  safe(ask, 'getElementById', 'hs-script-loader'),
  filter(safe(() => d.scripts) || [], tag => ('' + tag.src).indexOf(FILE) > 0)[0]
], tag => tag && tag.src)[0];
const source = own ? own.src : (/https?:[^\s)]+\.js/.exec(safe(() => new Error().stack)) || [''])[0];
// The script talks to the server that it came from. A proxy may put that server below a path. A site that keeps a copy
// of the script needs a server that knows its public address.
const server = publicUrl && source.indexOf(FILE) < 0 ? publicUrl :
  source.replace(/(\/analytics\/\d+|\/v2\/\d+)?\/[^\/?#]*([?#].*)?$/, '');

function warn(text) {
  safe(() => w.console.warn('Guestlog: ' + text));
}

function queueOf(name) {
  const known = safe(() => w[name]);
  return isList(known) ? known : safe(() => w[name] = []) || [];
}

// What the scripts of several accounts on a page share of a queue: the entries so far, and a function of each account
// that handles one.
function sharedOf(list) {
  const known = list.guestlog || { past: [], all: [] };
  safe(() => list.guestlog = known);
  return known;
}

// What the parts want to watch in the page, once the settings are known.
const watchers = [];
const queue = queueOf('_hsq');
const shared = sharedOf(queue);
