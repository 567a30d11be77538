import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { approverKey, startTestApi, tell } from "../../test/start-api.ts";
import { expectDone, invite } from "../../test/webauthn/enroll.ts";
import { ada, openPasskeysUnderTest, otherAda } from "../../test/webauthn/passkeys-under-test.ts";
import { createSoftwareAuthenticator } from "../../test/webauthn/software-authenticator.ts";
import { createKeyIdentity } from "../authority/identity.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import type { PasskeyRow } from "../ports/passkey-rows.ts";
import type { CeremonyRequest } from "../ports/passkeys.ts";

const approver = { ...ada, subject: "approver" };

async function scene() {
  const opened = openPasskeysUnderTest();
  const api = await startTestApi({ passkeys: opened.passkeys, limits: { bodyBytes: 1_000_000 } });
  const post = (path: string, body: unknown, key?: string) =>
    tell(api.url, path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(key === undefined ? {} : { key }),
    });
  return { ...opened, ...api, post };
}

const toRow = (n: number, of = ada): PasskeyRow => ({
  id: Buffer.from(`passkey ${n}`).toString("base64url"),
  approver: { ...of, subject: `approver-${String(n).padStart(3, "0")}` },
  publicKey: Buffer.from("a key"),
  algorithm: -8,
  counter: 0,
  transports: [],
  addedBy: "admin",
  addedAtMs: 0,
  usedAtMs: null,
});

const namesIn = (body: { passkeys: { approver: string }[] }): readonly string[] =>
  body.passkeys.map(({ approver: name }) => name);

test("the admin sees everybody's passkeys in pages, an approver their own, and no key of any", async () => {
  const { url, rows, passkeys } = await scene();
  for (let n = 0; n < 201; n += 1) await rows.add(toRow(n));
  await rows.add(toRow(0, otherAda));
  await rows.add({ ...toRow(999), approver, usedAtMs: 1 });
  const first = await tell(url, "/v1/passkeys");
  expect(first.body.passkeys.length).toBe(200);
  expect(first.body.passkeys[1]).toEqual({
    id: toRow(0).id,
    approver: "approver-000",
    algorithm: "EdDSA",
    addedAt: "1970-01-01T00:00:00.000Z",
    addedBy: "admin",
    usedAt: null,
  });
  const second = await tell(url, `/v1/passkeys?after=${first.body.next}`);
  const names = [first, second].flatMap(({ body }) => namesIn(body));
  expect(new Set(names).size).toBe(202);
  expect([second.body.passkeys.length, second.body.next]).toEqual([2, null]);
  expect((await tell(url, "/v1/passkeys?after=AAAA")).body.error.code).toBe("request_invalid");
  const own = await tell(url, "/v1/passkeys", { key: approverKey });
  expect(own.body).toMatchObject({ passkeys: [{ id: toRow(999).id }], next: null });
  expect((await passkeys.list(approver)).length).toBe(1);
});

test("roles hold: the admin invites and never enrolls, the approver enrolls and never invites", async () => {
  const { post, passkeys, url } = await scene();
  const code = await invite({ passkeys }, approver);
  const asked = [
    await post("/v1/passkeys/registration", { code }),
    await post("/v1/passkeys", { ticket: "", attestation: null }),
    await post("/v1/passkeys/removal", { id: "AAAA" }),
    await post("/v1/passkeys/invitations", { approver: "approver" }, approverKey),
  ];
  for (const { status, body } of asked) {
    expect([status, body.error.code]).toEqual([403, "forbidden"]);
  }
  expect((await tell(url, "/v1/passkeys", { key: null })).status).toBe(401);
  expectDone(await passkeys.beginRegistration(approver, code));
});

test("an invitation's code is answered once, and stands in no log", async () => {
  const { post, logged } = await scene();
  const { status, body } = await post("/v1/passkeys/invitations", { approver: "approver" });
  expect([status, body]).toEqual([
    200,
    {
      approver: "approver",
      code: expect.stringMatching(/^[0-9a-f-]{35}$/) as unknown,
      expiresAt: "2026-11-20T12:15:00.000Z",
      url: "https://gate.example/passkeys",
    },
  ]);
  expect(logged).toMatchObject([{ message: "an approver was invited to add a passkey" }]);
  expect(JSON.stringify(logged)).not.toContain(body.code);
  const wrong = [
    {},
    { approver: "" },
    { approver: "a".repeat(513) },
    { approver: "a", more: 1 },
    "{",
  ];
  for (const each of wrong) {
    expect((await post("/v1/passkeys/invitations", each)).status).toBe(400);
  }
});

test("a passkey is added for whoever decides: by token, by key, and of which tenant", async () => {
  const toHolder = (id: string, tenant: string, subject: string): KeyHolder => ({
    id,
    access: ["approver"],
    principal: null,
    approves: { tenant: tenant as TenantId, subject },
    roles: [],
    toolsets: null,
    opens: null,
    proof: { scopes: [], audiences: [], expiresAtMs: Number.POSITIVE_INFINITY },
  });
  const holders: Record<string, KeyHolder> = {
    "adas-token": toHolder("ada", "default", "user:ada"),
    "adas-key": toHolder("ada", "default", "ada"),
    "adas-key-elsewhere": toHolder("ada", "other", "ada"),
  };
  const keyring = { identify: (key: string) => holders[key] ?? null, identifyByNames: () => null };
  const identity = createKeyIdentity(keyring);
  const { passkeys } = openPasskeysUnderTest();
  const { url } = await startTestApi({ passkeys, identity, limits: { bodyBytes: 8_192 } });
  for (const [key, { approves }] of Object.entries(holders)) {
    const post = (path: string, body: unknown) =>
      tell(url, path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        key,
      });
    const code = await invite({ passkeys }, approves!);
    const begun = await post("/v1/passkeys/registration", { code });
    const { ticket, create } = begun.body as { ticket: string; create: CeremonyRequest };
    const attestation = createSoftwareAuthenticator().create(create);
    const added = await post("/v1/passkeys", { ticket, attestation });
    expect([added.status, added.body.approver], key).toEqual([200, approves!.subject]);
    const [passkey, ...others] = await passkeys.list(approves!);
    expect([passkey!.approver, others]).toEqual([approves, []]);
    expectDone(await passkeys.beginSigning(approves!, toDigest("what is asked")));
    expect((await tell(url, "/v1/passkeys", { key })).body.passkeys).toHaveLength(1);
  }
});

test("what is too large or no ceremony is refused before anything is looked up", async () => {
  const { post, passkeys } = await scene();
  const code = await invite({ passkeys }, approver);
  const begun = await post("/v1/passkeys/registration", { code }, approverKey);
  const { ticket } = begun.body as { ticket: string };
  const padded = { ticket, attestation: "a".repeat(40_000) };
  expect((await post("/v1/passkeys", padded, approverKey)).status).toBe(413);
  expect((await post("/v1/passkeys", { ticket: "a".repeat(5_000) }, approverKey)).status).toBe(400);
  const refused = await post("/v1/passkeys", { ticket, attestation: {} }, approverKey);
  expect([refused.status, refused.body.error]).toMatchObject([
    403,
    { code: "passkey_refused", details: { why: "malformed" } },
  ]);
  const attestation = createSoftwareAuthenticator().create(begun.body.create);
  expect((await post("/v1/passkeys", { ticket, attestation }, approverKey)).body).toMatchObject({
    approver: "approver",
    algorithm: "ES256",
  });
});

test("the page holds nothing but itself, and its policy lets nothing else run", async () => {
  const { url } = await scene();
  const page = await tell(url, "/passkeys?code=<script>alert(1)</script>", { key: null });
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/alert|\son[a-z]+=|javascript:|innerHTML/);
  expect(page.text).toContain('name="viewport"');
  const [, script] = /<script>(.*)<\/script>/s.exec(page.text)!;
  const policy = String(page.headers["content-security-policy"]);
  expect(policy).toContain(`script-src 'sha256-${hash("sha256", script!, "base64")}';`);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(page.headers).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
  });
  expect(page.headers["set-cookie"]).toBeUndefined();
});
