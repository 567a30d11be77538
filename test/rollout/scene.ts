import { parseConfig } from "../../src/adapters/yaml/parse-config.ts";
import type { Json } from "../../src/lib/strict-json.ts";
import type { ServerConfig } from "../../src/model/config-servers.ts";
import type { Config } from "../../src/model/config.ts";
import type { TenantId } from "../../src/model/index.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { createInMemoryPins } from "../../src/ports/in-memory-rows.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { createBuildCatalog } from "../../src/registry/build-catalog.ts";
import { openBook, takeTools } from "../../src/registry/server-book.ts";

export const tenant = "default" as TenantId;

/** A document with two servers, a model and two agents; what is given stands in the place of its own. */
export function toConfig(given: Readonly<Record<string, unknown>> = {}): Config {
  const document = {
    version: 1,
    servers: {
      flights: {
        transport: "http",
        url: "https://flights.example/mcp",
        tools: { search: { effect: "read" } },
      },
      booking: {
        transport: "stdio",
        command: ["node", "booking.js"],
        environment: { TOKEN: "env://BOOKING_TOKEN", MODE: { value: "live" } },
        sandbox: "none",
      },
    },
    toolsets: { searching: { servers: ["flights"] } },
    policy: { rules: { all: "permit (principal, action, resource);" } },
    models: {
      backends: {
        local: {
          kind: "openai",
          url: "https://models.example/v1",
          model: "qwen3",
          key: "env://KEY",
        },
        demo: { kind: "scripted", script: "demo.yaml" },
      },
      routes: { fast: [[{ backend: "local", model: "qwen3-travel" }], [{ backend: "demo" }]] },
    },
    agents: { travel, looker },
    ...given,
  };
  const parsed = parseConfig(JSON.stringify(document));
  if (parsed.kind === "valid") return parsed.revision.config;
  throw new Error(JSON.stringify(parsed.problems));
}

export const looker = {
  description: "Looks flights up.",
  model: "fast",
  instructions: "Look up flights.\n",
  toolset: "searching",
};

export const travel = {
  description: "Books flights.",
  model: "fast",
  temperature: 0.5,
  stop: ["END"],
  instructions: "You book flights.\nAsk before you pay.\n",
  tools: ["flights__search", "booking__book", "booking__cancel"],
  agents: ["looker"],
  compensations: {
    booking__book: { tool: "booking__cancel", args: { id: "/result/structuredContent/id" } },
  },
  budget: { money: "2.50", tokens: 100_000 },
  deadline: "1h",
};

export type Listed = Readonly<Record<string, readonly string[]>>;
const listed: Listed = { flights: ["search"], booking: ["book", "cancel"] };

export function toDefinition(name: string, description = `Does ${name}.`): Json {
  const properties = { id: { type: "string" } };
  return { name, description, inputSchema: { type: "object", properties } };
}

export interface Seen {
  /** What each server lists at first. */
  readonly first?: Listed;
  /** And then instead. */
  readonly later?: Readonly<Record<string, readonly Json[]>>;
  readonly versions?: Readonly<Record<string, string>>;
  readonly down?: readonly string[];
}

interface Reached extends Pick<Config, "toolsets"> {
  readonly servers: Readonly<Record<string, ServerConfig>>;
}

/** What it compiled for one test, it has for the next. */
const buildCatalog = createBuildCatalog();

/** The catalog that a registry would have of these servers; nobody is dialled. */
export async function toCatalog(config: Reached, seen: Seen = {}): Promise<Catalog> {
  const { first = listed, later = {}, versions = {}, down = [] } = seen;
  const options = { pins: createInMemoryPins(), clock: createManualClock(1_000), tenant };
  const books = await Promise.all(
    Object.entries(config.servers).map(async ([name, server]) => {
      const book = openBook(name, server);
      const tools = first[name];
      if (tools === undefined) return book;
      const take = (definitions: readonly Json[]) =>
        takeTools(book, { endpoint: "one", tools: [...definitions] }, options);
      await take(tools.map((tool) => toDefinition(tool)));
      if (later[name] !== undefined) await take(later[name]);
      book.serverVersion = versions[name] ?? "1.0.0";
      book.state = down.includes(name)
        ? { kind: "down", fault: "upstream_unreachable", message: "gone", sinceMs: 0 }
        : { kind: "ready", era: "modern", version: "2026-07-28" };
      return book;
    }),
  );
  return buildCatalog(books, config.toolsets);
}
