import { Nudge } from "../lib/nudge.ts";
import { toCanonicalBytes, type TenantId } from "../model/index.ts";
import type { WebhookConfig, WebhookEvent } from "../model/config-webhooks.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeliveryRow, DeliveryRows } from "../ports/delivery-rows.ts";
import type { Dialer, Origin } from "../ports/dialer.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { sendDelivery } from "./deliver-webhook.ts";

export interface Webhook extends WebhookConfig {
  readonly name: string;
  /** Whose configuration names it: what a receiver said of one does not hold for the next. */
  readonly revision: string;
}

export interface WebhooksOptions {
  readonly rows: DeliveryRows;
  readonly dialer: Dialer;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly version: string;
  /** Of the revision that is serving; asked each time. */
  readonly hooks: () => readonly Webhook[];
  /** Whether what is due has come true; asked before each sending. */
  readonly isTrue: (row: DeliveryRow) => Promise<boolean>;
}

export interface Announcement {
  /** One for each thing that happened, whoever announces it: letters, digits, `_` and `-`. */
  readonly id: string;
  readonly type: WebhookEvent;
  /** When it happened or, of what is yet to come, will have happened. */
  readonly atMs: number;
  /** Nothing of a person and no arguments: whoever reads it asks for these with a key of their own. */
  readonly body: Readonly<Record<string, string | readonly string[] | null>>;
}

export interface Webhooks {
  /** Resolves once it is durable for each hook that wants it. */
  announce(tenant: TenantId, announcement: Announcement): Promise<void>;
  close(): Promise<void>;
}

/** Undelivered rows of one tenant; beyond, the oldest are given up. */
const mostWaiting = 10_000;
const pollMs = 5_000;
/** Of one hook at one replica: a receiver that stalls holds up nobody else's. */
const atOnce = 4;
/** Longer than a try may take: what a replica took that died is taken by another after this. */
const leaseMs = 60_000;
/** After each try that failed: any moment up to this. About a day until it is given up. */
const pausesMs = [5, 30, 120, 600, 3_600, 14_400, 28_800, 43_200].map((seconds) => seconds * 1_000);

/** Tells receivers outside what happens to approvals. It decides nothing, and nothing waits for it. */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { clock, hooks, telemetry } = options;
  const nudge = new Nudge();
  const stopping = new AbortController();
  const busy = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const off = new Set<string>();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const serving = hooks();
      for (const key of off) if (!serving.some((hook) => toKey(hook) === key)) off.delete(key);
      for (const hook of serving) start(hook);
      await nudge.wait((signal) => clock.sleep(pollMs, signal));
    }
    await Promise.all(busy.values());
  }

  function start(hook: Webhook): void {
    const key = toKey(hook);
    if (off.has(key)) return;
    if (busy.has(key)) {
      // It may have looked before what is due now was there.
      again.add(key);
      return;
    }
    const pumping = pump({ ...options, hook, signal: stopping.signal })
      .then((outcome) => void (outcome === "gone" && off.add(key)))
      .catch((fault: unknown) => {
        if (stopping.signal.aborted) return;
        telemetry.log("warn", "a webhook's deliveries wait", { hook: hook.name, fault });
      })
      .finally(() => {
        busy.delete(key);
        if (again.delete(key)) nudge.nudge();
      });
    busy.set(key, pumping);
  }

  const running = run();
  return {
    async announce(tenant, announcement) {
      const wanting = hooks().filter(
        (hook) => hook.tenant === tenant && hook.events.includes(announcement.type),
      );
      for (const hook of wanting) {
        if (!off.has(toKey(hook))) await put(options, hook, announcement);
      }
      if (wanting.length > 0) nudge.nudge();
    },
    async close() {
      stopping.abort();
      nudge.nudge();
      await running;
    },
  };
}

const toKey = ({ revision, name }: Webhook): string => `${revision} ${name}`;

async function put(
  { rows, clock, telemetry }: WebhooksOptions,
  hook: Webhook,
  { id, type, atMs, body }: Announcement,
): Promise<void> {
  const timestamp = new Date(atMs).toISOString();
  const nowMs = clock.nowMs();
  const { givenUp } = await rows.put(
    {
      tenant: hook.tenant,
      hook: hook.name,
      event: id,
      body: toCanonicalBytes({ type, timestamp, data: body }),
      nowMs,
      dueAtMs: Math.max(nowMs, atMs),
    },
    mostWaiting,
  );
  if (givenUp === 0) return;
  telemetry.count("webhook_deliveries", { outcome: "crowded_out" }, givenUp);
  telemetry.log("warn", "too many deliveries wait: the oldest are given up", { givenUp });
}

interface Pumping extends WebhooksOptions {
  readonly hook: Webhook;
  readonly signal: AbortSignal;
}

/** Sends what is due of one hook, until nothing is. */
async function pump(pumping: Pumping): Promise<"drained" | "gone"> {
  const { rows, hook, clock, dialer, signal, hooks } = pumping;
  const isServing = () => hooks().some((each) => toKey(each) === toKey(hook));
  const { tenant, name, url, private: isPrivate } = hook;
  let opened: Origin | null = null;
  const origin = () =>
    (opened ??= dialer.open({ url, private: isPrivate, tls: null, connections: atOnce }));
  try {
    while (!signal.aborted && isServing()) {
      const asked = { tenant, hook: name, nowMs: clock.nowMs(), leaseMs, limit: atOnce };
      const taken = await rows.take(asked);
      if (taken.length === 0) return "drained";
      const outcomes = await Promise.all(
        taken.map((row) => deliver(pumping, row, { ...pumping, origin })),
      );
      if (outcomes.includes("gone")) return "gone";
    }
    return "drained";
  } finally {
    await (opened as Origin | null)?.close();
  }
}

async function deliver(
  { rows, hook, clock, random, telemetry, isTrue }: Pumping,
  row: DeliveryRow,
  sending: Parameters<typeof sendDelivery>[0],
): Promise<"gone" | null> {
  if (!(await isTrue(row))) {
    await rows.done(row);
    return null;
  }
  const sent = await sendDelivery(sending, row);
  const facts = { hook: hook.name, event: row.event, tries: row.tries };
  if (sent.kind === "taken") {
    await rows.done(row);
    telemetry.count("webhook_deliveries", { outcome: "delivered" });
    return null;
  }
  const pauseMs = pausesMs[row.tries - 1];
  if (sent.kind === "failed" && pauseMs !== undefined) {
    await rows.fail(row, clock.nowMs() + Math.ceil(random.fraction() * pauseMs));
    telemetry.count("webhook_deliveries", { outcome: "failed" });
    telemetry.log("debug", "a webhook was not delivered; it is tried again", { ...facts, ...sent });
    return null;
  }
  await rows.giveUp(row);
  telemetry.count("webhook_deliveries", { outcome: sent.kind === "gone" ? "gone" : "given_up" });
  telemetry.log("warn", "a webhook was given up", { ...facts, ...sent });
  return sent.kind === "gone" ? "gone" : null;
}
