import type { Page } from "playwright-core";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import type { Approval } from "../../src/client/client.ts";
import type { Json } from "../../src/lib/strict-json.ts";
import type { FaultCode } from "../../src/model/faults.ts";
import { addAuthenticator, openBrowser } from "../browser.ts";
import { approverKey, startFixtureDesk, toShown, type FixtureDesk } from "./fixture-desk.ts";
import { listenForErrors, openConsole } from "./open-console.ts";
import { buildConsole } from "./serve-mock.ts";

/** The inbox over a server that says whatever an attacker could make it say. */
const browser = openBrowser();
const files = buildConsole("production");

interface Opened {
  readonly desk: FixtureDesk;
  readonly page: Page;
}

/** Fails the test at its end if the page erred, broke its own policy or asked for a dialog. */
async function open(context: TestContext, approvals: Approval[], place = ""): Promise<Opened> {
  const page = await browser.newPage(context);
  const errors = listenForErrors(page);
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => dialogs.push(dialog.message()));
  onTestFinished(() => expect([errors, dialogs]).toEqual([[], []]));
  const desk = await startFixtureDesk(files(), approvals);
  await openConsole(page, { url: desk.url, key: approverKey, path: `/approvals${place}` });
  return { desk, page };
}

const approve = (page: Page) => page.getByRole("button", { name: /^Approve/ });
const says = (page: Page, words: string) =>
  page.getByRole("status").filter({ hasText: words }).waitFor();
const textOf = async (page: Page, part: string) =>
  (await page.locator(`[data-part="${part}"]`).textContent()) ?? "";

test("a passkey signs the digest that is shown, and no other", async (context) => {
  const approvers = [{ who: "role:finance", quorum: 1, passkey: true, have: 0 }];
  const shown = toShown({ approvers });
  const { desk, page } = await open(context, [shown, toShown({ tool: "refund" })]);
  await addAuthenticator(page);
  await page.evaluate(`navigator.credentials.create({ publicKey: {
    rp: { name: "here", id: "localhost" }, challenge: new Uint8Array(32),
    user: { id: new Uint8Array(4), name: "ada", displayName: "Ada" },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  } }).then(() => null)`);
  desk.challenge = Buffer.alloc(32, 1).toString("base64url");
  await page.getByRole("button", { name: "Approve with passkey" }).click();
  await says(page, "not what was shown to you");
  expect(desk.decided).toEqual([]);
  desk.challenge = null;
  await approve(page).click();
  await says(page, "Approved.");
  const assertion = desk.decided[0]!.assertion as { response?: { clientDataJSON: string } };
  const client = JSON.parse(
    Buffer.from(assertion.response!.clientDataJSON, "base64url").toString("utf8"),
  ) as { challenge: string };
  const digest = Buffer.from(client.challenge, "base64url").toString("hex");
  expect(`sha256:${digest}`).toBe(shown.digest);
  // Where no entry of it says so, the server may still: then the passkey is asked after all.
  await page.keyboard.press("j");
  await page.getByRole("heading", { level: 2, name: /refund/ }).waitFor();
  desk.refuseNext("passkey_required");
  await approve(page).click();
  await expect.poll(() => desk.decided[1]?.assertion).toBeDefined();
  await says(page, "Approved.");
});

test.for([
  ["approval_expired", "It ran out before your decision arrived."],
  ["approval_changed", "What is asked is not what was shown to you"],
  ["forbidden", "You may not decide this. Refused: forbidden."],
  ["store_unavailable", "Try again in a moment."],
  ["passkey_refused", "Your passkey was not taken."],
] as const)("%s is a sentence, and what is there now is read anew", async (told, context) => {
  const [code, words] = told satisfies readonly [FaultCode, string];
  const { desk, page } = await open(context, [toShown()]);
  await approve(page).waitFor();
  desk.refuseNext(code);
  const before = desk.paths.length;
  await approve(page).click();
  await says(page, words);
  await expect
    .poll(() => desk.paths.slice(before))
    .toContain(`/v1/approvals/${desk.approvals[0]!.id}`);
  expect(desk.decided).toEqual([]);
});

function nest(depth: number): Json {
  let value: Json = "at the bottom";
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

const markup = `<img src=x onerror="alert(1)"><script>alert(2)</script><a href="javascript:alert(3)">x</a>`;
const hostile: Record<string, Json> = {
  markup,
  [markup]: "as a key",
  turned: "Invoice \u202efdp.exe",
  hidden: "pay\u200b\u00adpal \u{e0041}\u{e0042}",
  host: "https://\u0430\u0440\u0440\u04cf\u0435.com/",
  fromRight: "https://a.example/\u05d0\u05d1\u05d2/100",
  braces: '"}, "amount": 1, "x": {"',
  escapes: "\u001b[2J\n\t\\",
};

test("hostile arguments and words stay text, and what they hide is named, at every width", async (context) => {
  const shown = toShown({
    args: { ...hostile, word: "w".repeat(900), deep: nest(60) },
    claim: `${markup}\u202e`,
    description: markup,
    server: markup,
    tool: `\u202e${markup}`,
    target: markup,
    requester: { kind: "service", subject: markup, agent: `a\u200b${markup}` },
    rules: [{ rule: markup, text: markup }],
    facts: [{ key: `\u200b${markup}`, value: `\u2066${markup}` }],
    reach: { transport: "http", hosts: [markup], credential: markup },
    verdicts: [
      {
        word: "approved",
        approver: markup,
        reason: markup,
        at: "2026-11-21T10:00:00Z",
        passkey: false,
      },
    ],
    approvers: [
      { who: markup, quorum: 1, passkey: false, have: 0 },
      { who: "role:approver", quorum: 1, passkey: false, have: 0 },
    ],
    lastApproved: { id: "x", at: "2026-11-20T10:00:00Z", args: { host: "https://apple.com/" } },
  });
  const { page } = await open(context, [shown], `/${shown.id}`);
  await approve(page).waitFor();
  await page.keyboard.press("e");
  await page.getByText("What it can reach").waitFor();
  const main = page.getByRole("main");
  const markedUp = await main.locator("img, script, iframe, a[href^=javascript]").count();
  expect(markedUp).toBe(0);
  const lines = await textOf(page, "arguments");
  expect(lines).toContain(JSON.stringify(markup));
  expect(lines).toContain("⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧fdp.exe");
  expect(lines).toContain("pay⟦U+200B ZERO WIDTH SPACE⟧⟦U+00AD SOFT HYPHEN⟧pal ⟦U+E0041 TAG A⟧");
  expect(lines).toContain("⟦5 LETTERS CYRILLIC, LIKE apple⟧.com/");
  expect(lines).toContain(String.raw`"\"}, \"amount\": 1, \"x\": {\""`);
  expect(lines).toContain(String.raw`"\u001b[2J\n\t\\"`);
  expect(await textOf(page, "changes")).toContain("LIKE apple⟧.com/");
  expect(await main.textContent()).not.toMatch(/[\u200b\u202e\u2066\u00ad\u{e0000}-\u{e007f}]/u);
  for (const width of [360, 390, 768, 1_200]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(
      `Math.max(...["html", "main", "article", "article > [role=region]"].map((place) => {
        const { scrollWidth, clientWidth } = document.querySelector(place);
        return scrollWidth - clientWidth;
      }))`,
    );
    expect(wide).toBe(0);
    expect(await approve(page).isVisible()).toBe(true);
  }
});

test("large arguments are readable at once, and approved only once all of them were shown", async (context) => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key ${n}`, n]));
  const args = { long: "x\u0430".repeat(20_000), many, deep: nest(100) };
  const shown = toShown({ args, lastApproved: { id: "x", at: "2026-11-20T10:00:00Z", args: {} } });
  const { desk, page } = await open(context, [shown]);
  await page.getByText("Not all of the arguments are shown yet.").waitFor();
  await page.keyboard.press("a");
  await approve(page).click({ force: true });
  expect(desk.decided).toEqual([]);
  const more = page.getByRole("button", { name: /^Show all: [\d,]+ more (?:characters|lines)$/ });
  expect(await more.count()).toBe(2);
  while ((await more.count()) > 0) await more.first().click();
  const lines = await textOf(page, "arguments");
  expect(lines).toContain('"key 4999": 4999');
  expect(lines).toContain("at the bottom");
  expect(lines.split("⟦U+0430 CYRILLIC, LIKE a⟧")).toHaveLength(20_001);
  await page.keyboard.press("a");
  await says(page, "Approved.");
  expect(desk.decided).toHaveLength(1);
});

test("keys that were meant for something else decide nothing", async (context) => {
  const [read, other] = [toShown({ effect: "destructive" }), toShown({ tool: "refund" })];
  const { desk, page } = await open(context, [read, other], `/${read.id}`);
  await approve(page).focus();
  const dialog = page.getByRole("dialog");
  // Held down, as auto-repeat sends it: the question is there, and not answered by the key that asked.
  for (let times = 0; times < 5; times += 1) await page.keyboard.down("Enter");
  await dialog.waitFor();
  await page.keyboard.up("Enter");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await page.evaluate("document.activeElement?.textContent")).toMatch(/^Approve/);
  // To go somewhere, with a wrong second key.
  await page.keyboard.press("j");
  await page.getByRole("heading", { level: 2, name: /refund/ }).waitFor();
  for (const keys of ["g a", "g d", "Shift+a", "Control+a", "Alt+a"])
    for (const key of keys.split(" ")) await page.keyboard.press(key);
  expect(await dialog.count()).toBe(0);
  // What was selected is decided by somebody else: the key that meant it does not mean the one that is read.
  await page.keyboard.press("x");
  await page.keyboard.press("k");
  await page.getByRole("heading", { level: 2, name: /transfer/ }).waitFor();
  desk.change(() => desk.approvals.splice(1, 1, { ...other, state: "denied" }));
  await page.locator(`[data-row="${other.id}"]`).waitFor({ state: "detached" });
  await page.keyboard.press("d");
  await dialog.getByText("All that were selected are over").waitFor();
  await page.keyboard.press("Escape");
  expect(desk.decided).toEqual([]);
});

test("what was written for a no that was not said goes with no yes", async (context) => {
  const { desk, page } = await open(context, [toShown()]);
  await approve(page).waitFor();
  await page.keyboard.press("d");
  await page.getByLabel("Reason (optional)").fill("a fraud, I think");
  await page.keyboard.press("Escape");
  await page.keyboard.press("a");
  await says(page, "Approved.");
  expect(desk.decided.map(({ word, reason }) => [word, reason])).toEqual([["approved", undefined]]);
});

test("whoever leaves takes everything along that the key had shown", async (context) => {
  const shown = toShown({ claim: "a secret of ada's" });
  const { desk, page } = await open(context, [shown], `/${shown.id}`);
  await page.getByText("a secret of ada's").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Key or access token").waitFor();
  expect(await page.content()).not.toContain("secret of ada");
  const before = desk.paths.length;
  desk.change(() => undefined);
  await page.getByLabel("Key or access token").fill("another key");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Refused: unauthenticated.").waitFor();
  expect(desk.paths.slice(before)).toEqual(["/v1/holder"]);
  expect(await page.content()).not.toContain("secret of ada");
  const kept = await page.evaluate(
    "[document.cookie, localStorage.length, sessionStorage.length].join()",
  );
  expect(kept).toBe(",0,0");
});
