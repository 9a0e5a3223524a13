// Forms in real Chromium: of the forms that a page sends, in fifty shapes, only the named fields that are safe leave the
// page for Guestlog, and only from an account that wants them. Then what the pages of forms show of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { fixture, isSound } from "./fixture.mjs";
import { Visitor, eventually, hear, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

/** No request to the server may hold any of these. */
const SECRETS = /s3cr3t|4111|h1dd3n|unl1sted|3782/;
const CARD = "4111 1111 1111 1111";
const SEND = "<button id='send'>Send</button>";

const input = (attributes, value) => `<input ${attributes} value="${value}">`;
const email = (value = "ada@example.test", attributes = 'type="email" name="email"') => input(attributes, value);
const password = (attributes = 'name="password"') => input(`type="password" ${attributes}`, "s3cr3t");

/** What handles the submit: nothing, or code of the page. */
const BY_FETCH = `<script>document.forms[0].addEventListener("submit", (e) => {
  e.preventDefault();
  fetch("/sent", { method: "POST", body: new FormData(e.target) });
});</script>`;
const BY_PAGE = `<script>document.forms[0].addEventListener("submit", (e) => {
  e.preventDefault();
  history.pushState(null, "", "/thanks-inside");
  document.body.innerHTML = "<p>Thank you</p>";
});</script>`;
const REFUSING = `<script>document.forms[0].addEventListener("submit", (e) => {
  e.preventDefault();
  e.target.querySelector("input").setAttribute("aria-invalid", "true");
});</script>`;
const BY_METHOD = `<script>document.getElementById("send").addEventListener("click", (e) => {
  e.preventDefault();
  HTMLFormElement.prototype.submit.call(document.forms[0]);
});</script>`;

const ADA = { email: "ada@example.test" };

/** Each: what is inside the form, what is read of it (`null` = nothing is sent), and what else is on the page. */
const SHAPES = [
  // How emails, names, phones and companies are written.
  [email(), ADA],
  [email("ada@example.test", 'type="text" name="email"'), ADA],
  [email("ada@example.test", 'type="text" name="your-email"'), ADA],
  [email("ada@example.test", 'type="text" name="x1" id="EMail"'), ADA],
  [email("ada@example.test", 'type="text" name="x1" placeholder="E-mail address"'), ADA],
  [email("ada@example.test", 'type="text" name="x1" aria-label="Your email"'), ADA],
  [email("ada@example.test", 'type="email" name="x1"'), ADA],
  [email("ada@example.test", 'name="x1" autocomplete="section-a email"'), ADA],
  [email() + input('name="firstname"', "Ada") + input('name="lastname"', "Byron"), { ...ADA, firstname: "Ada", lastname: "Byron" }],
  [email() + input('name="first-name"', "Ada") + input('name="last_name"', "Byron"), { ...ADA, firstname: "Ada", lastname: "Byron" }],
  [email() + input('name="contact[firstName]" id="firstName"', "Ada"), { ...ADA, firstname: "Ada" }],
  [email() + input('name="Vorname"', "Ada") + input('name="Nachname"', "Byron"), { ...ADA, firstname: "Ada", lastname: "Byron" }],
  [email() + input('name="voornaam"', "Ada") + input('name="achternaam"', "Byron"), { ...ADA, firstname: "Ada", lastname: "Byron" }],
  [email() + input('name="a" autocomplete="given-name"', "Ada") + input('name="b" autocomplete="family-name"', "Byron"), { ...ADA, firstname: "Ada", lastname: "Byron" }],
  [email() + input('type="tel" name="phone"', "+49 1512 34567890"), { ...ADA, phone: "+49 1512 34567890" }],
  [email() + input('type="tel" name="x" autocomplete="tel"', "555 0199"), { ...ADA, phone: "555 0199" }],
  [email() + input('name="company"', "Analytical Engines"), { ...ADA, company: "Analytical Engines" }],
  [email() + input('name="x" autocomplete="organization"', "Engines & Co"), { ...ADA, company: "Engines & Co" }],
  // Passwords.
  [email() + password(), ADA],
  [email() + password('name="p1"') + password('name="p2"'), ADA],
  [email() + input('type="text" name="password"', "s3cr3t"), ADA],
  [email() + input('type="text" name="x" autocomplete="current-password"', "s3cr3t"), ADA],
  [email() + input('type="text" name="x" placeholder="Passwort"', "s3cr3t"), ADA],
  [password() + input('type="text" name="username"', "unl1sted"), null],
  [email("s3cr3t@s3cr3t.test", 'type="password" name="email"') + email(), ADA],
  [email() + input('name="phone" type="text" id="phone-pin"', "s3cr3t"), ADA],
  // Cards.
  [email() + input('name="cardnumber"', CARD), ADA],
  [email() + input('type="tel" name="number" autocomplete="cc-number"', CARD), ADA],
  [email() + input('type="tel" name="x1"', CARD), ADA],
  [email() + input('type="tel" name="phone"', CARD), ADA],
  [email() + input('name="lastname"', "4111111111111111"), ADA],
  [email() + input('name="phone"', "3782 822463 10005"), ADA],
  [email() + input('name="company" autocomplete="cc-name"', "s3cr3t"), ADA],
  [email() + input('name="cvc"', "s3cr3t") + input('name="expiry"', "unl1sted"), ADA],
  // Hidden fields and fields that nobody listed.
  [email() + input('type="hidden" name="firstname"', "h1dd3n"), ADA],
  [input('type="hidden" name="email"', "h1dd3n@example.test") + input('name="q"', "unl1sted"), null],
  [email() + `<span style="display:none">${input('name="lastname"', "h1dd3n")}</span>`, ADA],
  [email() + input('name="company" hidden', "h1dd3n"), ADA],
  [email() + input('name="iban"', "unl1sted") + input('name="birthday"', "unl1sted"), ADA],
  [email() + "<textarea name='message'>unl1sted</textarea><select name='company'><option>unl1sted</option></select>", ADA],
  [email() + input('type="checkbox" checked name="company"', "unl1sted") + input('type="radio" checked name="phone"', "unl1sted"), ADA],
  [email() + input('type="search" name="company"', "unl1sted") + input('type="number" name="phone"', "4111"), ADA],
  // Forms and fields that are left out, or send nothing.
  [email("h1dd3n@example.test"), null, { form: "data-guestlog-ignore" }],
  [email() + input('name="lastname" data-guestlog-ignore', "h1dd3n"), ADA],
  [email("h1dd3n@example.test"), null, { more: REFUSING }],
  [email("h1dd3n", 'type="text" name="email"'), null],
  // How forms are sent, and names that hide what belongs to the form.
  [email() + password(), ADA, { more: BY_FETCH }],
  [email() + password(), ADA, { more: BY_PAGE }],
  [email() + password(), ADA, { more: BY_METHOD }],
  [email() + input('name="elements"', "unl1sted") + input('name="id"', "unl1sted") + input('name="getAttribute"', "unl1sted"), ADA],
];

/** Signs in and switches it on, as an admin does. */
async function collectForms({ page, server, owner, at }) {
  await signIn(page, server, owner);
  await page.goto(at("settings/advanced-tracking"));
  await page.getByLabel("Collect submitted forms").check();
  await Promise.all([page.waitForLoadState(), page.getByRole("button", { name: "Save" }).click()]);
  assert.ok(await page.getByLabel("Collect submitted forms").isChecked());
}

const formPage = (server, account, n, [inside, , { form = "", more = "" } = {}]) =>
  taggedPage(server, account, {
    title: `Shape ${n}`,
    body: `<form method="post" action="/sent" id="shape-${n}" ${form} novalidate>${inside}${SEND}</form>${more}`,
  });

/** Opens an address and sends its form. The button is pressed by the page, because a field may hide what Playwright asks. */
async function send(page, url) {
  await page.goto(url);
  await page.waitForFunction(() => globalThis._hstc_ran);
  await page.evaluate(() => document.getElementById("send").click());
}

/** All that a visitor sends to the server: addresses and bodies. */
function listen(visitor, server) {
  const sent = [];
  visitor.context.on("request", (request) => {
    if (new URL(request.url()).host === server.host) sent.push(`${decodeURIComponent(request.url())} ${request.postData() ?? ""}`);
  });
  return sent;
}

describe("forms", { skip: withoutServer("forms") }, () => {
  test("of fifty shapes of forms only safe fields leave the page", async (t) => {
    assert.equal(SHAPES.length, 50);
    const world = await fixture(t, { filled: false });
    const { server, account, browser } = world;
    await collectForms(world);
    const pages = Object.fromEntries(SHAPES.map((shape, n) => [`/${n}`, formPage(server, account, n, shape)]));
    const site = await startSite(t, { ...pages, "/sent": taggedPage(server, account, { title: "Sent" }) });
    const visitor = await Visitor.begin(browser);
    const [heard, sent] = [hear(visitor, server), listen(visitor, server)];
    const shown = await visitor.context.newPage();
    const formHits = () => heard.hits.filter((hit) => hit.k === "form");
    for (const [n, [, expected, { more = BY_METHOD } = {}]] of SHAPES.entries()) {
      await send(shown, site.at(`/${n}`));
      if (more === BY_METHOD) await shown.waitForURL(/\/sent$/);
      const own = () => formHits().find((hit) => hit.n === `shape-${n}`);
      if (expected) await eventually(own, `the form of shape ${n}`);
      else await pause(700);
      assert.deepEqual(own()?.p, expected ?? undefined, `shape ${n}: ${SHAPES[n][0]}`);
    }
    assert.equal(formHits().length, SHAPES.filter(([, expected]) => expected).length, "each once");
    assert.ok(sent.length > 100, "requests were looked at");
    assert.deepEqual(sent.filter((text) => SECRETS.test(text)), []);
    const kept = await visitor.context.storageState();
    assert.ok(!SECRETS.test(JSON.stringify(kept)), "nor do they stay in cookies or storage");
    assert.deepEqual(heard.refusals, []);

    const { page, at } = world;
    await isSound(world.visitor, server, page, await page.goto(at("forms?wait=1")), { name: "forms" });
    await page.getByRole("link", { name: "shape-8" }).click();
    await page.waitForURL(/forms\/\d+$/);
    await isSound(world.visitor, server, page, await page.reload(), { name: "form" });
    assert.match(await page.locator("table.submissions").innerText(), /ada@example\.test[^]*Noticed by the script[^]*Byron/);
    await page.getByRole("link", { name: "ada@example.test" }).click();
    await page.waitForURL(/contacts\/1$/);
    await isSound(world.visitor, server, page, await page.reload(), { name: "contact-with-forms" });
  });

  test("nothing is read where it is not wanted, or without consent", async (t) => {
    const world = await fixture(t, { filled: false });
    const { server, account, browser } = world;
    const pages = (more) => ({
      "/": formPage(server, account, 0, [email(), ADA]).replace("<head>", `<head>${more}`),
      "/sent": taggedPage(server, account, { title: "Sent", head: more }),
    });
    const plain = await startSite(t, pages(""));
    const refusing = await startSite(t, pages("<script>var _hsq = [['doNotTrack']];</script>"));
    const forms = async (site) => {
      const visitor = await Visitor.begin(browser);
      const heard = hear(visitor, server);
      const page = await visitor.context.newPage();
      await send(page, site.at("/"));
      await page.waitForURL(/\/sent$/);
      await pause(700);
      await visitor.close();
      return heard.hits.filter((hit) => hit.k === "form").length;
    };
    assert.equal(await forms(plain), 0, "the account does not collect forms");
    await isSound(world.visitor, server, world.page, await (await signIn(world.page, server, world.owner), world.page.goto(world.at("forms"))), { name: "forms-empty" });
    await world.page.goto(world.at("settings/advanced-tracking"));
    await world.page.getByLabel("Collect submitted forms").check();
    await Promise.all([world.page.waitForLoadState(), world.page.getByRole("button", { name: "Save" }).click()]);
    assert.equal(await forms(plain), 1);
    assert.equal(await forms(refusing), 0);
  });
});
