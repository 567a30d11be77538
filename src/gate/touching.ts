import { Fault, type Digest, type EntryId } from "../model/index.ts";
import { toFactKey } from "../model/fact-key.ts";
import type { CallRows } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import {
  clockSkewMs,
  toToucher,
  type Touches,
  type Touching,
  type TouchRow,
} from "../ports/touches.ts";
import type { DecidedCall } from "./call.ts";
import type { Outcome } from "./outcome.ts";
import type { FlushingRecorder, IntentRecorded } from "./record.ts";

export interface TouchingOptions {
  readonly touches: Touches;
  readonly hashes: TenantHash;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Names a call, and each beginning of one. */
  readonly toId: () => string;
}

/**
 * Two calls that change the same thing, of whomever they are, are not under way at once: a thing is taken
 * before the intent is durable, and let go once the outcome is. What declares nothing pays for nothing.
 */
export interface TouchingCalls {
  record(recorder: FlushingRecorder): FlushingRecorder;
  /** A call that lives longer keeps its things for longer. */
  prolonging(calls: Pick<CallRows, "byKey" | "prolong">): Pick<CallRows, "byKey" | "prolong">;
}

type Held = Omit<Touching, "untilMs" | "nowMs">;

export function createTouching(options: TouchingOptions): TouchingCalls {
  /** Of calls that are under way here. */
  const open = new Map<EntryId, Held>();

  async function begin(
    recorder: FlushingRecorder,
    call: DecidedCall,
    templates: readonly string[],
  ): Promise<IntentRecorded> {
    const held = templates.length === 0 ? null : await take(options, call, templates);
    let recorded: IntentRecorded | null = null;
    try {
      await checkBasis(call);
      recorded = await recorder.intent(call);
      if (held !== null && recorded.kind === "durable") open.set(recorded.id, held);
      return recorded;
    } finally {
      if (held !== null && recorded?.kind !== "durable") await letGo(options, held, null);
    }
  }

  async function end(recorder: FlushingRecorder, outcome: Outcome, held: Held): Promise<void> {
    try {
      await recorder.outcome(outcome);
    } finally {
      open.delete(outcome.of!);
      await letGo(options, held, hasChanged(outcome) ? options.clock.nowMs() : null);
    }
  }

  return {
    record: (recorder) => ({
      ...recorder,
      intent(call) {
        const templates = listChanges(call);
        const isFree = templates.length === 0 && call.request.run?.stillHolds === undefined;
        return isFree ? recorder.intent(call) : begin(recorder, call, templates);
      },
      outcome(outcome) {
        const held = outcome.of === null ? undefined : open.get(outcome.of);
        return held === undefined ? recorder.outcome(outcome) : end(recorder, outcome, held);
      },
    }),
    prolonging: (calls) => ({
      byKey: (tenant, hash, nowMs) => calls.byKey(tenant, hash, nowMs),
      async prolong(call, notAfterMs) {
        const held = open.get(call.id);
        if (held !== undefined) await options.touches.prolong(held, notAfterMs);
        return calls.prolong(call, notAfterMs);
      },
    }),
  };
}

const none: readonly string[] = Object.freeze([]);

/** What the configuration says now, and what the run began with. */
function listChanges({ tool, request }: DecidedCall): readonly string[] {
  const now = tool?.config.changes;
  const begun = request.run?.changes;
  if (begun === undefined) return now ?? none;
  return now === undefined ? begun : [...new Set([...now, ...begun])];
}

/** While it stood in line, another call may have changed what it rests on. */
async function checkBasis({ request }: DecidedCall): Promise<void> {
  if ((await request.run?.stillHolds?.()) !== false) return;
  throw new Fault(
    "facts_stale",
    "What the call rests on has been changed by another one meanwhile.",
  );
}

async function take(
  options: TouchingOptions,
  { request, args, notAfterMs }: DecidedCall,
  templates: readonly string[],
): Promise<Held> {
  const { touches, hashes, clock, telemetry, toId } = options;
  const { tenant } = request.principal;
  const { run } = request;
  const names = new Map<Digest, string>();
  for (const template of templates) {
    const name = toFactKey(template, { args });
    if (name === null) throw toNameless(template);
    names.set(await hashes.hash(tenant, "touch", [name]), name);
  }
  const hold = toId();
  const held = {
    tenant,
    keys: [...names.keys()],
    by: run === undefined ? `call:${hold}` : toToucher(run),
    hold,
    run: run?.run ?? null,
  };
  const nowMs = clock.nowMs() - clockSkewMs;
  const begun = await touches
    .begin({ ...held, untilMs: notAfterMs, nowMs })
    .catch(async (fault: unknown) => {
      // Whether it has them nobody heard.
      await letGo(options, held, null);
      throw fault;
    });
  if (begun === "begun") return held;
  telemetry.count("gate_conflicts", {});
  throw toConflict(names.get(begun.key)!, begun);
}

function toNameless(template: string): Fault {
  return new Fault(
    "request_invalid",
    `What the call changes cannot be named: ${template} points to an argument that is no text, number or truth value, or is too long.`,
  );
}

function toConflict(name: string, { open }: TouchRow): Fault {
  const by = open?.run === null || open === null ? "" : ` (run ${open.run})`;
  const details = open === null ? {} : { retryAtMs: open.untilMs };
  return new Fault("thing_in_use", `Another call is changing ${name}${by}.`, { details });
}

/** Whatever the server said: it has had the call. */
function hasChanged({ outcome }: Outcome): boolean {
  return outcome === "answered" || outcome === "tool_error" || outcome === "unknown";
}

/** What cannot be let go now is so when the call's time is over, and counts as changed until then. */
async function letGo(
  { touches, telemetry }: TouchingOptions,
  held: Held,
  changedAtMs: number | null,
): Promise<void> {
  try {
    await touches.end(held, changedAtMs);
  } catch (fault) {
    telemetry.log("warn", "what a call has changed was not noted", { fault, by: held.by });
  }
}
