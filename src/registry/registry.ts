import { Nudge } from "../lib/nudge.ts";
import type { ServerConfig, ToolsetConfig } from "../model/config-servers.ts";
import { Fault, type TenantId } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Catalog, CatalogToolset, ServerState } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Connections } from "../ports/connections.ts";
import type { Random } from "../ports/random.ts";
import type { CatalogChange, Drift, Registry } from "../ports/registry.ts";
import type { Pins } from "../ports/pin-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createBuildCatalog } from "./build-catalog.ts";
import { listServer } from "./list-server.ts";
import {
  acceptDrift,
  openBook,
  readPins,
  takeTools,
  type BookOptions,
  type ServerBook,
} from "./server-book.ts";

export interface RegistryOptions {
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly toolsets: Readonly<Record<string, ToolsetConfig>>;
  readonly tenant: TenantId;
  readonly connections: Connections;
  readonly pins: Pins;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** Servers that do not announce changes are looked at as often as this. */
const everyMs = 5 * 60_000;
const firstPauseMs = 500;
const maxPauseMs = 60_000;
/** Announcements come in bursts; one listing answers them all. */
const settleMs = 50;
const pinsChannel = "pins";

/**
 * Starts with what was accepted before and is complete when a server answers: nobody waits for a
 * server that does not. Each server is looked after by itself.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { pins, clock, tenant } = options;
  const books = Object.entries(options.servers).map(([name, config]) => openBook(name, config));
  const bookOptions = { pins, clock, tenant };
  await Promise.all(books.map((book) => readPins(book, bookOptions)));
  const registry = new LiveRegistry(options, books, bookOptions);
  await registry.start();
  return registry;
}

class LiveRegistry implements Registry {
  readonly #options: RegistryOptions;
  readonly #books: ReadonlyMap<string, ServerBook>;
  readonly #bookOptions: BookOptions;
  readonly #build = createBuildCatalog();
  readonly #listeners = new Set<(change: CatalogChange) => void>();
  readonly #stopped = new AbortController();
  readonly #keepers = new Map<string, ReturnType<typeof keep>>();
  readonly #stops: (() => Promise<void> | void)[] = [];
  #catalog: Catalog;

  constructor(options: RegistryOptions, books: readonly ServerBook[], bookOptions: BookOptions) {
    this.#options = options;
    this.#bookOptions = bookOptions;
    this.#books = new Map(books.map((book) => [book.name, book]));
    this.#catalog = this.#build(books, options.toolsets);
  }

  async start(): Promise<void> {
    const { connections, bus } = this.#options;
    const keeping = {
      ...this.#options,
      bookOptions: this.#bookOptions,
      rebuild: () => this.#rebuild(),
      stopped: this.#stopped.signal,
    };
    for (const [name, book] of this.#books) this.#keepers.set(name, keep(book, keeping));
    const stopChanges = connections.onChange((server, change) => {
      const isNews = change === "closed" || change.method.endsWith("/list_changed");
      if (isNews) this.#keepers.get(server)?.nudge.nudge();
    });
    this.#stops.push(stopChanges, await bus.subscribe(pinsChannel, () => void this.#readPins()));
  }

  catalog(): Catalog {
    return this.#catalog;
  }

  onChange(listener: (change: CatalogChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async refresh(server: string): Promise<ServerState> {
    const keeper = this.#keepers.get(server);
    if (keeper === undefined) throw new Fault("not_found", `There is no server ${server}.`);
    await keeper.look();
    return this.#books.get(server)!.state;
  }

  drift(server?: string): readonly Drift[] {
    const books = [...this.#books.values()];
    const wanted = server === undefined ? books : books.filter(({ name }) => name === server);
    return wanted.flatMap(({ drifts }) => drifts);
  }

  async accept({ server, ...drift }: Acceptance): Promise<"accepted" | "stale" | "missing"> {
    const book = this.#books.get(server);
    if (book === undefined) return "missing";
    const outcome = await acceptDrift(book, drift, this.#bookOptions);
    this.#rebuild();
    if (outcome === "accepted") {
      await this.#options.bus.publish(pinsChannel, server).catch(() => undefined);
    }
    return outcome;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    for (const stop of this.#stops) await stop();
    for (const { nudge } of this.#keepers.values()) nudge.nudge();
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
  }

  /** What another replica accepted holds here too. */
  async #readPins(): Promise<void> {
    try {
      for (const book of this.#books.values()) await readPins(book, this.#bookOptions);
      this.#rebuild();
    } catch (fault) {
      this.#options.telemetry.log("warn", "pins could not be read", { fault });
    }
  }

  #rebuild(): void {
    const before = this.#catalog;
    this.#catalog = this.#build([...this.#books.values()], this.#options.toolsets);
    const change = diff(before, this.#catalog);
    if (change !== null) for (const listener of this.#listeners) listener(change);
  }
}

type Acceptance = Parameters<Registry["accept"]>[0];

interface Keeping extends RegistryOptions {
  readonly bookOptions: BookOptions;
  readonly rebuild: () => void;
  readonly stopped: AbortSignal;
}

/** Looks after one server: now, on every announcement, and from time to time. */
function keep(book: ServerBook, keeping: Keeping) {
  const { clock, random, stopped } = keeping;
  const nudge = new Nudge();
  let looking: Promise<boolean> | null = null;

  function look(): Promise<boolean> {
    looking ??= lookAt(book, keeping).finally(() => (looking = null));
    return looking;
  }

  async function run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!stopped.aborted) {
      const isUp = await look();
      pauseMs = isUp ? firstPauseMs : Math.min(maxPauseMs, pauseMs * 2);
      const waitMs = isUp ? everyMs * (0.9 + 0.2 * random.fraction()) : pauseMs * random.fraction();
      const sleep = (signal: AbortSignal): Promise<void> =>
        clock.sleep(waitMs, AbortSignal.any([signal, stopped]));
      await nudge.wait(sleep).catch(() => undefined);
      if (!stopped.aborted) await clock.sleep(settleMs, stopped).catch(() => undefined);
    }
  }
  return { nudge, look, done: run() };
}

/** Every endpoint by itself: the server is there when one of them is. */
async function lookAt(book: ServerBook, keeping: Keeping): Promise<boolean> {
  const { connections, stopped, rebuild } = keeping;
  try {
    const looks = await Promise.allSettled(
      toListed(book, connections).map((endpoint) => lookAtEndpoint(book, endpoint, keeping)),
    );
    if (stopped.aborted) return false;
    const failed = looks.find((each) => each.status === "rejected");
    const isDown = looks.every(({ status }) => status === "rejected");
    if (isDown && failed !== undefined) noteDown(book, failed.reason, keeping);
    // One that is missing is looked for as if all of them were.
    return failed === undefined;
  } finally {
    if (!stopped.aborted) rebuild();
  }
}

/** Children run the same program, so one of them speaks for all. */
function toListed({ name, config }: ServerBook, connections: Connections): readonly string[] {
  const endpoints = connections.endpoints(name);
  return config.transport === "stdio" ? endpoints.slice(0, 1) : endpoints;
}

async function lookAtEndpoint(
  book: ServerBook,
  endpoint: string,
  { connections, clock, telemetry, stopped, bookOptions }: Keeping,
): Promise<void> {
  const server = book.name;
  const upstream = await connections.get({ server, endpoint, subject: "" }, stopped);
  const { tools, ...listing } = await listServer(upstream, { clock, signal: stopped });
  const { facts } = upstream;
  await takeTools(book, { endpoint, tools }, bookOptions);
  Object.assign(book, listing);
  book.capabilities = facts.capabilities;
  book.instructions = facts.instructions;
  book.serverVersion = facts.serverInfo?.version || null;
  book.state = { kind: "ready", era: facts.era, version: facts.version };
  for (const { name, reason } of book.refused)
    telemetry.log("warn", "a tool is left out", { server, endpoint, tool: name, reason });
}

function noteDown(book: ServerBook, error: unknown, { clock, telemetry }: Keeping): void {
  const fault = error instanceof Fault ? error.code : "internal";
  const message = error instanceof Error ? error.message : String(error);
  const sinceMs = book.state.kind === "down" ? book.state.sinceMs : clock.nowMs();
  const isNews = book.state.kind !== "down" || book.state.message !== message;
  book.state = { kind: "down", fault, message, sinceMs };
  if (isNews)
    telemetry.log("warn", "a server cannot be listed", { server: book.name, fault, message });
}

/** Null when nothing that a client lists has changed. */
function diff(before: Catalog, after: Catalog): CatalogChange | null {
  if (before.digest === after.digest) return null;
  const changed = (texts: (toolset: CatalogToolset) => string): readonly string[] =>
    [...after.toolsets]
      .filter(([name, toolset]) => {
        const old = before.toolsets.get(name);
        return old !== undefined && texts(old) !== texts(toolset);
      })
      .map(([name]) => name);
  const join = (all: Iterable<{ readonly text: string }>): string =>
    [...all].map(({ text }) => text).join("\n");
  return {
    tools: changed(({ tools }) =>
      [...tools.values()].map(({ text, blocked }) => (blocked === null ? text : "")).join("\n"),
    ),
    prompts: changed(({ prompts }) => join(prompts.values())),
    resources: changed(({ resources, templates }) => join([...resources.values(), ...templates])),
  };
}
