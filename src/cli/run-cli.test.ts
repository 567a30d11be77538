import { expect, test } from "vitest";
import { callCli as call, type Script } from "../../test/call-cli.ts";
import type { Client } from "../client/client.ts";
import type { Check } from "../model/check.ts";
import { Fault } from "../model/fault.ts";
import { faults } from "../model/faults.ts";
import type { ServeEvent } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";

const base = `sha256:${"a".repeat(64)}`;
const next = `sha256:${"b".repeat(64)}`;
const change = {
  kind: "changed",
  key: "log.level",
  before: "info",
  after: "debug",
  restart: false,
} as const;

const planning: Partial<Client> = {
  planConfig: async () => ({
    status: 200,
    etag: null,
    body: { digest: next, base, changes: [change], rules: [] },
  }),
  applyConfig: async ({ ifMatch }) => {
    if (ifMatch !== `"${base}"`) throw new Fault("config_stale", "Another revision is serving.");
    return { status: 200, etag: null, body: { kind: "applied", digest: next } };
  },
};
const document = { files: { "countersign.yaml": "version: 1\n" } };

test("the exit codes are those of the contract", () => {
  expect(exitCodes).toEqual({
    ok: 0,
    failed: 1,
    usage: 2,
    notFound: 3,
    unauthenticated: 4,
    denied: 5,
    waiting: 6,
    budget: 7,
    deadline: 8,
    regressed: 9,
    unverified: 10,
    drift: 11,
    tryLater: 75,
    interrupted: 130,
  });
  const used = new Set(Object.values(faults).map(({ exit }) => exit));
  expect(
    [...used].filter((code) => !(Object.values(exitCodes) as number[]).includes(code)),
  ).toEqual([]);
});

test("version, --version and --json", async () => {
  expect(await call("version")).toMatchObject({ code: 0, out: "countersign 1.2.3\n", err: "" });
  expect(await call("--version")).toMatchObject({ code: 0, out: "countersign 1.2.3\n" });
  expect((await call("version --json")).json()).toEqual({ version: "1.2.3", node: "v24.0.0" });
});

test.each(["", "help", "--help", "help plan", "plan --help"])(
  "`%s` explains itself",
  async (line) => {
    const { code, out } = await call(line);
    expect(code).toBe(0);
    expect(out).toContain("USAGE\n  countersign");
  },
);

test.each([
  ["versio", "did you mean `version`?"],
  ["rollout", "There is no command `rollout`"],
  ["plan --fiel x", "did you mean --file?"],
  ["completion", "Expected argument for shell"],
  ["completion ksh", "take bash, zsh or fish"],
  ["version extra", "Too many arguments"],
])("`%s` is wrong usage", async (line, complaint) => {
  const { code, out, err } = await call(line);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(complaint);
  const json = await call(`${line} --json`);
  expect([json.code, json.json()]).toEqual([
    2,
    { error: expect.objectContaining({ code: "usage_invalid" }) as unknown },
  ]);
});

test("plan shows the changes and both revisions", async () => {
  const { code, out } = await call("plan", { ...document, client: planning });
  expect(code).toBe(0);
  expect(out).toContain("  ~ log.level  info → debug\n");
  expect(out).toContain("would make 1 change: sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb");
});

test("apply is fenced by what was planned, or by the revision that is named", async () => {
  const applied = await call("apply --json", { ...document, client: planning });
  expect([applied.code, applied.json()]).toEqual([
    0,
    { file: "countersign.yaml", base, kind: "applied", digest: next, changes: [change] },
  ]);
  const stale = await call(`apply --json --base ${next}`, { ...document, client: planning });
  expect(stale.code).toBe(2);
  expect(stale.json()["error"]).toMatchObject({ code: "config_stale" });
});

test("what is wrong in the document is named by file, line, column and key", async () => {
  const problems = [
    {
      line: 3,
      column: 5,
      key: "store.kind",
      message: "takes embedded or postgres",
      suggestion: "embedded",
    },
  ];
  const client: Partial<Client> = {
    planConfig: async () => {
      throw new Fault("config_invalid", "One thing is wrong.", { details: { problems } });
    },
  };
  const { code, out, err } = await call("plan", { ...document, client });
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(
    "countersign.yaml:3:5 store.kind takes embedded or postgres\n    try embedded\n",
  );
  const json = await call("plan --json", { ...document, client });
  expect(json.json()["error"]).toMatchObject({ details: { problems, file: "countersign.yaml" } });
});

test.each([
  ["unauthenticated", 4],
  ["forbidden", 5],
  ["unreachable", 75],
  ["draining", 75],
  ["deadline_exceeded", 8],
  ["not_found", 3],
] as const)("a %s server gives %i, the message and the hint", async (fault, exit) => {
  const client: Partial<Client> = {
    planConfig: async () => {
      throw new Fault(fault, "So it is.");
    },
  };
  const { code, err } = await call("plan", { ...document, client });
  expect(code).toBe(exit);
  expect(err).toBe(`error So it is.\nhint  ${faults[fault].hint}\n`);
});

test("a bug gives 1 and its place", async () => {
  const client: Partial<Client> = {
    planConfig: async () => {
      throw new TypeError("x is undefined");
    },
  };
  const { code, err } = await call("plan", { ...document, client });
  expect(code).toBe(1);
  expect(err).toMatch(/error x is undefined\n[^]*run-cli\.test\.ts/);
});

test("init writes once, and keeps the data directory out of git", async () => {
  const first = await call("init", { files: { ".gitignore": "node_modules" } });
  expect(first).toMatchObject({ code: 0 });
  expect(first.files["countersign.yaml"]).toContain("version: 1\n");
  expect(first.files[".gitignore"]).toBe("node_modules\n.countersign/\n");
  const second = await call("init", { files: first.files });
  expect([second.code, second.files]).toEqual([2, first.files]);
  expect(second.err).toContain("--force");
  const forced = await call("init --force --json", { files: { "countersign.yaml": "old" } });
  expect(forced.json()).toEqual({
    file: "countersign.yaml",
    schema: "countersign.schema.json",
    ignored: false,
  });
  expect(forced.files["countersign.schema.json"]).toContain('"$schema"');
  expect(forced.files["countersign.yaml"]).toContain("version: 1\n");
});

test("a missing document says how to get one", async () => {
  const { code, err } = await call("plan --file other.yaml");
  expect(code).toBe(2);
  expect(err).toContain("other.yaml is not there; `countersign init` writes one.");
});

const checks: readonly Check[] = [
  { name: "node", status: "ok", message: "v24", remedy: null },
  {
    name: "bubblewrap",
    status: "warn",
    message: "not installed",
    remedy: "apt-get install bubblewrap",
  },
];

test("doctor fails only for what must be mended", async () => {
  const well = await call("doctor", { checks });
  expect(well.code).toBe(0);
  expect(well.err).toContain("→ apt-get install bubblewrap");
  expect(well.out).toContain("1 ok, 1 to know, 0 to mend");
  const failing = [
    ...checks,
    { name: "disk", status: "fail", message: "full", remedy: "Free it" } as const,
  ];
  const ill = await call("doctor --json", { checks: failing });
  expect([ill.code, ill.json(), ill.err]).toEqual([1, { ok: false, checks: failing }, ""]);
});

test("up tells of its life as NDJSON, or as lines for people", async () => {
  const events: readonly ServeEvent[] = [
    { event: "starting", version: "1.2.3", pid: 7 },
    {
      event: "ready",
      url: "http://127.0.0.1:7070",
      startedInMs: 812,
      store: "embedded Postgres in /x",
      file: null,
      revision: base,
      keys: [{ role: "admin", place: "/home/a/admin.key", made: true }],
    },
    { event: "stopped", cut: false },
  ];
  const { out } = await call("up --json", { events });
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(events);
  const people = await call("up", { events });
  expect(people.out).toBe("");
  expect(people.err).toContain("ready http://127.0.0.1:7070 (0.8 s)");
  expect(people.err).toContain("admin key     /home/a/admin.key (new)");
});

test("no colour unless the terminal has it", async () => {
  const failing = {
    ...document,
    client: { planConfig: async () => Promise.reject(new Fault("draining", "No.")) },
  };
  expect((await call("plan", failing)).err).not.toContain("\u001b");
  expect((await call("plan", { ...failing, hasColor: true })).err).toContain("\u001b[31m");
});

test.each([
  ["__complete pl", ["plan"]],
  ["__complete plan --f", ["--file"]],
  ["__complete completion z", ["zsh"]],
])("`%s` proposes", async (line, proposals) => {
  expect((await call(line)).out.trim().split("\n")).toEqual(proposals);
});

test("secrets: a value comes from a pipe, a variable or a file, and is shown nowhere", async () => {
  const bodies: string[] = [];
  const facts = { subject: null, version: 3, hosts: ["a.example.com"], writtenAt: "now" };
  const client: Partial<Client> = {
    setSecret: async ({ name, body }) => {
      bodies.push(body);
      return { status: 200, etag: null, body: { ...facts, name } };
    },
  };
  const files = { "token.txt": "hunter2\r\n" };
  const script = { client, files, input: "hunter2\n", variables: { TOKEN: "hunter2" } };
  for (const line of ["", " --from-env TOKEN", " --from-file token.txt", " --json"]) {
    const { code, out, err } = await call(`secrets set token --host A.example.com${line}`, script);
    expect(code).toBe(0);
    expect(out).toContain("token");
    expect(out + err).not.toContain("hunter2");
  }
  expect(new Set(bodies)).toEqual(new Set(['{"value":"hunter2","hosts":["a.example.com"]}']));
  expect(bodies).toHaveLength(4);
});

test.each([
  ["secrets set token hunter2", { input: "x" }, "Too many arguments"],
  ["secrets set token", {}, "Pipe the value in"],
  ["secrets set token", { input: "\n" }, "empty"],
  ["secrets set token --from-env NOT_SET", {}, "NOT_SET is not set"],
  ["secrets set token --from-file gone", {}, "gone is not there"],
  ["secrets set token --from-env A --from-file b", {}, "not both"],
])("`%s` is wrong usage", async (line, script: Script, complaint) => {
  const { code, err } = await call(line, script);
  expect([code, err]).toEqual([2, expect.stringContaining(complaint)]);
});

test("secrets ls asks for every page, and rm exits 3 for what is not there", async () => {
  const row = { subject: null, version: 1, hosts: [], writtenAt: "now" };
  const client: Partial<Client> = {
    listSecrets: async ({ after }) => ({
      status: 200,
      etag: null,
      body: { secrets: [{ ...row, name: after ?? "first" }], next: after ? null : "second" },
    }),
    removeSecret: async ({ name }) => {
      throw new Fault("not_found", `There is no secret ${name}.`);
    },
  };
  const listed = await call("secrets ls", { client });
  expect(listed.out.match(/first|second/g)).toEqual(["first", "second"]);
  expect((await call("secrets ls --json", { client })).json()["secrets"]).toHaveLength(2);
  expect(await call("secrets rm gone", { client })).toMatchObject({ code: 3 });
});
