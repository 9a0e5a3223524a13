// Events in real Chromium: what a visitor does on pages of another host becomes exactly one completion each, before
// and after a navigation inside the page.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { MINUTE, Server, Visitor, eventually, launch, startSite, taggedPage, withoutServer } from "./harness.mjs";

const SHOP = `
<p class="price">12.50</p><p class="price">99</p>
<button id="buy" class="buy"><b class="buy"><i id="inner">Buy</i></b></button>
<a id="away" class="buy" href="/away">Away</a>
<div id="quiet"><button class="buy" id="stopped">Stops</button></div>
<label class="buy" id="label">Terms <input type="checkbox" id="terms"></label>
<ul><li class="row">Free <button class="pick" id="free">Pick</button></li><li class="row">Pro <button class="pick" id="pro">Pick</button></li></ul>
<div id="later"></div>
<form id="join" class="join" method="post" action="/join"><input name="email" id="email" required><button id="send">Join</button></form>
<form id="ajax" class="join" novalidate><input name="q" id="q"><button id="ask">Ask</button></form>
<script>
  var matches = [1]; // a name that the window shares with the method of elements
  document.getElementById("quiet").addEventListener("click", (e) => e.stopPropagation(), true);
  document.getElementById("ajax").addEventListener("submit", (e) => {
    e.preventDefault();
    document.getElementById("q").setAttribute("aria-invalid", String(!document.getElementById("q").value));
  });
</script>`;

/** Starts a server whose account has one event of each type, and a shop site that completes them. */
async function shop(t, { events = [], custom = "" } = {}) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const add = (name, type, ...more) =>
    server.command(["event", "add", "--account", `${account}`, "--name", name, "--type", type, ...more]);
  const ids = {};
  const code = join(server.folder, "code.js");
  if (custom) await writeFile(code, custom);
  for (const [name, type, ...more] of [
    ["Told", "custom", ...(custom ? ["--custom-js", code] : [])],
    ["Login", "http"],
    ["Bought", "click", "--selector", ".buy", "--value", "2"],
    ["Joined", "form", "--selector", "form.join"],
    ["Thanked", "visit", "--url", "/thanks*"],
    ...events,
  ]) {
    ids[name] = (await add(name, type, ...more)).event_id;
  }
  const site = await startSite(t, {
    "/": taggedPage(server, account, { title: "Shop", body: SHOP }),
    "/away": taggedPage(server, account, { title: "Away" }),
    "/join": { to: "/thanks?for=joining" },
    "/thanks": taggedPage(server, account, { title: "Thanks" }),
  });
  // Events that were created by hits are listed as well.
  const idOf = async (name) => {
    if (!ids[name]) {
      const { rows } = await server.command(["event", "list", "--account", `${account}`]);
      for (const row of rows) ids[row.name] = row.id;
    }
    return ids[name];
  };
  // Completions and value of an event, as its page shows them.
  const completed = async (name) => {
    const id = await idOf(name);
    if (!id) return { completions: 0, value: 0 };
    const { completions, value } = await surely(() => server.report(account, token, `events/${id}`, { period: "today" }));
    return { completions, value: Number(value) };
  };
  const views = async () => (await surely(() => server.report(account, token, "dashboard", { period: "today" }))).kpi.page_views;
  return { server, account, token, site, ids, add, completed, views };
}

/** The result of a read, which is repeated when the connection fails. */
async function surely(read) {
  return (await eventually(async () => ({ answer: await read() }), "an answer")).answer;
}

/** Sends an event like a program, on a new connection. A retry by the client library would count twice. */
function headersOf(url) {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.headers));
    }).on("error", reject);
  });
}

/** Waits until exactly this many are counted, then checks again that no more arrive. */
async function counts(completed, expected) {
  for (const [name, times] of Object.entries(expected)) {
    let said;
    await eventually(async () => (said = (await completed(name)).completions) >= times, `${times} of ${name}`).catch(
      (error) => { throw new Error(`${error.message}; there are ${said}`, { cause: error.cause }); },
    );
  }
  await pause(300);
  for (const [name, times] of Object.entries(expected)) {
    assert.equal((await completed(name)).completions, times, name);
  }
}

const push = (page, ...calls) =>
  page.evaluate((calls) => {
    for (const call of calls) globalThis._hsq.push(call);
  }, calls);

const ready = (page) => page.waitForFunction(() => globalThis._hstc_ran);

describe("events", { skip: withoutServer("events") }, () => {
  test("each type completes once per act, before and after a navigation inside the page", { timeout: 3 * MINUTE }, async (t) => {
    const { server, account, site, ids, completed } = await shop(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await ready(page);
    const expected = { Told: 0, Login: 0, Bought: 0, Joined: 0, Thanked: 0 };
    for (const round of [1, 2]) {
      await push(page, ["trackEvent", { id: ids.Told, value: 1.5 }]);
      expected.Told += 1;
      await page.click("#inner"); // inside two elements of the rule
      await page.focus("#buy");
      await page.keyboard.press("Enter");
      await page.click("#stopped"); // whose click goes no further
      await page.click("#label"); // repeated for its box
      await page.evaluate(() => {
        for (const id of ["terms", "label", "label", "buy", "buy"]) document.getElementById(id).click(); // at once
      });
      await page.evaluate(() => {
        document.getElementById("later").innerHTML = '<button class="buy" id="new">New</button>';
      });
      await page.click("#new");
      expected.Bought += 10;
      await page.click("#send"); // a required field is empty: nothing is sent
      await page.click("#ask"); // stopped by the page's own check
      await page.fill("#q", "how");
      await page.click("#ask"); // sent by the page itself
      expected.Joined += 1;
      await page.fill("#q", "");
      await page.evaluate(() => { // found wrong, and right at once
        document.getElementById("ask").click();
        document.getElementById("q").value = "how";
        document.getElementById("ask").click();
      });
      expected.Joined += 1;
      await page.evaluate(() => { // found wrong a moment later
        const field = document.getElementById("q");
        document.getElementById("ask").click();
        setTimeout(() => field.setAttribute("aria-invalid", "true"), 60);
      });
      await pause(400);
      await page.fill("#q", "");
      const answer = await headersOf(`${server.address}/v1/event?_a=${account}&_n=${ids.Login}&email=ada%40example.com`);
      assert.equal(answer["x-guestlog"], "stored");
      expected.Login += 1;
      await counts(completed, expected);
      await push(page, ["setPath", `/thanks/${round}`], ["trackPageView"]);
      expected.Thanked += 1;
      await counts(completed, expected);
    }
    assert.deepEqual((await completed("Told")).value, 3);
    assert.deepEqual((await completed("Bought")).value, 40);
    assert.deepEqual(visitor.troubles, []);
  });

  test("a link that leads away at once counts, however it is opened", async (t) => {
    const { site, completed } = await shop(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await ready(page);
    await Promise.all([page.waitForURL(/away$/), page.click("#away")]);
    await page.goBack();
    await ready(page);
    await page.focus("#away");
    await Promise.all([page.waitForURL(/away$/), page.keyboard.press("Enter")]);
    await page.goBack();
    await ready(page);
    const [opened] = await Promise.all([
      visitor.context.waitForEvent("page"),
      page.click("#away", { button: "middle" }),
    ]);
    await opened.waitForURL(/away$/);
    await page.click("#away", { button: "right" });
    await counts(completed, { Bought: 3 });
    assert.match(page.url(), /\/$/, "the page stayed where it was");
  });

  test("a form that redirects counts once, sent by a button, by Enter or by script", async (t) => {
    const { site, completed } = await shop(t);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    const send = [
      () => page.click("#send"),
      () => page.press("#email", "Enter"),
      () => page.evaluate(() => document.getElementById("join").submit()),
      () => page.evaluate(() => document.getElementById("join").requestSubmit()),
      // A page that validates first and submits later.
      () => page.evaluate(() => {
        const form = document.getElementById("join");
        form.addEventListener("submit", (e) => {
          e.preventDefault();
          setTimeout(() => form.submit(), 50);
        });
        document.getElementById("send").click();
      }),
      () => page.evaluate(() => {
        const form = document.getElementById("join");
        let looked = false;
        form.addEventListener("submit", (e) => {
          if (looked) return;
          e.preventDefault();
          looked = true;
          setTimeout(() => form.requestSubmit(), 80);
        });
        document.getElementById("send").click();
      }),
    ];
    for (const [i, act] of send.entries()) {
      await page.goto(site.at("/"));
      await ready(page);
      await page.fill("#email", "secret@example.com");
      await Promise.all([page.waitForURL(/thanks/), act()]);
      await counts(completed, { Joined: i + 1, Thanked: i + 1 });
    }
    await page.goto(site.at("/"));
    await ready(page);
    await page.evaluate(() => {
      const form = document.getElementById("join").cloneNode(true);
      form.id = "another";
      document.getElementById("later").append(form);
    });
    await page.fill("#another input", "secret@example.com");
    await Promise.all([page.waitForURL(/thanks/), page.click("#another button")]);
    await counts(completed, { Joined: send.length + 1 });
  });

  test("nothing of a form's fields leaves the page", async (t) => {
    const { server, site, completed } = await shop(t);
    const visitor = await Visitor.begin(await launch(t));
    const bodies = [];
    visitor.context.on("request", (request) => {
      if (request.url().includes(server.host)) bodies.push(request.url() + (request.postData() ?? ""));
    });
    const page = await visitor.open(site.at("/"));
    await ready(page);
    await page.fill("#email", "secret@example.com");
    await Promise.all([page.waitForURL(/thanks/), page.click("#send")]);
    await counts(completed, { Joined: 1 });
    assert.ok(bodies.length >= 2 && bodies.every((body) => !body.includes("secret")), bodies.join("\n"));
  });

  test("selectors of jQuery find the elements they name, and functions are asked for values", async (t) => {
    const events = [
      ["Pro", "click", "--selector", ".row:contains('Pro') .pick"],
      ["First", "click", "--selector", "button.pick:first, .nothing:eq(7)"],
      ["Second", "click", "--selector", "ul > :eq(1) > button"],
      ["Seen", "click", "--selector", ".pick:visible:eq(-1)"],
    ];
    const { site, completed, ids } = await shop(t, { events });
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await ready(page);
    await page.click("#pro");
    await counts(completed, { Pro: 1, First: 0, Second: 1, Seen: 1 });
    await page.click("#free");
    await counts(completed, { Pro: 1, First: 1, Second: 1, Seen: 1 });
    await page.evaluate((id) => {
      const value = (css, read) => ($) => read($.$(css));
      for (const [css, read] of [
        [".price:first", (found) => found.text()],
        [".price:contains('12'):visible", (found) => found.text()],
        ["p:eq(1)", (found) => found.text()],
        ["#buy", (found) => (found.attr("class") === "buy" ? 1 : 100)],
      ]) {
        globalThis._hsq.push(["trackEvent", { id, value: value(css, read) }]);
      }
    }, ids.Told);
    await counts(completed, { Told: 4 });
    assert.equal((await completed("Told")).value, 12.5 + 12.5 + 99 + 1);
  });

  test("custom JavaScript runs with the tracking code, and breaks only itself", async (t) => {
    const custom = `document.getElementById('free').addEventListener('click', function () {
        _hsq.push(['trackEvent', {id: 'From code', value: 3}]);
      });
      return nothing.of.that.name;`;
    const { site, server, completed } = await shop(t, { custom });
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    await eventually(() => visitor.requests.some((url) => url.includes("/e/")), "the custom code");
    await eventually(() => visitor.troubles.some((text) => text.includes("event 000000000001 threw")), "its name");
    await page.click("#free");
    await page.click("#inner");
    await counts(completed, { "From code": 1, Bought: 1 });
    assert.ok(visitor.strangers(site.host, server.host).length === 0);
  });

  test("a page whose policy goes by nonces runs the code, one that trusts no address of a script still tells of its visit", async (t) => {
    const custom = "document.getElementById('free').addEventListener('click', () => _hsq.push(['trackEvent', 'From code']));";
    for (const [policy, runs] of [["script-src 'nonce-x'", 1], ["require-trusted-types-for 'script'", 0]]) {
      const { server, account, completed, views } = await shop(t, { custom });
      const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
      const page = taggedPage(server, account, { head, body: SHOP }).replaceAll("<script", '<script nonce="x"');
      const site = await startSite(t, { "/": page });
      const visitor = await Visitor.begin(await launch(t));
      const opened = await visitor.open(site.at("/"));
      await ready(opened);
      await eventually(async () => (await views()) === 1, "the page view");
      await opened.waitForLoadState("networkidle");
      await opened.click("#free");
      await opened.click("#inner");
      await counts(completed, { Bought: 1, "From code": runs });
    }
  });

  test("a page view arrives although custom JavaScript never ends", async (t) => {
    const { site, views } = await shop(t, { custom: "for (;;);" });
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.context.newPage();
    await page.goto(site.at("/"), { waitUntil: "commit" });
    await eventually(async () => visitor.requests.some((url) => url.includes("/e/")), "the custom code");
    await eventually(async () => (await views()) === 1, "the page view");
  });

  test("page views and clicks arrive with each broken snippet that can be saved", { timeout: 5 * MINUTE }, async (t) => {
    const { server, account, site, completed, views } = await shop(t);
    const table = JSON.parse(await readFile(new URL("../data/broken_scripts.json", import.meta.url), "utf8"));
    const saved = table.filter((row) => row.parses && !row.times);
    const chosen = saved.filter((row, i) => row.why.includes("meddles") ? false : i % 3 === 0);
    assert.ok(chosen.length > 20);
    const file = join(server.folder, "snippet.js");
    for (const [i, { code }] of chosen.entries()) {
      await writeFile(file, code);
      const words = ["--name", `S${i}`, "--type", "custom", "--custom-js", file];
      await server.command(["event", "add", "--account", `${account}`, ...words]);
    }
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.open(site.at("/"));
    const loaded = () => new Set(visitor.requests.filter((url) => url.includes("/e/"))).size;
    await eventually(() => loaded() === chosen.length, "all of them at once");
    await page.waitForLoadState("networkidle");
    await page.click("#inner");
    await counts(completed, { Bought: 1 });
    assert.equal(await views(), 1);
  });
});
