// The settings of consent in real Chromium: each page is sound, and the preview of the banner follows its form.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { fixture, isSound, submit } from "./fixture.mjs";
import { eventually, signIn, withoutServer } from "./harness.mjs";

describe("consent pages", { skip: withoutServer("consent pages") }, () => {
  test("from no policy to revisions, each page is sound", async (t) => {
    const { server, owner, visitor, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    const sound = (answer, name, status) => isSound(visitor, server, page, answer, { name, status });
    const open = async (path, name) => sound(await page.goto(at(`settings/${path}`), { waitUntil: "load" }), name);
    const press = (name) => submit(page, page.getByRole("main").getByRole("button", { name, exact: true }));

    await open("consent", "consent-empty");
    await open("tracking-code", "install-without-policy");
    await page.goto(at("settings/consent"));
    await sound(await press("Use this: EU: opt-in, rest: notify"), "consent");
    await open("consent?host=example.com&place=NL", "consent-tested");
    await open("consent/rule", "consent-rule");
    await page.getByRole("radio", { name: /^Opt-out Everybody/ }).check();
    await page.getByLabel(/^Visitors from/).fill("Atlantis");
    await sound(await press("Save"), "consent-rule-wrong", 422);
    await page.getByLabel(/^Visitors from/).fill("BR");
    await sound(await press("Save"), "consent-three-rules");
    await open("consent/preset?preset=cookieless", "consent-preset");
    await open("consent/banner", "consent-banner");
    await open("consent/texts?language=ar", "consent-texts-new");
    await open("consent/texts?language=nl", "consent-texts");
    await page.getByLabel(/^Accept optional/).fill("Prima");
    await sound(await press("Save"), "consent-texts-saved");
    await open("consent/ask-again", "consent-ask-again");
    await sound(await press("Ask again"), "consent-revisions");
    await open("consent/revisions/3", "consent-revision");
  });

  test("the preview follows the form, and says what is wrong", async (t) => {
    const { server, owner, page, at } = await fixture(t, { filled: false });
    await signIn(page, server, owner);
    await page.goto(at("settings/consent"));
    await submit(page, page.getByRole("button", { name: "Use this: EU: opt-in, rest: notify" }));
    await page.goto(at("settings/consent/banner"));
    const frame = page.frameLocator("#preview iframe >> nth=0");
    await frame.getByRole("button", { name: "Reject", exact: true }).waitFor();
    await page.getByLabel("Language in the preview").selectOption("fr");
    await frame.getByRole("button", { name: "Refuser", exact: true }).waitFor();
    await page.getByLabel("Colour of the buttons").fill("#004400");
    const colour = () =>
      frame.getByRole("button", { name: "Refuser", exact: true }).evaluate((button) => getComputedStyle(button).backgroundColor);
    await eventually(async () => (await colour().catch(() => "")) === "rgb(0, 68, 0)", "the colour");
    await page.getByLabel("Colour of the buttons").fill("#cccccc");
    await page.locator("#preview").getByText(/contrast of 1\.60/).waitFor();
    await page.getByLabel("Colour of the buttons").fill("#004400");
    await frame.getByRole("button", { name: "Refuser", exact: true }).waitFor();
    await submit(page, page.getByRole("button", { name: "Save", exact: true }));
    assert.equal(await page.getByLabel("Colour of the buttons").inputValue(), "#004400");
    await page.goto(at("settings/consent/texts?language=nl"));
    await page.getByLabel(/^Reject optional/).fill("Nee, bedankt");
    await frame.getByRole("button", { name: "Nee, bedankt", exact: true }).waitFor();
  });
});
