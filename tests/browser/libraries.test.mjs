// Libraries as they are published, on the pages of a site: old ones that change what belongs to the browser, and ones
// that move inside the page. Each visit of five pages is five page views with the right address and title.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { bundle } from "./bundle.mjs";
import { MINUTE, Server, Visitor, eventually, hear, launch, startSite, withoutServer } from "./harness.mjs";

/** How long a visitor stays on a page. It is longer than what the script takes for one move, and shorter than its wait. */
const STAY = 600;

const PAGES = { "/": "Home", "/pricing": "Pricing", "/blog": "Blog", "/blog/first": "First post", "/contact": "Contact" };

const { resolve } = createRequire(import.meta.url);
const file = (name) => readFile(resolve(name), "utf8");
/** A file that the package does not name among its exports. */
const inside = (path) => readFile(new URL(`./node_modules/${path}`, import.meta.url), "utf8");

const old = (name) => inside(`esprima/test/3rdparty/${name}.js`);

const menu = Object.entries(PAGES).map(([path, title]) => `<a href="${path}">${title}</a>`).join(" ");

const tagOf = (server, account) =>
  `<script id="hs-script-loader" async defer src="http://${server.host}/${account}.js"></script>`;

/** The five pages of a site: each loads the library and our script. */
function pagesWith(head, body = "<body>") {
  const page = (title) => `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title>
    <link rel="icon" href="data:,">${head}</head>${body}${menu}<main id="swup"><h1>${title}</h1></main></body></html>`;
  return Object.fromEntries(Object.entries(PAGES).map(([path, title]) => [path, page(title)]));
}

/**
 * Visits all pages by their links, and compares what arrived with what was seen. `within` is the element
 * in which the links are, and `moves` says that the page is loaded once.
 */
async function visitAll(t, { server, browser, pagesOf, within = "", moves = true }) {
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const site = await startSite(t, pagesOf(tagOf(server, account)));
  const visitor = await Visitor.begin(browser);
  const heard = hear(visitor, server);
  const page = await visitor.open(site.at("/"));
  await eventually(() => heard.views().length === 1, "the first view");
  await page.evaluate(() => (globalThis.stayed = true));
  for (const [path, title] of Object.entries(PAGES).slice(1)) {
    await page.locator(`${within} a[href="${path}"]`).click();
    await eventually(async () => (await page.title()) === title, title);
    await eventually(async () => new URL(page.url()).pathname === path, path);
    await pause(STAY);
  }
  assert.equal(await page.evaluate(() => globalThis.stayed === true), moves, "the page was loaded once");
  const counted = async () => {
    const { rows } = await server.report(account, token, "pages", { period: "7d" });
    return Object.fromEntries(rows.map((row) => [row.path, row.page_views]));
  };
  const isComplete = async () => Object.keys(await counted()).length >= Object.keys(PAGES).length;
  await eventually(isComplete, "all pages").catch(() => {});
  await pause(STAY); // for views too many
  assert.deepEqual(await counted(), Object.fromEntries(Object.keys(PAGES).map((path) => [path, 1])));
  const sent = heard.views().map(({ pu, t: title }) => [pu.replace(site.at(""), ""), title]);
  assert.deepEqual(sent, Object.entries(PAGES));
  assert.deepEqual(heard.refusals, []);
  assert.deepEqual(visitor.troubles, []);
  await visitor.close();
}

const script = (text) => `<script>${text.replaceAll("</script", "<\\/script")}</script>`;

/** Code of another time, which changes what belongs to the browser. The parser's own tests keep copies of it. */
const OLD = {
  "Prototype 1.6.1, which gives lists and texts a toJSON": ["prototype-1.6.1"],
  "Prototype 1.7.0": ["prototype-1.7.0.0"],
  "MooTools 1.3.2": ["mootools-1.3.2"],
  "MooTools 1.4.1": ["mootools-1.4.1"],
  "Ext Core 3.1.0": ["ext-core-3.1.0"],
  "jQuery 1.7.1, Underscore 1.2.3 and Backbone 0.5.3": ["jquery-1.7.1", "underscore-1.2.3", "backbone-0.5.3"],
};

const sentry = () => bundle(`
  import * as Sentry from "@sentry/browser";
  const transport = () => Sentry.createTransport({ recordDroppedEvent() {} }, async () => ({}));
  const integrations = [Sentry.browserTracingIntegration(), Sentry.breadcrumbsIntegration()];
  Sentry.init({ dsn: "https://key@errors.example/1", tracesSampleRate: 1, integrations, transport });`);

/** Code of today that wraps what belongs to the browser: timers, requests, the history, the console. */
const WRAPPING = {
  "zone.js, as Angular loads it": () => inside("zone.js/bundles/zone.umd.js"),
  "core-js": () => inside("core-js-bundle/minified.js"),
  "Sentry with tracing": sentry,
};

/** Libraries that move inside the page: what they need in the head, and the beginning of the body. */
const MOVING = {
  "Turbo": async () => ({ head: script(await file("@hotwired/turbo")) }),
  "htmx 2 with boosted links": async () => ({ head: script(await inside("htmx2/dist/htmx.js")), body: '<body hx-boost="true">' }),
  "htmx 4 with boosted links": async () => ({
    head: script(await inside("htmx.org/dist/htmx.js")),
    body: '<body hx-boost:inherited="true">',
  }),
  "Swup": async () => ({
    head: script(await inside("swup/dist/Swup.umd.js")),
    body: '<body><script>addEventListener("load", () => new Swup({ animationSelector: false }))</script>',
  }),
  "jQuery Mobile 1.0, which moves by the fragment first": async () => ({
    head: (await Promise.all(["jquery-1.6.4", "jquery.mobile-1.0"].map(old))).map(script).join(""),
    body: '<body><div data-role="page">',
    within: ".ui-page-active",
  }),
  "handlers of the Navigation API that take their time": async () => ({
    head: script(`
      navigation.addEventListener("navigate", (event) => {
        if (!event.canIntercept) return;
        event.intercept({ async handler() {
          const text = await (await fetch(event.destination.url)).text();
          await new Promise((done) => setTimeout(done, 100));
          const next = new DOMParser().parseFromString(text, "text/html");
          document.title = next.title;
          document.querySelector("main").replaceWith(next.querySelector("main"));
        } });
      });`),
  }),
};

/** A page that React fills, with a router that is built on the Navigation API. */
async function router() {
  const app = await bundle(`
    import { createElement as h } from "react";
    import { createRoot } from "react-dom/client";
    import { Outlet, Router, route } from "@funstack/router";
    const pages = ${JSON.stringify(Object.entries(PAGES))};
    const Menu = () => h("div", null, pages.map(([path, title]) => h("a", { href: path, key: path }, title)), h(Outlet));
    const children = pages.map(([path, title]) =>
      route({ path, component: () => h("main", null, h("title", null, title), h("h1", null, title)) }));
    const routes = [route({ path: "/", component: Menu, children })];
    createRoot(document.getElementById("app")).render(h(Router, { routes }));`);
  const shell = (tag) => `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${tag}</head>
    <body><div id="app"></div>${script(app)}</body></html>`;
  return { pagesOf: (tag) => Object.fromEntries(Object.keys(PAGES).map((path) => [path, shell(tag)])) };
}

/** A page whose guard sets the title before the router changes the address, as Vue's own guide shows it. */
async function vue() {
  const app = await bundle(`
    import { createApp, h } from "vue";
    import { RouterLink, RouterView, createRouter, createWebHistory } from "vue-router";
    const pages = ${JSON.stringify(Object.entries(PAGES))};
    const routes = pages.map(([path, title]) => ({ path, component: { render: () => h("main", h("h1", title)) }, meta: { title } }));
    const router = createRouter({ history: createWebHistory(), routes });
    router.beforeEach((to) => { document.title = to.meta.title; });
    const links = () => pages.map(([path, title]) => h(RouterLink, { to: path }, () => title));
    createApp({ render: () => h("div", [links(), h(RouterView)]) }).use(router).mount("#app");`);
  const shell = (tag) => `<!doctype html><html><head><meta charset="utf-8"><title>Home</title><link rel="icon" href="data:,">
    ${tag}</head><body><div id="app"></div>${script(app)}</body></html>`;
  return { pagesOf: (tag) => Object.fromEntries(Object.keys(PAGES).map((path) => [path, shell(tag)])) };
}

describe("libraries", { skip: withoutServer("libraries") }, () => {
  test("five pages are five views, with address and title", { timeout: 4 * MINUTE, concurrency: 3 }, async (t) => {
    const server = await Server.begin(t);
    const browser = await launch(t);
    const tests = [];
    const visit = (name, site) => tests.push(t.test(name, async (t) => visitAll(t, { server, browser, ...(await site()) })));
    const loaded = (texts) => ({ pagesOf: (tag) => pagesWith(texts.map(script).join("") + tag), moves: false });
    for (const [name, files] of Object.entries(OLD)) {
      visit(name, async () => loaded(await Promise.all(files.map(old))));
    }
    for (const [name, code] of Object.entries(WRAPPING)) {
      visit(name, async () => loaded([await code()]));
    }
    for (const [name, parts] of Object.entries(MOVING)) {
      visit(name, async () => {
        const { head, body, within } = await parts();
        return { pagesOf: (tag) => pagesWith(head + tag, body), within };
      });
    }
    visit("a router of the Navigation API", router);
    visit("Vue's router", vue);
    await Promise.all(tests);
  });

  test("an event with properties arrives beside Prototype's toJSON", async (t) => {
    const server = await Server.begin(t);
    const account = await server.addAccount();
    const site = await startSite(t, pagesWith(script(await old("prototype-1.6.1")) + tagOf(server, account)));
    const visitor = await Visitor.begin(await launch(t));
    const heard = hear(visitor, server);
    const page = await visitor.open(site.at("/"));
    assert.equal(await page.evaluate(() => JSON.stringify({ list: ["a"] })), '{"list":"[\\"a\\"]"}', "the library does it");
    await eventually(() => heard.views().length === 1, "the view");
    await page.evaluate(() => globalThis._hsq.push(["trackEvent", { id: "Bought", value: 2, kind: 'a "book"' }]));
    await eventually(() => heard.hits.some((hit) => hit.n === "Bought"), "the event");
    const { m: value, p: properties } = heard.hits.find((hit) => hit.n === "Bought");
    assert.deepEqual({ value, properties }, { value: "2", properties: { kind: 'a "book"' } });
    assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
  });
});
