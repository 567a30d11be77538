import { expect, onTestFinished, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createWebhooks, type Announcement, type Webhook } from "../../src/authority/webhooks.ts";
import { Fault, type TenantId } from "../../src/model/index.ts";
import { webhooksField } from "../../src/model/config-webhooks.ts";
import type { DeliveryRow } from "../../src/ports/delivery-rows.ts";
import { createInMemoryDeliveries } from "../../src/ports/in-memory-deliveries.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import { countFitting, flood, startReceiver, status, type Receiver } from "./receiver.ts";

const startMs = Date.UTC(2026, 10, 21, 10);
const secrets: Record<string, string> = {
  "secret://chat": `whsec_${Buffer.alloc(32, 1).toString("base64")}`,
  "secret://next": `whsec_${Buffer.alloc(24, 2).toString("base64")}`,
  "secret://bare": "not a secret of this kind",
  "secret://short": `whsec_${Buffer.alloc(8, 2).toString("base64")}`,
};
const tenant = "default" as TenantId;

const asked: Announcement = {
  id: "01900000-0000-7000-8000-000000000001_asked",
  type: "approval.asked",
  atMs: startMs,
  body: { approval: "01900000-0000-7000-8000-000000000001", state: "pending", rules: ["large"] },
};

interface Scene {
  readonly hooks: Record<string, object>;
  readonly isTrue?: (row: DeliveryRow) => Promise<boolean>;
}

function open({ hooks, isTrue = async () => true }: Scene) {
  const clock = createManualClock(startMs);
  const rows = createInMemoryDeliveries();
  const counted: string[] = [];
  const logged: unknown[] = [];
  const configured = { revision: "one", hooks };
  const webhooks = createWebhooks({
    rows,
    clock,
    dialer: createDialer(),
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 1 },
    telemetry: {
      count: (_, labels, by = 1) =>
        void counted.push(...Array.from({ length: by }, () => Object.values(labels ?? {}).join())),
      observe: () => undefined,
      gauge: () => undefined,
      log: (level, message, fields) => void logged.push({ level, message, ...fields }),
    },
    secrets: {
      resolve: async (reference) => {
        const value = secrets[reference];
        if (value === undefined) throw new Fault("secret_unresolved", "There is no such secret.");
        return new SecretValue(value);
      },
    },
    version: "1.2.3",
    hooks: (): readonly Webhook[] =>
      Object.entries(webhooksField.parse(configured.hooks)).map(([name, hook]) => ({
        ...hook,
        name,
        revision: configured.revision,
      })),
    isTrue,
  });
  onTestFinished(() => webhooks.close());
  return { webhooks, clock, rows, counted, logged, configured };
}

const toHook = ({ url }: Pick<Receiver, "url">, changes: object = {}) => ({
  url,
  secret: "secret://chat",
  private: true,
  ...changes,
});

/** Goes on until it is so: what is waited for happens on real sockets, the pauses in made-up time. */
async function until(holds: () => boolean, clock?: { advance(ms: number): void }): Promise<void> {
  await expect
    .poll(
      () => {
        clock?.advance(5_000);
        return holds();
      },
      { timeout: 8_000, interval: 5 },
    )
    .toBe(true);
}

test("a delivery is signed as Standard Webhooks wants it, and says nothing of the person", async () => {
  const receiver = await startReceiver();
  const { webhooks, counted } = open({ hooks: { chat: toHook(receiver) } });
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1);
  const [one, ...others] = receiver.received;
  expect(others).toEqual([]);
  expect(one).toMatchObject({ method: "POST", path: "/hook?team=ops" });
  expect(one!.headers).toMatchObject({
    "content-type": "application/json",
    "user-agent": "countersign/1.2.3",
    "webhook-id": asked.id,
    "webhook-timestamp": String(startMs / 1_000),
  });
  expect(countFitting(one!, secrets["secret://chat"]!)).toBe(1);
  expect(countFitting(one!, secrets["secret://next"]!)).toBe(0);
  expect(countFitting({ ...one!, body: `${one!.body} ` }, secrets["secret://chat"]!)).toBe(0);
  expect(JSON.parse(one!.body)).toEqual({
    type: "approval.asked",
    timestamp: "2026-11-21T10:00:00.000Z",
    data: asked.body,
  });
  expect(one!.headers["authorization"]).toBeUndefined();
  expect(one!.headers["cookie"]).toBeUndefined();
});

test("while a secret is replaced, both sign", async () => {
  const receiver = await startReceiver();
  const hook = toHook(receiver, { nextSecret: "secret://next" });
  const { webhooks, counted } = open({ hooks: { chat: hook } });
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1);
  const [one] = receiver.received;
  expect(String(one!.headers["webhook-signature"]).split(" ")).toHaveLength(2);
  expect(countFitting(one!, secrets["secret://chat"]!)).toBe(1);
  expect(countFitting(one!, secrets["secret://next"]!)).toBe(1);
});

test("a hook is told of its tenant's events that it wants, once each", async () => {
  const [all, few, foreign] = [await startReceiver(), await startReceiver(), await startReceiver()];
  const { webhooks, counted } = open({
    hooks: {
      all: toHook(all),
      few: toHook(few, { events: ["approval.decided"] }),
      foreign: toHook(foreign, { tenant: "other" }),
    },
  });
  for (let n = 0; n < 3; n += 1) await webhooks.announce(tenant, asked);
  const decided = { ...asked, id: "x_decided", type: "approval.decided" as const };
  await webhooks.announce(tenant, decided);
  await until(() => counted.length === 3);
  await webhooks.announce(tenant, asked);
  expect(all.received.map(({ headers }) => headers["webhook-id"])).toEqual([asked.id, decided.id]);
  expect(few.received.map(({ headers }) => headers["webhook-id"])).toEqual([decided.id]);
  expect(foreign.received).toEqual([]);
});

test("what fails is tried again, later each time, with the same id, and then given up", async () => {
  const receiver = await startReceiver();
  const { webhooks, clock, counted, logged } = open({ hooks: { chat: toHook(receiver) } });
  receiver.answerWith(...Array.from({ length: 20 }, () => status(500)));
  await webhooks.announce(tenant, asked);
  const pauses = [5, 30, 120, 600, 3_600, 14_400, 28_800, 43_200];
  for (const [index, pause] of pauses.entries()) {
    await until(() => counted.length === index + 1);
    await until(() => clock.sleeping === 1);
    clock.advance(pause * 1_000);
  }
  await until(() => counted.includes("given_up"));
  const seconds = receiver.received.map(({ headers }) => Number(headers["webhook-timestamp"]));
  expect(seconds.slice(1).map((at, index) => at - seconds[index]!)).toEqual(pauses);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(
    new Set([asked.id]),
  );
  for (const one of receiver.received) expect(countFitting(one, secrets["secret://chat"]!)).toBe(1);
  expect(logged.at(-1)).toMatchObject({ level: "warn", hook: "chat", why: "status 500", tries: 9 });
  expect(JSON.stringify(logged)).not.toContain("team=ops");
});

test("a receiver that comes back gets what it missed", async () => {
  const receiver = await startReceiver();
  const { webhooks, clock, counted } = open({ hooks: { chat: toHook(receiver) } });
  receiver.answerWith(status(503), (outgoing) => outgoing.destroy(), status(429), status(404));
  await webhooks.announce(tenant, asked);
  await until(() => counted.includes("delivered"), clock);
  expect(counted).toEqual(["failed", "failed", "failed", "failed", "delivered"]);
});

test("a redirect is not followed, and is no yes", async () => {
  const [elsewhere, receiver] = [await startReceiver(), await startReceiver()];
  const { webhooks, counted } = open({ hooks: { chat: toHook(receiver) } });
  receiver.answerWith((outgoing) => outgoing.writeHead(307, { location: elsewhere.url }).end());
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1);
  expect(counted).toEqual(["failed"]);
  expect(elsewhere.received).toEqual([]);
});

test("a receiver that stalls is left after its time, and holds up no other one", async () => {
  const [slow, quick] = [await startReceiver(), await startReceiver()];
  const { webhooks, clock, counted, logged } = open({
    hooks: { slow: toHook(slow), quick: toHook(quick) },
  });
  slow.answerWith(...Array.from({ length: 50 }, () => () => undefined));
  for (let n = 0; n < 8; n += 1) await webhooks.announce(tenant, { ...asked, id: `e${n}` });
  await until(() => quick.received.length === 8);
  expect(slow.received.length).toBeLessThanOrEqual(4);
  await until(() => counted.includes("failed"), clock);
  expect(logged).toContainEqual(
    expect.objectContaining({ hook: "slow", why: "deadline_exceeded" }),
  );
});

test("of an answer of 10 MB the status is taken, and the rest is not read", async () => {
  const receiver = await startReceiver();
  const { webhooks, counted } = open({ hooks: { chat: toHook(receiver) } });
  receiver.answerWith(flood(10 * 1024 * 1024));
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1 && receiver.cut() === 1);
  expect(counted).toEqual(["delivered"]);
});

test("410 ends a hook until the configuration changes", async () => {
  const receiver = await startReceiver();
  const { webhooks, clock, counted, configured } = open({ hooks: { chat: toHook(receiver) } });
  receiver.answerWith(status(410));
  await webhooks.announce(tenant, asked);
  await until(() => counted.includes("gone"));
  await webhooks.announce(tenant, { ...asked, id: "another" });
  for (let n = 0; n < 20; n += 1) clock.advance(5_000);
  expect(receiver.received).toHaveLength(1);
  configured.revision = "two";
  await webhooks.announce(tenant, { ...asked, id: "third" });
  await until(() => counted.includes("delivered"), clock);
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([
    asked.id,
    "third",
  ]);
});

test.each([
  ["secret://none", "secret_unresolved"],
  ["secret://bare", "config_invalid"],
  ["secret://short", "config_invalid"],
])("without a good secret nothing is sent: %s", async (secret, why) => {
  const receiver = await startReceiver();
  const { webhooks, counted, logged } = open({ hooks: { chat: toHook(receiver, { secret }) } });
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1);
  expect([counted, receiver.received]).toEqual([["failed"], []]);
  expect(logged).toContainEqual(expect.objectContaining({ why }));
});

test("an address that is not public is not called unless that is said", async () => {
  const receiver = await startReceiver();
  const url = receiver.url.replace("http:", "https:");
  const { webhooks, counted, logged } = open({
    hooks: { chat: toHook({ url }, { private: false }) },
  });
  await webhooks.announce(tenant, asked);
  await until(() => counted.length === 1);
  expect([counted, receiver.received]).toEqual([["failed"], []]);
  expect(logged).toContainEqual(expect.objectContaining({ why: "address_refused" }));
});

test("what had not come true by its time is never sent", async () => {
  const receiver = await startReceiver();
  const { webhooks, clock, counted } = open({
    hooks: { chat: toHook(receiver) },
    isTrue: async ({ event }) => event !== "x_expired",
  });
  const atMs = startMs + 900_000;
  const expired = { ...asked, type: "approval.expired" as const, atMs };
  await webhooks.announce(tenant, { ...expired, id: "x_expired" });
  await webhooks.announce(tenant, { ...expired, id: "y_expired" });
  clock.advance(880_000);
  await until(() => clock.sleeping > 0);
  expect(receiver.received).toEqual([]);
  await until(() => counted.length === 1, clock);
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual(["y_expired"]);
  expect(clock.nowMs()).toBeGreaterThanOrEqual(atMs);
});
