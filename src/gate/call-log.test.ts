import { expect, test } from "vitest";
import { makeOutcome, makeTool } from "../../test/made-up-call.ts";
import { toEntryTraceId } from "../model/trace-context.ts";
import { toUuidV7, type EntryId } from "../model/index.ts";
import type { Outcome } from "./outcome.ts";
import { createCallLog, type CallLogOptions } from "./call-log.ts";

const atMs = Date.parse("2026-11-21T10:20:30.045Z");
const id = toUuidV7(atMs, new Uint8Array(10)) as EntryId;
const trace = "0af7651916cd43dd8448eb211c80319c";

function open(more: Partial<CallLogOptions> = {}) {
  const lines: string[] = [];
  const note = createCallLog({
    line: () => (line) => lines.push(line),
    which: () => "all",
    isTraced: () => false,
    redact: (text) => text,
    ...more,
  });
  return { lines, note: (outcome: Outcome, toldMs = atMs) => note(outcome, { id, atMs: toldMs }) };
}

function withCall(outcome: Outcome, more: Partial<Outcome["call"]>): Outcome {
  return { ...outcome, call: { ...outcome.call, ...more } };
}

const base = makeOutcome({ result: "grüße", queuedUs: 1_500, upstreamUs: 250 });

test("a line says who called what, what came of it and where its entry is", () => {
  const { lines, note } = open();
  const parent = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
  note(withCall(base, { forwarded: parent }));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      time: "2026-11-21T10:20:30.045Z",
      level: "info",
      message: "call",
      server: base.call.tool!.server,
      tool: base.call.tool!.name,
      method: "tools/call",
      outcome: "answered",
      decision: expect.stringMatching(/^(allow|deny)$/) as string,
      isError: false,
      reason: null,
      tookMs: 1.75,
      resultBytes: 7,
      intent: base.intent.digest,
      tenant: "acme",
      subject: "ada",
      agent: null,
      run: null,
      trace,
      call: base.of ?? id,
      entry: id,
    },
  ]);
});

test("times are right whichever way they go", () => {
  const { lines, note } = open();
  const times = [atMs, atMs + 999, atMs + 954, atMs - 46, 0, atMs + 60_000];
  for (const each of times) note(base, each);
  const told = lines.map((line) => (JSON.parse(line) as { time: string }).time);
  expect(told).toEqual(times.map((each) => new Date(each).toISOString()));
});

test("which calls have a line is configured, and calls of no tool have none", () => {
  const failed = { ...base, outcome: "denied", reason: "starter/no", result: null } as const;
  const count = (more: Partial<CallLogOptions>, ...outcomes: readonly Outcome[]) => {
    const { lines, note } = open(more);
    for (const each of outcomes) note(each);
    return lines.length;
  };
  expect(count({}, base, failed)).toBe(2);
  expect(count({ which: () => "errors" }, base, failed)).toBe(1);
  expect(count({ which: () => "none" }, base, failed)).toBe(0);
  expect(count({ line: () => null }, base, failed)).toBe(0);
  expect(count({}, withCall(base, { tool: null }))).toBe(0);
});

test("the decision is that of the rules: what a person refused was asked", () => {
  const { lines, note } = open();
  note({ ...base, outcome: "denied", reason: "approval:denied" });
  note({ ...base, outcome: "expired", reason: "approval:expired" });
  note({ ...base, outcome: "denied", reason: "starter/no" });
  expect(lines.map((line) => (JSON.parse(line) as { decision: string }).decision)).toEqual([
    "ask",
    "ask",
    "deny",
  ]);
});

test("a call that named no trace is in the one that it is sent in, where it is sent", () => {
  const read = (line: string | undefined) => (JSON.parse(line!) as { trace: unknown }).trace;
  const { lines, note } = open();
  note(base);
  const traced = open({ isTraced: () => true });
  traced.note(base);
  expect(read(lines[0])).toBeNull();
  const zeroes = { traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` };
  note(withCall(base, { forwarded: zeroes }));
  expect(read(lines[1])).toBeNull();
  expect(read(traced.lines[0])).toBe(toEntryTraceId(id));
});

test("I9: a secret that becomes known later is in no line of a call after that second", () => {
  let secret = "not known yet";
  const { lines, note } = open({ redact: (text) => text.replaceAll(secret, "[redacted]") });
  const { request } = base.call;
  const principal = { ...request.principal, subject: "ada of s3cret-value-9471" };
  const call = withCall(base, {
    tool: makeTool("look_s3cret-value-9471"),
    request: { ...request, principal },
  });
  note(call);
  secret = "s3cret-value-9471";
  note(call, atMs + 1_000);
  expect(lines[0]).toContain(secret);
  expect(JSON.parse(lines[1]!)).toMatchObject({
    tool: "look_[redacted]",
    subject: "ada of [redacted]",
  });
});

test("I9: names with line breaks or terminal codes forge no line, and known secrets are not in one", () => {
  const secret = "s3cret-value-9471";
  const { lines, note } = open({ redact: (text) => text.replaceAll(secret, "[redacted]") });
  const forged = `x"}\n{"time":"2026-11-21T10:20:30.045Z","level":"error","message":"bug"}\u2028\u001b[2J\u202e${secret}`;
  const { request } = base.call;
  const principal = { ...request.principal, subject: `ada\u202e${secret}` };
  const parent = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
  note({
    ...withCall(base, {
      tool: makeTool(forged),
      args: { secret },
      canonical: `{"secret":"${secret}"}`,
      request: { ...request, principal },
      forwarded: parent,
    }),
    outcome: "denied",
    reason: "leak",
    result: `{"secret":"${secret}"}`,
    handed: secret,
  });
  expect(lines).toHaveLength(1);
  const [line] = lines;
  // eslint-disable-next-line no-control-regex -- that none is there is the point
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  expect(line).not.toContain(secret);
  // It was refused for a secret: what its caller named may be one.
  expect(line).not.toContain(trace);
  expect((JSON.parse(line!) as { tool: string }).tool).toBe(forged.replace(secret, "[redacted]"));
});
