import type { DeliveryKey, DeliveryRow, DeliveryRows } from "./delivery-rows.ts";
import { requireStorableDelivery } from "./storable-delivery.ts";

interface Row extends DeliveryRow {
  readonly state: "waiting" | "done" | "given_up";
  readonly dueAtMs: number;
  /** In the order of putting, where times are alike. */
  readonly place: number;
}

export function createInMemoryDeliveries(): DeliveryRows {
  const rows = new Map<string, Row>();
  let place = 0;
  const toKey = ({ tenant, hook, event }: Omit<DeliveryKey, "tries">) =>
    JSON.stringify([tenant, hook, event]);
  const change = (key: DeliveryKey, changes: Partial<Row>): boolean => {
    const row = rows.get(toKey(key));
    if (row?.state !== "waiting" || row.tries !== key.tries) return false;
    rows.set(toKey(key), { ...row, ...changes });
    return true;
  };
  return {
    async put(draft, most) {
      requireStorableDelivery(draft);
      if (rows.has(toKey(draft))) return { outcome: "exists", givenUp: 0 };
      const { tenant, hook, event, nowMs, dueAtMs } = draft;
      const body = draft.body.slice();
      const row = { tenant, hook, event, body, dueAtMs, createdAtMs: nowMs, tries: 0 };
      rows.set(toKey(draft), { ...row, state: "waiting", place: (place += 1) });
      const waiting = [...rows.values()]
        .filter((each) => each.tenant === tenant && each.state === "waiting")
        .toSorted((a, b) => b.createdAtMs - a.createdAtMs || b.place - a.place);
      const given = waiting.slice(most);
      for (const each of given) change(each, { state: "given_up", body: nothing });
      return { outcome: "put", givenUp: given.length };
    },
    async take({ tenant, hook, nowMs, leaseMs, limit }) {
      const due = [...rows.values()]
        .filter((row) => row.tenant === tenant && row.hook === hook && row.state === "waiting")
        .filter(({ dueAtMs }) => dueAtMs <= nowMs)
        .toSorted((a, b) => a.dueAtMs - b.dueAtMs)
        .slice(0, limit);
      return due.map((row) => {
        change(row, { tries: row.tries + 1, dueAtMs: nowMs + leaseMs });
        const { event, body, createdAtMs } = row;
        return { tenant, hook, event, body, createdAtMs, tries: row.tries + 1 };
      });
    },
    done: async (key) => change(key, { state: "done", body: nothing }),
    fail: async (key, nextAtMs) => change(key, { dueAtMs: nextAtMs }),
    giveUp: async (key) => change(key, { state: "given_up", body: nothing }),
    async sweep(beforeMs, limit) {
      const old = [...rows].filter(([, { createdAtMs }]) => createdAtMs < beforeMs).slice(0, limit);
      for (const [key] of old) rows.delete(key);
      return old.length;
    },
  };
}

const nothing = new Uint8Array();
