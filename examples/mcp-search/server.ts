import path from "node:path";
import { parseArgs } from "node:util";
import { McpServer, type CallToolResult } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import type { Hit } from "./search/find.ts";
import { readHeartbeat } from "./search/heartbeat.ts";
import { limits } from "./search/limits.ts";
import { readDocument } from "./search/read-folder.ts";
import { followIndex } from "./search/served-index.ts";
import { tellAge, type Age } from "./search/tell-age.ts";

/** Searches what the indexer wrote, and says with each answer how old that is. */

const { values: given } = parseArgs({
  options: {
    documents: { type: "string", default: path.join(import.meta.dirname, "documents") },
    state: { type: "string", default: path.join(import.meta.dirname, ".search") },
    "stale-after": { type: "string", default: "60" },
  },
});
const staleAfterMs = Number(given["stale-after"]) * 1_000;
if (!(staleAfterMs > 0 && staleAfterMs <= 86_400_000))
  throw new Error("--stale-after takes seconds, at most 86400.");

const serve = followIndex(given.state);

const ageSchema = z.object({
  version: z.string().describe("Of the embedder: all vectors that were compared are of this one."),
  embedder: z.string(),
  writtenAt: z.string(),
  ageSeconds: z.number().describe("Since it was last known to say what the documents say."),
  documents: z.int(),
  chunks: z.int(),
  stale: z.boolean(),
  note: z.string().nullable().describe("What there is to know before this is relied on."),
});

const hitSchema = z.object({
  path: z.string(),
  heading: z.string(),
  text: z.string(),
  score: z.number(),
  version: z.string(),
  indexedAt: z.string(),
  source: z
    .enum(["same", "changed", "gone"])
    .describe("Whether the document is still what was indexed."),
  hidden: z.int().describe("Invisible characters that were taken out of the document."),
});
type ShownHit = z.output<typeof hitSchema>;

const searchInput = z.strictObject({
  query: z.string().trim().min(1).max(limits.queryLength).describe("Words that are looked for."),
  limit: z.int().min(1).max(limits.hits).default(5).describe("Hits at most."),
});
const searchOutput = z.object({ hits: z.array(hitSchema), index: ageSchema });
const statusInput = z.strictObject({});
const statusOutput = z.object({
  index: ageSchema,
  leftOut: z.array(z.object({ path: z.string(), why: z.string() })),
});

/** The member of `_meta` in which Countersign reads how old an index is: `indexes` in countersign.yaml. */
const indexesMember = "dev.countersign/indexes";
const indexName = "documents";

/** Where there is none, nobody vouches for it. */
function toMeta(age: Age | null): Record<string, unknown> {
  if (age === null) return {};
  const { ageSeconds, stale } = age;
  return { [indexesMember]: { [indexName]: { ageSeconds, stale } } };
}

/** One index, taken once a call: hits, vectors and age are all of the same. */
function take() {
  const { searchable, problem } = serve();
  if (searchable === null) return { searchable, age: null, problem };
  const heartbeat = readHeartbeat(given.state);
  const age = tellAge(searchable.index, { heartbeat, problem, staleAfterMs, nowMs: Date.now() });
  return { searchable, age, problem };
}

function search({ query, limit }: z.output<typeof searchInput>): CallToolResult {
  const { searchable, age, problem } = take();
  if (searchable === null) return refuse(problem);
  const hits = searchable.find(query, limit).map((hit) => toShown(hit, searchable.index));
  const notes = [...(age.note === null ? [] : [age.note]), ...hits.flatMap(tellHit)];
  const found = hits.map(({ path: file, heading, text }, at) =>
    [`${at + 1}. ${file}${heading === "" ? "" : ` (${heading})`}`, text].join("\n"),
  );
  const first = `${hits.length} of ${age.chunks} passages of ${age.documents} documents.`;
  const last = notes.length === 0 ? [] : [`Note: ${[...new Set(notes)].join(" ")}`];
  return {
    content: [{ type: "text", text: [first, ...found, ...last].join("\n\n") }],
    structuredContent: { hits, index: age },
    _meta: toMeta(age),
  };
}

function toShown({ chunk, score }: Hit, { embedder }: { embedder: { version: string } }): ShownHit {
  const { document, heading, text, hidden } = chunk;
  const read = readDocument(given.documents, document.path);
  const isSame = read.kind === "read" && read.document.digest === document.digest;
  const isGone = read.kind === "refused" && read.why === "is gone";
  return {
    path: document.path,
    heading,
    text,
    score,
    version: embedder.version,
    indexedAt: document.indexedAt,
    source: isSame ? "same" : isGone ? "gone" : "changed",
    hidden,
  };
}

function tellHit({ path: file, source, hidden }: ShownHit): readonly string[] {
  return [
    ...(source === "changed" ? [`${file} has changed since it was indexed.`] : []),
    ...(source === "gone" ? [`${file} is gone since it was indexed.`] : []),
    ...(hidden > 0 ? [`${file} holds ${hidden} invisible characters, which were taken out.`] : []),
  ];
}

function status(): CallToolResult {
  const { searchable, age, problem } = take();
  if (searchable === null) return refuse(problem);
  const { leftOut } = searchable.index;
  const text = [
    `Version ${age.version}, ${age.documents} documents, ${age.chunks} passages, ${leftOut.length} left out.`,
    ...(age.note === null ? [] : [`Note: ${age.note}`]),
  ];
  return {
    content: [{ type: "text", text: text.join("\n\n") }],
    structuredContent: { index: age, leftOut },
    _meta: toMeta(age),
  };
}

function refuse(problem: string | null): CallToolResult {
  return { content: [{ type: "text", text: problem ?? "There is no index." }], isError: true };
}

const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
const searchTool = {
  title: "Search the documents",
  description: "Finds passages by their words, their spelling and their vectors, with their age.",
  annotations,
};
const statusTool = {
  title: "Ask for the state of the index",
  description: "Says how old the index is, what is in it, and which documents were left out.",
  annotations,
};

const toSchema = (schema: z.ZodType, io: "input" | "output") =>
  z.toJSONSchema(schema, { io }) as { readonly type: "object" };

const listed = [
  {
    name: "search",
    ...searchTool,
    inputSchema: toSchema(searchInput, "input"),
    outputSchema: toSchema(searchOutput, "output"),
  },
  {
    name: "index_status",
    ...statusTool,
    inputSchema: toSchema(statusInput, "input"),
    outputSchema: toSchema(statusOutput, "output"),
  },
];

serveStdio(() => {
  const server = new McpServer(
    { name: "search", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  server.registerTool(
    "search",
    { ...searchTool, inputSchema: searchInput, outputSchema: searchOutput },
    search,
  );
  server.registerTool(
    "index_status",
    { ...statusTool, inputSchema: statusInput, outputSchema: statusOutput },
    status,
  );
  // Whoever lists the tools hears of the age as well, also while nobody searches.
  server.server.setRequestHandler("tools/list", () => ({
    tools: listed,
    _meta: toMeta(take().age),
  }));
  return server;
});
