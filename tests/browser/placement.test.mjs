// Where a site may put the tracking script, and frames in which it finds itself.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { MINUTE, Server, Visitor, eventually, hear, launch, startSite, taggedPage, withoutServer } from "./harness.mjs";

/** Long enough for views too many to arrive. */
const SETTLED = 2_500;

const inHead = (head) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
  <link rel="icon" href="data:,">${head}</head><body><h1>A page</h1></body></html>`;

const tagOf = (server, account) => `<script async src="http://${server.host}/${account}.js"></script>`;

const quoted = (html) => html.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** The ways to load the script of an account. `text` is what the server answers to `at`. */
const PLACES = {
  "written into the page": ({ text }) => ({ head: `<script>${text}</script>` }),
  "at the end of a file of the site": ({ text }) => ({
    head: '<script src="/assets/all.js"></script>',
    files: { "/assets/all.js": `window.own = 1;\n${text}\nwindow.ownEnd = 1;` },
  }),
  "as a module": ({ at }) => ({ head: `<script type="module" src="${at}"></script>` }),
  "imported by a module": ({ at }) => ({ head: `<script type="module">import "${at}";</script>` }),
  "in a module of the site": ({ text }) => ({
    head: '<script type="module" src="/assets/app.js"></script>',
    files: { "/assets/app.js": 'import "./tracking.js";', "/assets/tracking.js": text },
  }),
  "by import() after a while": ({ at }) => ({ head: `<script>setTimeout(() => import("${at}"), 500)</script>` }),
  "put in after a while": ({ at }) => ({
    head: `<script>setTimeout(() => {
      const tag = document.createElement("script");
      tag.src = "${at}";
      document.head.append(tag);
    }, 1500)</script>`,
  }),
  "fetched and evaluated": ({ at }) => ({
    head: `<script>fetch("${at}").then((answer) => answer.text()).then((text) => (0, eval)(text))</script>`,
  }),
  "two times": ({ at }) => ({ head: `<script src="${at}"></script><script src="${at}" async></script>` }),
};

/** A server that knows its public address, with an account and a site. */
async function begin(t, pagesOf) {
  const server = await Server.begin(t);
  server.settings.GUESTLOG_SERVER__PUBLIC_URL = `http://${server.host}`;
  await server.stop();
  await server.start();
  const account = await server.addAccount();
  const at = `http://${server.host}/${account}.js`;
  const text = await (await fetch(`${server.address}/${account}.js`)).text();
  const site = await startSite(t, await pagesOf({ server, account, at, text }));
  const visitor = await Visitor.begin(await launch(t));
  return { server, account, site, visitor, heard: hear(visitor, server) };
}

const countsOf = async (server, account) => {
  const { kpi } = await server.report(account, await server.addToken(account), "dashboard", { period: "7d" });
  return { page_views: kpi.page_views, visitors: kpi.visitors };
};

describe("the script", { skip: withoutServer("placement") }, () => {
  test("counts one view wherever a site has put it", { timeout: 2 * MINUTE }, async (t) => {
    const { server, account, site, visitor, heard } = await begin(t, (given) => {
      const pages = {};
      for (const [place, of] of Object.entries(PLACES)) {
        const { head, files } = of(given);
        pages[`/${place.replaceAll(" ", "-")}`] = inHead(`<script>window._hsq = [["setContentType", "blog-post"]]</script>${head}`);
        for (const [path, text] of Object.entries(files ?? {})) pages[path] = { type: "text/javascript", text };
      }
      return pages;
    });
    for (const place of Object.keys(PLACES)) {
      await t.test(place, async () => {
        heard.hits.length = 0;
        const page = await visitor.open(site.at(`/${place.replaceAll(" ", "-")}`));
        await eventually(() => heard.views().length > 0, "the view");
        await page.evaluate(() => globalThis._hsq.push(["trackEvent", { id: "Later" }]));
        await eventually(() => heard.hits.some((hit) => hit.n === "Later"), "the event");
        await pause(500);
        await page.close();
        const views = heard.views().map(({ pu, t: title, ct }) => [new URL(pu).pathname, title, ct]);
        assert.deepEqual(views, [[`/${place.replaceAll(" ", "-")}`, "A page", "blog-post"]]);
        assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
      });
    }
    await eventually(async () => (await countsOf(server, account)).page_views >= Object.keys(PLACES).length, "all views");
    assert.deepEqual(await countsOf(server, account), { page_views: Object.keys(PLACES).length, visitors: 1 });
  });

  test("of two accounts on a page each counts its own, in either order and however late", { timeout: MINUTE }, async (t) => {
    const second = {};
    const { server, account, site, visitor, heard } = await begin(t, async ({ server, account, at }) => {
      second.account = await server.addAccount({ name: "Second" });
      const other = at.replace(account, second.account);
      const late = (src) => `<script>setTimeout(() => { const tag = document.createElement("script"); tag.src = "${src}";
        document.head.append(tag); }, 800)</script>`;
      const queue = '<script>window._hsq = [["identify", { email: "ada@example.com" }], ["trackEvent", { id: "Early" }]]</script>';
      return {
        "/both": inHead(`${queue}<script async src="${at}"></script><script async src="${other}"></script>`),
        "/late": inHead(`${queue}<script src="${other}"></script>${late(at)}`),
        "/modules": inHead(`${queue}<script type="module" src="${at}"></script><script type="module">import "${other}";</script>`),
      };
    });
    const of = (number) => heard.hits.filter((hit) => hit.a === Number(number));
    for (const path of ["/both", "/late", "/modules"]) {
      heard.hits.length = 0;
      const page = await visitor.open(site.at(path));
      await eventually(() => [account, second.account].every((number) => of(number).some((hit) => hit.k === 1)), "both views");
      await page.evaluate(() => globalThis._hsq.push(["trackEvent", { id: "Later" }]));
      await pause(SETTLED);
      for (const number of [account, second.account]) {
        const sent = of(number).filter((hit) => hit.k !== "engagement").map((hit) => hit.n ?? new URL(hit.pu).pathname).sort();
        assert.deepEqual(sent, [path, "Early", "Later"].sort(), `${path} ${number}`);
        assert.equal(of(number).find((hit) => hit.k === 1).i.email, "ada@example.com");
      }
      await page.close();
    }
    for (const number of [account, second.account]) {
      assert.deepEqual(await countsOf(server, number), { page_views: 3, visitors: 1 });
    }
    const { __hssc: session } = await visitor.cookies(site.at("/"));
    assert.equal(session.value.split(".")[1], "3", "a load counts once for both");
    assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
  });

  test("sends nothing from frames that are no pages of the site", { timeout: MINUTE }, async (t) => {
    const frames = [];
    const { server, account, site, visitor, heard } = await begin(t, ({ server, account, text }) => {
      const framed = inHead(tagOf(server, account));
      frames.push(
        `<iframe name="srcdoc" srcdoc="${quoted(framed)}"></iframe>`,
        `<iframe name="srcdoc with the script written into it" srcdoc="${quoted(inHead(`<script>${text}</script>`))}"></iframe>`,
        `<iframe name="data" src="data:text/html,${encodeURIComponent(framed)}"></iframe>`,
        '<iframe name="sandboxed" sandbox="allow-scripts" src="/framed"></iframe>',
        `<iframe name="sandboxed srcdoc" sandbox="allow-scripts" srcdoc="${quoted(framed)}"></iframe>`,
        '<iframe name="blank"></iframe>',
        '<iframe name="written"></iframe>',
        '<iframe name="blob"></iframe>',
      );
      const fill = `<script>
        const html = ${JSON.stringify(framed).replaceAll("</", "<\\/")};
        const tag = frames.blank.document.createElement("script");
        tag.src = "http://${server.host}/${account}.js";
        frames.blank.document.head.append(tag);
        frames.written.document.open();
        frames.written.document.write(html);
        frames.written.document.close();
        frames.blob.location = URL.createObjectURL(new Blob([html], { type: "text/html" }));
      </script>`;
      return { "/": taggedPage(server, account, { title: "Outside", body: frames.join("") + fill }), "/framed": framed };
    });
    const page = await visitor.open(site.at("/"));
    await eventually(() => heard.views().length > 0, "the view of the page");
    const inside = page.frames().filter((frame) => frame !== page.mainFrame());
    assert.equal(inside.length, frames.length);
    const runs = (frame) => frame.evaluate(() => Array.isArray(globalThis._hsq));
    await eventually(async () => (await Promise.all(inside.map(runs))).every(Boolean), "the script in all frames");
    for (const frame of inside) {
      await frame.evaluate(() => globalThis._hsq.push(["setPath", "/x"], ["trackPageView"], ["trackEvent", { id: "Inside" }]));
    }
    await pause(SETTLED);
    const written = inside.find((frame) => frame.name() === "written");
    assert.equal(await written.evaluate(() => location.href), site.at("/"), "a document that is written has the page's address");
    assert.deepEqual(heard.hits.map(({ k, t: title }) => [k, title]).filter(([k]) => k !== "engagement"), [[1, "Outside"]]);
    assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
    assert.deepEqual(await countsOf(server, account), { page_views: 1, visitors: 1 });
  });

  test("counts windows that a page opens, but sends nothing from those that it writes", { timeout: MINUTE }, async (t) => {
    const { server, account, site, visitor, heard } = await begin(t, ({ server, account }) => {
      const tag = tagOf(server, account);
      const written = JSON.stringify(inHead(tag)).replaceAll("</", "<\\/");
      const fill = `<script>
        const fill = (popup) => { popup.document.open(); popup.document.write(${written}); popup.document.close(); };
        const ways = {
          empty: () => fill(window.open("")),
          blank: () => fill(window.open("about:blank", "print", "width=400,height=300")),
          later: () => { const popup = window.open("about:blank"); setTimeout(() => fill(popup), 500); },
          opened: () => window.open(location.href),
        };
      </script>`;
      return { "/": taggedPage(server, account, { title: "Outside", body: `${fill}<a target="_blank" rel="opener" href="/">again</a>` }) };
    });
    const page = await visitor.open(site.at("/"));
    await eventually(() => heard.views().length === 1, "the view of the page");
    const popupOf = async (open) => {
      const [popup] = await Promise.all([page.waitForEvent("popup"), open()]);
      await eventually(() => popup.evaluate(() => Array.isArray(globalThis._hsq)), "the script in the window");
      return popup;
    };
    for (const way of ["empty", "blank", "later"]) {
      const popup = await popupOf(() => page.evaluate(`ways.${way}()`));
      assert.equal(await popup.evaluate(() => location.href), site.at("/"), "a window that is written has the page's address");
      await popup.evaluate(() => globalThis._hsq.push(["setPath", "/x"], ["trackPageView"], ["trackEvent", { id: "Inside" }]));
      await pause(SETTLED);
      assert.deepEqual(heard.hits.filter(({ k }) => k !== "engagement").map(({ k, t: title }) => [k, title]), [[1, "Outside"]], way);
      await popup.close();
    }
    await popupOf(() => page.evaluate("ways.opened()"));
    await popupOf(() => page.getByText("again").click());
    await eventually(() => heard.views().length === 3, "the views of both windows");
    assert.deepEqual([heard.refusals, visitor.troubles], [[], []]);
    assert.deepEqual(await countsOf(server, account), { page_views: 3, visitors: 1 });
  });
});
