import { expect, test } from "vitest";
import { makeDecided } from "../../test/made-up-call.ts";
import type { EntryId } from "../model/index.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { AdmittedCall, Opened } from "./call.ts";
import { takeLetter } from "./carry-out.ts";
import { createDeadlines } from "./deadlines.ts";
import type { Attached } from "./exchange.ts";
import type { GateParts } from "./gate-parts.ts";
import type { Outcome } from "./outcome.ts";
import { createWords } from "./words.ts";

test("I4: a call that a letter took up ends with the time of whoever sent it", async () => {
  const clock = createManualClock(0);
  const call = { ...makeDecided(), queuedUs: 0 } as unknown as AdmittedCall;
  const noted = { credential: null, sandbox: null, isUnsent: false, wasReceived: true };
  const words = createWords(() => undefined);
  const opened = { call, of: "entry" as EntryId, extra: "", noted, words } as unknown as Opened;
  const said: string[] = [];
  const seen: number[] = [];
  const follow = ({ cancel, notAfterMs }: Attached) => {
    seen.push(notAfterMs);
    // A server that never answers.
    return new Promise<never>((_, reject) => {
      cancel.signal.addEventListener("abort", () => reject(cancel.signal.reason as Error));
    });
  };
  const parts = {
    clock,
    telemetry: createInMemoryTelemetry({ clock }),
    deadlines: createDeadlines(clock),
    exchange: { resume: () => ({ opened, follow }) },
    cache: { resumed: (_: Opened, send: () => Promise<never>) => send() },
    recorder: { outcome: ({ outcome, reason }: Outcome) => void said.push(`${outcome} ${reason}`) },
  } as unknown as GateParts;
  const letter = { kind: "parked", owner: "", parked: "", responses: {}, withinMs: 5_000 } as const;
  clock.advance(1_000);
  const { signal } = new AbortController();
  const ended = takeLetter(parts, letter, signal).catch((fault: unknown) => fault);
  expect(seen).toEqual([6_000]);
  for (let count = 0; count < 249; count += 1) {
    clock.advance(20);
    await Promise.resolve();
  }
  expect(said).toEqual([]);
  for (let count = 0; count < 3; count += 1) {
    clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await ended).toMatchObject({ code: "deadline_exceeded" });
  expect(said).toEqual(["unknown deadline_exceeded"]);
});
