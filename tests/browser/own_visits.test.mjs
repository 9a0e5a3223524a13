// Leaving out one's own visits in real Chromium: from the settings to the notice on the site, under a strict content
// security policy, and back. Then cookies where a browser gives a page less than usual.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Server, Visitor, eventually, launch, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

const MINUTE = 60_000;
/** Time in which a page would have sent something. */
const SETTLED = 1_000;

async function fixture(t) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const owner = await server.addUser(account);
  const from = `http://${server.host}`;
  const head = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${from}; connect-src ${from}; img-src ${from} data:">`;
  const site = await startSite(t, {
    "/": taggedPage(server, account, { title: "Shop" }),
    "/strict": taggedPage(server, account, { title: "Strict", head }),
  });
  const browser = await launch(t);
  const admin = await (await browser.newContext()).newPage();
  await signIn(admin, server, owner);
  const link = async (button) => {
    await admin.goto(`${server.address}/accounts/${account}/settings/advanced-tracking`);
    await admin.getByLabel("Page of your site").fill(site.at("/strict"));
    await admin.getByRole("button", { name: button }).click();
    return admin.getByRole("link", { name: "Open in this browser" }).getAttribute("href");
  };
  return { server, account, site, browser, link };
}

describe("own visits", { skip: withoutServer("own visits") }, () => {
  test("a marked browser says so, sends nothing, and is counted again when the mark is taken back", { timeout: MINUTE }, async (t) => {
    const { site, browser, link } = await fixture(t);
    const visitor = await Visitor.begin(browser);
    const sent = () => visitor.requests.filter((url) => /\/(collect|__pt\w+\.gif)/.test(url)).length;
    const address = await link("Get a link to leave out a browser");
    assert.match(address, /#guestlog-own-visits=o[0-9a-f]{32}$/);
    const marked = await visitor.open(address);
    const notice = marked.getByRole("status");
    await notice.getByText("your visits from this browser are not counted").waitFor();
    assert.equal(marked.url(), site.at("/strict"), "the token is gone from the address");
    const box = await notice.boundingBox();
    assert.ok(box.height > 20 && box.width > 200, "the page's policy does not take its look away");
    for (const path of ["/strict", "/"]) {
      const page = await visitor.open(site.at(path));
      await page.waitForFunction(() => globalThis._hstc_ran);
      await page.evaluate(() => globalThis._hsq.push(["trackEvent", { id: "Bought" }], ["trackPageView"]));
      await pause(SETTLED);
    }
    assert.equal(sent(), 0);
    assert.deepEqual(Object.keys(await visitor.cookies(site.at("/"))), ["__gl_own_visits"]);
    await marked.waitForFunction(() => !document.querySelector("guestlog-notice"), undefined, { timeout: 15_000 });

    const used = await visitor.open(address);
    await used.getByRole("status").getByText("already used").waitFor();
    assert.equal(sent(), 0, "a used link leaves the mark as it is");

    const back = await visitor.open(await link("Get a link to count it again"));
    await back.getByRole("status").getByText("are counted again").waitFor();
    await eventually(() => sent() > 0, "the view");
    assert.equal((await visitor.cookies(site.at("/"))).__gl_own_visits, undefined);
    assert.deepEqual(visitor.troubles, []);
  });

  test("a used link is an ordinary visit of another browser", { timeout: MINUTE }, async (t) => {
    const { browser, link } = await fixture(t);
    const address = await link("Get a link to leave out a browser");
    const first = await Visitor.begin(browser);
    await (await first.open(address)).getByRole("status").waitFor();
    const other = await Visitor.begin(browser);
    const page = await other.open(address);
    await page.getByRole("status").getByText("already used").waitFor();
    await eventually(() => other.requests.some((url) => url.includes("/collect")), "the view");
    assert.deepEqual(other.troubles, []);
  });
});
