import type { Page } from "playwright-core";
import { expect, test, vi } from "vitest";
import type { CeremonyRequest } from "../../src/ports/passkeys.ts";
import { addAuthenticator, openBrowser } from "../browser.ts";
import { tell } from "../start-api.ts";
import { createSoftwareAuthenticator } from "../webauthn/software-authenticator.ts";
import { createHome, type Home } from "./home.ts";

// A process, a database and a browser, beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 });
const browser = openBrowser();

interface Invited {
  readonly code: string;
  readonly url: string;
}

async function invite(home: Home): Promise<Invited> {
  const ran = await home.run("passkeys", "invite", "approver", "--json");
  expect([ran.code, ran.err]).toEqual([0, expect.any(String)]);
  return JSON.parse(ran.out) as Invited;
}

async function list(home: Home): Promise<readonly Record<string, unknown>[]> {
  const { out } = await home.run("passkeys", "ls", "--json");
  return (JSON.parse(out) as { passkeys: Record<string, unknown>[] }).passkeys;
}

/** Types both and presses the button, and waits for what the page has to say in the end. */
async function add(page: Page, key: string, code: string): Promise<string> {
  await page.fill("#key", key);
  await page.fill("#code", code);
  await page.click("#go");
  // By its state: the policy of the page lets nobody evaluate a text in it.
  await page.locator("#go:enabled").waitFor({ state: "attached" });
  return (await page.textContent("#said")) ?? "";
}

test("an approver enrolls with an admin's invitation, in a browser, and the key alone does not", async (context) => {
  const page = await browser.newPage(context);
  const authenticator = await addAuthenticator(page);
  const home = createHome();
  const server = await home.up();
  const refused: string[] = [];
  page.on("console", (message) => void refused.push(message.text()));

  const { code, url } = await invite(home);
  expect(url).toBe(`http://localhost:${new URL(server.url).port}/passkeys`);
  await page.goto(url);
  const key = home.key("approver");
  expect(await add(page, key, "")).toContain("The first one takes an admin's invitation.");
  expect(await add(page, key, "0000")).toContain("There is no invitation with this code");
  expect(await add(page, home.key("admin"), code)).toContain("This takes the role approver");
  expect(await authenticator.credentialIds()).toEqual([]);
  expect(await page.inputValue("#key")).toBe("");

  expect(await add(page, key, code)).toBe(
    "Done: approver has a new passkey. You can close this page.",
  );
  const [made] = await authenticator.credentialIds();
  const [passkey, ...others] = await list(home);
  expect(others).toEqual([]);
  expect(passkey).toMatchObject({ approver: "approver", addedBy: "admin", usedAt: null });
  expect(Buffer.from(String(passkey!["id"]), "base64url").toString("base64")).toBe(made);

  // The code is used up, and nothing of it or of the key is kept by the page.
  await page.reload();
  expect(await add(page, key, code)).toContain("it ran out or was used");
  const kept = await page.evaluate<[number, string]>("[localStorage.length, document.cookie]");
  expect(kept).toEqual([0, ""]);
  // Chromium says what a policy forbids; refusals of ours are named as failed loads, and nothing else.
  expect(refused.filter((line) => !line.includes("status of 403"))).toEqual([]);
  expect(server.log()).not.toContain(code);
  expect(server.log()).not.toContain("ExperimentalWarning");

  const removed = await home.run("passkeys", "rm", String(passkey!["id"]));
  expect(removed.code).toBe(0);
  expect(await list(home)).toEqual([]);
  expect((await home.run("passkeys", "rm", String(passkey!["id"]))).code).toBe(3);
});

test("a further passkey takes the word of one that is in, by a person who is who they say", async (context) => {
  const page = await browser.newPage(context);
  const first = await addAuthenticator(page);
  const home = createHome();
  await home.up();
  const { code, url } = await invite(home);
  const key = home.key("approver");
  await page.goto(url);
  expect(await add(page, key, code)).toContain("Done");
  await page.reload();
  // Somebody else sits at the same machine: the authenticator does not sign.
  await first.setVerified(false);
  expect(await add(page, key, "")).toContain("Nothing was done");
  expect((await list(home)).length).toBe(1);
  await first.setVerified(true);
  // The same device again: it agrees, and then has one already.
  expect(await add(page, key, "")).toContain("This device has a passkey");
  expect((await list(home)).length).toBe(1);
  expect((await list(home))[0]).toMatchObject({ usedAt: null });
});

test("a page that was opened at an address says where passkeys are", async (context) => {
  const page = await browser.newPage(context);
  await addAuthenticator(page);
  const home = createHome();
  const server = await home.up();
  const { code } = await invite(home);
  const { port } = new URL(server.url);
  await page.goto(`http://127.0.0.1:${port}/passkeys`);
  expect(await add(page, home.key("approver"), code)).toBe(
    `Passkeys are for http://localhost:${port}: open this page there.`,
  );
  expect(await list(home)).toEqual([]);
});

test("a stolen API key without the invitation enrolls nothing over the API, and removes nothing", async () => {
  const home = createHome();
  const server = await home.up();
  const post = (path: string, body: unknown, method = "POST") =>
    tell(server.url, path, {
      method,
      key: home.key("approver"),
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const { code, url } = await invite(home);
  const { origin } = new URL(url);
  const victim = createSoftwareAuthenticator();
  const begun = await post("/v1/passkeys/registration", { code });
  expect([begun.status, begun.body.origin]).toEqual([200, origin]);
  const attestation = victim.create(begun.body.create as CeremonyRequest, { origin });
  const { ticket } = begun.body as { ticket: string };
  expect((await post("/v1/passkeys", { ticket, attestation })).status).toBe(200);

  // From here on the thief has the key, and what went over the wire before.
  const thief = createSoftwareAuthenticator();
  const refusals = [
    await post("/v1/passkeys/registration", { code }),
    await post("/v1/passkeys/registration", { code: "00000000-00000000-00000000-00000000" }),
    await post("/v1/passkeys", { ticket, attestation }),
    await post("/v1/passkeys", {
      ticket,
      attestation: thief.create(begun.body.create, { origin }),
    }),
  ];
  expect(refusals.map(({ status, body }): unknown => [status, body.error.details.why])).toEqual([
    [403, "invitation"],
    [403, "invitation"],
    [403, "exists"],
    [403, "invitation"],
  ]);
  const further = await post("/v1/passkeys/registration", { code: null });
  const finish = {
    ticket: further.body.ticket as string,
    attestation: thief.create(further.body.create as CeremonyRequest, { origin }),
  };
  const confirm = further.body.confirm as CeremonyRequest;
  for (const assertion of [
    null,
    thief.sign(confirm, { origin }),
    thief.sign(confirm, { origin, id: victim.id }),
  ]) {
    const answer = await post("/v1/passkeys", { ...finish, assertion });
    expect([answer.status, answer.body.error.code]).toEqual([403, "passkey_refused"]);
  }
  const removal = await post("/v1/passkeys/removal", { id: victim.id });
  const assertion = thief.sign(removal.body.confirm, { origin, id: victim.id });
  const gone = { ticket: removal.body.ticket as string, assertion };
  expect((await post(`/v1/passkeys/${victim.id}`, gone, "DELETE")).status).toBe(403);
  expect((await post(`/v1/passkeys/${victim.id}`, {}, "DELETE")).status).toBe(400);
  expect((await post("/v1/passkeys/invitations", { approver: "approver" })).status).toBe(403);
  expect(await list(home)).toMatchObject([{ id: victim.id }]);

  const agreed = victim.sign(removal.body.confirm, { origin });
  const own = { ticket: removal.body.ticket as string, assertion: agreed };
  expect((await post(`/v1/passkeys/${victim.id}`, own, "DELETE")).status).toBe(200);
  expect(await list(home)).toEqual([]);
});
