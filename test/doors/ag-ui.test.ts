import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buildResumeArray, HttpAgent, type AgentSubscriber } from "@ag-ui/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { toBookingDocument } from "../e2e/booking-document.ts";
import { createHome, type Home, type Up } from "../e2e/home.ts";

// The product with its own Postgres, and the protocol's own client before it.
vi.setConfig({ testTimeout: 180_000 });

const keys = { ada: "a-key-of-ada-for-the-door", eve: "a-key-of-eve-for-the-door" };

const agents = `
auth:
  callers:
    ada: { key: env://ADA_KEY }
    eve: { key: env://EVE_KEY, tenant: other }
policy:
  rules:
    book: |
      @id("book/all") @reason("Bookings are possible.")
      permit (principal, action, resource);
      @id("book/ask") @ask("Somebody looks at bookings.") @approvers("role:approver")
      forbid (principal, action == Action::"booking__book", resource)
      unless { context.approval.granted };
agents:
  travel:
    description: Books flights.
    model: fast
    instructions: Book flights.
    tools: [booking__book]
  boss:
    description: Has flights booked.
    model: fast
    instructions: Have flights booked.
    tools: []
    agents: [travel]
`;

const script = {
  name: "demo",
  turns: [
    { when: { last: "user", contains: "Thanks" }, say: "You are welcome." },
    {
      when: { last: "user", contains: "by somebody else" },
      calls: [{ tool: "agents__travel", args: { task: "Book it." } }],
    },
    {
      when: { last: "user", contains: "Book" },
      say: "I book it.",
      calls: [{ tool: "booking__book", args: { flight: "BA 117" } }],
    },
    { when: { last: "tool", contains: "booked" }, say: "It is booked." },
    { when: { last: "tool" }, say: "It is not done." },
    { when: { last: "user" }, say: "Hello." },
  ],
};

async function openOffice() {
  const home = createHome();
  const effects = path.join(home.directory, "effects.jsonl");
  writeFileSync(path.join(home.directory, "demo.yaml"), JSON.stringify(script));
  writeFileSync(path.join(home.directory, "countersign.yaml"), toBookingDocument(effects, agents));
  Object.assign(home.environment, { ADA_KEY: keys.ada, EVE_KEY: keys.eve });
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const booked = () =>
    existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n").length : 0;
  return { home, up, booked };
}

interface Asking {
  readonly threadId: string;
  readonly key?: string;
  readonly agent?: string;
}

/** A front-end: the official client, and what it was told. */
function openFrontEnd({ url }: Up, { threadId, key = keys.ada, agent: name = "travel" }: Asking) {
  const errors: { readonly code?: string | undefined; readonly message: string }[] = [];
  const types: string[] = [];
  const subscriber: AgentSubscriber = {
    onEvent: ({ event }) => void types.push(event.type),
    onRunErrorEvent: ({ event }) => void errors.push(event),
  };
  const headers = { authorization: `Bearer ${key}` };
  const agent = new HttpAgent({ url: `${url}/v1/ag-ui/${name}`, headers, threadId });
  agent.subscribe(subscriber);
  return {
    agent,
    errors,
    types,
    async say(id: string, content: string) {
      agent.addMessage({ id, role: "user", content });
      await agent.runAgent();
    },
    /** Asks how things stand, and decides nothing. */
    async ask() {
      const ids = agent.pendingInterrupts.map(({ id }) => [id, { status: "cancelled" }] as const);
      await agent.runAgent({
        resume: buildResumeArray(agent.pendingInterrupts, Object.fromEntries(ids)),
      });
    },
  };
}

type FrontEnd = ReturnType<typeof openFrontEnd>;

/** Each answer on the one thing that is asked there. */
async function answer(by: FrontEnd, asked: FrontEnd, payload: object): Promise<void> {
  const [interrupt] = asked.agent.pendingInterrupts;
  const digest = interrupt!.metadata!["countersign"].digest as string;
  await by.agent.runAgent({
    resume: buildResumeArray([interrupt!], {
      [interrupt!.id]: { status: "resolved", payload: { digest, ...payload } },
    }),
  });
}

const openApprover = (up: Up, home: Home, threadId: string) =>
  openFrontEnd(up, { threadId, key: home.key("approver") });

const rolesOf = ({ agent }: FrontEnd) => agent.messages.map(({ role }) => role);
const lastOf = ({ agent }: FrontEnd) => agent.messages.at(-1)?.content;

test("the protocol's client is asked, refused what is not its own, and goes on after an approver's yes", async () => {
  const { home, up, booked } = await openOffice();
  const ada = openFrontEnd(up, { threadId: "t1" });
  await ada.say("u1", "Book it.");
  expect(ada.agent.pendingInterrupts, up.log()).toMatchObject([
    {
      reason: "tool_call",
      metadata: { countersign: { args: '{"flight":"BA 117","seats":1}', server: "booking" } },
    },
  ]);
  const [interrupt] = ada.agent.pendingInterrupts;
  expect(interrupt!.message).toContain("Somebody looks at bookings.");
  const [, said] = ada.agent.messages;
  expect(said).toMatchObject({ role: "assistant", content: "I book it." });
  expect(said).toMatchObject({ toolCalls: [{ id: interrupt!.toolCallId }] });

  // Whoever asks does not decide, with the right digest neither.
  const own = openFrontEnd(up, { threadId: "t1" });
  await answer(own, ada, { word: "approved" });
  expect(own.errors).toMatchObject([{ code: "forbidden" }]);
  // Nor is anything decided that was not looked at.
  const approver = openApprover(up, home, "t1");
  await answer(approver, ada, { word: "approved", digest: `sha256:${"0".repeat(64)}` });
  await answer(approver, ada, { word: "approved", digest: undefined });
  expect(approver.errors).toMatchObject([
    { code: "approval_changed" },
    { code: "request_invalid" },
  ]);
  expect(booked()).toBe(0);

  await answer(approver, ada, { word: "approved", reason: "Seen." });
  expect(approver.types.slice(-3)).toEqual(["RUN_STARTED", "CUSTOM", "RUN_FINISHED"]);
  expect(approver.agent.messages).toEqual([]);
  await ada.ask();
  expect([lastOf(ada), ada.errors], up.log()).toEqual(["It is booked.", []]);
  expect(rolesOf(ada)).toEqual(["user", "assistant", "tool", "assistant"]);
  expect(new Set(ada.agent.messages.map(({ id }) => id)).size).toBe(4);
  expect([ada.agent.pendingInterrupts, booked()]).toEqual([[], 1]);

  // The next message of the thread is a run of its own, which is told what was said.
  await ada.say("u2", "Thanks.");
  expect(lastOf(ada)).toBe("You are welcome.");
  const listed = await home.run("runs", "ls", "--json");
  expect((JSON.parse(listed.out) as { runs: readonly unknown[] }).runs).toHaveLength(2);
});

test("a no ends the call, a decision at the command line is heard, and tenants are apart", async () => {
  const { home, up, booked } = await openOffice();
  const denied = openFrontEnd(up, { threadId: "t1" });
  await denied.say("u1", "Book it.");
  await answer(openApprover(up, home, "t1"), denied, { word: "denied", reason: "Too dear" });
  await denied.ask();
  expect([lastOf(denied), booked()], up.log()).toEqual(["It is not done.", 0]);
  expect(denied.agent.messages[2]).toMatchObject({
    role: "tool",
    content: expect.stringContaining("a person said no: Too dear"),
  });

  const ada = openFrontEnd(up, { threadId: "t2" });
  await ada.say("u1", "Book it.");
  const [interrupt] = ada.agent.pendingInterrupts;
  const eve = openFrontEnd(up, { threadId: "t2", key: keys.eve });
  await eve.say("u1", "Say hello.");
  expect([lastOf(eve), eve.agent.pendingInterrupts]).toEqual(["Hello.", []]);
  await answer(eve, ada, { word: "approved" });
  expect(eve.errors).toMatchObject([{ code: "forbidden" }]);
  // The front-end asks before anybody has decided, and hears of it while it waits.
  const asking = ada.ask();
  const digest = interrupt!.metadata!["countersign"].digest as string;
  expect((await home.run("approve", interrupt!.id, "--digest", digest)).code).toBe(0);
  await asking;
  expect([lastOf(ada), booked()], up.log()).toEqual(["It is booked.", 1]);
});

test("a stream that is cut anywhere is taken up by the client without a double", async () => {
  const { home, up, booked } = await openOffice();
  const ada = openFrontEnd(up, { threadId: "t1" });
  // The client says each time that what it was sent is no event.
  const complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => complaints.mockRestore());
  const whole = ada.agent.fetch;
  ada.agent.addMessage({ id: "u1", role: "user", content: "Book it." });
  // From within the first event to behind the call's arguments.
  for (const bytes of [40, 300, 420, 520, 700, 900, 1_100]) {
    ada.agent.fetch = async (url, init) => cut(await whole(url, init), bytes);
    await ada.agent.runAgent().catch(() => undefined);
  }
  expect(complaints.mock.calls.length).toBeGreaterThan(3);
  ada.agent.fetch = whole;
  await ada.agent.runAgent();
  expect(rolesOf(ada)).toEqual(["user", "assistant"]);
  expect(ada.agent.messages[1]).toMatchObject({
    content: "I book it.",
    toolCalls: [{ function: { name: "booking__book", arguments: '{"flight":"BA 117"}' } }],
  });
  await answer(openApprover(up, home, "t1"), ada, { word: "approved" });
  await ada.ask();
  expect(rolesOf(ada)).toEqual(["user", "assistant", "tool", "assistant"]);
  expect(booked()).toBe(1);
});

test("what a sub-agent asks is an interrupt of the thread, and its step is closed", async () => {
  const { home, up, booked } = await openOffice();
  const ada = openFrontEnd(up, { threadId: "t1", agent: "boss" });
  await ada.say("u1", "Have it done by somebody else.");
  expect(ada.agent.pendingInterrupts, up.log()).toMatchObject([
    { reason: "countersign:approval", metadata: { countersign: { agent: "travel" } } },
  ]);
  expect(ada.types.slice(-3)).toEqual(["STEP_STARTED", "STEP_FINISHED", "RUN_FINISHED"]);
  await answer(openApprover(up, home, "t1"), ada, { word: "approved" });
  await ada.ask();
  expect([lastOf(ada), booked(), ada.errors], up.log()).toEqual(["It is booked.", 1, []]);
});

/** As a connection that is closed after so many bytes, wherever that is. */
function cut(response: Response, bytes: number): Response {
  let left = bytes;
  const body = response.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.slice(0, left));
        left -= chunk.length;
        if (left <= 0) controller.terminate();
      },
    }),
  );
  return new Response(body, { status: response.status, headers: response.headers });
}
