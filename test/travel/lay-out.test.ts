import { homedir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { layOut } from "../../examples/travel/start/lay-out.ts";
import { namePlace } from "../../examples/travel/start/name-place.ts";
import { toLine } from "../../examples/travel/start/tell-event.ts";
import { seed } from "../scale.ts";

test("a text goes on below itself, and a sentence below its margin", () => {
  expect(layOut(toLine("agent", "one two three four"), 20).split("\n")).toEqual([
    "  agent   one two",
    "          three four",
  ]);
  expect(layOut(toLine("", 'with {"a":1, "b":2}'), 22).split("\n")).toEqual([
    '          with {"a":1,',
    '          "b":2}',
  ]);
  expect(layOut("\n  It goes on with this:", 14)).toBe("\n  It goes on\n  with this:");
});

test("a command is broken at its options alone, so that a shell reads it as it was", () => {
  const command = "    npx countersign approve ID --digest sha256:ab --url http://127.0.0.1:7171";
  expect(layOut(command, 100)).toBe(command);
  expect(layOut(command, 60).split("\n")).toEqual([
    "    npx countersign approve ID --digest sha256:ab \\",
    "      --url http://127.0.0.1:7171",
  ]);
  expect(layOut(command, 40).split("\n")).toEqual([
    "    npx countersign approve ID \\",
    "      --digest sha256:ab \\",
    "      --url http://127.0.0.1:7171",
  ]);
});

test("nothing is lost and nothing added, whatever the width", () => {
  const word = fc.string({ minLength: 1, maxLength: 30 }).filter((text) => !/\s/.test(text));
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1 }),
      fc.integer({ min: 1, max: 120 }),
      (words, columns) => {
        const line = toLine("agent", words.join(" "));
        const rows = layOut(line, columns).split("\n");
        expect(rows.map((row) => row.trim()).join(" ")).toBe(line.trim());
        for (const row of rows.slice(1)) expect(row).toMatch(/^ {10}\S/);
        for (const row of rows) if (row.length > columns) expect(row.slice(10)).not.toContain(" ");
      },
    ),
    { seed: seed() },
  );
});

test("a file is named from here, or from home, or in full", () => {
  expect(namePlace(path.join(process.cwd(), "a", "b.log"))).toBe("a/b.log");
  expect(namePlace(process.cwd())).toBe(".");
  const outside = path.join(path.parse(process.cwd()).root, "elsewhere", "b.log");
  expect(namePlace(outside)).toBe(outside);
  expect(namePlace(path.join(homedir(), "..a-folder-of-mine", "b"))).toBe("~/..a-folder-of-mine/b");
});
