import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { useEmbedded } from "../embedded.ts";
import { createLegacyClient, createModernClient, type RawClient } from "../mcp/raw-clients.ts";
import { startScriptedServer, type Asked } from "../mcp/scripted-server.ts";
import { createHome, type Home, type Up } from "./home.ts";

type Json = Record<string, unknown>;

const canary = "canary/5d81+f0c2=9b?67&e3a4";
const embedded = useEmbedded();

/** However it may have been written by what it went through. */
function listSpelled(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const hex = bytes.toString("hex");
  const percent = encodeURIComponent(value);
  return [
    value,
    // A half of it is no less of a leak: what was cut was not cleaned before.
    value.slice(0, 14),
    value.slice(-14),
    value.replaceAll("/", "\\/"),
    percent,
    percent.toLowerCase(),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll("-", "+").replaceAll("_", "/")),
  ];
}
const spelled = listSpelled(canary);
const find = (text: string): readonly string[] => spelled.filter((each) => text.includes(each));

test("the search finds what it looks for", () => {
  const noted = [canary, Buffer.from(`x${canary}`).toString("base64"), encodeURIComponent(canary)];
  for (const each of noted) expect(find(`some ${each} text`)).not.toEqual([]);
  expect(find("nothing of it")).toEqual([]);
});

/** Says the headers that it got wherever a server can say anything. */
function echo({ method, name, headers, params, notify }: Asked): Json | Promise<Json> {
  const said = String(headers["x-token"]);
  const { progressToken } = (params["_meta"] ?? {}) as Json;
  notify("notifications/message", { level: "info", data: headers });
  if (progressToken !== undefined)
    notify("notifications/progress", { progressToken, progress: 1, message: said });
  if (method === "resources/read")
    return { result: { contents: [{ uri: name, text: JSON.stringify(headers) }] } };
  if (method === "prompts/get")
    return { result: { messages: [{ role: "user", content: { type: "text", text: said } }] } };
  if (name === "boom") return { error: { code: -32_050, message: said, data: { headers } } };
  if (name === "slow") return new Promise(() => undefined);
  if (name === "ask" && params["inputResponses"] === undefined) {
    const form = {
      mode: "form",
      message: said,
      requestedSchema: { type: "object", properties: {} },
    };
    const inputRequests = { it: { method: "elicitation/create", params: form } };
    return { result: { resultType: "input_required", inputRequests, requestState: "mine" } };
  }
  const content = [said, JSON.stringify(headers), Buffer.from(said).toString("base64")].map(
    (text) => ({ type: "text", text }),
  );
  return { result: { content, structuredContent: { headers }, isError: name === "fail" } };
}

/** Never gets so far as to be listed, and says the header in its refusal, across where one may cut. */
async function startBrokenServer(): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const message = `${"-".repeat(185)}${String(incoming.headers["x-token"])}`;
    const error = { code: -32_022, message, data: { supported: [] } };
    outgoing.writeHead(400, { "content-type": "application/json", "x-token": message });
    outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: 0, error }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const program = path.join(import.meta.dirname, "canary-program.ts");

const toDocument = (url: string, broken: string): string => `version: 1
log: { level: debug }
policy:
  rules:
    test: |
      permit (principal, action, resource);
      @id("never") forbid (principal, action == Action::"web__never", resource);
servers:
  web:
    transport: http
    url: ${url}?key=1
    private: true
    effect: read
    headers:
      x-token: { secret: "secret://canary", prefix: "Bearer " }
    tools:
      boom: { effect: write }
      slow: { effect: read, timeout: 1s }
  broken:
    transport: http
    url: ${broken}
    private: true
    headers:
      x-token: { secret: "secret://canary" }
  ended:
    transport: stdio
    command: ["${process.execPath}", "${program}", "end"]
    sandbox: none
    environment:
      TOKEN: secret://canary
  program:
    transport: stdio
    command: ["${process.execPath}", "${program}"]
    sandbox: none
    environment:
      TOKEN: secret://canary
    tools:
      look: { effect: read }
      hang: { effect: read, timeout: 1s }
`;

interface Scene {
  readonly home: Home;
  readonly said: string[];
  readonly document: string;
}

async function run({ home, said }: Scene, ...argv: readonly string[]) {
  const ran = await home.run(...argv);
  said.push(ran.out, ran.err);
  return ran;
}

/** What a client of either era can ask, and how that can end. */
async function callAll({ said }: Scene, client: RawClient): Promise<void> {
  const tools = ["look", "fail", "boom", "ask", "slow", "never"].map((name) => `web__${name}`);
  const programs = ["look", "fail", "boom", "stray", "hang", "die"].map(
    (name) => `program__${name}`,
  );
  type Asking = readonly [string, Json];
  const calls = [...tools, ...programs].map((name): Asking => [
    "tools/call",
    { name, arguments: {} },
  ]);
  const rest: readonly Asking[] = [
    ["tools/call", { name: "web__look", arguments: { note: [canary] } }],
    ["tools/call", { name: "web__look", arguments: {}, _meta: { "a.example/b": canary } }],
    ["resources/read", { uri: "fix://state" }],
    ["prompts/get", { name: "web__greet", arguments: { who: "ada" } }],
    ["tools/list", {}],
    ["prompts/list", {}],
    ["resources/list", {}],
  ];
  for (const [method, params] of [...calls, ...rest]) {
    const answer = await client.request(method, params, { progressToken: "p" });
    said.push(JSON.stringify(answer));
  }
  said.push(JSON.stringify([client.notifications, client.asked]));
}

/** A question that nobody comes back to answer: its call stays parked. */
async function park({ home, said }: Scene, url: string): Promise<void> {
  const params = {
    name: "program__ask",
    arguments: {},
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
    },
  };
  const headers = {
    authorization: `Bearer ${callerKeyOf(home)}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": params.name,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  for (let tries = 0; ; tries += 1) {
    const text = await (await fetch(url, { method: "POST", headers, body })).text();
    said.push(text);
    if (text.includes("input_required")) return;
    // The program has just ended, and is started again after a while.
    if (tries > 40) throw new Error(`it did not ask: ${text}`);
    await systemClock.sleep(500);
  }
}

function callerKeyOf(home: Home): string {
  const file = path.join(home.directory, "config", "countersign", "caller.key");
  return readFileSync(file, "utf8").trim();
}

async function useApi({ home, said }: Scene, url: string): Promise<void> {
  const headers = { authorization: `Bearer ${home.key("admin")}` };
  for (const place of ["servers", "tools", "drift", "config", "tools/lint", "secrets"])
    said.push(await (await fetch(`${url}/v1/${place}`, { headers })).text());
  const metrics = await fetch(`${url}/metrics`, { headers });
  expect(metrics.status).toBe(200);
  const text = await metrics.text();
  expect(text).toMatch(/countersign_gate_leaks_total\{where="answer"\} [1-9]/);
  said.push(text);
}

async function useAll(scene: Scene, up: Up): Promise<void> {
  const { home, said } = scene;
  home.environment["COUNTERSIGN_URL"] = up.url;
  for (const name of ["web", "program", "broken", "ended"])
    await run(scene, "servers", "inspect", name);
  expect((await run(scene, "tools", "call", "web__look", "{}")).code).toBe(0);
  await run(scene, "tools", "call", "web__look", JSON.stringify({ note: canary }));
  for (const name of ["web__boom", "web__slow", "program__boom", "program__look"])
    await run(scene, "tools", "call", name, "{}", "--json");
  const url = `${up.url}/mcp`;
  const common = { url, key: callerKeyOf(home), answer: () => ({ action: "accept", content: {} }) };
  await callAll(scene, createModernClient(common));
  await callAll(scene, await createLegacyClient(common));
  await park(scene, url);
  for (const argv of [["doctor"], ["secrets", "ls"], ["servers", "ls"], ["tools", "ls"]])
    await run(scene, ...argv);
  await useApi(scene, up.url);
  said.push(JSON.stringify(up.events), up.log());
}

/** Documents that are wrong where a secret is meant, or that hold the secret itself. */
async function applyBroken(scene: Scene): Promise<void> {
  const { home, document } = scene;
  const file = path.join(home.directory, "countersign.yaml");
  const wrong = [
    document.replace('"secret://canary", prefix', '"secret://canary", prefixx'),
    document.replace('{ secret: "secret://canary" }', `{ secret: "${canary}" }`),
    document.replaceAll("TOKEN: secret://canary", `TOKEN: "${canary}"`),
    document.replace("version: 1", `version: "${canary}"`),
    // Where a key belongs: nobody knows that it is a secret, and complaints are about keys.
    document.replace("version: 1", `version: 1\n"${canary}": 1`),
    document.replace("version: 1", `version: 1\n"${canary}": 1\n"${canary}": 2`),
    document.replace("version: 1", `version: 1\n"${canary}": *it`),
    document.replace("log: {", `log: { "${canary}": x,`),
    document.replace("  broken:", `  "${canary}":`),
    document.replace("      x-token: {", `      "${canary}": {`),
    document.replace("      TOKEN:", `      "${canary}":`),
    document.replace("    transport: http", `    "${canary}": http`),
  ];
  for (const text of wrong) {
    expect(text).not.toBe(document);
    writeFileSync(file, text);
    for (const command of ["plan", "apply"])
      expect((await run(scene, command)).code).toBeGreaterThan(0);
  }
  writeFileSync(file, document);
}

async function readTables(url: string): Promise<readonly (readonly [string, string])[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const read: (readonly [string, string])[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
      for (const row of rows)
        for (const [column, value] of Object.entries(row)) {
          const text = Buffer.isBuffer(value) ? value.toString("latin1") : JSON.stringify(value);
          read.push([`${name}.${column}`, text ?? ""]);
        }
    }
    return read;
  } finally {
    await client.end();
  }
}

function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

test("I9: a secret's value is found nowhere but encrypted, whatever is done with it", async () => {
  const describe = (headers: Asked["headers"]): string => `It has ${String(headers["x-token"])}.`;
  const tools = ["look", "fail", "boom", "ask", "slow", "never"];
  const web = await startScriptedServer({ tools, answer: echo, describe });
  const broken = await startBrokenServer();
  const home = createHome();
  const document = toDocument(web.url, broken);
  const scene: Scene = { home, said: [], document };
  writeFileSync(path.join(home.directory, "countersign.yaml"), document);

  const first = await home.up();
  home.environment["COUNTERSIGN_URL"] = first.url;
  const set = await home.pipe(`${canary}\n`, "secrets", "set", "canary");
  expect(set.code).toBe(0);
  scene.said.push(set.out, set.err);
  for (let tries = 0; (await run(scene, "servers", "inspect", "web")).code !== 0; tries += 1) {
    expect(tries).toBeLessThan(60);
    await systemClock.sleep(250);
  }
  await useAll(scene, first);
  expect(web.seen.length).toBeGreaterThan(10);
  await applyBroken(scene);
  first.kill("SIGKILL");
  await first.ended;
  scene.said.push(first.log());

  const second = await home.up();
  await useAll(scene, second);
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
  scene.said.push(JSON.stringify(second.events), second.log());

  const leaks = scene.said.flatMap((text) =>
    find(text).map((each) => text.slice(Math.max(0, text.indexOf(each) - 200)).slice(0, 300)),
  );
  expect(leaks).toEqual([]);

  const postgres = await embedded.start(path.join(home.data, "postgres"));
  const cells = await readTables(postgres.url);
  expect(cells.length).toBeGreaterThan(100);
  expect(cells.filter(([, text]) => find(text).length > 0).map(([name]) => name)).toEqual([]);
  // It is there all the same, and calls ended in every way.
  expect(cells.map(([name]) => name)).toContain("countersign.secrets.name");
  const ends = new Set(cells.flatMap(([, text]) => /"outcome":"(\w+)"/.exec(text)?.[1] ?? []));
  expect([...ends].toSorted()).toEqual(["answered", "denied", "fault", "tool_error", "unknown"]);
  await postgres.stop();

  const files = [...listFiles(home.data), ...listFiles(path.join(home.directory, "config"))];
  expect(files.length).toBeGreaterThan(100);
  const holding = files.filter((file) => find(readFileSync(file, "latin1")).length > 0);
  expect(holding).toEqual([]);
}, 300_000);
