import { writeFileSync } from "node:fs";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect, onTestFinished, test, vi } from "vitest";
import { findRunsc } from "../sandbox-tools.ts";
import { createHome, type Home, type Up } from "./home.ts";

// Each command is a process of its own, beside a server, its database and maybe a virtual machine.
vi.setConfig({ testTimeout: 300_000 });

const runsc = await findRunsc();

const rules = `
@id("all") permit (principal, action, resource);
@id("no-shell") @reason("No shell here.")
forbid (principal, action == Action::"lab__bash", resource);
@id("unread") @reason("Nobody has read that code.")
forbid (principal, action == Action::"lab__run_code", resource)
unless { context has sandbox && context.sandbox.untrustedCode };
`;

const code =
  "print('sum', sum(int(line) for line in open('numbers.txt')), file=open('sum.txt', 'w'))";

const script = {
  name: "demo",
  turns: [
    {
      when: { last: "user" },
      calls: [{ tool: "lab__write_file", args: { path: "numbers.txt", text: "40\n2\n" } }],
    },
    {
      when: { last: "tool", tool: "lab__write_file" },
      calls: [{ tool: "lab__run_code", args: { language: "python", code } }],
    },
    {
      when: { last: "tool", tool: "lab__run_code" },
      calls: [{ tool: "lab__read_file", args: { path: "sum.txt" } }],
    },
    { when: { last: "tool", tool: "lab__read_file", contains: "sum 42" }, say: "It is 42." },
    { when: { last: "tool" }, say: "It failed." },
  ],
};

const toDocument = (sandbox: string) => ({
  version: 1,
  policy: { rules: { lab: rules } },
  servers: { lab: { transport: "workbench", sandbox, warm: 0, timeout: "3m" } },
  models: {
    backends: { demo: { kind: "scripted", script: "demo.yaml" } },
    routes: { fast: [[{ backend: "demo" }]] },
  },
  agents: {
    clerk: {
      description: "Adds numbers up.",
      model: "fast",
      instructions: "Add numbers up.",
      tools: ["lab__write_file", "lab__run_code", "lab__read_file"],
    },
  },
});

async function up(sandbox: string): Promise<{ readonly home: Home; readonly server: Up }> {
  const home = createHome();
  if (runsc !== null) home.environment["PATH"] += `:${path.dirname(runsc)}`;
  const write = (file: string, value: object) =>
    writeFileSync(path.join(home.directory, file), JSON.stringify(value));
  write("demo.yaml", script);
  write("countersign.yaml", toDocument(sandbox));
  const server = await home.up();
  home.environment["COUNTERSIGN_URL"] = server.url;
  return { home, server };
}

async function connect(home: Home, server: Up): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${home.key("admin")}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
    requestInit: { headers },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
}

const callOf = (client: Client) => async (tool: string, args: Record<string, unknown>) => {
  const options = { timeout: 240_000 };
  const params = { name: `lab__${tool}`, arguments: args };
  const { content, isError = false } = (await client.callTool(
    params,
    undefined,
    options,
  )) as never as Answer;
  return { isError, text: content[0]!.text };
};

interface Entry {
  readonly kind: string;
  readonly tool: string;
  readonly outcome?: string;
  readonly sandbox?: Record<string, unknown> | null;
}

async function readOutcomes(home: Home): Promise<readonly Entry[]> {
  const { out } = await home.run("receipts", "ls", "--json");
  const { receipts } = JSON.parse(out) as { receipts: (Entry & { id: string })[] };
  const isWanted = ({ kind, tool }: Entry): boolean => kind === "outcome" && tool !== "read_file";
  const read: Entry[] = [];
  const { out: key } = await home.run("ledger", "key");
  writeFileSync(path.join(home.directory, "keys.txt"), key);
  for (const { id } of receipts.filter(isWanted)) {
    const shown = await home.run("receipts", "show", id, "--json");
    const file = path.join(home.directory, `${id}.json`);
    writeFileSync(file, shown.out);
    const verified = await home.run("receipts", "verify", file, "--key", "keys.txt");
    expect([verified.code, verified.out + verified.err]).toEqual([
      0,
      expect.stringContaining("verifies"),
    ]);
    const { entries } = JSON.parse(shown.out) as { entries: { bytes: string }[] };
    const all = entries.map(
      ({ bytes }) => JSON.parse(Buffer.from(bytes, "base64").toString()) as Entry,
    );
    read.push(all.find(({ kind }) => kind === "outcome")!);
  }
  return read;
}

/** The strongest that this machine has for code that a model wrote; null: none. */
async function findTier(home: Home): Promise<"T3" | "T2" | null> {
  const probed = await home.run("sandbox", "probe", "--json");
  const { sandboxes } = JSON.parse(probed.out) as {
    sandboxes: { tier: string; usable: boolean }[];
  };
  const has = (tier: string) => sandboxes.some((each) => each.tier === tier && each.usable);
  return has("T2") ? "T2" : has("T3") ? "T3" : null;
}

test("files and computing need no machine, and files are there after a restart: by MCP's own client", async () => {
  const { home, server } = await up("T3");
  const client = await connect(home, server);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("lab__run_code");
  const call = callOf(client);
  expect(await call("write_file", { path: "a.txt", text: "hello" })).toMatchObject({
    isError: false,
  });
  expect(await call("read_file", { path: "a.txt" })).toEqual({ isError: false, text: "hello" });
  expect(await call("compute", { code: "6 * 7" })).toEqual({ isError: false, text: "42\n" });
  const denied = await call("bash", { command: "true" });
  expect([denied.isError, denied.text]).toEqual([true, expect.stringContaining("no-shell")]);
  const added = await home.run("servers", "add", "bench", "--workbench", "--tier", "T2");
  expect([added.code, added.out]).toEqual([0, expect.stringMatching(/bench is ready.*8 tools/)]);
  for (const wrong of [["--tier", "T1"], ["--no-sandbox"], ["--mount", "."]]) {
    const refused = await home.run("servers", "add", "other", "--workbench", ...wrong);
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/T3|goes with/)]);
  }
  // With a machine it adds up, and without one it is told so.
  const run = await home.run("run", "clerk", "add up", "--follow");
  expect(run.out + run.err).toMatch(/It is 42|lab__run_code fault/);
  // The same files at the next start: they lie in the store.
  server.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  const again = await home.up();
  const after = callOf(await connect(home, again));
  expect(await after("read_file", { path: "a.txt" })).toEqual({ isError: false, text: "hello" });
});

test("a client and an agent write a file, run Python over it and read what it made", async ({
  skip,
}) => {
  const probing = await up("T3");
  const tier = await findTier(probing.home);
  probing.server.kill("SIGTERM");
  await probing.server.ended;
  if (tier === null) skip("this machine has neither T2 nor T3");
  const { home, server } = await up(tier!);
  const call = callOf(await connect(home, server));
  await call("write_file", { path: "numbers.txt", text: "1\n2\n" });
  const ran = await call("run_code", { language: "python", code });
  expect(ran).toMatchObject({ isError: false });
  expect((await call("read_file", { path: "sum.txt" })).text).toBe("sum 3\n");
  const run = await home.run("run", "clerk", "add up", "--follow");
  expect([run.code, run.out + run.err]).toEqual([0, expect.stringContaining("It is 42.")]);
  const outcomes = await readOutcomes(home);
  const programs = outcomes.filter((entry) => entry.tool === "run_code");
  expect(programs).toHaveLength(2);
  for (const { outcome, sandbox } of programs)
    expect([outcome, sandbox]).toEqual(["answered", expect.objectContaining({ tier, exit: 0 })]);
  expect(
    outcomes.filter((entry) => entry.tool === "write_file").map(({ sandbox }) => sandbox),
  ).toEqual([null, null]);
});
