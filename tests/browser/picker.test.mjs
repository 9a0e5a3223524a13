// The element picker in real Chromium: from the form to the picked selector, and to the completion of the event
// that uses it (rules.md 30).

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Server, Visitor, eventually, launch, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

const PAGE = `
<p><button id="buy"><b>Buy <i id="x9f83k2l1">now</i></b></button>
<button data-action="try-it" class="css-1q2w3e4">Try</button></p>
<ul><li><a href="/a" class="more">More</a></li><li><a href="/b" class="more">More</a></li></ul>
<form id="join" action="/join"><input name="email"><button>Join</button><fancy-note><template shadowrootmode="open">
<b class="note">Note</b></template></fancy-note></form>
<fancy-card id="card"><template shadowrootmode="open"><p><button class="order">Order</button><button class="save order">Save</button></p>
<button id="wish">Wish</button></template></fancy-card>
<script>globalThis.pressed = 0; document.addEventListener("click", () => globalThis.pressed++);</script>`;

async function fixture(t) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const owner = await server.addUser(account);
  const from = `http://${server.host}`;
  const policy = `default-src 'none'; script-src ${from}; connect-src ${from}; img-src ${from} data:`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const site = await startSite(t, {
    "/": taggedPage(server, account, { title: "Shop", body: PAGE }),
    "/strict": taggedPage(server, account, { title: "Strict", body: PAGE.replace(/<script>.*<\/script>/s, ""), head }),
  });
  const browser = await launch(t);
  const admin = await (await browser.newContext()).newPage();
  await signIn(admin, server, owner);
  // The event form does this too and gets the number as JSON.
  const ask = (path, fields) => admin.evaluate(async ({ path, fields }) => {
    const csrf = document.querySelector("input[name=csrf]").value;
    const body = fields && new URLSearchParams({ csrf, ...fields });
    const answer = await fetch(path, { method: body ? "POST" : "GET", body, headers: { Accept: "application/json" } });
    return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
  }, { path, fields });
  const start = (fields) => ask(`/accounts/${account}/events/pick`, { url: site.at("/"), kind: "click", ...fields });
  const picked = (number) => ask(`/accounts/${account}/events/pick/${number}?format=json`);
  const visitor = await Visitor.begin(browser);
  const beacons = () => visitor.requests.filter((url) => /\/(collect|__ptq\.gif)/.test(url)).length;
  const views = async () => (await server.report(account, token, "dashboard", { period: "today" })).kpi.page_views;
  const completions = async (name) =>
    (await server.report(account, token, "dashboard", { period: "today", filter: `event:is:${name}` })).kpi.completions;
  return { server, account, token, site, admin, ask, start, picked, visitor, beacons, views, completions };
}

const bar = (page) => page.getByRole("dialog", { name: "Guestlog: pick an element" });

const rule = (page) => bar(page).getByRole("textbox", { name: "CSS selector" });

describe("the picker", { skip: withoutServer("the picker") }, () => {
  test("an element is picked on the live page, and a click on it completes the event", async (t) => {
    const { server, account, site, start, picked, visitor, beacons, views, completions } = await fixture(t);
    const { number, address } = await start({});
    assert.match(address, /\/#guestlog-pick=c[0-9a-f]{32}$/);
    const page = await visitor.open(address);
    await bar(page).waitFor();
    assert.equal(page.url(), site.at("/"), "the token is gone from the address");
    await page.hover("#x9f83k2l1");
    await page.click("#x9f83k2l1");
    assert.equal(await rule(page).inputValue(), "#buy");
    await bar(page).getByText("matches only this element").waitFor();
    assert.equal(await page.evaluate(() => globalThis.pressed), 0, "the page does not see what is pressed to pick");
    assert.deepEqual((await picked(number)).selector, null);
    await bar(page).getByRole("button", { name: "Use selector" }).click();
    await bar(page).getByText("Element picked.").waitFor();
    const choice = await eventually(async () => (await picked(number)).selector, "the choice");
    assert.equal(choice, "#buy");
    assert.equal(beacons(), 0, "no hit leaves the page while somebody picks");
    assert.equal(await views(), 0);

    const again = await visitor.open(address);
    await eventually(() => beacons() === 1, "an ordinary page view: the token is used up");
    assert.equal(await bar(again).count(), 0);
    assert.equal(again.url(), site.at("/"));

    const words = ["--name", "Bought", "--type", "click", "--selector", choice];
    await server.command(["event", "add", "--account", `${account}`, ...words]);
    const shop = await (await Visitor.begin(visitor.context.browser())).open(site.at("/"));
    await shop.waitForFunction(() => globalThis._hstc_ran);
    await shop.click("#buy");
    await eventually(async () => (await completions("Bought")) === 1, "the completion");
    assert.deepEqual(visitor.troubles.filter((text) => !text.includes("404")), []);
  });

  test("stable selectors are preferred, several matches are counted, and keys work", async (t) => {
    const { start, picked, visitor } = await fixture(t);
    const page = await visitor.open((await start({})).address);
    await bar(page).waitFor();
    await page.click("text=Try");
    assert.equal(await rule(page).inputValue(), '[data-action="try-it"]');
    await page.click("a.more >> nth=1");
    const selector = await rule(page).inputValue();
    assert.ok(await page.evaluate((css) => document.querySelector(css)?.getAttribute("href") === "/b", selector), selector);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    const around = await rule(page).inputValue();
    assert.equal(await page.evaluate((css) => document.querySelector(css)?.tagName, around), "UL");
    await rule(page).fill("a.more, #buy");
    await bar(page).getByText("matches 3 elements").waitFor();
    await rule(page).fill("a.more[");
    await bar(page).getByText("matches 0 elements").waitFor();
    assert.equal(await bar(page).getByRole("button", { name: "Use selector" }).isVisible(), false);
    await page.keyboard.press("Escape");
    await bar(page).getByText("Cancelled.").waitFor();
    await page.click("#buy");
    assert.equal(await page.evaluate(() => globalThis.pressed), 1, "the page is itself again");

    const keyed = await start({});
    const second = await visitor.open(keyed.address);
    await bar(second).waitFor();
    await second.focus("#buy");
    await second.keyboard.press("Enter");
    await bar(second).getByRole("button", { name: "Use selector" }).focus();
    await second.keyboard.press("Enter");
    await bar(second).getByText("Element picked.").waitFor();
    assert.equal((await picked(keyed.number)).selector, "#buy");
  });

  test("what is inside an open shadow root is picked as it is found there, and clicks on it count", async (t) => {
    const { server, account, site, start, picked, visitor, completions } = await fixture(t);
    const { number, address } = await start({});
    const page = await visitor.open(address);
    await bar(page).waitFor();
    await page.click("text=Wish");
    assert.equal(await rule(page).inputValue(), "#wish");
    await bar(page).getByText("matches only this element").waitFor();
    await page.click("text=Save");
    const selector = await rule(page).inputValue();
    const marked = await page.evaluate((css) => {
      const found = document.querySelector("#card").shadowRoot.querySelectorAll(css);
      return [...found].map((element) => element.textContent);
    }, selector);
    assert.deepEqual(marked, ["Save"], selector);
    await bar(page).getByText("matches only this element").waitFor();
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("ArrowUp");
    assert.equal(await rule(page).inputValue(), "#card", "around it is what holds the root");
    await page.click("text=Save");
    await bar(page).getByRole("button", { name: "Use selector" }).click();
    await eventually(async () => (await picked(number)).selector === selector, "the choice");
    const words = ["--name", "Saved", "--type", "click", "--selector", selector];
    await server.command(["event", "add", "--account", `${account}`, ...words]);
    const shop = await (await Visitor.begin(visitor.context.browser())).open(site.at("/"));
    await shop.waitForFunction(() => globalThis._hstc_ran);
    await shop.click("text=Order");
    await shop.click("text=Save");
    await eventually(async () => (await completions("Saved")) === 1, "the completion");

    const form = await start({ kind: "form" });
    const second = await visitor.open(form.address);
    await bar(second).waitFor();
    await second.click("text=Note");
    assert.equal(await rule(second).inputValue(), "#join");
    assert.deepEqual(visitor.troubles, []);
  });

  test("a finger picks as well, on a page whose policy forbids nearly everything", async (t) => {
    const { site, start, picked, visitor } = await fixture(t);
    const { number, address } = await start({ url: site.at("/strict") });
    const touching = await Visitor.begin(visitor.context.browser(), { hasTouch: true, viewport: { width: 390, height: 700 } });
    const page = await touching.open(address);
    await bar(page).waitFor();
    await page.tap("#buy");
    assert.equal(await rule(page).inputValue(), "#buy");
    const { x, width } = await bar(page).boundingBox();
    assert.ok(x >= 0 && x + width <= 390, `${x} ${width}`);
    await bar(page).getByRole("button", { name: "Use selector" }).tap();
    await eventually(async () => (await picked(number)).selector === "#buy", "the choice");
    assert.deepEqual(touching.troubles, []);
  });

  test("for a form event a form is picked, and what stood in the fragment stays", async (t) => {
    const { site, start, picked, visitor } = await fixture(t);
    const { number, address } = await start({ kind: "form", url: site.at("/#/join") });
    const page = await visitor.open(address);
    await bar(page).waitFor();
    assert.equal(page.url(), site.at("/#/join"));
    await page.click("#join button");
    assert.equal(await rule(page).inputValue(), "#join");
    await bar(page).getByRole("button", { name: "Use selector" }).click();
    await eventually(async () => (await picked(number)).selector === "#join", "the form");
  });

  test("of two forms that wait each gets its own choice, and one that is cancelled says so", async (t) => {
    const { server, account, site, admin } = await fixture(t);
    const context = admin.context();
    const form = async () => {
      const page = await context.newPage();
      await page.goto(`${server.address}/accounts/${account}/events/new?type=click`);
      await page.click("details.pick summary");
      await page.fill("#pick-url", site.at("/"));
      return page;
    };
    const open = async (page) => {
      const [tab] = await Promise.all([context.waitForEvent("page"), page.click("button[form=pick]")]);
      await bar(tab).waitFor();
      return tab;
    };
    const state = (page, words) => page.locator("#pick-state", { hasText: words }).waitFor();
    const [one, two] = [await form(), await form()];
    const tabs = [await open(one), await open(two)];
    await state(one, "Waiting");
    await tabs[0].click("#buy");
    await bar(tabs[0]).getByRole("button", { name: "Use selector" }).click();
    await state(one, "Element picked.");
    assert.equal(await one.inputValue("#f-selector"), "#buy");
    await bar(tabs[1]).getByRole("button", { name: "Cancel" }).click();
    await state(two, "No element was picked");
    assert.equal(await two.inputValue("#f-selector"), "", "what was picked for another form");
    const again = await open(two);
    await again.click("text=Try");
    await bar(again).getByRole("button", { name: "Use selector" }).click();
    await state(two, "Element picked.");
    assert.equal(await two.inputValue("#f-selector"), '[data-action="try-it"]');

    await two.clock.install();
    await (await open(two)).close();
    await state(two, "Waiting");
    await two.clock.fastForward("09:00");
    await state(two, "Waiting");
    await two.clock.fastForward("02:00");
    await state(two, "No element was picked");
  });

  test("an invented token opens nothing and the visit is counted", async (t) => {
    const { site, visitor, beacons } = await fixture(t);
    const page = await visitor.open(site.at(`/#guestlog-pick=c${"0".repeat(32)}`));
    await eventually(() => beacons() === 1, "the page view");
    assert.equal(await bar(page).count(), 0);
    assert.ok(!visitor.requests.some((url) => url.endsWith("/pick.js")), "the picker is not even loaded");
    assert.equal(page.url(), site.at("/"));
  });

  test("without script the form opens the site by a page of its own", async (t) => {
    const { account, site, admin, visitor } = await fixture(t);
    await admin.evaluate(({ account, url }) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `/accounts/${account}/events/pick` });
      const csrf = document.querySelector("input[name=csrf]").value;
      for (const [name, value] of Object.entries({ csrf, url, kind: "click" })) {
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      document.body.append(form);
      form.submit();
    }, { account, url: site.at("/") });
    await admin.waitForURL(site.at("/"));
    await bar(admin).waitFor();
    assert.equal(visitor.requests.length, 0);
  });
});
