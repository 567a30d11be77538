import { closest } from "../lib/closest.ts";
import { Fault, type Digest } from "../model/index.ts";
import {
  createPriceTable,
  toCost,
  toLargestCost,
  type ModelUsage,
  type PriceTable,
} from "../model/model-usage.ts";
import type { Clock } from "../ports/clock.ts";
import type { ModelRequest, StreamOptions } from "../ports/model-backend.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { attemptModel, isTheBackends, type Attempted } from "./attempt-model.ts";
import {
  createLiveBackend,
  type BackendState,
  type LiveBackend,
  type NamedBackend,
} from "./model-member.ts";
import { createRetryBudget, type RetryBudget } from "./retry-budget.ts";
import { chooseMember } from "./route-model.ts";

export interface RouteTarget {
  readonly backend: string;
  readonly weight: number;
  /** Instead of the backend's own model: one of its LoRA adapters. */
  readonly model: string | null;
}
/** Groups in the order in which they are asked. */
export type Route = readonly (readonly RouteTarget[])[];

export interface RouterOptions {
  readonly backends: readonly NamedBackend[];
  readonly routes: Readonly<Record<string, Route>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

export interface RouteAsk extends Pick<
  StreamOptions,
  "signal" | "deadlineMs" | "onEvent" | "traceparent"
> {
  readonly alias: string;
  /** A budget in money holds: a backend without a price may not answer. */
  readonly priced: boolean;
  /** Where nobody is free so soon, it is refused: at once where that is known. Absent: it waits up to its deadline. */
  readonly waitMs?: number;
  /** Each failure of a backend: of the last one, too. */
  readonly onFailed?: (error: Fault) => void;
  /** Which backend is asked next. Once something of an answer has come, it was the last one. */
  readonly onAttempt?: (attempt: { readonly backend: string; readonly model: string }) => void;
}

export interface Routed extends Attempted {
  readonly backend: string;
  readonly model: string;
  readonly attempts: number;
  readonly usage: ModelUsage;
  /** In micros; null where usage or price are not known. */
  readonly cost: number | null;
  /** Digest of the price table that the cost was counted with. */
  readonly prices: Digest;
}

export interface Looked {
  readonly name: string;
  /** Null: it answers. */
  readonly fault: Fault | null;
  readonly tookMs: number;
}

export type LookWithin = (
  name: string,
  look: (signal: AbortSignal) => Promise<void>,
) => Promise<void>;

export interface ModelRouter {
  /** The answer of the first backend that begins one. After the first event nothing is asked twice. */
  stream(ask: RouteAsk, request: ModelRequest): Promise<Routed>;
  /** What it can cost at most, whichever backend answers; null where a price is not known. */
  toLargestCost(alias: string, request: ModelRequest): number | null;
  readonly prices: PriceTable;
  readonly aliases: Readonly<Record<string, Route>>;
  describe(): readonly BackendState[];
  /** Asks every backend whether it answers, each in the time that `within` gives it. */
  look(within: LookWithin): Promise<readonly Looked[]>;
  /** Lets go of the backends once the answers under way have ended. */
  close(): Promise<void>;
}

/** A request is sent at most so often, failures and refusals of the busy counted alike. */
const maxAttempts = 4;

interface Member extends RouteTarget {
  readonly live: LiveBackend;
}

interface Routing {
  readonly options: RouterOptions;
  readonly groupsOf: (alias: string) => readonly (readonly Member[])[];
  readonly retries: RetryBudget;
  readonly prices: PriceTable;
}

export function createModelRouter(options: RouterOptions): ModelRouter {
  const { clock, telemetry, routes } = options;
  const tell = () => telemetry.gauge("model_waiting", sumOf(lives.map(({ line }) => line.waiting)));
  const lives = options.backends.map((named) =>
    createLiveBackend(named, { clock, telemetry, onDepth: tell }),
  );
  const byName = new Map(lives.map((live) => [live.name, live]));
  const priceOf = Object.fromEntries(lives.map(({ name, prices }) => [name, prices] as const));
  const groups = new Map(
    Object.entries(routes).map(([alias, route]) => [
      alias,
      route.map((group) => group.map((each) => ({ ...each, live: byName.get(each.backend)! }))),
    ]),
  );
  const routing: Routing = {
    options,
    groupsOf: (alias) => groups.get(alias) ?? refuseUnknown(alias, [...groups.keys()]),
    retries: createRetryBudget(),
    prices: createPriceTable(priceOf),
  };
  const underWay = new Set<Promise<Routed>>();
  return {
    stream: (ask, request) => {
      const asking = stream(routing, ask, request);
      underWay.add(asking);
      const forget = () => void underWay.delete(asking);
      asking.then(forget, forget);
      return asking;
    },
    toLargestCost: (alias, request) => largestOf(routing.groupsOf(alias), request),
    prices: routing.prices,
    aliases: routes,
    describe: () => lives.map((live) => live.describe()),
    look: (within) => Promise.all(lives.map((live) => look(live, clock, within))),
    close: async () => {
      await Promise.allSettled(underWay);
      for (const { line } of lives) line.close();
      await Promise.all(lives.map(({ backend }) => backend.close()));
    },
  };
}

async function stream(routing: Routing, ask: RouteAsk, request: ModelRequest): Promise<Routed> {
  const { telemetry } = routing.options;
  try {
    const routed = await askMembers(routing, ask, request);
    telemetry.count("model_requests", { outcome: "answered" });
    return routed;
  } catch (error) {
    telemetry.count("model_requests", { outcome: "failed" });
    throw error;
  }
}

async function askMembers(routing: Routing, ask: RouteAsk, request: ModelRequest): Promise<Routed> {
  const { retries, prices, options } = routing;
  const groups = routing.groupsOf(ask.alias);
  const failed = new Set<Member>();
  retries.earn();
  let last: Fault | null = null;
  for (let attempts = 1; attempts <= maxAttempts; attempts += 1) {
    if (last !== null && !retries.spend()) throw last;
    const member = choose(options, ask, { groups, failed, last });
    if (last !== null) options.telemetry.count("model_requests", { outcome: "passed_on" });
    const { live } = member;
    const model = member.model ?? live.model;
    ask.onAttempt?.({ backend: live.name, model });
    const how = await attemptModel({ ...options, live, model, ask, request });
    if (how.kind === "answered") {
      const { kind: _, ...answered } = how;
      const cost = toCost(live.prices, how.usage);
      return { ...answered, backend: live.name, model, attempts, cost, prices: prices.digest };
    }
    const { error, hasBegun, hasWaited } = how;
    if (error instanceof Fault) ask.onFailed?.(error);
    if (hasBegun || hasWaited || ask.signal.aborted || !isTheBackends(error)) throw error;
    last = error;
    // Who only wants to be left alone may be asked again after that.
    if (error.code !== "model_busy") failed.add(member);
  }
  throw last ?? new Error("a request is sent at least once");
}

interface Choosing {
  readonly groups: readonly (readonly Member[])[];
  readonly failed: ReadonlySet<Member>;
  readonly last: Fault | null;
}

function choose(
  { clock, random }: RouterOptions,
  { alias, priced, deadlineMs, waitMs = Number.POSITIVE_INFINITY }: RouteAsk,
  { groups, failed, last }: Choosing,
): Member {
  const isPriced = ({ live }: Member): boolean => live.prices !== null;
  if (priced && !groups.flat().some(isPriced)) {
    throw new Fault("price_unknown", `No backend of ${alias} has a price.`);
  }
  const remainingMs = Math.min(waitMs, deadlineMs - clock.nowMs());
  if (remainingMs <= 0) throw new Fault("deadline_exceeded", `${alias} was not done in time.`);
  const members = groups.map((group) =>
    group.map((member) => {
      const { line, breaker } = member.live;
      const isOut = failed.has(member) || breaker.isOpen() || (priced && !isPriced(member));
      const { isResting } = line;
      return {
        ...member,
        member,
        isOut,
        isResting,
        waitMs: line.waitMs,
        hasRoom: line.hasRoom,
      };
    }),
  );
  const chosen = chooseMember(members, { remainingMs, fraction: random.fraction() });
  if (chosen.kind === "chosen") return chosen.member.member;
  if (chosen.kind === "busy") {
    throw new Fault("model_busy", `${alias} has no free backend in time.`, {
      details: { retryAfterMs: chosen.retryAfterMs },
    });
  }
  throw last ?? new Fault("model_unavailable", `No backend of ${alias} is well.`);
}

function refuseUnknown(alias: string, known: readonly string[]): never {
  const meant = closest(alias, known);
  throw new Fault(
    "not_found",
    `There is no model ${alias}${meant === null ? "" : `; did you mean ${meant}?`}`,
  );
}

/** What a backend adds to a request by itself, above all where there are tools. */
const addedTokens = 1_024;

/** Tokens are at least one byte each: so many bytes are never more tokens. */
function largestOf(groups: readonly (readonly Member[])[], request: ModelRequest): number | null {
  const inputTokens = Buffer.byteLength(JSON.stringify(request)) + addedTokens;
  const outputTokens = request.parameters.maxTokens;
  const costs = groups
    .flat()
    .filter(({ live }) => live.prices !== null)
    .map(({ live }) => {
      const marksPrefix = live.marksPrefix && request.stableMessages !== null;
      return toLargestCost(live.prices, { inputTokens, outputTokens, marksPrefix });
    });
  if (costs.length === 0) return null;
  return costs.reduce((one, other) =>
    one === null || other === null ? null : Math.max(one, other),
  );
}

async function look(live: LiveBackend, clock: Clock, within: LookWithin): Promise<Looked> {
  const { name, backend } = live;
  const startedMs = clock.monotonicMs();
  const fault = await within(name, (signal) => backend.look(signal)).then(
    () => null,
    (error: unknown) => toFault(error, name),
  );
  return { name, fault, tookMs: clock.monotonicMs() - startedMs };
}

function toFault(error: unknown, name: string): Fault {
  if (error instanceof Fault) return error;
  return new Fault("model_unavailable", `${name} could not be asked.`, { cause: error });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
