import { Fault, toSubjectKey } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { AdmittedCall, DecidedCall } from "./call.ts";
import { Slots, type SlotBounds } from "./slots.ts";

export interface AdmitOptions {
  readonly clock: Clock;
  readonly telemetry?: Pick<Telemetry, "gauge" | "observe">;
  /** Of one caller. */
  readonly caller: SlotBounds & { readonly rate: number | null };
  /** Of all callers of one tenant. */
  readonly tenant: SlotBounds;
}

export interface Admitted {
  readonly call: AdmittedCall;
  /** Gives the places back; once. */
  readonly leave: () => void;
}

/** Callers and tools that are idle are forgotten; with this many busy ones at once, one more is refused. */
const maxKeys = 50_000;

/** The only maker of an `AdmittedCall`: rate and places of caller and tenant, then of tool and server. */
export function createAdmit({
  clock,
  telemetry,
  caller,
  tenant: ofTenant,
}: AdmitOptions): (call: DecidedCall, signal: AbortSignal) => Promise<Admitted> | Admitted {
  const slots = new Map<string, Slots>();
  const line = createLine(clock, telemetry);
  const buckets = caller.rate === null ? null : createBuckets(clock, caller.rate);

  function slotsOf(key: string, bounds: SlotBounds, code: keyof typeof fullMessages): Slots {
    const known = slots.get(key);
    if (known !== undefined) return known;
    const made = new Slots(bounds, { code, message: fullMessages[code] });
    slots.set(key, made);
    return made;
  }

  /** In this order: whoever waits for a tool holds no place of the server that others could use. */
  function placesOf({ request, server, tool }: DecidedCall): readonly Slots[] {
    makeRoom(slots);
    const { config } = server;
    const { concurrency, queue } = config;
    const startsRuns = config.transport === "internal" && config.startsRuns;
    const { principal } = request;
    // Whoever waits for an agent must not hold a place that the agent's run needs to go on.
    if (startsRuns && request.run === undefined)
      return [slotsOf(`s\n${server.name}`, { concurrency, queue }, "upstream_busy")];
    const places = [
      slotsOf(`c\n${toSubjectKey(principal)}`, caller, "caller_busy"),
      slotsOf(`n\n${principal.tenant}`, ofTenant, "tenant_busy"),
    ];
    const ofTool = tool?.config.concurrency;
    if (tool !== null && ofTool !== undefined) {
      places.push(
        slotsOf(`t\n${server.name}\n${tool.name}`, { concurrency: ofTool, queue }, "upstream_busy"),
      );
    }
    if (!startsRuns)
      places.push(slotsOf(`s\n${server.name}`, { concurrency, queue }, "upstream_busy"));
    return places;
  }

  return (call, signal) => {
    const { principal } = call.request;
    buckets?.take(toSubjectKey(principal));
    const places = placesOf(call);
    let entered = 0;
    while (entered < places.length && places[entered]!.tryEnter()) entered += 1;
    if (entered === places.length) return toAdmitted(call, places, 0);
    const rest = { places, from: entered, tenant: principal.tenant };
    return line
      .stand(enterRest(rest, signal))
      .then((waitedMs) => toAdmitted(call, places, Math.round(waitedMs * 1_000)));
  };
}

const fullMessages = {
  caller_busy: "This caller has as many calls under way and waiting as it may.",
  tenant_busy: "This tenant has as many calls under way and waiting as it may.",
  upstream_busy: "As many calls as this server or tool takes are under way and waiting.",
};

interface Rest {
  readonly places: readonly Slots[];
  readonly from: number;
  readonly tenant: string;
}

/** Those that wait for a place. What passes without waiting costs nothing here. */
function createLine(clock: Clock, telemetry: AdmitOptions["telemetry"]) {
  let waiting = 0;
  const change = (by: 1 | -1): void => {
    waiting += by;
    telemetry?.gauge("gate_waiting", waiting);
  };
  return {
    /** For how many milliseconds it waited. */
    async stand(entered: Promise<void>): Promise<number> {
      const startedMs = clock.monotonicMs();
      change(1);
      try {
        await entered;
        return clock.monotonicMs() - startedMs;
      } finally {
        change(-1);
        telemetry?.observe("gate_wait_seconds", (clock.monotonicMs() - startedMs) / 1_000);
      }
    },
  };
}

/** All or none: whoever cannot go on gives back what it has. */
async function enterRest({ places, from, tenant }: Rest, signal: AbortSignal): Promise<void> {
  let entered = from;
  try {
    for (; entered < places.length; entered += 1) await places[entered]!.enter(signal, tenant);
  } catch (error) {
    for (const place of places.slice(0, entered)) place.leave();
    throw error;
  }
}

function toAdmitted(call: DecidedCall, places: readonly Slots[], queuedUs: number): Admitted {
  let left = false;
  return {
    call: { ...call, queuedUs } as AdmittedCall,
    leave: () => {
      if (left) return;
      left = true;
      for (const place of places) place.leave();
    },
  };
}

/** Before a call takes any: what it has just got must not be forgotten as idle. */
function makeRoom(slots: Map<string, Slots>): void {
  if (slots.size + placesOfCall <= maxKeys) return;
  for (const [key, each] of slots) if (each.isIdle) slots.delete(key);
  if (slots.size + placesOfCall > maxKeys)
    throw new Fault("overloaded", "Too many callers and tools are busy at once.");
}

/** Of the caller, the tenant, the tool and the server. */
const placesOfCall = 4;

/** So many a minute, in bursts of a tenth of that. */
function createBuckets(clock: Clock, perMinute: number) {
  const burst = Math.max(1, perMinute / 10);
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(key: string): void {
      const nowMs = clock.monotonicMs();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        if (buckets.size >= maxKeys) forgetFull(buckets, { burst, perMinute, nowMs });
        bucket = { tokens: burst, atMs: nowMs };
        buckets.set(key, bucket);
      }
      bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / 60_000);
      bucket.atMs = nowMs;
      if (bucket.tokens < 1) {
        const retryAfterMs = Math.ceil(((1 - bucket.tokens) * 60_000) / perMinute);
        throw new Fault(
          "caller_busy",
          "This caller has made as many calls in this minute as it may.",
          {
            details: { retryAfterMs },
          },
        );
      }
      bucket.tokens -= 1;
    },
  };
}

function forgetFull(
  buckets: Map<string, { tokens: number; atMs: number }>,
  {
    burst,
    perMinute,
    nowMs,
  }: { readonly burst: number; readonly perMinute: number; readonly nowMs: number },
): void {
  for (const [key, { tokens, atMs }] of buckets) {
    if (tokens + ((nowMs - atMs) * perMinute) / 60_000 >= burst) buckets.delete(key);
  }
  if (buckets.size >= maxKeys) throw new Fault("overloaded", "Too many callers are busy at once.");
}
