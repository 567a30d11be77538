import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Fault } from "../../src/model/index.ts";
import { RpcRefusal } from "../../src/mcp/rpc-error.ts";
import { ownOutcomeNames } from "../../src/ports/gate.ts";
import { makeRequest } from "../made-up-call.ts";
import { adminKey, financeKey, otherKey } from "../mcp/gate-under-test.ts";
import { scaled, seed } from "../scale.ts";
import { agreed, openAttackScene, urlClient, type AttackScene, type Json } from "./attack-scene.ts";

vi.setConfig({ testTimeout: 900_000 });

type Step =
  | { readonly do: "call"; readonly who: number; readonly what: number; readonly how: How }
  | { readonly do: "decide"; readonly at: number; readonly word: string; readonly key?: string }
  | { readonly do: "expire" | "freeze" | "withdraw" };
/** In words, for a question with nothing to bring back, or with a state that was given before. */
type How = "words" | "ask" | "back" | "keyed";

const people = ["ann", "bob"];
const amounts = [1, 2];

const call = fc.record({
  do: fc.constant("call" as const),
  who: fc.nat(people.length - 1),
  what: fc.nat(amounts.length - 1),
  how: fc.constantFrom<How>("words", "ask", "back", "back", "keyed"),
});
const decide = fc.record({
  do: fc.constant("decide" as const),
  at: fc.nat(3),
  word: fc.constantFrom("approved", "approved", "approved", "denied"),
  key: fc.constantFrom("the-key-of-the-approver", financeKey, otherKey),
});
const rare = fc.record({ do: fc.constantFrom("expire" as const, "freeze", "withdraw") });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: call },
  { weight: 5, arbitrary: decide },
  { weight: 1, arbitrary: rare },
);
/** The steps of one moment run side by side. */
const moments = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), {
  minLength: 2,
  maxLength: 10,
});

const faults = new Set([
  "frozen",
  "key_in_use",
  "key_reused",
  "approval_decided",
  "approvals_full",
]);
const ends = new Set<string>(["done", "input_required", ...ownOutcomeNames]);

/** One world: what was agreed to in it, and what its clients were given to come back with. */
function openWorld(scene: AttackScene, mark: string) {
  const states: { readonly of: string; readonly state: string }[] = [];
  const given = new Map<string, number>();
  const heard: string[] = [];
  const toArgs = (who: number, what: number): Json => ({
    amount: amounts[what]!,
    to: `${mark} ${people[who]!}`,
  });

  async function exchange(who: number, what: number, how: How): Promise<void> {
    const args = toArgs(who, what);
    const of = JSON.stringify(args);
    const back = states.findLast((each) => each.of === of && how === "back");
    const more = back === undefined ? {} : { requestState: back.state, inputResponses: agreed };
    const key =
      how === "keyed" ? { "dev.countersign/key": `${mark}-${who}-${what}`.replace(" ", "-") } : {};
    const principal = { tenant: "default", kind: "user", subject: people[who]!, actor: null };
    const request = makeRequest({
      principal: principal as never,
      params: { name: "bank__pay", arguments: args as never, _meta: key, ...more },
      argumentsText: of,
      client: {
        era: "modern",
        version: "2026-07-28",
        capabilities: how === "words" || how === "keyed" ? {} : urlClient,
        ask: null,
      },
      // Long enough for the others of its moment, not for a person who does not come.
      deadlineMs: back === undefined ? 30_000 : 250,
    });
    try {
      const answer = await scene.gate.gate.gate.exchange(request);
      if (answer.kind === "error") return void heard.push(`error ${answer.error.code}`);
      const result = JSON.parse(answer.text) as Json;
      if (result["resultType"] === "input_required") {
        states.push({ of, state: String(result["requestState"]) });
        return void heard.push("input_required");
      }
      heard.push(answer.outcome ?? "done");
    } catch (error) {
      if (error instanceof Fault) return void heard.push(error.code);
      if (error instanceof RpcRefusal) return void heard.push(`refused ${error.code}`);
      throw error;
    }
  }

  async function run(one: Step): Promise<void> {
    switch (one.do) {
      case "call":
        return exchange(one.who, one.what, one.how);
      case "decide": {
        const found = (await scene.waiting())[one.at];
        if (found === undefined) return;
        const { status, body } = await scene.decide(found, one.word, { key: one.key! });
        if (one.key === otherKey) expect(status).toBe(403);
        else expect([200, 409, 410]).toContain(status);
        if (status !== 200 || body["state"] !== "approved") return;
        const { amount, to } = found.args as Json;
        const of = JSON.stringify({ amount, to });
        given.set(of, (given.get(of) ?? 0) + 1);
        return;
      }
      case "expire":
        return scene.expire();
      case "withdraw": {
        const found = (await scene.waiting())[0];
        if (found !== undefined)
          await scene.gate.store.approvals.void("default" as never, found.id as never);
        return;
      }
      case "freeze": {
        const frozen = { kind: "tool", name: "bank__pay" };
        await scene.tell("freezes", { ...frozen, reason: "a test" }, adminKey);
        await scene.tell("freezes/lift", frozen, adminKey);
      }
    }
  }
  return { run, given, heard };
}

test("I3: whatever several clients and approvers do in whatever order, no effect is without its own yes", async () => {
  const scene = await openAttackScene();
  const all: Record<string, number> = {};
  let worlds = 0;
  let effects = 0;
  await fc.assert(
    fc.asyncProperty(moments, async (given) => {
      const mark = `world ${(worlds += 1)}`;
      const before = scene.sent().length;
      const world = openWorld(scene, mark);
      for (const moment of given) await Promise.all(moment.map((one) => world.run(one)));
      for (const { id } of await scene.waiting())
        await scene.gate.store.approvals.void("default" as never, id as never);
      const done = new Map<string, number>();
      for (const sent of scene.sent().slice(before) as Json[]) {
        const { currency, amount, to, ...more } = sent;
        expect([currency, more]).toEqual(["EUR", {}]);
        const of = JSON.stringify({ amount, to });
        done.set(of, (done.get(of) ?? 0) + 1);
        effects += 1;
      }
      for (const [of, count] of done)
        expect(count, of).toBeLessThanOrEqual(world.given.get(of) ?? 0);
      for (const each of world.heard) {
        all[each] = (all[each] ?? 0) + 1;
        expect(ends.has(each) || faults.has(each) || each === "refused -32602", each).toBe(true);
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 60, prove: 3_000 }) },
  );
  console.log(`${worlds} worlds, ${effects} effects: ${JSON.stringify(all)}`);
  expect(effects).toBeGreaterThan(0);
});
