// Consent banners that a site has already, with the code that the settings show for them: vanilla-cookieconsent, Klaro and
// Orejime as they are published, and stand-ins for the documented events of Cookiebot and OneTrust.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { MINUTE, Server, Visitor, eventually, hear, launch, signIn, startSite, taggedPage, withoutServer } from "./harness.mjs";

/** Time in which a page would have sent something. */
const SETTLED = 500;
/** Visitors at once. They mostly wait. */
const TABS = 3;
const OURS = ["__hstc", "hubspotutk", "__hssc", "__hssrc"];
/** The bits of a consent: what is necessary, analytics, advertisement, functionality. */
const ALL = 15;
const WITHOUT_ADVERTISEMENT = 11;

const inside = (path) => readFile(new URL(`./node_modules/${path}`, import.meta.url), "utf8");
const NAMES = ["analytics", "advertisement", "functionality"];

/** What both stand-ins have: two buttons, and an answer that is kept in the page's storage. */
const STAND_IN = `
  const kept = () => JSON.parse(localStorage.getItem("theirs"));
  const release = (allows) => {
    for (const tag of document.querySelectorAll('script[type="text/plain"]')) {
      if (!allows(tag)) continue;
      const free = document.createElement("script");
      for (const { name, value } of tag.attributes) if (name !== "type") free.setAttribute(name, value);
      tag.replaceWith(free);
    }
  };
  const keep = (answer) => { localStorage.setItem("theirs", JSON.stringify(answer)); document.querySelector("#theirs")?.remove(); apply(); };
  addEventListener("DOMContentLoaded", () => {
    apply();
    if (kept()) return;
    document.body.insertAdjacentHTML("beforeend", '<div id="theirs"><button>Accept all</button><button>Reject all</button></div>');
    const [accept, reject] = document.querySelectorAll("#theirs button");
    accept.onclick = () => keep([true, true, true]);
    reject.onclick = () => keep([false, false, false]);
  });`;

/**
 * Each banner: its files by name, what stands in the head, the buttons, and code that answers with these three categories.
 */
const BANNERS = {
  "cookiebot": {
    files: async () => ({
      "uc.js": `{ ${STAND_IN}
        window.Cookiebot = { consent: { necessary: true, preferences: false, statistics: false, marketing: false }, hasResponse: false, keep };
        function apply() {
          if (!kept()) return;
          const [statistics, marketing, preferences] = kept();
          Object.assign(Cookiebot.consent, { statistics, marketing, preferences });
          Cookiebot.hasResponse = true;
          dispatchEvent(new Event(statistics || marketing || preferences ? "CookiebotOnAccept" : "CookiebotOnDecline"));
          release((tag) => Cookiebot.consent[tag.dataset.cookieconsent]);
        } }`,
    }),
    head: '<script src="/uc.js"></script>',
    accept: "Accept all",
    reject: "Reject all",
    answer: (allowed) => globalThis.Cookiebot.keep(allowed),
  },
  "onetrust": {
    files: async () => ({
      "otSDKStub.js": `{ ${STAND_IN}
        window.OneTrust = { IsAlertBoxClosed: () => kept() !== null, keep };
        function apply() {
          const groups = ["C0002", "C0004", "C0003"].filter((_, i) => kept()?.[i]);
          window.OnetrustActiveGroups = "," + ["C0001", ...groups].join() + ",";
          dispatchEvent(new CustomEvent("OneTrustGroupsUpdated", { detail: ["C0001", ...groups] }));
          release((tag) => groups.some((group) => tag.classList.contains("optanon-category-" + group)));
        } }`,
    }),
    head: '<script src="/otSDKStub.js"></script>',
    accept: "Accept all",
    reject: "Reject all",
    answer: (allowed) => globalThis.OneTrust.keep(allowed),
  },
  "vanilla-cookieconsent": {
    files: async () => ({
      "cookieconsent.js": await inside("vanilla-cookieconsent/dist/cookieconsent.umd.js"),
      "run.js": `CookieConsent.run({
        hideFromBots: false,
        categories: { necessary: { enabled: true, readOnly: true }, analytics: {}, advertisement: {}, functionality: {} },
        language: { default: "en", translations: { en: {
          consentModal: { title: "Cookies", acceptAllBtn: "Accept all", acceptNecessaryBtn: "Reject all" },
          preferencesModal: { sections: ${JSON.stringify(NAMES.map((name) => ({ title: name, linkedCategory: name })))} },
        } } },
      });`,
    }),
    head: '<script defer src="/cookieconsent.js"></script><script defer src="/run.js"></script>',
    accept: "Accept all",
    reject: "Reject all",
    answer: (allowed, names) => globalThis.CookieConsent.acceptCategory(names.filter((_, i) => allowed[i])),
  },
  "klaro": {
    files: async () => ({
      "klaro.js": await inside("klaro/dist/klaro.js"),
      "config.js": `var klaroConfig = {
        acceptAll: true,
        lang: "en",
        translations: { zz: { privacyPolicyUrl: "/privacy" } },
        services: ${JSON.stringify(NAMES.map((name) => ({ name, title: name, purposes: [name] })))},
      };`,
    }),
    head: '<script src="/config.js"></script><script defer src="/klaro.js" data-config="klaroConfig"></script>',
    accept: "That's ok",
    reject: "I decline",
    answer: (allowed, names) => {
      const manager = globalThis.klaro.getManager();
      names.forEach((name, i) => manager.updateConsent(name, allowed[i]));
      manager.saveAndApplyConsents();
    },
  },
  "orejime": {
    files: async () => ({
      "orejime.js": await inside("orejime/dist/orejime-standard-en.js"),
      "purposes.js": `var orejimeConfig = {
        privacyPolicyUrl: "/privacy",
        purposes: ${JSON.stringify(NAMES.map((id) => ({ id, title: id })))},
      };`,
    }),
    head: '<script src="/purposes.js"></script><script src="/orejime.js"></script>',
    accept: "Accept",
    reject: "Decline",
    answer: (allowed, names) => globalThis.orejime.manager.setConsents(Object.fromEntries(names.map((name, i) => [name, allowed[i]]))),
  },
};

/** A server under an opt-in policy, a site with all banners, and the code for them from the pages of the server. */
async function fixture(t) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const owner = await server.addUser(account);
  const token = await server.addToken(account);
  const { revision } = await server.command(["consent", "set", "--account", String(account), "--policy", "opt-in"]);
  const browser = await launch(t);
  const admin = await (await browser.newContext()).newPage();
  await signIn(admin, server, owner);
  await admin.goto(`${server.address}/accounts/${account}/settings/consent/outside`);
  const here = new URL(server.address).host;
  const code = async (id) => (await admin.locator(`#${id}`).textContent()).replaceAll(here, server.host);

  const pages = {};
  const page = (head, tag) => taggedPage(server, account, { head }).replace(/<script id="hs-script-loader".*<\/script>/, tag);
  const tag = taggedPage(server, account).match(/<script id="hs-script-loader".*<\/script>/)[0];
  for (const [name, { files, head }] of Object.entries(BANNERS)) {
    for (const [file, text] of Object.entries(await files())) pages[`/${file}`] = { type: "text/javascript", text };
    const recipe = await code(`recipe-${name}`);
    for (const path of [`/${name}`, `/${name}/next`]) pages[path] = page(recipe + head, tag);
    pages[`/${name}/held-back`] = page(recipe + head, await code(`held-back-${name}`));
  }
  const site = await startSite(t, pages);
  return { server, account, token, revision, browser, site };
}

/** A visitor and what their browser does. */
async function begin({ browser, server, account, site }) {
  const visitor = await Visitor.begin(browser);
  const heard = hear(visitor, server);
  const script = `http://${server.host}/${account}.js`;
  return {
    visitor,
    heard,
    /** What was asked of the server but for the script itself. */
    sent: () => visitor.requests.filter((url) => new URL(url).host === server.host && url !== script),
    hasScript: () => visitor.requests.includes(script),
    ours: async () => Object.keys(await visitor.cookies(site.at("/"))).filter((name) => OURS.includes(name)),
    open: (path) => visitor.open(site.at(path)),
  };
}

/** Waits until the tracking code has run and could have sent something. */
async function settled(page) {
  await page.waitForFunction(() => Object.hasOwn(globalThis._hsp ?? [], "push"));
  await pause(SETTLED);
}

const viewsOf = ({ heard }) => heard.views().map(({ cc, by, rev }) => ({ cc, by, rev }));

describe("banners of others", { skip: withoutServer("banners of others") }, () => {
  test("tell each answer by the code of the settings", { timeout: 4 * MINUTE, concurrency: TABS }, async (t) => {
    const world = await fixture(t);
    const { server, account, token, revision } = world;
    const given = (cc) => ({ cc, by: "outside_banner", rev: revision });
    const checks = ([name, { accept, reject, answer }]) => {
      const press = (page, button) => page.getByRole("button", { name: button, exact: true }).click();

      const answers = t.test(`${name}: nothing before the answer, the view after it, nothing after it is withdrawn`, async () => {
        const one = await begin(world);
        const page = await one.open(`/${name}`);
        await page.getByRole("button", { name: accept, exact: true }).waitFor();
        await settled(page);
        assert.deepEqual([one.sent(), await one.ours()], [[], []]);
        assert.equal(await page.locator("#hs-banner-parent").count(), 0, "Guestlog's own banner is not shown");
        await page.evaluate(() => globalThis._hsq.push(["trackEvent", { id: "early" }]));
        await press(page, accept);
        await eventually(() => one.heard.views().length === 1, "the view after accepting");
        await eventually(() => one.heard.hits.some(({ n }) => n === "early"), "what happened before the answer");
        await eventually(async () => (await one.ours()).length === OURS.length, "the cookies");
        const next = await one.open(`/${name}/next`);
        await eventually(() => one.heard.views().length === 2, "the view of the next page");
        assert.deepEqual(viewsOf(one), [given(ALL), given(ALL)]);
        await next.evaluate(`(${answer})([true, false, true], ${JSON.stringify(NAMES)})`);
        await next.evaluate(() => globalThis._hsq.push(["setPath", "/changed"], ["trackPageView"]));
        await eventually(() => one.heard.views().length === 3, "a view without advertisement");
        assert.deepEqual(viewsOf(one)[2], given(WITHOUT_ADVERTISEMENT));
        await next.evaluate(`(${answer})([false, false, false], ${JSON.stringify(NAMES)})`);
        await eventually(async () => (await one.ours()).length === 0, "the cookies are gone");
        one.visitor.requests.length = 0;
        await next.evaluate(() => globalThis._hsq.push(["setPath", "/withdrawn"], ["trackPageView"]));
        await settled(await one.open(`/${name}`));
        assert.deepEqual([one.sent(), await one.ours(), one.heard.refusals, one.visitor.troubles], [[], [], [], []]);
        await one.visitor.close();
      });

      const refusals = t.test(`${name}: nothing after refusing, on the next page neither`, async () => {
        const one = await begin(world);
        const page = await one.open(`/${name}`);
        await press(page, reject);
        await settled(page);
        await settled(await one.open(`/${name}/next`));
        assert.deepEqual([one.sent(), await one.ours(), one.visitor.troubles], [[], [], []]);
        await one.visitor.close();
      });

      const heldBack = t.test(`${name}: a script that is held back starts when it is released`, async () => {
        const one = await begin(world);
        const page = await one.open(`/${name}/held-back`);
        await page.getByRole("button", { name: accept, exact: true }).waitFor();
        await pause(SETTLED);
        assert.equal(one.hasScript(), false, "the script is not loaded");
        await press(page, accept);
        await eventually(() => one.heard.views().length === 1, "the view");
        await one.open(`/${name}/held-back`);
        await eventually(() => one.heard.views().length === 2, "the view of the next page");
        assert.deepEqual(viewsOf(one), [given(ALL), given(ALL)]);
        assert.deepEqual([one.heard.refusals, one.visitor.troubles], [[], []]);
        await one.visitor.close();
      });
      return [answers, refusals, heldBack];
    };
    await Promise.all(Object.entries(BANNERS).flatMap(checks));

    const { rows } = await server.report(account, token, "pages", { period: "7d" });
    const counted = Object.fromEntries(rows.map(({ path, page_views }) => [path, page_views]));
    const expected = Object.keys(BANNERS).flatMap((name) => [[`/${name}`, 1], [`/${name}/next`, 1], [`/${name}/held-back`, 2]]);
    assert.deepEqual(counted, { ...Object.fromEntries(expected), "/changed": Object.keys(BANNERS).length });
  });
});
