// A visit in real Chromium, from the tag on a page of another host to the numbers of the reports.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import {
  MINUTE, SITE_HOST, STATS_HOST, Server, Visitor, domainHash, eventually, launch, startSite, taggedPage,
  withoutServer,
} from "./harness.mjs";

/** How long the server is down: a whole minute when slow tests run. */
const AWAY = process.env.RUN_SLOW ? MINUTE : 3_000;

/** Starts a server with one account, and a site with two tagged pages. */
async function fixture(t) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const site = await startSite(t, {
    "/": taggedPage(server, account, { title: "Home", body: '<a href="/pricing">Pricing</a>' }),
    "/pricing": taggedPage(server, account, { title: "Pricing" }),
  });
  const kpi = async () => (await server.report(account, token, "dashboard", { period: "today" })).kpi;
  const rows = async (page, query = {}) => (await server.report(account, token, page, { period: "today", ...query })).rows;
  return { server, account, token, site, kpi, rows };
}

/** Waits until the dashboard shows exactly these numbers. */
async function counts(kpi, expected) {
  let said;
  const asked = async () => {
    said = await kpi();
    return Object.entries(expected).every(([key, value]) => said[key] === value);
  };
  await eventually(asked, `${JSON.stringify(expected)} on the dashboard`).catch((error) => {
    throw new Error(`${error.message}; it says ${JSON.stringify(said)}`, { cause: error.cause });
  });
}

const push = (page, ...calls) =>
  page.evaluate((calls) => {
    const queue = (globalThis._hsq = globalThis._hsq || []);
    for (const call of calls) queue.push(call);
  }, calls);

const pathsOf = (rows) => Object.fromEntries(rows.map((row) => [row.path, row.page_views]));

describe("a visit", { skip: withoutServer("visits") }, () => {
  test("a page view is counted with its page, its source and nothing asked of anybody else", async (t) => {
    const { server, site, kpi, rows } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    await visitor.open(site.at("/"), { referer: "https://www.google.com/" });
    await counts(kpi, { visitors: 1, sessions: 1, page_views: 1 });
    const [page, ...others] = await rows("pages");
    assert.deepEqual(others, []);
    assert.deepEqual(
      { path: page.path, host: page.host.split(":")[0], views: page.page_views, visitors: page.visitors, sessions: page.sessions },
      { path: "/", host: SITE_HOST, views: 1, visitors: 1, sessions: 1 },
    );
    const sources = await rows("sources", { by: "source" });
    assert.deepEqual(sources.map(({ source, visitors, sessions }) => ({ source, visitors, sessions })), [
      { source: "ORGANIC_SEARCH", visitors: 1, sessions: 1 },
    ]);
    assert.deepEqual(visitor.strangers(site.host, server.host), []);
    assert.deepEqual(visitor.troubles, []);
  });

  test("a click to the next page stays in the session and keeps its source", async (t) => {
    const { site, kpi, rows } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    await page.click("a");
    await counts(kpi, { visitors: 1, sessions: 1, page_views: 2 });
    assert.deepEqual(pathsOf(await rows("pages")), { "/": 1, "/pricing": 1 });
    assert.deepEqual((await rows("sources", { by: "source" })).map((row) => row.source), ["DIRECT_TRAFFIC"]);
  });

  test("a page that changes its path is counted under each path", async (t) => {
    const { site, kpi, rows } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    await push(page, ["setPath", "/basket"], ["trackPageView"], ["setPath", "/basket/pay"], ["trackPageView"]);
    await counts(kpi, { visitors: 1, sessions: 1, page_views: 3 });
    assert.deepEqual(pathsOf(await rows("pages")), { "/": 1, "/basket": 1, "/basket/pay": 1 });
    const hssc = (await visitor.cookies(site.at("/"))).__hssc.value;
    assert.equal(hssc.split(".")[1], "1", "the cookie counts loads of a page, not changes of its path");
  });

  test("an identified visitor becomes a contact", async (t) => {
    const { server, account, token, site, kpi } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    const ofContact = async () => {
      const query = { period: "today", filter: "contact:is:ada@example.com" };
      const { visitors, sessions, page_views } = (await server.report(account, token, "dashboard", query)).kpi;
      return { visitors, sessions, page_views };
    };
    assert.deepEqual(await ofContact(), { visitors: 0, sessions: 0, page_views: 0 });
    await push(page, ["identify", { email: "ada@example.com" }]);
    await push(page, ["setPath", "/welcome"], ["trackPageView"]);
    await counts(kpi, { visitors: 1, sessions: 1, page_views: 2 });
    assert.deepEqual(await ofContact(), { visitors: 1, sessions: 1, page_views: 2 }, "what came before is the contact's too");
  });

  test("the cookies are HubSpot's, with the hash of their domain", async (t) => {
    const { site, kpi } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    const began = Date.now();
    await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    const jar = await visitor.cookies(site.at("/"));
    assert.deepEqual(Object.keys(jar).sort(), ["__hssc", "__hssrc", "__hstc", "hubspotutk"]);
    const utk = jar.hubspotutk.value;
    assert.match(utk, /^[0-9a-f]{32}$/);
    const [hash, token, first, previous, current, number, ...rest] = jar.__hstc.value.split(".");
    assert.deepEqual([hash, token, number, rest], [String(domainHash(`.${SITE_HOST}`)), utk, "1", []]);
    assert.ok(first === previous && previous === current && Math.abs(first - began) < MINUTE, jar.__hstc.value);
    assert.deepEqual(jar.__hssc.value.split("."), [hash, "1", current]);
    assert.equal(jar.__hssrc.value, "1");
    for (const [name, days] of [["__hstc", 180], ["hubspotutk", 180], ["__hssc", 1 / 48], ["__hssrc", null]]) {
      const { path, sameSite, domain, expires } = jar[name];
      assert.deepEqual({ name, path, sameSite, domain }, { name, path: "/", sameSite: "Lax", domain: `.${SITE_HOST}` });
      if (days === null) assert.equal(expires, -1, name);
      else assert.ok(Math.abs(expires - (began / 1000 + days * 86_400)) < 60, `${name} ends at ${expires}`);
    }
    assert.deepEqual(await visitor.cookies(`http://${STATS_HOST}/`), {}, "the server sets none of its own");
  });

  test("a visitor who comes back after 30 minutes opens a second session", async (t) => {
    const { site, kpi } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    const then = await visitor.cookies(site.at("/"));
    await visitor.passTime(31 * MINUTE);
    await visitor.open(site.at("/pricing"));
    await counts(kpi, { visitors: 1, sessions: 2, page_views: 2 });
    const now = await visitor.cookies(site.at("/"));
    assert.equal(now.hubspotutk.value, then.hubspotutk.value);
    const [before, after] = [then, now].map((jar) => jar.__hstc.value.split("."));
    assert.deepEqual([after[2], after[3], after[5]], [before[2], before[4], "2"], "first kept, previous = then, number 2");
    assert.ok(after[4] - before[4] >= 30 * MINUTE, now.__hstc.value);
    assert.equal(now.__hssc.value.split(".")[1], "1");
  });

  test("a second browser is a second visitor", async (t) => {
    const { site, kpi, rows } = await fixture(t);
    const browser = await launch(t);
    for (const visits of [1, 2]) {
      const visitor = await Visitor.begin(browser);
      await visitor.open(site.at("/"));
      await counts(kpi, { visitors: visits, sessions: visits, page_views: visits });
      await visitor.close();
    }
    const [page] = await rows("pages");
    assert.deepEqual([page.visitors, page.page_views], [2, 2]);
  });

  /** rules.md 4 */
  test("a browser that calls itself headless is a robot and in no report", async (t) => {
    const { server, site, kpi, rows } = await fixture(t);
    const robot = await Visitor.begin(await launch(t), { headless: true });
    const answered = robot.context.waitForEvent("response", (response) => {
      const { host, pathname } = new URL(response.url());
      return host === server.host && (pathname === "/collect" || pathname.endsWith(".gif"));
    });
    await robot.open(site.at("/"));
    const answer = await answered;
    assert.equal(await answer.headerValue("x-guestlog"), "bot");
    assert.ok(answer.ok(), `${answer.status()}`);
    const { visitors, sessions, page_views } = await kpi();
    assert.deepEqual([visitors, sessions, page_views], [0, 0, 0]);
    assert.deepEqual(await rows("pages"), []);
  });

  test("what happens while the server is away arrives when it is back, once", { timeout: 4 * MINUTE }, async (t) => {
    const { server, site, kpi, rows } = await fixture(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await counts(kpi, { page_views: 1 });
    assert.equal(await server.stop(), 0);
    for (const step of ["/a", "/b", "/c"]) {
      await push(page, ["setPath", step], ["trackPageView"]);
    }
    await pause(AWAY);
    await server.start();
    await page.goto(site.at("/pricing"));
    const everything = { visitors: 1, sessions: 1, page_views: 5 };
    await eventually(async () => (await kpi()).page_views >= 5, "the five page views", 2 * MINUTE);
    await page.reload();
    await counts(kpi, { ...everything, page_views: 6 });
    assert.deepEqual(pathsOf(await rows("pages")), { "/": 1, "/a": 1, "/b": 1, "/c": 1, "/pricing": 2 });
  });

  test("a site without the server works as before", async (t) => {
    const { server, site } = await fixture(t);
    await server.stop();
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await page.click("a");
    assert.equal(await page.title(), "Pricing");
    assert.deepEqual(visitor.troubles.filter((trouble) => trouble.startsWith("uncaught")), []);
  });
});
