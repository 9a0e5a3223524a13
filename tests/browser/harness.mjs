// The base of the browser tests: the real server, a site on another host, a real Chromium, and checks for any page
// (accessibility, HTML, width, requests). It knows no particular page of Guestlog.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setTimeout as pause } from "node:timers/promises";

import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const DEADLINE = 20_000;
export const SITE_HOST = "site.localhost";
export const STATS_HOST = "stats.localhost";
export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** For `{ skip: … }`: the reason when there is no server to test. The message is a line that tests/run counts. */
export function withoutServer(what) {
  if (process.env.GUESTLOG_BIN) return false;
  const why = "GUESTLOG_BIN does not name a server";
  console.log(`SKIP: ${what}: ${why}`);
  return why;
}

/** Repeats `check` until it returns something truthy; throws its last result after the deadline. */
export async function eventually(check, what = "what was waited for", deadline = DEADLINE) {
  const end = Date.now() + deadline;
  let last;
  for (;;) {
    try {
      const answer = await check();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${deadline} ms`, { cause: last });
    await pause(50);
  }
}

// ---- the server

/**
 * The binary of GUESTLOG_BIN on a store of its own, which goes with the test. `start` and `stop` may be
 * called again and again; the port stays the same, so that pages find it.
 */
export class Server {
  static async begin(t, { settings = {}, binary = process.env.GUESTLOG_BIN } = {}) {
    const folder = await mkdtemp(join(tmpdir(), "guestlog-test-"));
    const server = new Server(binary, folder, settings);
    t.after(async () => {
      if (server.process) await server.stop();
      await rm(folder, { recursive: true, force: true });
    });
    await server.start();
    return server;
  }

  constructor(binary, folder, settings) {
    this.binary = binary;
    this.folder = folder;
    this.settings = settings;
    this.port = 0;
    this.process = null;
    this.log = "";
  }

  get address() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The address of the server for pages of a site. */
  get host() {
    return `${STATS_HOST}:${this.port}`;
  }

  #spawn(words) {
    const env = { ...process.env, ...this.settings };
    const options = { cwd: this.folder, env, stdio: ["pipe", "pipe", "pipe"] };
    return spawn(this.binary, ["--data-dir", join(this.folder, "data"), ...words], options);
  }

  async start() {
    const child = this.#spawn(["serve", "--listen", `127.0.0.1:${this.port}`]);
    this.process = child;
    let said = "";
    const hear = (chunk) => {
      said += chunk;
      this.log += chunk;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const bound = () => /127\.0\.0\.1:([1-9]\d*)/.exec(said);
    await eventually(() => bound() || child.exitCode !== null, "the address the server bound");
    if (!bound()) throw new Error(`the server ended with ${child.exitCode}: ${said}`);
    this.port = Number(bound()[1]);
    await eventually(async () => (await fetch(`${this.address}/readyz`)).ok, "readiness");
  }

  /** Stops the server as a service manager does and returns its exit code. */
  async stop() {
    const child = this.process;
    this.process = null;
    if (child.exitCode !== null) return child.exitCode;
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    return code;
  }

  /** Starts the stopped server again as if so much time had passed. The C compiler that cargo needs builds what does it. */
  async startLater(ms) {
    const library = join(this.folder, "moved_clock.so");
    const source = fileURLToPath(new URL("moved_clock.c", import.meta.url));
    await promisify(execFile)("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
    Object.assign(this.settings, { LD_PRELOAD: library, CLOCK_AHEAD_S: String(ms / 1000) });
    await this.start();
  }

  /** Runs a command of the same binary on the same data directory and returns its JSON output. */
  async command(words, input = "") {
    const child = this.#spawn(["--json", ...words]);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.stdin.on("error", () => {}); // a command that reads no input may have ended
    child.stdin.end(input);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`guestlog ${words.join(" ")} ended with ${code}: ${err}${out}`);
    return JSON.parse(out);
  }

  async addAccount({ name = "Example", domains = [SITE_HOST], more = [] } = {}) {
    const named = domains.flatMap((domain) => ["--domain", domain]);
    const answer = await this.command(["account", "add", "--name", name, ...named, ...more]);
    return answer.account_id;
  }

  async addToken(account, scopes = ["reports.read", "crm.read"]) {
    const expected = ["--account", String(account), "--name", "tests", "--scope", scopes.join(",")];
    return (await this.command(["token", "add", ...expected])).token;
  }

  async addUser(account, { email = "owner@example.com", password = "a long enough phrase", role = "owner" } = {}) {
    const expected = ["--email", email, "--account", String(account), "--role", role];
    await this.command(["user", "add", ...expected], `${password}\n`);
    return { email, password };
  }

  /** A report as JSON that includes every hit acknowledged so far. */
  async report(account, token, page, query = {}) {
    const asked = new URLSearchParams({ format: "json", wait: "1", ...query });
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.address}/accounts/${account}/${page}?${asked}`, { headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${page}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }
}

// ---- a site

/**
 * Serves pages by path on a host of their own; `{ to }` is a redirect, `{ type, text }` a file of another type.
 * `requests` lists the requested paths.
 */
export async function startSite(t, pages) {
  const requests = [];
  const listener = createServer((request, response) => {
    const path = new URL(request.url, "http://a").pathname;
    requests.push(path);
    const page = pages[path];
    if (page?.to) {
      response.writeHead(303, { Location: page.to });
      response.end();
      return;
    }
    const type = page?.type ?? "text/html";
    response.writeHead(page === undefined ? 404 : 200, { "Content-Type": `${type}; charset=utf-8` });
    response.end(page?.text ?? page ?? "");
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const host = `${SITE_HOST}:${listener.address().port}`;
  return { host, requests, at: (path) => `http://${host}${path}` };
}

/** The HTML of a page with the tracking snippet. */
export function taggedPage(server, account, { title = "A page", head = "", body = "" } = {}) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="icon" href="data:,">${head}
<script id="hs-script-loader" async defer src="http://${server.host}/${account}.js"></script>
</head><body><h1>${title}</h1>${body}</body></html>`;
}

// ---- a browser

let running;
after(async () => (await running)?.close());

/**
 * The Chromium of this file of tests, which the first test starts. Tests share it and nothing in it: a visitor has a
 * context of their own, and those that a test made go with it. `more`
 * are further arguments, the same in all tests of the file.
 */
export async function launch(t, more = []) {
  running ??= chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
      ...more,
    ],
  });
  const browser = await running;
  const before = new Set(browser.contexts());
  t.after(() => Promise.all(browser.contexts().filter((context) => !before.has(context)).map((context) => context.close())));
  return browser;
}

/** The User-Agent of a normal Chromium of this version. The headless one would be counted as a bot. */
export function ordinaryAgent(browser) {
  const major = browser.version().split(".")[0];
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`;
}

/**
 * A person with a browser of their own: cookies, storage, a clock that can be moved, and a log of all that
 * leaves it. `headless: true` keeps the name that gives a robot away.
 */
export class Visitor {
  static async begin(browser, { headless = false, ...options } = {}) {
    const userAgent = headless ? undefined : ordinaryAgent(browser);
    const context = await browser.newContext({ userAgent, locale: "en-GB", ...options });
    return new Visitor(context);
  }

  constructor(context) {
    this.context = context;
    this.requests = [];
    this.troubles = [];
    this.ahead = 0;
    context.on("request", (request) => this.requests.push(request.url()));
    context.on("weberror", (error) => this.troubles.push(`uncaught: ${error.error().message}`));
    context.on("console", (message) => {
      if (message.type() === "error") this.troubles.push(`console: ${message.text()}`);
    });
  }

  /** Opens an address in a new tab. */
  async open(url, options = {}) {
    const page = await this.context.newPage();
    await page.goto(url, options);
    return page;
  }

  /**
   * Lets time pass for the pages from now on, and drops the cookies that would have run out meanwhile: the
   * cookie store goes by the real clock.
   */
  async passTime(ms) {
    if (this.ahead === 0) await this.context.clock.install({ time: Date.now() });
    this.ahead += ms;
    await this.context.clock.fastForward(ms);
    const now = Date.now() + this.ahead;
    for (const { name, expires } of await this.context.cookies()) {
      if (expires > 0 && expires * 1000 <= now) await this.context.clearCookies({ name });
    }
  }

  async cookies(site) {
    const found = await this.context.cookies(site);
    return Object.fromEntries(found.map((cookie) => [cookie.name, cookie]));
  }

  /** Requested addresses on other hosts than these. */
  strangers(...hosts) {
    return this.requests.filter((url) => {
      const { protocol, host } = new URL(url);
      return !["data:", "blob:", "about:"].includes(protocol) && !hosts.includes(host);
    });
  }

  close() {
    return this.context.close();
  }
}

/**
 * Collects the hits that the pages of a visitor send to a server, each once, and the answers that are no success. A page
 * that is left before the answer came leaves its hit to the next page.
 */
export function hear(visitor, server) {
  const heard = { hits: [], refusals: [], views: () => heard.hits.filter((hit) => hit.k === 1) };
  const ofServer = (url) => new URL(url).host === server.host;
  visitor.context.on("request", (request) => {
    if (!ofServer(request.url()) || !request.url().endsWith("/collect")) return;
    for (const hit of JSON.parse(request.postData())) {
      if (!heard.hits.some((known) => known.id === hit.id)) heard.hits.push(hit);
    }
  });
  visitor.context.on("response", (response) => {
    if (ofServer(response.url()) && response.status() >= 400) heard.refusals.push(`${response.status()} ${response.url()}`);
  });
  return heard;
}

/** Signs in, finding the fields by their labels. */
export async function signIn(page, server, { email, password }) {
  await page.goto(`${server.address}/`);
  await page.getByLabel(/e-?mail/i).fill(email);
  await page.getByLabel(/password/i).fill(password);
  await Promise.all([page.waitForURL(/\/accounts\//), page.locator("form button[type=submit]").first().click()]);
}

// ---- checks of a page

const axeSource = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Accessibility faults in light and in dark mode, as `scheme rule: where`. In dark mode only colours can differ, so only they are checked. */
export async function axeFaults(page) {
  const faults = [];
  // Uses the debugging protocol, so the page's own policy stays in force.
  await page.evaluate(await axeSource);
  const resultTypes = ["violations"]; // of the others, axe would make a list with an address of each element
  for (const [colorScheme, rules] of [["light", { resultTypes }], ["dark", { resultTypes, runOnly: ["color-contrast"] }]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, rules), rules);
    for (const { id, nodes } of violations) {
      for (const { target } of nodes) faults.push(`${colorScheme} ${id}: ${target.join(" ")}`);
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return faults;
}

const validator = new HtmlValidate({ root: true, extends: ["html-validate:standard"] });

/** HTML faults of a document, as `line:column rule: message`. */
export async function htmlFaults(source) {
  const report = await validator.validateString(source);
  return report.results.flatMap(({ messages }) =>
    messages.map(({ line, column, ruleId, message }) => `${line}:${column} ${ruleId}: ${message}`),
  );
}

/** Elements that are wider than the screen; empty when nothing scrolls sideways. */
export async function overflow(page, width = 390) {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: 844 });
  const faults = await page.evaluate((width) => {
    const wide = document.documentElement.scrollWidth;
    if (wide <= width) return [];
    const scrolls = (e) => e && e !== document.body && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
    const sticksOut = (e) => e.getBoundingClientRect().right > width && !scrolls(e.parentElement);
    const out = [...document.body.querySelectorAll("*")].filter(sticksOut);
    const names = out.slice(0, 5).map((e) => e.tagName.toLowerCase() + (e.id && `#${e.id}`) + (e.className && `.${e.className}`));
    return [`${wide} px wide`, ...names];
  }, width);
  if (before) await page.setViewportSize(before);
  return faults;
}

/** Screenshots of the whole page: light, dark, narrow. Only when GUESTLOG_SHOTS names a folder. */
export async function shots(page, name, folder = process.env.GUESTLOG_SHOTS) {
  if (!folder) return [];
  await mkdir(folder, { recursive: true });
  const before = page.viewportSize();
  const files = [];
  for (const [kind, colorScheme, width] of [
    ["light", "light", 1280],
    ["dark", "dark", 1280],
    ["narrow", "light", 390],
  ]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 844 });
    files.push(join(folder, `${name}-${kind}.png`));
    await page.screenshot({ path: files.at(-1), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before) await page.setViewportSize(before);
  return files;
}

// ---- HubSpot's cookies

/** The number with which HubSpot's cookies begin: a hash of the cookie domain with its leading dot. */
export function domainHash(domain) {
  let hash = 0;
  for (const char of [...domain].reverse()) {
    const code = char.charCodeAt(0);
    hash = ((hash << 6) & 0x0fffffff) + code + (code << 14);
    const high = hash & 0x0fe00000;
    if (high !== 0) hash ^= high >> 21;
  }
  return hash;
}
