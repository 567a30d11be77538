import { Nudge } from "../lib/nudge.ts";
import type { ServerConfig, ToolsetConfig } from "../model/config-servers.ts";
import { Fault, type TenantId } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Catalog, CatalogToolset } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Connections } from "../ports/connections.ts";
import type { Random } from "../ports/random.ts";
import type { CatalogChange, Registry } from "../ports/registry.ts";
import type { Pins } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createBuildCatalog } from "./build-catalog.ts";
import { listServer } from "./list-server.ts";
import { acceptDrift, openBook, readPins, takeListing, type ServerBook } from "./server-book.ts";

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
  const { connections, bus, pins, clock, tenant } = options;
  const books = Object.entries(options.servers).map(([name, config]) => openBook(name, config));
  const byName = new Map(books.map((book) => [book.name, book]));
  const bookOptions = { pins, clock, tenant };
  await Promise.all(books.map((book) => readPins(book, bookOptions)));
  const build = createBuildCatalog();
  const listeners = new Set<(change: CatalogChange) => void>();
  let catalog: Catalog = build(books, options.toolsets);

  function rebuild(): void {
    const before = catalog;
    catalog = build(books, options.toolsets);
    const change = diff(before, catalog);
    if (change !== null) for (const listener of listeners) listener(change);
  }

  const stopped = new AbortController();
  const keepers = new Map(
    books.map((book) => [
      book.name,
      keep(book, { ...options, bookOptions, rebuild, stopped: stopped.signal }),
    ]),
  );
  const stopChanges = connections.onChange((server, change) => {
    if (change === "closed" || change.method.endsWith("/list_changed"))
      keepers.get(server)?.nudge.nudge();
  });
  const stopPins = await bus.subscribe(pinsChannel, () => {
    void Promise.all(books.map((book) => readPins(book, bookOptions))).then(
      rebuild,
      () => undefined,
    );
  });

  return {
    catalog: () => catalog,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async refresh(server) {
      const keeper = keepers.get(server);
      if (keeper === undefined) throw new Fault("not_found", `There is no server ${server}.`);
      await keeper.look();
      return byName.get(server)!.state;
    },
    drift: (server) =>
      books
        .filter(({ name }) => server === undefined || name === server)
        .flatMap(({ drifts }) => drifts),
    async accept({ server, ...drift }) {
      const book = byName.get(server);
      if (book === undefined) return "missing";
      const outcome = await acceptDrift(book, drift, bookOptions);
      rebuild();
      if (outcome === "accepted") await bus.publish(pinsChannel, server).catch(() => undefined);
      return outcome;
    },
    async close() {
      stopped.abort();
      stopChanges();
      await stopPins();
      for (const { nudge } of keepers.values()) nudge.nudge();
      await Promise.all([...keepers.values()].map(({ done }) => done));
    },
  };
}

interface Keeping extends RegistryOptions {
  readonly bookOptions: { readonly pins: Pins; readonly clock: Clock; readonly tenant: TenantId };
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

async function lookAt(book: ServerBook, keeping: Keeping): Promise<boolean> {
  const { connections, clock, telemetry, stopped, bookOptions, rebuild } = keeping;
  const [endpoint] = connections.endpoints(book.name);
  try {
    const upstream = await connections.get(
      { server: book.name, endpoint: endpoint!, subject: "" },
      stopped,
    );
    const listing = await listServer(upstream, { clock, signal: stopped });
    const { facts } = upstream;
    await takeListing(book, listing, bookOptions);
    book.capabilities = facts.capabilities;
    book.instructions = facts.instructions;
    book.state = { kind: "ready", era: facts.era, version: facts.version };
    for (const { name, reason } of book.refused)
      telemetry.log("warn", "a tool is left out", { server: book.name, tool: name, reason });
    return true;
  } catch (error) {
    if (!stopped.aborted) noteDown(book, error, keeping);
    return false;
  } finally {
    if (!stopped.aborted) rebuild();
  }
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
