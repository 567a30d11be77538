import { expect, test } from "vitest";
import { toMatches, type Command } from "./to-matches.ts";

const run = () => undefined;
const went: string[] = [];
const commands: readonly Command[] = [
  { title: "Inbox", hint: "", run },
  { title: "Theme: dark", hint: "", run },
  { title: "Open an exported run", hint: "", run },
  { title: "Runs", hint: "", run },
  { title: "Go to the run", hint: "", run, takes: /^[0-9a-f]{4}$/, go: (id) => void went.push(id) },
];
const titles = (typed: string) => toMatches(commands, typed).map(({ title }) => title);

test("everything but what takes an id is there before a word is typed", () => {
  expect(titles("  ")).toEqual(["Inbox", "Theme: dark", "Open an exported run", "Runs"]);
});

test("every word has to be there, and what begins with them comes first", () => {
  expect(titles("RUN")).toEqual(["Runs", "Open an exported run"]);
  expect(titles("dark the")).toEqual(["Theme: dark"]);
  expect(titles("nothing")).toEqual([]);
});

test("an id is gone to", () => {
  const [only, ...others] = toMatches(commands, " 0AF3 ");
  expect(others).toEqual([]);
  only!.run();
  expect(went).toEqual(["0af3"]);
});
