// Starts a server with an account and a signed-in user, and checks what must hold on every page.

import assert from "node:assert/strict";

import { SITE_HOST, Server, Visitor, axeFaults, htmlFaults, launch, overflow, shots } from "./harness.mjs";
import { fillHistory } from "./history.mjs";

export const PASSWORD = "fourteen quiet herons";

/** Chromium reports every answer with a status from 400 on as an error of the page. */
const REFUSED = /^console: Failed to load resource: the server responded with a status of (4\d\d)/;

/**
 * Everything that must be true of a page, whatever it shows. `answer` is the response that made it, as
 * `page.goto` and `submit` give it.
 */
export async function isSound(visitor, server, page, answer, { name, status = 200 }) {
  await shots(page, name);
  assert.equal(answer.status(), status, `${name}: status`);
  assert.deepEqual(await htmlFaults(await answer.text()), [], `${name}: HTML`);
  assert.equal(await page.locator("h1").count(), 1, `${name}: h1`);
  assert.notEqual((await page.locator("h1").innerText()).trim(), "", `${name}: h1`);
  assert.notEqual(await page.title(), "", `${name}: title`);
  assert.deepEqual(await overflow(page, 390), [], `${name}: on a telephone`);
  assert.deepEqual(await overflow(page, 320), [], `${name}: at 400 %`);
  assert.deepEqual(await axeFaults(page), [], `${name}: accessibility`);
  const troubles = visitor.troubles.splice(0).filter((said) => REFUSED.exec(said)?.[1] !== String(status));
  assert.deepEqual(troubles, [], `${name}: console`);
  assert.deepEqual(visitor.strangers(new URL(server.address).host), [], `${name}: requests to others`);
}

/** Presses the button of a form and returns the answer of the next page. */
export async function submit(page, button) {
  const isPage = (answer) => answer.request().isNavigationRequest() && answer.status() < 300 === !isRefusal(answer);
  const isRefusal = (answer) => answer.status() >= 400;
  const [answer] = await Promise.all([page.waitForResponse(isPage), button.click()]);
  await page.waitForLoadState();
  return answer;
}

/** Starts a server with an account and signs its owner in. */
export async function fixture(t, { filled = true, domains = [SITE_HOST], ...options } = {}) {
  const server = await Server.begin(t);
  const account = await server.addAccount({ name: "Example & <Sons>", domains });
  const owner = await server.addUser(account, { password: PASSWORD });
  if (filled) {
    await fillHistory(server, account);
    const reports = await server.addToken(account);
    await server.report(account, reports, "dashboard"); // waits until all is folded
  }
  const browser = await launch(t);
  const visitor = await Visitor.begin(browser, options);
  const page = await visitor.context.newPage();
  const at = (path) => `${server.address}/accounts/${account}/${path}`;
  return { server, account, owner, browser, visitor, page, at };
}
