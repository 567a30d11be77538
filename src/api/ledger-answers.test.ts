import { expect, test } from "vitest";
import { createScene, writeCall, writeReads } from "../../test/ledger/ledger-scene.ts";
import { startTestApi, tell, type Tell } from "../../test/start-api.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { systemRandom } from "../adapters/system/system-random.ts";
import { createKeyIdentity } from "../authority/identity.ts";
import { hashKey, type KeyHolder, type Role } from "../authority/keyring.ts";
import { readNote } from "../ledger/ledger-keys.ts";
import { verifyConsistency } from "../ledger/verify-consistency.ts";
import { verifyReceipt } from "../ledger/verify-receipt.ts";
import type { TenantId } from "../model/index.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";

const tenant = "default" as TenantId;
const proof = { scopes: [], audiences: [], expiresAtMs: Number.POSITIVE_INFINITY };

function toHolder(id: string, role: Role, of: string): KeyHolder {
  const principal = { tenant: of as TenantId, kind: "service", subject: id, actor: null } as const;
  const isApprover = role === "approver";
  return {
    id,
    access: [role],
    principal: isApprover ? null : principal,
    approves: isApprover ? { tenant: principal.tenant, subject: id } : null,
    roles: [],
    toolsets: null,
    opens: null,
    proof,
  };
}

const holders = new Map(
  [
    toHolder("admin", "admin", "default"),
    toHolder("auditor", "auditor", "default"),
    toHolder("viewer", "viewer", "default"),
    toHolder("approver", "approver", "default"),
    toHolder("bot", "caller", "default"),
    toHolder("else", "caller", "default"),
    toHolder("foreign", "auditor", "other"),
  ].map((holder) => [hashKey(holder.id), holder]),
);
const keyring = {
  identify: (key: string) => holders.get(hashKey(key)) ?? null,
  identifyByNames: () => null,
};

async function open() {
  const parts = { store: createInMemoryStore(), clock: systemClock, random: systemRandom };
  const scene = await createScene({ ...parts, telemetry: createInMemoryTelemetry() });
  const api = await startTestApi({ ledger: scene.ledger, identity: createKeyIdentity(keyring) });
  const ask = (path: string, key: string, more: Tell = {}) => tell(api.url, path, { key, ...more });
  return { ...scene, api, ask };
}

test("who reads what: auditors all of their tenant, callers their own calls, others nothing", async () => {
  const scene = await open();
  const { id } = await writeCall(scene, tenant, { subject: "default\nservice\nbot" });
  await scene.writer(tenant).advance();
  const status = async (path: string, key: string) => (await scene.ask(path, key)).status;
  const receipt = `/v1/receipts/${id}`;
  const places = [receipt, "/v1/receipts", "/v1/ledger/entries?from=0", "/v1/ledger/checkpoint"];
  const seen = async (key: string) => Promise.all(places.map((place) => status(place, key)));
  expect(await seen("admin")).toEqual([200, 200, 200, 200]);
  expect(await seen("auditor")).toEqual([200, 200, 200, 200]);
  expect(await seen("bot")).toEqual([200, 403, 403, 200]);
  expect(await seen("else")).toEqual([404, 403, 403, 200]);
  expect(await seen("viewer")).toEqual([403, 403, 403, 200]);
  expect(await seen("approver")).toEqual([403, 403, 403, 403]);
  // Another tenant has its own log, and learns nothing of this one.
  expect(await seen("foreign")).toEqual([404, 200, 404, 200]);
  expect((await scene.ask("/v1/ledger/checkpoint", "foreign")).body).toMatchObject({
    state: "empty",
    origin: null,
    size: 0,
  });
  expect((await scene.ask("/v1/receipts", "foreign")).body).toEqual({ receipts: [], next: null });
  expect(await status("/v1/receipts/nonsense", "admin")).toBe(400);
  expect(await status("/v1/receipts?limit=501", "admin")).toBe(400);
});

test("a receipt over the API is what a receipt file holds, and a page leads to the next", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 4);
  const { id } = await writeCall(scene, tenant);
  await scene.writer(tenant).advance();
  const { text } = await scene.ask(`/v1/receipts/${id}`, "auditor");
  const report = await verifyReceipt(text, { keys: scene.keys.verifiers, passkeys: null });
  expect(report).toMatchObject({ verified: true, problems: [] });
  const first = (await scene.ask("/v1/receipts?limit=4", "auditor")).body;
  expect(first.receipts).toMatchObject([5, 4, 3, 2].map((index) => ({ index })));
  const rest = (await scene.ask(`/v1/receipts?limit=4&after=${first.next}`, "auditor")).body;
  expect(rest.receipts).toMatchObject([{ index: 1 }, { index: 0 }]);
  expect(rest.next).toBeNull();
});

test("a larger log is proven to go on from a smaller one", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 300);
  await scene.writer(tenant).advance();
  const older = readNote((await scene.checkpoints.latest(tenant))!)!;
  await writeReads(scene, tenant, 333);
  await scene.writer(tenant).advance();
  const newer = readNote((await scene.checkpoints.latest(tenant))!)!;
  const { body } = await scene.ask("/v1/ledger/consistency?from=300&to=633", "bot");
  const hashes = (body.proof as string[]).map((hash) => Buffer.from(hash, "hex"));
  const claim = { from: 300, to: 633, fromRoot: older.root, toRoot: newer.root, proof: hashes };
  expect(await verifyConsistency(claim)).toBe(true);
  expect(await verifyConsistency({ ...claim, fromRoot: newer.root })).toBe(false);
  expect((await scene.ask("/v1/ledger/consistency?from=300&to=634", "bot")).status).toBe(400);
  expect((await scene.ask("/v1/ledger/consistency?from=1&to=2&epoch=9", "bot")).status).toBe(404);
});

test("only the admin reopens, with a reason, and the log says who and why", async () => {
  const scene = await open();
  await writeReads(scene, tenant, 1);
  await scene.writer(tenant).advance();
  const reopen = (key: string, body: unknown) =>
    scene.ask("/v1/ledger/reopen", key, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await reopen("auditor", { reason: "why not", force: true })).status).toBe(403);
  expect((await reopen("admin", { force: true })).status).toBe(400);
  expect((await reopen("admin", { reason: "it is sound" })).status).toBe(400);
  const done = await reopen("admin", { reason: "a drill", force: true });
  expect([done.status, done.body]).toEqual([
    200,
    { origin: "test.example/default/2", gap: "restore:test.example/default/1@1" },
  ]);
  expect(scene.api.logged).toContainEqual(
    expect.objectContaining({
      message: "a ledger was reopened",
      fields: expect.objectContaining({ reason: "a drill", by: "admin" }) as unknown,
    }),
  );
});
