import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createHome } from "./home.ts";

// Each command is a process of its own, beside a server and its database.
vi.setConfig({ testTimeout: 180_000 });

const program = path.join(import.meta.dirname, "booking-program.ts");

const models = `
models:
  backends:
    demo: { kind: scripted, script: demo.yaml, prices: { input: "1", output: "1" } }
  routes:
    demo: [[{ backend: demo }]]
agents:
  travel:
    description: Books flights.
    model: demo
    instructions: You book flights.
    tools: [air__book]
    waits: true
`;
const script = `
name: demo
turns:
  - when: { last: user, contains: Wait for }
    calls: [{ tool: run__wait_for_signal, args: { seconds: 600, name: paid } }]
  - when: { last: user, contains: "4711" }
    say: It is paid.
  - when: { last: user, contains: hello }
    say: Hello.
  - when: { last: user }
    calls: [{ tool: air__book, args: { flight: BA 117 } }]
  - say: It is done.
`;

interface RunJson {
  readonly id: string;
  readonly state: string;
  readonly waits: readonly { readonly approval: string; readonly digest: string }[];
}

/** The product with an agent whose model is the scripted one, and a program that books. */
async function openOffice() {
  const home = createHome();
  const file = path.join(home.directory, "booked.jsonl");
  const config = path.join(home.directory, "countersign.yaml");
  await home.run("init", "--yes");
  writeFileSync(path.join(home.directory, "demo.yaml"), script);
  writeFileSync(config, `${readFileSync(config, "utf8")}${models}`);
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const start = [process.execPath, program, file];
  const added = await home.run("servers", "add", "air", "--no-sandbox", "--", ...start);
  expect(added, added.err).toMatchObject({ code: 0 });
  const show = async (id: string) =>
    JSON.parse((await home.run("runs", "show", id, "--json")).out) as RunJson;
  return {
    home,
    up,
    show,
    booked: () => readFileSync(file, "utf8").trim().split("\n").length,
    async until(id: string, state: string): Promise<RunJson> {
      for (let tries = 0; tries < 100; tries += 1) {
        const run = await show(id);
        if (run.state === state) return run;
        await systemClock.sleep(50);
      }
      throw new Error(`run ${id} does not become ${state}`);
    },
  };
}

/** The path of docs/runs.md. */
test("a run is started, followed, asked about, approved and taken to its end from the command line", async () => {
  const { home, up, show, until, booked } = await openOffice();
  const hello = await home.run("run", "travel", "Say hello.", "--follow");
  expect([hello.code, hello.out], hello.err + up.log()).toEqual([0, "Hello.\n"]);

  const asked = await home.run("run", "travel", "Book it.", "--follow", "--key", "trip-7");
  expect([asked.code, asked.out], asked.err + up.log()).toEqual([6, ""]);
  const [, id = ""] = /^Run (\S+)$/m.exec(asked.err) ?? [];
  const [, approval = "", digest = ""] =
    /countersign approve (\S+) --digest (\S+)/.exec(asked.err) ?? [];
  expect((await show(id)).waits).toMatchObject([{ approval, digest }]);
  const again = await home.run("run", "travel", "Book it.", "--key", "trip-7");
  expect([again.code, again.out]).toEqual([0, `${id}\n`]);
  expect((await home.run("approve", approval, "--digest", digest)).code).toBe(0);
  const followed = await home.run("runs", "logs", id, "--follow", "--json");
  expect(followed.code, followed.err).toBe(0);
  const lines = followed.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { seq?: number });
  const seqs = lines.flatMap(({ seq }) => seq ?? []);
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  expect(lines.at(-1)).toMatchObject({ run: { state: "completed", output: "It is done." } });
  expect(booked()).toBe(1);

  const waiting = (await home.run("run", "travel", "Wait for the signal.")).out.trim();
  await until(waiting, "waiting");
  expect((await home.run("runs", "signal", waiting, "paid", "4711")).code).toBe(0);
  const signalled = await home.run("runs", "logs", waiting, "--follow", "--contents");
  expect([signalled.code, signalled.out]).toEqual([0, "It is paid.\n"]);
  expect(signalled.err).toContain("4711");

  const rested = (await home.run("run", "travel", "Wait for the signal.")).out.trim();
  await until(rested, "waiting");
  await home.run("runs", "pause", rested);
  await until(rested, "paused");
  await home.run("runs", "resume", rested);
  await home.run("runs", "cancel", rested);
  await until(rested, "cancelled");
  expect((await home.run("runs", "logs", rested, "--follow")).code).toBe(1);
  expect((await home.run("runs", "cancel", rested)).code).toBe(1);

  const listed = await home.run("runs", "ls", "--agent", "travel", "--json");
  const { runs } = JSON.parse(listed.out) as { runs: readonly RunJson[] };
  expect(runs.map(({ state }) => state)).toEqual([
    "cancelled",
    ...Array.from({ length: 3 }, () => "completed"),
  ]);
  expect((await home.run("run", "travle", "x")).err).toContain("travel");
  expect((await home.run("runs", "show", "nothing")).code).toBe(3);
});
