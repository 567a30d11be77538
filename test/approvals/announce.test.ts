import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createLifecycle } from "../../src/main/lifecycle.ts";
import { startWebhooks } from "../../src/main/start-webhooks.ts";
import { configSchema } from "../../src/model/config.ts";
import { toCanonicalBytes, type TenantId } from "../../src/model/index.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import type { ApprovalDraft } from "../../src/ports/approval-rows.ts";
import type { Store } from "../../src/ports/store.ts";
import { silent } from "../conformance/postgres-store-under-test.ts";
import { newApprovalDraft, newDigest, newEntry, toBytes } from "../conformance/store-values.ts";
import { usePostgres } from "../postgres.ts";
import { countFitting, startReceiver, type Receiver } from "./receiver.ts";

const tenant = "default" as TenantId;
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

const request = {
  v: 1,
  server: "bank",
  tool: "transfer",
  method: "tools/call",
  toolset: "",
  effect: "destructive",
  outward: false,
  labels: [],
  rules: [{ rule: "large", text: "Above 1,000, as Ada wants it." }],
  approvers: [{ who: "role:finance", quorum: 2, passkey: false }],
  policy: newDigest(),
  definition: null,
};

function toDraft(changes: Partial<ApprovalDraft> = {}): ApprovalDraft {
  const nowMs = Date.now();
  return newApprovalDraft({
    tenant,
    server: "bank",
    tool: "transfer",
    agent: "assistant of ada",
    subject: "default\nperson\nada@example.com",
    request: toCanonicalBytes(request),
    opening: toBytes("the sealed arguments"),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 600_000,
    ...changes,
  });
}

interface Opening {
  readonly changes?: object;
  readonly clock?: Clock;
}

async function open(
  store: Store,
  { url }: Receiver,
  { changes = {}, clock = systemClock }: Opening = {},
) {
  const config = configSchema.parse({
    version: 1,
    webhooks: { chat: { url, secret: "env://CHAT", private: true, ...changes } },
  });
  const signal = new AbortController().signal;
  const lifecycle = createLifecycle({ clock: systemClock, telemetry: silent, signal });
  onTestFinished(async () => void (await lifecycle.stop()));
  const announce = await startWebhooks({
    lifecycle,
    store,
    secrets: { resolve: async () => new SecretValue(secret) },
    clock,
    random: systemRandom,
    telemetry: silent,
    version: "1",
    now: { url: () => "https://gate.example" },
    configuration: { live: () => ({ revision: { digest: "one" }, config }) },
  });
  return { announce, close: () => lifecycle.stop() };
}

const toTypes = ({ received }: Receiver) =>
  received.map(({ body }) => (JSON.parse(body) as { type: string }).type);

test("what is told names the approval, and nothing of the person or of the arguments", async () => {
  const [store, receiver] = [createInMemoryStore(), await startReceiver()];
  const webhooks = await open(store, receiver);
  const draft = toDraft();
  await store.approvals.create(draft);
  webhooks.announce({ kind: "asked", tenant, id: draft.id });
  await expect.poll(() => receiver.received.length).toBe(1);
  const [{ body }] = receiver.received as [(typeof receiver.received)[0]];
  expect(JSON.parse(body)).toEqual({
    type: "approval.asked",
    timestamp: new Date(draft.createdAtMs).toISOString(),
    data: {
      approval: draft.id,
      url: `https://gate.example/approvals/${draft.id}`,
      server: "bank",
      tool: "transfer",
      effect: "destructive",
      rules: ["large"],
      state: "pending",
      expiresAt: new Date(draft.expiresAtMs).toISOString(),
    },
  });
  expect(body).not.toMatch(/ada|sealed|assistant|finance/);
  expect(countFitting(receiver.received[0]!, secret)).toBe(1);
});

test("nothing that a receiver answers decides anything", async () => {
  const [store, receiver] = [createInMemoryStore(), await startReceiver()];
  const webhooks = await open(store, receiver);
  const draft = toDraft();
  await store.approvals.create(draft);
  const before = await store.approvals.get(tenant, draft.id);
  const answer = JSON.stringify({ id: draft.id, digest: draft.intent, word: "approved" });
  receiver.answerWith((outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json", "x-decision": "approved" });
    outgoing.end(answer);
  });
  webhooks.announce({ kind: "asked", tenant, id: draft.id });
  await expect.poll(() => receiver.received.length).toBe(1);
  await webhooks.close();
  expect(await store.approvals.get(tenant, draft.id)).toEqual(before);
});

test("an approval that ran out is told as that, and one that was decided is not", async () => {
  const [store, receiver] = [createInMemoryStore(), await startReceiver()];
  const clock = createManualClock(Date.now());
  const changes = { events: ["approval.expired", "approval.decided"] };
  const webhooks = await open(store, receiver, { changes, clock });
  const drafts = [toDraft(), toDraft()];
  for (const draft of drafts) await store.approvals.create(draft);
  const [denied, late] = drafts as [ApprovalDraft, ApprovalDraft];
  for (const { id } of drafts) webhooks.announce({ kind: "asked", tenant, id });
  await store.approvals.decide({
    tenant,
    id: denied.id,
    intent: denied.intent,
    to: "denied",
    verdicts: toBytes("no"),
    seen: null,
    entry: newEntry(tenant, "a verdict"),
    nowMs: Date.now(),
  });
  webhooks.announce({ kind: "decided", tenant, id: denied.id });
  await expect.poll(() => receiver.received.length).toBe(1);
  clock.advance(500_000);
  const wait = () => {
    clock.advance(5_000);
    return receiver.received.length;
  };
  await expect.poll(wait, { timeout: 15_000 }).toBe(2);
  const said = receiver.received.map(({ body }) => (JSON.parse(body) as { data: unknown }).data);
  expect(said).toMatchObject([
    { approval: denied.id, state: "denied" },
    { approval: late.id, state: "expired" },
  ]);
});

const postgres = usePostgres();
let url: string;
beforeAll(async () => {
  url = await postgres.freshDatabase();
});

test("two replicas that announce alike deliver once, and a part of a quorum is no decision", async () => {
  const options = { url, clock: systemClock, random: systemRandom, telemetry: silent };
  const stores = [await openPostgresStore(options), await openPostgresStore(options)];
  const receiver = await startReceiver();
  const replicas = await Promise.all(stores.map((store) => open(store, receiver)));
  const draft = toDraft();
  const [store] = stores;
  await store!.approvals.create(draft);
  const tell = (kind: "asked" | "decided") => {
    for (const each of replicas) each.announce({ kind, tenant, id: draft.id });
  };
  tell("asked");
  await expect.poll(() => receiver.received.length).toBe(1);
  const decision = { tenant, id: draft.id, intent: draft.intent, nowMs: Date.now() };
  const [first, second] = [toBytes("one"), toBytes("two")];
  const entry = () => newEntry(tenant, "a verdict");
  await store!.approvals.decide({
    ...decision,
    to: "pending",
    verdicts: first,
    seen: null,
    entry: entry(),
  });
  tell("decided");
  await store!.approvals.decide({
    ...decision,
    to: "approved",
    verdicts: second,
    seen: first,
    entry: entry(),
  });
  tell("decided");
  await expect.poll(() => receiver.received.length).toBe(2);
  for (const each of replicas) await each.close();
  expect(toTypes(receiver)).toEqual(["approval.asked", "approval.decided"]);
  expect(JSON.parse(receiver.received[1]!.body)).toMatchObject({ data: { state: "approved" } });
  for (const each of stores) await each.close();
});
