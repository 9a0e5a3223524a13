// The pages of people in real Chromium with JavaScript switched off: each step uses links, fields and buttons only, and
// then looks at what the page shows.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { fixture, submit } from "./fixture.mjs";
import { eventually, signIn, withoutServer } from "./harness.mjs";

/** A signed-in owner whose browser runs no script, and short ways to use its pages. */
async function begin(t) {
  const world = await fixture(t, { filled: false, javaScriptEnabled: false, acceptDownloads: true });
  const { server, owner, page, at, visitor } = world;
  page.setDefaultTimeout(10_000);
  const scripted = await visitor.open("data:text/html,<title>off</title><script>document.title='on'</script>");
  assert.equal(await scripted.title(), "off", "scripts are off");
  await scripted.close();
  await signIn(page, server, owner);
  const main = page.getByRole("main");
  const open = async (path) => assert.equal((await page.goto(at(path))).status(), 200, path);
  const press = (name, options = {}) => submit(page, main.getByRole("button", { name, exact: true, ...options }).first());
  const shows = async (...texts) => {
    const shown = await page.locator("body").innerText();
    for (const text of texts) assert.ok(shown.includes(text), `“${text}” in ${shown}`);
  };
  const lacks = async (text) => assert.ok(!(await page.locator("body").innerText()).includes(text), `no “${text}”`);
  const follow = (link) => Promise.all([page.waitForNavigation(), link.first().click()]);
  /** The text of the file that a link or button downloads. */
  const download = async (control) => {
    const [file] = await Promise.all([page.waitForEvent("download"), control.click()]);
    return readFile(await file.path(), "utf8");
  };
  /** Creates a contact and returns its path. */
  const create = async (email) => {
    await open("contacts/new");
    await page.locator('input[name="email"]').fill(email);
    await press("Create contact");
    await shows(email);
    return new URL(page.url()).pathname.split("/").slice(3).join("/");
  };
  return { ...world, main, open, press, follow, shows, lacks, download, create };
}

describe("people without JavaScript", { skip: withoutServer("people without JavaScript") }, () => {
  test("contacts are created, edited, found, exported, merged, separated and erased", async (t) => {
    const { page, main, open, press, shows, lacks, download, create } = await begin(t);
    const ada = await create("ada@engines.test");
    const bob = await create("bob@looms.test");

    await open("settings/properties/new");
    await page.locator("#f-name").fill("seats");
    await page.locator("#f-label").fill("Seats");
    await page.getByLabel("Number").check();
    await press("Declare property");
    await open("settings/properties");
    await shows("Seats", "seats");

    await open(`${ada}/edit`);
    await page.locator('input[name^="property-"]:not([type=hidden])').first().fill("seats");
    const value = page.locator('.name-and-value input[name^="value-"]').first();
    await value.fill("many");
    assert.equal((await press("Save")).status(), 422, "a text is not a number");
    assert.equal(await page.locator('input[value="many"]').count(), 1, "what was typed stays");
    await page.locator('input[value="many"]').fill("12");
    assert.equal((await press("Save")).status(), 200);
    await shows("Seats", "12");

    await open("contacts");
    await shows("ada@engines.test", "bob@looms.test");
    await page.locator('input[name="search"]').fill("engines");
    await press("Search");
    await shows("ada@engines.test");
    await lacks("bob@looms.test");
    await main.locator("summary", { hasText: "Export" }).click();
    assert.match(await download(main.getByRole("link", { name: "CSV" })), /ada@engines\.test/);
    await page.locator('input[name="search"]').fill("zzzz");
    await press("Search");
    await shows("No contact matches “zzzz”.");
    await open(ada);
    assert.match(await download(main.getByRole("button", { name: "Download as JSON" })), /"seats"/);

    await open(`${ada}/merge`);
    await page.locator('input[name="with"]').fill("bob@looms.test");
    await press("Continue");
    await shows("ada@engines.test stays", "bob@looms.test becomes part of ada@engines.test");
    await press("Merge contacts");
    await shows("The contacts are merged", "Merged contacts");
    await submit(page, main.getByRole("button", { name: /^Undo the merge of bob@looms\.test/ }));
    await shows("The merge is undone");
    await lacks("Merged contacts");

    await open(bob);
    await shows("This permanently removes the contact with all emails and properties");
    const erase = main.getByRole("button", { name: "Erase contact", exact: true });
    assert.equal(await erase.isVisible(), false, "the button appears when it is asked for");
    await main.locator("details.erase summary").first().click();
    await submit(page, erase);
    await open("contacts");
    await shows("ada@engines.test");
    await lacks("bob@looms.test");
    assert.equal((await page.goto(page.url().replace(/contacts$/, bob))).status(), 404);
  });

  test("a list is built with its buttons and changed", async (t) => {
    const { page, main, open, press, shows, lacks, create, download } = await begin(t);
    await create("ada@engines.test");
    await create("bob@looms.test");
    await open("lists/new");
    await page.getByLabel("Name").first().fill("At the engines");
    await page.locator('select[name="add0"]').selectOption("email");
    await press("Add condition");
    await page.locator('select[name="add0"]').selectOption("email");
    await press("Add condition");
    await press("Remove condition 1");
    for (const [place, test, text] of [[0, "contains", "engines"], [1, "contains", "ada"]]) {
      await page.locator(`select[name="g0c${place}.test"]`).selectOption(test);
      await page.locator(`input[name="g0c${place}.value"]`).fill(text);
    }
    await press("Update preview");
    await shows("1 contact is in the list now", "ada@engines.test");
    await press("Save");
    await shows("The list is created.", "ada@engines.test");
    await lacks("bob@looms.test");
    const list = page.url();
    await main.locator("summary", { hasText: "Export" }).click();
    assert.match(await download(main.getByRole("link", { name: "CSV" })), /ada@engines\.test/);

    await page.goto(`${list}/edit`);
    await page.locator('input[name="g0c0.value"]').fill("looms");
    await page.locator('input[name="g0c1.value"]').fill("bob");
    await press("Save");
    await shows("bob@looms.test");
    await lacks("ada@engines.test");
    await open("lists");
    await shows("At the engines");
  });

  test("a file is uploaded, mapped, checked and imported, and the report names each refused row", async (t) => {
    const { page, main, open, press, follow, shows, lacks, download } = await begin(t);
    await open("contacts/import");
    const rows = ["Email;Voornaam;Plaats", "ada@engines.test;Ada;Ghent", "nobody;Bob;Mons"];
    await page.locator("input[type=file]").setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\r\n")) });
    await press("Upload");
    await shows("Nothing has been imported yet", "Voornaam", "Plaats");
    await page.getByLabel("Import “Plaats” as").fill("city");
    await press("Check");
    const over = (what) => eventually(async () => {
      await page.reload();
      return (await page.locator("#refused-title").count()) > 0 && (await page.locator(".meter-bar").count()) === 0;
    }, what);
    await over("the check");
    await shows("Would be created", "Refused rows", "This is not an email address.");
    await open("contacts");
    await lacks("ada@engines.test");
    await page.goBack();
    await press("Import");
    await over("the import");
    await shows("Imported", "Refused rows", "This is not an email address.");
    assert.match(await download(main.getByRole("link", { name: "CSV" })), /3,/, "the line of the file");
    await open("contacts");
    await follow(main.getByRole("link", { name: "Ada" }));
    await shows("ada@engines.test", "Ghent");
    await open("contacts/import");
    await shows("people.csv");
    assert.match(await download(main.getByRole("button", { name: /Export|Download/ }).first()), /ada@engines\.test/);
  });

  test("companies, their settings and forms work, and a key is made, renewed and dropped", async (t) => {
    const { server, account, page, main, open, press, follow, shows, lacks, create, download } = await begin(t);
    await create("ada@engines.test");
    await open("companies");
    await shows("engines.test");
    await page.locator('input[name="search"]').fill("looms");
    await press("Search");
    await shows("No company matches “looms”.");
    await open("companies");
    await follow(main.getByRole("link", { name: "engines.test" }));
    await shows("engines.test", "ada@engines.test");
    await open("settings/companies");
    const creates = page.getByLabel("Create and associate companies with contacts");
    await creates.uncheck();
    await press("Save");
    await open("settings/companies");
    assert.equal(await creates.isChecked(), false, "what was saved is shown");
    await create("bob@looms.test");
    await open("companies");
    await lacks("looms.test");

    const body = JSON.stringify({ fields: [{ name: "email", value: "eve@looms.test" }], context: { pageName: "Contact us" } });
    const address = `${server.address}/submissions/v3/integration/submit/${account}/contact-us`;
    assert.equal((await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body })).status, 200);
    await eventually(async () => {
      await open("forms");
      return (await main.getByRole("link", { name: "contact-us" }).count()) > 0;
    }, "the form");
    await follow(main.getByRole("link", { name: "contact-us" }));
    await shows("eve@looms.test");
    await main.locator("summary", { hasText: "Export" }).click();
    assert.match(await download(main.getByRole("link", { name: "CSV" })), /eve@looms\.test/);

    await open("settings/identity");
    await press("Create key");
    const keys = async () => (await main.locator("code").allInnerTexts()).filter((text) => /^[0-9a-f]{64}$/.test(text.trim()));
    const [first] = await keys();
    assert.ok(first, "the key is shown");
    await main.locator("details.menu summary").first().click();
    await submit(page, main.locator('button[name="do"][value="renew"]'));
    await shows("The former key is still accepted");
    const [second] = await keys();
    assert.ok(second && second !== first, "another key is shown");
    await main.locator("details.erase summary").click();
    await submit(page, main.locator('button[name="do"][value="drop"]'));
    await lacks("The former key is still accepted");
    assert.deepEqual(await keys(), [second]);
  });
});
