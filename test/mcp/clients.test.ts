import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createMCPClient } from "@ai-sdk/mcp";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, onTestFinished, test } from "vitest";
import {
  callerKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "./gate-under-test.ts";
import { startHttpFixture } from "./fixture-http.ts";
import { registerRealServers } from "./real-servers.ts";

/** Clients that others wrote, in front of servers that others wrote, with the gate between them. */
const requestInit = { headers: { authorization: `Bearer ${callerKey}` } };
const accepted = { action: "accept" as const, content: { name: "Ada" } };

async function open(): Promise<{ gate: GateUnderTest; directory: string }> {
  const { servers, directory } = registerRealServers();
  const modern = { transport: "http", url: (await startHttpFixture("modern")).url, private: true };
  const legacy = { transport: "http", url: (await startHttpFixture("legacy")).url, private: true };
  const gate = await startGateUnderTest({ servers: { ...servers, modern, legacy } });
  await whenListed(gate);
  return { gate, directory };
}

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  readResource(params: { uri: string }): Promise<unknown>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<unknown>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
}

/** What every client has to be able to do with every server. */
async function useEverything(client: AnyClient, directory: string): Promise<void> {
  const names = (await client.listTools()).tools.map(({ name }) => name);
  for (const name of [
    "everything__echo",
    "files__read_text_file",
    "memory__read_graph",
    "thinking__sequentialthinking",
    "time__days_in_month",
    "modern__echo",
    "legacy__echo",
  ]) {
    expect(names).toContain(name);
  }
  const call = async (name: string, args: Record<string, unknown>): Promise<string> =>
    JSON.stringify(await client.callTool({ name, arguments: args }));
  expect(await call("everything__echo", { message: "hi" })).toContain("Echo: hi");
  expect(await call("files__read_text_file", { path: path.join(directory, "note.txt") })).toContain(
    "what is in the note",
  );
  const entity = { name: "Ada", entityType: "person", observations: ["counts"] };
  await call("memory__create_entities", { entities: [entity] });
  expect(await call("memory__read_graph", {})).toContain("counts");
  const thought = { thought: "one", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 };
  expect(await call("thinking__sequentialthinking", thought)).toContain("thoughtNumber");
  expect(await call("time__days_in_month", { date: "2028-02-10" })).toContain("29");
  expect(await call("modern__elicit", {})).toContain("hello Ada");
  expect(await call("legacy__elicit", {})).toContain("hello Ada");
  expect(JSON.stringify(await client.readResource({ uri: "fix://item/9" }))).toContain(
    "content of fix://item/9",
  );
  expect(
    JSON.stringify(await client.getPrompt({ name: "modern__greet", arguments: { who: "Bo" } })),
  ).toContain("Greet Bo");
  expect((await client.listResources()).resources.length).toBeGreaterThan(1);
}

test("the official client of the legacy era", async () => {
  const { gate, directory } = await open();
  const client = new LegacyClient(
    { name: "sdk-1", version: "1" },
    { capabilities: { elicitation: {} } },
  );
  client.setRequestHandler(ElicitRequestSchema, async () => accepted);
  const transport = new LegacyTransport(new URL(gate.url), { requestInit });
  await client.connect(transport);
  onTestFinished(() => client.close());
  await useEverything(client, directory);
  const seen: number[] = [];
  const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
  await client.callTool({ name: "modern__progress", arguments: {} }, undefined, { onprogress });
  expect(seen).toEqual([1, 2, 3]);
  const leaving = new AbortController();
  const slow = client.callTool({ name: "modern__slow", arguments: {} }, undefined, {
    signal: leaving.signal,
  });
  leaving.abort("enough");
  await expect(slow).rejects.toThrow(/enough|abort/i);
}, 30_000);

test.each(["auto", "legacy"] as const)(
  "the official client of both eras, negotiating %s",
  async (mode) => {
    const { gate, directory } = await open();
    const client = new Client(
      { name: "sdk-2", version: "1" },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    );
    client.setRequestHandler("elicitation/create", async () => accepted);
    await client.connect(new StreamableHTTPClientTransport(new URL(gate.url), { requestInit }));
    onTestFinished(() => client.close());
    await useEverything(client, directory);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await client.callTool({ name: "legacy__progress", arguments: {} }, { onprogress });
    expect(seen).toEqual([1, 2, 3]);
  },
  30_000,
);

test("the client of the AI SDK", async () => {
  const { gate, directory } = await open();
  const transport = { type: "http" as const, url: gate.url, headers: requestInit.headers };
  const client = await createMCPClient({ transport });
  onTestFinished(() => client.close());
  const tools = await client.tools();
  const run = (name: string, args: object): Promise<unknown> =>
    Promise.resolve(
      tools[name]!.execute(args as never, { messages: [], toolCallId: "1" } as never),
    );
  expect(JSON.stringify(await run("everything__echo", { message: "hi" }))).toContain("Echo: hi");
  const read = await run("files__read_text_file", { path: path.join(directory, "note.txt") });
  expect(JSON.stringify(read)).toContain("what is in the note");
  expect(JSON.stringify(await client.readResource({ uri: "fix://item/9" }))).toContain(
    "content of fix://item/9",
  );
}, 30_000);

test("mcporter, from its command line", async () => {
  const { gate } = await open();
  const cli = fileURLToPath(new URL("../../node_modules/mcporter/dist/cli.js", import.meta.url));
  const header = ["--header", `authorization=Bearer ${callerKey}`];
  const { stdout } = await promisify(execFile)(process.execPath, [
    cli,
    "call",
    "--http-url",
    gate.url,
    "--allow-http",
    "--tool",
    "everything__echo",
    ...header,
    "--args",
    '{"message":"hi"}',
  ]);
  expect(stdout).toContain("Echo: hi");
}, 30_000);

test("the command line of the MCP Inspector", async () => {
  const { gate, directory } = await open();
  const cli = fileURLToPath(
    new URL(
      "../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
      import.meta.url,
    ),
  );
  const header = ["--transport", "http", "--header", `authorization: Bearer ${callerKey}`];
  const inspect = async (method: string, ...args: readonly string[]): Promise<string> => {
    const argv = [cli, "--cli", gate.url, ...header, "--method", method, ...args];
    // It keeps a catalog in its home.
    const env = { ...process.env, HOME: directory };
    return (await promisify(execFile)(process.execPath, argv, { env })).stdout;
  };
  expect(await inspect("tools/list")).toContain('"time__days_in_month"');
  const note = `path=${path.join(directory, "note.txt")}`;
  const read = ["--tool-name", "files__read_text_file", "--tool-arg", note];
  expect(await inspect("tools/call", ...read)).toContain("what is in the note");
  expect(await inspect("resources/read", "--uri", "fix://item/9")).toContain("content of");
  const greet = ["--prompt-name", "modern__greet", "--prompt-args", "who=Bo"];
  expect(await inspect("prompts/get", ...greet)).toContain("Greet Bo");
}, 60_000);
