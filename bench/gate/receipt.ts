import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createRandomPool } from "../../src/gate/intent-template.ts";
import { createRecorder } from "../../src/gate/record.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { makeDecided } from "../../test/made-up-call.ts";

const rounds = 7;
const calls = 50_000;

/** CPU of one read's entry, from its answer to the page that goes to the store: the median, in µs. */
export async function measureReceipt(): Promise<number> {
  const recorder = createRecorder({
    clock: systemClock,
    telemetry: createInMemoryTelemetry({ clock: systemClock }),
    mode: "async",
    random: createRandomPool((length) => systemRandom.bytes(length)),
    openings: { seal: async () => new Uint8Array(), open: async () => null },
    store: { commit: async () => ({ kind: "committed", head: null }) },
  });
  const call = makeDecided({ effect: "read" });
  const result = JSON.stringify({ content: [{ type: "text", text: "ok".repeat(512) }] });
  const none = {
    of: null,
    reason: null,
    endpoint: "http://up/mcp",
    credential: null,
    sandbox: null,
  };
  const handed = { kind: "result", text: result, isError: false } as const;
  const what = { outcome: "answered", result, handed } as const;
  const ended = { ...none, call, intent: call.intent, ...what };
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (let at = 0; at < calls; at += 1) {
      const waiting = recorder.outcome({ ...ended, queuedUs: 1, upstreamUs: at });
      if (waiting !== undefined) await waiting;
      if (at % 256 === 255) await new Promise(setImmediate);
    }
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / calls);
  }
  await recorder.close();
  return times.toSorted((one, other) => one - other)[Math.floor(rounds / 2)]!;
}
