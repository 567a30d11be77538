import { OwnUpstream, readOwnArguments } from "../mcp/own-upstream.ts";
import type { Label } from "../model/index.ts";
import { memoryTools } from "../model/memory-tools.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  Connector,
  UpstreamAnswer,
  UpstreamCaller,
  UpstreamRequest,
} from "../ports/upstream.ts";
import type { Memories } from "./memories.ts";
import { toForgotten, toRecalled, toRemembered, toRefused } from "./to-memory-answer.ts";

export interface MemoryConnectorOptions {
  readonly memories: Memories;
  readonly clock: Clock;
  readonly version: string;
}

/** The server of our own behind which a memory stands. */
export function createMemoryConnector(options: MemoryConnectorOptions): Connector {
  return {
    connect: async () =>
      new OwnUpstream({
        name: "countersign",
        version: options.version,
        tools: memoryTools,
        call: (request) => call(options, request),
      }),
  };
}

async function call(
  { memories, clock }: MemoryConnectorOptions,
  request: UpstreamRequest,
): Promise<UpstreamAnswer> {
  const { caller, signal, beforeWrite } = request;
  if (caller === undefined) throw new Error("nobody calls a memory");
  const who = caller.principal;
  const args = readArguments(request);
  switch (request.name) {
    case "remember": {
      const [key, text] = [toText(args, "key"), toText(args, "text")];
      const [source, version] = [toMaybe(args, "source"), toMaybe(args, "version")];
      if (version !== null && source === null)
        return toRefused("version says which version of the source it is: name the source, too.");
      const labels = await readLabels(caller);
      const what = { key, text, source, version, labels, beforeWrite };
      return toRemembered(key, labels, await memories.remember(who, what, signal));
    }
    case "recall": {
      beforeWrite();
      const { limit } = args;
      const asked = { text: toText(args, "query"), limit: typeof limit === "number" ? limit : 5 };
      return toRecalled(await memories.recall(who, asked, signal), clock.nowMs());
    }
    case "forget": {
      beforeWrite();
      const key = toText(args, "key");
      return toForgotten(key, await memories.forget(who, key));
    }
    default:
      throw new Error("the gate let a call of no tool through");
  }
}

/** Where nobody keeps what a context has touched, it may have touched anything. */
async function readLabels({ labels }: UpstreamCaller): Promise<readonly Label[]> {
  return (await labels?.()) ?? ["untrusted"];
}

function readArguments(request: UpstreamRequest): Readonly<Record<string, unknown>> {
  const args = readOwnArguments(request);
  if (args !== null) return args;
  throw new Error("a call of a memory has no arguments");
}

function toText(args: Readonly<Record<string, unknown>>, name: string): string {
  const value = args[name];
  if (typeof value === "string") return value;
  throw new Error(`a call of a memory has no ${name}`);
}

function toMaybe(args: Readonly<Record<string, unknown>>, name: string): string | null {
  return args[name] === undefined ? null : toText(args, name);
}
