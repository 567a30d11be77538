import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../../test/scale.ts";
import { compileCommandCheck } from "./check-command.ts";
import type { CommandType } from "../../model/parameter-types.ts";
import { splitWords } from "./split-words.ts";

const type: CommandType = {
  type: "command",
  programs: ["git", "ls", "find", "tar", "/usr/bin/wc"],
  denyFlags: ["-o", "--output"],
  interpreter: false,
};
const check = compileCommandCheck(type);

test.each([
  ["git status"],
  ["  git\tlog  --max-count=3 "],
  ["git log --format='%h %s; $x `y` !z #'"],
  ['git commit -m "say \\"hi\\" \\\\ done"'],
  ["g'i't l\"o\"g ''"],
  ["/usr/bin/wc -l a.txt"],
  ["find . -name '*.ts' -type f"],
  ["tar xzf a.tgz"],
  [["git", "commit", "-m", "two\nlines; $(x) `y` | z"]],
  [["ls", "-l", "a b", "*"]],
  [["ls", ""]],
])("%j is allowed", (value) => {
  expect(check(value)).toBeNull();
});

test.each([
  ["", "is empty"],
  ["   ", "is empty"],
  [[], "is empty"],
  ["rm -rf /", "another program"],
  ["GIT status", "another program"],
  ["/usr/bin/git status", "another program"],
  ["./git status", "another program"],
  ["wc -l", "another program"],
  [["git status"], "another program"],
  ["X=1 git status", "assignment"],
  ["find . -exec rm x", "-exec"],
  ["find . -delete", "-delete"],
  [["find", ".", "-ok", "rm"], "-ok"],
  ["tar cf a --checkpoint=1 --checkpoint-action=exec=x b", "--checkpoint"],
  ["tar cf a --checkpoint-act=exec=x b", "--checkpoint-action"],
  ["tar cf a --to-comm=x b", "--to-command"],
  ["tar -cIf sh a b", "-I"],
  ["tar cIf sh a b", "-I"],
  ["git -c core.pager=x log", "-c"],
  ["git --exec-path=/tmp log", "--exec-path"],
  ["git fetch --upload-pa=x a", "--upload-pack"],
  ["ls -lo", "-o"],
  ["ls -ofile", "-o"],
  ["ls --output x", "--output"],
  ["ls --out=x", "--output"],
  [["ls", "--", "-o"], "-o"],
  [["git", 1], "not text"],
  [["git", "a\0b"], "NUL"],
  [["git", "\ud800"], "half of a character"],
  [{ program: "git" }, "neither text"],
  [null, "neither text"],
  [Array.from({ length: 300 }, () => "git"), "more than 256 words"],
  ["git ".repeat(300), "more than 256 words"],
  [`git ${"a".repeat(40_000)}`, "longer than"],
  [["git", "a".repeat(40_000)], "longer than"],
])("%j is not: %s", (value, why) => {
  expect(check(value)).toContain(why);
});

test("what interpreters are for is said once, in the configuration", () => {
  const any = compileCommandCheck({ ...type, programs: ["sh", "find"], interpreter: true });
  expect(any("sh -c 'rm -rf /'")).toBeNull();
  expect(any("find . -exec rm x")).toBeNull();
  expect(any("sh -o x")).toContain('"-o"');
});

test("the message names the programs", () => {
  expect(check("rm -rf /")).toBe(
    'runs another program; allowed are plain words after git, ls, find, tar or /usr/bin/wc: "rm"',
  );
  expect(check("ls -o")).toBe('holds "-o", which is or stands for -o');
});

/** Writes words as a shell would have to be given them, each piece quoted in one of the ways. */
function print(words: readonly { readonly text: string; readonly ways: readonly number[] }[]) {
  return words
    .map(({ text, ways }) => {
      if (text === "") return "''";
      return Array.from(text)
        .map((character, at) => {
          const way = ways[at % ways.length]!;
          if (way === 0 && /^[A-Za-z0-9_\-.,:/@%+=]$/.test(character)) return character;
          const isSingle = character === "'" ? false : way === 1 || /[$`!]/.test(character);
          return isSingle ? `'${character}'` : `"${character.replace(/["\\]/, "\\$&")}"`;
        })
        .join("");
    })
    .join(" ");
}

const word = fc.record({
  text: fc.string({
    unit: fc.constantFrom(...Array.from("ab -=/'\"\\$`!*?;&|<>(){}[]~#é中")),
    maxLength: 12,
  }),
  ways: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
});

test("words that were quoted come back as they were", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(splitWords(print(words))).toEqual({
        kind: "words",
        words: words.map(({ text }) => text),
      });
    }),
    { seed: seed(), numRuns: scaled({ test: 3_000, prove: 300_000 }) },
  );
});

test("a character with a meaning is refused outside of quotes, wherever it stands", () => {
  const meaning = fc.constantFrom(
    ...Array.from("$`;&|<>(){}[]*?~#!\\\n\r\0\u0085\u00a0\u2028é\u200b"),
  );
  const innocent = fc.constantFrom("git", " ", "a", "'q'", '"q"', "-x=1");
  fc.assert(
    fc.property(fc.array(innocent), meaning, fc.array(innocent), (before, bad, after) => {
      expect(splitWords([...before, bad, ...after].join("")).kind).toBe("refused");
    }),
    { seed: seed(), numRuns: scaled({ test: 2_000, prove: 200_000 }) },
  );
});
