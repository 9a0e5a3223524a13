// A simulated browser: pages (tabs) share cookies and storage, and the test controls clock, timers and network. It
// has only what the tracking script may use; anything else throws, so the test notices.
'use strict';
globalThis.browser = (() => {
  const NativeDate = Date;
  const SUFFIXES = ['com', 'org', 'test', 'co.uk', 'github.io', 'localhost'];
  const state = {
    wall: 1700000000000, mono: 5, pages: [], requests: [], storage: {}, jar: [], timers: [], born: 0,
    cookiesBlocked: false, storageBlocked: false, storageFull: false, timerId: 0, errors: [],
    net: { fetch: 204, pick: 204, image: 200, beacon: 204, retryAfter: null, said: 'stored' },
    navigator: { userAgent: 'TestBrowser/1.0', language: 'en-GB' }, logs: []
  };

  function parse(href) {
    const m = /^(https?:)\/\/([^\/?#:]+)(:\d+)?(\/[^?#]*)?(\?[^#]*)?(#.*)?$/.exec(href);
    if (!m) throw new Error('not an address: ' + href);
    return {
      protocol: m[1], hostname: m[2], port: (m[3] || '').slice(1), pathname: m[4] || '/',
      search: m[5] === '?' ? '' : m[5] || '', hash: m[6] || '', host: m[2] + (m[3] || ''),
      origin: m[1] + '//' + m[2] + (m[3] || '')
    };
  }

  function resolve(base, address) {
    if (/^https?:/.test(address)) return address;
    const at = parse(base);
    if (address[0] === '/') return at.origin + address;
    if (address[0] === '?') return at.origin + at.pathname + address;
    if (address[0] === '#') return at.origin + at.pathname + at.search + address;
    return at.origin + at.pathname.replace(/[^\/]*$/, '') + address;
  }

  function makeLocation(page) {
    const part = name => ({ get: () => parse(page.url)[name], enumerable: true });
    const location = Object.defineProperties({}, {
      protocol: part('protocol'), hostname: part('hostname'), port: part('port'), host: part('host'),
      pathname: part('pathname'), search: part('search'), hash: part('hash'), origin: part('origin'),
      href: { get: () => page.url, set: to => { page.navigated = resolve(page.url, to); } }
    });
    return location;
  }

  function makeAnchor(page, address) {
    let href = address ? resolve(page.url, address) : '';
    const anchor = { tagName: 'A', parentNode: null };
    Object.defineProperty(anchor, 'href', { get: () => href, set: to => { href = resolve(page.url, to); } });
    Object.defineProperty(anchor, 'hostname', { get: () => href ? parse(href).hostname : '' });
    Object.defineProperty(anchor, 'search', {
      get: () => parse(href).search,
      set: to => { const p = parse(href); href = p.origin + p.pathname + to + p.hash; }
    });
    return anchor;
  }

  function live(cookie) {
    return cookie.end === null || cookie.end > state.wall;
  }

  function matches(cookie, at) {
    const host = '.' + at.hostname;
    return live(cookie) && (cookie.hostOnly ? cookie.domain === at.hostname : host.endsWith('.' + cookie.domain)) &&
      at.pathname.startsWith(cookie.path) && (!cookie.secure || at.protocol === 'https:');
  }

  function readCookies(page) {
    if (state.cookiesBlocked) return '';
    const at = parse(page.url);
    return state.jar.filter(c => matches(c, at)).map(c => c.name + '=' + c.value).join('; ');
  }

  function setCookie(page, text) {
    if (state.cookiesBlocked) return;
    const at = parse(page.url);
    const pieces = text.split(';').map(s => s.trim());
    const eq = pieces[0].indexOf('=');
    const cookie = {
      name: pieces[0].slice(0, eq), value: pieces[0].slice(eq + 1), domain: at.hostname, hostOnly: true,
      path: at.pathname.replace(/\/[^\/]*$/, '') || '/', end: null, secure: false, sameSite: '', born: state.born++
    };
    let refused = false;
    pieces.slice(1).forEach(piece => {
      const [name, value] = [piece.split('=')[0].toLowerCase(), piece.slice(piece.indexOf('=') + 1)];
      if (name === 'path') cookie.path = value;
      if (name === 'secure') cookie.secure = true;
      if (name === 'samesite') cookie.sameSite = value;
      if (name === 'max-age') cookie.end = state.wall + Number(value) * 1000;
      if (name === 'expires' && cookie.end === null) cookie.end = NativeDate.parse(value);
      if (name === 'domain') {
        cookie.domain = value.replace(/^\./, '').toLowerCase();
        cookie.hostOnly = false;
        if (!('.' + at.hostname).endsWith('.' + cookie.domain) || SUFFIXES.includes(cookie.domain) ||
          /^[\d.]+$/.test(cookie.domain)) refused = true;
      }
    });
    if (refused || cookie.secure && at.protocol !== 'https:') return;
    const same = c => c.name === cookie.name && c.domain === cookie.domain && c.path === cookie.path &&
      c.hostOnly === cookie.hostOnly;
    const old = state.jar.findIndex(same);
    if (old >= 0) {
      cookie.born = state.jar[old].born;
      if (live(cookie)) state.jar[old] = cookie;
      else state.jar.splice(old, 1);
    } else if (live(cookie)) {
      state.jar.push(cookie);
    }
  }

  function storageOf(page) {
    if (state.storageBlocked) throw new Error('SecurityError');
    const origin = parse(page.url).origin;
    const items = state.storage[origin] = state.storage[origin] || {};
    return {
      get length() { return Object.keys(items).length; },
      key: i => i < Object.keys(items).length ? Object.keys(items)[i] : null,
      getItem: name => Object.prototype.hasOwnProperty.call(items, name) ? items[name] : null,
      setItem: (name, value) => {
        if (state.storageFull) throw new Error('QuotaExceededError');
        items[name] = String(value);
      },
      removeItem: name => { delete items[name]; }
    };
  }

  function emitter(target, page) {
    const handlers = [];
    target.addEventListener = (type, fn) => handlers.push([type, fn]);
    target.emit = (type, told) => {
      const event = Object.assign({ type: type }, told);
      handlers.filter(h => h[0] === type).forEach(h => h[1](event));
      // Events of the document pass the window.
      if (page && type !== 'prerenderingchange') page.window.emit(type, told);
    };
    return target;
  }

  function record(page, request) {
    request.at = state.wall;
    request.page = page.id;
    state.requests.push(request);
    return request;
  }

  function makeFetch(page) {
    return (url, options) => {
      if (url.endsWith('/location')) {
        const said = state.net.location;
        state.net.asked = (state.net.asked || 0) + 1;
        if (typeof said !== 'string') return Promise.reject(new TypeError('network'));
        return Promise.resolve({ ok: true, text: () => Promise.resolve(said) });
      }
      const status = url.endsWith('/pick') ? state.net.pick : state.net.fetch;
      if (status === 'throws') throw new TypeError('fetch is not allowed');
      if (options.keepalive && options.body.length * 3 > 65536) return Promise.reject(new TypeError('too large'));
      const request = record(page, Object.assign({ via: 'fetch', url: url, status: status }, options));
      if (status === 'hangs') return new Promise(() => {});
      if (typeof status !== 'number') return Promise.reject(new TypeError('network'));
      const headers = { 'retry-after': state.net.retryAfter, 'x-guestlog': state.net.said };
      const batch = JSON.parse(request.body).length > 1;
      request.status = batch && state.net.batch ? state.net.batch : status;
      return Promise.resolve({ status: request.status, ok: request.status < 300, headers: { get: name => headers[name.toLowerCase()] } });
    };
  }

  function makeNavigator(page) {
    return Object.assign({}, state.navigator, {
      sendBeacon: (url, body) => {
        if (state.net.beacon === 'refuses') return false;
        record(page, { via: 'beacon', method: 'POST', url: url, body: body, status: state.net.beacon });
        return true;
      }
    });
  }

  function makeImage(page) {
    return class {
      set src(url) {
        record(page, { via: 'image', method: 'GET', url: url, status: state.net.image });
        const done = state.net.image === 200 ? 'onload' : 'onerror';
        Promise.resolve().then(() => this[done] && this[done]());
      }
    };
  }

  function makeHistory(page) {
    const entries = [page.url];
    const change = (url, push) => {
      if (url === undefined || url === null) return;
      const to = resolve(page.url, String(url));
      if (parse(to).origin !== parse(page.url).origin) throw new Error('SecurityError: another origin');
      if (push) entries.push(to);
      else entries[entries.length - 1] = to;
      page.url = to;
    };
    return {
      pushState: (data, title, url) => change(url, true),
      replaceState: (data, title, url) => change(url, false),
      back: () => {
        entries.pop();
        page.url = entries[entries.length - 1];
        page.window.emit('popstate', {});
      }
    };
  }

  // With `trustedTypes` the page rejects plain text as the address of a script.
  function makeScript(options) {
    let src = '';
    return {
      tagName: 'SCRIPT', dataset: {},
      get src() { return src; },
      set src(to) {
        if (options.trustedTypes) throw new TypeError('This document requires a TrustedScriptURL');
        src = to;
      }
    };
  }

  function makeDocument(page, options) {
    const script = { src: options.src, id: options.scriptId || 'hs-script-loader', nonce: options.nonce || '' };
    page.scripts = [{ src: '' }, { src: 'https://cdn.example.net/other.js' }, script];
    page.canonical = options.canonical || null;
    const document = emitter({
      title: options.title === undefined ? 'A page' : options.title,
      documentElement: { lang: options.lang || '' }, referrer: options.referrer || '', visibilityState: options.hidden ? 'hidden' : 'visible',
      prerendering: !!options.prerendering, currentScript: null,
      getElementById: id => page.scripts.filter(s => s.id === id)[0] || null,
      scripts: page.scripts,
      querySelector: () => page.canonical ? { href: resolve(page.url, page.canonical) } : null,
      querySelectorAll: css => {
        if (page.elements[css]) return page.elements[css];
        if (/:(contains|visible|first|eq)/.test(css)) throw new SyntaxError('not CSS: ' + css);
        return [];
      },
      head: { appendChild: tag => page.tags[page.loaded.push(tag.src) - 1] = tag },
      createElement: name => name === 'script' ? makeScript(options) : makeAnchor(page, '')
    }, page);
    page.elements = {};
    page.loaded = [];
    page.tags = [];
    Object.defineProperty(document, 'cookie', { configurable: true, get: () => readCookies(page), set: text => setCookie(page, text) });
    return document;
  }

  function makeDate() {
    return class extends NativeDate {
      constructor(...args) {
        if (args.length) super(...args);
        else super(state.wall);
      }
      static now() { return state.wall; }
    };
  }

  function setTimer(page, fn, ms) {
    const id = ++state.timerId;
    state.timers.push({ id: id, at: state.mono + (Number(ms) || 0), fn: fn, page: page.id });
    return id;
  }

  function clearTimer(id) {
    state.timers = state.timers.filter(t => t.id !== id);
  }

  function open(url, options) {
    const page = { id: state.pages.length, url: url };
    state.pages.push(page);
    const document = makeDocument(page, options);
    const window = emitter({
      document: document, location: makeLocation(page), navigator: makeNavigator(page), Date: makeDate(),
      screen: { width: 1920, height: 1080, colorDepth: 24 },
      performance: { now: () => state.mono },
      crypto: { getRandomValues: list => list.forEach((_, i) => { list[i] = Math.random() * 256; }) },
      fetch: makeFetch(page), Image: makeImage(page),
      Element: Element,
      HTMLFormElement: class { submit() { this.sent = (this.sent || 0) + 1; } },
      setTimeout: (fn, ms) => setTimer(page, fn, ms), clearTimeout: clearTimer,
      console: {
        log: (...all) => state.logs.push(all.join(' ')), error: (...all) => state.logs.push(all.join(' ')),
        warn: (...all) => state.logs.push(all.join(' '))
      }
    });
    if (options.noFetch) delete window.fetch;
    Object.defineProperty(window, 'localStorage', { get: () => storageOf(page) });
    window.window = window.self = window.top = window.parent = window;
    page.window = window;
    page.document = document;
    window.history = makeHistory(page);
    page.known = Object.keys(window);
    return page.id;
  }

  // Code of the site uses the page's window as its global object.
  function run(id, code) {
    return new Function('window', 'page', 'browser', 'with (window) { return (function () {' + code + '\n}).call(window); }')(
      state.pages[id].window, state.pages[id], api);
  }

  function load(id, script) {
    const page = state.pages[id];
    page.document.currentScript = page.scripts[2];
    try {
      run(id, script);
    } catch (e) {
      state.errors.push(String(e));
    }
    page.document.currentScript = null;
  }

  // Runs the next timer that is due before `until`; returns false when there is none.
  function step(until) {
    const due = state.timers.filter(t => t.at <= until).sort((a, b) => a.at - b.at || a.id - b.id)[0];
    if (due) clearTimer(due.id);
    const to = due ? Math.max(due.at, state.mono) : until;
    state.wall += to - state.mono;
    state.mono = to;
    if (due) due.fn();
    return !!due;
  }

  function hide(id) {
    state.pages[id].document.visibilityState = 'hidden';
    state.pages[id].document.emit('visibilitychange');
  }

  function show(id) {
    state.pages[id].document.visibilityState = 'visible';
    state.pages[id].document.emit('visibilitychange');
  }

  function leave(id, persisted) {
    hide(id);
    state.pages[id].window.emit('pagehide', { persisted: !!persisted });
    if (!persisted) state.timers = state.timers.filter(t => t.page !== id);
  }

  // Presses and clicks a link; returns where it leads.
  function click(id, address) {
    const anchor = makeAnchor(state.pages[id], address);
    const child = { parentNode: anchor, tagName: 'SPAN' };
    state.pages[id].document.emit('mousedown', { target: child });
    state.pages[id].document.emit('click', { target: child });
    return anchor.href;
  }

  class Element {
    matches(css) {
      if (!this.selectors) throw new TypeError('Illegal invocation');
      if (/[:$]/.test(css)) throw new SyntaxError('not CSS: ' + css);
      return this.selectors.includes(css);
    }
  }

  // An element, as far as event rules examine one: it matches these selectors.
  function element(...selectors) {
    return Object.assign(new Element(), {
      selectors: selectors, nodeType: 1, textContent: selectors.join(' '), getClientRects: () => [1], querySelector: () => null,
      hasAttribute: name => name === 'data-x', getAttribute: () => 'attribute', value: 'typed'
    });
  }

  // Fires an event on the first of these elements; it bubbles up through the others.
  function happen(id, type, elements, more) {
    const window = state.pages[id].window;
    const event = Object.assign({ button: 0, target: elements[0], composedPath: () => elements.concat(state.pages[id].document, window) }, more);
    window.emit(type, event);
  }

  const api = {
    element: element, happen: happen,
    state: state, open: open, load: load, run: run, step: step, hide: hide, show: show, leave: leave, click: click,
    cookies: id => state.jar.filter(c => matches(c, parse(state.pages[id].url))),
    restart: () => { state.jar = state.jar.filter(c => c.end !== null); },
    globals: id => Object.keys(state.pages[id].window).filter(k => !state.pages[id].known.includes(k) && k !== 'history')
  };
  return api;
})();
