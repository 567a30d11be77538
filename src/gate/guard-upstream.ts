import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { rpcCodes } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { Call } from "./call.ts";
import type { Leak } from "./leaks.ts";
import type { GateClient } from "../ports/gate.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type {
  AskAnswer,
  Upstream,
  UpstreamAnswer,
  UpstreamAsk,
  UpstreamFacts,
  UpstreamNotification,
  UpstreamRequest,
} from "../ports/upstream.ts";

export interface GuardOptions {
  readonly scan: LeakScan;
  readonly telemetry: Pick<Telemetry, "count" | "log">;
}

/** What was found in a text, by the names of the secrets; null: nothing. */
interface Cleaned {
  readonly text: string;
  readonly names: readonly string[];
}

/**
 * I9: whatever a server says comes in here, and known secrets go no further: results, errors, faults,
 * notifications, questions, and what is said of the server itself. While none is known, it costs nothing.
 */
export class GuardedUpstream implements Upstream {
  readonly facts: UpstreamFacts;
  readonly #upstream: Upstream;
  readonly #guard: Guard;

  constructor(upstream: Upstream, guard: Guard) {
    this.#upstream = upstream;
    this.#guard = guard;
    const facts = upstream.facts as unknown as Json;
    this.facts = guard.clean(facts, "answer") as unknown as UpstreamFacts;
  }

  get sandbox(): Upstream["sandbox"] {
    return this.#upstream.sandbox;
  }

  get outstanding(): number {
    return this.#upstream.outstanding;
  }

  send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (this.#guard.scan.isEmpty) return this.#upstream.send(request);
    return this.#sendGuarded(request);
  }

  async watch(uris: readonly string[]): Promise<void> {
    try {
      await this.#upstream.watch(uris);
    } catch (error) {
      throw this.#guard.cleanError(error);
    }
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }

  async #sendGuarded(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const guard = this.#guard;
    try {
      const answer = await this.#upstream.send({
        ...request,
        onNotification: (notification) =>
          request.onNotification(guard.cleanNotification(notification)),
        onAsk: (ask) => askGuarded(guard, request, ask),
      });
      return guard.cleanAnswer(answer);
    } catch (error) {
      throw guard.cleanError(error);
    }
  }
}

async function askGuarded(
  guard: Guard,
  request: UpstreamRequest,
  ask: UpstreamAsk,
): Promise<AskAnswer> {
  const params = guard.clean(ask.params, "message") as UpstreamAsk["params"];
  return checkAnswer(guard, await request.onAsk({ ...ask, params }));
}

/** The client as it is asked on the spot, whoever then sends its answer on. */
export function guardClient(guard: Guard, client: GateClient): GateClient {
  const { ask } = client;
  if (ask === null || guard.scan.isEmpty) return client;
  return {
    ...client,
    ask: async (method, params, signal) => checkAnswer(guard, await ask(method, params, signal)),
  };
}

/** A client's answer goes to the server, so it must carry no secret out either. */
function checkAnswer(guard: Guard, answer: AskAnswer): AskAnswer {
  if (guard.scan.find(JSON.stringify(answer)).length === 0) return answer;
  guard.count("arguments");
  const message = "The client's answer holds a known secret, so it was not passed on.";
  return { kind: "error", error: { code: rpcCodes.internal, message } };
}

type Where = "answer" | "fault" | "message" | "arguments";

export interface Guard {
  readonly scan: LeakScan;
  count(where: Where): void;
  /** Of a call that is denied for it. */
  noteLeak(call: Call, leak: Leak): void;
  cleanAnswer(answer: UpstreamAnswer): UpstreamAnswer;
  cleanNotification(notification: UpstreamNotification): UpstreamNotification;
  cleanError(error: unknown): unknown;
  clean(value: Json, where: Where): Json;
  cleanText(text: string): string;
}

function createClean(scan: LeakScan, count: (where: Where) => void) {
  return (text: string, where: Where): Cleaned | null => {
    const found = scan.isEmpty ? [] : scan.find(text);
    if (found.length === 0) return null;
    count(where);
    return { text: scan.redact(text), names: [...new Set(found.map(({ name }) => name))] };
  };
}

export function createGuard({ scan, telemetry }: GuardOptions): Guard {
  const count = (where: Where): void => telemetry.count("gate_leaks", { where });
  const cleanCounted = createClean(scan, count);

  function clean(value: Json, where: Where): Json {
    if (scan.isEmpty) return value;
    const cleaned = cleanCounted(JSON.stringify(value), where);
    if (cleaned === null) return value;
    const parsed = JSON.parse(cleaned.text) as Json;
    // Where it reached over several members, nothing but the mark is left.
    return isObject(value) && !isObject(parsed) ? {} : parsed;
  }

  function cleanText(text: string): string {
    return cleanCounted(text, "fault")?.text ?? text;
  }

  return {
    scan,
    count,
    noteLeak({ request, server, method }, { secret, spelling, pointer }) {
      count("arguments");
      const { subject } = request.principal;
      const about = { server: server.name, method, subject, secret, spelling, pointer };
      telemetry.log("warn", "a call with a known secret in it was denied", about);
    },
    clean,
    cleanText,
    cleanAnswer(answer) {
      const text = answer.kind === "result" ? answer.text : JSON.stringify(answer.error);
      const cleaned = cleanCounted(text, "answer");
      if (cleaned === null) return answer;
      const value = JSON.parse(cleaned.text) as Json;
      if (typeof value !== "object" || value === null) throw unshowable();
      const { names: leaked } = cleaned;
      if (answer.kind === "error")
        return { kind: "error", error: value as unknown as typeof answer.error, leaked };
      return { ...answer, text: cleaned.text, value: value as typeof answer.value, leaked };
    },
    cleanNotification: ({ method, params }) => ({
      method,
      params: clean(params, "message") as UpstreamNotification["params"],
    }),
    cleanError(error) {
      if (scan.isEmpty || !(error instanceof Error) || scan.find(toWhole(error)).length === 0)
        return error;
      if (!(error instanceof Fault)) return new Error(cleanText(error.message));
      // Without its cause, which says the same in the words of a library.
      const details = clean(error.details as Readonly<Record<string, Json>>, "fault");
      return new Fault(error.code, cleanText(error.message), {
        details: details as Fault["details"],
      });
    },
  };
}

/** A secret reaches over several members, so that nothing of the answer is left but the mark. */
function unshowable(): Fault {
  return new Fault("upstream_garbled", "The server's answer is a known secret as a whole.");
}

/** As many as anybody nests. */
const maxCauses = 8;

/** All that a log line or an answer could take from it. */
function toWhole(error: Error): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && current instanceof Error; depth += 1) {
    parts.push(current.message, current.stack ?? "");
    if (current instanceof Fault) parts.push(JSON.stringify(current.details));
    current = current.cause;
  }
  return parts.join("\n");
}
