import { expect, test } from "vitest";
import { toBuilt } from "../../test/simulation/parts.ts";
import { toDigest } from "../model/index.ts";
import type { ContextPart } from "../model/run-event.ts";
import { toDetail } from "./detail.ts";
import { orderParts } from "./shown-parts.ts";
import { toRequest } from "./to-request.ts";
import { toResult } from "./to-result.ts";
import { readWaiting } from "./wait-tools.ts";

const digest = toDigest("x");
const part = (kind: ContextPart["kind"], step: number, ordinal = 0): ContextPart => ({
  kind,
  step,
  ordinal,
  digest,
});

test("results stand behind the answer that asked for them, in its order, whenever they came", () => {
  const came = [
    part("input", 0),
    part("response", 0),
    part("result", 0, 1),
    part("signal", 1),
    part("result", 0, 0),
    part("response", 1),
    part("late", 0, 0),
    part("result", 1, 0),
  ];
  expect(orderParts(came).map(({ kind, step, ordinal }) => `${kind} ${step}/${ordinal}`)).toEqual([
    "input 0/0",
    "response 0/0",
    "result 0/0",
    "result 0/1",
    "signal 1/0",
    "response 1/0",
    "result 1/0",
    "late 0/0",
  ]);
});

test("a call has an id of ours, and its result the same one; a late result is told in words", () => {
  const call = { name: "t__read", args: "{}" };
  const content = {
    input: { name: null, text: "Go." },
    response: { text: "", calls: [call, call] },
    result: { text: "42", isError: true, raw: null },
    late: { text: "43", isError: false, raw: null },
    signal: { name: "go", text: "now" },
    source: { name: "profile", owner: null, text: "Ann", isError: false },
  };
  const kinds = [part("input", 0), part("response", 3), part("result", 3, 1)];
  const parts = [...kinds, part("late", 3, 0), part("signal", 4)].map((each) => ({
    part: each,
    content: content[each.kind],
  }));
  const { messages, stableMessages } = toRequest({
    bundle: toBuilt().bundle,
    tools: [],
    searches: false,
    parts,
  });
  expect(messages).toEqual([
    { role: "user", text: "Go." },
    {
      role: "assistant",
      text: "",
      calls: [
        {
          id: "call_3_0",
          ...call,
        },
        {
          id: "call_3_1",
          ...call,
        },
      ],
    },
    { role: "tool", callId: "call_3_1", text: "42", isError: true },
    {
      role: "user",
      text: expect.stringMatching(/^The call call_3_0.*made again.*told to do\.\n43$/),
    },
    { role: "user", text: "Signal go: now" },
  ]);
  expect(stableMessages).toBe(5);
});

test.each<readonly [string, string, string | RegExp]>([
  ["words of the gate", "It is denied.", "It is denied."],
  ["text", '{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}', "a\nb"],
  ["nothing", '{"content":[]}', "(nothing)"],
  ["what is structured", '{"structuredContent":{"a":1}}', '{"a":1}'],
  [
    "the same twice",
    '{"content":[{"type":"text","text":"{ \\"a\\": 1 }"}],"structuredContent":{"a":1}}',
    '{"a":1}',
  ],
  [
    "both",
    '{"content":[{"type":"text","text":"one"}],"structuredContent":{"a":1}}',
    'one\n{"a":1}',
  ],
  ["a picture", '{"content":[{"type":"image","data":"AAAA"}]}', "(image, not shown)"],
  [
    "a link",
    '{"content":[{"type":"resource_link","uri":"file:///a"}]}',
    "(resource_link: file:///a)",
  ],
  ["an embedded text", '{"content":[{"type":"resource","resource":{"text":"inside"}}]}', "inside"],
  ["half a character", '{"content":[{"type":"text","text":"a\\ud800"}]}', "a\ufffd"],
  ["no object", "{not json", "{not json"],
  ["too much", `{"content":[{"type":"text","text":"${"x".repeat(200_000)}"}]}`, /cut: 200000/],
])("a model reads %s", (_, text, shown) => {
  const made = toResult(text, false);
  if (typeof shown === "string") expect(made.text).toBe(shown);
  else expect(made.text).toMatch(shown);
  expect(made.text.length).toBeLessThan(100_100);
  expect(made.text.isWellFormed()).toBe(true);
});

test("what is kept whole is kept as it came, and nothing that is too long", () => {
  const text = '{"content":[],"structuredContent":{"id":7}}';
  expect(toResult(text, false).raw).toBe(text);
  expect(toResult("words", true)).toEqual({ text: "words", isError: true, raw: null });
  expect(toResult(`{"a":"${"x".repeat(300_000)}"}`, false).raw).toBeNull();
});

test.each<readonly [string, unknown, object | RegExp]>([
  ["run__wait", { seconds: 1.0001 }, { for: "timer", name: null, waitMs: 1_001 }],
  [
    "run__wait_for_signal",
    { seconds: 5, name: "go" },
    { for: "signal", name: "go", waitMs: 5_000 },
  ],
  ["run__wait_for_signal", { seconds: 5 }, { for: "signal", name: null, waitMs: 5_000 }],
  ["run__wait", { seconds: 0 }, /seconds/],
  ["run__wait", { seconds: 604_801 }, /seconds/],
  ["run__wait", { seconds: "5" }, /seconds/],
  ["run__wait", [], /not an object/],
  ["run__wait_for_signal", { seconds: 5, name: "" }, /name/],
  ["run__wait_for_signal", { seconds: 5, name: "x".repeat(129) }, /name/],
])("%s with %j", (tool, args, read) => {
  const made = readWaiting(tool, args as never);
  if (read instanceof RegExp) expect(made).toMatch(read);
  else expect(made).toEqual(read);
});

test("words of others stay in the bounds of an event, without half a character", () => {
  expect(toDetail("short")).toBe("short");
  const cut = toDetail(`${"x".repeat(2_047)}😀`);
  expect([cut.length, cut.isWellFormed()]).toEqual([2_048, true]);
});
