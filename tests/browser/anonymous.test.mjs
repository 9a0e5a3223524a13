// Counting page views without consent in real Chromium: what is sent in each state, and above all what is not. One server,
// one site and one browser serve all tests; each state has a path of its own, and each test a visitor of its own.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Server, Visitor, axeFaults, eventually, htmlFaults, launch, overflow, shots, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

const MINUTE = 60_000;
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
/** Time in which a page would have sent something. */
const SETTLED = 800;

/** Collects what is to be ended after all tests. */
class Ending {
  #ends = [];
  after(end) {
    this.#ends.unshift(end);
  }
  async run() {
    for (const end of this.#ends) await end();
  }
}

describe("counting without consent", { skip: withoutServer("counting without consent") }, () => {
  const ending = new Ending();
  let server, account, owner, token, site, browser;

  before(async () => {
    server = await Server.begin(ending);
    account = await server.addAccount();
    owner = await server.addUser(account);
    token = await server.addToken(account);
    const set = (path, policy, ...more) =>
      server.command(["consent", "set", "--account", String(account), "--path", path, "--policy", policy, ...more]);
    await set("/asks", "opt-in");
    await set("/cookieless", "no-cookies");
    await set("/opt-out", "opt-out", "--gpc");
    await server.command(["consent", "count", "--account", String(account), "--anonymously", "on"]);
    const paths = ["/asks", "/asks/more", "/cookieless", "/opt-out"];
    const page = taggedPage(server, account, { title: "Shop" });
    site = await startSite(ending, { ...Object.fromEntries(paths.map((path) => [path, page])), "/away": "<!doctype html><link rel=\"icon\" href=\"data:,\"><title>away</title>" });
    // What a page sends while it is left has the name of the browser itself, and the headless one is that of a robot.
    browser = await launch(ending, [`--user-agent=${AGENT}`]);
  });
  after(() => ending.run());

  /** A visitor, and the views that their pages tell without consent. */
  async function begin(options) {
    const visitor = await Visitor.begin(browser, options);
    const told = [];
    const hits = [];
    visitor.context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.host !== server.host) return;
      if (url.pathname === `/${account}/count`) told.push({ ...JSON.parse(request.postData()), headers: request.headers() });
      else if (!url.pathname.endsWith(".js")) hits.push(url.pathname);
    });
    const open = async (path, more = {}) => {
      const page = await visitor.open(site.at(path), more);
      await page.waitForFunction(() => globalThis._hstc_ran);
      return page;
    };
    const nothingStored = async (page) => {
      assert.deepEqual(await visitor.cookies(site.at("/")), {});
      assert.deepEqual(await visitor.cookies(server.address), {});
      assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
    };
    return { visitor, told, hits, open, nothingStored };
  }

  const counted = async () => {
    const { page_views, sessions, rows } = await server.report(account, token, "anonymous");
    return { page_views, sessions, rows };
  };
  /** What a browser says when another tab or window comes to the front. Requests of a page that is gone are not shown to tests. */
  const hide = (page) =>
    page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
  const answer = (page, analytics) =>
    page.evaluate((analytics) => globalThis._hsp.push(["setHubSpotConsent", { analytics }]), analytics);

  for (const [state, path, options, act] of [
    ["before an answer under opt-in", "/asks", {}],
    ["after a refusal", "/asks", {}, (page) => answer(page, false)],
    ["under no cookies", "/cookieless", {}, (page) => answer(page, true)],
    ["with Global Privacy Control", "/opt-out", { gpc: true }],
  ]) {
    test(`${state} a view is a number in totals, without cookie, storage or id`, { timeout: MINUTE }, async () => {
      const earlier = await counted();
      const { visitor, told, hits, open, nothingStored } = await begin();
      if (options.gpc) {
        await visitor.context.setExtraHTTPHeaders({ "Sec-GPC": "1" });
        await visitor.context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
      }
      const page = await open(path, { referer: "https://news.example/story?id=7" });
      await act?.(page);
      await pause(SETTLED);
      assert.deepEqual([told, hits], [[], []], "nothing before the page is left");
      await nothingStored(page);
      await hide(page);
      await eventually(() => told.length, "the view");
      const [{ headers, ...view }] = told;
      assert.equal(view.page, site.at(path));
      assert.equal(view.entry, true);
      assert.deepEqual(Object.keys(view).filter((key) => !["page", "entry", "referrer"].includes(key)), []);
      assert.equal(headers.cookie, undefined);
      assert.deepEqual([told.length, hits], [1, []]);
      await nothingStored(page);
      await page.goto(site.at("/away"));
      await pause(SETTLED);
      await eventually(async () => (await counted()).page_views === earlier.page_views + 1, "the total");
      assert.equal((await counted()).sessions, earlier.sessions + 1);
      assert.deepEqual(visitor.troubles, []);
      await visitor.close();
    });
  }

  test("a view that is allowed before it is left is told once, as an ordinary one", { timeout: MINUTE }, async () => {
    const earlier = await counted();
    const { visitor, told, hits, open } = await begin();
    const page = await open("/asks?secret=1");
    await answer(page, false);
    await answer(page, true);
    await eventually(() => hits.includes("/collect"), "the ordinary view");
    await page.goto(site.at("/away"));
    await pause(SETTLED);
    assert.deepEqual(told, []);
    assert.deepEqual(await counted(), earlier);
    assert.deepEqual(visitor.troubles, []);
    await visitor.close();
  });

  test("pages of one visit are views of one session, and moves inside a page count", { timeout: MINUTE }, async () => {
    const earlier = await counted();
    const { visitor, open } = await begin();
    const page = await open("/asks");
    await page.evaluate((to) => { location.href = to; }, site.at("/asks/more?utm_source=x"));
    await page.waitForURL("**/asks/more?*");
    await page.waitForFunction(() => globalThis._hstc_ran);
    await page.evaluate(() => history.pushState({}, "", "/asks/moved"));
    await pause(SETTLED);
    await page.goto(site.at("/away"));
    await eventually(async () => (await counted()).page_views === earlier.page_views + 3, "the totals");
    const { sessions, rows } = await counted();
    assert.equal(sessions, earlier.sessions + 1);
    for (const path of ["/asks/more", "/asks/moved"]) {
      assert.deepEqual(rows.find((row) => row.name === site.host + path), { name: site.host + path, sessions: 0, page_views: 1 });
    }
    await visitor.close();
  });

  test("with the do-not-track cookie nothing is sent", { timeout: MINUTE }, async () => {
    const earlier = await counted();
    for (const path of ["/asks", "/cookieless"]) {
      const { visitor, told, hits, open } = await begin();
      await visitor.context.addCookies([{ name: "__hs_do_not_track", value: "yes", url: site.at("/") }]);
      const page = await open(path);
      await page.goto(site.at("/away"));
      await pause(SETTLED);
      assert.deepEqual([told, hits], [[], []], path);
      await visitor.close();
    }
    assert.deepEqual(await counted(), earlier);
  });

  test("the pages about it are accessible and fit a phone", { timeout: 2 * MINUTE }, async () => {
    const page = await (await browser.newContext()).newPage();
    await signIn(page, server, owner);
    for (const path of ["anonymous", "anonymous?by=source", "settings/consent/counting"]) {
      const shown = await page.goto(`${server.address}/accounts/${account}/${path}`);
      assert.deepEqual(await htmlFaults(await shown.text()), [], path);
      assert.deepEqual(await axeFaults(page), [], path);
      assert.deepEqual(await overflow(page), [], path);
      await shots(page, path.replace(/\W/g, "-"));
    }
    await page.goto(`${server.address}/accounts/${account}/dashboard`);
    await page.getByText("Without consent, counted anonymously").waitFor();
    await shots(page, "dashboard-with-anonymous");
  });
});
