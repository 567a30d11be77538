import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, onTestFinished, test } from "vitest";
import { createHome, type Home } from "./home.ts";

const fixture = path.join(import.meta.dirname, "../mcp/fixture-stdio.ts");
const document = `version: 1
policy:
  rule: allow-all
`;

async function open() {
  const home = createHome();
  writeFileSync(path.join(home.directory, "countersign.yaml"), document);
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  for (const era of ["modern", "legacy"]) {
    const command = [process.execPath, fixture, era];
    const added = await home.run("servers", "add", era, "--no-sandbox", "--", ...command);
    expect([added.code, added.err]).toEqual([0, expect.any(String)]);
  }
  return { home, up };
}

const accepted = { action: "accept" as const, content: { name: "Ada" } };

/** What a desktop client does with the entry that `connect` wrote for it. */
function startEntry(home: Home, file: string, member: string) {
  const written = JSON.parse(readFileSync(path.join(home.directory, file), "utf8")) as Record<
    string,
    Record<string, { command: string; args: string[] }>
  >;
  const { command, args } = written[member]!["countersign"]!;
  const env = Object.fromEntries(
    Object.entries(home.environment).filter((entry): entry is [string, string] => !!entry[1]),
  );
  delete env["COUNTERSIGN_URL"];
  return { command, args, env, cwd: "/" };
}

test("a client that speaks over standard streams works with what connect wrote for it", async () => {
  const { home } = await open();
  mkdirSync(path.join(home.directory, ".vscode"));
  expect((await home.run("connect", "vscode")).code).toBe(0);
  expect((await home.run("connect", "vscode", "--json")).out).toContain('"written":false');
  const entry = startEntry(home, ".vscode/mcp.json", "servers");
  expect(JSON.stringify(entry.args)).not.toContain(
    readFileSync(path.join(home.directory, "config/countersign/caller.key"), "utf8").trim(),
  );

  const client = new Client({ name: "sdk-1", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async () => accepted);
  await client.connect(new StdioClientTransport(entry));
  onTestFinished(() => client.close());
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toContain("legacy__echo");
  const call = async (name: string, args = {}) =>
    JSON.stringify(await client.callTool({ name, arguments: args }));
  expect(await call("modern__echo", { text: "hi" })).toContain("hi ×1");
  expect(await call("legacy__elicit")).toContain("hello Ada");
  const changed = new Promise<void>((resolve) => {
    client.fallbackNotificationHandler = async ({ method }) => {
      if (method === "notifications/tools/list_changed") resolve();
    };
  });
  await call("legacy__grow");
  await changed;
  const leaving = new AbortController();
  const slow = client.callTool({ name: "legacy__slow", arguments: {} }, undefined, {
    signal: leaving.signal,
  });
  const ended = slow.catch((error: unknown) => String(error));
  await expect.poll(() => call("legacy__counts")).toContain('\\"slow\\":1');
  leaving.abort("enough");
  expect(await ended).toContain("enough");
  await expect.poll(() => call("legacy__counts")).toContain('\\"cancelled\\":1');
}, 60_000);

test("a modern client works over standard streams, too", async () => {
  const { home, up } = await open();
  expect((await home.run("connect", "claude-code", "--url", up.url)).code).toBe(0);
  const client = new ModernClient(
    { name: "sdk-2", version: "1" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: "auto" } },
  );
  client.setRequestHandler("elicitation/create", async () => accepted);
  await client.connect(new ModernTransport(startEntry(home, ".mcp.json", "mcpServers")));
  onTestFinished(() => client.close());
  const call = async (name: string, args = {}) =>
    JSON.stringify(await client.callTool({ name, arguments: args }));
  expect(await call("modern__echo", { text: "hi" })).toContain("hi ×1");
  expect(await call("legacy__elicit")).toContain("hello Ada");
}, 60_000);

test("connect loses nothing of a client's file, and says what it will not touch", async () => {
  const home = createHome();
  const file = path.join(home.directory, ".mcp.json");
  writeFileSync(file, '{"other":1,"mcpServers":{"mine":{"command":"x"}}}');
  expect((await home.run("connect", "claude-code")).code).toBe(0);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    other: 1,
    mcpServers: { mine: { command: "x" }, countersign: {} },
  });
  const commented = '{ // mine\n  "mcpServers": {} }';
  writeFileSync(file, commented);
  const refused = await home.run("connect", "claude-code");
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("has comments")]);
  expect(readFileSync(file, "utf8")).toBe(commented);
  writeFileSync(file, '{"mcpServers":{"countersign":{"command":"another"}}}');
  expect((await home.run("connect", "claude-code")).code).toBe(2);
  expect((await home.run("connect", "claude-code", "--force")).code).toBe(0);
  const unknown = await home.run("connect", "emacs");
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("cursor")]);
  const printed = await home.run("connect", "cursor", "--print");
  expect(JSON.parse(printed.out)).toHaveProperty("mcpServers.countersign.command");
});

test("servers of another program are imported, secrets into files of this user alone", async () => {
  const { home } = await open();
  const entries = {
    Fixture: {
      command: process.execPath,
      args: [fixture, "legacy"],
      env: { FIXTURE_TOKEN: "t0psecret" },
    },
    broken: {},
  };
  writeFileSync(path.join(home.directory, "other.json"), JSON.stringify({ mcpServers: entries }));
  const dry = await home.run("servers", "import", "other.json", "--no-sandbox", "--dry-run");
  expect([dry.code, dry.out]).toEqual([0, "Nothing was written.\n"]);
  const done = await home.run("servers", "import", "other.json", "--no-sandbox", "--json");
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("broken is left out")]);
  const written = readFileSync(path.join(home.directory, "countersign.yaml"), "utf8");
  expect(written).toContain("fixture:");
  expect(written + done.out + done.err).not.toContain("t0psecret");
  const secret = path.join(home.directory, "config/countersign/secrets/fixture-FIXTURE_TOKEN");
  expect(readFileSync(secret, "utf8")).toBe("t0psecret\n");
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  const called = await home.run("tools", "call", "fixture__echo", '{"text":"hi"}', "--json");
  expect(called.out).toContain("hi ×1");
  const again = await home.run("servers", "import", "other.json", "--no-sandbox");
  expect([again.code, again.out]).toEqual([0, "Nothing is left to import.\n"]);
}, 60_000);
