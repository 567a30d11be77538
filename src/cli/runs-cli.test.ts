import { expect, test } from "vitest";
import { callCli as call, type Script } from "../../test/call-cli.ts";
import type { Client, Run } from "../client/client.ts";
import type { ReadStream, StreamAsked } from "../client/read-stream.ts";
import { Fault } from "../model/fault.ts";

const id = "01900000-0000-7000-8000-000000000001";
const child = "01900000-0000-7000-8000-000000000002";
const approval = "01900000-0000-7000-8000-000000000003";
const digest = `sha256:${"ab".repeat(32)}`;
const url = `http://localhost:7070/approvals/${approval}`;
const amounts = { money: "0", tokens: 0, calls: 0 };
const run: Run = {
  id,
  agent: "travel",
  bundle: digest,
  subject: "service:admin",
  state: "running",
  head: 0,
  parent: null,
  createdAt: "2026-11-21T10:00:00.000Z",
  deadline: null,
  steps: 0,
  maxSteps: 50,
  budget: { caps: { money: null, tokens: null, calls: null }, spent: amounts, held: amounts },
  waits: [],
  reason: null,
  output: null,
  quality: null,
  calls: [],
  children: [],
};
const none = { until: null, run: null, tool: null, approval: null, digest: null, url: null };
const until = "2026-11-21T11:00:00.000Z";
const asks = { kind: "approval" as const, until, run: null, tool: "a__b", approval, digest, url };
const ok = <Status extends number, Body>(status: Status, body: Body) =>
  ({ status, etag: null, body }) as const;

type Sent = readonly [seq: number, event: string, more?: object];
/** One connection: what comes, and how it ends. */
type Connected = readonly (Sent | "end" | Fault)[];

/** A server whose streams are what a test says, and whose run is as it says at each look. */
function openServer(looks: readonly Partial<Run>[], connections: readonly Connected[] = []) {
  const asked: StreamAsked[] = [];
  const told: unknown[] = [];
  let looked = 0;
  const note = (name: string) => async (input: { readonly id: string; readonly body?: string }) => {
    told.push([name, input.body === undefined ? input : JSON.parse(input.body)]);
    return ok(202, { id, word: "cancel" as const });
  };
  const client: Partial<Client> = {
    startRun: async ({ body, idempotencyKey }) => {
      told.push(["start", JSON.parse(body), idempotencyKey]);
      return idempotencyKey === "used" ? ok(200, run) : ok(201, run);
    },
    getRun: async ({ id: given }) => {
      if (given === child) return ok(200, { ...run, id: child, state: "waiting", waits: [asks] });
      const at = Math.min(looked, looks.length - 1);
      looked += 1;
      return ok(200, { ...run, ...looks[at] });
    },
    cancelRun: note("cancel"),
    pauseRun: note("pause"),
    compensateRun: note("compensate"),
    resumeRun: async (input) => {
      const { body } = await note("resume")(input);
      return ok(202, {
        ...body,
        stopped: [{ id: child, code: "steps", detail: "50\u001b[2J made." }],
      });
    },
    signalRun: note("signal"),
    forkRun: async ({ body }) => {
      told.push(["fork", JSON.parse(body)]);
      return ok(201, { id: child, of: id, step: 2 });
    },
  };
  const readStream: ReadStream = async function* (each) {
    const sent = connections[asked.length] ?? [new Fault("unreachable", "Nothing answers.")];
    asked.push(each);
    for (const one of sent) {
      if (one instanceof Fault) throw one;
      if (one === "end") yield { id: null, event: "end", data: '{"state":"completed"}' };
      else {
        const [seq, event, more = {}] = one;
        yield { id: String(seq), event, data: JSON.stringify({ type: event, ...more }) };
      }
    }
  };
  return { script: { client, readStream } satisfies Script, asked, told };
}

test("without --follow the id is all that is printed", async () => {
  const { script, told } = openServer([{}]);
  const line = "run travel Go --key k1 --money 2.00 --tokens 9 --calls 3 --deadline 10m";
  const { code, out, err } = await call(line, script);
  expect([code, out, err]).toEqual([0, `${id}\n`, ""]);
  const caps = { money: "2.00", tokens: 9, calls: 3 };
  const body = { agent: "travel", input: "Go", caps, deadline: "10m" };
  expect(told).toEqual([["start", body, "k1"]]);
  expect((await call("run travel Go --key used", script)).err).toContain("used before");
  for (const wrong of ["--tokens many", "--calls -1", "--key ä"])
    expect((await call(`run travel Go ${wrong}`, script)).code).toBe(2);
});

const done = { state: "completed" as const, output: "Booked.\u001b[2J" };

test("a run is followed to its end: events for people, the output for whoever reads it", async () => {
  const { script } = openServer([{}, done], [[[1, "run.started"], [2, "run.completed"], "end"]]);
  const { code, out, err } = await call("run travel Go --follow", script);
  expect([code, out]).toEqual([0, "Booked.⟦U+001B ESCAPE⟧[2J\n"]);
  expect(err).toContain(`Run ${id}\n   1  00:00:00  event     run.started\n`);
});

test("with --json each event is a line, and the run is the last one", async () => {
  const { script } = openServer([{}, done], [[[1, "run.started"], "end"]]);
  const { code, out } = await call("run travel Go --follow --json", script);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(code).toBe(0);
  expect(lines).toEqual([{ seq: 1, event: { type: "run.started" } }, { run: { ...run, ...done } }]);
});

test("a stream that drops is taken up after its last event, with growing pauses", async () => {
  const lost = new Fault("unreachable", "The line is gone.");
  const { script, asked } = openServer(
    [{}, done],
    [[[1, "run.started"], [2, "x"], lost], [lost], [], [[3, "y"]], [[4, "z"], "end"]],
  );
  const { code, slept, err, out } = await call("run travel Go --follow --json", script);
  expect(code).toBe(0);
  expect(asked.map(({ after }) => after)).toEqual([null, "2", "2", "2", "3"]);
  const seqs = [...out.matchAll(/"seq":(\d)/g)].map(([, seq]) => seq);
  expect(seqs).toEqual(["1", "2", "3", "4"]);
  expect(slept).toEqual([188, 375, 750, 188]);
  expect(err).toContain("The line is gone. Trying again.");
});

test("it is not tried for ever", async () => {
  const { script, asked } = openServer([{}]);
  const { code, err, slept } = await call("run travel Go --follow", script);
  expect([code, asked.length]).toEqual([75, 13]);
  expect(Math.max(...slept)).toBeLessThanOrEqual(10_000);
  expect(err).toContain("ends again and again");
});

test.each([
  ["not_found", 3],
  ["forbidden", 5],
  ["unauthenticated", 4],
] as const)("%s while following is no reason to try again", async (code, exit) => {
  const { script, asked } = openServer([{}], [[new Fault(code, "No.")]]);
  expect((await call("run travel Go --follow", script)).code).toBe(exit);
  expect(asked.length).toBe(1);
});

const waiting = { state: "waiting" as const, waits: [asks], head: 4 };
const waits: Connected = [[1, "run.started"], [4, "run.waited"], [5, "run.woken"], "end"];

test("a script ends with 6 where a person is asked, and is told how somebody agrees", async () => {
  const { script } = openServer([{}, waiting], [waits]);
  const { code, err, out } = await call("run travel Go --follow", script);
  expect([code, out]).toEqual([6, ""]);
  expect(err).toContain(`Waits for a person until ${until}: a__b\n  page     ${url}\n`);
  expect(err).toContain(`approve  countersign approve ${approval} --digest ${digest}\n`);
  expect(err).toContain(`countersign runs logs ${id} --follow --after 4`);
});

test.each([
  ["--follow --wait", {}],
  ["--follow", { isInteractive: true }],
])("with %s it goes on to the end", async (flags, more) => {
  const { script } = openServer([{}, waiting, done], [waits]);
  const { code, err, out } = await call(`run travel Go ${flags}`, { ...script, ...more });
  expect([code, out.startsWith("Booked.")]).toEqual([0, true]);
  expect(err.match(/countersign approve/g)?.length).toBe(1);
});

test("what a sub-agent is waiting for counts, too", async () => {
  const forChild = { ...waiting, waits: [{ ...none, kind: "run" as const, run: child }] };
  const { script } = openServer([{}, forChild], [waits]);
  const { code, err } = await call("run travel Go --follow", script);
  expect([code, err.includes(`countersign approve ${approval}`)]).toEqual([6, true]);
});

test("a sub-agent that asks later is noticed, though no event says so", async () => {
  const forChild = { ...waiting, waits: [{ ...none, kind: "run" as const, run: child }] };
  const { script } = openServer([{}, { ...forChild, waits: [] }, forChild]);
  let looks = 0;
  const getRun: Client["getRun"] = async ({ id: given }) => {
    looks += 1;
    // Its sub-agent works at first.
    const isAsking = given === child && looks > 6;
    const state = given === child ? { waits: isAsking ? [asks] : [] } : looks === 1 ? {} : forChild;
    return ok(200, { ...run, ...state, id: given });
  };
  const readStream: ReadStream = async function* ({ signal }) {
    yield { id: "4", event: "run.waited", data: '{"type":"run.waited"}' };
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("given up")));
    });
  };
  const client = { ...script.client, getRun };
  expect((await call("run travel Go --follow", { client, readStream })).code).toBe(6);
});

test("a script is not kept by a run that somebody paused; a person goes on looking", async () => {
  const paused = { state: "paused" as const };
  const connected: Connected = [[3, "run.paused"], [4, "run.resumed"], [5, "run.completed"], "end"];
  const script = openServer([{}, paused], [connected]).script;
  const { code, err } = await call("run travel Go --follow", script);
  expect([code, err.includes("run.resumed")]).toEqual([6, false]);
  expect(err).toContain(`Run ${id} is paused.`);
  expect(err).toContain(`countersign runs resume ${id}`);
  const staying = openServer([{}, paused, done], [connected]).script;
  expect((await call("run travel Go --follow --wait", staying)).code).toBe(0);
});

test("whoever waits for days is not given up on after so many streams that lasted", async () => {
  const { script, asked } = openServer(
    [{ state: "waiting" }, done],
    [...Array.from({ length: 14 }, (): Connected => []), ["end"]],
  );
  const { code } = await call("run travel Go --follow --wait", { ...script, lookMs: 120_000 });
  expect([code, asked.length]).toEqual([0, 15]);
});

test.each([
  ["stopped", { code: "budget", detail: "money" }, "run.stopped", 7],
  ["stopped", { code: "deadline", detail: "" }, "run.stopped", 8],
  ["stopped", { code: "frozen", detail: "" }, "run.stopped", 5],
  ["stopped", { code: "steps", detail: "" }, "run.stopped", 1],
  ["stopped", { code: "loop", detail: "" }, "run.stopped", 1],
  ["parked", { code: "bug", detail: "" }, "run.parked", 1],
  ["failed", { code: "model_refused", detail: "" }, "end", 1],
  ["cancelled", null, "end", 1],
] as const)("%s for %o ends at %s with %i", async (state, reason, event, exit) => {
  const sent: Connected =
    event === "end"
      ? ["end"]
      : [
          [3, event],
          [4, "never.seen"],
        ];
  const { script } = openServer([{}, { state, reason }], [sent]);
  const { code, err } = await call("run travel Go --follow", script);
  expect(code).toBe(exit);
  expect(err).toContain(`Run ${id} is ${state}`);
  expect(err).not.toContain("never.seen");
});

test("partial is 1, and says what is open", async () => {
  const calls = (["done", "open", "unknown"] as const).map((state, ordinal) => {
    return { step: 1, ordinal, tool: `t__${state}`, effect: "write" as const, state };
  });
  const partial = { state: "partial" as const, calls, output: "Half." };
  const { script } = openServer([{}, partial], [[[9, "run.partly_completed"]]]);
  const { code, err, out } = await call("run travel Go --follow", script);
  expect([code, out]).toEqual([1, "Half.\n"]);
  expect(err).toContain("not done     t__open  (1.1)");
  expect(err).toContain("nobody knows t__unknown  (1.2)");
  expect(err).not.toContain("t__done");
  expect(err).toContain(`countersign runs resume ${id}`);
});

test("what came before a halt is shown before it is told", async () => {
  const connected: Connected = [
    [1, "run.started"],
    [2, "call.deferred"],
    [3, "run.waited"],
  ];
  const { script } = openServer([{ head: 1 }, { ...waiting, head: 3 }], [connected]);
  const { code, err } = await call("run travel Go --follow", script);
  expect(code).toBe(6);
  expect(err).toMatch(/run\.waited\nWaits for a person/);
  expect(err).toContain("--follow --after 3");
});

test("history halts nobody: what stopped once and went on is passed by", async () => {
  const { script } = openServer(
    [{ head: 5 }, { state: "running", head: 5 }, done],
    [[[2, "run.stopped"], [3, "run.waited"], [5, "run.resumed"], [6, "run.completed"], "end"]],
  );
  expect((await call(`runs logs ${id} --follow`, script)).code).toBe(0);
});

test("a run that has halted before is not waited for", async () => {
  const reason = { code: "budget", detail: "money" };
  const { script, asked } = openServer([{ state: "stopped", reason, head: 5 }]);
  expect((await call(`runs logs ${id} --follow --after 5`, script)).code).toBe(7);
  expect(asked).toEqual([]);
});

test("words for a run reach it as they are", async () => {
  const { script, told } = openServer([{}]);
  const lines = [
    `runs cancel ${id}`,
    `runs pause ${id}`,
    `runs compensate ${id}`,
    `runs resume ${id} --money 9 --max-steps 60 --deadline 1h`,
    `runs signal ${id} paid now`,
    `runs signal ${id} paid`,
  ];
  for (const line of lines) expect((await call(line, script)).code, line).toBe(0);
  expect((await call(`runs fork ${id} --step 2`, script)).out).toBe(`${child}\n`);
  expect(told).toEqual([
    ["cancel", { id }],
    ["pause", { id }],
    ["compensate", { id }],
    ["resume", { caps: { money: "9" }, deadline: "1h", maxSteps: 60 }],
    ["signal", { name: "paid", payload: "now" }],
    ["signal", { name: "paid", payload: "" }],
    ["fork", { step: 2 }],
  ]);
  for (const wrong of [`runs fork ${id}`, `runs fork ${id} --step x`, "runs ls --state lost"])
    expect((await call(wrong, script)).code, wrong).toBe(2);
});

test("whoever resumes a run is told what below it takes a word of its own", async () => {
  const { script } = openServer([{}]);
  const { out, err } = await call(`runs resume ${id}`, script);
  expect(out).toBe(`Run ${id} is told to go on.\n`);
  expect(err).toContain("at a bound of its own: 50⟦U+001B ESCAPE⟧[2J made.");
  expect(err).toContain(`countersign runs resume ${child} --max-steps N`);
});

test("runs are listed, shown and read, page by page", async () => {
  const pages: number[] = [];
  const client: Partial<Client> = {
    listRuns: async ({ state, limit }) => {
      expect([state, limit]).toEqual(["waiting", 5]);
      const row = { ...run, endedAt: null, spent: null, why: "approval" };
      return ok(200, { runs: [{ ...row, state: "waiting" }], next: child });
    },
    getRun: async () => ok(200, { ...run, waits: [asks], state: "waiting" }),
    listRunEvents: async ({ after = 0, contents }) => {
      pages.push(after);
      expect(contents).toBe("true");
      const event = { v: 1, type: "run.started", atMs: 0 };
      return ok(200, { events: [{ seq: after + 1, event }], next: after < 2 ? after + 1 : null });
    },
  };
  const listed = await call("runs ls --state waiting --limit 5", { client });
  expect([listed.code, listed.out.includes(id)]).toEqual([0, true]);
  expect(listed.err).toContain(`--before ${child}`);
  const shown = await call(`runs show ${id}`, { client });
  expect([shown.code, shown.out.includes(`--digest ${digest}`)]).toEqual([0, true]);
  const log = await call(`runs logs ${id} --contents --json`, { client });
  expect(log.out.trim().split("\n").length).toBe(3);
  expect(pages).toEqual([0, 1, 2]);
});
