import type { Json } from "../lib/strict-json.ts";
import { isObject, type Params } from "../mcp/read-message.ts";
import type { ToolConfig, ToolsetConfig } from "../model/config-servers.ts";
import { toCanonicalText, toDigest, toExposedName } from "../model/index.ts";
import type {
  Catalog,
  CatalogPrompt,
  CatalogResource,
  CatalogServer,
  CatalogTemplate,
  CatalogTool,
  CatalogToolset,
} from "../ports/catalog.ts";
import { compileArguments } from "./argument-check.ts";
import type { Definition } from "./definition.ts";
import { createCompiledSchemas, type CompiledSchemas } from "./compiled-schemas.ts";
import type { ServerBook } from "./server-book.ts";
import { toMatcher } from "./uri-template.ts";

export type BuildCatalog = (
  books: readonly ServerBook[],
  toolsets: Readonly<Record<string, ToolsetConfig>>,
) => Catalog;

/** From this many tools on a toolset offers to search them instead. */
const searchFrom = 100;
const maxMadeDefault = 20_000;

type Names = "prefixed" | "plain";

export interface BuildCatalogOptions {
  readonly schemas?: CompiledSchemas;
  /** Tools as configuration makes them: cheap to make again where the schemas are kept. */
  readonly maxMade?: number;
}

/** What was compiled for a definition is kept from catalog to catalog. */
export function createBuildCatalog({
  schemas = createCompiledSchemas(),
  maxMade = maxMadeDefault,
}: BuildCatalogOptions = {}): BuildCatalog {
  const made = new Map<string, CatalogTool>();

  function toTool(book: ServerBook, definition: Definition, names: Names): CatalogTool {
    const config = configOf(book, definition);
    const blocked = book.blocked.get(definition.name) ?? null;
    const key = `${book.name}\n${names}\n${definition.digest}\n${definition.text}\n${JSON.stringify(config)}`;
    const known = made.get(key);
    const endpoints = book.fitting.get(definition.name) ?? null;
    const acting = book.standIns.get(definition.name) ?? definition.digest;
    const isSame = known?.blocked === blocked && known.endpoints === endpoints;
    if (known !== undefined && isSame && known.acting === acting) return known;
    if (made.size >= maxMade) made.clear();
    const tool = known ?? makeTool(book, definition, { names, config, schemas });
    const current = Object.freeze({ ...tool, blocked, endpoints, acting });
    made.set(key, current);
    return current;
  }

  return (books, configured) => {
    const byName = new Map(books.map((book) => [book.name, book]));
    const all = [...byName.keys()];
    const everything = {
      servers: all,
      names: "prefixed",
      search: "auto",
      reveal: "explain",
      batch: false,
    } as const;
    const wanted: readonly (readonly [string, ToolsetConfig])[] = [
      ["", everything],
      ...Object.entries(configured),
    ];
    const toolsets = new Map(
      wanted.map(([name, config]) => [name, toToolset(name, { config, byName, toTool })]),
    );
    const servers = new Map(books.map((book) => [book.name, toServer(book)]));
    return Object.freeze({ digest: digestOf(toolsets), servers, toolsets });
  };
}

function digestOf(toolsets: ReadonlyMap<string, CatalogToolset>): Catalog["digest"] {
  const parts = [...toolsets].map(([name, { tools, prompts, resources, templates }]) => [
    name,
    [...tools.values()].map(({ text, blocked }) => (blocked === null ? text : "")),
    [...prompts.values(), ...resources.values(), ...templates].map(({ text }) => text),
  ]);
  return toDigest(JSON.stringify(parts));
}

function toServer(book: ServerBook): CatalogServer {
  const { name, config, state, listedAtMs, capabilities, instructions, serverVersion } = book;
  return Object.freeze({
    name,
    config,
    state,
    listedAtMs,
    capabilities,
    instructions,
    serverVersion,
  });
}

/** The server names its tools: one that it calls `constructor` is configured by nothing that is there anyway. */
function configOf({ config }: ServerBook, { name }: Definition): ToolConfig {
  const { tools, effect } = config;
  return Object.hasOwn(tools, name) ? tools[name]! : { effect, idempotent: false };
}

interface Shaping {
  readonly config: ToolsetConfig;
  readonly byName: ReadonlyMap<string, ServerBook>;
  readonly toTool: (book: ServerBook, definition: Definition, names: Names) => CatalogTool;
}

function toToolset(name: string, { config, byName, toTool }: Shaping): CatalogToolset {
  const books = config.servers.flatMap((server) => byName.get(server) ?? []);
  const isWanted = toFilter(config.tools);
  const tools = new Map<string, CatalogTool>();
  const prompts = new Map<string, CatalogPrompt>();
  const resources = new Map<string, CatalogResource>();
  const templates: CatalogTemplate[] = [];
  for (const book of books) {
    for (const definition of book.pins.values()) {
      const tool = toTool(book, definition, config.names);
      if (isWanted(tool.exposed) && !tools.has(tool.exposed)) tools.set(tool.exposed, tool);
    }
    for (const prompt of toPrompts(book, config.names))
      if (!prompts.has(prompt.exposed)) prompts.set(prompt.exposed, prompt);
    for (const resource of toResources(book))
      if (!resources.has(resource.uri)) resources.set(resource.uri, resource);
    templates.push(...toTemplates(book));
  }
  const search =
    config.search === "always" || (config.search === "auto" && tools.size >= searchFrom);
  const gaps = books.filter(({ state }) => state.kind !== "ready").map((book) => book.name);
  return Object.freeze({
    name,
    tools,
    prompts,
    resources,
    templates,
    gaps,
    servers: config.servers,
    instructions: books.length === 1 ? books[0]!.instructions : null,
    search,
    batch: search || config.batch,
    reveal: config.reveal,
  });
}

function toFilter(patterns: readonly string[] | undefined): (exposed: string) => boolean {
  if (patterns === undefined) return () => true;
  const expressions = patterns.map((pattern) => {
    const text = pattern
      .split("*")
      .map((part) => part.replaceAll(/[.\\^$+?()[\]{}|/]/g, "\\$&"))
      .join("[^]*");
    return new RegExp(`^${text}$`);
  });
  return (exposed) => expressions.some((expression) => expression.test(exposed));
}

interface Making {
  readonly names: Names;
  readonly config: ToolConfig;
  readonly schemas: CompiledSchemas;
}

function makeTool(
  book: ServerBook,
  definition: Definition,
  { names, config, schemas }: Making,
): CatalogTool {
  const { name, value, digest } = definition;
  const { input, output, mirrored } = schemas.of(definition);
  const exposed = names === "plain" ? name : toExposedName(book.name, name);
  const { title, description } = value;
  return {
    exposed,
    server: book.name,
    name,
    pin: digest,
    acting: digest,
    config,
    blocked: null,
    endpoints: null,
    effect: config.effect,
    idempotent: config.idempotent,
    title: typeof title === "string" ? title : null,
    description: typeof description === "string" ? description : "",
    text: JSON.stringify({
      ...value,
      name: exposed,
    }),
    input: compileArguments(value["inputSchema"]!, config.parameters, input),
    output,
    mirrored,
  };
}

function toPrompts(book: ServerBook, names: Names): readonly CatalogPrompt[] {
  return named(book.prompts, "name").map(([name, value]) => {
    const exposed = names === "plain" ? name : toExposedName(book.name, name);
    return { exposed, server: book.name, name, text: JSON.stringify({ ...value, name: exposed }) };
  });
}

function toResources(book: ServerBook): readonly CatalogResource[] {
  return named(book.resources, "uri").map(([uri, value]) => ({
    uri,
    server: book.name,
    text: JSON.stringify(value),
  }));
}

function toTemplates(book: ServerBook): readonly CatalogTemplate[] {
  return named(book.templates, "uriTemplate").map(([template, value]) => ({
    template,
    server: book.name,
    text: JSON.stringify(value),
    matches: toMatcher(template),
  }));
}

function named(values: readonly Json[], key: string): readonly (readonly [string, Params])[] {
  return values.flatMap((value) => {
    const name = isObject(value) ? value[key] : undefined;
    const isFit =
      typeof name === "string" && name !== "" && name.length <= 8_192 && isCanonical(value);
    return isFit ? [[name, value as Params] as const] : [];
  });
}

function isCanonical(value: Json): boolean {
  try {
    toCanonicalText(value);
    return true;
  } catch {
    return false;
  }
}
