import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { createHome, type Home, type Ran } from "./home.ts";

/** Those of the one store of this home. */
function checkpointsOf(home: Home): string {
  const all = path.join(home.directory, "config", "countersign", "checkpoints");
  const [only] = readdirSync(all);
  return path.join(all, only!);
}

async function until(run: () => Promise<Ran>, holds: (ran: Ran) => boolean): Promise<Ran> {
  for (let tries = 0; ; tries += 1) {
    const ran = await run();
    if (holds(ran)) return ran;
    if (tries > 40) throw new Error(`it did not come to pass: ${ran.code} ${ran.out}${ran.err}`);
    await systemClock.sleep(250);
  }
}

test("from a call to a receipt that verifies elsewhere, and a log that verifies against what was kept", async () => {
  const home = createHome();
  const fixture = await startHttpFixture("modern");
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    `version: 1
policy: { rule: allow-all }
ledger: { name: gate.example.com }
servers:
  mail: { transport: http, url: "${fixture.url}", private: true }
`,
  );
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  await until(
    () => home.run("tools", "call", "mail__echo", '{"text":"hi"}'),
    ({ code }) => code === 0,
  );

  const listed = JSON.parse((await home.run("receipts", "ls", "--json")).out) as {
    receipts: { id: string; kind: string; server: string; tool: string }[];
  };
  expect(listed.receipts.length).toBeGreaterThan(0);
  expect(listed.receipts[0]).toMatchObject({ kind: "outcome", server: "mail", tool: "echo" });
  const { id } = listed.receipts[0]!;
  const shown = await home.run("receipts", "show", id, "--save", "receipt.json");
  expect([shown.code, shown.out]).toEqual([
    0,
    expect.stringContaining("gate.example.com/default/1"),
  ]);
  const key = (await home.run("ledger", "key")).out.trim();
  expect(key).toMatch(/^gate\.example\.com\+[0-9a-f]{8}\+/);
  writeFileSync(path.join(home.directory, "keys.txt"), `# of the gate\n${key}\n`);
  const signed = await home.run("ledger", "checkpoint");
  expect(signed.out).toMatch(/^gate\.example\.com\/default\/1\n\d+\n/);

  const kept = path.join(checkpointsOf(home), "default.checkpoint");
  expect(statSync(kept).mode & 0o777).toBe(0o600);
  const notes = path.join(checkpointsOf(home), "default.history");
  const against = ["--against", notes, "--against", kept, "--key", "keys.txt"];
  const whole = await home.run("ledger", "verify", ...against);
  expect([whole.code, whole.out]).toEqual([
    0,
    expect.stringContaining("The log is what was signed."),
  ]);
  const doctor = await home.run("doctor", "--json");
  expect(doctor.out).toContain("is signed and goes on from what is kept");
  // Who may not see the record is told so.
  home.environment["COUNTERSIGN_API_KEY"] = home.key("approver");
  expect((await home.run("receipts", "ls")).code).toBe(5);
  expect((await home.run("ledger", "verify")).code).toBe(5);
  home.environment["COUNTERSIGN_API_KEY"] = undefined;

  // Without the server, without its files: the receipt and the public key alone.
  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
  const elsewhere = createHome();
  const receipt = readFileSync(path.join(home.directory, "receipt.json"), "utf8");
  writeFileSync(path.join(elsewhere.directory, "receipt.json"), receipt);
  const verified = await elsewhere.run("receipts", "verify", "receipt.json", "--key", key);
  expect([verified.code, verified.out]).toEqual([
    0,
    expect.stringContaining("The receipt verifies."),
  ]);
  const flipped = receipt.replace(/"bytes":"(.{80})./, '"bytes":"$1A');
  writeFileSync(path.join(elsewhere.directory, "receipt.json"), flipped);
  const refused = await elsewhere.run("receipts", "verify", "receipt.json", "--key", key);
  expect([refused.code, refused.out]).toEqual([10, expect.stringContaining("does not verify")]);
  expect((await elsewhere.run("receipts", "verify", "receipt.json")).code).toBe(2);
  const page = await elsewhere.run("receipts", "verifier");
  expect([page.code, page.out]).toEqual([0, expect.stringContaining("<!doctype html>")]);

  // The data directory goes on, and is then put back as it was.
  const backup = `${home.data}-backup`;
  execFileSync("cp", ["-a", home.data, backup]);
  const again = await home.up();
  home.environment["COUNTERSIGN_URL"] = again.url;
  await until(
    () => home.run("tools", "call", "mail__echo", '{"text":"hi"}'),
    ({ code }) => code === 0,
  );
  await until(
    () => home.run("receipts", "ls"),
    ({ out }) => out !== "" && !out.includes("waits"),
  );
  const later = (await home.run("ledger", "checkpoint")).out;
  writeFileSync(path.join(home.directory, "later.note"), later);
  again.kill("SIGTERM");
  expect(await again.ended).toBe(0);
  execFileSync("rm", ["-r", home.data]);
  execFileSync("mv", [backup, home.data]);

  const restored = await home.up();
  home.environment["COUNTERSIGN_URL"] = restored.url;
  const forked = await home.run("ledger", "checkpoint");
  expect([forked.code, forked.err]).toEqual([10, expect.stringContaining("The ledger is forked")]);
  expect((await home.run("doctor", "--json")).out).toContain("nothing is signed");
  await until(
    () => home.run("tools", "call", "mail__echo", '{"text":"hi"}'),
    ({ code }) => code === 0,
  );
  const reopened = await home.run("ledger", "reopen", "--reason", "a restore");
  expect([reopened.code, reopened.out]).toEqual([
    0,
    expect.stringMatching(
      /gate\.example\.com\/default\/2 begins.*restore:gate\.example\.com\/default\/1@/,
    ),
  ]);
  expect((await home.run("ledger", "reopen", "--reason", "again")).code).toBe(2);
  await until(
    () => home.run("ledger", "verify"),
    ({ code, out }) => code === 0 && out.includes("/default/2 began after restore:"),
  );
  // Against what was signed before the restore, what it took away is named.
  const lost = await home.run("ledger", "verify", "--against", "later.note");
  expect([lost.code, lost.out]).toEqual([10, expect.stringContaining("are gone")]);
  expect(restored.log()).toContain("a ledger is not signed");
}, 180_000);

test("checkpoints are not kept in the data directory that a backup restores", async () => {
  const home = createHome();
  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    "version: 1\nledger: { checkpoints: .countersign/checkpoints }\n",
  );
  const ran = await home.run("up", "--json", "--listen", "127.0.0.1:0");
  expect([ran.code, ran.out + ran.err]).toEqual([
    2,
    expect.stringContaining("lies inside the data directory"),
  ]);
}, 60_000);
