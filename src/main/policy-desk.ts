import { setImmediate } from "node:timers/promises";
import { parseCases } from "../adapters/yaml/parse-cases.ts";
import { placeInConfig } from "../adapters/yaml/parse-config.ts";
import type { CheckedPolicy, OpenedScene, PolicyDesk } from "../api/policy-answers.ts";
import { createSerial } from "../lib/serial.ts";
import type { Json } from "../lib/strict-json.ts";
import { listServers } from "../model/agents-server.ts";
import { toSandboxFactsOf } from "../model/server-sandbox.ts";
import type { Config } from "../model/config.ts";
import type { ServerConfig } from "../model/config-servers.ts";
import { Fault, toExposedName } from "../model/index.ts";
import { listProblems, renderKeyPath, type Problem } from "../model/problem.ts";
import { secretReferenceSchema } from "../model/secret-reference.ts";
import { toArgumentType } from "../policy/argument-type.ts";
import { toSchemaText } from "../policy/cedar.ts";
import { checkRules } from "../policy/check.ts";
import { toPolicySchema } from "../policy/policy-schema.ts";
import { readRules, type RuleProblem } from "../policy/rules.ts";
import {
  openScene,
  type FilledArguments,
  type SceneParts,
  type SceneServer,
  type SceneTool,
} from "../policy/scene.ts";
import type { ArgumentCheck, Catalog, CatalogTool, CatalogToolset } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Pins } from "../ports/pin-rows.ts";
import { createBuildCatalog, type BuildCatalog } from "../registry/build-catalog.ts";
import { createCompiledSchemas, type CompiledSchemas } from "../registry/compiled-schemas.ts";
import { openBook, readPins } from "../registry/server-book.ts";
import { createPolicyCheck, readPinned, type PolicyCheckOptions } from "./policy-check.ts";
import { readDocument } from "./read-document.ts";

export interface PolicyDeskOptions extends PolicyCheckOptions {
  readonly pins: Pins;
  readonly clock: Clock;
  readonly serving: () => Config;
  /** Of what serves; absent: made from the pins. */
  readonly catalog?: () => Catalog;
}

/** Tools of foreign documents, which differ from each other as whoever sends them likes. */
const maxMade = 2_000;
const toolsPerTurn = 50;
/** Scenes that wait for the one that is being opened. */
const maxWaiting = 16;

/** Rules of a document or of what serves, with the pinned tools: read anew for each question. */
export function createPolicyDesk(options: PolicyDeskOptions): PolicyDesk {
  const read = (document: string) => readDocument(document, createPolicyCheck(options));
  // What it has compiled once it keeps: no document changes a pinned definition.
  const schemas = createCompiledSchemas();
  const opening = { options, schemas, build: createBuildCatalog({ schemas, maxMade }) };
  const oneByOne = createSerial(maxWaiting, tooMany);
  return {
    async open(document) {
      if (document === null && options.catalog !== undefined) return openOf(null, opening);
      return oneByOne(async () => {
        if (document === null) return openOf(null, opening);
        const parsed = await read(document);
        return parsed.kind === "invalid" ? parsed : openOf(parsed.revision.config, opening);
      });
    },
    async check(document) {
      if (document === null) return checkOf(options.serving(), { options, document });
      const parsed = await read(document);
      if (parsed.kind === "invalid") return { rules: 0, warnings: [], problems: parsed.problems };
      return checkOf(parsed.revision.config, { options, document });
    },
    readCases: parseCases,
    schemaText: async () => {
      const { tools } = await readPinned(options.serving(), options);
      return toSchemaText(toPolicySchema(tools));
    },
  };
}

interface Checking {
  readonly options: PolicyDeskOptions;
  /** Null where lines are those of a rule's own text. */
  readonly document: string | null;
}

async function checkOf(config: Config, { options, document }: Checking): Promise<CheckedPolicy> {
  const toProblems = (found: readonly RuleProblem[]): readonly Problem[] =>
    listProblems(found.map((each) => toProblem(each, document)));
  const read = readRules(config.policy.rules);
  if (read.kind === "refused")
    return { rules: 0, problems: toProblems(read.problems), warnings: [] };
  const { problems, warnings } = checkRules(read.rules, await readPinned(config, options));
  const rules = read.rules.length;
  return { rules, problems: toProblems(problems), warnings: toProblems(warnings) };
}

function toProblem({ source, line, rule, message }: RuleProblem, document: string | null): Problem {
  const path = ["policy", "rules", source].filter((part) => part !== "");
  const place = document === null ? { line, column: 1 } : placeInConfig(document, path, line);
  const said = rule === null ? message : `${message} (rule ${rule})`;
  return { ...place, key: renderKeyPath(path), message: said, suggestion: null };
}

interface Opening {
  readonly options: PolicyDeskOptions;
  readonly schemas: CompiledSchemas;
  readonly build: BuildCatalog;
}

/** Null: the serving configuration, whose catalog there is already. */
async function openOf(given: Config | null, opening: Opening): Promise<OpenedScene> {
  const { serving, catalog: live } = opening.options;
  const config = given ?? serving();
  const read = readRules(config.policy.rules);
  if (read.kind === "refused")
    return { kind: "invalid", problems: read.problems.map((each) => toProblem(each, null)) };
  const catalog =
    given === null && live !== undefined ? live() : await buildCatalog(config, opening);
  const parts = await toParts(config, catalog);
  return { kind: "open", scene: openScene({ ...config.policy, rules: read.rules }, parts) };
}

/** What the gate would offer of these servers, as far as they were ever seen. */
async function buildCatalog(config: Config, { options, schemas, build }: Opening) {
  const books = Object.entries(listServers(config)).map(([name, each]) => openBook(name, each));
  for (const book of books) await readPins(book, options);
  for (const definition of books.flatMap(({ pins }) => [...pins.values()])) {
    if (schemas.has(definition)) continue;
    schemas.of(definition);
    // A schema takes milliseconds, a thousand of them seconds: calls go on in between.
    await setImmediate();
  }
  return build(books, config.toolsets);
}

function tooMany(): Fault {
  return new Fault("overloaded", "Too many documents are being asked about at once.");
}

async function toParts(config: Config, catalog: Catalog): Promise<SceneParts> {
  const servers = listServers(config);
  const everything = [...catalog.toolsets.get("")!.tools.values()];
  const known = everything.filter(({ server }) => Object.hasOwn(servers, server));
  const tools: SceneTool[] = [];
  for (const [at, tool] of known.entries()) {
    if (at % toolsPerTurn === toolsPerTurn - 1) await setImmediate();
    tools.push(toSceneTool(tool, servers[tool.server]!));
  }
  const listed = new Set(known.map(({ server }) => server));
  const toIds = (toolset: CatalogToolset): ReadonlySet<string> =>
    new Set([...toolset.tools.values()].map(({ server, name }) => toExposedName(server, name)));
  const rate = config.gate.rate ?? null;
  return {
    tools: new Map(tools.map((tool) => [tool.id, tool])),
    servers: new Map(
      Object.entries(servers).map(([name, each]) => [name, toSceneServer(each, rate)]),
    ),
    toolsets: new Map([...catalog.toolsets].map(([name, toolset]) => [name, toIds(toolset)])),
    unseen: [...catalog.servers.values()]
      .filter(({ name, listedAtMs }) => listedAtMs === null && !listed.has(name))
      .map(({ name }) => name),
  };
}

function toSceneTool(tool: CatalogTool, server: ServerConfig): SceneTool {
  const id = toExposedName(tool.server, tool.name);
  const { inputSchema } = JSON.parse(tool.text) as { readonly inputSchema?: unknown };
  return {
    kind: "Tool",
    id,
    action: id,
    name: tool.name,
    server: tool.server,
    effect: tool.effect,
    outward: tool.config.outward ?? server.outward,
    argumentType: toArgumentType(inputSchema),
    fill: (args) => fill(tool.input, args),
    sandbox: toSandboxFactsOf(server, tool.name),
  };
}

/** As the gate does before it asks: the schema, what parameters are declared to be, then defaults. */
function fill(input: ArgumentCheck, args: Json): FilledArguments {
  const verdict = input(args);
  if (verdict.kind === "valid") return { kind: "valid", args: verdict.filled ?? args };
  const problems = verdict.problems.map(({ pointer, message }) => `${pointer} ${message}`);
  return { kind: "invalid", problems: problems.slice(0, 10) };
}

function toSceneServer(config: ServerConfig, callsPerMinute: number | null): SceneServer {
  const { timeout, concurrency, outward } = config;
  return {
    outward,
    credentials: [...new Set(listReferences(config))].toSorted(),
    limits: { timeoutMs: timeout, concurrency, callsPerMinute },
    sandbox: toSandboxFactsOf(config, null),
  };
}

/** Wherever in its configuration they stand. */
function listReferences(value: unknown): readonly string[] {
  if (typeof value === "string")
    return secretReferenceSchema.safeParse(value).success ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(listReferences);
}
