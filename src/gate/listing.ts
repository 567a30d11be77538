import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import type { Catalog, CatalogToolset } from "../ports/catalog.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";
import type { Sealer } from "../ports/sealer.ts";
import { callToolsText } from "./call-tools.ts";
import { resolveToolset } from "./resolve.ts";
import { searchTools } from "./tool-search.ts";

/** A client reads a page at once; a thousand definitions are about a megabyte. */
const pageSize = 1_000;
/** How long a client may believe a list without asking: changes are announced besides. */
const ttlMs = 60_000;

const kinds = {
  "tools/list": "tools",
  "prompts/list": "prompts",
  "resources/list": "resources",
  "resources/templates/list": "resourceTemplates",
} as const;
type ListMethod = keyof typeof kinds;

export function isListMethod(method: string): method is ListMethod {
  return Object.hasOwn(kinds, method);
}

/** What a server that is down had is listed as it was last known; the gap is named in `_meta`. */
export function list(catalog: Catalog, request: GateRequest, sealer: Sealer): GateAnswer {
  const toolset = resolveToolset(catalog, request);
  const method = request.method as ListMethod;
  const items = itemsOf(toolset, method);
  const from = readCursor(request, catalog, sealer);
  const page = items.slice(from, from + pageSize);
  const next = from + pageSize;
  const cursor =
    next < items.length
      ? `,"nextCursor":${JSON.stringify(sealCursor(request, { catalog, sealer }, next))}`
      : "";
  const gaps =
    toolset.gaps.length === 0 ? "" : `,"_meta":${JSON.stringify({ [gapsKey]: toolset.gaps })}`;
  const text =
    `{"resultType":"complete","${kinds[method]}":[${page.join(",")}]${cursor}` +
    `,"ttlMs":${toolset.gaps.length === 0 ? ttlMs : 0},"cacheScope":"private"${gaps}}`;
  return { kind: "result", text, isError: false };
}

/** Servers whose definitions here are the last known ones, or missing. */
const gapsKey = "dev.countersign/gaps";

function itemsOf(toolset: CatalogToolset, method: ListMethod): readonly string[] {
  switch (method) {
    case "tools/list":
      return [
        ...(toolset.search ? searchTools : callableOf(toolset)),
        ...(toolset.batch ? [callToolsText] : []),
      ];
    case "prompts/list":
      return [...toolset.prompts.values()].map(({ text }) => text);
    case "resources/list":
      return [...toolset.resources.values()].map(({ text }) => text);
    case "resources/templates/list":
      return toolset.templates.map(({ text }) => text);
  }
}

/** What is blocked cannot be called, so a model is not offered it. */
function callableOf({ tools }: CatalogToolset): readonly string[] {
  return [...tools.values()].filter(({ blocked }) => blocked === null).map(({ text }) => text);
}

interface Sealing {
  readonly catalog: Catalog;
  readonly sealer: Sealer;
}

function sealCursor(
  { method, toolset }: GateRequest,
  { catalog, sealer }: Sealing,
  next: number,
): string {
  return sealer.seal("cursor", JSON.stringify([method, toolset, catalog.digest, next]));
}

/** A cursor of another catalog is refused: pages of two lists would skip what moved in between. */
function readCursor(
  { method, toolset, params }: GateRequest,
  catalog: Catalog,
  sealer: Sealer,
): number {
  const { cursor } = params;
  if (cursor === undefined) return 0;
  const text = typeof cursor === "string" ? sealer.unseal("cursor", cursor) : null;
  const [ofMethod, ofToolset, digest, next] = text === null ? [] : (JSON.parse(text) as unknown[]);
  if (ofMethod === method && ofToolset === toolset && digest === catalog.digest)
    return next as number;
  throw new RpcRefusal(
    rpcCodes.invalidParams,
    "The cursor belongs to another list. Begin again without it.",
    { status: 200 },
  );
}
