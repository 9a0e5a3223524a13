// One person in real Chromium, from an anonymous visit over three kinds of forms and a second browser to one contact, and
// into lists and out of them again as things happen and time passes.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";

import { fixture, isSound, submit } from "./fixture.mjs";
import { DAY, MINUTE, Visitor, eventually, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

const EMAIL = "ada@example.test";
const CAMPAIGN = "/?utm_source=newsletter&utm_medium=email&utm_campaign=spring";

const field = (name, value) => `<input name="${name}" value="${value}">`;
const FORM = `<form method="post" action="/thank-you" id="sign-up">${field("email", EMAIL)}${field("firstname", "Ada")}
  <button>Send</button></form>`;
const FORM_BY_FETCH = `<form id="by-fetch">${field("email", EMAIL)}${field("lastname", "Byron")}<button>Send</button></form>
  <script>document.forms[0].addEventListener("submit", (e) => {
    e.preventDefault();
    fetch("/sent", { method: "POST", body: new FormData(e.target) });
  });</script>`;

/** Sends a form from the page as HubSpot's API for submissions wants it, with the visitor's token; returns the status. */
const submitByApi = (page, server, account) =>
  page.evaluate(
    async ([address, email]) => {
      const hutk = /hubspotutk=([0-9a-f]{32})/.exec(document.cookie)[1];
      const body = {
        fields: [{ objectTypeId: "0-1", name: "email", value: email }, { objectTypeId: "0-1", name: "company", value: "Engines" }],
        context: { hutk, pageUri: location.href, pageName: document.title },
      };
      const headers = { "Content-Type": "application/json" };
      return (await fetch(address, { method: "POST", headers, body: JSON.stringify(body) })).status;
    },
    [`http://${server.host}/submissions/v3/integration/submit/${account}/contact-us`, EMAIL],
  );

const complete = (page, value) =>
  page.evaluate((value) => globalThis._hsq.push(["trackEvent", { id: "Ordered", value }]), value);

describe("people", { skip: withoutServer("people") }, () => {
  test("an anonymous visitor becomes one contact, which lists gain and lose", async (t) => {
    const world = await fixture(t, { filled: false });
    const { server, account, owner, browser, page, at } = world;
    await signIn(page, server, owner);
    await page.goto(at("settings/advanced-tracking"));
    await page.getByLabel("Collect submitted forms").check();
    await submit(page, page.getByRole("button", { name: "Save" }));
    const token = await server.addToken(account);
    const sheet = (title, body = "") => taggedPage(server, account, { title, body });
    const site = await startSite(t, {
      "/": sheet("Home"),
      "/sign-up": sheet("Sign up", FORM),
      "/thank-you": sheet("Thank you"),
      "/by-fetch": sheet("By fetch", FORM_BY_FETCH),
      "/sent": sheet("Sent"),
      "/cart": sheet("Cart"),
      "/thanks": sheet("Thanks for your order"),
    });
    const contacts = async () => (await server.report(account, token, "contacts")).rows;
    const contact = (query) => server.report(account, token, "contacts/1", query);
    const entries = async (kind) => (await contact()).timeline.filter((moment) => moment.kind === kind);

    // The first browser: anonymous from a campaign, then known by three forms.
    const laptop = await Visitor.begin(browser);
    const shown = await laptop.open(site.at(CAMPAIGN));
    await eventually(async () => (await server.report(account, token, "dashboard", { period: "today" })).kpi.page_views === 1, "the visit");
    assert.deepEqual(await contacts(), [], "nobody is known yet");
    await shown.goto(site.at("/sign-up"));
    await shown.waitForFunction(() => globalThis._hstc_ran);
    await shown.click("button");
    await shown.waitForURL(/thank-you/);
    await eventually(async () => (await contacts()).length === 1, "the contact");
    await shown.goto(site.at("/by-fetch"));
    await shown.waitForFunction(() => globalThis._hstc_ran);
    await shown.click("button");
    await eventually(async () => (await entries("submission")).length === 2, "the form that was sent by fetch");
    assert.equal(await submitByApi(shown, server, account), 200);
    await eventually(async () => (await entries("submission")).length === 3, "the form that was sent by the API");
    await complete(shown, 40);
    await eventually(async () => (await contact()).completions === 1, "the completion");

    // Two lists, made in their form.
    await page.goto(at("lists/new"));
    await page.locator('select[name="g0c0.event"]').selectOption({ label: "Ordered" });
    await page.locator('input[name="g0c0.number"]').fill("2");
    await page.locator('select[name="g0c0.when"]').selectOption("last");
    await page.locator('input[name="g0c0.span"]').fill("7");
    await page.locator('select[name="g0c0.unit"]').selectOption("days");
    await page.getByLabel("Name").first().fill("Ordered twice in 7 days");
    await submit(page, page.getByRole("button", { name: "Save" }));
    await page.getByText("The list is created.").waitFor();
    await page.goto(at("lists/new?ready=abandoned"));
    await submit(page, page.getByRole("button", { name: "Save" }));
    await page.getByText("The list is created.").waitFor();
    const lists = async () => (await contact()).lists.map((list) => list.name).sort();
    const holds = (expected, what) =>
      eventually(async () => JSON.stringify(await lists()) === JSON.stringify(expected), what, 90_000);
    /** A list is asked again once a minute, or when the server starts. */
    const later = async (ms) => {
      await server.stop();
      await server.startLater(ms);
    };
    assert.deepEqual(await lists(), [], "once is not twice");

    // The second browser says the same email: one contact, and the second completion.
    const phone = await Visitor.begin(browser);
    const second = await phone.open(site.at("/"));
    await second.waitForFunction(() => globalThis._hstc_ran);
    await second.evaluate((email) => globalThis._hsq.push(["identify", { email }]), EMAIL);
    await complete(second, 2.5);
    await eventually(async () => (await contact()).completions === 2, "the completion of the second browser");
    await second.goto(site.at("/cart"));
    await holds(["Abandoned cart", "Ordered twice in 7 days"], "both lists have the contact");

    const [row, ...others] = await contacts();
    assert.deepEqual(others, [], "one contact");
    const said = await contact();
    assert.deepEqual(
      { email: row.email, name: row.name, source: row.original_source, revenue: said.revenue, asserted: said.revenue_asserted, visitors: said.visitors.length },
      { email: EMAIL, name: "Ada Byron", source: "EMAIL_MARKETING", revenue: "0.00", asserted: "42.50", visitors: 2 },
    );
    const paths = (await entries("page_view")).map((moment) => moment.path).sort();
    assert.deepEqual(paths, ["/", "/", "/by-fetch", "/cart", "/sign-up", "/thank-you"], "the whole history of both browsers");
    await isSound(world.visitor, server, page, await page.goto(at("contacts/1")), { name: "contact-of-the-tale" });

    // The order is finished: the cart is no longer abandoned.
    await second.goto(site.at("/thanks"));
    await eventually(async () => (await entries("page_view")).length === 7, "the page after the order");
    await later(MINUTE);
    await holds(["Ordered twice in 7 days"], "the cart is let go");

    // Eight days later nobody has ordered twice in seven days.
    await later(8 * DAY);
    await holds([], "time lets the contact go");
    const changes = (await contact({ limit: 50 })).timeline.filter((moment) => moment.kind.startsWith("list_"));
    assert.deepEqual(
      changes.map((moment) => `${moment.kind} ${moment.event}`).sort(),
      ["list_joined Abandoned cart", "list_joined Ordered twice in 7 days", "list_left Abandoned cart", "list_left Ordered twice in 7 days"],
    );
    assert.deepEqual([...laptop.troubles, ...phone.troubles], []);
  });

  test("companies, properties, signed identities, and an import from its file to its contacts", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t, { filled: false });
    page.setDefaultTimeout(10_000);
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    await sound(await page.goto(at("companies")), "companies-none");
    await sound(await page.goto(at("contacts/blocked")), "blocked-none");

    await sound(await page.goto(at("settings/properties")), "properties");
    await sound(await page.goto(at("settings/properties/new")), "property-new");
    await page.locator("#f-name").fill("seats");
    await page.locator("#f-label").fill("Seats");
    await page.getByLabel("Number").check();
    await submit(page, page.getByRole("main").getByRole("button", { name: "Declare property" }));
    await page.goto(at("settings/properties"));
    await page.getByText("Seats").first().waitFor();

    await sound(await page.goto(at("contacts/import")), "imports-none");
    const rows = ["Email;Voornaam;Seats", "ada@engines.test;Ada;12", "bob@engines.test;Bob;many", "nobody;;"];
    const file = { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\r\n"), "latin1") };
    await page.locator("input[type=file]").setInputFiles(file);
    await submit(page, page.getByRole("button", { name: "Upload" }));
    await submit(page, page.getByRole("button", { name: "Check" }));
    await eventually(async () => {
      await page.reload();
      return (await page.getByText("Nothing has been imported yet").count()) > 0;
    }, "the check");
    await sound(await page.reload(), "import-checked");
    assert.match(await page.getByRole("main").innerText(), /3[^]*does not fit[^]*4[^]*not an email/);
    await submit(page, page.getByRole("button", { name: "Import", exact: true }));
    await eventually(async () => {
      await page.goto(at("contacts"));
      return (await page.getByRole("link", { name: "Ada" }).count()) > 0;
    }, "the import");
    await sound(await page.goto(at("contacts?search=ada+engines")), "contacts-found");
    await sound(await page.goto(at("contacts/1")), "contact-imported");
    await page.getByRole("link", { name: "engines.test" }).first().click();
    await page.waitForURL(/companies\/1$/);
    await sound(await page.reload(), "company");
    await sound(await page.goto(at("companies")), "companies");
    await sound(await page.goto(at("contacts/import")), "imports");

    await sound(await page.goto(at("settings/companies")), "companies-settings");
    await sound(await page.goto(at("settings/identity")), "identity-none");
    await submit(page, page.getByRole("main").getByRole("button", { name: /key/i }).first());
    await sound(await page.goto(at("settings/identity")), "identity");
    const key = await page.locator("code").first().innerText();
    assert.match(key, /^[0-9a-f]{64}$/);

    // A browser that brings the signature of its user is believed.
    const site = await startSite(t, { "/": taggedPage(server, account, { title: "Home" }) });
    const shown = await (await Visitor.begin(visitor.context.browser())).open(site.at("/"));
    const hmac = createHmac("sha256", key).update("eve@engines.test").digest("hex");
    await shown.evaluate((who) => {
      globalThis._hsq.push(["identify", who]);
      globalThis._hsq.push(["trackPageView"]);
    }, { email: "Eve@engines.test", hmac });
    const token = await server.addToken(account);
    const eve = async () => (await server.report(account, token, "contacts", { search: "eve@" })).rows[0];
    await eventually(eve, "the contact of the signed identity");
    assert.equal((await server.report(account, token, `contacts/${(await eve()).id}`)).email_verified, true);
  });
});
