// Which User-Agents are robots: measured against two public lists, by asking the server with a beacon of each.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import test from "node:test";

import { SITE_HOST, Server, Visitor, eventually, launch, startSite, taggedPage, withoutServer } from "./harness.mjs";

const RECALL = 0.98;
const PEOPLE_MIN = 800;
const AT_ONCE = 32;

/** Entries of the list that are no robots: browsers inside the apps and editors of people. */
const NO_ROBOTS = [
  "AP3A\\.240617\\.008", // a build of Android on a telephone, here inside Instagram
  "MetaIAB Facebook", // the browser inside Facebook's app
  "Code\\/1\\.", // the browser inside an editor
  "Trae\\/", // the same of another editor
  "Fluid", // made a site into a program of a Mac
];

/** People whose programs have a word that robots have too. */
const LOOKALIKES = [
  "Mozilla/5.0 (Linux; Android 11; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/80.0.3987.119 Mobile Safari/537.36 SogouMSE,SogouMobileBrowser/6.9.5",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.5 Mobile/15E148 Safari/604.1 SogouMobileBrowser/9.2.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987.132 Safari/537.36 SE 2.X MetaSr 1.0 Sogou",
  "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/54.0.2840.59 Safari/537.36 SputnikBrowser/3.1.2437",
  "Mozilla/5.0 (Linux; Android 9; SM-A505FN) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/74.0.3729.157 Mobile Safari/537.36 Sputnik/1.4",
  "NetSurf/2.0 (RISC OS; armv5l)",
  "Mozilla/5.0 (X11; Linux) NetSurf/3.10",
  "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.13.0",
  "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)",
  "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
  "Outlook-iOS/723.4027091.prod.iphone (4.2420.0)",
  "MacOutlook/16.86.24060916 (Intelx64 Mac OS X 14.5)",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
  "Email/6.1.94 (Linux; U; Android 13; de_DE; SM-G991B)",
  "NaverMailapp/2.3.14 (iPhone; iOS 17.4; ko_KR)",
  "RamblerMail/6.0 (incompatible; iOS 16.2)",
  "YahooMobileMail/1.0 (Android Mail; 7.21.0) (a52q;samsung;SM-A525F;13)",
  "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.53 Mobile Safari/537.36 MailRu/14.110",
];

const load = createRequire(import.meta.url);
const entries = load("crawler-user-agents");
const robots = entries.filter(({ pattern }) => !NO_ROBOTS.includes(pattern));
/** What the list knows of an entry; of some it knows no more than the name. */
const agents = ({ instances = [], pattern }) =>
  instances.length > 0 ? instances : [pattern.replaceAll("\\", "").replace(/^\^|\$$/g, "").trim()];
const isBrowser = (agent) => /(Chrome|Safari|Firefox)\//.test(agent);

/** Asks the server what each User-Agent is, in order. */
async function ask(server, account, userAgents) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const page = encodeURIComponent(`http://${SITE_HOST}/`);
  const path = `/__ptq.gif?a=${account}&k=1&vi=0123456789abcdef0123456789abcdef&cc=15&pu=${page}`;
  const one = (userAgent) =>
    new Promise((resolve, reject) => {
      // A header is bytes; what is not ASCII goes as UTF-8.
      const headers = { "User-Agent": Buffer.from(userAgent).toString("latin1") };
      request(server.address + path, { agent, headers }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.headers["x-guestlog"]));
      }).on("error", reject).end();
    });
  const answers = new Array(userAgents.length);
  let next = 0;
  const worker = async () => {
    while (next < userAgents.length) {
      const at = next++;
      answers[at] = await one(userAgents[at]);
      assert.ok(["bot", "stored"].includes(answers[at]), `${answers[at]}: ${userAgents[at]}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    agent.destroy();
  }
  return answers.map((answer) => answer === "bot");
}

const percent = (part, whole) => `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`;

test("robots are recognised and people are not taken for them", { skip: withoutServer("robots") }, async (t) => {
  const server = await Server.begin(t, { settings: { GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS: "0" } });
  const account = await server.addAccount();

  assert.equal(entries.length - robots.length, NO_ROBOTS.length, "every entry left out is in the list");
  const known = robots.flatMap(agents);
  assert.ok(known.length > 2_000, `${known.length} agents of robots`);
  const found = await ask(server, account, known);
  for (const [what, chosen] of [["robots", () => true], ["robots that drive a browser", isBrowser]]) {
    const some = known.map((agent, at) => [agent, found[at]]).filter(([agent]) => chosen(agent));
    const hits = some.filter(([, hit]) => hit).length;
    t.diagnostic(`${what} recognised: ${percent(hits, some.length)}`);
    const missed = some.filter(([, hit]) => !hit).map(([agent]) => agent);
    if (missed.length > 0) t.diagnostic(`not recognised: ${missed.join(" · ")}`);
    assert.ok(hits / some.length >= RECALL, `${what}: ${percent(hits, some.length)}`);
  }

  const path = load.resolve("user-agents").replace(/index\.cjs$/, "user-agents.json");
  const profiles = JSON.parse(await readFile(path, "utf8"));
  const people = [...new Set(profiles.map(({ userAgent }) => userAgent)), ...LOOKALIKES];
  assert.ok(people.length >= PEOPLE_MIN, `${people.length} agents of people`);
  const taken = await ask(server, account, people);
  t.diagnostic(`people taken for robots: ${percent(taken.filter(Boolean).length, people.length)}`);
  assert.deepEqual(people.filter((_, at) => taken[at]), []);
});

test("a browser that a program drives under an ordinary name is counted and suspected", { skip: withoutServer("robots") }, async (t) => {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const token = await server.addToken(account);
  const site = await startSite(t, { "/": taggedPage(server, account) });
  const visitor = await Visitor.begin(await launch(t));
  await visitor.open(site.at("/"));
  const views = async (query) => (await server.report(account, token, "dashboard", query)).kpi.page_views;
  await eventually(async () => (await views({})) === 1, "the page view");
  assert.equal(await views({ filter: "suspected:is:yes" }), 1);
});
