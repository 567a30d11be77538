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

/** Refreshes that go on until they are ended, and the issuers of those that have begun. */
function openQueue() {
  const clock = createManualClock(0);
  const queue = createIssuerQueue(clock);
  const begun: string[] = [];
  const ends = new Map<string, (() => void)[]>();
  return {
    clock,
    begun,
    run(issuer: string): Promise<unknown> {
      const task = () => {
        begun.push(issuer);
        return new Promise<void>((resolve) =>
          ends.set(issuer, [...(ends.get(issuer) ?? []), resolve]),
        );
      };
      return codeOf(queue.run(issuer, task));
    },
    async endAll(): Promise<void> {
      for (const [issuer, each] of ends) {
        ends.delete(issuer);
        for (const end of each) end();
      }
      await settle();
    },
  };
}

test.each([4, 5])(
  "I13: %i issuers that do not answer leave a place to another one at once",
  async (count) => {
    const { begun, run } = openQueue();
    const slow = Array.from({ length: count }, (_, each) => `https://slow-${each}.example`);
    for (const issuer of slow) {
      void run(issuer);
      void run(issuer);
      void run(issuer);
    }
    await settle();
    void run("https://other.example");
    await settle();
    expect(begun).toContain("https://other.example");
    expect(new Set(begun)).toEqual(new Set([...slow, "https://other.example"]));
    expect(begun.length).toBeLessThanOrEqual(8);
  },
);

test("I13: issuers that were slow share half of the places, until they answer quickly again", async () => {
  const { clock, begun, run, endAll } = openQueue();
  const slow = Array.from({ length: 20 }, (_, each) => `https://slow-${each}.example`);
  const isSlow = (issuer: string): boolean => slow.includes(issuer);
  // Nobody knows it of them yet: all places are taken, and half of those are known to be slow then.
  for (const issuer of slow) void run(issuer);
  await settle();
  expect(begun).toEqual(slow.slice(0, 8));
  clock.advance(2_000);
  await endAll();
  // The next eight are new as well; the twenty have all been slow when those and the last four end.
  clock.advance(2_000);
  await endAll();
  clock.advance(2_000);
  await endAll();
  expect(begun).toEqual(slow);
  begun.length = 0;
  for (const issuer of slow) void run(issuer);
  for (let each = 0; each < 4; each += 1) void run(`https://other-${each}.example`);
  await settle();
  expect(begun.filter(isSlow)).toHaveLength(4);
  expect(begun.filter((issuer) => !isSlow(issuer))).toHaveLength(4);
  // Each that ends in time is no slow one any more, and takes its place like others.
  for (let round = 0; round < 6; round += 1) await endAll();
  expect(new Set(begun).size).toBe(24);
  begun.length = 0;
  for (const issuer of slow.slice(0, 8)) void run(issuer);
  await settle();
  expect(begun).toHaveLength(8);
});

test("I13: a slow issuer holds back its own refreshes, and those at others are done meanwhile", async () => {
  const issuers = createScriptedIssuers();
  const house = createHouse(issuers, sources.user);
  const places = Array.from({ length: 4 }, (_, each) => `slow-${each}`);
  for (const server of [...places, "quick"]) {
    const issuer = { ...sources.user.issuer, issuer: `https://${server}.example` };
    house.sources.set(server, { ...sources.user, issuer });
  }
  const broker = house.createReplica();
  const people = [ann, toPrincipal("bo"), toPrincipal("cy")];
  for (const server of [...places, "quick"])
    for (const principal of people) await agree(broker, principal, server);
  house.clock.advance(3_600_000);
  const slow = Promise.withResolvers<Granted>();
  const { answer } = issuers;
  issuers.answer = (grant, at) => (at.issuer.includes("slow") ? slow.promise : answer(grant, at));
  const held = places.flatMap((server) =>
    people.map((principal) => broker.headersFor(toAsk({ server, principal }))),
  );
  await settle();
  for (const principal of people)
    expect(await broker.headersFor(toAsk({ server: "quick", principal }))).toMatchObject({
      kind: "ready",
    });
  slow.resolve({ kind: "refused", error: "temporarily_unavailable" });
  for (const outcome of await Promise.all(held)) expect(outcome.kind).toBe("refused");
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
