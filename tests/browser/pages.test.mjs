// Every page in real Chromium from the real server: layout, accessibility, keyboard, light and dark, phone width,
// zoom, and without JavaScript; with no data and with much.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MINUTE, SITE_HOST, Server, Visitor, eventually, launch, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";
import { LONG, RIGHT_TO_LEFT, collect, token } from "./history.mjs";
import { PASSWORD, fixture, isSound, submit } from "./fixture.mjs";

/** The link that a server with an empty database prints. */
const setupLink = (server) =>
  eventually(() => /set up Guestlog \(once, within an hour\): (http:\S+\/setup\?token=\S+)/.exec(server.log)?.[1], "the setup link");

describe("pages", { skip: withoutServer("pages") }, () => {
  test("from the printed link to the first counted visit", async (t) => {
    const server = await Server.begin(t);
    const browser = await launch(t);
    const visitor = await Visitor.begin(browser);
    const page = await visitor.context.newPage();
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });

    const link = await setupLink(server);
    await sound(await page.goto(link), "setup");
    await page.getByLabel(/email/i).fill("ada@example.com");
    await page.getByLabel(/new password/i).fill("password1234");
    await page.getByLabel(/account name/i).fill("Ada's shop");
    await page.getByRole("textbox", { name: /^Domains/ }).fill("not a domain/");
    await sound(await submit(page, page.getByRole("button", { name: "Set up" })), "setup-refused", 422);
    assert.equal(await page.getByLabel(/email/i).inputValue(), "ada@example.com", "what was typed is kept");
    assert.equal(await page.getByRole("textbox", { name: /^Domains/ }).inputValue(), "not a domain/");
    assert.equal(await page.getByLabel(/new password/i).inputValue(), "", "but for the password");

    await page.getByLabel(/new password/i).fill(PASSWORD);
    await page.getByRole("textbox", { name: /^Domains/ }).fill(SITE_HOST);
    assert.ok(await page.getByRole("radio", { name: /^EU: opt-in/ }).isChecked(), "the strictest of the usual choices");
    // So that the first visit counts without an answer to a banner.
    await page.getByRole("radio", { name: /^Decide later/ }).check();
    await sound(await submit(page, page.getByRole("button", { name: "Set up" })), "install-waiting");
    const account = Number(/accounts\/(\d+)\/settings\/tracking-code/.exec(page.url())?.[1]);
    assert.ok(account >= 1000001, page.url());
    const waiting = page.getByRole("heading", { name: `Waiting for the first visit to ${SITE_HOST}` });
    await waiting.waitFor();
    const snippet = await page.locator("#snippet").innerText();
    assert.ok(snippet.includes(`/${account}.js`), snippet);

    // A second browser without script: its page updates too.
    const plain = await Visitor.begin(browser, { javaScriptEnabled: false });
    await plain.context.addCookies(await visitor.context.cookies());
    const plainPage = await plain.open(page.url());
    await plainPage.getByRole("heading", { name: /^Waiting/ }).waitFor();

    const site = await startSite(t, { "/": taggedPage(server, account, { title: "Shop" }) });
    const shopper = await Visitor.begin(browser);
    await shopper.open(site.at("/"));
    for (const each of [page, plainPage]) {
      await each.getByRole("heading", { name: /^First visit counted at/ }).waitFor({ timeout: 15_000 });
    }
    assert.equal(await waiting.count(), 0);
    assert.deepEqual(shopper.troubles, []);
    await page.getByRole("link", { name: "Go to dashboard" }).click();
    await page.waitForURL(/\/dashboard/);
    assert.equal((await page.locator(".kpi").first().locator(".kpi-value").innerText()).trim(), "1");

    await sound(await page.goto(link), "setup-gone", 410);
    assert.doesNotMatch(await page.content(), /<form/);
  });

  test("of somebody who is not signed in", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t, { filled: false });
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    await sound(await page.goto(at("pages?period=7d")), "sign-in");
    assert.match(page.url(), /\/sign-in\?next=/);
    await page.getByLabel(/email/i).fill(owner.email);
    await page.getByLabel(/password/i).fill("something else entirely");
    await sound(await submit(page, page.getByRole("button", { name: "Sign in" })), "sign-in-wrong", 422);
    assert.equal(await page.getByLabel(/email/i).inputValue(), owner.email);
    await page.getByLabel(/password/i).fill(PASSWORD);
    await submit(page, page.getByRole("button", { name: "Sign in" }));
    assert.equal(page.url(), at("pages?period=7d"), "back to where one expected to be");
    assert.equal((await page.goto(`${server.address}/sign-in`)).url(), at("dashboard"), "signed in already");
    await submit(page, page.getByRole("button", { name: "Sign out" }));
    await sound(await page.reload(), "signed-out");
    await sound(await page.goto(`${server.address}/sign-in/link?token=x`), "sign-in-link-gone", 410);
    await sound(await page.goto(`${server.address}/reset?token=x`), "reset-gone", 410);
    assert.match((await page.goto(`${server.address}/accounts/${account + 1}/live`)).url(), /\/sign-in/);
  });

  test("of an account that has no visit yet", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    for (const name of ["dashboard", "pages", "sources", "devices", "countries", "live", "settings/tokens"]) {
      const answer = await page.goto(at(name));
      await isSound(visitor, server, page, answer, { name: `empty-${name.replace("/", "-")}` });
    }
    await page.goto(at("dashboard"));
    await page.getByRole("link", { name: "Get tracking code" }).click();
    await page.waitForURL(/tracking-code/);
  });

  test("of reports with much in them", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t);
    await signIn(page, server, owner);
    const filters = `filter=${encodeURIComponent(`page:is:${SITE_HOST}${LONG}`)}&filter=device:is:desktop|mobile`;
    const reports = {
      dashboard: "dashboard?period=7d",
      "dashboard-hours": "dashboard?period=today&metric=sessions",
      "dashboard-year": "dashboard?period=12mo&compare=none",
      "dashboard-filtered": `dashboard?period=7d&${filters}`,
      pages: "pages?period=7d",
      "pages-entry": "pages?period=7d&show=entry",
      "pages-exit": "pages?period=7d&show=exit",
      "pages-part": "pages?period=7d&limit=5",
      "pages-filtered": `pages?period=7d&${filters}`,
      "pages-none": "pages?period=7d&filter=page:is:nowhere",
      sources: "sources?period=7d",
      "sources-by-source": "sources?period=7d&by=source",
      "sources-campaign": "sources?period=7d&by=campaign",
      devices: "devices?period=7d",
      "devices-browser": "devices?period=7d&by=browser",
      "devices-os": "devices?period=7d&by=os",
      "devices-screen": "devices?period=7d&by=screen",
      "devices-language": "devices?period=7d&by=language",
      countries: "countries?period=7d",
      live: "live",
      "live-refused": "live?show=refused",
    };
    for (const [name, path] of Object.entries(reports)) {
      await t.test(name, async () => {
        await isSound(visitor, server, page, await page.goto(at(path)), { name });
      });
    }
    await page.goto(at(reports.pages));
    const text = await page.locator("#pages-rows").innerText();
    for (const path of [LONG, RIGHT_TO_LEFT, "/日本語/料金"]) assert.ok(text.includes(path), `${path} in ${text}`);
    // The same path on two sites. However long it is, the site stays readable.
    const cut = await page.locator("#pages-rows .detail").evaluateAll((hosts) =>
      hosts.filter((host) => {
        const [box, cell] = [host, host.closest(".bar-cell")].map((e) => e.getBoundingClientRect());
        return box.width < 80 || box.right > cell.right;
      }).length,
    );
    assert.equal(cut, 0, "hosts that cannot be read");
  });

  /** Countries as a map and a table, sources with their details, and printing. */
  test("of a year that was invented, with countries", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t, { filled: false });
    await server.stop();
    await server.command(["generate", "--account", String(account), "--events", "3000", "--days", "30", "--visitors", "900", "--seed", "7"]);
    await server.start();
    await signIn(page, server, owner);
    const reports = {
      countries: "countries",
      "countries-one": "countries?filter=country:is:NL",
      "countries-none": "countries?filter=country:is:AQ",
      "sources-compared": "sources",
      "sources-referrer": "sources?by=referrer",
      "sources-detail-2": "sources?by=detail_2&filter=source:is:REFERRALS",
      "sources-medium": "sources?by=medium",
      "sources-term": "sources?by=term",
      "sources-content": "sources?by=content",
      "pages-bounce": "pages?show=entry&sort=bounce_rate",
      "pages-time": "pages?sort=time_of_view&compare=year",
      "devices-compared": "devices",
    };
    for (const [name, path] of Object.entries(reports)) {
      await t.test(name, async () => {
        await isSound(visitor, server, page, await page.goto(at(path)), { name: `full-${name}` });
      });
    }

    await t.test("a country of the map filters, and its numbers stand in the table", async () => {
      await page.goto(at("countries"));
      const germany = page.locator(".world a[href$='filter=country:is:DE']");
      await germany.locator("path").first().hover();
      const shown = /^Germany: ([\d,]+) visitors?$/.exec(await page.locator(".map-body .tip").innerText())[1];
      const row = page.locator("#names-rows tr", { hasText: "Germany" });
      assert.ok((await row.innerText()).includes(shown), `${shown} in ${await row.innerText()}`);
      assert.equal(await page.locator(".world a[href]").count(), await page.locator("#names-rows tr").count());
      assert.equal(await page.locator(".world a:not([tabindex='-1'])").count(), 0, "the table is the way of the keys");
      await Promise.all([page.waitForURL(/filter=country:is:DE/), germany.locator("path").first().click()]);
      assert.equal(await page.locator(".world a[href]").count(), 1);
    });

    await t.test("a head sorts, a source leads to its details", async () => {
      await page.goto(at("pages"));
      await Promise.all([page.waitForURL(/sort=bounce_rate/), page.getByRole("link", { name: "Bounce rate" }).click()]);
      assert.equal(await page.locator("th[aria-sort]").innerText(), "Bounce rate");
      const rates = (await page.locator("#pages-rows td:last-child").allInnerTexts()).map((text) => parseInt(text, 10));
      assert.deepEqual(rates, rates.toSorted((a, b) => b - a));
      await page.goto(at("sources?by=source"));
      await Promise.all([page.waitForURL(/filter=source:is:REFERRALS/), page.getByRole("link", { name: "Referrals", exact: true }).click()]);
      await Promise.all([page.waitForURL(/by=detail_2/), page.locator("#sources-rows a").first().click()]);
      assert.equal(await page.locator(".chip").count(), 2);
    });

    await t.test("a search hides rows at once, and Enter looks through all of them", async () => {
      await page.goto(at("pages"));
      const rows = page.locator("#pages-rows tr");
      const all = Number(/of ([\d,]+)$/.exec(await page.locator(".pager .muted").innerText())[1].replaceAll(",", ""));
      const onPage = await rows.count();
      assert.ok(all > onPage, `${all} rows are more than the ${onPage} of a page`);
      await page.keyboard.press("/");
      await page.keyboard.type("community");
      const matching = await page.locator("#pages-rows tr:visible").count();
      assert.ok(matching > 0 && matching < onPage, `${matching} of ${onPage}`);
      await Promise.all([page.waitForURL(/filter=page:contains:community/), page.keyboard.press("Enter")]);
      assert.doesNotMatch(page.url(), /value=/, "the plain address");
      assert.ok((await rows.count()) > matching, "rows of the other pages as well");
      for (const row of await rows.allInnerTexts()) assert.match(row, /community/);
    });

    await t.test("on paper there is no control, and the period and the filters are text", async () => {
      await page.goto(at("dashboard?filter=device:is:desktop&period=7d"));
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const seen = page.locator(".rail:visible, .button:visible, summary:visible, input:visible, .panel-more:visible");
      assert.deepEqual(await seen.allInnerTexts(), []);
      assert.match(await page.locator(".period .on-paper").innerText(), /\d{4} · vs .* · Time zone: UTC/);
      assert.match(await page.locator(".chip").innerText(), /Device is Desktop/);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(ground, "rgb(255, 255, 255)");
      await page.emulateMedia({ media: "screen", colorScheme: null });
    });
  });

  test("of settings, forms and errors", async (t) => {
    const { server, account, owner, browser, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    const press = (name) => submit(page, page.getByRole("main").getByRole("button", { name, exact: true }));

    await sound(await page.goto(`${server.address}/accounts`), "accounts");
    await sound(await page.goto(`${server.address}/accounts/new`), "account-new");
    await page.getByLabel(/account name/i).fill("שם ארוך מימין לשמאל");
    await page.getByLabel(/currency/i).fill("gold");
    await sound(await press("Create account"), "account-new-refused", 422);
    assert.equal(await page.getByLabel(/account name/i).inputValue(), "שם ארוך מימין לשמאל");
    await page.getByLabel(/currency/i).fill("ILS");
    await sound(await press("Create account"), "account-new-made");
    await sound(await page.goto(`${server.address}/accounts`), "accounts-two");
    await page.goto(at("settings/account"));
    await page.getByLabel(/account name/i).fill("A name so long that no rail of any width could hope to hold it on one line");
    await page.getByRole("textbox", { name: /^Domains/ }).fill("example.com\nsomebody@example.com");
    await page.getByLabel(/time zone/i).selectOption("Asia/Kathmandu");
    await sound(await press("Save"), "settings-account-refused", 422);
    assert.equal(await page.getByRole("textbox", { name: /^Domains/ }).inputValue(), "example.com\nsomebody@example.com");
    assert.equal(await page.getByLabel(/time zone/i).inputValue(), "Asia/Kathmandu");
    await page.getByRole("textbox", { name: /^Domains/ }).fill("example.com");
    await sound(await press("Save"), "settings-account");

    await sound(await page.goto(at("settings/users")), "users");
    await page.getByLabel("Email", { exact: true }).fill(owner.email);
    await sound(await press("Add user"), "users-refused", 422);
    await page.getByLabel("Email", { exact: true }).fill("somebody.with.a.long.name.and.another.after.it@a-long-host-name.example.com");
    await sound(await press("Add user"), "users-link");
    const link = (await page.locator("pre code").innerText()).trim();
    await sound(await submit(page, page.getByRole("link", { name: "Done" })), "users-many");

    const guest = await Visitor.begin(browser);
    const guestPage = await guest.context.newPage();
    await isSound(guest, server, guestPage, await guestPage.goto(link), { name: "reset" });
    await guestPage.getByLabel(/password/i).fill("short");
    const refused = await submit(guestPage, guestPage.getByRole("button", { name: "Save and sign in" }));
    await isSound(guest, server, guestPage, refused, { name: "reset-refused", status: 422 });
    await guestPage.getByLabel(/password/i).fill("nine wooden bridges in fog");
    await submit(guestPage, guestPage.getByRole("button", { name: "Save and sign in" }));
    assert.match(guestPage.url(), /\/dashboard/);
    const denied = await guestPage.goto(at("settings/users"));
    await isSound(guest, server, guestPage, denied, { name: "denied", status: 403 });

    await page.goto(at("settings/tokens"));
    await page.getByLabel("Name", { exact: false }).first().fill("Nightly export");
    await sound(await press("Create token"), "tokens-refused", 422);
    assert.equal(await page.getByLabel("Name", { exact: false }).first().inputValue(), "Nightly export");
    for (const scope of ["reports.read", "events.write"]) await page.getByLabel(scope).check();
    await sound(await press("Create token"), "token-shown");
    await page.goto(at("settings/tokens"));
    await sound(await page.reload(), "tokens");

    await sound(await page.goto(at("settings/tracking-code")), "install-nothing-fetched");
    await fetch(`${server.address}/${account}.js`);
    await collect(server, account, [{ vi: token(1), pu: `https://${SITE_HOST}/`, ce: false }], "Mozilla/5.0 Firefox/133.0");
    await sound(await page.reload(), "install-refused-hit");

    await sound(await page.goto(at("settings/advanced-tracking")), "advanced-tracking");

    await sound(await page.goto(at("settings/export")), "export");
    await page.getByLabel("First day").fill("2026-01-02");
    await page.getByLabel("Last day").fill("2026-01-01");
    await sound(await press("Download events"), "export-refused", 422);
    assert.equal(await page.getByLabel("Last day").inputValue(), "2026-01-01", "what was typed is kept");
    await page.getByLabel("Last day").fill("2026-01-03");
    await page.getByLabel("NDJSON").check();
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download events" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), `events-${account}-2026-01-02-2026-01-03.ndjson`);
    assert.equal(await download.failure(), null);

    await sound(await page.goto(`${server.address}/profile`), "profile");
    await page.getByLabel(/current password/i).fill("not this one");
    await page.getByLabel(/new password/i).fill("nine wooden bridges in fog");
    await sound(await press("Change password"), "profile-refused", 422);

    await sound(await page.goto(at("nowhere")), "error-404", 404);
    await sound(await page.goto(at("pages?period=fortnight")), "error-400", 400);
    await sound(await page.goto(at("pages?filter=city:is:Rome")), "error-400-filter", 400);
  });

  test("of one visitor, from the live page to his erasure", async (t) => {
    const { server, account, owner, visitor, page, at } = await fixture(t);
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    const email = "somebody.with.a.long.name.and.another.after.it@a-long-host-name.example.com";
    const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
    const pages = ["/pricing", LONG, RIGHT_TO_LEFT].map((path) => ({ vi: token(5000), pu: `https://${SITE_HOST}${path}`, t: path }));
    await collect(server, account, [...pages, { ...pages[0], i: { email } }], agent);
    await page.goto(at("live?wait=1"));
    const way = page.locator("table.hits a").first();
    await Promise.all([page.waitForURL(/\/visitors\/\d+$/), way.click()]);
    await sound(await page.reload(), "visitor-known");
    assert.equal((await page.locator("h1").innerText()).trim(), email);
    const session = page.locator("details.visit").first();
    assert.equal(await session.locator("tbody tr").count(), 4, "open, with its page views");
    await session.locator("summary").click();
    assert.equal(await session.locator("tbody tr").first().isVisible(), false, "folded");
    await sound(await page.goto(at("visitors/1")), "visitor");

    await page.goto(at("visitors/1"));
    const erase = page.getByRole("button", { name: "Erase visitor" });
    assert.equal(await erase.isVisible(), false, "what goes is read first");
    await page.getByText("Erase…").click();
    await submit(page, erase);
    assert.match(page.url(), /\/dashboard/);
    await page.getByText("The visitor is erased").waitFor();
    await sound(await page.goto(at("visitors/1")), "visitor-erased", 404);
  });

  test("of lists, and of contacts that are edited, merged and erased", async (t) => {
    const { server, owner, account, visitor, page, at } = await fixture(t);
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
    // Long enough ago that the time takes two digits.
    const view = (n, email) => ({ vi: token(n), pu: `https://${SITE_HOST}/cart`, t: "Cart", i: { email }, age: 11 * MINUTE });
    await collect(server, account, [view(7001, "ada@example.test"), view(7002, "ada@work.test")], agent);
    await page.goto(at("contacts?wait=1"));
    await sound(await page.goto(at("lists")), "lists-none");
    await sound(await page.goto(at("lists/new?ready=abandoned")), "list-new");
    await page.getByText("2 contacts are in the list now").waitFor();
    await page.locator('select[name="g0c1.when"]').selectOption("before");
    await page.locator('input[name="g0c1.from"]').waitFor();
    await sound(await submit(page, page.getByRole("button", { name: "Save" })), "list-refused", 422);
    await page.getByText("Condition 2: enter a day").waitFor();
    await page.locator('input[name="g0c1.from"]').fill("2020-01-31");
    await submit(page, page.getByRole("button", { name: "Save" }));
    await page.getByText("The list is created.").waitFor();
    await sound(await page.reload(), "list");
    await sound(await page.goto(at("lists/1/edit")), "list-edit");
    await sound(await page.goto(at("lists")), "lists");
    await sound(await page.goto(at("companies")), "companies");
    await page.getByRole("link", { name: "work.test" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Works");
    await submit(page, page.getByRole("button", { name: "Save" }));
    await sound(await page.reload(), "company");
    await sound(await page.goto(at("settings/companies")), "settings-companies");
    await page.getByRole("textbox", { name: "Domains that are no companies" }).fill("co.uk");
    await sound(await submit(page, page.getByRole("button", { name: "Save" })), "settings-companies-refused", 422);
    await page.goto(at("contacts?company=2"));
    await sound(await page.reload(), "contacts-of-company");
    await page.goto(at("contacts"));
    await page.getByRole("link", { name: "ada@work.test" }).click();
    await sound(await page.reload(), "contact-of-list");
    const own = page.url();
    await sound(await page.goto(`${own}/edit`), "contact-edit");
    await page.goto(own);
    await page.getByLabel("Email or number of the other contact").fill("ada@example.test");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/merge/);
    await sound(await page.reload(), "contact-merge");
    await page.goto(own);
    await page.getByText("Erase…").click();
    await submit(page, page.getByRole("button", { name: "Erase contact" }));
    await page.getByText("The contact is erased from every report and file.").waitFor();
    await sound(await page.goto(own), "contact-erased", 404);
  });

  test("of saved views", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t);
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    await sound(await page.goto(at("views")), "views-none");
    const asked = at("pages?period=7d&filter=device:is:desktop");
    const save = async (name) => {
      await page.goto(asked);
      await page.getByText("Views", { exact: true }).click();
      await page.getByLabel("Name").fill(name);
      return submit(page, page.getByRole("button", { name: "Save view" }));
    };
    await save("Desktop, a name as long as a name may be: sixty characters");
    assert.equal(page.url(), asked, "back on the report");
    await save(RIGHT_TO_LEFT.slice(0, 40));
    await page.getByText("Views", { exact: true }).click();
    assert.equal(await page.locator(".views-menu li").count(), 3, "both, and the way to all");
    await sound(await page.reload(), "views-menu");
    await sound(await save("desktop, a name as long as a name may be: sixty characters"), "views-refused", 422);
    await sound(await page.goto(at("views")), "views");
    await submit(page, page.getByRole("button", { name: /^Delete view/ }).first());
    await page.getByText("The view is deleted").waitFor();
  });

  test("by keys alone", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t);
    await page.goto(`${server.address}/`);
    for (const word of [owner.email, PASSWORD]) {
      await page.keyboard.press("Tab");
      await page.keyboard.type(word);
    }
    await Promise.all([page.waitForURL(/\/dashboard/), page.keyboard.press("Enter")]);

    const sheet = page.getByRole("dialog", { name: "Keyboard" });
    assert.equal(await sheet.isVisible(), false);
    await page.keyboard.press("?");
    await sheet.waitFor();
    assert.equal(await sheet.getByText("Go to Dashboard").isVisible(), true);
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "hidden" });

    for (const [key, place] of [["p", "pages"], ["s", "sources"], ["e", "events"], ["c", "contacts"], ["l", "live"], ["d", "dashboard"]]) {
      await page.keyboard.press("g");
      await Promise.all([page.waitForURL(new RegExp(`/${place}\\b`)), page.keyboard.press(key)]);
    }

    await page.goto(at("pages?period=7d"));
    await Promise.all([page.waitForURL(/period=custom/), page.keyboard.press("ArrowLeft")]);
    await Promise.all([page.waitForURL(/period=7d/), page.keyboard.press("ArrowRight")]);
    await page.keyboard.press("/");
    await page.keyboard.type("pricing");
    const shown = page.locator("#pages-rows tr:visible");
    const all = await page.locator("#pages-rows tr").count();
    assert.ok((await shown.count()) >= 1 && (await shown.count()) < all);
    await page.keyboard.press("Escape");
    assert.equal(await shown.count(), all, "Esc empties the search");
    await page.keyboard.press("Escape");

    // From the top of the page, Tab reaches the first row, and the focus is always visible.
    await page.reload();
    const first = page.locator("#pages-rows a").first();
    let stops = 0;
    do {
      await page.keyboard.press("Tab");
      stops += 1;
      const seen = await page.evaluate(() => {
        const at = document.activeElement;
        const box = at.getBoundingClientRect();
        return { tag: at.tagName, wide: box.width > 0 && box.height > 0, outline: getComputedStyle(at).outlineStyle };
      });
      assert.ok(seen.wide && seen.outline !== "none", `stop ${stops}: ${JSON.stringify(seen)}`);
      assert.ok(stops < 60, "the first row is not reached");
    } while (!(await first.evaluate((link) => link === document.activeElement)));
    await Promise.all([page.waitForURL(/filter=page/), page.keyboard.press("Enter")]);
    await page.locator(".chip").waitFor();
    await Promise.all([page.waitForURL((url) => !url.search.includes("filter")), page.keyboard.press("Escape")]);
    assert.equal(await page.locator(".chip").count(), 0, "Esc clears the filters");

    // The skip link skips the navigation.
    await page.reload();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    assert.deepEqual(visitor.troubles, []);
  });

  test("without JavaScript", async (t) => {
    const { server, account, owner, page, at } = await fixture(t, { javaScriptEnabled: false });
    const main = page.getByRole("main");
    await signIn(page, server, owner);
    assert.equal(await page.getByRole("searchbox").count(), 0, "what needs script is not offered");

    await page.goto(at("dashboard?period=7d"));
    const sources = page.locator("#sources-rows a, #sources a").first();
    await Promise.all([page.waitForURL(/filter=source/), sources.click()]);
    assert.equal(await page.locator(".chip").count(), 1);
    await Promise.all([page.waitForURL((url) => !url.search.includes("filter")), page.getByRole("link", { name: "Clear all" }).click()]);

    await page.locator(".period summary", { hasText: "Last 7 days" }).click();
    await Promise.all([page.waitForURL(/period=today/), main.getByRole("link", { name: "Today" }).click()]);
    await page.locator(".period summary", { hasText: "Today" }).click();
    const today = await page.getByLabel("To", { exact: true }).inputValue();
    await page.getByLabel("From", { exact: true }).fill("2026-01-31");
    await Promise.all([page.waitForURL(/period=custom&from=2026-01-31/), main.getByRole("button", { name: "Show" }).or(main.getByRole("button", { name: "Apply" })).first().click()]);
    assert.ok(page.url().includes(`to=${today}`), page.url());

    await page.goto(at("pages?period=7d"));
    await page.locator(".filters summary", { hasText: "Filter" }).click();
    await page.getByLabel(/^Value/).fill("/pricing");
    await page.locator(".filters select[name=operator]").selectOption("contains");
    await page.locator(".filters select[name=dimension]").selectOption("page");
    await Promise.all([page.waitForURL(/filter=page:contains:/), page.locator(".filters form[method=get] button[type=submit]").click()]);
    for (const row of await page.locator("#pages-rows tr").allInnerTexts()) assert.match(row, /\/pricing/);
    assert.ok((await page.locator("#pages-rows tr").count()) > 0);

    // Each chart has a table with its numbers.
    await page.goto(at("dashboard?period=7d"));
    await page.locator(".behind > summary").click();
    assert.equal(await page.locator(".behind tbody tr:visible").count(), 7);

    // The live page updates automatically.
    await page.goto(at("live"));
    await collect(server, account, [{ vi: token(1), pu: `https://${SITE_HOST}/just-now` }], "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0");
    await page.getByText(`${SITE_HOST}/just-now`).waitFor({ timeout: 15_000 });

    await page.goto(at("settings/tokens"));
    await page.locator("#f-name").fill("Kept");
    assert.equal((await submit(page, main.getByRole("button", { name: "Create token" }))).status(), 422);
    assert.equal(await page.locator("#f-name").inputValue(), "Kept");
    await page.getByLabel("reports.read").check();
    await submit(page, main.getByRole("button", { name: "Create token" }));
    assert.match(await page.locator("pre code").innerText(), /\S{20}/);
    await page.goto(at("settings/tokens"));
    await page.locator("summary[aria-label^='Revoke']", { hasText: "Revoke" }).first().click();
    await submit(page, main.getByRole("button", { name: "Revoke", exact: true }));
    await page.getByText("The token is revoked.").waitFor();

    await submit(page, page.getByRole("button", { name: "Dark" }));
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    await submit(page, page.getByRole("button", { name: "Sign out" }));
    await page.getByText("You are signed out.").waitFor();
  });
});
