import { hash } from "node:crypto";
import { toUuidV7, type EntryId, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { EntryRow, Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Call, DecidedCall } from "./call.ts";

export interface Recorder {
  /** I4: durable when it resolves; only then may the effect start. */
  intent(call: DecidedCall): Promise<EntryId>;
  /** I5: durable when it resolves, for an effect; a read's follows within `flushEveryMs`. */
  outcome(outcome: Outcome): Promise<void> | void;
  /** Writes what waits. */
  close(): Promise<void>;
}

export interface Outcome {
  readonly call: Call;
  readonly intent: DecidedCall["intent"];
  /** The entry of the durable intent; null for a read, or for what was never sent. */
  readonly of: EntryId | null;
  readonly outcome: "answered" | "tool_error" | "denied" | "fault" | "unknown";
  readonly reason: string | null;
  readonly result: string | null;
  /** What had members taken out of the result; absent where nothing was. */
  readonly redacted?: readonly string[] | undefined;
  readonly endpoint: string | null;
  /** Id of the credential that went along; it says nothing of its value. */
  readonly credential: string | null;
  readonly queuedUs: number;
  readonly upstreamUs: number;
}

export interface RecordOptions {
  readonly store: Pick<Store, "commit">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly random: (length: number) => Buffer;
  /** `sync`: a read, too, is answered only once its entry is durable. */
  readonly mode: "async" | "sync";
}

/** I5 allows 50 ms; the commit itself takes a few. */
const flushEveryMs = 25;
const pageSize = 256;
/** Reads that are answered while Postgres stands still. At the bound a read waits for its entry. */
const maxWaiting = 65_536;
/** A page that cannot be written is tried again at this pace, for as long as the process lives. */
const retryMs = 500;

export function createRecorder(options: RecordOptions): Recorder {
  const { store, clock, random, mode } = options;
  const pages = createPages(options);

  async function write(row: EntryRow): Promise<void> {
    await store.commit({ entries: [row] });
  }
  function toId(): EntryId {
    return toUuidV7(clock.nowMs(), random(10)) as EntryId;
  }

  return {
    async intent(call) {
      const id = toId();
      await write(
        toRow(call.request.principal.tenant, id, toIntentText(call, { id, atMs: clock.nowMs() })),
      );
      return id;
    },
    outcome(outcome) {
      const id = toId();
      const salt = outcome.result === null ? "" : random(32).toString("hex");
      const text = toOutcomeText(outcome, { id, atMs: clock.nowMs(), salt });
      const row = toRow(outcome.call.request.principal.tenant, id, text);
      // What had a durable intent ends durably, too; so does everything once too much waits.
      if (outcome.of !== null || mode === "sync" || pages.waiting() >= maxWaiting)
        return write(row);
      return pages.add(row);
    },
    close: () => pages.close(),
  };
}

function toRow(tenant: TenantId, id: EntryId, text: string): EntryRow {
  return { id, tenant, bytes: Buffer.from(text) };
}

/** Rows of reads, written in pages: by the first timer or the 256th row. */
function createPages({ store, clock, telemetry }: RecordOptions) {
  let rows: EntryRow[] = [];
  let isDue = false;
  let writing = Promise.resolve();
  let underWay = 0;
  const stopped = new AbortController();

  async function writePage(page: readonly EntryRow[]): Promise<void> {
    for (;;) {
      try {
        await store.commit({ entries: page });
        return;
      } catch (fault) {
        telemetry.count("gate_record_retries", {});
        telemetry.log("error", "entries of reads could not be written", {
          fault,
          entries: page.length,
        });
        if (stopped.signal.aborted) throw fault;
        await clock.sleep(retryMs, stopped.signal).catch(() => undefined);
      }
    }
  }

  function flush(): void {
    isDue = false;
    if (rows.length === 0) return;
    const page = rows;
    rows = [];
    underWay += page.length;
    writing = writing
      .then(() => writePage(page))
      .then(
        () => void (underWay -= page.length),
        () => void (underWay -= page.length),
      );
  }

  return {
    waiting: () => rows.length + underWay,
    add(row: EntryRow): void {
      rows.push(row);
      if (rows.length >= pageSize) return flush();
      if (isDue) return;
      isDue = true;
      clock.sleep(flushEveryMs).then(flush, () => undefined);
    },
    async close(): Promise<void> {
      flush();
      const late = clock.sleep(closeWithinMs, stopped.signal).then(
        () => stopped.abort(),
        () => undefined,
      );
      await writing;
      stopped.abort();
      await late;
    },
  };
}

const closeWithinMs = 5_000;

interface Leaf {
  readonly id: EntryId;
  readonly atMs: number;
}

/** Canonical text of an intent entry; a test holds it to `toEntryBytes`. */
function toIntentText({ request, decision, intent }: DecidedCall, { id, atMs }: Leaf): string {
  const rules = JSON.stringify(intent.rules);
  return (
    `{"approval":null,"atMs":${atMs},"credential":null` +
    `,"decision":{"kind":"${decision.kind}","policy":"${intent.policy}","rules":${rules}}` +
    `,"id":"${id}","intent":"${intent.digest}","kind":"intent","previous":null,"run":null` +
    `,"tenant":"${request.principal.tenant}","v":1}`
  );
}

/** Canonical text of an outcome entry; a test holds it to `toEntryBytes`. */
function toOutcomeText(
  outcome: Outcome,
  { id, atMs, salt }: Leaf & { readonly salt: string },
): string {
  const { call, intent, of, result, endpoint, reason, queuedUs, upstreamUs } = outcome;
  const credential = outcome.credential === null ? "null" : JSON.stringify(outcome.credential);
  const trace = traceOf(call.forwarded["traceparent"]);
  return (
    `{"atMs":${atMs},"cost":null,"credential":${credential},"declaredCost":null` +
    `,"endpoint":${toEndpointText(endpoint)}` +
    `,"id":"${id}","intent":"${intent.digest}","kind":"outcome","of":${JSON.stringify(of)}` +
    `,"outcome":"${outcome.outcome}","previous":null,"reason":${JSON.stringify(reason)}` +
    toRedactedText(outcome.redacted) +
    `,"result":${result === null ? "null" : toResultText(result, salt)},"run":null,"sandbox":null` +
    `,"tenant":"${call.request.principal.tenant}"` +
    `,"timings":{"queuedUs":${queuedUs},"upstreamUs":${upstreamUs}},"trace":${trace},"v":1}`
  );
}

const maxEndpoint = 256;

/** Which copy answered: never the query of its address, which may hold a key. */
function toEndpointText(endpoint: string | null): string {
  return JSON.stringify(endpoint?.split("?", 1)[0]!.slice(0, maxEndpoint) ?? null);
}

function toRedactedText(redacted: readonly string[] | undefined): string {
  return redacted === undefined ? "" : `,"redacted":${JSON.stringify(redacted)}`;
}

/** The commitment is over the salt and the bytes that are handed over: none is read to be hashed. */
function toResultText(result: string, salt: string): string {
  const commitment = hash("sha256", `${salt}\n${result}`, "hex");
  return `{"bytes":${Buffer.byteLength(result)},"commitment":"sha256:${commitment}"}`;
}

const traceShape = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
function traceOf(parent: unknown): string {
  const trace = typeof parent === "string" ? traceShape.exec(parent)?.[1] : undefined;
  return trace === undefined ? "null" : `"${trace}"`;
}
