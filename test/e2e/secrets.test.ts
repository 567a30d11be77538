import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { usePostgres } from "../postgres.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { createHome, type Home, type Ran } from "./home.ts";

/** In front of a real server: writes down what the gate sends as Authorization. */
async function startListener(): Promise<{ readonly url: string; readonly seen: string[] }> {
  const fixture = await startHttpFixture("modern");
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming.headers.authorization ?? "none");
    const { method, headers } = incoming;
    const onward = request(fixture.url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen };
}

const postgres = usePostgres();
const first = "canary-one-5d81f0c2";
const second = "canary-two-9b67e3a4";

async function inspectUntil(home: Home, holds: (ran: Ran) => boolean): Promise<Ran> {
  for (let tries = 0; ; tries += 1) {
    const ran = await home.run("servers", "inspect", "mail");
    if (holds(ran)) return ran;
    if (tries > 60) throw new Error(`it did not come to pass: ${ran.code} ${ran.out}${ran.err}`);
    await systemClock.sleep(250);
  }
}

function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

test("I9: a secret from the command line reaches its server, and nobody else sees it", async () => {
  const home = createHome();
  const listener = await startListener();
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    `version: 1
policy: { rule: allow-all }
servers:
  mail:
    transport: http
    url: ${listener.url}
    private: true
    headers:
      authorization: { secret: "secret://mail-token", prefix: "Bearer " }
`,
  );
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const shown: string[] = [];
  const run = async (...argv: readonly string[]): Promise<Ran> => {
    const ran = await home.run(...argv);
    shown.push(ran.out, ran.err);
    return ran;
  };

  const before = await inspectUntil(home, ({ out }) => out.includes("secret://mail-token"));
  expect([before.code, before.out]).toEqual([
    75,
    expect.stringContaining("there is no such secret; `countersign secrets set mail-token`"),
  ]);
  expect(listener.seen).toEqual([]);

  const set = await home.pipe(`${first}\n`, "secrets", "set", "mail-token");
  expect([set.code, set.out]).toEqual([0, expect.stringContaining("version 1")]);
  await inspectUntil(home, ({ code }) => code === 0);
  expect((await run("tools", "call", "mail__echo", '{"text":"hi"}')).code).toBe(0);
  expect(new Set(listener.seen)).toEqual(new Set([`Bearer ${first}`]));

  const listed = await run("secrets", "ls");
  expect(listed.out).toMatch(/mail-token +version 1 /);
  expect(JSON.parse((await run("secrets", "ls", "--json")).out)).toMatchObject({
    secrets: [{ name: "mail-token", subject: null, version: 1, hosts: [] }],
  });

  // A new value is in use without an apply: nothing of countersign.yaml has changed.
  home.environment["MAIL_TOKEN"] = second;
  expect((await run("secrets", "set", "mail-token", "--from-env", "MAIL_TOKEN")).code).toBe(0);
  for (let tries = 0; listener.seen.at(-1) !== `Bearer ${second}`; tries += 1) {
    expect(tries).toBeLessThan(60);
    await run("tools", "call", "mail__echo", '{"text":"hi"}');
  }

  const removed = await run("secrets", "rm", "mail-token");
  expect(removed.code).toBe(0);
  expect((await run("secrets", "rm", "mail-token")).code).toBe(3);
  const after = await inspectUntil(home, ({ code }) => code === 75);
  expect(after.out).toContain("secret://mail-token does not resolve: there is no such secret");
  expect(JSON.parse((await run("apply", "--json")).out)).toMatchObject({ kind: "unchanged" });

  shown.push(JSON.stringify(up.events), set.out, set.err);
  expect(shown.join("\n")).not.toMatch(/canary/);
  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
  // Neither in tables nor in the log that Postgres writes ahead.
  const files = listFiles(home.data);
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => readFileSync(file).includes("canary-"))).toEqual([]);
}, 120_000);

test("without its key a stored secret is refused by name, and set again it works", async () => {
  const home = createHome();
  const listener = await startListener();
  const key = path.join(home.directory, "config", "countersign", "vault.key");
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    `version: 1
servers:
  mail:
    transport: http
    url: ${listener.url}
    private: true
    headers: { authorization: { secret: "secret://mail-token" } }
`,
  );
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect((await home.pipe(first, "secrets", "set", "mail-token")).code).toBe(0);
  await inspectUntil(home, ({ code }) => code === 0);
  up.kill("SIGTERM");
  await up.ended;

  renameSync(key, `${key}.lost`);
  const again = await home.up();
  home.environment["COUNTERSIGN_URL"] = again.url;
  const lost = await inspectUntil(home, ({ out }) => out.includes("cannot be read"));
  expect(lost.out).toMatch(
    /secret:\/\/mail-token cannot be read: it is under the key local-[0-9a-f]{16}, which is not among/,
  );
  expect((await home.pipe(second, "secrets", "set", "mail-token")).out).toContain("version 2");
  await inspectUntil(home, ({ code }) => code === 0);
  expect(new Set(listener.seen)).toEqual(new Set([first, second]));
  const bound = await home.pipe(second, "secrets", "set", "mail-token", "--host", "a.example.com");
  expect(bound.out).toContain("bound to a.example.com");
  const refused = await inspectUntil(home, ({ code }) => code === 75);
  expect(refused.out).toContain("it is bound to");
}, 120_000);

test("a secret set at one replica is used by the other, which shares the vault's key", async () => {
  const url = await postgres.freshDatabase();
  const listener = await startListener();
  const homes = [createHome(), createHome()] as const;
  for (const home of homes) {
    home.environment["DATABASE_URL"] = url;
    writeFileSync(
      path.join(home.directory, "countersign.yaml"),
      `version: 1
store: { kind: postgres, url: "env://DATABASE_URL" }
servers:
  mail:
    transport: http
    url: ${listener.url}
    private: true
    headers: { authorization: { secret: "secret://mail-token" } }
`,
    );
  }
  const [keys, otherKeys] = homes.map(({ directory }) =>
    path.join(directory, "config", "countersign"),
  );
  homes[0].environment["COUNTERSIGN_URL"] = (await homes[0].up()).url;
  mkdirSync(otherKeys!, { recursive: true, mode: 0o700 });
  copyFileSync(path.join(keys!, "vault.key"), path.join(otherKeys!, "vault.key"));
  homes[1].environment["COUNTERSIGN_URL"] = (await homes[1].up()).url;

  for (const value of [first, second]) {
    expect((await homes[0].pipe(value, "secrets", "set", "mail-token")).code).toBe(0);
    let sent: readonly string[] = [];
    for (let tries = 0; sent.length === 0 || new Set([...sent, value]).size > 1; tries += 1) {
      expect(tries).toBeLessThan(60);
      const before = listener.seen.length;
      await homes[1].run("servers", "inspect", "mail");
      sent = listener.seen.slice(before);
    }
  }
}, 120_000);
