// Sites as they are: pages and libraries that replace, wrap, freeze, hide or remove what the tracking script might use.
// The page keeps working, and its view is counted wherever a way of sending is left.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MINUTE, Server, Visitor, eventually, launch, startSite, taggedPage, withoutServer } from "./harness.mjs";

/** Pages that are open at the same time. */
const TABS = 6;

/** What pages change: the object that it belongs to, and its name. */
const CHANGED = [
  ["window", "JSON"],
  ["window", "fetch"],
  ["window", "Promise"],
  ["window", "setTimeout"],
  ["window", "clearTimeout"],
  ["window", "history"],
  ["window", "navigation"],
  ["window", "performance"],
  ["window", "localStorage"],
  ["window", "Reflect"],
  ["EventTarget.prototype", "addEventListener"],
  ["History.prototype", "pushState"],
  ["Performance.prototype", "now"],
  ["Document.prototype", "title"],
  ["Document.prototype", "cookie"],
  ["Document.prototype", "referrer"],
  ["Document.prototype", "currentScript"],
  ["Document.prototype", "querySelector"],
  ["Navigator.prototype", "sendBeacon"],
];

/** How they change it, as code of the page. */
const WAYS = {
  wrapped: (object, name) => `{
    const descriptor = Object.getOwnPropertyDescriptor(${object}, "${name}");
    const wrap = (value) => typeof value != "function" ? value : value.prototype ? class extends value {} : function () {
      return value.apply(this === undefined || this === globalThis ? globalThis : this, arguments);
    };
    Object.defineProperty(${object}, "${name}", { configurable: true,
      get() { return wrap(descriptor.get ? descriptor.get.call(this) : descriptor.value); },
      set(value) { if (descriptor.set) descriptor.set.call(this, value); } });
  }`,
  thrown: (object, name) =>
    `Object.defineProperty(${object}, "${name}", { configurable: true, get() { throw new Error("not here"); }, set() { throw new Error("not here"); } });`,
  calls: (object, name) =>
    `Object.defineProperty(${object}, "${name}", { configurable: true, writable: true, value() { throw new Error("not now"); } });`,
  frozen: (object, name) => `{
    const descriptor = Object.getOwnPropertyDescriptor(${object}, "${name}");
    try { Object.freeze(descriptor.get ? ${object}["${name}"] : descriptor.value); } catch { /* not of a prototype */ }
    Object.defineProperty(${object}, "${name}", { configurable: false });
  }`,
  missing: (object, name) =>
    `Object.defineProperty(${object}, "${name}", { configurable: true, writable: true, value: undefined });`,
};

/** Libraries from the time before browsers had such functions. */
const LIBRARIES = {
  "a toJSON of texts and lists": `
    String.prototype.toJSON = function () { return '"' + this + '"'; };
    Array.prototype.toJSON = function () { return "[" + this.join(", ") + "]"; };
    Object.toJSON = (value) => String(value);
    Date.prototype.toJSON = Number.prototype.toJSON = function () { return String(this); };`,
  "functions of lists that know only lists": `
    for (const name of ["map", "filter", "forEach", "find", "some", "every", "reduce", "indexOf", "slice", "concat", "join", "push"]) {
      const native = Array.prototype[name];
      Array.prototype[name] = function () {
        if (!Array.isArray(this)) throw new TypeError("this.each is not a function");
        return native.apply(this, arguments);
      };
    }
    Array.from = (list) => (list.toArray ? list.toArray() : []);
    Object.keys = (object) => { const names = []; for (const name in object) names.push(name); return names; };`,
  "more in every object and list": `
    Object.prototype.extend = function () { return this; };
    Object.prototype.kind = "object";
    Array.prototype.contains = function () { return false; };
    String.prototype.contains = function () { return false; };`,
  "lists without functions": `for (const name of Object.getOwnPropertyNames(Array.prototype)) {
      if (name !== "length") Object.defineProperty(Array.prototype, name, { value: undefined });
    }`,
  "objects without functions": `for (const name of ["assign", "keys", "values", "entries", "create"]) Object[name] = undefined;
    for (const name of ["hasOwnProperty", "toString", "valueOf", "propertyIsEnumerable"]) delete Object.prototype[name];`,
  "frozen prototypes": "[Object, Array, String, Function, Document, Window, History].forEach((one) => Object.freeze(one.prototype));",
  "a queue that cannot change": "window._hsq = Object.freeze([['setPageId', 'x']]);",
  "requests that answer nothing": "window.fetch = () => undefined;",
  "requests that answer something else": "window.fetch = () => Promise.resolve({});",
  "no console": "Object.defineProperty(window, 'console', { get() { throw new Error('none'); } }); location.hash = 'hsdbg';",
};

const NAMES = [
  "title", "cookie", "referrer", "currentScript", "scripts", "head", "querySelector", "querySelectorAll",
  "getElementById", "createElement", "addEventListener", "visibilityState", "prerendering",
];

/** Pages whose elements have names that hide properties of the document. */
const hiding = (name) => `<img name="${name}" alt=""><form name="${name}"></form>`;

const everything = (way, but = []) =>
  CHANGED.filter(([, name]) => !but.includes(name)).map(([object, name]) => WAYS[way](object, name)).join("\n");

/** A path for each page, and its HTML. */
function pagesOf(server, account) {
  const pages = {};
  const titles = {};
  const add = (title, { head = "", names = "" }) => {
    const path = `/${Object.keys(pages).length}`;
    titles[path] = title;
    const script = head && `<script>${head}</script>`;
    pages[path] = names
      ? taggedPage(server, account, { title }).replace(/<script id.*<\/script>/, "").replace("</body>", `${names}
        <script id="hs-script-loader" src="http://${server.host}/${account}.js"></script></body>`)
      : taggedPage(server, account, { title, head: script });
  };
  for (const [object, name] of CHANGED) {
    for (const [way, code] of Object.entries(WAYS)) add(`${name} ${way}`, { head: code(object, name) });
  }
  for (const [title, head] of Object.entries(LIBRARIES)) add(title, { head });
  for (const name of NAMES) add(`an element named ${name}`, { names: hiding(name) });
  add("elements of all names", { names: NAMES.map(hiding).join("") });
  for (const way of ["wrapped", "calls", "missing"]) add(`everything ${way}`, { head: everything(way) });
  add("everything throws but the queue", { head: everything("thrown") });
  add("everything at once", { head: Object.values(LIBRARIES).slice(0, 2).join("\n") + everything("wrapped") });
  return { pages, titles };
}

describe("sites as they are", { skip: withoutServer("sites as they are") }, () => {
  test("a page that changes what belongs to the browser is counted and sees no error", { timeout: 4 * MINUTE }, async (t) => {
    const server = await Server.begin(t);
    const account = await server.addAccount();
    const token = await server.addToken(account);
    const { pages, titles } = pagesOf(server, account);
    const site = await startSite(t, pages);
    // The first request for a script waits until it is built. A page that waits for that is left before it has sent anything.
    assert.equal((await fetch(`${server.address}/${account}.js`)).status, 200);
    const browser = await launch(t);
    const faults = [];
    const waiting = Object.keys(pages);
    const visitAll = async () => {
      for (let path = waiting.shift(); path; path = waiting.shift()) {
        const visitor = await Visitor.begin(browser);
        // A browser that is closed does not finish its requests.
        let finished = false;
        visitor.context.on("requestfinished", (request) => (finished ||= /\/collect$|__ptq/.test(request.url())));
        const page = await visitor.open(site.at(path), { waitUntil: "commit" });
        await eventually(() => finished, "a request", 20_000).catch(() => faults.push(`${titles[path]}: nothing was sent`));
        await page.close();
        const uncaught = visitor.troubles.filter((said) => said.startsWith("uncaught"));
        if (uncaught.length) faults.push(`${titles[path]}: ${uncaught}`);
        await visitor.close();
      }
    };
    await Promise.all(Array.from({ length: TABS }, visitAll));
    const views = async () => {
      const { rows } = await server.report(account, token, "pages", { period: "7d", limit: "1000" });
      return Object.fromEntries(rows.map((row) => [row.path, row.page_views]));
    };
    const lost = async () => {
      const counted = await views();
      return Object.keys(pages).filter((path) => counted[path] !== 1);
    };
    await eventually(async () => (await lost()).length === 0, "all views", 10_000).catch(() => {});
    for (const path of await lost()) faults.push(`${titles[path]}: not counted once`);
    assert.deepEqual(faults, []);
  });
});
