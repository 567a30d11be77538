import { expect, test } from "vitest";
import {
  agree,
  ann,
  createHouse,
  sources,
  toAsk,
  toPrincipal,
} from "../../test/oauth/broker-under-test.ts";
import { createScriptedIssuers } from "../../test/oauth/scripted-issuers.ts";
import type { Fault } from "../model/index.ts";
import type { Granted } from "../ports/credentials.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createIssuerQueue } from "./broker-queue.ts";

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: Fault) => error.code,
  );
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

test("I13: two at a time at one issuer, in order, and no more than so many wait", async () => {
  const queue = createIssuerQueue(createManualClock(0));
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const runs = Array.from({ length: 67 }, (_, each) =>
    codeOf(
      queue.run("https://slow.example", () => {
        begun.push(each);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    ),
  );
  expect(await runs[66]).toBe("upstream_busy");
  expect(begun).toEqual([0, 1]);
  expect(await queue.run("https://other.example", async () => "at once")).toBe("at once");
  for (let each = 0; each < 66; each += 1) {
    ends[each]!();
    await settle();
  }
  expect(begun).toEqual(Array.from({ length: 66 }, (_, each) => each));
  expect(new Set(await Promise.all(runs.slice(0, 66)))).toEqual(new Set(["done"]));
});

test("I13: who waits too long is told to come again, and a failure gives its place on", async () => {
  const clock = createManualClock(0);
  const queue = createIssuerQueue(clock);
  const failing = Promise.withResolvers<never>();
  const first = [1, 2].map(() => codeOf(queue.run("i", () => failing.promise)));
  const late = codeOf(queue.run("i", async () => undefined));
  clock.advance(15_000);
  expect(await late).toBe("upstream_busy");
  const next = codeOf(queue.run("i", async () => undefined));
  failing.reject(Object.assign(new Error("no"), { code: "failed" }));
  expect(await Promise.all([...first, next])).toEqual(["failed", "failed", "done"]);
  expect(await queue.run("i", async () => "free again")).toBe("free again");
});

test("I13: rows are taken by as many refreshes at a slow issuer as it may have", async () => {
  const issuers = createScriptedIssuers();
  const { vault, clock, createReplica } = createHouse(issuers, sources.user);
  let held = 0;
  let most = 0;
  const update: typeof vault.update = async (...given) => {
    most = Math.max(most, (held += 1));
    return vault.update(...given).finally(() => (held -= 1));
  };
  const broker = createReplica({ vault: { ...vault, update } });
  const people = [ann, ...Array.from({ length: 9 }, (_, each) => toPrincipal(`user-${each}`))];
  for (const person of people) await agree(broker, person);
  clock.advance(3_600_000);
  [held, most] = [0, 0];
  const slow = Promise.withResolvers<Granted>();
  issuers.answer = () => slow.promise;
  const asked = people.map((principal) => broker.headersFor(toAsk({ principal })));
  await new Promise((resolve) => setImmediate(resolve));
  expect(most).toBe(2);
  slow.resolve({ kind: "refused", error: "temporarily_unavailable" });
  await Promise.all(asked);
  expect(most).toBe(2);
});
