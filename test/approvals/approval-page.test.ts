import type { Page } from "playwright-core";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import type { Shown } from "../../src/api/page/shown.ts";
import type { Json } from "../../src/lib/strict-json.ts";
import { addAuthenticator, openBrowser } from "../browser.ts";
import { approverKey, startFixtureDesk, toShown, type FixtureDesk } from "./fixture-desk.ts";

/** The page in a real browser, over the shapes of the API. */
const browser = openBrowser();

interface Opened {
  readonly desk: FixtureDesk;
  readonly page: Page;
  text(selector: string): Promise<string>;
}

/** Fails the test at its end if the page erred, broke its own policy or asked for a dialog. */
async function open(
  context: TestContext,
  approvals: Shown[],
  place = "/approvals",
): Promise<Opened> {
  const page = await browser.newPage(context);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("console", (line) => {
    // What the server refuses is printed by the browser itself.
    const isRefusal = line.text().startsWith("Failed to load resource");
    if (line.type() === "error" && !isRefusal) complaints.push(line.text());
  });
  onTestFinished(() => expect(complaints).toEqual([]));
  const desk = await startFixtureDesk(approvals);
  await page.goto(desk.url + place);
  await page.fill("#key", approverKey);
  await page.click("#signin button");
  await page.waitForSelector("#desk:not([hidden])");
  return { desk, page, text: async (selector) => (await page.textContent(selector)) ?? "" };
}

const says = (page: Page, words: string, id = "said") =>
  expect.poll(() => page.textContent(`#${id}`)).toContain(words);

test("what waits is listed, live, and approved by its digest", async (context) => {
  const [first, second] = [toShown(), toShown({ tool: "refund" })];
  const { desk, page, text } = await open(context, [first]);
  desk.change(() => desk.approvals.push(second));
  await page.waitForSelector("#rows li:nth-child(2)");
  await page.click("#rows li:nth-child(2) button");
  expect(new URL(page.url()).pathname).toBe(`/approvals/${second.id}`);
  await expect.poll(() => text("h2")).toContain("wants to call refund of bank.");
  await page.fill("#reason", "Checked with Ada.");
  await page.click("#approve");
  await says(page, "Approved.");
  const { id, digest } = second;
  expect(desk.decided).toEqual([{ id, digest, word: "approved", reason: "Checked with Ada." }]);
  await page.waitForSelector("#rows li:nth-child(2)", { state: "detached" });
  await expect.poll(() => text("#why")).toContain("It was approved");
  await expect.poll(() => page.isDisabled("#deny")).toBe(true);
});

test("keyboard alone: J and K choose, A and D ask once more, Escape is neither", async (context) => {
  const approvals = [toShown(), toShown({ tool: "refund" }), toShown({ tool: "close" })];
  const { desk, page, text } = await open(context, approvals);
  await page.click("h1");
  for (const key of ["j", "j", "j", "j", "k"]) await page.keyboard.press(key);
  // What is chosen is asked for, and until it is there nothing can be decided.
  await expect.poll(() => text("h2")).toContain("refund");
  await page.keyboard.press("a");
  await expect.poll(() => text("#asked")).toContain("wants to call refund of bank.");
  await page.keyboard.press("Escape");
  await expect.poll(() => page.isVisible("dialog")).toBe(false);
  await page.keyboard.press("d");
  await expect.poll(() => text("#sure")).toBe("Deny");
  expect(desk.decided).toEqual([]);
  await page.click("#sure");
  await says(page, "Denied.");
  expect(desk.decided.map(({ id, word }) => [id, word])).toEqual([[approvals[1]!.id, "denied"]]);
  await page.focus("#reason");
  await page.keyboard.type("jada");
  expect(await page.isVisible("dialog")).toBe(false);
});

test.for([
  [409, "approval_decided", "it is shown as it stands now"],
  [410, "approval_expired", "It ran out"],
  [412, "digest_mismatch", "not what was shown to you"],
] as const)("a race is told, and what is there now is shown: %i", async (race, context) => {
  const [status, code, words] = race;
  const { desk, page } = await open(context, [toShown()]);
  await page.click("#rows button");
  const before = desk.paths.length;
  desk.refuseNext(status, code);
  await page.click("#approve");
  await says(page, words);
  await expect
    .poll(() => desk.paths.slice(before).at(-1))
    .toBe(`/v1/approvals/${desk.approvals[0]!.id}`);
  expect(desk.decided).toEqual([]);
});

test("a passkey signs the digest that is shown, and no other", async (context) => {
  const approvers = [{ who: "role:finance", quorum: 1, passkey: true, have: 0 }];
  const shown = toShown({ effect: "destructive", approvers });
  const { desk, page, text } = await open(context, [shown, toShown()]);
  await addAuthenticator(page);
  await page.evaluate(`navigator.credentials.create({ publicKey: {
    rp: { name: "here", id: "localhost" }, challenge: new Uint8Array(32),
    user: { id: new Uint8Array(4), name: "ada", displayName: "Ada" },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  } }).then(() => null)`);
  await page.click("#rows button");
  await expect.poll(() => text("#approve")).toContain("Approve with passkey");
  desk.challenge = Buffer.alloc(32, 1).toString("base64url");
  await page.click("#approve");
  await says(page, "not what was shown to you");
  expect(desk.decided).toEqual([]);
  desk.challenge = null;
  await page.click("#approve");
  await says(page, "Approved.");
  const assertion = desk.decided[0]!.assertion as { response?: { clientDataJSON: string } };
  const client = JSON.parse(
    Buffer.from(assertion.response!.clientDataJSON, "base64url").toString("utf8"),
  ) as { challenge: string };
  const digest = Buffer.from(client.challenge, "base64url").toString("hex");
  expect(`sha256:${digest}`).toBe(shown.digest);
  // Where no entry of it says so, the server may still: then the passkey is asked after all.
  await page.click("#rows button");
  desk.refuseNext(403, "passkey_required");
  await page.click("#approve");
  // The page may still say so of the one before.
  await expect.poll(() => desk.decided[1]?.assertion).toBeDefined();
  await says(page, "Approved.");
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

test("hostile arguments stay text, and what they hide is named", async (context) => {
  const shown = toShown({
    args: hostile,
    claim: `${markup}\u202e`,
    description: markup,
    server: markup,
    tool: `\u202e${markup}`,
    target: markup,
    requester: { kind: "service", subject: markup, agent: `a\u200b${markup}` },
    rules: [{ rule: markup, text: markup }],
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
    approvers: [{ who: markup, quorum: 1, passkey: false, have: 0 }],
  });
  const { page, text } = await open(context, [shown], `/approvals/${shown.id}`);
  await page.waitForSelector(".json");
  const markedUp = await page.$$("#desk img, #desk script, #desk a, #desk iframe");
  expect(markedUp).toHaveLength(0);
  const lines = await text(".json");
  expect(lines).toContain(JSON.stringify(markup));
  expect(lines).toContain("⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧fdp.exe");
  expect(lines).toContain("pay⟦U+200B ZERO WIDTH SPACE⟧⟦U+00AD SOFT HYPHEN⟧pal ⟦U+E0041 TAG A⟧");
  expect(lines).toContain("⟦5 LETTERS CYRILLIC, LIKE apple⟧.com/");
  expect(lines).toContain(String.raw`"\"}, \"amount\": 1, \"x\": {\""`);
  expect(lines).toContain(String.raw`"\u001b[2J\n\t\\"`);
  expect(await text("#desk")).not.toMatch(/[\u200b\u202e\u00ad\u{e0000}-\u{e007f}]/u);
});

test("large arguments are readable at once, and approved only once all of them were shown", async (context) => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key ${n}`, n]));
  const args = { long: "x\u0430".repeat(100_000), many, deep: nest(100) };
  const shown = toShown({ args, lastApproved: { id: "x", at: "2026-11-20T10:00:00Z", args: {} } });
  const { desk, page, text } = await open(context, [shown]);
  expect(await page.isDisabled("#approve")).toBe(true);
  await page.click("#rows button");
  await page.waitForSelector(".line .unfold");
  expect(await page.isDisabled("#approve")).toBe(true);
  expect(await text("#why")).toContain("Not all of the arguments are shown yet.");
  const label = await text(".line .unfold");
  expect(label).toMatch(/^Show all: [\d,]+ more characters$/);
  while ((await page.$(".unfold:visible")) !== null) await page.click(".unfold:visible");
  const lines = await text(".json");
  expect(lines).toContain('"key 4999": 4999');
  expect(lines).toContain("at the bottom");
  expect(lines.split("⟦U+0430 CYRILLIC, LIKE a⟧")).toHaveLength(100_001);
  await expect.poll(() => page.isEnabled("#approve")).toBe(true);
  await page.click("#approve");
  await says(page, "Approved.");
  expect(desk.decided).toHaveLength(1);
});

test("nothing runs over the edge, at the width of a phone and at that of a desk", async (context) => {
  const shown = toShown({
    args: { ...hostile, word: "w".repeat(900), deep: nest(60) },
    server: "s".repeat(40),
    tool: "t".repeat(128),
    requester: { kind: "person", subject: `${"u".repeat(200)}@example.com`, agent: null },
  });
  const { page } = await open(context, [shown], `/approvals/${shown.id}`);
  await page.waitForSelector(".json");
  for (const width of [360, 390, 768, 1_200]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate("document.documentElement.scrollWidth");
    expect(wide).toBeLessThanOrEqual(width);
    expect(await page.isVisible("#approve")).toBe(true);
  }
});

test("a key that is refused shows nothing, and one that is forgotten leaves nothing", async (context) => {
  const shown = toShown();
  const { desk, page, text } = await open(context, [shown], `/approvals/${shown.id}`);
  await page.waitForSelector(".json");
  await page.click("#leave");
  await expect.poll(() => page.isVisible("#desk")).toBe(false);
  expect((await text("#shown")) + (await text("#rows"))).toBe("");
  const before = desk.paths.length;
  desk.change(() => undefined);
  await page.fill("#key", "another key");
  await page.click("#signin button");
  await says(page, "not accepted", "status");
  expect(desk.paths.length - before).toBeLessThanOrEqual(2);
  const kept = await page.evaluate(
    "[document.cookie, localStorage.length, sessionStorage.length].join()",
  );
  expect(kept).toBe(",0,0");
  await page.reload();
  await expect.poll(() => page.isVisible("#signin")).toBe(true);
});
