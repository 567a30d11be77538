import { expect, test } from "vitest";
import { createLeakScan } from "../authority/broker-leaks.ts";
import { SecretValue } from "../ports/secrets.ts";
import { emptyLeakScan, type LeakScan } from "../ports/leak-scan.ts";
import type { ModelEvent } from "../ports/model-backend.ts";
import { createAnswerGuard } from "./guard-answer.ts";

const key = "sk-canary-of-the-backend-0123456789";
const words = "correct horse battery staple";
const scan: LeakScan = {
  ...createLeakScan([
    { name: "key", value: new SecretValue(key) },
    { name: "words", value: new SecretValue(words) },
  ]),
  isEmpty: false,
};

/** What is passed on of what comes, and what is told of it. */
function open(given: LeakScan = scan) {
  const heard: ModelEvent[] = [];
  const found: string[] = [];
  const guard = createAnswerGuard({
    scan: given,
    onFound: (names) => void found.push(...names),
    onEvent: (event) => void heard.push(event),
  });
  const textOf = (kind: "text" | "call_delta") =>
    heard.flatMap((event) => (event.kind === kind ? [event.text] : [])).join("");
  return { ...guard, heard, found, textOf };
}

const say = (text: string): ModelEvent => ({ kind: "text", text });
const piece = (text: string): ModelEvent => ({
  kind: "call_delta",
  index: 0,
  id: "c",
  name: "f",
  text,
});
const call = (args: string): ModelEvent => ({
  kind: "call",
  index: 0,
  call: { id: "c", name: "f", args },
});
const letters = (text: string): readonly string[] => text.split("");

test.each([
  ["in one piece", [key]],
  ["letter by letter", letters(key)],
  ["behind another word", ["Bearer ", ...letters(key), "."]],
  ["in base64", letters(Buffer.from(key).toString("base64"))],
])("I9: a secret in a text is taken out: %s", (_case, pieces) => {
  const { push, end, textOf, found } = open();
  for (const each of pieces) push(say(each));
  end();
  expect(textOf("text")).toContain("[redacted]");
  expect(textOf("text")).not.toMatch(/sk-can|c2stY/);
  expect(found).toEqual(["key"]);
});

test("of one with spaces in it, the last word is not passed on, and nothing after it", () => {
  const { push, textOf, found } = open();
  const pieces = letters(`It is ${words}!`);
  expect(() => pieces.forEach((each) => push(say(each)))).toThrow(/known secret/);
  expect(textOf("text")).toBe("It is correct horse battery ");
  expect(found).toEqual(["words"]);
});

test("words are passed on as they end, and text of other letters as it comes", () => {
  const { push, end, heard } = open();
  for (const each of ["One t", "wo", " three ", "日本", "語"]) push(say(each));
  expect(heard).toEqual(["One ", "two three ", "日本", "語"].map(say));
  push(say("end"));
  end();
  expect(heard.at(-1)).toEqual(say("end"));
});

test("I13: what is kept back has a bound", () => {
  const { push, textOf } = open();
  for (let each = 0; each < 100; each += 1) push(say("x".repeat(1_000)));
  expect(textOf("text").length).toBe(100_000 - 4_096);
});

test("I9: a secret in arguments is taken out, and they stay JSON", () => {
  const { push, textOf, heard, found } = open();
  const args = JSON.stringify({ key, other: "a" });
  for (const each of letters(args)) push(piece(each));
  push(call(args));
  expect(JSON.parse(textOf("call_delta"))).toEqual({ key: "[redacted]", other: "a" });
  expect(heard.at(-1)).toEqual(call(textOf("call_delta")));
  expect(found).toEqual(["key"]);
});

test("long arguments are passed on as they come; a secret at their end stops them", () => {
  const long = { filler: "y ".repeat(5_000), key };
  const [clean, leaking] = [{ ...long, key: "none" }, long].map((each) => JSON.stringify(each));
  const good = open();
  for (const each of clean!.match(/.{1,500}/g)!) good.push(piece(each));
  expect(good.textOf("call_delta").length).toBeGreaterThan(5_000);
  good.push(call(clean!));
  expect(good.textOf("call_delta")).toBe(clean);
  const bad = open();
  for (const each of leaking!.match(/.{1,500}/g)!) bad.push(piece(each));
  expect(() => bad.push(call(leaking!))).toThrow(/known secret/);
  expect(bad.textOf("call_delta")).not.toContain("sk-can");
});

test("arguments that are no JSON are looked through, too, and handed over", () => {
  const refused = {
    kind: "call_refused",
    index: 0,
    id: "c",
    name: "f",
    reason: "not_json",
  } as const;
  const { push, textOf, heard } = open();
  push({ ...refused, text: `{${key}` });
  expect(textOf("call_delta")).toBe("{[redacted]");
  expect(heard.at(-1)).toMatchObject({ kind: "call_refused", text: "{[redacted]" });
});

test("while no secret is known, nothing is kept back", () => {
  const { push, heard } = open(emptyLeakScan);
  const events = [say("On"), say("e"), piece('{"a"'), piece(":1}"), call('{"a":1}')];
  for (const each of events) push(each);
  expect(heard).toEqual(events);
});
