// The harness itself: each question finds a planted fault and passes a sound page.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import {
  MINUTE, SITE_HOST, Visitor, axeFaults, domainHash, eventually, htmlFaults, launch, ordinaryAgent, overflow,
  shots, startSite,
} from "./harness.mjs";

const SOUND = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sound</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>body { color: #111; background: #fff } @media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } }</style>
</head><body><main><h1>Sound</h1><p>Text.</p></main></body></html>`;

async function opened(t, html, options) {
  const browser = await launch(t);
  const site = await startSite(t, { "/": html, "/other": SOUND });
  const visitor = await Visitor.begin(browser, options);
  return { browser, site, visitor, page: await visitor.open(site.at("/")) };
}

describe("the harness", () => {
  test("a sound page has no faults of any kind", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    assert.deepEqual(await axeFaults(page), []);
    assert.deepEqual(await htmlFaults(await page.content()), []);
    assert.deepEqual(await overflow(page), []);
    assert.deepEqual(visitor.strangers(site.host), []);
    assert.deepEqual(visitor.troubles, []);
    assert.equal(await page.evaluate(() => location.hostname), SITE_HOST);
  });

  test("a missing label and text too faint are found, in the scheme they occur in", async (t) => {
    const faint = SOUND.replace("color: #eee; background: #111", "color: #333; background: #111");
    const { page } = await opened(t, faint.replace("<p>", '<input type="text"><p>'));
    const faults = await axeFaults(page);
    assert.ok(faults.includes("light label: input"), faults.join("\n"));
    assert.ok(faults.includes("dark color-contrast: p"), faults.join("\n"));
    assert.ok(!faults.some((fault) => fault.startsWith("light color-contrast")), faults.join("\n"));
  });

  test("a page that allows no script of others is asked all the same", async (t) => {
    const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'nonce-x'">`;
    const { page } = await opened(t, SOUND.replace("<style>", `${policy}<style>`).replace("<p>", "<img src='data:,'><p>"));
    const faults = await axeFaults(page);
    assert.ok(faults.includes("light image-alt: img"), faults.join("\n"));
  });

  test("a broken document is found", async () => {
    const twice = await htmlFaults(SOUND.replace("<p>Text.</p>", "<p id='a'>x</p><p id='a'>y</p></div>"));
    assert.ok(twice.some((fault) => fault.includes("no-dup-id")), twice.join("\n"));
    assert.ok(twice.some((fault) => fault.includes("close-order")), twice.join("\n"));
  });

  test("what sticks out of a narrow screen is found and named", async (t) => {
    const { page } = await opened(t, SOUND.replace("<p>", '<table class="wide" style="width: 391px"><tr><td>x</td></tr></table><p>'));
    const faults = await overflow(page);
    assert.match(faults.join(" "), /px wide .*table\.wide/);
    assert.deepEqual(await overflow(page, 800), []);
  });

  test("a request to another host is found, even one that fails", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    await page.evaluate(() => fetch("http://elsewhere.localhost:1/x").catch(() => {}));
    await eventually(() => visitor.strangers(site.host).length > 0);
    assert.deepEqual(visitor.strangers(site.host), ["http://elsewhere.localhost:1/x"]);
    assert.deepEqual(visitor.strangers(site.host, "elsewhere.localhost:1"), []);
  });

  test("an error in a page is found", async (t) => {
    const { visitor } = await opened(t, SOUND.replace("<p>", "<script>console.error('x'); throw new Error('planted')</script><p>"));
    await eventually(() => visitor.troubles.length === 2);
    assert.match(visitor.troubles.join(" "), /console: x.*uncaught: planted|uncaught: planted.*console: x/);
  });

  test("an ordinary browser does not call itself headless, and a headless one does", async (t) => {
    const { browser, page } = await opened(t, SOUND);
    const agent = await page.evaluate(() => navigator.userAgent);
    assert.equal(agent, ordinaryAgent(browser));
    assert.doesNotMatch(agent, /headless/i);
    const robot = await Visitor.begin(browser, { headless: true });
    assert.match(await (await robot.open("about:blank")).evaluate(() => navigator.userAgent), /HeadlessChrome/);
  });

  test("time passes for pages old and new, and cookies run out with it", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    await page.evaluate(() => {
      document.cookie = "short=1; max-age=1800";
      document.cookie = "long=1; max-age=86400";
      document.cookie = "session=1";
    });
    await visitor.passTime(31 * MINUTE);
    const next = await visitor.open(site.at("/other"));
    for (const tab of [page, next]) {
      const ahead = (await tab.evaluate(() => Date.now())) - Date.now();
      assert.ok(Math.abs(ahead - 31 * MINUTE) < 10_000, `${ahead} ms ahead`);
    }
    assert.deepEqual(Object.keys(await visitor.cookies(site.at("/"))).sort(), ["long", "session"]);
    await visitor.passTime(2 * 24 * 60 * MINUTE);
    assert.deepEqual(Object.keys(await visitor.cookies(site.at("/"))), ["session"]);
    await next.evaluate(() => new Promise((done) => setTimeout(done, 20)));
  });

  test("two visitors share no cookie", async (t) => {
    const { browser, page, site } = await opened(t, SOUND);
    await page.evaluate(() => (document.cookie = "a=1"));
    const second = await Visitor.begin(browser);
    await second.open(site.at("/"));
    assert.deepEqual(await second.cookies(site.at("/")), {});
  });

  test("pictures are taken light, dark and narrow", async (t) => {
    const { page } = await opened(t, SOUND);
    const folder = await mkdtemp(join(tmpdir(), "guestlog-shots-"));
    t.after(() => rm(folder, { recursive: true }));
    const files = await shots(page, "sound", folder);
    assert.equal(files.length, 3);
    const [light, dark] = await Promise.all(files.map((file) => readFile(file)));
    assert.ok(!light.equals(dark), "light and dark look the same");
    assert.ok((await stat(files[2])).size > 0);
    assert.deepEqual(await shots(page, "sound", ""), []);
  });

  test("the domain hash equals cookies seen in the wild", () => {
    const seen = { ".uniorg.de": 226818242, ".hubspot.com": 20629287, ".cullenfunds.com": 136834799, ".memrise.com": 179716859 };
    for (const [domain, hash] of Object.entries(seen)) assert.equal(domainHash(domain), hash, domain);
  });

  test("what never comes is an error that says so", async () => {
    await assert.rejects(eventually(() => false, "the tide", 60), /the tide: not within 60 ms/);
  });
});
