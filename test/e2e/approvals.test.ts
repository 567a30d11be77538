import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createHome, type Home } from "./home.ts";

// Each command is a process of its own, beside a server and its database.
vi.setConfig({ testTimeout: 120_000 });

const entry = new URL("../../bin/countersign.js", import.meta.url).pathname;
const program = path.join(import.meta.dirname, "booking-program.ts");

interface Waiting {
  readonly id: string;
  readonly digest: string;
  readonly url: string;
  readonly args: Record<string, unknown>;
  readonly lastApproved: { readonly args: unknown } | null;
}

/** The built product with the rules of `init`, and behind it a program that books. */
async function openOffice() {
  const home = createHome();
  const file = path.join(home.directory, "booked.jsonl");
  await home.run("init", "--yes");
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const start = [process.execPath, program, file];
  const added = await home.run("servers", "add", "air", "--no-sandbox", "--", ...start);
  expect(added).toMatchObject({ code: 0 });
  return {
    home,
    booked: () => readLines(file),
    call: (tool: string, args: object, ...flags: readonly string[]) =>
      home.run("tools", "call", `air__${tool}`, JSON.stringify(args), ...flags),
    waiting: () => listWaiting(home),
    approve: ({ id, digest }: Waiting) => home.run("approve", id, "--digest", digest),
  };
}

function readLines(file: string): readonly unknown[] {
  try {
    return readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    return [];
  }
}

async function listWaiting(home: Home): Promise<readonly Waiting[]> {
  const listed = await home.run("approvals", "--json");
  expect(listed.code).toBe(0);
  return (JSON.parse(listed.out) as { approvals: readonly Waiting[] }).approvals;
}

async function untilOneWaits(home: Home): Promise<Waiting> {
  for (let tries = 0; tries < 200; tries += 1) {
    const [one] = await listWaiting(home);
    if (one !== undefined) return one;
    await systemClock.sleep(50);
  }
  throw new Error("nothing waits");
}

/** The path of docs/approvals.md. */
test("I3: asked, approved and done once from the command line, and asked again", async () => {
  const { home, call, waiting, approve, booked } = await openOffice();
  const flight = { flight: "BA 117" };
  const asked = await call("book", flight);
  expect([asked.code, asked.out]).toEqual([6, expect.stringContaining("Not done yet")]);
  const [one] = await waiting();
  expect(one).toMatchObject({ args: { flight: "BA 117", seats: 1 }, lastApproved: null });
  expect(asked.err).toContain(one!.url);
  expect(asked.err).toContain(`countersign approve ${one!.id} --digest ${one!.digest}`);
  expect(booked()).toEqual([]);

  // Nobody decides but the approver, by name of what was looked at.
  expect((await home.run("approve", one!.id)).code).toBe(2);
  expect((await home.run("deny", one!.id)).code).toBe(2);
  const other = `sha256:${"0".repeat(64)}`;
  expect((await home.run("approve", one!.id, "--digest", other)).code).toBe(5);
  const nobody = one!.id.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  expect((await home.run("approve", nobody, "--digest", one!.digest)).code).toBe(3);
  home.environment["COUNTERSIGN_API_KEY"] = home.key("admin");
  const admin = await approve(one!);
  delete home.environment["COUNTERSIGN_API_KEY"];
  expect([admin.code, admin.err]).toEqual([5, expect.stringContaining("approver")]);

  expect((await call("book", flight)).code).toBe(6);
  expect(await waiting()).toMatchObject([{ id: one!.id }]);
  expect(await approve(one!)).toMatchObject({ code: 0 });
  expect((await approve(one!)).code).toBe(5);
  const otherSeats = await call("book", { ...flight, seats: 2 });
  expect([otherSeats.code, booked()]).toEqual([6, []]);
  const done = await call("book", flight);
  expect([done.code, done.out]).toEqual([0, "booked BA 117\n"]);
  expect((await call("book", flight)).code).toBe(6);
  expect(booked()).toEqual([{ flight: "BA 117", seats: 1 }]);
});

test("a denial ends with 5 and its reason; what is not decided here is not done", async () => {
  const { home, call, waiting, booked } = await openOffice();
  expect((await call("book", { flight: "AF 1" })).code).toBe(6);
  const [one] = await waiting();
  const why = ["--reason", "too late", "--json"];
  const denied = await home.run("deny", one!.id, "--digest", one!.digest, ...why);
  expect([denied.code, JSON.parse(denied.out)]).toEqual([0, { id: one!.id, state: "denied" }]);
  const again = await call("book", { flight: "AF 1" });
  expect([again.code, again.out]).toEqual([5, expect.stringContaining("too late")]);
  const listed = await home.run("approvals", "--state", "denied", "--json");
  expect(JSON.parse(listed.out)).toMatchObject({ approvals: [{ id: one!.id }] });
  expect(booked()).toEqual([]);
});

test("one terminal waits and one watches while a third approves", async () => {
  const { home, call, approve, booked } = await openOffice();
  const watch = watchApprovals(home);
  await watch.note("Waiting for approvals");
  const waits = call("book", { flight: "LH 4" }, "--wait=60", "--key", "trip-4");
  const one = await untilOneWaits(home);
  expect(await watch.next()).toMatchObject({ event: "asked", approval: { id: one.id } });
  expect(await approve(one)).toMatchObject({ code: 0 });
  expect(await waits).toMatchObject({ code: 0, out: "booked LH 4\n" });
  expect(await watch.next()).toMatchObject({
    event: "ended",
    approval: { id: one.id, state: expect.stringMatching(/approved|consumed/) as unknown },
  });

  // The key stands for this call: the same again is told what came of it, and another is refused.
  const same = await call("book", { flight: "LH 4" }, "--key", "trip-4");
  expect([same.code, same.out]).toEqual([0, "booked LH 4\n"]);
  expect((await call("book", { flight: "LH 5" }, "--key", "trip-4")).code).toBe(2);
  expect(booked()).toEqual([{ flight: "LH 4", seats: 1 }]);
  const erase = ["privacy", "erase", "--subject", "service:admin"];
  expect((await home.run(...erase)).code).toBe(2);
  const erased = await home.run(...erase, "--yes", "--json");
  expect(JSON.parse(erased.out)).toMatchObject({ approvals: 1, calls: 1 });
  const left = await home.run("approvals", "--state", "consumed", "--json");
  expect(left.out).not.toContain("LH 4");
});

test("I4: a server that dies in the middle leaves a call that a person resolves", async () => {
  const { home, call, waiting, approve, booked } = await openOffice();
  await call("book_and_die", { flight: "U2 9" });
  const [one] = await waiting();
  await approve(one!);
  const lost = await call("book_and_die", { flight: "U2 9" }, "--key", "trip-9");
  expect(lost.code).toBe(1);
  expect(booked()).toHaveLength(1);

  // The same key does not send it again, since nobody knows.
  const again = await call("book_and_die", { flight: "U2 9" }, "--key", "trip-9");
  expect([again.code, again.out]).toEqual([1, expect.stringContaining("calls resolve")]);
  const listed = await home.run("calls", "unknown", "--json");
  const { calls } = JSON.parse(listed.out) as { calls: readonly { id: string; tool: string }[] };
  expect(calls).toMatchObject([{ tool: "book_and_die", state: "unknown" }]);
  const resolve = ["calls", "resolve", calls[0]!.id];
  const evidence = ["--evidence", "the file has it"];
  expect((await home.run(...resolve, ...evidence)).code).toBe(2);
  expect((await home.run(...resolve, "--done", ...evidence)).code).toBe(0);
  expect((await home.run(...resolve, "--not-done", ...evidence)).code).toBe(5);
  expect(JSON.parse((await home.run("calls", "unknown", "--json")).out)).toEqual({ calls: [] });
  const settled = await call("book_and_die", { flight: "U2 9" }, "--key", "trip-9");
  expect(settled.out).toContain("carried out before");
  expect(booked()).toHaveLength(1);
});

/** `approvals -w --json` in a terminal of its own, line by line. */
function watchApprovals(home: Home) {
  const child = spawn(process.execPath, [entry, "approvals", "-w", "--json"], {
    cwd: home.directory,
    env: home.environment,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    next: async () => JSON.parse((await lines.next()).value!) as Record<string, unknown>,
    note: async (text: string) => {
      const [said] = (await once(child.stderr, "data")) as [Buffer];
      expect(said.toString()).toContain(text);
    },
  };
}
