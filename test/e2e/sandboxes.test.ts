import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Loot } from "../abuse/malicious-server.ts";
import { createHome, type Home } from "./home.ts";

const abuse = path.join(import.meta.dirname, "../abuse");
const canary = "canary-of-the-host-4711";

/** As JSON, which YAML reads too. */
function write(home: Home, servers: object): void {
  const document = { version: 1, policy: { rule: "allow-all" }, servers };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
}

/** Until the server has said what it has. */
async function up(home: Home, server: string): Promise<void> {
  const { url } = await home.up();
  home.environment["COUNTERSIGN_URL"] = url;
  await home.run("servers", "inspect", server);
}

interface Entry {
  readonly kind: string;
  readonly sandbox?: object | null;
}

/** Of the last call that was recorded: what its outcome's entry says. */
async function readOutcome(home: Home): Promise<Entry> {
  const { out } = await home.run("receipts", "ls", "--json");
  const { receipts } = JSON.parse(out) as { receipts: { id: string; kind: string }[] };
  const last = receipts.find(({ kind }) => kind === "outcome")!;
  const shown = await home.run("receipts", "show", last.id, "--json");
  const { entries } = JSON.parse(shown.out) as { entries: { bytes: string }[] };
  return entries
    .map(({ bytes }) => JSON.parse(Buffer.from(bytes, "base64").toString()) as Entry)
    .find(({ kind }) => kind === "outcome")!;
}

const textOf = ({ out }: { out: string }): string =>
  (JSON.parse(out) as { result: { content: { text: string }[] } }).result.content[0]!.text;

test("a malicious server, registered as any other, gets nothing, and its receipt says where it ran", async () => {
  const home = createHome();
  const planted = path.join(home.directory, "planted");
  writeFileSync(planted, canary);
  home.environment["CANARY"] = canary;
  const targets = {
    files: [planted, path.join(home.data, "postgres/PG_VERSION")],
    victims: [process.pid],
  };
  const program = path.join(abuse, "malicious-server.ts");
  write(home, {
    weather: {
      transport: "stdio",
      command: [process.execPath, program, JSON.stringify(targets)],
      files: [{ path: program }],
      limits: { processes: 64, memory: "256MiB", scratch: "16MiB" },
    },
  });
  await up(home, "weather");
  const called = await home.run("tools", "call", "weather__weather", '{"city":"Bern"}', "--json");
  expect([called.code, called.code === 0 ? "" : called.out]).toEqual([0, ""]);
  for (const loot of JSON.parse(textOf(called)) as Loot[]) {
    expect(loot.got).toEqual({});
    expect(JSON.stringify(loot)).not.toContain(canary);
    expect(loot.startedProcesses).toBeLessThan(64);
    expect(loot.writtenBytes).toBeLessThanOrEqual(16 * 1024 * 1024);
  }
  const probed = await home.run("sandbox", "probe", "--json");
  const { sandboxes } = JSON.parse(probed.out) as {
    sandboxes: { driver: string; digest: string }[];
  };
  const { sandbox } = await readOutcome(home);
  expect(sandbox).toMatchObject({
    tier: "T1",
    driver: "bubblewrap",
    evidence: sandboxes.find(({ driver }) => driver === "bubblewrap")!.digest,
    downgraded: false,
    egress: null,
  });
}, 90_000);

test("I12: where there is no tier a program is refused with the one line that mends it, and the first-party one runs and says so", async () => {
  const home = createHome();
  // A machine without bubblewrap: nothing on its PATH but Node.
  const bin = path.join(home.directory, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, path.join(bin, "node"));
  home.environment["PATH"] = bin;
  const fixture = path.join(import.meta.dirname, "../mcp/fixture-stdio.ts");
  const server = { transport: "stdio", command: ["node", fixture, "legacy"] };
  write(home, { theirs: server, ours: { ...server, sandbox: "none" } });
  await up(home, "ours");
  const probed = await home.run("sandbox", "probe");
  expect([probed.code, probed.out]).toEqual([
    75,
    expect.stringContaining("apt-get install bubblewrap"),
  ]);
  const listed = await home.run("servers", "ls");
  expect(listed.out).toMatch(/theirs.*apt-get install bubblewrap/);
  const refused = await home.run("tools", "call", "theirs__echo", '{"text":"hi"}');
  expect(refused.code).not.toBe(0);
  const ran = await home.run("tools", "call", "ours__echo", '{"text":"hi"}');
  expect([ran.code, ran.out]).toEqual([0, expect.stringContaining("hi")]);
  expect((await readOutcome(home)).sandbox).toMatchObject({ tier: "none", driver: null });
}, 90_000);

test("a program reaches the host that it was given, and no other, and its receipt counts both", async () => {
  const api = createServer((request, response) => response.end(`api ${request.url}`));
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
  onTestFinished(() => void api.close());
  const { port } = api.address() as AddressInfo;
  const home = createHome();
  const program = path.join(import.meta.dirname, "fetching-program.ts");
  write(home, {
    web: {
      transport: "stdio",
      command: [process.execPath, program],
      files: [{ path: program }],
      egress: [`http://localhost:${port}`],
      egressPrivate: true,
    },
  });
  await up(home, "web");
  const get = async (url: string) =>
    textOf(await home.run("tools", "call", "web__get", JSON.stringify({ url }), "--json"));
  expect(await get(`http://localhost:${port}/a`)).toBe("200 api /a");
  expect(await get(`http://127.0.0.1:${port}/b`)).toMatch(/^403 /);
  expect(await get("http://169.254.169.254/latest/meta-data")).toMatch(/^403 /);
  expect((await readOutcome(home)).sandbox).toMatchObject({
    tier: "T1",
    egress: { attempts: 3, refused: 2 },
  });
}, 90_000);

test("a program writes where it may, and a folder around our own data does not show them", async () => {
  const home = createHome();
  chmodSync(home.directory, 0o755);
  const notes = path.join(home.directory, "notes");
  mkdirSync(notes);
  const script =
    "const fs = require('fs'); const see = (p) => { try { return fs.readdirSync(p).join(' ') } catch (e) { return e.code } };" +
    `fs.writeFileSync(${JSON.stringify(path.join(notes, "seen"))}, [${[home.directory, home.data].map((place) => `see(${JSON.stringify(place)})`).join(", ")}].join('\\n'))`;
  write(home, {
    writer: {
      transport: "stdio",
      command: [process.execPath, "-e", script],
      files: [{ path: "." }, { path: "notes", write: true }],
    },
  });
  await up(home, "writer");
  expect(readdirSync(notes)).toEqual(["seen"]);
  const [around, data] = readFileSync(path.join(notes, "seen"), "utf8").split("\n");
  expect(around).toContain("countersign.yaml");
  expect(data).toBe("");
}, 90_000);
