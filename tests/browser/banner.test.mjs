// The look of the consent banner in real Chromium: accessibility, keyboard, hostile pages, strict policies, and the preview of
// its settings. A stand-in asks for the banner as the tracker's script does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { fixture as signedIn, isSound } from "./fixture.mjs";
import { Visitor, axeFaults, launch, overflow, shots, signIn, startSite, withoutServer, Server } from "./harness.mjs";

const FILES = "http://look.localhost";
const LANGUAGES = ["en", "nl", "de", "fr"];
/** The time within which the banner must be on the screen, after its file has run. */
const SHOWN_MS = 100;

/** Arabic texts, which are not built in. */
const ARABIC = {
  heading: "ملفات تعريف الارتباط", notify: "يستخدم هذا الموقع ملفات تعريف الارتباط لعد الزيارات.",
  opt_in: "هل يمكننا استخدام ملفات تعريف الارتباط لعد الزيارات؟ لن نفعل ذلك دون موافقتك.",
  by_category: "هل يمكننا استخدام ملفات تعريف الارتباط؟ يمكنك قبول الكل أو رفض الكل أو الاختيار.",
  opt_out: "يستخدم هذا الموقع ملفات تعريف الارتباط. يمكنك الرفض في أي وقت.", gpc: "متصفحك يطلب عدم تتبعك، ونحن نحترم ذلك.",
  accept: "قبول", reject: "رفض", accept_all: "قبول الكل", reject_all: "رفض الكل", choose: "اختيار", save: "حفظ اختياري",
  understood: "حسنا", close: "إغلاق", reopen: "إعدادات ملفات تعريف الارتباط", privacy: "بيان الخصوصية",
  dialog_lead: "اختر ما تسمح به. يمكنك تغيير اختيارك في أي وقت.", necessary: "ضرورية", necessary_text: "لا يعمل الموقع بدونها.",
  analytics: "إحصاءات", analytics_text: "تعد الزيارات.", advertisement: "إعلانات", advertisement_text: "تعرض إعلانات مناسبة.",
  functionality: "وظائف", functionality_text: "تتذكر الإعدادات.",
};

function arabic() {
  return { shown: "ar", ...Object.fromEntries(Object.entries(ARABIC).map(([name, text]) => [`text_${name}`, text])) };
}

/** What stands for the tracker's script. It is told what to show by the address of the page. */
const CORE = `
window.answers = [];
window.violations = [];
window.shifts = [];
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective + " " + event.blockedURI));
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value))).observe({ type: "layout-shift", buffered: true });
const asked = new URLSearchParams(location.search);
const script = document.createElement("script");
script.src = "${FILES}/banner.js?" + asked;
script.onload = () => {
  const type = Number(asked.get("policy") || 3);
  const answer = (how, made) => { window.current = made || window.current; answers.push([how, made]); };
  const begin = performance.now();
  window.banner = window.__guestlogBanner({
    policy: { type, isByCategory: type === 4 || type === 6, gpc: asked.get("gpc") === "1" },
    get current() { return window.current; },
    choose: (made, how) => answer(how, made),
    dismiss: () => answer("dismiss"),
  });
  if (asked.get("wait")) return;
  banner.show();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.shownMs = performance.now() - begin; }));
};
document.head.append(script);
`;

const STRICT = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${FILES}; connect-src ${FILES}">`;
const HOSTILE = `<style>
* { all: unset }
html, head + body, body { display: block }
button, a, input, dialog, p, ul, li, label, body * button:hover { display: none; position: absolute; font: 60px serif; color: red; background: red; z-index: 2147483647; opacity: 0.2 }
html > div { display: none; z-index: -1 }
.content button, div button, div > div > button { width: 3px; transform: rotate(45deg); visibility: hidden }
*::before, *::after { content: "x"; display: block }
.cover { display: block; position: fixed; inset: 0; z-index: 2147483647; background: yellow }
</style>`;

function sitePage({ head = "", body = "" } = {}) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A site</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">${head}</head>
<body><main><h1>A site</h1>${body}<p>Words of a page. <a href="#more">More</a></p></main><script src="${FILES}/core.js"></script></body></html>`;
}

const PAGES = {
  "/": sitePage(),
  "/strict": sitePage({ head: STRICT }),
  "/hostile": sitePage({ head: HOSTILE, body: '<div class="cover"></div>' }),
  "/theirs": sitePage({
    head: `<style>#hs-eu-confirmation-button { background: rgb(1, 2, 3) }
      #hs-banner-parent #hs-eu-decline-button { border-radius: 0 } :root { --hs-banner-corners: 3px }</style>`,
  }),
};

/** A site whose pages show the banner of the settings in their address. */
async function fixture(t, options = {}) {
  const server = await Server.begin(t);
  const account = await server.addAccount();
  const owner = await server.addUser(account);
  const browser = await launch(t);
  const admin = await browser.newPage();
  await signIn(admin, server, owner);
  const site = await startSite(t, PAGES);
  const scripts = new Map([["/core.js", CORE]]);
  const scriptAt = async ({ pathname, search }) => {
    const known = scripts.get(pathname + search) ?? scripts.get(pathname);
    if (known) return known;
    const preview = `${server.address}/accounts/${account}/settings/consent/preview/banner.js${search}`;
    const text = (await (await admin.request.get(preview)).text()).split("// Stands for")[0];
    scripts.set(pathname + search, text);
    return text;
  };
  const begin = async (more = {}) => {
    const visitor = await Visitor.begin(browser, { ...options, ...more });
    await visitor.context.route(`${FILES}/**`, async (route) => {
      const body = await scriptAt(new URL(route.request().url()));
      await route.fulfill({ contentType: "text/javascript; charset=utf-8", body });
    });
    return visitor;
  };
  const visitor = await begin();
  /** Opens a page and waits for the banner. */
  const open = async (settings = {}, { path = "/", as = visitor } = {}) => {
    const page = await as.open(`${site.at(path)}?${new URLSearchParams(settings)}`);
    await page.waitForFunction(() => globalThis.banner);
    return page;
  };
  return { visitor, open, begin };
}

const answers = (page) => page.evaluate(() => globalThis.answers);
const focused = (page) => page.evaluate(() => document.activeElement.id);
const accept = "#hs-eu-confirmation-button";
const reject = "#hs-eu-decline-button";
const settings = "#hs-eu-cookie-settings-button";
const close = "#hs-eu-close-button";
const all = { analytics: true, advertisement: true, functionality: true };
const none = { analytics: false, advertisement: false, functionality: false };

describe("the consent banner", { skip: withoutServer("the consent banner") }, () => {
  test("banner and dialog are accessible in every language, light and dark, and at 400 %", async (t) => {
    const { open } = await fixture(t);
    const languages = [...LANGUAGES.map((shown) => ({ shown })), arabic()];
    for (const language of languages) {
      for (const size of [{ width: 1280, height: 800 }, { width: 320, height: 256 }]) {
        const at = `${language.shown} ${size.width}`;
        const page = await open({ ...language, policy: 4, privacy_url: "/privacy" });
        await page.setViewportSize(size);
        assert.equal(await page.getAttribute("#hs-banner-parent", "lang"), language.shown);
        assert.deepEqual(await axeFaults(page), [], `${at}: banner`);
        assert.deepEqual(await overflow(page, size.width), [], `${at}: banner`);
        if (size.width > 320) await shots(page, `banner-${language.shown}`);
        await page.click(settings);
        await page.locator("#hs-modal").waitFor();
        assert.deepEqual(await axeFaults(page), [], `${at}: dialog`);
        for (const element of ["#hs-eu-cookie-confirmation", "#hs-modal"]) {
          const box = await page.locator(element).boundingBox();
          assert.ok(box.x >= 0 && box.x + box.width <= size.width && box.y >= 0 && box.y + box.height <= size.height, `${at} ${element}`);
          const wide = await page.locator(element).evaluate((e) => e.scrollWidth - e.clientWidth);
          assert.equal(wide, 0, `${at}: ${element} scrolls sideways`);
        }
        if (size.width > 320) await shots(page, `banner-dialog-${language.shown}`);
        await page.close();
      }
    }
    const page = await open({ ...arabic(), policy: 4 });
    assert.equal(await page.locator("#hs-eu-policy-wording").evaluate((e) => getComputedStyle(e).direction), "rtl");
    const [first, second] = [await page.locator(accept).boundingBox(), await page.locator(reject).boundingBox()];
    assert.ok(first.x > second.x, "what comes first is on the right");
  });

  test("each policy type asks what it must, and closing means what it must", async (t) => {
    const { open } = await fixture(t);
    const table = [
      { policy: 2, words: "This site uses cookies to count visits and to recognise visitors", buttons: ["OK"], press: accept, then: ["dismiss", undefined] },
      { policy: 3, words: "May we use cookies to count", buttons: ["Accept", "Reject", ""], press: close, then: ["dismiss", undefined] },
      { policy: 3, words: "May we use cookies to count", buttons: ["Accept", "Reject", ""], press: reject, then: ["reject", none] },
      { policy: 4, words: "choose what you allow", buttons: ["Accept all", "Reject all", "Choose cookies", ""], press: accept, then: ["accept", all] },
      { policy: 4, words: "choose what you allow", buttons: ["Accept all", "Reject all", "Choose cookies", ""], press: close, then: ["dismiss", undefined] },
      { policy: 5, words: "You can reject this now", buttons: ["Accept", "Reject", ""], press: close, then: ["close", all] },
      { policy: 6, words: "You can reject this now", buttons: ["Accept all", "Reject all", "Choose cookies", ""], press: reject, then: ["reject", none] },
      { policy: 5, gpc: 1, words: "Global Privacy Control", buttons: ["OK"], press: accept, then: ["dismiss", undefined] },
    ];
    for (const { policy, gpc = 0, words, buttons, press, then } of table) {
      const at = `${policy} ${gpc} ${press}`;
      const page = await open({ policy, gpc });
      const card = page.locator(gpc ? "#hs-banner-gpc" : "#hs-eu-cookie-confirmation");
      assert.ok((await card.innerText()).includes(words), at);
      assert.deepEqual(await card.locator("button").allInnerTexts(), buttons, at);
      await shots(page, `banner-type-${policy}-${gpc}`);
      await page.click(press);
      assert.deepEqual(await answers(page), [then], at);
      assert.equal(await page.locator("#hs-banner-parent").count(), 0, at);
      await page.close();
    }
  });

  test("the keyboard alone reaches everything, and rejecting is one press of Tab from accepting", async (t) => {
    const { open } = await fixture(t);
    const page = await open({ policy: 4 });
    const order = [];
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press("Tab");
      order.push(await focused(page));
    }
    assert.deepEqual(order, [accept, reject, settings, close].map((id) => id.slice(1)).concat(""), "the banner comes before the page");
    for (let i = 0; i < 2; i += 1) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), "hs-modal-header");
    for (let i = 0; i < 20; i += 1) {
      await page.keyboard.press("Tab");
      const outside = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest("#hs-modal"));
      assert.ok(!outside, `the focus left the dialog: ${await focused(page)}`);
    }
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#hs-modal").count(), 0);
    assert.equal(await focused(page), settings.slice(1), "the focus is where it was");
    assert.deepEqual(await answers(page), [], "nothing was decided");
    await page.keyboard.press("Enter");
    const boxes = page.locator("#hs-modal input");
    assert.deepEqual(await boxes.evaluateAll((found) => found.map((box) => [box.checked, box.disabled])),
      [[true, true], [false, false], [false, false], [false, false]], "nothing is ticked beforehand");
    await page.locator("#hs-category-analytics").focus();
    await page.keyboard.press("Space");
    await page.locator("#hs-modal-save-settings").focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await answers(page), [["save", { ...none, analytics: true }]]);
    await page.evaluate(() => globalThis.banner.showDialog());
    assert.deepEqual(await boxes.evaluateAll((found) => found.map((box) => box.checked)), [true, true, false, false]);
    await page.keyboard.press("Escape");

    await page.evaluate(() => globalThis.banner.showReopen(() => globalThis.banner.show(true)));
    await shots(page, "banner-reopen");
    assert.deepEqual(await axeFaults(page), []);
    await page.locator("#hs-reopen-button").focus();
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), "hs-eu-cookie-confirmation");
    assert.equal(await page.locator("#hs-reopen-button").count(), 0);
    await page.keyboard.press("Escape");
    assert.deepEqual((await answers(page)).at(-1), ["dismiss", undefined]);
    const opted = await open({ policy: 6 });
    await opted.click(settings);
    assert.deepEqual(await opted.locator("#hs-modal input").evaluateAll((found) => found.map((box) => box.checked)), [true, true, true, true]);
  });

  test("accept and reject have the same size and the same contrast, in every position and size", async (t) => {
    const { open } = await fixture(t);
    for (const policy of [3, 4, 5, 6]) {
      for (const position of ["top", "bottom", "bottom-left", "bottom-right", "centre"]) {
        const page = await open({ policy, position, shown: "nl" });
        if (policy === 4) await shots(page, `banner-${position}`);
        for (const width of [1280, 390, 320]) {
          const at = `${policy} ${position} ${width}`;
          await page.setViewportSize({ width, height: 800 });
          const { looks, boxes: [one, two, box] } = await page.evaluate((ids) => {
            const found = ids.map((id) => document.querySelector(id));
            const looks = found.slice(0, 2).map((e) => {
              const { color, backgroundColor, borderColor, fontSize, fontWeight, opacity } = getComputedStyle(e);
              return { color, backgroundColor, borderColor, fontSize, fontWeight, opacity };
            });
            return { looks, boxes: found.map((e) => e.getBoundingClientRect().toJSON()) };
          }, [accept, reject, "#hs-eu-cookie-confirmation"]);
          assert.deepEqual(looks[0], looks[1], at);
          assert.ok(Math.abs(one.width - two.width) < 0.1 && Math.abs(one.height - two.height) < 0.1, `${at}: ${JSON.stringify([one, two])}`);
          assert.ok(one.height >= 24 && one.x >= 0 && two.x + two.width <= width, at);
          if (width === 1280 && position === "top") assert.ok(box.y < 40, at);
          if (width === 1280 && position.startsWith("bottom")) assert.ok(box.y + box.height > 760, at);
          if (width === 1280 && position === "bottom-right") assert.ok(box.x > 640, at);
          if (width === 1280 && position === "bottom-left") assert.ok(box.x + box.width < 640, at);
        }
        await page.close();
      }
    }
  });

  test("the page does not move, and the banner is there at once, under a policy that forbids nearly everything", async (t) => {
    const { visitor, open } = await fixture(t);
    const page = await open({ policy: 4, wait: 1 }, { path: "/strict" });
    const places = () => page.evaluate(() => [...document.body.querySelectorAll("*")].map((e) => JSON.stringify(e.getBoundingClientRect())));
    const before = await places();
    await page.evaluate(() => {
      const begin = performance.now();
      globalThis.banner.show();
      requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.shownMs = performance.now() - begin; }));
    });
    await page.waitForFunction(() => globalThis.shownMs);
    const shownMs = await page.evaluate(() => globalThis.shownMs);
    assert.ok(shownMs <= SHOWN_MS, `${shownMs} ms`);
    assert.deepEqual(await places(), before);
    assert.equal(await page.locator("#hs-banner-parent").evaluate((e) => getComputedStyle(e).position), "fixed");
    assert.notEqual(await page.locator(accept).evaluate((e) => getComputedStyle(e).backgroundColor), "rgba(0, 0, 0, 0)");
    await page.click(settings);
    await page.keyboard.press("Escape");
    await page.click(reject);
    assert.deepEqual(await places(), before);
    assert.deepEqual(await page.evaluate(() => [globalThis.shifts, globalThis.violations]), [[], []]);
    assert.deepEqual(visitor.troubles, []);
    assert.deepEqual(await visitor.cookies(), {});
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  });

  test("hostile rules of the page change nothing, and rules for HubSpot's ids hold", async (t) => {
    const { open } = await fixture(t);
    const looks = async (path) => {
      const page = await open({ policy: 4, privacy_url: "/privacy" }, { path });
      const look = () => page.evaluate(() => [...document.querySelectorAll(".glc, .glc *")].map((e) => {
        const style = getComputedStyle(e);
        const { x, y, width, height } = e.getBoundingClientRect();
        const names = ["display", "position", "color", "backgroundColor", "fontSize", "fontFamily", "opacity", "visibility", "transform", "cursor"];
        return [e.id || e.tagName, ...[x, y, width, height].map(Math.round), ...names.map((name) => style[name])].join(" | ");
      }));
      await page.emulateMedia({ reducedMotion: "reduce" });
      const banner = await look();
      assert.equal(await page.locator(accept).evaluate((e) => {
        const { x, y, width, height } = e.getBoundingClientRect();
        return document.elementFromPoint(x + width / 2, y + height / 2) === e;
      }), true, `${path}: the button is on top`);
      await shots(page, `banner-on${path.replace("/", "-")}`);
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.click(settings);
      return [banner, await look(), page];
    };
    const [banner, dialog] = await looks("/");
    const [hostile, hostileDialog, page] = await looks("/hostile");
    assert.deepEqual(hostile, banner);
    assert.deepEqual(hostileDialog, dialog);
    await page.click("#hs-modal-decline-all");
    assert.deepEqual(await answers(page), [["reject", none]]);
    const theirs = await open({}, { path: "/theirs" });
    const style = (id, name) => theirs.locator(id).evaluate((e, name) => getComputedStyle(e)[name], name);
    assert.equal(await style(accept, "backgroundColor"), "rgb(1, 2, 3)");
    assert.equal(await style(reject, "borderRadius"), "0px");
    assert.equal(await style("#hs-eu-cookie-confirmation", "borderRadius"), "3px");
  });

  test("nothing moves for those who asked for it, nothing is printed, and an older browser shows it too", async (t) => {
    const { open, begin } = await fixture(t);
    const page = await open({ policy: 4 });
    const style = (name) => page.locator("#hs-eu-cookie-confirmation").evaluate((e, name) => getComputedStyle(e)[name], name);
    assert.equal(await style("animationName"), "glc");
    await page.emulateMedia({ reducedMotion: "reduce" });
    assert.equal(await style("animationName"), "none");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("#hs-banner-parent").isVisible(), false);

    const older = await begin();
    await older.context.addInitScript(() => {
      delete Document.prototype.adoptedStyleSheets;
      delete HTMLElement.prototype.showPopover;
    });
    for (const path of ["/", "/strict"]) {
      const old = await open({ policy: 4 }, { as: older, path });
      assert.equal(await old.locator("#hs-banner-parent").evaluate((e) => getComputedStyle(e).position), "fixed", path);
      await old.click(accept);
      assert.deepEqual(await answers(old), [["accept", all]]);
      // Without constructable style sheets it tries an empty style element, which a strict policy refuses and reports.
      const refused = path === "/" ? [] : ["style-src-elem inline"];
      assert.deepEqual(await old.evaluate(() => globalThis.violations), refused, path);
    }
    assert.deepEqual(older.troubles.filter((said) => !said.includes("inline style")), []);
  });

  test("the preview shows the banner wide and narrow, light and dark, and says what is wrong", async (t) => {
    const { server, owner, visitor, page, at } = await signedIn(t, { filled: false });
    await signIn(page, server, owner);
    const query = new URLSearchParams({ policy: 4, shown: "nl", accent: "#0b6b4f", text_accept_all: "Prima" });
    const answer = await page.goto(at(`settings/consent/preview?${query}`), { waitUntil: "load" });
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    assert.equal(frames.length, 4, await page.locator("main").innerText());
    for (const frame of frames) {
      await frame.locator(accept).waitFor();
      assert.equal(await frame.locator(accept).innerText(), "Prima");
      assert.equal(await frame.locator(accept).evaluate((e) => getComputedStyle(e).backgroundColor), "rgb(11, 107, 79)");
    }
    const grounds = await Promise.all(frames.map((frame) => frame.locator("#hs-eu-cookie-confirmation").evaluate((e) => getComputedStyle(e).backgroundColor)));
    assert.equal(new Set(grounds).size, 2, "light and dark");
    await isSound(visitor, server, page, answer, { name: "banner-preview" });
    await frames[0].locator(reject).click();
    await frames[0].locator("#hs-reopen-button").click();
    await frames[0].locator(accept).waitFor();

    const wrong = await page.goto(at("settings/consent/preview?accent=%23ffff00"));
    await page.getByRole("alert").getByText("a contrast of 1.07").waitFor();
    await isSound(visitor, server, page, wrong, { name: "banner-preview-wrong", status: 422 });

    const plain = await visitor.context.browser().newContext({ javaScriptEnabled: false, storageState: await visitor.context.storageState() });
    const still = await plain.newPage();
    await still.goto(at("settings/consent/preview/site"));
    await still.locator("noscript p").waitFor(); // visible, and a search by text leaves such elements out
    await plain.close();
  });
});
