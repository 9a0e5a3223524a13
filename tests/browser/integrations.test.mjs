// Packages that put HubSpot's tracking code into a site, used as their instructions say. Only the host of the script is
// ours. What they report arrives.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";

import { bundle } from "./bundle.mjs";
import { MINUTE, Server, Visitor, eventually, hear, launch, startSite, withoutServer } from "./harness.mjs";

const HUBSPOT = "//js.hs-scripts.com/";
/** Longer than the script waits for a view that the site reports itself. */
const SETTLED = 2_500;
const EMAIL = "ada@example.com";
const PAGES = { "/": "Home", "/pricing": "Pricing", "/blog": "Blog", "/blog/first": "First post", "/contact": "Contact" };

const require = createRequire(import.meta.url);
const inside = (path) => readFile(new URL(`./node_modules/${path}`, import.meta.url), "utf8");
const script = (text) => `<script>${text.replaceAll("</script", "<\\/script")}</script>`;
const links = Object.entries(PAGES).map(([path, title]) => `<a href="${path}">${title}</a>`).join(" ");

const page = (title, head, end = "") => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
  <link rel="icon" href="data:,">${head}</head><body>${links}<main><h1>${title}</h1></main>${end}</body></html>`;

const pagesWith = (head, end) => Object.fromEntries(Object.entries(PAGES).map(([path, title]) => [path, page(title, head, end)]));

/** A router as site builders have it: the address changes, then the content, and the title a moment later. */
const ROUTER = `
  const pages = ${JSON.stringify(PAGES)};
  const moved = () => globalThis.onRoute?.({ location });
  addEventListener("click", (event) => {
    const path = event.target.getAttribute("href");
    if (!pages[path]) return;
    event.preventDefault();
    history.pushState({}, "", path);
    document.querySelector("h1").textContent = pages[path];
    requestAnimationFrame(() => (document.title = pages[path]));
    moved();
  });
  moved();`;

/** A server with an account, a site of these pages, and a visitor on its first page. */
async function begin(t, pagesOf) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const here = `//${server.host}/`;
  const site = await startSite(t, await pagesOf({ account, here, at: `http:${here}${account}.js` }));
  const visitor = await Visitor.begin(await launch(t));
  const heard = hear(visitor, server);
  const kpi = async (query = {}) => (await server.report(account, token, "dashboard", { period: "7d", ...query })).kpi;
  const ofContact = async () => {
    const { visitors, page_views } = await kpi({ filter: `contact:is:${EMAIL}` });
    return { visitors, page_views };
  };
  const views = () => heard.views().map((hit) => [hit.po ?? new URL(hit.pu).pathname, hit.t]);
  return { server, account, token, site, visitor, heard, kpi, ofContact, views };
}

/** The reports have exactly these page views, and neither the server nor the page found fault with them. */
async function counts({ kpi, heard, visitor }, pageViews) {
  await eventually(async () => (await kpi()).page_views >= pageViews, `${pageViews} page views`).catch(() => {});
  assert.equal((await kpi()).page_views, pageViews);
  assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
}

/** Goes to the other pages by their links. */
async function visitOthers(page) {
  for (const [path, title] of Object.entries(PAGES).slice(1)) {
    await page.click(`a[href="${path}"]`);
    await eventually(async () => (await page.title()) === title, title);
    await pause(600);
  }
}

/** Visits all pages, which are one view each. */
async function countsEveryPage(world) {
  const tab = await world.visitor.open(world.site.at("/"));
  await eventually(() => world.views().length === 1, "the first view");
  await visitOthers(tab);
  await pause(SETTLED);
  assert.deepEqual(world.views(), Object.entries(PAGES));
  await counts(world, 5);
}

describe("integrations", { skip: withoutServer("integrations") }, () => {
  for (const way of ["the option for another script", "the host in its file"]) {
    test(`analytics with its plugin for HubSpot, by ${way}`, { timeout: MINUTE }, async (t) => {
      const library = await inside("analytics/dist/analytics.min.js");
      const plugin = await inside("@analytics/hubspot/dist/@analytics/hubspot.min.js");
      assert.ok(plugin.includes(HUBSPOT));
      const byOption = way.startsWith("the option");
      const world = await begin(t, ({ account, here, at }) => ({
        "/": page("Home", script(library) + script(byOption ? plugin : plugin.replace(HUBSPOT, here)) + script(`
          var Analytics = _analytics.init({ app: "shop", plugins: [analyticsHubspot({
            portalId: "${account}", ${byOption ? `customScriptSrc: "${at}"` : ""} })] });
          Analytics.page();
          Analytics.track("cartCheckout", { item: "pink socks", price: 20 });
          Analytics.identify({ name: "ada", email: "${EMAIL}" });`)),
      }));
      const { visitor, site, heard, views } = world;
      const tab = await visitor.open(site.at("/"));
      await eventually(() => heard.hits.some((hit) => hit.n === "cartCheckout"), "the event");
      await tab.evaluate(() => {
        history.pushState({}, "", "/pricing");
        document.title = "Pricing";
        globalThis.Analytics.page();
      });
      await pause(SETTLED);
      assert.deepEqual(views(), [["/", "Home"], ["/pricing", "Pricing"]]);
      const events = heard.hits.filter((hit) => hit.n);
      assert.deepEqual(events.map(({ k, n, p }) => ({ k, n, p })), [{ k: 3, n: "cartCheckout", p: { item: "pink socks", price: 20 } }]);
      assert.deepEqual(heard.views()[1].i, { name: "ada", email: EMAIL });
      await counts(world, 2);
      assert.deepEqual(await world.ofContact(), { visitors: 1, page_views: 2 });
      await tab.evaluate(() => globalThis.Analytics.reset());
      await eventually(async () => !(await visitor.cookies(site.at("/"))).__hstc, "the end of the cookies");
    });
  }

  test("analytics with its plugin tells at once who somebody is when it is set to", { timeout: MINUTE }, async (t) => {
    const files = await Promise.all(["analytics/dist/analytics.min.js", "@analytics/hubspot/dist/@analytics/hubspot.min.js"].map(inside));
    const world = await begin(t, ({ account, at }) => ({
      "/": page("Home", files.map(script).join("") + script(`
        var Analytics = _analytics.init({ app: "shop", plugins: [analyticsHubspot({
          portalId: "${account}", customScriptSrc: "${at}", flushOnIdentify: true })] });
        Analytics.page();`)),
    }));
    const tab = await world.visitor.open(world.site.at("/"));
    await eventually(() => world.views().length === 1, "the first view");
    await tab.evaluate((email) => globalThis.Analytics.identify({ email }), EMAIL);
    await eventually(async () => (await world.ofContact()).visitors === 1, "the contact");
    await pause(SETTLED);
    await counts(world, 2); // as HubSpot's script, which sends a view for each `trackPageView`
  });

  test("the hook for React", { timeout: MINUTE }, async (t) => {
    const app = await bundle(`
      import { createElement as h } from "react";
      import { createRoot } from "react-dom/client";
      import { useTrackingCode } from "react-hubspot-tracking-code-hook";
      const pages = ${JSON.stringify(Object.entries(PAGES))};
      function App() {
        const { setContentType, setPathPageView, setTrackPageView, setIdentity, setTrackEvent } = useTrackingCode();
        const button = (id, onClick) => h("button", { id, onClick, key: id }, id);
        return h("div", null,
          pages.map(([path, title]) => button(title, () => { document.title = title; setContentType("blog-post"); setPathPageView(path); })),
          button("identify", () => setIdentity("${EMAIL}", { plan: "pro" })),
          button("event", () => setTrackEvent({ eventId: "Bought", value: 12.5 })),
          button("again", () => setTrackPageView()));
      }
      createRoot(document.getElementById("app")).render(h(App));`);
    const world = await begin(t, ({ at }) => ({
      "/": page("Home", `<script id="hs-script-loader" async defer src="${at}"></script>
        <script>var _hsq = window._hsq = window._hsq || [];</script>`, `<div id="app"></div>${script(app)}`),
    }));
    const { visitor, site, heard, views } = world;
    const tab = await visitor.open(site.at("/"));
    await eventually(() => views().length === 1, "the first view");
    const press = (name) => tab.getByRole("button", { name, exact: true }).click();
    for (const title of Object.values(PAGES).slice(1)) await press(title);
    await press("identify");
    await press("event");
    await press("again");
    await pause(SETTLED);
    assert.deepEqual(views(), [...Object.entries(PAGES), ["/contact", "Contact"]]);
    assert.deepEqual(heard.views().map((hit) => hit.ct), [undefined, ...Array(5).fill("blog-post")]);
    const [{ n, m }] = heard.hits.filter((hit) => hit.n);
    assert.deepEqual([n, m], ["Bought", "12.5"]);
    assert.deepEqual(heard.views().at(-1).i, { email: EMAIL, plan: "pro" });
    await counts(world, 6);
    assert.deepEqual(await world.ofContact(), { visitors: 1, page_views: 6 });
  });

  /** What the plugin adds to each page when the site is built, and what it does when the visitor moves. */
  async function gatsbyPages({ account, here }, options = {}) {
    process.env.NODE_ENV = "production";
    const { onRenderBody } = require("gatsby-plugin-hubspot/gatsby-ssr");
    let added = [];
    onRenderBody({ setPostBodyComponents: (components) => (added = components) }, { trackingCode: `${account}`, ...options });
    const end = renderToStaticMarkup(createElement("div", null, ...added));
    assert.ok(end.includes(HUBSPOT));
    const moves = await bundle(`
      import { onRouteUpdate } from "gatsby-plugin-hubspot/gatsby-browser";
      globalThis.onRoute = (route) => onRouteUpdate(route, { trackingCode: "${account}" });`);
    return pagesWith("", end.replace(HUBSPOT, here) + script(moves) + script(ROUTER));
  }

  test("the plugin for Gatsby", { timeout: MINUTE }, async (t) => {
    const world = await begin(t, gatsbyPages);
    await countsEveryPage(world);
  });

  test("the plugin for Gatsby, for somebody who does not want to be tracked", { timeout: MINUTE }, async (t) => {
    const world = await begin(t, (site) => gatsbyPages(site, { respectDNT: true }));
    await world.visitor.context.addInitScript(() => Object.defineProperty(navigator, "doNotTrack", { value: "1" }));
    const tab = await world.visitor.open(world.site.at("/"));
    await tab.waitForFunction(() => globalThis._hstc_ran);
    await visitOthers(tab);
    await pause(SETTLED);
    assert.deepEqual(world.heard.hits, []);
    assert.deepEqual(Object.keys(await world.visitor.cookies(world.site.at("/"))), ["__hs_do_not_track"]);
  });

  test("the plugin for Docusaurus", { timeout: MINUTE }, async (t) => {
    const world = await begin(t, ({ account, here }) => {
      process.env.NODE_ENV = "production";
      const plugin = require("docusaurus-plugin-hubspot")({ siteConfig: { themeConfig: { hubspot: { accountId: account } } } });
      const tags = plugin.injectHtmlTags().headTags.map(({ tagName, attributes }) => {
        const written = Object.entries(attributes).map(([name, value]) => (value === true ? name : `${name}="${value}"`));
        return `<${tagName} ${written.join(" ")}></${tagName}>`;
      });
      const head = tags.join("");
      assert.ok(head.includes(HUBSPOT));
      return pagesWith(head.replace(HUBSPOT, here), script(ROUTER));
    });
    await countsEveryPage(world);
  });
});
