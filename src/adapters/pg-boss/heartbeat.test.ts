import { expect, test } from "vitest";
import type { RunId, TenantId } from "../../model/index.ts";
import { createManualClock } from "../../ports/manual-clock.ts";
import { Heartbeat, type Held } from "./heartbeat.ts";
import type { Claim } from "./wake-queue.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function toHeld(id: string): Held {
  const claim: Claim = { id, run: id as RunId, tenant: "acme" as TenantId, attempt: 0 };
  return { claim, abort: new AbortController(), state: "running", renewedAtMs: 0, reason: "" };
}

function beating(touch: (claims: readonly Claim[]) => Promise<ReadonlySet<string>>) {
  const clock = createManualClock(0);
  const held = new Set([toHeld("a"), toHeld("b")]);
  const [a, b] = held;
  const faults: unknown[] = [];
  const touched: (readonly string[])[] = [];
  const heartbeat = new Heartbeat({
    clock,
    held,
    onFault: (fault) => faults.push(fault),
    queue: {
      touch(claims) {
        touched.push(claims.map(({ id }) => id));
        return touch(claims);
      },
    },
  });
  const advance = async (ms: number) => {
    for (let count = 0; count < ms / 500; count++) {
      await settled();
      clock.advance(500);
      await settled();
    }
  };
  return { heartbeat, held, a: a!, b: b!, touched, faults, advance };
}

test("claims are renewed together every three seconds, and no wake is stopped", async () => {
  const beat = beating(async (claims) => new Set(claims.map(({ id }) => id)));
  await beat.advance(30_000);
  expect(beat.touched).toHaveLength(11);
  expect(beat.touched[0]).toEqual(["a", "b"]);
  expect(beat.a.abort.signal.aborted).toBe(false);
  await beat.heartbeat.stop();
});

test("a wake whose claim is gone is stopped at once, the others go on", async () => {
  const beat = beating(async () => new Set(["b"]));
  await beat.advance(500);
  expect(beat.a).toMatchObject({ state: "lost" });
  expect(beat.a.abort.signal.reason).toMatchObject({ code: "draining" });
  expect(beat.b).toMatchObject({ state: "running" });
  await beat.advance(3_000);
  expect(beat.touched[1]).toEqual(["b"]);
  await beat.heartbeat.stop();
});

test("without an answer wakes are stopped two seconds before others may have them", async () => {
  const never = Promise.withResolvers<ReadonlySet<string>>();
  const beat = beating(() => never.promise);
  await beat.advance(7_500);
  expect(beat.a.state).toBe("running");
  await beat.advance(500);
  expect([beat.a.state, beat.b.state]).toEqual(["lost", "lost"]);
  expect(beat.touched).toHaveLength(1);
  never.resolve(new Set());
  await beat.heartbeat.stop();
});

test("a process that was frozen stops its wakes when it thaws", async () => {
  const beat = beating(async (claims) => new Set(claims.map(({ id }) => id)));
  await beat.advance(500);
  beat.a.renewedAtMs = -20_000;
  await beat.advance(500);
  expect(beat.a.abort.signal.aborted).toBe(true);
  await beat.heartbeat.stop();
});

test("a renewal that fails is told and tried again; what has ended is left alone", async () => {
  const beat = beating(() => Promise.reject(new Error("down")));
  beat.b.state = "done";
  await beat.advance(8_500);
  expect(beat.faults).toEqual([new Error("down"), new Error("down"), new Error("down")]);
  expect([beat.a.state, beat.b.state]).toEqual(["lost", "done"]);
  expect(beat.b.abort.signal.aborted).toBe(false);
  await beat.heartbeat.stop();
});
