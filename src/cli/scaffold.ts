/** A server to start from: two tools, a test that speaks to it as a client, and how to register it. */
export interface ScaffoldFile {
  readonly file: string;
  readonly text: string;
}

export function scaffold(name: string): readonly ScaffoldFile[] {
  return [
    { file: "package.json", text: toPackage(name) },
    { file: "server.js", text: toServer(name) },
    { file: "server.test.js", text: test },
    { file: "README.md", text: toReadme(name) },
  ];
}

function toPackage(name: string): string {
  const description = {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: { start: "node server.js", test: "node --test" },
    dependencies: { "@modelcontextprotocol/server": "2.4.0", zod: "4.6.7" },
    devDependencies: { "@modelcontextprotocol/client": "2.4.0" },
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}

const toServer = (name: string): string => `import { appendFile, readFile } from "node:fs/promises";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const file = process.env.NOTES_FILE ?? "notes.jsonl";

async function readNotes() {
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\\n").filter(Boolean).map((line) => JSON.parse(line));
}

const say = (structuredContent) => ({
  content: [{ type: "text", text: JSON.stringify(structuredContent) }],
  structuredContent,
});

// Standard output belongs to the protocol: whatever you want to log goes to console.error.
serveStdio(() => {
  const server = new McpServer(
    { name: "${name}", version: "0.1.0" },
    { capabilities: { tools: {} } },
  );
  server.registerTool(
    "list_notes",
    {
      description: "Lists all notes, oldest first.",
      inputSchema: z.object({}),
      outputSchema: z.object({ notes: z.array(z.string()) }),
      annotations: { readOnlyHint: true },
    },
    async () => say({ notes: await readNotes() }),
  );
  server.registerTool(
    "save_note",
    {
      description: "Saves one note behind the others and says how many there are.",
      inputSchema: z.object({ text: z.string().min(1).max(2000).describe("What to remember.") }),
      outputSchema: z.object({ count: z.number() }),
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    async ({ text }) => {
      await appendFile(file, JSON.stringify(text) + "\\n");
      return say({ count: (await readNotes()).length });
    },
  );
  return server;
});
`;

const test = `import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

/** The server as a client sees it, with a file of its own. */
async function open(t) {
  const directory = await mkdtemp(path.join(tmpdir(), "notes-"));
  const client = new Client({ name: "test", version: "1" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [path.join(import.meta.dirname, "server.js")],
    env: { ...process.env, NOTES_FILE: path.join(directory, "notes.jsonl") },
  });
  await client.connect(transport);
  t.after(async () => {
    await client.close();
    await rm(directory, { recursive: true });
  });
  return client;
}

test("a note that is saved is listed", async (t) => {
  const client = await open(t);
  const saved = await client.callTool({ name: "save_note", arguments: { text: "buy milk" } });
  assert.deepEqual(saved.structuredContent, { count: 1 });
  const listed = await client.callTool({ name: "list_notes", arguments: {} });
  assert.deepEqual(listed.structuredContent, { notes: ["buy milk"] });
});

test("a note without words is refused, and nothing is saved", async (t) => {
  const client = await open(t);
  const refused = await client
    .callTool({ name: "save_note", arguments: { text: "" } })
    .catch((error) => ({ isError: true, error }));
  assert.equal(refused.isError, true);
  const listed = await client.callTool({ name: "list_notes", arguments: {} });
  assert.deepEqual(listed.structuredContent, { notes: [] });
});

test("every tool says what it does and what it takes", async (t) => {
  const { tools } = await (await open(t)).listTools();
  for (const tool of tools) {
    assert.ok(tool.description, tool.name);
    assert.equal(tool.inputSchema.type, "object");
  }
});
`;

const toReadme = (name: string): string => `# ${name}

An MCP server with two tools: \`list_notes\` reads, \`save_note\` writes.

\`\`\`sh
npm install
npm test
\`\`\`

Register it with Countersign, from the directory of your countersign.yaml:

\`\`\`sh
countersign servers add ${name} --no-sandbox -- node ${name}/server.js
countersign tools call ${name}__save_note '{"text":"buy milk"}'
\`\`\`

Say in countersign.yaml which tools only read; what is not said counts as a write:

\`\`\`yaml
servers:
  ${name}:
    tools:
      list_notes:
        effect: read
\`\`\`
`;
