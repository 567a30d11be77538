import { cutShort } from "../lib/cut-short.ts";
import type { Json } from "../lib/strict-json.ts";
import { isObject, type Params } from "../mcp/read-message.ts";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Upstream } from "../ports/upstream.ts";

/** Everything that a server offers, as it says it. */
export interface ServerListing {
  readonly tools: readonly Json[];
  readonly prompts: readonly Json[];
  readonly resources: readonly Json[];
  readonly templates: readonly Json[];
}

const bounds = { pages: 200, items: 10_000, bytes: 32 * 1024 * 1024 };
/** One list, all its pages. */
const withinMs = 30_000;

export function listServer(
  upstream: Upstream,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ServerListing> {
  const late = () => new Fault("deadline_exceeded", "The server did not list in time.");
  const { tools, prompts, resources } = upstream.facts.capabilities;
  return cutShort({ clock, signal, withinMs, late }, async (until) => {
    const list = createLister(upstream, { signal: until });
    return {
      tools: tools === undefined ? [] : await list("tools/list", "tools"),
      prompts: prompts === undefined ? [] : await list("prompts/list", "prompts"),
      resources: resources === undefined ? [] : await list("resources/list", "resources"),
      templates: resources === undefined ? [] : await listOptional(list),
    };
  });
}

type List = (method: string, key: string) => Promise<readonly Json[]>;

/** Servers with resources often have no templates, and no method to list them either. */
async function listOptional(list: List): Promise<readonly Json[]> {
  try {
    return await list("resources/templates/list", "resourceTemplates");
  } catch (error) {
    if (error instanceof Fault && error.details["rpc"] === -32_601) return [];
    throw error;
  }
}

interface Listing {
  readonly signal: AbortSignal;
}

function createLister(upstream: Upstream, listing: Listing): List {
  let bytes = 0;
  return async (method, key) => {
    const items: Json[] = [];
    const seen = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < bounds.pages; page += 1) {
      const { value, length } = await ask(upstream, { ...listing, method, cursor });
      bytes += length;
      const found = value[key];
      if (!Array.isArray(found))
        throw new Fault("upstream_garbled", `The answer to ${method} has no ${key}.`);
      if (items.length + found.length > bounds.items || bytes > bounds.bytes) {
        throw new Fault("upstream_garbled", `The server lists more ${key} than a server may have.`);
      }
      items.push(...(found as readonly Json[]));
      const next = value["nextCursor"];
      if (typeof next !== "string") return items;
      if (seen.has(next))
        throw new Fault("upstream_garbled", `The pages of ${method} go round in a circle.`);
      seen.add(next);
      cursor = next;
    }
    throw new Fault("upstream_garbled", `The server lists ${key} in too many pages.`);
  };
}

interface Page extends Listing {
  readonly method: string;
  readonly cursor: string | null;
}

async function ask(
  upstream: Upstream,
  { method, cursor, signal }: Page,
): Promise<{ value: Params; length: number }> {
  const answer = await upstream.send({
    method,
    members: cursor === null ? "" : `"cursor":${JSON.stringify(cursor)}`,
    meta: {},
    name: null,
    params: {},
    client: {},
    credential: null,
    beforeWrite: () => signal.throwIfAborted(),
    signal,
    onNotification: () => undefined,
    onAsk: async () => ({
      kind: "error",
      error: {
        code: -32603,
        message: "Nobody is there to be asked.",
      },
    }),
  });
  if (answer.kind === "result" && isObject(answer.value))
    return { value: answer.value, length: answer.text.length };
  const rpc = answer.kind === "error" ? answer.error.code : null;
  throw new Fault("upstream_garbled", `The server refused ${method}.`, { details: { rpc } });
}
