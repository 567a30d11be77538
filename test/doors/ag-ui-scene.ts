import { request as httpRequest } from "node:http";
import { EventSchema } from "@ag-ui/core/schemas";
import { expect, onTestFinished, vi } from "vitest";
import type { ApprovalDesk, Word } from "../../src/authority/approval-desk.ts";
import type { ReadApproval } from "../../src/authority/read-approval.ts";
import { toDigest, toUuidV7, type ApprovalId, type Digest } from "../../src/model/index.ts";
import { Fault } from "../../src/model/index.ts";
import type { RunId } from "../../src/model/index.ts";
import { adminKey, tell, type ApiScript } from "../start-api.ts";
import { openRuns } from "../runs/runs-under-test.ts";

/** The door of AG-UI on the real listener, over runs that go on only when a test says so. */

export interface Event {
  readonly type: string;
  // As a test looks at it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [name: string]: any;
}

const usage = { input: 1, cached: null, written: null, output: 1, reasoning: null };
const cost = { micros: 0, tokens: 2, calls: 0 };

interface Said {
  readonly text?: string;
  readonly calls?: readonly { readonly tool: string; readonly args: string }[];
}

export async function openAgUi(script: ApiScript = {}) {
  const desk = openFakeApprovals();
  const scene = await openRuns({ desk: desk.desk, ...script });
  const { textOf, append, url } = scene;

  function respond(run: RunId, step: number, { text = "", calls = [] }: Said): void {
    const answered = { text, calls: calls.map(({ tool, args }) => ({ name: tool, args })) };
    append(run, {
      type: "model.responded",
      step,
      backend: "b",
      response: textOf(JSON.stringify(answered)),
      stop: calls.length > 0 ? "tool_calls" : "ended",
      calls: calls.map(({ tool, args }) => ({ tool, args: toDigest(args), effect: "write" })),
      usage,
      prices: toDigest("prices"),
      cost,
    });
  }

  function end(run: RunId, place: { step: number; ordinal: number }, text: string): void {
    const result = textOf(JSON.stringify({ text, isError: false, raw: null }));
    append(run, { type: "call.ended", ...place, entry: null, outcome: "answered", result, cost });
  }

  return {
    ...scene,
    ...desk,
    runs: scene.desk,
    respond,
    end,
    complete: (run: RunId) => append(run, { type: "run.completed", output: toDigest("done") }),
    /** To its end. */
    async follow(body: object, key = adminKey, agent = "travel") {
      const headers = { "content-type": "application/json", accept: "text/event-stream" };
      const told = await tell(url, `/v1/ag-ui/${agent}`, {
        method: "POST",
        key,
        headers,
        body: JSON.stringify(body),
      });
      return { ...told, events: told.status === 200 ? readEvents(told.text) : [] };
    },
    listen: (body: object, key = adminKey) => listen(url, body, key),
  };
}

/** Each of them as the protocol's own schema has it. */
export function readEvents(text: string): readonly Event[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => {
      const event: unknown = JSON.parse(block.slice("data: ".length));
      EventSchema.parse(event);
      return event as Event;
    });
}

/** A stream that a test reads while it is open, and drops. */
function listen(url: string, body: object, key: string) {
  let text = "";
  const request = httpRequest(new URL("/v1/ag-ui/travel", url), {
    agent: false,
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
  request.on("response", (response) => {
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("error", () => undefined);
  });
  request.on("error", () => undefined);
  request.end(JSON.stringify(body));
  onTestFinished(() => void request.destroy());
  return { events: () => readEvents(text), drop: () => void request.destroy() };
}

let made = 0;

function openFakeApprovals() {
  const known = new Map<ApprovalId, ReadApproval>();
  const decided: { readonly subject: string; readonly id: ApprovalId; readonly word: Word }[] = [];
  const find = (id: ApprovalId): ReadApproval => {
    const read = known.get(id);
    if (read === undefined) throw new Fault("not_found", `There is no approval ${id}.`);
    return read;
  };
  const absent = (): never => {
    throw new Error("not here");
  };
  const desk: ApprovalDesk = {
    read: async (_, id) => find(id),
    list: absent,
    readLast: absent,
    beginSigning: absent,
    async decide({ subject }, id, word) {
      const { row } = find(id);
      if (row.state !== "pending")
        throw new Fault("approval_decided", "It is decided.", { details: { state: row.state } });
      if (word.digest !== row.intent)
        throw new Fault("approval_changed", "The digest is not that of this approval.");
      decided.push({ subject, id, word });
      known.set(id, { ...find(id), row: { ...row, state: word.word } });
      return word.word;
    },
  };
  return {
    desk,
    decided,
    ask(args: string, text = "Somebody looks at payments."): ApprovalId {
      made += 1;
      const id = toUuidV7(1_795_000_000_000 + made, new Uint8Array(10)) as ApprovalId;
      known.set(id, toRead(id, args, text));
      return id;
    },
    digestOf: (id: ApprovalId): Digest => find(id).row.intent,
  };
}

function toRead(id: ApprovalId, args: string, text: string): ReadApproval {
  const row = { id, state: "pending", intent: toDigest(id), expiresAtMs: Date.now() + 3_600_000 };
  const approvers = [{ who: "role:approver", quorum: 1, passkey: false }];
  const request = {
    server: "bank",
    tool: "pay",
    method: "tools/call",
    effect: "write",
    outward: true,
    rules: [{ rule: "pay", text }],
    approvers,
  };
  const intent = { target: "pay", principal: { actor: { agent: "travel" } } };
  return { row, request, opening: { intent, args }, verdicts: [] } as unknown as ReadApproval;
}

export const user = (id: string, content: unknown = "Book it.") => ({ id, role: "user", content });

export const toBody = (changes: object = {}) => ({
  threadId: "t1",
  runId: "r1",
  messages: [user("u1")],
  ...changes,
});

export const payArgs = '{"amount":"5.00","to":"\u202eeve"}';

export type Scene = Awaited<ReturnType<typeof openAgUi>>;

export async function started({ asked }: Scene, count = 1): Promise<void> {
  await vi.waitFor(() => expect(asked).toHaveLength(count));
}

export const runOf = (events: readonly Event[]): RunId =>
  events[0]!.metadata.countersign.run as RunId;
export const typesOf = (events: readonly Event[]) => events.map(({ type }) => type);

/** A run that somebody is asked about, and its stream to that point. */
export async function openAsked(scene: Scene, key = "ada") {
  const stream = scene.listen(toBody(), key);
  await vi.waitFor(() => expect(stream.events()).toHaveLength(1));
  const run = runOf(stream.events());
  const approval = scene.ask(payArgs);
  scene.append(run, { type: "run.started" });
  scene.respond(run, 0, { text: "I pay now.", calls: [{ tool: "bank__pay", args: payArgs }] });
  const place = { step: 0, ordinal: 0 };
  const untilMs = Date.now() + 3_600_000;
  scene.append(run, {
    type: "call.deferred",
    ...place,
    for: "approval",
    approval,
    name: null,
    untilMs,
  });
  scene.append(run, { type: "run.waited", for: "approval", untilMs });
  scene.change(run, { waits: [{ kind: "approval", approval, tool: "bank__pay", untilMs }] });
  await vi.waitFor(() => expect(stream.events().at(-1)!.type).toBe("RUN_FINISHED"));
  const resolve = (payload: object) => [{ interruptId: approval, status: "resolved", payload }];
  return { run, approval, events: stream.events(), resolve, untilMs };
}
