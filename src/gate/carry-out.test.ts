import { expect, test } from "vitest";
import { makeDecided } from "../../test/made-up-call.ts";
import { Fault } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { AdmittedCall, DecidedCall } from "./call.ts";
import { open } from "./carry-out.ts";
import type { GateParts } from "./gate-parts.ts";

const nowMs = 1_700_000_000_000;

function makeParts(more: Partial<GateParts> = {}) {
  const clock = createManualClock(nowMs);
  const deadlines: number[] = [];
  let givenBack = 0;
  const parts = {
    clock,
    rates: { take: () => undefined },
    catalog: () => ({ toolsets: new Map() }),
    deadlines: {
      start: (atMs: number) => {
        deadlines.push(atMs);
        return { extend: () => undefined, end: () => undefined };
      },
    },
    admit: (call: DecidedCall) => ({
      call: { ...call, queuedUs: 0 } as unknown as AdmittedCall,
      leave: () => undefined,
    }),
    budgets: {
      reserve: () => ({
        giveBack: () => void (givenBack += 1),
        isMoney: false,
        settle: () => undefined,
      }),
    },
    ...more,
  } as unknown as GateParts;
  return { parts, clock, deadlines, givenBack: () => givenBack };
}

test("what a call has waited before it is opened is counted once", async () => {
  const busy = new Fault("caller_busy", "It has enough.");
  const { parts, clock, deadlines } = makeParts({ admit: () => Promise.reject(busy) });
  const startedMs = clock.monotonicMs();
  const call = makeDecided({ startedMs, notAfterMs: nowMs + 1_000 });
  clock.advance(400);
  await expect(open(parts, call, "")).rejects.toBe(busy);
  expect(deadlines).toEqual([startedMs + 1_000]);
});

test("a call whose intent cannot be made durable costs nothing: nothing was sent", async () => {
  const away = new Fault("store_unavailable", "The store is away.");
  const recorder = { intent: () => Promise.reject(away) } as unknown as GateParts["recorder"];
  const { parts, givenBack } = makeParts({ recorder });
  await expect(open(parts, makeDecided(), "")).rejects.toBe(away);
  expect(givenBack()).toBe(1);
});
