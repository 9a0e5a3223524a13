// The pages of events, of the review and of contacts in real Chromium: correct whatever they show, faster with
// script, and complete without it. The tracking script is tested in events.test.mjs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { SITE_HOST, Visitor, eventually, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";
import { LONG, RIGHT_TO_LEFT, collect, token } from "./history.mjs";
import { fixture, isSound, submit } from "./fixture.mjs";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
const LONG_EMAIL = "somebody.with.a.long.name.and.another.after.it@a-long-host-name.example.com";

const create = async (server, account, name, ...more) => {
  const words = ["event", "add", "--account", String(account), "--name", name, ...more];
  return (await server.command(words)).event_id;
};

/** Creates events of every type, completed by visitors, a contact and a program. */
async function fill(server, account) {
  const hit = (visitor, more) => ({ vi: token(visitor), pu: `https://${SITE_HOST}/cart`, cc: 15, ...more });
  const sale = await create(server, account, "Order placed", "--type", "custom", "--tag", "checkout", "--tag", "money");
  await create(server, account, `<b>${"a name as long as names may be, of a hundred characters ".repeat(2)}`.slice(0, 100), "--type", "click", "--selector", "#buy");
  await create(server, account, RIGHT_TO_LEFT, "--type", "form", "--selector", "form", "--tag", "x".repeat(50));
  await create(server, account, "Prices seen", "--type", "visit", "--url", "/pricing*");
  await create(server, account, "Login", "--type", "http");
  const views = ["/pricing", LONG].map((path) => hit(7001, { pu: `https://${SITE_HOST}${path}`, t: path }));
  await collect(server, account, [...views, hit(7001, { i: { email: LONG_EMAIL, plan: "pro" } })], FIREFOX);
  for (const [visitor, agent] of [[7001, FIREFOX], [7002, FIREFOX], [7003, PHONE]]) {
    const fired = [1, 2].map((n) => hit(visitor, { k: 3, n: "Order placed", m: n * 19.99 }));
    await collect(server, account, fired, agent);
  }
  for (const email of ["ada@example.com", LONG_EMAIL]) {
    const query = new URLSearchParams({ _a: account, _n: "Login", email, _m: "5" });
    assert.equal((await fetch(`${server.address}/v1/event?${query}`)).status, 200);
  }
  return sale;
}

describe("pages of events", { skip: withoutServer("pages of events") }, () => {
  test("while there is nothing", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    for (const name of ["events", "events/new", "events/new?type=click", "events/unexpected", "events/dismissed", "contacts"]) {
      const answer = await page.goto(at(name));
      await isSound(visitor, server, page, answer, { name: `none-${name.replace(/\W/g, "-")}` });
    }
    await page.goto(at("events"));
    await page.getByRole("main").getByRole("link", { name: "Create event" }).last().click();
    await page.waitForURL(/events\/new/);
  });

  test("with events, completions, contacts", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t);
    const sale = await fill(server, account);
    await signIn(page, server, owner);
    await page.goto(at("events?wait=1"));
    const pages = {
      events: "events",
      "events-ordered": "events?sort=name&tag=checkout",
      "events-none": "events?search=nothing",
      "events-filtered": "events?period=7d&filter=tag:is:money&filter=event:is:000000000001",
      event: `events/${sale}`,
      "event-value": `events/${sale}?metric=value&period=today`,
      "event-filtered": `events/${sale}?filter=device:is:mobile`,
      "event-nothing": "events/000000000003",
      "event-visit": "events/000000000004",
      "event-install": `events/${sale}/install`,
      "event-install-click": "events/000000000002/install",
      "event-install-visit": "events/000000000004/install",
      "event-edit": `events/${sale}/edit`,
      "event-edit-click": "events/000000000002/edit",
      "event-delete": `events/${sale}/delete`,
      contacts: "contacts",
      "contacts-ordered": "contacts?sort=email&limit=1",
      "contacts-none": "contacts?search=nobody",
      contact: "contacts/1",
      dashboard: "dashboard",
    };
    for (const [name, path] of Object.entries(pages)) {
      await t.test(name, async () => {
        await isSound(visitor, server, page, await page.goto(at(path)), { name: `events-${name}` });
      });
    }
    await isSound(visitor, server, page, await page.goto(at("events/000000000099")), { name: "event-404", status: 404 });

    await t.test("lists are chosen from at once, rows hide while one types, an event leads to its contacts", async () => {
      await page.goto(at("events"));
      await Promise.all([page.waitForURL(/type=click/), page.locator("select[name=type]").selectOption("click")]);
      assert.equal(await page.locator("#events-rows tr").count(), 1);
      await page.goto(at("events"));
      await page.keyboard.press("/");
      await page.keyboard.type("order");
      assert.equal(await page.locator("#events-rows tr:visible").count(), 1);
      await Promise.all([page.waitForURL(/search=order/), page.keyboard.press("Enter")]);
      await Promise.all([page.waitForURL(new RegExp(`events/${sale}`)), page.getByRole("link", { name: "Order placed" }).click()]);
      await Promise.all([page.waitForURL(/contacts\/1$/), page.getByRole("link", { name: LONG_EMAIL }).click()]);
      assert.equal((await page.locator("h1").innerText()).trim(), LONG_EMAIL);
    });
  });

  /** The picker, from the form to the completion. */
  test("from the form through the picker to the first completion", async (t) => {
    const { server, account, owner, browser, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    const body = '<button id="buy">Buy</button>';
    const site = await startSite(t, { "/": taggedPage(server, account, { title: "Shop", body }) });
    await page.goto(at("events/new"));
    const selector = page.getByRole("textbox", { name: "CSS selector" });
    assert.equal(await selector.isVisible(), false, "a custom event has none");
    await page.getByLabel("Name").fill("Bought");
    await page.getByRole("radio", { name: /^Clicked element/ }).check();
    assert.equal(await selector.isVisible(), true, "at once");
    assert.equal(await page.getByRole("textbox", { name: "Custom JavaScript" }).isVisible(), false);

    await page.getByText("Pick the element on your site").click();
    await page.getByLabel("Page of your site").fill(site.at("/"));
    const [tab] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("button", { name: "Pick on site" }).click()]);
    const bar = tab.getByRole("dialog", { name: "Guestlog: pick an element" });
    await bar.waitFor();
    await tab.locator("#buy").click();
    await bar.getByRole("button", { name: "Use selector" }).click();
    await bar.getByText("Element picked.").waitFor();
    await page.getByText("Element picked. Its selector is filled in above.").waitFor();
    assert.equal(await selector.inputValue(), "#buy");
    assert.equal(await page.getByLabel("Name").inputValue(), "Bought", "what was typed is still there");

    await tab.close();
    visitor.requests.length = 0; // the site's own
    const made = await submit(page, page.getByRole("button", { name: "Create event" }));
    await isSound(visitor, server, page, made, { name: "event-waiting" });
    await page.getByRole("heading", { name: "Waiting for the first completion of Bought…" }).waitFor();
    const shopper = await Visitor.begin(browser);
    const shop = await shopper.open(site.at("/"));
    await shop.waitForFunction(() => globalThis._hstc_ran || globalThis._hsq?.push !== Array.prototype.push);
    await shop.locator("#buy").click();
    await page.getByRole("heading", { name: /^Last completed at/ }).waitFor({ timeout: 15_000 });
  });

  test("names that wait, and tags, with script", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    await page.goto(at("settings/account"));
    await page.getByRole("radio", { name: /^Hold for review/ }).check();
    await sound(await submit(page, page.getByRole("button", { name: "Save" })), "settings-unknown-names");
    const names = ["Add to cart", LONG, RIGHT_TO_LEFT, '"><img src=x onerror=alert(1)>'].map((name) => name.slice(0, 100));
    const fired = names.map((n) => ({ vi: token(1), pu: `https://${SITE_HOST}${LONG}`, k: 3, n, cc: 15 }));
    await collect(server, account, fired, FIREFOX);
    await page.goto(at("live?wait=1"));
    await sound(await page.goto(at("events/unexpected")), "unexpected");
    const all = page.getByLabel("Select all names on this page");
    const boxes = page.locator("#names-rows input[type=checkbox]");
    await all.check();
    assert.equal(await page.locator("#names-rows input:checked").count(), 4);
    await boxes.first().uncheck();
    assert.equal(await all.evaluate((box) => box.indeterminate), true);
    await sound(await submit(page, page.getByRole("button", { name: "Dismiss", exact: true }).first()), "unexpected-one");
    assert.equal(await page.locator("#names-rows tr").count(), 1);
    await sound(await page.goto(at("events/dismissed")), "dismissed");
    assert.equal(await page.locator("#names-rows tr").count(), 3);
    await sound(await submit(page, page.getByRole("button", { name: "Restore", exact: true }).first()), "dismissed-none-chosen", 422);

    await create(server, account, "Tagged", "--type", "http", "--tag", "checkout", "--tag", "news");
    await page.goto(at("events/new"));
    const tags = page.getByRole("combobox", { name: "Tags" });
    await tags.fill("mine");
    for (const name of ["checkout", "news", "checkout"]) await page.getByRole("button", { name, exact: true }).click();
    assert.equal(await tags.inputValue(), "mine, news", "put in, and taken out again");
  });

  test("without JavaScript", async (t) => {
    const { server, account, owner, page, at } = await fixture(t, { javaScriptEnabled: false, filled: false });
    const main = page.getByRole("main");
    const press = (name) => submit(page, main.getByRole("button", { name, exact: true }).first());
    await signIn(page, server, owner);
    await page.goto(at("events/new"));
    await page.getByLabel("Name").fill("Thanks");
    await page.getByRole("radio", { name: /^Visited URL/ }).check();
    assert.equal((await press("Show fields")).status(), 200);
    assert.equal(await page.getByLabel("Name").inputValue(), "Thanks");
    await page.getByLabel("Page address").fill("/thanks*");
    await press("Create event");
    await page.getByRole("heading", { name: /^Waiting for the first completion/ }).waitFor();
    await collect(server, account, [{ vi: token(1), pu: `https://${SITE_HOST}/thanks?order=1`, cc: 15 }], FIREFOX);
    await page.getByRole("heading", { name: /^Last completed at/ }).waitFor({ timeout: 15_000 });

    await page.goto(at("settings/account"));
    await page.getByRole("radio", { name: /^Hold for review/ }).check();
    await press("Save");
    const fired = ["a", "b", "c"].map((n) => ({ vi: token(1), pu: `https://${SITE_HOST}/`, k: 3, n, cc: 15 }));
    await collect(server, account, fired, FIREFOX);
    await page.goto(at("live?wait=1"));
    await page.goto(at("events/unexpected"));
    assert.equal(await page.getByLabel("Select all names on this page").isVisible(), false, "what needs script is not offered");
    for (const name of ["a", "b"]) await page.getByLabel(`Select ${name}`, { exact: true }).check();
    await press("Dismiss");
    await page.getByText("The names are dismissed.").waitFor();
    await submit(page, main.getByRole("button", { name: "Approve c" }));
    await page.goto(at("events/dismissed"));
    for (const name of ["a", "b"]) await page.getByLabel(`Select ${name}`, { exact: true }).check();
    await press("Restore");
    await page.goto(at("events/unexpected"));
    assert.equal(await page.locator("#names-rows tr").count(), 2);
    await page.goto(at("events"));
    await page.getByLabel("Name or ID").fill("thanks");
    await Promise.all([page.waitForURL(/search=thanks/), page.keyboard.press("Enter")]);
    assert.equal(await page.locator("#events-rows tr").count(), 1);
    await eventually(async () => (await page.locator(".sparks").count()) > 0, "the table");
  });
});
