// Every policy type, with and without Global Privacy Control, and every call by which a site speaks of consent: what is in
// the browser afterwards, what left it, what its listener was told, whether the banner is shown, and what the server
// counted. What must be is worked out here from the meaning of the types and calls, not taken from the script.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MINUTE, Server, Visitor, eventually, hear, launch, startSite, taggedPage, withoutServer } from "./harness.mjs";

/** Cells that are tried at once. */
const TABS = 6;
/** Time after which a page that has done everything is asked what it did. Rows that come later are seen at the end. */
const SETTLED = 50;

/** What a type grants without a choice, whether there is a banner, and whether nothing is told before the answer. */
const TYPES = {
  "none": { grants: true },
  "no-cookies": { takesNone: true },
  "notify": { grants: true, hasBanner: true },
  "opt-in": { hasBanner: true, isQuestion: true },
  "opt-in-categories": { hasBanner: true, isQuestion: true },
  "opt-out": { grants: true, hasBanner: true },
  "opt-out-categories": { grants: true, hasBanner: true },
};

const categories = (analytics, advertisement, functionality) => ({ analytics, advertisement, functionality });
const NOTHING = categories(false, false, false);
const EVERYTHING = categories(true, true, true);
const VISIT_COOKIES = ["__hssc", "__hssrc", "__hstc", "hubspotutk"];

const consent = (made) => ["_hsp", "setHubSpotConsent", made];
const REVOKE = ["_hsp", "revokeCookieConsent"];
const NO_TRACK = ["_hsq", "doNotTrack"];
const OFF = ["_hsq", "setTrackingEnabled", false];

/** The calls: those that wait for the script (`first`), those that come later (`then`), and what else the page has. */
const CALLS = {
  "no call": {},
  "everything": { first: [consent(EVERYTHING)] },
  "analytics alone": { first: [consent(categories(true, false, false))] },
  "all but analytics": { first: [consent(categories(false, true, true))] },
  "nothing": { first: [consent(NOTHING)] },
  "everything later": { then: [consent(EVERYTHING)] },
  "nothing later": { then: [consent(NOTHING)] },
  "nothing, then everything": { first: [consent(NOTHING)], then: [consent(EVERYTHING)] },
  "everything from an outside banner": { isOutside: true, head: "window.disableHubSpotCookieBanner = true", first: [consent(EVERYTHING)] },
  "everything with the older switch": { isOutside: true, head: "window.disabledHsPopups = ['PRIVACY']", first: [consent(EVERYTHING)] },
  "the banner switched off": { isOutside: true, head: "window.disableHubSpotCookieBanner = true" },
  "revoke": { then: [REVOKE] },
  "everything, then revoke": { first: [consent(EVERYTHING)], then: [REVOKE] },
  "showBanner": { then: [["_hsp", "showBanner"]] },
  "hideBanner": { then: [["_hsp", "hideBanner"]] },
  "doNotTrack": { first: [NO_TRACK] },
  "doNotTrack later": { then: [NO_TRACK] },
  "doNotTrack, then everything": { first: [NO_TRACK], then: [consent(EVERYTHING)] },
  "doNotTrack taken back": { first: [NO_TRACK], then: [["_hsq", "doNotTrack", { track: true }]] },
  "doNotTrack, then revoke": { first: [NO_TRACK], then: [REVOKE] },
  "tracking off": { first: [OFF] },
  "tracking off, then everything": { first: [OFF], then: [consent(EVERYTHING)] },
  "tracking off, then on": { first: [OFF], then: [["_hsq", "setTrackingEnabled", true]] },
  "refused in the banner before": { stored: "1:false_2:false_3:false_r:1" },
  "accepted in the banner before": { stored: "1:true_2:false_3:true_r:1" },
};

const maskOf = (made) => 1 + 2 * made.analytics + 4 * made.advertisement + 8 * made.functionality;

/** What must be, for a type, a visitor with or without the signal, and calls. */
function oracle({ grants, takesNone, hasBanner, isQuestion }, gpc, { first = [], then = [], stored, isOutside }) {
  const isClosed = takesNone || gpc; // whatever is said, nothing is collected
  const state = { choice: undefined, by: undefined, noTrack: false, enabled: true, isHidden: false };
  const sent = [];
  const cookies = new Set();
  if (stored) cookies.add("__hs_cookie_cat_pref");
  if (stored && !isClosed) Object.assign(state, { choice: categories(/1:true/.test(stored), /2:true/.test(stored), /3:true/.test(stored)), by: "banner" });
  const current = () => (isClosed ? NOTHING : (state.choice ?? (grants ? EVERYTHING : NOTHING)));
  const isOn = () => state.enabled && !state.noTrack && current().analytics;
  const act = ([, name, value]) => {
    if (name === "setHubSpotConsent" && !isClosed) Object.assign(state, { choice: value, by: isOutside ? "outside_banner" : "api" });
    if (name === "revokeCookieConsent") {
      Object.assign(state, { choice: NOTHING, noTrack: false, isHidden: true });
      cookies.clear();
    }
    if (name === "hideBanner") state.isHidden = true;
    if (name === "showBanner") state.isWanted = true;
    if (name === "setTrackingEnabled") state.enabled = value;
    if (name === "doNotTrack") {
      state.noTrack = !value?.track;
      if (state.noTrack) cookies.add("__hs_do_not_track");
      else cookies.delete("__hs_do_not_track");
    }
  };
  // A page has one view, as soon as it may be sent, with the choice of that moment.
  const view = () => {
    if (isOn() && sent.length === 0) sent.push({ cc: state.choice && maskOf(state.choice), by: state.choice && state.by });
  };
  first.forEach(act);
  view();
  const isSilentAtStart = state.noTrack || !state.enabled;
  const answered = state.choice !== undefined;
  then.forEach(act);
  view();
  if (isOn()) VISIT_COOKIES.forEach((name) => cookies.add(name));
  const isAsked = hasBanner && !isOutside && !state.isHidden && (state.isWanted || (!answered && !state.choice && !isSilentAtStart));
  return {
    sent,
    cookies: [...cookies].sort(),
    told: isQuestion && !isClosed && !state.choice ? undefined : current(),
    // With the signal there is a small notice in place of the banner.
    banner: gpc ? undefined : Boolean(isAsked),
  };
}

function* cells() {
  let n = 0;
  for (const [type, rule] of Object.entries(TYPES)) {
    for (const gpc of [false, true]) {
      for (const [name, call] of Object.entries(CALLS)) {
        yield { what: `${type}, ${gpc ? "GPC" : "no GPC"}, ${name}`, path: `/${type}/${(n += 1)}`, gpc, call, must: oracle(rule, gpc, call) };
      }
    }
  }
}

const push = ([queue, ...call]) => `(window.${queue} = window.${queue} || []).push(${JSON.stringify(call)});`;

function pageOf(server, account, { what, call }) {
  const listener = "window.told = []; (window._hsp = []).push(['addPrivacyConsentListener', (consent) => told.push(consent)]);";
  const head = `<script>${listener} ${call.head ?? ""};${(call.first ?? []).map(push).join("")}</script>`;
  return taggedPage(server, account, { title: what, head });
}

/** Does what the cell says in a browser of its own, and returns what is to be seen. */
async function tryCell({ browser, server, account, site }, { path, gpc, call, must }) {
  const visitor = await Visitor.begin(browser, gpc ? { extraHTTPHeaders: { "Sec-GPC": "1" } } : {});
  if (gpc) await visitor.context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
  if (call.stored) await visitor.context.addCookies([{ name: "__hs_cookie_cat_pref", value: call.stored, url: site.at("/") }]);
  const heard = hear(visitor, server);
  const page = await visitor.open(site.at(path));
  await page.waitForFunction(() => Object.hasOwn(globalThis._hsp, "push"));
  if (call.then) await page.evaluate(call.then.map(push).join(""));
  if (must.sent.length > 0) await eventually(() => heard.views().length > 0, "a view").catch(() => {});
  if (must.banner) await page.locator("#hs-banner-parent, #hs-modal").first().waitFor().catch(() => {});
  await page.waitForTimeout(SETTLED);
  const seen = await page.evaluate(() => {
    const last = globalThis.told.at(-1)?.categories;
    return {
      told: last && { analytics: last.analytics, advertisement: last.advertisement, functionality: last.functionality },
      storage: Object.keys(sessionStorage).concat(Object.keys(localStorage)),
      banner: document.querySelector("#hs-banner-parent, #hs-modal") !== null,
    };
  });
  const mayAsk = new RegExp(`/${account}(\\.js|/banner\\.\\w+\\.\\w+\\.js)$`);
  const others = visitor.requests.filter((url) => !url.startsWith(site.at("/")) && !url.startsWith("data:") && !mayAsk.test(url));
  const result = {
    sent: heard.views().map(({ cc, by }) => ({ cc, by })),
    cookies: Object.keys(await visitor.cookies(site.at("/"))).sort(),
    told: seen.told,
    banner: must.banner === undefined ? undefined : seen.banner,
  };
  // Who may not be counted leaves nothing in storage. Of somebody who may, a hit is there until it has arrived.
  const left = must.sent.length === 0 ? { others: [...new Set(others)], storage: seen.storage } : {};
  const troubles = visitor.troubles.filter((said) => said.startsWith("uncaught"));
  await visitor.close();
  return { result, left, troubles };
}

test("every policy type, signal and call", { skip: withoutServer("the table of consent"), timeout: 10 * MINUTE }, async (t) => {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  for (const type of Object.keys(TYPES)) {
    await server.command(["consent", "set", "--account", String(account), "--policy", type, "--path", `/${type}/`, "--gpc"]);
  }
  const all = [...cells()];
  const site = await startSite(t, Object.fromEntries(all.map((cell) => [cell.path, pageOf(server, account, cell)])));
  const world = { browser: await launch(t), server, account, site };
  assert.equal((await fetch(`${server.address}/${account}.js`)).status, 200, "the script is built before pages wait for it");

  const faults = [];
  const waiting = all[Symbol.iterator]();
  const tryAll = async () => {
    for (const cell of waiting) {
      const { result, left, troubles } = await tryCell(world, cell);
      const { must } = cell;
      const isRight = (a, b) => JSON.stringify(a) === JSON.stringify(b);
      for (const key of Object.keys(must)) {
        if (!isRight(result[key], must[key])) faults.push(`${cell.what}: ${key}: ${JSON.stringify(result[key])}, not ${JSON.stringify(must[key])}`);
      }
      for (const [key, found] of Object.entries(left)) if (found.length > 0) faults.push(`${cell.what}: ${key}: ${found}`);
      if (troubles.length > 0) faults.push(`${cell.what}: ${troubles}`);
    }
  };
  await Promise.all(Array.from({ length: TABS }, tryAll));
  t.diagnostic(`${all.length} cells`);
  assert.deepEqual(faults, []);

  const rows = {};
  for (let after; ; ) {
    const part = await server.report(account, token, "pages", { period: "7d", limit: "1000", ...(after && { after }) });
    for (const { path, page_views } of part.rows) rows[path] = page_views;
    after = part.next;
    if (!after) break;
  }
  assert.deepEqual(rows, Object.fromEntries(all.filter(({ must }) => must.sent.length > 0).map(({ path }) => [path, 1])));
});
