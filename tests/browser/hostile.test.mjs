// Hostile strings, sent in every field that a visitor controls. Every page that shows them is opened in real
// Chromium, with our content security policy and without it. None of them may ever run.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { SITE_HOST, Server, Visitor, launch, signIn, withoutServer } from "./harness.mjs";
import { collect, token } from "./history.mjs";

const AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

/** Payloads that run when they are taken for markup, script or an address. */
const PAYLOADS = [
  "<script>__hit(1)</script>",
  "<img src=x onerror=__hit(1)>",
  "<svg/onload=__hit(1)>",
  "<iframe srcdoc='<script>parent.__hit(1)</script>'></iframe>",
  "<details open ontoggle=__hit(1)>",
  "<input autofocus onfocus=__hit(1)>",
  "<style>@import 'http://elsewhere.localhost/x.css'</style><link rel=stylesheet href=http://elsewhere.localhost/x>",
  "<base href=http://elsewhere.localhost/><meta http-equiv=refresh content='0;url=http://elsewhere.localhost/'>",
  "<form action=javascript:__hit(1)><button autofocus>x</button></form>",
  "javascript:__hit(1)",
];
/** Contexts of a template that a string might break out of. */
const OPENED = [
  "", '">', "'>", '" onmouseover="__hit(1)" autofocus onfocus="__hit(1)" x="', "' onfocus='__hit(1)' autofocus x='",
  "</title>", "</textarea>", "</script>", "</style>", "-->", "]]>", "</svg>", "</select>", "<!--", "\\\"));__hit(1);//",
  "';__hit(1);//", "${__hit(1)}", "{{constructor.constructor('__hit(1)')()}}", "&quot;&gt;", "%22%3E", "\u0000\">",
];

const injections = OPENED.flatMap((opened) => PAYLOADS.map((payload) => opened + payload));

const naughty = readFile(new URL("../data/naughty-strings.json", import.meta.url), "utf8").then(JSON.parse);

/** Hits of a new visitor with the string in every text field, plain and encoded, and as an event name. */
function hits(text, n) {
  const encoded = encodeURIComponent(text.toWellFormed());
  const query = `utm_source=${encoded}&utm_medium=${encoded}&utm_campaign=${encoded}&utm_term=${encoded}&x=${encoded}`;
  const name = [...text.toWellFormed()].slice(0, 90).join("").trim() || "nothing";
  const extras = { t: text, ln: text, sd: text, i: { email: `${encoded}@example.com`, id: text, visitor: text } };
  return [
    { ...extras, vi: token(2 * n), pu: `https://${SITE_HOST}/${encoded}?${query}`, r: `https://example.org/${encoded}` },
    { ...extras, vi: token(2 * n + 1), pu: `https://${SITE_HOST}/${text}?utm_campaign=${text}`, po: `/${text}`, r: text },
    { ...extras, vi: token(2 * n), pu: `https://${SITE_HOST}/${encoded}`, k: 3, n: name, p: { [name]: text }, cc: 15 },
  ];
}

/** Scripts that ran, windows that opened, and markup that no template wrote. */
async function watch(visitor) {
  const ran = [];
  await visitor.context.exposeBinding("__hit", ({ page }) => ran.push(`__hit on ${page.url()}`));
  await visitor.context.addInitScript(() => {
    for (const name of ["alert", "confirm", "prompt"]) globalThis[name] = () => globalThis.__hit();
  });
  visitor.context.on("dialog", (dialog) => {
    ran.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  visitor.context.on("page", (page) => page.on("popup", (popup) => ran.push(`popup ${popup.url()}`)));
  return ran;
}

const foreignMarkup = (page) =>
  page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll("*")) {
      const name = element.localName;
      for (const { name: attribute, value } of element.attributes) {
        if (/^on/i.test(attribute) || /^\s*(javascript|vbscript|data):/i.test(value)) found.push(`${name} ${attribute}=${value}`);
      }
      const wrong = ["iframe", "object", "embed", "base", "style", "video", "audio", "math", "marquee"].includes(name);
      if (wrong || (name === "script" && !element.nonce) || (name === "img" && !element.matches(".brand-mark"))) found.push(name);
      if (name === "a" && element.origin !== location.origin) found.push(`a ${element.href}`);
    }
    return found;
  });

/** Removes the content security policy from every answer. */
const withoutPolicy = (context) =>
  context.route("**/*", async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 }).catch(() => null);
    if (!answer) return route.abort().catch(() => {}); // of a page that is gone, or a stranger's
    const { "content-security-policy": _, ...headers } = answer.headers();
    await route.fulfill({ response: answer, headers });
  });

const chunks = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));

describe("hostile strings", { skip: withoutServer("hostile strings") }, () => {
  test("never run on a page, with our policy and without it", { timeout: 120_000 }, async (t) => {
    const strings = [...injections, ...(await naughty)];
    assert.ok(injections.length >= 200 && strings.length >= 715);
    // Some names are events, and the others wait for review.
    const server = await Server.begin(t, { settings: { GUESTLOG_EVENTS__LIMIT: "300" } });
    const account = await server.addAccount({ name: '"><script>__hit(1)</script>' });
    const owner = await server.addUser(account);
    const reports = await server.addToken(account);
    await server.command(["token", "add", "--account", String(account), "--name", "<img src=x onerror=__hit(1)>", "--scope", "crm.read"]);
    const browser = await launch(t);
    const at = (path) => `${server.address}/accounts/${account}/${path}`;

    const guarded = await Visitor.begin(browser);
    const bare = await Visitor.begin(browser);
    const watched = [];
    for (const visitor of [guarded, bare]) {
      const ran = await watch(visitor);
      if (visitor === bare) await withoutPolicy(visitor.context);
      const page = await visitor.context.newPage();
      await signIn(page, server, owner);
      watched.push({ visitor, ran, page, name: visitor === bare ? "without policy" : "with policy" });
    }
    const look = async ({ visitor, ran, page, name }, path, statuses = [200]) => {
      const where = `${name}: ${path.slice(0, 200)}`;
      const answer = await page.goto(path.startsWith("/") ? server.address + path : at(path));
      assert.ok(statuses.includes(answer.status()), `${where}: ${answer.status()}`);
      assert.deepEqual(await foreignMarkup(page), [], where);
      assert.deepEqual(ran, [], where);
      const troubles = visitor.troubles.splice(0).filter((said) => answer.status() < 400 || !said.includes("Failed to load"));
      assert.deepEqual(troubles, [], where);
      assert.deepEqual(visitor.strangers(new URL(server.address).host), [], where);
    };

    // The live page shows the newest hundred hits.
    let sent = 0;
    for (const part of chunks(strings, 50)) {
      await collect(server, account, part.flatMap((text) => hits(text, (sent += 1))), AGENT);
      await Promise.all(watched.map((each) => look(each, "live")));
    }

    const { total } = await server.report(account, reports, "sources", { period: "7d", by: "campaign", limit: "1000" });
    assert.ok(total > 500, `${total} campaigns of ${strings.length} strings`);
    const tables = ["pages", "pages?show=entry", "pages?show=exit", "sources", "sources?by=source", "sources?by=campaign", "devices",
      "devices?by=browser", "devices?by=os", "devices?by=screen", "devices?by=language", "countries", "dashboard"];
    for (const path of tables) {
      await Promise.all(watched.map((each) => look(each, `${path}${path.includes("?") ? "&" : "?"}period=7d&limit=1000`)));
    }
    const events = await server.report(account, reports, "events", { limit: "1000" });
    assert.equal(events.total, 300);
    const first = ["", "/edit", "/install", "/delete"].flatMap((rest) => [`events/000000000001${rest}`, `events/000000000004${rest}`]);
    for (const path of ["events?limit=1000", "events/new", "events/unexpected?limit=1000", "events/dismissed", ...first,
      "contacts?limit=1000", "contacts/1", "contacts/9", `events?search=${encodeURIComponent(injections[1])}`,
      `events/unexpected?search=${encodeURIComponent(injections[1])}`, `contacts?search=${encodeURIComponent(injections[1])}`]) {
      await Promise.all(watched.map((each) => look(each, path)));
    }
    // They are visible, as text.
    await watched[0].page.goto(at("events?limit=1000"));
    const names = await watched[0].page.locator("#events-rows").textContent();
    for (const expected of PAYLOADS) assert.ok(names.includes(expected.slice(0, 90)), expected);
    const { page } = watched[0];
    await page.goto(at("sources?by=campaign&period=7d&limit=1000"));
    const text = await page.locator("#sources-rows").textContent();
    for (const expected of PAYLOADS) assert.ok(text.includes(expected), expected);

    // In the active filters; `%` and `|` of a value are escaped once more.
    const values = strings.map((text) => {
      const value = [...text.toWellFormed()].slice(0, 200).join("").replace(/%/g, "%25").replace(/\|/g, "%7C");
      return encodeURIComponent(value);
    });
    for (const [place, part] of chunks(values, 40).entries()) {
      const dimension = ["page", "utm_campaign", "source", "contact", "referrer"][place % 5];
      await Promise.all(watched.map((each) => look(each, `pages?period=7d&filter=${dimension}:is:${part.join("|")}`)));
    }
    await page.goto(at(`pages?period=7d&filter=page:is:${values.slice(0, 40).join("|")}`));
    const chip = await page.locator(".chip").textContent();
    for (const expected of PAYLOADS) assert.ok(chip.includes(expected), expected);

    // In error messages, which repeat the input.
    for (const injection of injections.slice(PAYLOADS.length, 2 * PAYLOADS.length)) {
      const text = encodeURIComponent(injection);
      for (const path of [`pages?period=${text}`, `live?show=${text}&filter=${text}:is:x`]) {
        await Promise.all(watched.map((each) => look(each, path, [400])));
      }
    }
    const text400 = encodeURIComponent(injections[1]);
    for (const path of ["settings/account", "settings/users", "settings/tokens", "settings/tracking-code", "settings/advanced-tracking", "settings/export", `nowhere/${text400}`, `/sign-in?next=${text400}`,
      `/reset?token=${text400}`, `/setup?token=${text400}`, "/accounts", "/profile", `/${text400}`]) {
      await Promise.all(watched.map((each) => look(each, path, [200, 404, 410])));
    }

    // A test of the detection: a script that runs is detected, and our policy would have stopped it.
    for (const { visitor, ran, name } of watched) {
      const planted = await visitor.context.newPage();
      await planted.goto(at("dashboard"));
      await planted.evaluate(() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=__hit(1)>");
      });
      await planted.waitForTimeout(300);
      assert.equal(ran.length > 0, name === "without policy", `${name}: ${ran}`);
      assert.notDeepEqual(await foreignMarkup(planted), []);
    }
  });
});
