import type { DeliveryKey, DeliveryRow, DeliveryRows } from "../../ports/delivery-rows.ts";
import { requireStorableDelivery } from "../../ports/storable-delivery.ts";
import { asked, type Database } from "./database.ts";

const insert = `insert into countersign.deliveries
    (tenant, hook, event, body, state, tries, due_at, created_at)
  values ($1, $2, $3, $4, 'waiting', 0, $5, $6)
  on conflict (tenant, hook, event) do nothing`;

/**
 * The index gives the newest ones first: where few wait, little is read. What somebody else has locked is
 * left to the next one that is put, so that two never wait for each other.
 */
const giveUpOldest = `update countersign.deliveries set state = 'given_up', body = ''
  where position = any (array(
    select position from countersign.deliveries
    where tenant = $1 and state = 'waiting' and position <= (
      select position from countersign.deliveries
      where tenant = $1 and state = 'waiting' order by position desc offset $2 limit 1
    )
    for update skip locked
  ))`;

const take = `update countersign.deliveries as delivery
  set tries = delivery.tries + 1, due_at = $3::bigint + $4::bigint
  from (
    select tenant, hook, event from countersign.deliveries
    where tenant = $1 and hook = $2 and state = 'waiting' and due_at <= $3::bigint
    order by due_at limit $5 for update skip locked
  ) as due
  where delivery.tenant = due.tenant and delivery.hook = due.hook and delivery.event = due.event
  returning delivery.event, delivery.body, delivery.tries, delivery.created_at`;

const isTaken = "tenant = $1 and hook = $2 and event = $3 and tries = $4 and state = 'waiting'";
const end = `update countersign.deliveries set state = $5, body = '' where ${isTaken}`;
const fail = `update countersign.deliveries set due_at = $5 where ${isTaken}`;

const sweep = `delete from countersign.deliveries where position in (
    select position from countersign.deliveries where created_at < $1 limit $2
  ) and created_at < $1`;

interface Taken {
  readonly event: string;
  readonly body: Buffer;
  readonly tries: number;
  readonly created_at: number;
}

export function createPostgresDeliveries({ pool }: Database): DeliveryRows {
  const change = async (text: string, values: readonly unknown[]): Promise<number> =>
    (await asked(pool.query(text, [...values]))).rowCount ?? 0;
  const changeTaken = async (text: string, key: DeliveryKey, value: string | number) =>
    (await change(text, [key.tenant, key.hook, key.event, key.tries, value])) === 1;
  return {
    async put(draft, most) {
      requireStorableDelivery(draft);
      const { tenant, hook, event, body, dueAtMs, nowMs } = draft;
      const values = [tenant, hook, event, Buffer.from(body), dueAtMs, nowMs];
      if ((await change(insert, values)) === 0) return { outcome: "exists", givenUp: 0 };
      return { outcome: "put", givenUp: await change(giveUpOldest, [tenant, most]) };
    },
    async take({ tenant, hook, nowMs, leaseMs, limit }) {
      const values = [tenant, hook, nowMs, leaseMs, limit];
      const { rows } = await asked(pool.query<Taken>(take, values));
      return rows.map((row): DeliveryRow => ({
        tenant,
        hook,
        event: row.event,
        body: row.body,
        tries: row.tries,
        createdAtMs: row.created_at,
      }));
    },
    done: (key) => changeTaken(end, key, "done"),
    fail: (key, nextAtMs) => changeTaken(fail, key, nextAtMs),
    giveUp: (key) => changeTaken(end, key, "given_up"),
    sweep: (beforeMs, limit) => change(sweep, [beforeMs, limit]),
  };
}
