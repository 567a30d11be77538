import { expect, test } from "vitest";
import { makeCall, makeRequest, makeRun, makeTool } from "../../test/made-up-call.ts";
import { toDigest, type RunId } from "../model/index.ts";
import type { Decider } from "../ports/decider.ts";
import { createInMemoryLabels } from "../ports/in-memory-labels.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createLabels } from "./labels.ts";

const clock = createManualClock(1_700_000_000_000);
const decider = (reads: boolean): Decider => ({
  decide: () => ({ kind: "allow", policy: toDigest("all"), reasons: [], obligations: [] }),
  keepsLabels: reads,
  readsLabels: () => reads,
});
const reader = makeTool("look", {
  effect: "read",
  config: { effect: "read", idempotent: true, labels: ["untrusted"] },
});

function open({ current, begun }: { readonly current: boolean; readonly begun: boolean | null }) {
  const rows = createInMemoryLabels();
  const forgetMs = 60_000;
  const labels = createLabels({ rows, clock, decider: decider(current), forgetMs });
  const callOf = (id: string) => {
    const rules = begun === null ? null : decider(begun);
    const run = makeRun({ run: id as RunId, rules });
    return makeCall({ request: makeRequest({ context: id, run }), tool: reader });
  };
  return { labels, callOf };
}

const one = "018bcfe5-6800-7101-8101-010101010101";
const other = "018bcfe5-6800-7101-8101-010101010102";

test.each([
  [{ current: true, begun: null }, ["untrusted"]],
  [{ current: true, begun: false }, ["untrusted"]],
  [{ current: false, begun: true }, ["untrusted"]],
  [{ current: false, begun: false }, []],
])(
  "a run's context is labelled where either set of rules reads labels: %j",
  async (given, kept) => {
    const { labels, callOf } = open(given);
    expect(await labels.before(callOf(one))).toEqual([]);
    await labels.after(callOf(one));
    expect(await labels.before(callOf(one))).toEqual(kept);
    // Another run of the same agent has read nothing.
    expect(await labels.before(callOf(other))).toEqual([]);
  },
);
