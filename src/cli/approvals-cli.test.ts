import { beforeEach, expect, test, vi } from "vitest";
import { callCli as call, type Script } from "../../test/call-cli.ts";
import type { Approval, Called, Client } from "../client/client.ts";
import { Fault } from "../model/fault.ts";

const confirm = vi.hoisted(() => vi.fn<(options: { message: string }) => Promise<unknown>>());
vi.mock("@clack/prompts", () => ({
  confirm,
  isCancel: (answer: unknown) => typeof answer === "symbol",
}));
beforeEach(() => void confirm.mockReset());

const id = "01900000-0000-7000-8000-000000000001";
const digest = `sha256:${"ab".repeat(32)}`;
const url = `http://localhost:7070/approvals/${id}`;
const approval: Approval = {
  id,
  digest,
  url,
  state: "pending",
  server: "bank",
  tool: "transfer",
  method: "tools/call",
  target: "transfer",
  toolset: "",
  effect: "destructive",
  outward: true,
  labels: ["untrusted"],
  description: null,
  rules: [{ rule: "pay-ask", text: "Finance looks at it." }],
  approvers: [{ who: "role:finance", quorum: 2, passkey: true, have: 1 }],
  requester: { kind: "user", subject: "ada", agent: "helper" },
  claim: "Urgent.\u001b[2J\napprove  countersign approve other",
  facts: [{ key: "rate:usd", value: '"1.1\u202e"' }],
  args: { amount: 500, to: "ad\u202ea", "\u0430mount": 1 },
  lastApproved: { id: "x", at: "2026-11-20T10:00:00.000Z", args: { amount: 10, to: "ada" } },
  reach: { transport: "http", hosts: ["bank.example"], credential: "static" },
  verdicts: [],
  createdAt: "2026-11-21T10:00:00.000Z",
  expiresAt: "2026-11-21T11:00:00.000Z",
  holds: true,
  erased: false,
};
const ok = <Body>(body: Body) => ({ status: 200, etag: null, body }) as const;

/** A desk with one approval, which writes down what it is told. */
function openDesk(changes: Partial<Approval> = {}, refusal: Fault | null = null) {
  const told: unknown[] = [];
  const client: Partial<Client> = {
    listApprovals: async () => ok({ approvals: [{ ...approval, ...changes }], seen: "1" }),
    getApproval: async () => ok({ ...approval, ...changes }),
    decideApproval: async ({ body }) => {
      told.push(JSON.parse(body));
      if (refusal !== null) throw refusal;
      return ok({ id, state: "approved" as const });
    },
  };
  return { client, told };
}

test("a request is shown whole, inert, and with its claim set apart", async () => {
  confirm.mockResolvedValue(true);
  const { client, told } = openDesk();
  const script = { client, isInteractive: true };
  const { code, err, connected } = await call(`approve ${id}`, script);
  expect([code, told]).toEqual([0, [{ digest, word: "approved" }]]);
  expect(connected).toEqual(["approver"]);
  expect(err).toContain('"amount": 500');
  expect(err).toContain("⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧");
  expect(err).toContain("LIKE a⟧mount");
  expect(err).toContain("~ /amount  10 → 500");
  expect(err).toContain("its own words, which nobody has checked");
  expect(err).toContain(
    "    | Urgent.⟦U+001B ESCAPE⟧[2J\n    | approve  countersign approve other",
  );
  expect(err).not.toContain("\u001b");
  for (const each of [
    "pay-ask",
    "agent helper for user ada",
    "role:finance (1 of 2)",
    "bank.example",
    'rests on  rate:usd is "1.1⟦U+202E RIGHT-TO-LEFT OVERRIDE⟧"',
  ])
    expect(err).toContain(each);
  expect(err).toContain(`countersign approve ${id} --digest ${digest}`);
  expect(confirm).toHaveBeenCalledTimes(1);
});

test.each([false, Symbol("gone")])("a person who says %s decides nothing", async (answer) => {
  confirm.mockResolvedValue(answer);
  const { client, told } = openDesk();
  const { code, out } = await call(`approve ${id}`, { client, isInteractive: true });
  expect([code, told, out]).toEqual([130, [], ""]);
});

test.each([
  [`approve ${id}`, {}],
  [`deny ${id}`, {}],
  [`approve ${id} --json`, { isInteractive: true }],
])("`%s` without a person needs the digest", async (line, script: Script) => {
  const { client, told } = openDesk();
  const { code, err } = await call(line, { ...script, client });
  expect([code, told]).toEqual([2, []]);
  expect(err).toContain("--digest");
  expect(confirm).not.toHaveBeenCalled();
});

test("with the digest nothing is asked, and the reason goes along", async () => {
  const { client, told } = openDesk();
  const line = `deny ${id} --digest ${digest} --reason no --json`;
  const { code, json } = await call(line, { client, isInteractive: true });
  expect([code, json()]).toEqual([0, { id, state: "approved" }]);
  expect(told).toEqual([{ digest, word: "denied", reason: "no" }]);
});

test.each([
  ["not_found", 3],
  ["approval_decided", 5],
  ["approval_expired", 5],
  ["approval_changed", 5],
  ["forbidden", 5],
  ["unauthenticated", 4],
] as const)("a decision that is refused with %s ends with %i", async (fault, exit) => {
  const { client } = openDesk({}, new Fault(fault, "No."));
  expect(await call(`approve ${id} --digest ${digest}`, { client })).toMatchObject({ code: exit });
});

test("whoever needs a passkey is told the page", async () => {
  const { client } = openDesk({}, new Fault("passkey_required", "It takes your passkey."));
  const { code, err } = await call(`approve ${id} --digest ${digest}`, { client });
  expect([code, err]).toEqual([
    5,
    expect.stringContaining(`It takes your passkey. Sign at ${url}`),
  ]);
});

test.each(["expired", "denied", "consumed"] as const)(
  "what is %s is not asked for any more",
  async (state) => {
    const { client } = openDesk({ state });
    expect(await call(`approve ${id}`, { client, isInteractive: true })).toMatchObject({ code: 5 });
    expect(confirm).not.toHaveBeenCalled();
  },
);

test("approvals lists pending ones, or those of a state", async () => {
  const asked: unknown[] = [];
  const client: Partial<Client> = {
    listApprovals: async (query) => {
      asked.push(query.state);
      return ok({ approvals: [approval], seen: "1" });
    },
  };
  expect((await call("approvals", { client })).out).toContain(`${id}  pending  transfer of bank`);
  expect((await call("approvals --state denied --json", { client })).json()).toMatchObject({
    approvals: [{ id }],
  });
  await call("approvals --state all", { client });
  expect(asked).toEqual(["pending", "denied", undefined]);
  expect(await call("approvals --state open", { client })).toMatchObject({ code: 2 });
  expect(await call("approvals -w --state denied", { client })).toMatchObject({ code: 2 });
});

test("a watch says each as it comes and how it ended, and outlives a restart of the server", async () => {
  const gone = new Fault("unreachable", "Nothing answers.");
  const rounds: readonly ((() => never) | readonly Approval[])[] = [
    [approval],
    () => {
      throw gone;
    },
    [approval],
    [],
    () => {
      throw new Fault("forbidden", "The key was taken away.");
    },
  ];
  let round = 0;
  const waits: unknown[] = [];
  const client: Partial<Client> = {
    listApprovals: async ({ seen, wait }) => {
      waits.push([seen, wait]);
      const next = rounds[round++]!;
      return ok({ approvals: typeof next === "function" ? next() : next, seen: String(round) });
    },
    getApproval: async () => ok({ ...approval, state: round < 4 ? "pending" : "denied" }),
  };
  const { code, out, err } = await call("approvals -w --json", { client });
  const lines = out.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { event: "asked", approval: { id, lastApproved: { id: "x" } } },
    { event: "ended", approval: { id, state: "denied" } },
    { error: { code: "forbidden" } },
  ]);
  expect(code).toBe(5);
  expect(err).toContain("Nothing answers. Trying again.");
  expect(waits.slice(0, 2)).toEqual([
    [undefined, undefined],
    ["1", 25],
  ]);
});

const asks = (approvalId: string): Called => ({
  outcome: "asks",
  result: {
    content: [{ type: "text", text: "Not done yet." }],
    _meta: {
      "dev.countersign/outcome": {
        approval: approvalId,
        digest,
        url,
        expiresAt: "2026-11-21T11:00:00Z",
      },
    },
  },
});
const done: Called = { outcome: "answered", result: { content: [{ type: "text", text: "42" }] } };

function answering(...answers: readonly Called[]) {
  const bodies: Record<string, unknown>[] = [];
  const left = [...answers];
  const client: Partial<Client> = {
    callTool: async ({ body }) => {
      bodies.push(JSON.parse(body) as Record<string, unknown>);
      return ok(left.length > 1 ? left.shift()! : left[0]!);
    },
  };
  return { client, bodies };
}

test("a call that asks ends with 6 and says who can agree and how", async () => {
  const { client, bodies } = answering(asks(id));
  const { code, out, err } = await call("tools call bank__pay {}", { client });
  expect([code, out]).toEqual([6, "Not done yet.\n"]);
  expect(err).toContain(url);
  expect(err).toContain(`countersign approve ${id} --digest ${digest}`);
  expect(bodies).toEqual([{ name: "bank__pay", toolset: "", arguments: {}, _meta: {} }]);
});

test("--wait asks again until somebody decided, --key goes along each time", async () => {
  const { client, bodies } = answering(asks(id), asks(id), done);
  const { code, out } = await call("tools call bank__pay {} --key k-1 --wait=30", { client });
  expect([code, out]).toEqual([0, "42\n"]);
  const key = { "dev.countersign/key": "k-1" };
  expect(bodies.map((body) => body["_meta"])).toEqual([
    key,
    { ...key, "dev.countersign/wait": expect.closeTo(29, 0) as number },
    { ...key, "dev.countersign/wait": expect.closeTo(28, 0) as number },
  ]);
});

test("--wait ends at its time, and with an approval that is not the first one", async () => {
  const late = answering(asks(id));
  expect(await call("tools call bank__pay {} --wait=5", late)).toMatchObject({ code: 6 });
  expect(late.bodies.length).toBeLessThan(8);
  const other = answering(asks(id), asks(id.replace(/1$/, "2")));
  const { code, err } = await call("tools call bank__pay {} --wait", other);
  expect([code, other.bodies.length]).toEqual([6, 2]);
  expect(err).toContain(id.replace(/1$/, "2"));
});

test.each([
  ["denied", 5],
  ["expired", 5],
  ["consumed", 5],
  ["voided", 5],
  ["withdrawn", 5],
  ["changed", 5],
  ["unknown", 1],
  ["tool_error", 1],
  ["refused", 1],
] as const)("an outcome of %s ends with %i", async (outcome, exit) => {
  const { client } = answering({ outcome, result: {} });
  expect(await call("tools call bank__pay {}", { client })).toMatchObject({ code: exit });
});

test.each(["--wait=x", "--wait=-1", "--wait=1e9", "--key ключ"])(
  "%s is wrong usage",
  async (flag) => {
    expect(await call(`tools call bank__pay {} ${flag}`, answering(done))).toMatchObject({
      code: 2,
    });
  },
);

test("calls unknown lists every page, and resolve takes one word and the evidence", async () => {
  const bodies: unknown[] = [];
  const row = {
    id,
    server: "bank",
    tool: "pay",
    state: "unknown",
    intent: digest,
    subject: "service:caller",
    approval: null,
    at: "now",
    notAfter: "then",
    outcome: null,
  } as const;
  const client: Partial<Client> = {
    listCalls: async ({ after }) => ok({ calls: [row], next: after === undefined ? id : null }),
    resolveCall: async ({ body }) => {
      bodies.push(JSON.parse(body));
      return ok({ id, outcome: "not_done" as const });
    },
  };
  const listed = await call("calls unknown --json", { client });
  expect(listed.json()["calls"]).toHaveLength(2);
  expect((await call("calls unknown", { client })).out).toContain("bank pay");
  const resolved = await call(`calls resolve ${id} --not-done --evidence logs`, { client });
  expect([resolved.code, resolved.connected]).toEqual([0, ["admin"]]);
  expect(bodies).toEqual([{ outcome: "not_done", evidence: "logs" }]);
  for (const words of ["", "--done --retry"]) {
    const wrong = await call(`calls resolve ${id} ${words} --evidence logs`, { client });
    expect(wrong).toMatchObject({ code: 2 });
  }
  expect(await call(`calls resolve ${id} --done`, { client })).toMatchObject({ code: 2 });
});

test("privacy erase asks once, or takes --yes", async () => {
  const bodies: unknown[] = [];
  const client: Partial<Client> = {
    erasePersonal: async ({ body }) => {
      bodies.push(JSON.parse(body));
      return ok({
        subject: "user:ada",
        approvals: 1,
        calls: 2,
        verdicts: 0,
        workspaces: 1,
        memories: 2,
        runs: 1,
        runsLeft: 1,
      });
    },
  };
  const line = "privacy erase --subject user:ada";
  expect(await call(line, { client })).toMatchObject({ code: 2 });
  confirm.mockResolvedValueOnce(false).mockResolvedValueOnce(true);
  expect(await call(line, { client, isInteractive: true })).toMatchObject({ code: 130 });
  expect(bodies).toEqual([]);
  expect(await call(line, { client, isInteractive: true })).toMatchObject({ code: 0 });
  expect((await call(`${line} --yes`, { client })).out).toContain("1 approval, 2 calls");
  expect(bodies).toEqual([{ subject: "user:ada" }, { subject: "user:ada" }]);
});
