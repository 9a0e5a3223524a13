// Visits that are sent to `/collect` without a browser, in the format of the tracking script, with common
// User-Agents and up to a day old. They give pages something to show.

import { readFile } from "node:fs/promises";

import { MINUTE, SITE_HOST } from "./harness.mjs";

const HOUR = 60 * MINUTE;
const BATCH_HITS_MAX = 500;

/** Lines `class | browser | system | User-Agent`, without bots. */
const agents = readFile(new URL("../data/user_agents.txt", import.meta.url), "utf8").then((text) =>
  text
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(" | "))
    .filter(([kind, , , agent]) => kind !== "bot" && agent?.startsWith("Mozilla/"))
    .map(([, , , agent]) => agent),
);

/** A visitor token as in the cookies. */
export const token = (n) => n.toString(16).padStart(32, "a");

let made = 0;
export const eventId = () => `t${Date.now().toString(36)}-${(made += 1)}`;

/** Sends hits of one browser; throws unless all are accepted. */
export async function collect(server, account, hits, userAgent) {
  for (let at = 0; at < hits.length; at += BATCH_HITS_MAX) {
    const batch = hits.slice(at, at + BATCH_HITS_MAX).map((hit) => ({ a: account, k: 1, id: eventId(), ...hit }));
    const headers = { "Content-Type": "text/plain", "User-Agent": userAgent };
    const answer = await fetch(`${server.address}/collect`, { method: "POST", headers, body: JSON.stringify(batch) });
    if (answer.status !== 204) throw new Error(`/collect: ${answer.status} ${answer.headers.get("x-guestlog")}`);
  }
}

export const LONG = "/a-very-long-address/that-goes-on-and-on/through-every-folder-of-the-site/until-nobody-remembers-where-it-began.html";
export const RIGHT_TO_LEFT = "/ar/الأسعار/الخطة-السنوية";

const PAGES = [
  "/", "/pricing", "/blog", "/blog/how-we-count-visitors-without-cookies", "/docs/install", "/contact", "/about",
  "/he/מחירים", RIGHT_TO_LEFT, "/日本語/料金", LONG, "/<b>bold</b>/\"quoted\"", "/emoji/🐈‍⬛", "/a|b,c;d=e&f",
  `/one-word/${"x".repeat(300)}`,
];
const TITLES = ["Home", "Pricing", "عنوان طويل جدا للصفحة الرئيسية", "T".repeat(700), "<i>Italic</i> & more", ""];
const REFERRERS = [
  "", "", "https://www.google.com/", "https://duckduckgo.com/?q=visitors", "https://www.linkedin.com/feed/",
  "https://chatgpt.com/", "https://news.example.org/2026/11/a-long-article-about-the-site", "https://t.co/x",
  `https://${"sub.".repeat(20)}example.net/`, "https://مثال.إختبار/صفحة",
];
const CAMPAIGNS = [
  "", "", "", "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn",
  `?utm_source=ads&utm_medium=cpc&utm_campaign=${"spring-sale-".repeat(12)}`, "?gclid=abc",
  "?utm_source=%D8%B9%D8%B1%D8%A8%D9%8A&utm_medium=social&utm_campaign=%D8%AD%D9%85%D9%84%D8%A9",
];
const SCREENS = ["1920x1080", "390x844", "2560x1440", "768x1024"];
const LANGUAGES = ["en-GB", "nl-NL", "ar-EG", "he", "pt-BR"];

/** The hits of a visit some hours ago, with this many pages and engagement on each. */
function visit(n, pages) {
  const host = n % 9 === 8 ? "somebody-elses-site.example" : SITE_HOST;
  const began = ((n * 37) % 22) * HOUR + 40 * MINUTE;
  const of = (list, step = 1) => list[(n * step) % list.length];
  return Array.from({ length: pages }, (_, place) => {
    const path = PAGES[(n * 7 + place * 4 + Math.floor(n / 3)) % PAGES.length];
    const id = eventId();
    const shared = { vi: token(n), sd: of(SCREENS), ln: of(LANGUAGES), age: began - place * 2 * MINUTE };
    const query = place === 0 ? of(CAMPAIGNS, 3) : "";
    const view = { ...shared, id, t: TITLES[(n + place) % TITLES.length], pu: `https://${host}${path}${query}` };
    if (place === 0) view.r = of(REFERRERS, 7);
    return [view, { ...shared, k: "engagement", pv: id, pu: view.pu, ms: 4000 + ((n * 977) % 90_000), age: shared.age - MINUTE }];
  }).flat();
}

/** Sends a few hundred hits of many visitors, and some that are rejected for every reason a visitor can cause. */
export async function fillHistory(server, account, visits = 90) {
  const known = await agents;
  const byAgent = new Map();
  for (let n = 1; n <= visits; n += 1) {
    const agent = known[(n * n) % known.length];
    byAgent.set(agent, [...(byAgent.get(agent) ?? []), ...visit(n, 1 + (n % 4))]);
  }
  for (const [agent, hits] of byAgent) await collect(server, account, hits, agent);
  const page = `https://${SITE_HOST}/`;
  await collect(server, account, [{ vi: token(1), pu: page, ce: false }, { vi: token(1), pu: page, k: "ptbe" }], known[0]);
  await collect(server, account, [{ vi: token(1), pu: page, age: 30 * HOUR }], known[0]);
  await collect(server, account, [{ vi: token(1), pu: page }], "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
}
