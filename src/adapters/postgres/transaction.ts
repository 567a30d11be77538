import type pg from "pg";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { toBackoffMs } from "./backoff.ts";
import { readOnly, toFault, toSqlState, toTrouble, uniqueViolation } from "./to-fault.ts";

export interface TransactionOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly random: Random;
  readonly withinMs: number;
}

/**
 * Runs `work` in a transaction, again after a deadlock or a lost connection, until the deadline.
 * `work` is told when an earlier attempt may have committed: it must then recognise what is its
 * own before it refuses. It rolls back by returning `{ rollback: true }`.
 */
export function inTransaction<Outcome>(
  options: TransactionOptions,
  work: (client: pg.PoolClient, uncertain: boolean) => Promise<Step<Outcome>>,
): Promise<Outcome> {
  return again(options, (uncertain) => runOnce(options.pool, (client) => work(client, uncertain)));
}

/** The same for a single statement, which needs no transaction around it. */
export async function again<Outcome>(
  options: TransactionOptions,
  work: (uncertain: boolean) => Promise<Outcome>,
): Promise<Outcome> {
  const untilMs = options.clock.monotonicMs() + options.withinMs;
  let uncertain = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(uncertain);
    } catch (error) {
      const trouble = toTrouble(error);
      // A row that another one makes at this moment is seen by the next attempt.
      const twice = toSqlState(error) === uniqueViolation && attempt < 2;
      const mayMend = trouble === "lost" || trouble === "conflict" || twice;
      if (!mayMend || options.clock.monotonicMs() >= untilMs) throw toFault(error);
      uncertain ||= trouble === "lost";
      await options.clock.sleep(toBackoffMs(attempt, options.random));
    }
  }
}

export interface Step<Outcome> {
  readonly outcome: Outcome;
  readonly rollback?: boolean;
}

async function runOnce<Outcome>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Step<Outcome>>,
): Promise<Outcome> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query("begin");
    const step = await work(client);
    await client.query(step.rollback === true ? "rollback" : "commit");
    return step.outcome;
  } catch (error) {
    broken = toTrouble(error) === "lost" || toSqlState(error) === readOnly;
    if (!broken) {
      await client.query("rollback").catch(() => {
        broken = true;
      });
    }
    throw error;
  } finally {
    // A broken one is closed rather than lent to the next.
    client.release(broken);
  }
}
