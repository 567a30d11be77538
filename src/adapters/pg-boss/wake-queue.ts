import pg from "pg";
import { PgBoss, type Db } from "pg-boss";
import { Fault, type RunId, type TenantId } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { WakeNow } from "../../ports/run-rows.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { WakeDepth } from "../../ports/wake.ts";
import { wakeLimits } from "../../ports/wake-limits.ts";
import { EnqueueBatch } from "./enqueue-batch.ts";
import { installQueue } from "./install-queue.ts";
import { WakeListener } from "./wake-listener.ts";
import {
  channel,
  claimText,
  depthText,
  enqueueText,
  schema,
  toEnlisted,
  wakeQueue,
} from "./wake-sql.ts";

export interface WakeQueueOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Attempts after the first; fewer in tests that want to see the end of them. */
  readonly retries?: number;
  /** No other process serves this database: whoever has claims on wakes is gone. */
  readonly isAlone?: boolean;
}

/** Wakes as rows of pg-boss: what is queued, who holds what, and since when it was last heard of. */
export interface WakeQueue {
  readonly retries: number;
  /** Queues wakes in a statement of the caller's: they are there when it commits, and not before. */
  enlist(source: string): string;
  enqueue(wakes: readonly WakeNow[]): Promise<void>;
  claim(ask: ClaimAsk): Promise<ClaimAnswer>;
  /** Renews claims and returns the ids of those that are still ours. */
  touch(claims: readonly Claim[]): Promise<ReadonlySet<string>>;
  /** The wakes are done. A claim that was taken over meanwhile is left alone, here and below. */
  finish(claims: readonly Claim[]): Promise<void>;
  /** The wake is tried again after its backoff, or parked when its attempts are used up. */
  fail(claim: Claim, reason: string): Promise<void>;
  /** Tells the workers everywhere that there may be something to claim. */
  announce(): Promise<void>;
  /** `listener` is called when a wake was queued somewhere, or may have been. */
  onArrival(listener: () => void): () => void;
  depth(): Promise<WakeDepth>;
  close(): Promise<void>;
}

export interface Claim {
  readonly id: string;
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly attempt: number;
}

export interface ClaimAsk {
  readonly free: number;
  readonly perTenant: number;
  readonly held: ReadonlyMap<string, number>;
  /** The tenant whose turn it was last. */
  readonly cursor: string;
}

export interface ClaimAnswer {
  readonly claims: readonly Claim[];
  /** Others took some of what was chosen, or there are tenants that were not looked at: ask again. */
  readonly more: boolean;
  readonly cursor: string;
}

/** Claims, touches and settlements are one at a time each; the fourth is for pg-boss. */
const connections = 4;
/** One statement at a time; the other connection takes over from one that is stuck. */
const enqueueConnections = 2;
const promptMs = 5_000;
const patientMs = 60_000;
const connectMs = 5_000;

export async function openWakeQueue(options: WakeQueueOptions): Promise<WakeQueue> {
  const queue = new PgBossQueue(options);
  try {
    await queue.start();
  } catch (error) {
    await queue.close();
    throw toFault(error);
  }
  return queue;
}

class PgBossQueue implements WakeQueue {
  readonly retries: number;
  readonly #options: WakeQueueOptions;
  readonly #batch: EnqueueBatch;
  readonly #durable: pg.Pool;
  readonly #pool: pg.Pool;
  readonly #boss: PgBoss;
  /** For calls of pg-boss that somebody waits for: its own maintenance may take longer. */
  readonly #soon: { readonly db: Db };
  readonly #listeners = new Set<() => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #listener: WakeListener | null = null;

  constructor(options: WakeQueueOptions) {
    this.#options = options;
    this.retries = options.retries ?? wakeLimits.retries;
    const settings = {
      connectionString: options.url,
      application_name: "countersign wake",
      connectionTimeoutMillis: connectMs,
      query_timeout: patientMs,
      keepAlive: true,
    };
    this.#durable = new pg.Pool({ ...settings, max: enqueueConnections });
    // A claim or a settlement that a crash of Postgres undoes wakes the run once more, which is
    // allowed; waiting for the disk at each would cost more than the rest of it. For the
    // other settings see the claim's statement.
    this.#pool = new pg.Pool({
      ...settings,
      max: connections,
      options: ["synchronous_commit", "enable_seqscan", "enable_bitmapscan", "enable_sort"]
        .map((setting) => `-c ${setting}=off`)
        .join(" "),
    });
    this.#batch = new EnqueueBatch(async (wakes) => {
      const query = { name: "enqueue", text: enqueueText, values: toEnqueueValues(wakes) };
      await this.#query(query, this.#durable);
    });
    this.#soon = {
      db: {
        executeSql: (text, values) => this.#pool.query(toPrompt({ text, values: values ?? [] })),
      },
    };
    const onFault = (fault: unknown) => this.#report(fault);
    this.#pool.on("error", onFault);
    this.#durable.on("error", onFault);
    this.#boss = new PgBoss({
      db: { executeSql: (text, values) => this.#pool.query(text, values) },
      schema,
      schedule: false,
      // A take-over takes heartbeat (10 s), two such passes at most, the backoff (1–2 s) and a poll.
      superviseIntervalSeconds: 2,
      monitorIntervalSeconds: 2,
      maintenanceIntervalSeconds: 600,
      // Nothing of ours depends on another job.
      flowIntervalSeconds: 3_600,
    });
    this.#boss.on("error", onFault);
    this.#boss.on("warning", ({ message }) => options.telemetry.log("warn", message));
  }

  async start(): Promise<void> {
    const { isAlone = false } = this.#options;
    await installQueue({ pool: this.#pool, boss: this.#boss, retries: this.retries, isAlone });
    this.#listener = new WakeListener({
      url: this.#options.url,
      clock: this.#options.clock,
      onArrival: () => this.#listeners.forEach((listener) => listener()),
      onFault: (fault) => this.#report(fault),
    });
  }

  enlist(source: string): string {
    return toEnlisted(source);
  }

  async enqueue(wakes: readonly WakeNow[]): Promise<void> {
    if (wakes.length > 0) await this.#batch.add(wakes);
  }

  async claim({ free, perTenant, held, cursor }: ClaimAsk): Promise<ClaimAnswer> {
    const values = [cursor, [...held.keys()], [...held.values()], free, perTenant];
    try {
      const [row] = await this.#query<ClaimRow>({ name: "claim", text: claimText, values });
      const claims = row?.taken ?? [];
      const contended = claims.length < (row?.chosen ?? 0);
      const unseen = claims.length < free && typeof row?.last === "string";
      const last = unseen ? row.last : claims.at(-1)?.tenant;
      return { claims, more: contended || unseen, cursor: last ?? cursor };
    } catch (error) {
      // Two workers took two wakes of one run in the same moment; one of them has it now.
      if (isUniqueViolation(error)) return { claims: [], more: true, cursor };
      throw error;
    }
  }

  async touch(claims: readonly Claim[]): Promise<ReadonlySet<string>> {
    const attempts = claims.map(toAttempt);
    const response: { settled?: unknown } = await this.#inTurn(() =>
      this.#boss.touch(wakeQueue, attempts, this.#soon),
    );
    if (!Array.isArray(response.settled)) throw new Error("pg-boss did not say what it touched");
    return new Set(response.settled.map(String));
  }

  async finish(claims: readonly Claim[]): Promise<void> {
    // Deleted rather than completed: nothing reads a wake that is done, and each pass of the
    // supervisor scans what is kept.
    await this.#inTurn(() => this.#boss.deleteJob(wakeQueue, claims.map(toAttempt), this.#soon));
  }

  async fail(claim: Claim, reason: string): Promise<void> {
    await this.#inTurn(() =>
      this.#boss.fail(wakeQueue, [toAttempt(claim)], { reason }, this.#soon),
    );
  }

  async announce(): Promise<void> {
    await this.#query({ text: `select pg_notify('${channel}', '')` });
  }

  onArrival(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async depth(): Promise<WakeDepth> {
    const [row] = await this.#query<WakeDepth>({ text: depthText });
    if (row === undefined) throw new Fault("internal", "a count came back without a row");
    return { ...row, oldestAgeMs: Math.max(0, Math.round(row.oldestAgeMs)) };
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#boss.stop({ graceful: false });
    await Promise.all([this.#pool.end(), this.#durable.end()]);
  }

  async #query<Row extends object>(query: pg.QueryConfig, pool = this.#pool): Promise<Row[]> {
    try {
      const { rows } = await pool.query(toPrompt(query));
      return rows as Row[];
    } catch (error) {
      if (isUniqueViolation(error)) throw error;
      throw toFault(error);
    }
  }

  /** pg-boss writes many claims in any order: two such statements of ours would deadlock. */
  #inTurn<Result>(write: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(write);
    this.#turn = result.catch(() => {});
    return result;
  }

  #report(fault: unknown): void {
    const message = fault instanceof Error ? fault.message : String(fault);
    this.#options.telemetry.log("warn", `wake queue: ${message}`);
  }
}

interface ClaimRow {
  readonly chosen: number;
  readonly last: string | null;
  readonly taken: readonly Claim[];
}

function toPrompt(query: pg.QueryConfig): pg.QueryConfig {
  const prompt = { ...query, query_timeout: promptMs };
  return prompt;
}

function toAttempt({ id, attempt }: Claim): { id: string; retryCount: number } {
  return { id, retryCount: attempt };
}

function toEnqueueValues(wakes: readonly WakeNow[]): unknown[] {
  return [
    wakes.map(({ run }) => run),
    wakes.map(({ tenant }) => tenant),
    wakes.map(({ priority = 0 }) => priority),
  ];
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "23505";
}

function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault("store_unavailable", `the wake queue does not answer: ${message}`, {
    cause: error,
  });
}
