import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { McpServer, type CallToolResult, type ServerContext } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { openRepository } from "./git.ts";

const home = path.join(import.meta.dirname, "..");
const repository = openRepository(
  path.resolve(home, process.env["REVIEW_REPOSITORY"] ?? "repository"),
);
const notes = path.resolve(home, process.env["REVIEW_NOTES"] ?? ".review", "review.jsonl");

const keyMember = "example.com/idempotency-key";
/** So much of a text is shown at once. */
const mostShown = 40_000;

const pathField = z.string().min(1).max(1_024).describe("As list_changes names it.");
const changeSchema = z.object({ path: z.string(), added: z.number(), removed: z.number() });

function answer(structuredContent: Record<string, unknown>): CallToolResult {
  const content = [{ type: "text" as const, text: JSON.stringify(structuredContent) }];
  return { content, structuredContent };
}

const refuse = (text: string): CallToolResult => ({
  content: [{ type: "text", text }],
  isError: true,
});

/** Only what the change itself names: no other path of the commit is read. */
async function requireChanged(file: string): Promise<CallToolResult | null> {
  const changes = await repository.changes();
  if (changes.some((change) => change.path === file)) return null;
  return refuse(`${JSON.stringify(file)} is not changed. Changed are: ${toNames(changes)}.`);
}

const toNames = (changes: readonly { readonly path: string }[]): string =>
  changes.map((change) => JSON.stringify(change.path)).join(", ");

/** Once under one key, however often it is sent. */
function note(kind: string, given: Record<string, unknown>, { mcpReq }: ServerContext) {
  const key = mcpReq._meta?.[keyMember];
  const lines = existsSync(notes) ? readFileSync(notes, "utf8").split("\n").filter(Boolean) : [];
  const known = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find((each) => typeof key === "string" && each["key"] === key);
  if (known === undefined) appendFileSync(notes, `${JSON.stringify({ kind, key, ...given })}\n`);
  return answer({ noted: true, ...given });
}

function offerReads(server: McpServer): void {
  const annotations = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(
    "list_changes",
    {
      title: "List changes",
      description: "Names the files of the newest commit, with how many lines it adds and removes.",
      inputSchema: z.object({}),
      outputSchema: z.object({ commit: z.string(), changes: z.array(changeSchema) }),
      annotations,
    },
    async () => answer({ commit: await repository.head(), changes: await repository.changes() }),
  );
  const asText = async (file: string, read: (name: string) => Promise<string>) => {
    const refused = await requireChanged(file);
    if (refused !== null) return refused;
    const text = await read(file);
    return answer({ path: file, text: text.slice(0, mostShown), cut: text.length > mostShown });
  };
  const outputSchema = z.object({ path: z.string(), text: z.string(), cut: z.boolean() });
  const inputSchema = z.object({ path: pathField });
  server.registerTool(
    "read_diff",
    {
      title: "Read a diff",
      description: "Shows what the newest commit changes in one file.",
      inputSchema,
      outputSchema,
      annotations,
    },
    ({ path: file }) => asText(file, repository.diffOf),
  );
  server.registerTool(
    "read_file",
    {
      title: "Read a changed file",
      description: "Shows one of the changed files whole, as the commit has it.",
      inputSchema,
      outputSchema,
      annotations,
    },
    ({ path: file }) => asText(file, repository.fileAt),
  );
}

function offerEffects(server: McpServer): void {
  const annotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };
  const remark = {
    path: pathField,
    line: z.int().min(1).max(10_000_000),
    severity: z.enum(["blocker", "major", "minor"]),
    text: z.string().trim().min(1).max(4_000),
  };
  server.registerTool(
    "add_remark",
    {
      title: "Add a remark",
      description: "Writes one remark at a line of a changed file.",
      inputSchema: z.object(remark),
      annotations,
    },
    async (given, context) => (await requireChanged(given.path)) ?? note("remark", given, context),
  );
  server.registerTool(
    "submit_review",
    {
      title: "Submit the review",
      description: "Says whether the change is approved or goes back, and why.",
      inputSchema: z.object({
        commit: z.string().regex(/^[0-9a-f]{40,64}$/, "takes the commit that list_changes names"),
        verdict: z.enum(["approve", "request_changes"]),
        summary: z.string().trim().min(1).max(4_000),
      }),
      annotations,
    },
    async (given, context) => {
      const head = await repository.head();
      if (given.commit !== head) return refuse(`The newest commit is ${head} by now.`);
      return note("review", given, context);
    },
  );
}

// Standard output belongs to the protocol.
serveStdio(() => {
  const server = new McpServer(
    { name: "repository", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  offerReads(server);
  offerEffects(server);
  return server;
});
