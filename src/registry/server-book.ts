import { isRemote, toOwnDefinitions, type ServerConfig } from "../model/config-servers.ts";
import { Fault, toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { Blocked, ServerState } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Drift } from "../ports/registry.ts";
import type { PinRow, Pins } from "../ports/pin-rows.ts";
import type { Json } from "../lib/strict-json.ts";
import { fromStored, readDefinition, type Definition } from "./definition.ts";
import { gradeChange, gradeFirst, isBlocking } from "./grade.ts";
import type { ServerListing } from "./list-server.ts";

/** What is known of one server: what was accepted, what is seen, and what lies between. */
export interface ServerBook {
  readonly name: string;
  readonly config: ServerConfig;
  state: ServerState;
  listedAtMs: number | null;
  capabilities: Readonly<Record<string, Json>>;
  instructions: string | null;
  serverVersion: string | null;
  /** By tool. */
  pins: Map<string, Definition>;
  /** How often a pin was made or taken away here. */
  pinChanges: number;
  /** What each endpoint listed when it last did, by tool. */
  seen: Map<string, ReadonlyMap<string, Definition>>;
  blocked: Map<string, Blocked>;
  /** Endpoints whose definition of a tool fits its pin; no entry: all of them, as far as is known. */
  fitting: Map<string, readonly string[]>;
  /** Where none is the pin itself: what stands in for it, since it differs harmlessly. */
  standIns: Map<string, Digest>;
  drifts: readonly Drift[];
  refused: readonly { readonly name: string; readonly reason: string }[];
  prompts: readonly Json[];
  resources: readonly Json[];
  templates: readonly Json[];
}

export interface BookOptions {
  readonly pins: Pins;
  readonly clock: Clock;
  readonly tenant: TenantId;
}

export function openBook(name: string, config: ServerConfig): ServerBook {
  return {
    name,
    config,
    state: { kind: "connecting" },
    listedAtMs: null,
    capabilities: {},
    instructions: null,
    serverVersion: null,
    pins: new Map(),
    pinChanges: 0,
    seen: new Map(),
    blocked: new Map(),
    fitting: new Map(),
    standIns: new Map(),
    drifts: [],
    refused: [],
    prompts: [],
    resources: [],
    templates: [],
  };
}

export async function readPins(book: ServerBook, options: BookOptions): Promise<void> {
  // What we offer ourselves is what it is: there is nothing that could differ, or be accepted.
  const own = toOwnDefinitions(book.config);
  if (own !== null) book.pins = toOwnPins(own);
  else await readStored(book, options);
  compare(book);
}

/** As often as a long list of tools takes to be pinned; after that the pins stay as they are until the next time. */
const mostReads = 20;

/** What was read while a tool was pinned here may be from before, and would take it away again. */
async function readStored(book: ServerBook, { pins, tenant }: BookOptions): Promise<void> {
  for (let reads = 0; reads < mostReads; reads += 1) {
    const { pinChanges } = book;
    const rows = await pins.list(tenant, book.name);
    if (book.pinChanges !== pinChanges) continue;
    book.pins = new Map(rows.map((row) => [row.tool, fromStored(row.definition)]));
    return;
  }
}

function toOwnPins(definitions: readonly unknown[]): ServerBook["pins"] {
  const read = definitions.map((each) => readDefinition(each as Json));
  return new Map(
    read.map((each) => {
      if (each.kind === "refused") throw new Error(`our own tool is refused: ${each.reason}`);
      return [each.definition.name, each.definition];
    }),
  );
}

/** Takes what an endpoint lists: pins what is new and harmless, grades what differs from its pin. */
export async function takeTools(
  book: ServerBook,
  { endpoint, tools }: { readonly endpoint: string; readonly tools: ServerListing["tools"] },
  options: BookOptions,
): Promise<void> {
  const read = tools.map(readDefinition);
  const observed = new Map<string, Definition>();
  const refused: { name: string; reason: string }[] = [];
  for (const each of read) {
    if (each.kind === "refused") refused.push(each);
    else if (observed.has(each.definition.name))
      refused.push({ name: each.definition.name, reason: "its name stands twice" });
    else observed.set(each.definition.name, each.definition);
  }
  const isFirstSight = book.pins.size === 0;
  const isRename = [...book.pins.keys()].some((name) => !observed.has(name));
  for (const [name, definition] of observed) {
    if (book.pins.has(name) || gradeFirst(definition) !== null) continue;
    // A tool that comes as another goes may be that one under a new name: a person looks.
    if (!isFirstSight && isRename) continue;
    await pin(book, definition, { options, by: "first sight", previous: null });
  }
  book.seen.set(endpoint, observed);
  book.refused = refused;
  book.listedAtMs = options.clock.nowMs();
  compare(book);
}

interface Pinning {
  readonly options: BookOptions;
  readonly by: string;
  readonly previous: Digest | null;
}

async function pin(
  book: ServerBook,
  definition: Definition,
  { options, by, previous }: Pinning,
): Promise<"accepted" | "stale"> {
  const row: PinRow = {
    tenant: options.tenant,
    server: book.name,
    tool: definition.name,
    digest: definition.digest,
    definition: Buffer.from(definition.text),
    acceptedBy: by,
    acceptedAtMs: options.clock.nowMs(),
  };
  const outcome = await options.pins.accept(row, previous);
  book.pinChanges += 1;
  if (outcome === "accepted") {
    book.pins.set(definition.name, definition);
    return outcome;
  }
  // Another replica was first: what it accepted is the pin.
  const stored = await options.pins.get(options.tenant, book.name, definition.name);
  if (stored !== null) book.pins.set(definition.name, fromStored(stored.definition));
  return outcome;
}

/**
 * I11: what differs from its pin is graded. A tool is blocked when no endpoint has a definition that
 * fits its pin; where some have, calls go to those, so that two versions can run side by side.
 */
function compare(book: ServerBook): void {
  const { seen, pins } = book;
  book.drifts = [];
  book.blocked = new Map();
  book.fitting = new Map();
  book.standIns = new Map();
  if (seen.size === 0) return;
  const tools = new Set([
    ...pins.keys(),
    ...[...seen.values()].flatMap((each) => [...each.keys()]),
  ]);
  book.drifts = [...tools].flatMap((tool) => compareTool(book, tool));
}

function compareTool(book: ServerBook, name: string): readonly Drift[] {
  const pinned = book.pins.get(name);
  const same: string[] = [];
  const mild: string[] = [];
  const drifts = new Map<Digest, Drift>();
  for (const [endpoint, definitions] of book.seen) {
    const definition = definitions.get(name);
    if (definition === undefined) continue;
    if (pinned?.digest === definition.digest) {
      same.push(endpoint);
      continue;
    }
    const { grade, reasons } =
      pinned === undefined ? toAdded(definition) : gradeChange(pinned, definition);
    drifts.set(
      definition.digest,
      toDrift(book, { name, grade, reasons, pinned, observed: definition }),
    );
    if (!isBlocking(grade)) mild.push(endpoint);
  }
  // What is the pin itself goes before what may stand in for it.
  const fitting = same.length > 0 ? same : mild;
  if (fitting.length === 0 && drifts.size === 0 && pinned !== undefined) {
    const gone = { grade: "breaking", reasons: ["the tool is gone"], observed: undefined } as const;
    book.blocked.set(name, { grade: "breaking", reasons: gone.reasons, observed: null });
    return [toDrift(book, { ...gone, name, pinned })];
  }
  if (same.length === 0 && mild.length > 0) book.standIns.set(name, toStandIn(drifts));
  const worst = [...drifts.values()].find(({ grade }) => isBlocking(grade));
  if (fitting.length === 0 && worst !== undefined && isBlocking(worst.grade)) {
    const { grade, reasons, observed } = worst;
    book.blocked.set(name, { grade, reasons, observed });
  } else if (fitting.length < countEndpoints(book)) book.fitting.set(name, fitting);
  return [...drifts.values()];
}

/** Several that differ from the pin harmlessly, and from each other, are one thing that may be called. */
function toStandIn(drifts: ReadonlyMap<Digest, Drift>): Digest {
  const harmless = [...drifts].filter(([, { grade }]) => !isBlocking(grade)).map(([each]) => each);
  return harmless.length === 1 ? harmless[0]! : toDigest(harmless.toSorted().join("\n"));
}

/** One that was not seen yet fits nothing: what it would do with a call is not known. */
function countEndpoints({ config }: ServerBook): number {
  return isRemote(config) ? 1 + config.endpoints.length : 1;
}

function toAdded(definition: Definition): {
  readonly grade: Drift["grade"];
  readonly reasons: readonly string[];
} {
  return (
    gradeFirst(definition) ?? {
      grade: "breaking",
      reasons: ["the tool came as another one went: it may be the same under a new name"],
    }
  );
}

interface Difference {
  readonly name: string;
  readonly grade: Drift["grade"];
  readonly reasons: readonly string[];
  readonly pinned: Definition | undefined;
  readonly observed: Definition | undefined;
}

function toDrift(book: ServerBook, { name, grade, reasons, pinned, observed }: Difference): Drift {
  return {
    server: book.name,
    tool: name,
    grade,
    reasons,
    pinned: pinned?.digest ?? null,
    observed: observed?.digest ?? null,
    before: pinned?.text ?? null,
    after: observed?.text ?? null,
  };
}

/** A person accepts what is observed, named by its digest: what changed since they looked is stale. */
export async function acceptDrift(
  book: ServerBook,
  {
    tool,
    observed,
    by,
  }: { readonly tool: string; readonly observed: Digest | null; readonly by: string },
  options: BookOptions,
): Promise<"accepted" | "stale" | "missing"> {
  if (book.seen.size === 0) throw new Fault("not_found", `${book.name} was not listed yet.`);
  const drifts = book.drifts.filter((each) => each.tool === tool);
  if (drifts.length === 0) return "missing";
  const drift = drifts.find((each) => each.observed === observed);
  if (drift === undefined) return "stale";
  const definition = [...book.seen.values()]
    .map((definitions) => definitions.get(tool))
    .find((each) => each !== undefined && each.digest === observed);
  if (definition === undefined) {
    await options.pins.revoke(options.tenant, book.name, tool);
    book.pinChanges += 1;
    book.pins.delete(tool);
    compare(book);
    return "accepted";
  }
  const outcome = await pin(book, definition, { options, by, previous: drift.pinned });
  compare(book);
  return outcome;
}
