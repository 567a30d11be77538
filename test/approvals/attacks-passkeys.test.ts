import { expect, test, vi } from "vitest";
import { starterRules } from "../../src/model/starter-rules.ts";
import type { TenantId } from "../../src/model/index.ts";
import { addAuthenticator, openBrowser } from "../browser.ts";
import { openConsole } from "../console/open-console.ts";
import { buildConsole } from "../console/serve-mock.ts";
import { startConsoleGate } from "../console/start-console-gate.ts";
import { approverKey, financeKey } from "../mcp/gate-under-test.ts";
import { enroll, invite } from "../webauthn/enroll.ts";
import { place } from "../webauthn/passkeys-under-test.ts";
import type { SoftwareAuthenticator } from "../webauthn/software-authenticator.ts";
import { endOf, openAttackScene, sendOnce, type AttackScene, type Json } from "./attack-scene.ts";
import type { Waiting } from "./desk-scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const browser = openBrowser();
const files = buildConsole("production");

const tenant = "default" as TenantId;
const rules = `${starterRules}
@id("pays-signed")
@ask("Payments are signed.")
@passkey("required")
forbid (principal, action == Action::"bank__pay", resource)
unless { context.approval.granted };
@id("wipes")
permit (principal, action in Action::"destructive", resource);
@id("wipes-ask")
@ask("Destruction is decided by a person.")
forbid (principal, action in Action::"destructive", resource)
unless { context.approval.granted };`;

const ask = async ({ gate }: AttackScene, tool: string, args: Json = {}) =>
  endOf(await sendOnce(gate.url, { tool, args }));

async function last({ waiting }: AttackScene): Promise<Waiting> {
  return (await waiting()).at(-1)!;
}

/** What the authenticator signs when the holder of the key begins to sign this approval. */
async function sign(
  { tell }: AttackScene,
  one: Waiting,
  by: { readonly authenticator: SoftwareAuthenticator; readonly key: string },
): Promise<object> {
  const { status, body } = await tell(`approvals/${one.id}/signing`, {}, by.key);
  expect(status).toBe(200);
  return by.authenticator.sign(body["options"] as Json);
}

async function decide(
  scene: AttackScene,
  one: Waiting,
  { key = approverKey, assertion }: { readonly key?: string; readonly assertion?: object } = {},
): Promise<string> {
  const body = assertion === undefined ? {} : { assertion };
  const said = await scene.decide(one, "approved", { key, body });
  return said.status === 200
    ? String(said.body["state"])
    : String((said.body["error"] as Json)["code"]);
}

test.each(["bank__wipe", "bank__pay"])(
  "%s: a key alone does not approve it, nor does a signature for anything else, by anybody else",
  async (tool) => {
    const scene = await openAttackScene({ rules });
    scene.gate.passkeys.moveTo(place);
    const own = await enroll(scene.gate.passkeys, { tenant, subject: "approver" });
    const other = await enroll(scene.gate.passkeys, { tenant, subject: "fin" });
    const mine = { authenticator: own, key: approverKey };
    const theirs = { authenticator: other, key: financeKey };

    expect(await ask(scene, tool)).toBe("asks");
    const one = await last(scene);
    expect(one.approvers).toMatchObject([{ passkey: true }]);
    expect(await decide(scene, one)).toBe("passkey_required");
    expect(await decide(scene, one, { key: financeKey })).toBe("passkey_required");

    expect(await ask(scene, tool, { to: "bob" })).toBe("asks");
    const two = await last(scene);
    const forTwo = await sign(scene, two, mine);
    expect(await decide(scene, one, { assertion: forTwo })).toBe("passkey_refused");
    const byOther = await sign(scene, one, theirs);
    expect(await decide(scene, one, { assertion: byOther })).toBe("passkey_refused");
    expect(await decide(scene, one, { assertion: {} })).toBe("passkey_refused");
    const digested = { ...one, digest: two.digest };
    const again = await sign(scene, two, mine);
    expect(await decide(scene, digested, { assertion: again })).toBe("approval_changed");
    expect(await ask(scene, tool)).toBe("asks");
    expect(scene.sent()).toEqual([]);

    const assertion = await sign(scene, one, mine);
    expect(await decide(scene, one, { assertion })).toBe("approved");
    expect(await ask(scene, tool)).toBe("done");
    expect(await ask(scene, tool)).toBe("asks");
    // The same arguments once more: another salt, another digest.
    const next = await last(scene);
    expect(next.digest).not.toBe(one.digest);
    expect(await decide(scene, next, { assertion })).toBe("passkey_refused");
    expect(scene.sent()).toHaveLength(1);
    expect((await scene.decide(next, "denied")).status).toBe(200);
  },
);

test("a rule that wants a passkey of the caller's own client is refused; self decides the rest", async () => {
  const own = (more: string) => `@id("all") permit (principal, action, resource);
@id("own") @ask("Sure?") @approvers("self") ${more}
forbid (principal, action == Action::"bank__wipe", resource) unless { context.approval.granted };`;
  await expect(openAttackScene({ rules: own('@passkey("required")') })).rejects.toThrow(
    "@passkey is not for self",
  );
  const scene = await openAttackScene({ rules: own("") });
  const capabilities = { elicitation: { form: {} } };
  const asked = { tool: "bank__wipe", capabilities };
  const first = await sendOnce(scene.gate.url, asked);
  const one = await last(scene);
  expect((await scene.decide(one)).status).toBe(403);
  const state = (first["result"] as Json)["requestState"];
  const answer = (action: string) => ({ approval: { action, content: {} } });
  const yes = { ...asked, state, responses: answer("accept") };
  expect(endOf(await sendOnce(scene.gate.url, yes))).toBe("done");
  expect(endOf(await sendOnce(scene.gate.url, yes))).toBe("consumed");
  const again = (await sendOnce(scene.gate.url, asked))["result"] as Json;
  const no = { ...asked, state: again["requestState"], responses: answer("cancel") };
  expect(endOf(await sendOnce(scene.gate.url, no))).toBe("denied");
  expect(scene.sent()).toHaveLength(1);
});

test("in a browser: whoever stole the key and has no passkey approves nothing, its owner does", async (context) => {
  const page = await browser.newPage(context);
  await addAuthenticator(page);
  const scene = await openAttackScene({ rules, start: startConsoleGate(files()) });
  const origin = `http://localhost:${new URL(scene.gate.url).port}`;
  scene.gate.passkeys.moveTo({ name: "localhost", origin });
  const code = await invite(scene.gate.passkeys, { tenant, subject: "approver" });
  await page.goto(`${origin}/passkeys`);
  await page.fill("#key", approverKey);
  await page.fill("#code", code);
  await page.click("#go");
  await expect.poll(() => page.textContent("#said")).toContain("Done");

  expect(await ask(scene, "bank__wipe")).toBe("asks");
  const one = await last(scene);
  const thief = await browser.newPage(context);
  await addAuthenticator(thief);
  for (const each of [thief, page]) {
    await openConsole(each, { url: origin, key: approverKey, path: `/approvals/${one.id}` });
    // What destroys is asked about once more, and Enter is sure.
    await each.getByRole("button", { name: "Approve with passkey" }).click();
    await each.getByRole("dialog", { name: "Approve this?" }).waitFor();
  }
  await thief.keyboard.press("Enter");
  const failed = thief.getByRole("status").getByText("The passkey was not used");
  await failed.waitFor({ timeout: 30_000 });
  expect((await scene.tell(`approvals/${one.id}`)).body["state"]).toBe("pending");
  expect(await ask(scene, "bank__wipe")).toBe("asks");
  expect(scene.sent()).toEqual([]);

  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("Approved.").waitFor();
  expect((await scene.tell(`approvals/${one.id}`)).body).toMatchObject({
    state: "approved",
    verdicts: [{ word: "approved", passkey: true }],
  });
  expect(await ask(scene, "bank__wipe")).toBe("done");
  expect(scene.sent()).toHaveLength(1);
});
