import { Fault, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { DueLog, Leading } from "../ports/log-rows.ts";
import type { Random } from "../ports/random.ts";
import type { ReplicaRows } from "../ports/replica-rows.ts";
import { judgeLog, type Standing } from "./judge-log.ts";
import { LogWriter, type LogWriterOptions } from "./log-writer.ts";
import { createSilenceWatch } from "./silence-watch.ts";

export interface SequencerOptions extends LogWriterOptions {
  readonly replicas: ReplicaRows;
  readonly random: Random;
  /** Of this replica, among those that beat. */
  readonly owner: string;
}

export interface Sequencer {
  /** Ends what is under way, and gives the lead to another replica. */
  close(): Promise<void>;
}

/** What is durable is in the log within a second, as ADR 6 says; half of it is for the work. */
const roundMs = 500;
/** A leader that died is followed this much later. */
const askMs = 2_000;
const confirmMs = 5_000;
const logsPerPage = 256;
/** Logs written side by side: what takes long is the disk that keeps their checkpoints. */
const atOnce = 4;
/** Logs whose edge is remembered, of some 16 KiB each. */
const maxWriters = 1_000;
const firstBackoffMs = 1_000;
const maxBackoffMs = 30_000;
/** A log that forked is looked at again: somebody may have reopened it. */
const forkedMs = 5_000;

interface Pause {
  readonly untilMs: number;
  readonly faults: number;
  readonly reason: string | null;
}

/** At every replica; one of them has the lead and writes the logs of all tenants. */
export function startSequencer(options: SequencerOptions): Sequencer {
  const stop = new AbortController();
  const running = run(options, stop.signal);
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}

async function run(options: SequencerOptions, signal: AbortSignal): Promise<void> {
  const { log, clock, telemetry } = options;
  while (!signal.aborted) {
    try {
      const leading = await log.lead();
      if (leading !== null) await lead(options, leading, signal);
    } catch (fault) {
      telemetry.log("warn", "the ledger's lead cannot be asked for; it is tried again", { fault });
    }
    await rest(clock, askMs, signal);
  }
}

async function lead(
  options: SequencerOptions,
  leading: Leading,
  signal: AbortSignal,
): Promise<void> {
  const { clock, telemetry } = options;
  const ended = AbortSignal.any([signal, leading.lost]);
  const leader = new Leader(options);
  telemetry.log("info", "this replica writes the ledger");
  try {
    await leader.judgeAll(ended);
    let confirmedMs = clock.monotonicMs();
    while (!ended.aborted) {
      await leader.round(ended);
      await rest(clock, roundMs, ended);
      if (clock.monotonicMs() - confirmedMs < confirmMs) continue;
      confirmedMs = clock.monotonicMs();
      if (!(await leading.confirm())) break;
    }
  } finally {
    leader.forget();
    await leading.close();
  }
}

/** While this replica has the lead. */
class Leader {
  readonly #options: SequencerOptions;
  readonly #writers = new Map<TenantId, LogWriter>();
  readonly #pauses = new Map<TenantId, Pause>();
  readonly #silence: { look(): Promise<void> };

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#silence = createSilenceWatch(options);
  }

  /** Of those, too, that nobody writes to: what was cut away leaves nothing that is due. */
  async judgeAll(signal: AbortSignal): Promise<void> {
    for (const tenant of await this.#options.checkpoints.tenants()) {
      if (signal.aborted) return;
      await this.#attempt(tenant, () => this.#judge(tenant));
    }
  }

  async round(signal: AbortSignal): Promise<void> {
    const { telemetry } = this.#options;
    try {
      await this.#advanceAll(signal);
      await this.#silence.look();
    } catch (fault) {
      telemetry.count("ledger_faults", {});
      telemetry.log("warn", "the ledger's round failed; it is tried again", { fault });
    }
  }

  /** Another replica says from now on how it is. */
  forget(): void {
    for (const gauge of ["waiting_entries", "waiting_seconds", "forked"] as const)
      this.#options.telemetry.gauge(`ledger_${gauge}`, 0, {});
  }

  async #advanceAll(signal: AbortSignal): Promise<void> {
    const { log, clock, telemetry } = this.#options;
    const waiting = { entries: 0, oldestMs: Number.POSITIVE_INFINITY };
    let after: TenantId | undefined;
    for (;;) {
      const due = await log.listDue({ limit: logsPerPage, ...(after && { after }) });
      for (let at = 0; at < due.length && !signal.aborted; at += atOnce) {
        const now = due.slice(at, at + atOnce);
        await Promise.all(
          now.map(({ tenant }) => this.#attempt(tenant, () => this.#writerOf(tenant).advance())),
        );
      }
      for (const each of due) {
        waiting.entries += each.waiting;
        waiting.oldestMs = Math.min(waiting.oldestMs, toTimeMs(each));
      }
      after = due.at(-1)?.tenant;
      if (signal.aborted || due.length < logsPerPage) break;
    }
    await this.#judgeForked(signal);
    const ageMs = Math.max(0, clock.nowMs() - waiting.oldestMs);
    telemetry.gauge("ledger_waiting_entries", waiting.entries, {});
    telemetry.gauge("ledger_waiting_seconds", Number.isFinite(ageMs) ? ageMs / 1_000 : 0, {});
    telemetry.gauge("ledger_forked", countForked(this.#pauses), {});
  }

  /** One that was reopened and has nothing to take in would be called forked until it has. */
  async #judgeForked(signal: AbortSignal): Promise<void> {
    for (const [tenant, { reason }] of this.#pauses) {
      if (signal.aborted) return;
      if (reason !== null) await this.#attempt(tenant, () => this.#judge(tenant));
    }
  }

  async #judge(tenant: TenantId): Promise<Standing> {
    const [head = null] = await this.#options.log.heads(tenant);
    return judgeLog(this.#options, { tenant, head });
  }

  #writerOf(tenant: TenantId): LogWriter {
    const writers = this.#writers;
    const writer = writers.get(tenant) ?? new LogWriter(this.#options, tenant);
    // The one that was used least lately goes first.
    writers.delete(tenant);
    writers.set(tenant, writer);
    if (writers.size > maxWriters) writers.delete(writers.keys().next().value!);
    return writer;
  }

  async #attempt(tenant: TenantId, work: () => Promise<Standing>): Promise<void> {
    if (this.#options.clock.monotonicMs() < (this.#pauses.get(tenant)?.untilMs ?? 0)) return;
    try {
      this.#note(tenant, await work());
    } catch (fault) {
      this.#postpone(tenant, fault);
    }
  }

  #note(tenant: TenantId, standing: Standing): void {
    const { clock, telemetry } = this.#options;
    if (standing.kind === "sound") {
      this.#pauses.delete(tenant);
      return;
    }
    const { reason } = standing;
    if (this.#pauses.get(tenant)?.reason !== reason) {
      const remedy = "`countersign ledger reopen` begins a new epoch, which everybody can see";
      telemetry.log("error", "a ledger is not signed", { tenant, reason, remedy });
    }
    this.#pauses.set(tenant, { untilMs: clock.monotonicMs() + forkedMs, faults: 0, reason });
  }

  #postpone(tenant: TenantId, fault: unknown): void {
    const { clock, random, telemetry } = this.#options;
    const faults = (this.#pauses.get(tenant)?.faults ?? 0) + 1;
    const delayMs = Math.min(firstBackoffMs * 2 ** (faults - 1), maxBackoffMs);
    const untilMs = clock.monotonicMs() + delayMs * (0.5 + random.fraction() / 2);
    this.#pauses.set(tenant, { untilMs, faults, reason: null });
    telemetry.count("ledger_faults", {});
    const level = fault instanceof Fault && fault.retryable ? "warn" : "error";
    telemetry.log(level, "a ledger could not be gone on with; it is tried again", {
      tenant,
      fault,
    });
  }
}

function countForked(pauses: ReadonlyMap<TenantId, Pause>): number {
  return [...pauses.values()].filter(({ reason }) => reason !== null).length;
}

/** Ids begin with the time at which they were made. */
function toTimeMs({ oldest }: DueLog): number {
  if (oldest === null) return Number.POSITIVE_INFINITY;
  return Number.parseInt(oldest.replace("-", "").slice(0, 12), 16);
}

async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}
