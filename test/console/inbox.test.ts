import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test, vi, type TestContext } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import { endOf, openAttackScene, sendOnce, type AttackScene } from "../approvals/attack-scene.ts";
import { openBrowser } from "../browser.ts";
import { createHome } from "../e2e/home.ts";
import { adminKey, approverKey, financeKey } from "../mcp/gate-under-test.ts";
import { findBarriers } from "./find-barriers.ts";
import { forwardPort } from "./forward-port.ts";
import { listenForErrors, openConsole, phoneSize, type ConsoleAsked } from "./open-console.ts";
import { buildConsole, servePage } from "./serve-mock.ts";
import { startConsoleGate } from "./start-console-gate.ts";

// The real server, real calls that wait, and a browser for each approver.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const browser = openBrowser();
const files = buildConsole("production");

const openScene = () => openAttackScene({ rules: starterRules, start: startConsoleGate(files()) });

async function openPage(
  context: TestContext,
  scene: AttackScene,
  asked: Partial<ConsoleAsked> = {},
): Promise<Page> {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  onTestFinished(() => expect(errors).toEqual([]));
  const { origin } = new URL(scene.gate.url);
  await openConsole(page, { url: origin, key: approverKey, path: "/approvals", ...asked });
  return page;
}

const pay = async ({ gate }: AttackScene, args: object, more: object = {}) =>
  endOf(await sendOnce(gate.url, { tool: "bank__pay", args: { ...args }, ...more }));
const sentence = (page: Page, words: RegExp) =>
  page.getByRole("heading", { level: 2, name: words }).waitFor();
const argument = (page: Page, words: string) =>
  page.locator('[data-part="arguments"]').getByText(words).first().waitFor();
const says = (page: Page, words: string) =>
  page.getByRole("status").filter({ hasText: words }).waitFor();

test("what begins to wait is there within a second, moves nothing, and one key does it", async (context) => {
  const scene = await openScene();
  expect(await pay(scene, { to: "alice", amount: 1 })).toBe("asks");
  const page = await openPage(context, scene);
  await sentence(page, /wants to call pay of bank/);
  await argument(page, '"to": "alice"');
  const place = page.url();
  const began = performance.now();
  expect(await pay(scene, { to: "bob", amount: 2 })).toBe("asks");
  await page.getByText("2 waiting").waitFor();
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(page.url()).toBe(place);
  await argument(page, '"to": "alice"');

  await page.keyboard.press("a");
  await says(page, "Approved.");
  expect(await pay(scene, { to: "alice", amount: 1 })).toBe("done");
  expect(scene.sent()).toEqual([{ to: "alice", amount: 1, currency: "EUR" }]);
  await page.getByText("1 waiting").waitFor();
  // What was decided stays where it is until somebody goes on.
  await argument(page, '"to": "alice"');
  await page.keyboard.press("j");
  await argument(page, '"to": "bob"');
  const bob = (await scene.waiting()).at(-1)!.id;
  await page.getByText("What differs from the last approved call").waitFor();
  expect(await page.locator('[data-part="changes"]').textContent()).toContain("/to");

  // Escape is no decision, and what is written is no key.
  await page.keyboard.press("d");
  const reason = page.getByLabel("Reason (optional)");
  await reason.waitFor();
  await page.keyboard.press("Escape");
  await reason.waitFor({ state: "detached" });
  expect((await scene.waiting()).map(({ verdicts }) => verdicts)).toEqual([[]]);
  await page.keyboard.press("d");
  await reason.pressSequentially("jada");
  await page.keyboard.press("Enter");
  await says(page, "Denied.");
  expect((await scene.tell(`approvals/${bob}`)).body).toMatchObject({
    state: "denied",
    verdicts: [{ word: "denied", reason: "jada" }],
  });
  expect(await pay(scene, { to: "bob", amount: 2 })).toBe("denied");
  expect(scene.sent()).toHaveLength(1);
});

test("two approvers at once: one decides, and the other is told by whom, and politely", async (context) => {
  const scene = await openScene();
  expect(await pay(scene, { to: "alice" })).toBe("asks");
  const first = await openPage(context, scene);
  const second = await openPage(context, scene, { key: financeKey });
  for (const page of [first, second]) await argument(page, '"to": "alice"');
  // The second one has not heard of it yet when the key is pressed.
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await second.route(/\/v1\/approvals(\?|\/[^/]+$)/, async (route) => {
    await held;
    await route.continue().catch(() => undefined);
  });
  await first.keyboard.press("d");
  await first.getByLabel("Reason (optional)").fill("Not today.");
  await first.keyboard.press("Enter");
  await says(first, "Denied.");
  await second.keyboard.press("a");
  release();
  await says(second, "approver was first: approver denied it and said: “Not today.”");
  await says(second, "Your decision changed nothing.");
  await second.getByText("It was denied.").waitFor();
  await expect
    .poll(() => second.getByRole("button", { name: "Approve" }).getAttribute("aria-description"))
    .toBe("It was denied.");
  expect(await pay(scene, { to: "alice" })).toBe("denied");
  expect(scene.sent()).toEqual([]);
});

test("several that are selected are decided one by one, and each outcome is shown", async (context) => {
  const scene = await openScene();
  for (const to of ["alice", "bob", "carol"]) expect(await pay(scene, { to })).toBe("asks");
  const page = await openPage(context, scene);
  await argument(page, '"to": "alice"');
  for (const [index, key] of ["x", "j", "j", "x"].entries()) {
    await page.keyboard.press(key);
    if (key === "j") await argument(page, `"to": "${["", "bob", "carol"][index]}"`);
  }
  await page.getByText("2 selected").waitFor();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: "Approve 2 of 2?" });
  await dialog.getByText('"to": "carol"').waitFor();
  // One of them is decided by somebody else meanwhile.
  const carol = (await scene.waiting()).at(-1)!;
  expect((await scene.decide(carol, "denied")).status).toBe(200);
  await page.keyboard.press("Enter");
  const done = page.getByRole("dialog", { name: "What came of each" });
  await done.getByText("Approved. It is good for this one call, once.").waitFor();
  await done.getByText("approver was first: approver denied it").waitFor();
  await page.keyboard.press("Enter");
  for (const [to, end] of Object.entries({ alice: "done", bob: "asks", carol: "denied" }))
    expect([to, await pay(scene, { to })]).toEqual([to, end]);
});

test("open to everybody, with hostile text and all, light and dark, at a desk and on a phone", async (context) => {
  const scene = await openScene();
  const hidden = `<img src=x onerror="alert(1)">\u202efdp.\u200b`;
  const meta = { "dev.countersign/claim": `Trust me.\u202e${hidden}` };
  expect(await pay(scene, { to: hidden }, { meta })).toBe("asks");
  const page = await openPage(context, scene);
  const expectOpen = async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await findBarriers(page)).toEqual([]);
    }
  };
  await argument(page, "⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧fdp.⟦U+200B ZERO WIDTH SPACE⟧");
  await page.getByText("Nobody has checked them, and they decide nothing.").waitFor();
  await page.keyboard.press("e");
  await page.getByText("What it can reach").waitFor();
  expect(await page.getByRole("main").locator("img").count()).toBe(0);
  await expectOpen();

  await page.setViewportSize(phoneSize);
  await expectOpen();
  const bar = (await page.getByRole("button", { name: "Approve" }).boundingBox())!;
  expect(bar.y + bar.height).toBeLessThanOrEqual(phoneSize.height);
  await page.getByRole("link", { name: "All that waits" }).click();
  await page.waitForURL(/\/approvals$/);
  await page.getByRole("link", { name: /pay/ }).waitFor();
  await expectOpen();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys of the inbox" }).waitFor();
  await expectOpen();
  await page.keyboard.press("Escape");
  // Enter opens, Escape leaves.
  await page.keyboard.press("Enter");
  await argument(page, "⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧fdp.");
  await page.keyboard.press("Escape");
  await page.waitForURL(/\/approvals$/);
});

test("who may not decide is told why, and nothing is hidden", async (context) => {
  const scene = await openScene();
  expect(await pay(scene, { to: "alice" })).toBe("asks");
  const page = await openPage(context, scene, { key: adminKey });
  await page.getByText("This takes the role approver; you are admin.").waitFor();
  await page.keyboard.press("a");
  await page.keyboard.press("d");
  expect((await scene.waiting())[0]).toMatchObject({ state: "pending", verdicts: [] });
  // What the admin may ask besides: what else this caller could do.
  await page.keyboard.press("e");
  await page.getByText("bank__wipe").waitFor();
  expect(await findBarriers(page)).toEqual([]);
});

const program = path.join(import.meta.dirname, "..", "e2e", "booking-program.ts");

test("the server is killed and comes back: the page says so, goes on by itself, and decides", async (context) => {
  const page = await browser.newPage(context);
  const home = createHome();
  const booked = path.join(home.directory, "booked.jsonl");
  const command = [process.execPath, program, booked];
  const document = {
    version: 1,
    policy: { rules: { starter: starterRules } },
    servers: { air: { transport: "stdio", command, sandbox: "none" } },
  };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const book = () => home.run("tools", "call", "air__book", '{"flight":"BA 117"}');
  expect((await book()).code).toBe(6);
  const { url, turnTo } = await forwardPort(up.url);
  await servePage(page, files());
  await openConsole(page, { url, key: home.key("approver"), path: "/approvals" });
  await argument(page, '"flight": "BA 117"');

  up.kill("SIGKILL");
  turnTo(null);
  await up.ended;
  await says(page, "Countersign does not answer since");
  await page.keyboard.press("a");
  await says(page, "it is not known whether your decision arrived");
  const again = await home.up();
  home.environment["COUNTERSIGN_URL"] = again.url;
  turnTo(again.url);
  await page.getByText("Countersign does not answer since").waitFor({ state: "detached" });
  await argument(page, '"flight": "BA 117"');
  await page.keyboard.press("a");
  await says(page, "Approved.");
  expect((await book()).code).toBe(0);
  expect(readFileSync(booked, "utf8").trim()).toBe('{"flight":"BA 117","seats":1}');
});
