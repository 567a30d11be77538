import { Fault, toPrincipalKey, type Decision, type Obligation } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Call } from "./call.ts";
import { isIsolated } from "./isolation.ts";

type Allow = Pick<Extract<Decision, { kind: "allow" }>, "obligations" | "obligedBy">;
type Owed<Kind extends Obligation["kind"]> = Extract<Obligation, { kind: Kind }> & {
  readonly rule: string;
};
export type Redaction = Owed<"redact">;
export type Rate = Owed<"rate">;

/** The first that does not hold, and that this gate does not carry out: it makes the decision a no (I14). */
export function findUnmet(
  { obligations }: Allow,
  call: Pick<Call, "server" | "tool">,
): Obligation | null {
  return obligations.find((owed) => !isMet(owed, call)) ?? null;
}

function isMet(owed: Obligation, call: Pick<Call, "server" | "tool">): boolean {
  switch (owed.kind) {
    case "redact":
    case "rate":
      return true;
    case "sandbox":
    case "egress":
      return isIsolated(call, owed);
    default:
      return false;
  }
}

const none: readonly never[] = Object.freeze([]);

export function toRedactions(decision: Allow): readonly Redaction[] {
  return decision.obligations.length === 0 ? none : toOwed(decision, "redact");
}

export function toRates(decision: Allow): readonly Rate[] {
  return decision.obligations.length === 0 ? none : toOwed(decision, "rate");
}

function toOwed<Kind extends Obligation["kind"]>(
  { obligations, obligedBy }: Allow,
  kind: Kind,
): readonly Owed<Kind>[] {
  return obligations.flatMap((obligation, index) =>
    obligation.kind === kind
      ? [
          {
            ...(obligation as Extract<Obligation, { kind: Kind }>),
            rule: obligedBy?.[index] ?? "none",
          },
        ]
      : [],
  );
}

/** Of one rule, one principal and one tool: so many calls in any stretch of the time it names. */
export interface Rates {
  /** Takes a place of every rate that is owed, or of none: then it throws `caller_busy`. */
  take(call: Call, owed: readonly Rate[]): void;
}

/** A hundred steps of the time: a place is free again one step late at most, never early. */
const steps = 100;
/** More (rule, principal, tool) at work than one replica serves; then the next one is refused. */
const maxKeys = 10_000;

interface Counted {
  /** Calls by the end of their step, the oldest first. */
  readonly taken: { untilMs: number; calls: number }[];
  sum: number;
}

export function createRates(clock: Clock): Rates {
  const counts = new Map<string, Counted>();

  function find(key: string, nowMs: number): Counted {
    const known = counts.get(key);
    if (known !== undefined) return forgetOld(known, nowMs);
    if (counts.size >= maxKeys) {
      for (const [each, counted] of counts)
        if (forgetOld(counted, nowMs).sum === 0) counts.delete(each);
      if (counts.size >= maxKeys) throw new Fault("overloaded", "Too many callers have a rate.");
    }
    const made: Counted = { taken: [], sum: 0 };
    counts.set(key, made);
    return made;
  }

  return {
    take(call, owed) {
      if (owed.length === 0) return;
      const nowMs = clock.monotonicMs();
      const places = owed.map((rate) => ({ rate, counted: find(toKey(call, rate), nowMs) }));
      for (const { rate, counted } of places)
        if (counted.sum >= rate.calls) throw toBusy(rate, counted.taken[0]!.untilMs - nowMs);
      for (const { rate, counted } of places) add(counted, nowMs, rate.perMs);
    },
  };
}

function toKey({ request, server, method, target }: Call, { rule, calls, perMs }: Rate): string {
  const who = toPrincipalKey(request.principal);
  // Of resources all together: a caller may think up as many URIs as it likes.
  const what = method === "tools/call" || method === "prompts/get" ? target : "";
  return JSON.stringify([rule, calls, perMs, who, server.name, method, what]);
}

function forgetOld(counted: Counted, nowMs: number): Counted {
  while (counted.taken.length > 0 && counted.taken[0]!.untilMs <= nowMs)
    counted.sum -= counted.taken.shift()!.calls;
  return counted;
}

function add(counted: Counted, nowMs: number, perMs: number): void {
  const stepMs = Math.max(1, perMs / steps);
  const untilMs = Math.ceil(nowMs / stepMs) * stepMs + perMs;
  const last = counted.taken.at(-1);
  if (last !== undefined && last.untilMs >= untilMs) last.calls += 1;
  else counted.taken.push({ untilMs, calls: 1 });
  counted.sum += 1;
}

function toBusy({ rule, calls, perMs }: Rate, waitMs: number): Fault {
  return new Fault(
    "caller_busy",
    `Rule ${rule} allows ${calls} calls of this tool in ${perMs} ms, and they were made.`,
    { details: { retryAfterMs: Math.max(1, Math.ceil(waitMs)) } },
  );
}
