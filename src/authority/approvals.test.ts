import { expect, test } from "vitest";
import { Fault } from "../model/index.ts";
import type { ApprovalRows } from "../ports/approval-rows.ts";
import { createInMemoryBus } from "../ports/in-memory-bus.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { openApprovals, type ApprovalsOptions } from "./approvals.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("approvals that ran out and cannot be marked are said in the log, and tried again", async () => {
  const clock = createManualClock(0);
  const telemetry = createInMemoryTelemetry({ clock });
  const gone = new Fault("store_unavailable", "Postgres does not answer.");
  const marked: number[] = [];
  let isGone = true;
  const expire: ApprovalRows["expire"] = async (nowMs) => {
    if (isGone) throw gone;
    return marked.push(nowMs);
  };
  const approvals = await openApprovals({
    rows: { expire },
    bus: createInMemoryBus(),
    clock,
    random: createSeededRandom(1),
    telemetry,
  } as unknown as ApprovalsOptions);
  for (const _ of [1, 2]) {
    clock.advance(5_000);
    await settled();
  }
  const said = telemetry.lines.filter((line) => line.includes("could not be marked"));
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("store_unavailable");
  isGone = false;
  clock.advance(5_000);
  await settled();
  expect([marked, telemetry.lines.length]).toEqual([[15_000], 2]);
  await approvals.close();
});
