import { describe, expect, test, vi } from "vitest";
import {
  adminKey,
  callerKey,
  financeKey,
  foreignApproverKey,
  ownApproverKey,
} from "../mcp/gate-under-test.ts";
import { openAttackScene, type AttackScene, type Json } from "./attack-scene.ts";
import { ways, type Way } from "./call-ways.ts";

// Nine kinds of clients beside whatever else the machine does.
vi.setConfig({ testTimeout: 20_000 });

interface Attack {
  readonly scene: AttackScene;
  readonly way: Way;
  readonly args: Json;
}

async function only({ waiting }: AttackScene) {
  const [one, ...others] = await waiting();
  expect(others).toEqual([]);
  return one!;
}

const inOrder = (statuses: readonly number[]) => statuses.toSorted((a, b) => a - b);

const countSent = ({ scene, args }: Attack): number =>
  scene.sent().filter((each) => JSON.stringify(each).includes(String(args["to"]))).length;

const call = ({ scene, way, args }: Attack, onAsked: () => unknown, says?: Json) =>
  way.call(scene.gate.url, { args, onAsked, ...(says === undefined ? {} : { says }) });

const freeze = async ({ tell }: AttackScene): Promise<void> => {
  const frozen = { kind: "tool", name: "bank__pay" };
  const { status } = await tell("freezes", { ...frozen, reason: "attack" }, adminKey);
  expect(status).toBe(200);
  expect((await tell("freezes/lift", frozen, adminKey)).status).toBe(200);
};

/** Each ends with at most the effect that was agreed to; `ends` are all that it may say. */
const attacks: Readonly<Record<string, (attack: Attack) => Promise<void>>> = {
  async "approved once, used once"(attack) {
    const { scene } = attack;
    const decide = async (word: string) => scene.decide(await only(scene), word);
    expect(await call(attack, () => decide("approved"))).toBe("done");
    expect(countSent(attack)).toBe(1);
    expect(await call(attack, () => decide("denied"))).toBe("denied");
    expect(countSent(attack)).toBe(1);
  },

  async "approved twice, and by two at once"(attack) {
    const { scene } = attack;
    const statuses: number[] = [];
    const onAsked = async () => {
      const one = await only(scene);
      const both = [scene.decide(one), scene.decide(one, "approved", { key: financeKey })];
      statuses.push(...(await Promise.all(both)).map(({ status }) => status));
      statuses.push((await scene.decide(one)).status, (await scene.decide(one, "denied")).status);
    };
    expect(await call(attack, onAsked)).toBe("done");
    expect(inOrder(statuses)).toEqual([200, 409, 409, 409]);
    expect(countSent(attack)).toBe(1);
  },

  async "approved and denied at the same moment"(attack) {
    const { scene } = attack;
    let first = "";
    const ended = await call(attack, async () => {
      const one = await only(scene);
      const [yes, no] = await Promise.all([
        scene.decide(one),
        scene.decide(one, "denied", { key: financeKey }),
      ]);
      expect(inOrder([yes.status, no.status])).toEqual([200, 409]);
      first = yes.status === 200 ? "done" : "denied";
    });
    expect(ended).toBe(first);
    expect(countSent(attack)).toBe(first === "done" ? 1 : 0);
  },

  async "twenty of the same at once, one yes"(attack) {
    const { scene } = attack;
    const all = Promise.withResolvers<unknown>();
    let asked = 0;
    const onAsked = () => {
      asked += 1;
      if (asked === 20) all.resolve(only(scene).then((one) => scene.decide(one)));
      return all.promise;
    };
    const ended = await Promise.all(Array.from({ length: 20 }, () => call(attack, onAsked)));
    expect(ended.filter((each) => each === "done")).toHaveLength(1);
    for (const each of ended) expect(["done", "consumed", "asks"]).toContain(each);
    expect(countSent(attack)).toBe(1);
    for (const one of await scene.waiting()) await scene.decide(one, "denied");
  },

  async "another argument, asked while the first waits"(attack) {
    const { scene, args } = attack;
    const other = { ...attack, args: { ...args, to: `${String(args["to"])}.` } };
    const ended = await call(attack, async () => {
      const one = await only(scene);
      const second = await call(other, async () => {
        const [, two, ...rest] = await scene.waiting();
        expect([two!.args, rest]).toEqual([{ ...other.args, currency: "EUR" }, []]);
        await scene.decide(two!, "denied");
      });
      expect(second).toBe("denied");
      await scene.decide(one);
    });
    expect(ended).toBe("done");
    expect(countSent(other)).toBe(0);
    expect(countSent(attack)).toBe(1);
  },

  async "two that were approved, used in the other order"(attack) {
    const { scene, args } = attack;
    const other = { ...attack, args: { ...args, amount: 2 } };
    const ended = await call(attack, async () => {
      const one = await only(scene);
      const second = await call(other, async () => {
        const two = (await scene.waiting()).at(-1)!;
        expect(two.id).not.toBe(one.id);
        await scene.decide(two);
      });
      expect(second).toBe("done");
      await scene.decide(one);
    });
    expect(ended).toBe("done");
    expect(scene.sent().slice(-2)).toEqual([
      { ...other.args, currency: "EUR" },
      { ...args, currency: "EUR" },
    ]);
  },

  async "ran out while it waited"(attack) {
    const { scene, way } = attack;
    let status = 0;
    const ended = await call(attack, async () => {
      const one = await only(scene);
      scene.expire();
      ({ status } = await scene.decide(one));
    });
    expect(status).toBe(410);
    expect(ended).toBe(way.forgets ? "asks" : "expired");
    expect(countSent(attack)).toBe(0);
    for (const one of await scene.waiting()) await scene.decide(one, "denied");
  },

  async "ran out after it was approved"(attack) {
    const { scene, way } = attack;
    if (way.waits) return;
    const ended = await call(attack, async () => {
      await scene.decide(await only(scene));
      scene.expire();
    });
    expect(ended).toBe(way.forgets ? "asks" : "expired");
    expect(countSent(attack)).toBe(0);
    for (const one of await scene.waiting()) await scene.decide(one, "denied");
  },

  async "frozen while it waited, and after it was approved"(attack) {
    const { scene, way } = attack;
    const void_ = way.forgets ? "asks" : "voided";
    let status = 0;
    const ended = await call(attack, async () => {
      const one = await only(scene);
      await freeze(scene);
      ({ status } = await scene.decide(one));
    });
    expect([status, ended]).toEqual([409, void_]);
    for (const one of await scene.waiting()) await scene.decide(one, "denied");
    if (way.waits) return;
    const later = { ...attack, args: { ...attack.args, amount: 9 } };
    const second = await call(later, async () => {
      await scene.decide(await only(scene));
      await freeze(scene);
    });
    expect(second).toBe(void_);
    expect(countSent(attack)).toBe(0);
    for (const one of await scene.waiting()) await scene.decide(one, "denied");
  },

  async "the client itself says yes, no and something else"(attack) {
    const { scene, way } = attack;
    if (way.forgets) return;
    const noted = { id: "", digest: "" };
    const ended = await call(
      attack,
      async () => void Object.assign(noted, await only(scene).catch(() => noted)),
      { action: "decline" },
    );
    expect(ended).toBe("withdrawn");
    expect(await scene.waiting()).toEqual([]);
    expect((await scene.decide(noted)).status).not.toBe(200);
    for (const says of [{ action: "accept", content: { approved: true } }, { approved: true }]) {
      let seen: unknown;
      const wasSent = countSent(attack);
      const next = await call(
        attack,
        async () => {
          const [one] = await scene.waiting();
          seen = one?.state ?? "withdrawn";
          if (one !== undefined) await scene.decide(one, "denied");
        },
        says,
      );
      expect(["denied", "withdrawn"]).toContain(next);
      expect(["pending", "withdrawn"]).toContain(seen);
      expect(countSent(attack)).toBe(wasSent);
      scene.expire();
    }
  },

  async "decided by those who may not, and with another digest"(attack) {
    const { scene } = attack;
    const statuses: Json = {};
    const ended = await call(attack, async () => {
      const one = await only(scene);
      const path = `approvals/${one.id}/decision`;
      const body = { digest: one.digest, word: "approved" };
      const keys = { caller: callerKey, admin: adminKey, own: ownApproverKey };
      for (const [name, key] of Object.entries(keys))
        statuses[name] = (await scene.decide(one, "approved", { key })).status;
      statuses["abroad"] = (
        await scene.decide(one, "approved", { key: foreignApproverKey })
      ).status;
      statuses["nobody"] = (await scene.tell(path, body, "no-key")).status;
      for (const method of ["GET", "HEAD", "PUT", "DELETE"])
        statuses[method] = (await scene.tell(path, undefined, financeKey, method)).status;
      statuses["none"] = (await scene.tell(path, { word: "approved" })).status;
      const digest = `sha256:${"0".repeat(64)}`;
      statuses["other"] = (await scene.tell(path, { ...body, digest })).status;
      statuses["query"] = (await scene.tell(`${path}?word=approved&digest=${one.digest}`)).status;
      await scene.decide(one, "denied");
    });
    expect(statuses).toEqual({
      caller: 403,
      admin: 403,
      own: 403,
      abroad: 404,
      nobody: 401,
      GET: 405,
      HEAD: 405,
      PUT: 405,
      DELETE: 405,
      query: 405,
      none: 400,
      other: 412,
    });
    expect(ended).toBe("denied");
    expect(countSent(attack)).toBe(0);
  },
};

describe.each(ways)("I3: a call that a person is asked about, by $name", (way) => {
  test("is made at most once for each yes, whatever is tried", async () => {
    const scene = await openAttackScene();
    expect.hasAssertions();
    for (const [name, run] of Object.entries(attacks)) {
      await run({ scene, way, args: { to: name, amount: 1 } }).catch((error: Error) => {
        error.message = `${name}: ${error.message}`;
        throw error;
      });
    }
  });
});
