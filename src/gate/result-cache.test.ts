import { expect, test } from "vitest";
import { makeDecided, makeRequest, makeRun, makeTool } from "../../test/made-up-call.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Opened } from "./call.ts";
import type { Exchanged } from "./exchange.ts";
import { createResultCache } from "./result-cache.ts";

test("a run that asks what is so now is not told what was kept, nor is what it is told kept", async () => {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const cache = createResultCache({ clock, telemetry, onEffect: () => undefined });
  let sent = 0;
  const ask = async (isFresh: boolean) => {
    const run = makeRun(isFresh ? { isFresh } : {});
    const tool = makeTool("look", { config: { effect: "read", idempotent: true, cache: 60_000 } });
    const call = makeDecided({ request: makeRequest({ run }), tool, effect: "read" });
    const opened = { call, extra: "" } as unknown as Opened;
    const exchanged = await cache.through(opened, new AbortController().signal, async () => {
      sent += 1;
      const value = { sent };
      return {
        kind: "ended",
        answer: { kind: "result", value, text: "{}" },
      } as unknown as Exchanged;
    });
    return exchanged.kind === "ended" && exchanged.answer.kind === "result"
      ? exchanged.answer.value["sent"]
      : null;
  };
  expect(await ask(false)).toBe(1);
  expect(await ask(false)).toBe(1);
  expect(await ask(true)).toBe(2);
  expect(await ask(false)).toBe(1);
});
