// Tests of the harness: each check finds a planted fault and accepts a correct page.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import {
  MINUTE, SITE_HOST, Server, Visitor, axeFaults, domainHash, eventually, htmlFaults, launch, ordinaryAgent,
  overflow, shots, signIn, startSite, taggedPage,
} from "./harness.mjs";

const SOUND = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sound</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>body { color: #111; background: #fff } @media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } }</style>
</head><body><main><h1>Sound</h1><p>Text.</p></main></body></html>`;

async function opened(t, html, options) {
  const browser = await launch(t);
  const site = await startSite(t, { "/": html, "/other": SOUND });
  const visitor = await Visitor.begin(browser, options);
  return { browser, site, visitor, page: await visitor.open(site.at("/")) };
}

// Imitates the command line and the addresses of the server, and nothing else.
const STAND_IN = `#!/usr/bin/env node
const { createServer } = require("node:http");
const args = process.argv.slice(2);
const data = args[args.indexOf("--data-dir") + 1];
if (args.includes("serve")) {
  const [host, port] = args[args.indexOf("--listen") + 1].split(":");
  const form = '<!doctype html><title>Sign in</title><form action="/accounts/1000001/dashboard"><label>Email <input name="e"></label>' +
    '<label>Password <input type="password" name="p"></label><button type="submit">Sign in</button></form>';
  const listener = createServer((request, response) => {
    if (request.url === "/") response.setHeader("Content-Type", "text/html");
    if (request.url.includes("broken")) response.statusCode = 400;
    response.end(request.url === "/" ? form : JSON.stringify({ url: request.url, auth: request.headers.authorization }));
  }).listen(port, host, () => console.error("listening on " + host + ":" + listener.address().port));
  process.on("SIGTERM", () => process.exit(0));
} else if (args.includes("--name") && args.includes("fail")) {
  console.error("that cannot be");
  process.exitCode = 1;
} else {
  let input = "";
  process.stdin.on("data", (part) => (input += part)).on("end", () => console.log(JSON.stringify({ account_id: 1000001, token: "t", args, data, input })));
}
`;

async function standIn(t) {
  const folder = await mkdtemp(join(tmpdir(), "guestlog-stand-in-"));
  t.after(() => rm(folder, { recursive: true }));
  const binary = join(folder, "guestlog.cjs");
  await writeFile(binary, STAND_IN);
  await chmod(binary, 0o755);
  return Server.begin(t, { binary });
}

describe("the harness's server", () => {
  test("is started on a port of its own and comes back on the same", async (t) => {
    const server = await standIn(t);
    const port = server.port;
    assert.ok(port > 0);
    assert.equal(await server.stop(), 0);
    await assert.rejects(fetch(server.address));
    await server.start();
    assert.equal(server.port, port);
    assert.ok((await fetch(server.address)).ok);
  });

  test("is asked by commands, which fail aloud", async (t) => {
    const server = await standIn(t);
    assert.equal(await server.addAccount(), 1000001);
    assert.equal(await server.addToken(1000001), "t");
    const answer = await server.command(["user", "add"], "secret\n");
    assert.deepEqual([answer.input, answer.data], ["secret\n", join(server.folder, "data")]);
    await assert.rejects(server.addAccount({ name: "fail" }), /ended with 1: that cannot be/);
  });

  test("gives reports to a token, and an error for anything but a report", async (t) => {
    const server = await standIn(t);
    const said = await server.report(1000001, "t", "pages", { period: "7d" });
    assert.deepEqual(said, { url: "/accounts/1000001/pages?format=json&wait=1&period=7d", auth: "Bearer t" });
    await assert.rejects(server.report(1000001, "t", "broken"), /broken: 400/);
  });

  test("is signed in to by the labels of its form", async (t) => {
    const server = await standIn(t);
    const user = await server.addUser(1000001);
    const visitor = await Visitor.begin(await launch(t));
    const page = await visitor.context.newPage();
    await signIn(page, server, user);
    assert.equal(new URL(page.url()).searchParams.get("e"), user.email);
  });

  test("is another host name to a page that carries its tag", async (t) => {
    const server = await standIn(t);
    const visitor = await Visitor.begin(await launch(t));
    const site = await startSite(t, { "/": taggedPage(server, 1000001) });
    await visitor.open(site.at("/"));
    assert.deepEqual(visitor.strangers(site.host), [`http://${server.host}/1000001.js`]);
  });

  test("that does not start is an error with what it said", async (t) => {
    await assert.rejects(Server.begin(t, { binary: "/bin/false" }), /the server ended with 1/);
  });
});

describe("the harness", () => {
  test("a sound page has no faults of any kind", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    assert.deepEqual(await axeFaults(page), []);
    assert.deepEqual(await htmlFaults(await page.content()), []);
    assert.deepEqual(await overflow(page), []);
    assert.deepEqual(visitor.strangers(site.host), []);
    assert.deepEqual(visitor.troubles, []);
    assert.equal(await page.evaluate(() => location.hostname), SITE_HOST);
  });

  test("a missing label and text too faint are found, in the scheme they occur in", async (t) => {
    const faint = SOUND.replace("color: #eee; background: #111", "color: #333; background: #111");
    const { page } = await opened(t, faint.replace("<p>", '<input type="text"><p>'));
    const faults = await axeFaults(page);
    assert.ok(faults.includes("light label: input"), faults.join("\n"));
    assert.ok(faults.includes("dark color-contrast: p"), faults.join("\n"));
    assert.ok(!faults.some((fault) => fault.startsWith("light color-contrast")), faults.join("\n"));
  });

  test("a page that allows no script of others is asked all the same", async (t) => {
    const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'nonce-x'">`;
    const { page } = await opened(t, SOUND.replace("<style>", `${policy}<style>`).replace("<p>", "<img src='data:,'><p>"));
    const faults = await axeFaults(page);
    assert.ok(faults.includes("light image-alt: img"), faults.join("\n"));
  });

  test("a broken document is found", async () => {
    const twice = await htmlFaults(SOUND.replace("<p>Text.</p>", "<p id='a'>x</p><p id='a'>y</p></div>"));
    assert.ok(twice.some((fault) => fault.includes("no-dup-id")), twice.join("\n"));
    assert.ok(twice.some((fault) => fault.includes("close-order")), twice.join("\n"));
  });

  test("what sticks out of a narrow screen is found and named", async (t) => {
    const { page } = await opened(t, SOUND.replace("<p>", '<table class="wide" style="width: 391px"><tr><td>x</td></tr></table><p>'));
    const faults = await overflow(page);
    assert.match(faults.join(" "), /px wide .*table\.wide/);
    assert.deepEqual(await overflow(page, 800), []);
  });

  test("a request to another host is found, even one that fails", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    await page.evaluate(() => fetch("http://elsewhere.localhost:1/x").catch(() => {}));
    await eventually(() => visitor.strangers(site.host).length > 0);
    assert.deepEqual(visitor.strangers(site.host), ["http://elsewhere.localhost:1/x"]);
    assert.deepEqual(visitor.strangers(site.host, "elsewhere.localhost:1"), []);
  });

  test("an error in a page is found", async (t) => {
    const { visitor } = await opened(t, SOUND.replace("<p>", "<script>console.error('x'); throw new Error('planted')</script><p>"));
    await eventually(() => visitor.troubles.length === 2);
    assert.match(visitor.troubles.join(" "), /console: x.*uncaught: planted|uncaught: planted.*console: x/);
  });

  test("an ordinary browser does not call itself headless, and a headless one does", async (t) => {
    const { browser, page } = await opened(t, SOUND);
    const agent = await page.evaluate(() => navigator.userAgent);
    assert.equal(agent, ordinaryAgent(browser));
    assert.doesNotMatch(agent, /headless/i);
    const robot = await Visitor.begin(browser, { headless: true });
    assert.match(await (await robot.open("about:blank")).evaluate(() => navigator.userAgent), /HeadlessChrome/);
  });

  test("time passes for pages old and new, and cookies run out with it", async (t) => {
    const { page, visitor, site } = await opened(t, SOUND);
    await page.evaluate(() => {
      document.cookie = "short=1; max-age=1800";
      document.cookie = "long=1; max-age=86400";
      document.cookie = "session=1";
    });
    await visitor.passTime(31 * MINUTE);
    const next = await visitor.open(site.at("/other"));
    for (const tab of [page, next]) {
      const ahead = (await tab.evaluate(() => Date.now())) - Date.now();
      assert.ok(Math.abs(ahead - 31 * MINUTE) < 10_000, `${ahead} ms ahead`);
    }
    assert.deepEqual(Object.keys(await visitor.cookies(site.at("/"))).sort(), ["long", "session"]);
    await visitor.passTime(2 * 24 * 60 * MINUTE);
    assert.deepEqual(Object.keys(await visitor.cookies(site.at("/"))), ["session"]);
    await next.evaluate(() => new Promise((done) => setTimeout(done, 20)));
  });

  test("two visitors share no cookie", async (t) => {
    const { browser, page, site } = await opened(t, SOUND);
    await page.evaluate(() => (document.cookie = "a=1"));
    const second = await Visitor.begin(browser);
    await second.open(site.at("/"));
    assert.deepEqual(await second.cookies(site.at("/")), {});
  });

  test("pictures are taken light, dark and narrow", async (t) => {
    const { page } = await opened(t, SOUND);
    const folder = await mkdtemp(join(tmpdir(), "guestlog-shots-"));
    t.after(() => rm(folder, { recursive: true }));
    const files = await shots(page, "sound", folder);
    assert.equal(files.length, 3);
    const [light, dark] = await Promise.all(files.map((file) => readFile(file)));
    assert.ok(!light.equals(dark), "light and dark look the same");
    assert.ok((await stat(files[2])).size > 0);
    assert.deepEqual(await shots(page, "sound", ""), []);
  });

  test("the domain hash equals cookies seen in the wild", () => {
    const seen = { ".uniorg.de": 226818242, ".hubspot.com": 20629287, ".cullenfunds.com": 136834799, ".memrise.com": 179716859 };
    for (const [domain, hash] of Object.entries(seen)) assert.equal(domainHash(domain), hash, domain);
  });

  test("what never comes is an error that says so", async () => {
    await assert.rejects(eventually(() => false, "the tide", 60), /the tide: not within 60 ms/);
  });
});
