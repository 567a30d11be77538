import { describe, expect, test } from "vitest";
import type { TenantId } from "../../src/model/index.ts";
import {
  deliveryBytes,
  type DeliveryDraft,
  type DeliveryRow,
} from "../../src/ports/delivery-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newTenant, startMs, toBytes, toText } from "./store-values.ts";

const most = 1_000;

function toDraft(tenant: TenantId, changes: Partial<DeliveryDraft> = {}): DeliveryDraft {
  const [nowMs, dueAtMs] = [startMs, startMs];
  return {
    tenant,
    hook: "chat",
    event: "one_asked",
    body: toBytes("{}"),
    nowMs,
    dueAtMs,
    ...changes,
  };
}

const taking = (tenant: TenantId, nowMs = startMs) => ({
  tenant,
  hook: "chat",
  nowMs,
  leaseMs: 60_000,
  limit: 100,
});

const toEvents = (rows: readonly DeliveryRow[]) => rows.map(({ event }) => event).toSorted();

/** What is on its way to webhooks. */
export function describeDeliveries(under: () => StoreUnderTest): void {
  describe("deliveries", () => {
    describeTaking(under);
    describeEnds(under);
    describeBounds(under);
  });
}

function describeTaking(under: () => StoreUnderTest): void {
  test("are taken when they are due, whole, each hook's its own", async () => {
    const { deliveries } = under().store;
    const tenant = newTenant();
    const body = toBytes('{"type":"approval.asked"}');
    await deliveries.put(toDraft(tenant, { event: "b_asked", body, dueAtMs: startMs + 5 }), most);
    await deliveries.put(toDraft(tenant, { event: "a_asked", hook: "mail" }), most);
    await deliveries.put(toDraft(newTenant(), { event: "c_asked" }), most);
    expect(await deliveries.take(taking(tenant, startMs + 4))).toEqual([]);
    const [row, ...others] = await deliveries.take(taking(tenant, startMs + 5));
    expect(others).toEqual([]);
    expect({ ...row, body: toText(row!.body) }).toEqual({
      tenant,
      hook: "chat",
      event: "b_asked",
      body: toText(body),
      createdAtMs: startMs,
      tries: 1,
    });
  });

  test("are put once for each hook, however often they are announced", async () => {
    const { store, peer } = under();
    const draft = toDraft(newTenant());
    const puts = [store, peer, store, peer].map(({ deliveries }) => deliveries.put(draft, most));
    const outcomes = (await Promise.all(puts)).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(["exists", "exists", "exists", "put"]);
    const [row] = await store.deliveries.take(taking(draft.tenant));
    expect(await store.deliveries.done(row!)).toBe(true);
    expect((await store.deliveries.put(draft, most)).outcome).toBe("exists");
    expect(await store.deliveries.take(taking(draft.tenant, startMs + 1e9))).toEqual([]);
    const other = await store.deliveries.put({ ...draft, hook: "mail" }, most);
    expect(other.outcome).toBe("put");
  });

  test("are taken by one replica at a time, until its lease ends", async () => {
    const { store, peer } = under();
    const tenant = newTenant();
    for (let n = 0; n < 40; n += 1) {
      await store.deliveries.put(toDraft(tenant, { event: `e${n}` }), most);
    }
    const asked = { ...taking(tenant), limit: 10 };
    const takes = [store, peer, store, peer, store].map((each) => each.deliveries.take(asked));
    const taken = (await Promise.all(takes)).flat();
    expect(new Set(toEvents(taken)).size).toBe(taken.length);
    const rest = await store.deliveries.take(taking(tenant));
    expect(toEvents([...taken, ...rest])).toHaveLength(40);
    expect(await peer.deliveries.take(taking(tenant, startMs + 59_999))).toEqual([]);
    const again = await peer.deliveries.take(taking(tenant, startMs + 60_000));
    expect(again.map(({ tries }) => tries)).toEqual(Array.from({ length: 40 }, () => 2));
  });
}

function describeEnds(under: () => StoreUnderTest): void {
  test("come again when they failed, and no more once they ended", async () => {
    const { deliveries } = under().store;
    const tenant = newTenant();
    await deliveries.put(toDraft(tenant), most);
    const [first] = await deliveries.take(taking(tenant));
    expect(await deliveries.fail(first!, startMs + 5_000)).toBe(true);
    expect(await deliveries.take(taking(tenant, startMs + 4_999))).toEqual([]);
    const [second] = await deliveries.take(taking(tenant, startMs + 5_000));
    expect(second!.tries).toBe(2);
    expect(await deliveries.giveUp(second!)).toBe(true);
    expect(await deliveries.take(taking(tenant, startMs + 1e9))).toEqual([]);
    for (const end of [deliveries.done, deliveries.giveUp]) expect(await end(second!)).toBe(false);
    expect(await deliveries.fail(second!, startMs)).toBe(false);
  });

  test("whose lease ended are changed by their next taker alone", async () => {
    const { store, peer } = under();
    const tenant = newTenant();
    await store.deliveries.put(toDraft(tenant), most);
    const [late] = await store.deliveries.take(taking(tenant));
    const [now] = await peer.deliveries.take(taking(tenant, startMs + 60_000));
    expect(await store.deliveries.giveUp(late!)).toBe(false);
    expect(await store.deliveries.fail(late!, startMs)).toBe(false);
    expect(await store.deliveries.done(late!)).toBe(false);
    expect(await peer.deliveries.done(now!)).toBe(true);
    const foreign = { ...now!, tenant: newTenant() };
    expect(await store.deliveries.done(foreign)).toBe(false);
  });
}

function describeBounds(under: () => StoreUnderTest): void {
  test("beyond the bound the oldest of the tenant are given up, and counted", async () => {
    const { deliveries } = under().store;
    const [tenant, other] = [newTenant(), newTenant()];
    await deliveries.put(toDraft(other), 3);
    for (let n = 0; n < 5; n += 1) {
      const hook = n % 2 === 0 ? "chat" : "mail";
      const put = await deliveries.put(toDraft(tenant, { event: `e${n}`, hook }), 3);
      expect(put).toEqual({ outcome: "put", givenUp: n < 3 ? 0 : 1 });
    }
    expect(toEvents(await deliveries.take(taking(tenant)))).toEqual(["e2", "e4"]);
    expect(toEvents(await deliveries.take({ ...taking(tenant), hook: "mail" }))).toEqual(["e3"]);
    expect(toEvents(await deliveries.take(taking(other)))).toEqual(["one_asked"]);
  });

  test("the bound holds however many are put at once, at two replicas", async () => {
    const { store, peer } = under();
    const tenant = newTenant();
    const puts = Array.from({ length: 60 }, (_, n) =>
      (n % 2 === 0 ? store : peer).deliveries.put(toDraft(tenant, { event: `e${n}` }), 10),
    );
    const outcomes = await Promise.all(puts);
    expect(outcomes.every(({ outcome }) => outcome === "put")).toBe(true);
    await store.deliveries.put(toDraft(tenant, { event: "last" }), 10);
    const left = await store.deliveries.take(taking(tenant));
    expect(left).toHaveLength(10);
    expect(toEvents(left)).toContain("last");
  });

  test("what is old is swept, ended or not, a part at a time", async () => {
    const { deliveries } = under().store;
    const tenant = newTenant();
    const early = startMs - 1e9;
    for (const event of ["a", "b", "c"]) {
      await deliveries.put(toDraft(tenant, { event, nowMs: early }), most);
    }
    await deliveries.put(toDraft(tenant, { event: "new" }), most);
    const [row] = await deliveries.take({ ...taking(tenant), limit: 1 });
    await deliveries.done(row!);
    expect(await deliveries.sweep(early, 100)).toBe(0);
    expect(await deliveries.sweep(early + 1, 2)).toBe(2);
    expect(await deliveries.sweep(early + 1, 2)).toBe(1);
    expect(toEvents(await deliveries.take(taking(tenant, startMs + 1e9)))).toEqual(["new"]);
    expect((await deliveries.put(toDraft(tenant, { event: "a" }), most)).outcome).toBe("put");
  });

  test("what cannot be a header, or is larger than any event, is refused before it is written", async () => {
    const { deliveries } = under().store;
    const tenant = newTenant();
    const wrong: Partial<DeliveryDraft>[] = [
      { event: "" },
      { event: "a.b" },
      { event: "a\r\nb" },
      { event: "e".repeat(129) },
      { hook: "h".repeat(1_000) },
      { body: new Uint8Array(deliveryBytes + 1) },
      { dueAtMs: -1 },
      { nowMs: 0.5 },
    ];
    for (const changes of wrong) {
      await expect(deliveries.put(toDraft(tenant, changes), most)).rejects.toMatchObject({
        code: expect.stringMatching(/^payload_/) as unknown,
      });
    }
    expect(await deliveries.take(taking(tenant))).toEqual([]);
  });
}
