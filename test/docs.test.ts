import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { commands } from "../bin/bootstrap/commands.js";
import { parseConfig } from "../src/adapters/yaml/parse-config.ts";
import {
  findCommands,
  listAnchors,
  listFences,
  listLinks,
  type Mention,
} from "./docs/read-page.ts";
import { listFiles } from "./tidy/source.ts";
import { renderLifecycles } from "./docs/render-lifecycles.ts";
import { renderDirection } from "./tidy/render-direction.ts";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const pages = ["", "docs", "docs/adr", "examples/mcp-search", "examples/travel"].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.posix.join(folder, file)),
);

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("links to what exists", () => {
    const broken = listLinks(text).filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
      if (!existsSync(path.join(root, target))) return true;
      return anchor !== undefined && !listAnchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("names npm commands that exist", () => {
    const named = findCommands(text).flatMap(({ program, args }) =>
      program === "npm" ? [args] : [],
    );
    const unknown = named.filter(([first = "", second = ""]) =>
      first === "run"
        ? !Object.hasOwn(commands, second)
        : !["start", "test", "ci", "install"].includes(first),
    );
    expect(unknown).toEqual([]);
  });

  test("shows only commands that a test knows how to check", () => {
    const shown = listFences(text, "sh").flatMap((fence) => fence.trim().split("\n"));
    const unknown = shown.filter(
      (line) => !/^(npm|npx countersign|countersign|curl|cd|git clone) ?/.test(line),
    );
    expect(unknown).toEqual([]);
  });

  test("shows documents that parse", () => {
    for (const fence of listFences(text, "json"))
      expect(() => JSON.parse(fence) as unknown).not.toThrow();
    for (const fence of listFences(text, "yaml")) {
      const parsed = parseConfig(fence);
      expect(parsed.kind, JSON.stringify(parsed)).toBe("valid");
    }
  });

  test("asks for paths that the API has", () => {
    const api = listFiles(root, "src/api").map(read).join("\n");
    const asked = listFences(text, "sh").flatMap((fence) =>
      [...fence.matchAll(/curl\b.*127\.0\.0\.1:7070(\/\S*)/g)].map((match) => match[1] ?? ""),
    );
    for (const route of asked) expect(api, route).toContain(`"${route}"`);
  });
});

describe("the command line in the documents", () => {
  const mentions = pages.flatMap((page) =>
    findCommands(read(page)).filter(({ program }) => program === "countersign"),
  );
  const byCommand = Map.groupBy(
    mentions,
    ({ args }) => args.find((arg) => !arg.startsWith("-")) ?? "",
  );

  test("is mentioned at all", () => {
    expect([...byCommand.keys()]).toEqual(
      expect.arrayContaining(["init", "plan", "apply", "doctor"]),
    );
  });

  test.each([...byCommand])(
    "countersign %s is there, with the flags that are named",
    async (command, named) => {
      const help = await runHelp(command);
      for (const flag of listFlags(named)) expect(help).toContain(flag);
    },
  );
});

function listFlags(mentions: readonly Mention[]): readonly string[] {
  return mentions.flatMap(({ args }) =>
    args.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0] ?? ""),
  );
}

async function runHelp(command: string): Promise<string> {
  const script = path.join(root, "bin", "countersign.js");
  const args = [script, ...(command === "" ? [] : [command]), "--help"];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return stdout + stderr;
}

/** The page with what is generated in it as it has to be; `npm test -- -u` writes it. */
function withGenerated(page: string, name: string, text: string): string {
  const [before = "", rest = ""] = page.split(`<!-- ${name}: generated -->\n`);
  const [, after = ""] = rest.split(`<!-- /${name} -->`);
  return `${before}<!-- ${name}: generated -->\n${text}\n<!-- /${name} -->${after}`;
}

describe("ARCHITECTURE.md", () => {
  const page = read("ARCHITECTURE.md");

  test("shows the direction table and the lifecycles that run", async () => {
    // The formatter would align the table, and every new line would touch all of them.
    const table = `<!-- prettier-ignore-start -->\n\n${renderDirection()}\n\n<!-- prettier-ignore-end -->`;
    const whole = withGenerated(
      withGenerated(page, "direction", table),
      "lifecycles",
      renderLifecycles(),
    );
    await expect(whole).toMatchFileSnapshot(path.join(root, "ARCHITECTURE.md"));
  });

  const invariants = page.split("\n").flatMap((line) => {
    const [, name, , tests] = /^\| (I\d+) +\| (.+?) +\| (.+?) +\|$/.exec(line) ?? [];
    return name === undefined || tests === undefined ? [] : [{ name, tests }];
  });
  const titles = listTitles();

  test("lists the fifteen invariants", () => {
    expect(invariants.map(({ name }) => name)).toEqual(
      Array.from({ length: 15 }, (_, i) => `I${i + 1}`),
    );
  });

  test.each(invariants)(
    "$name names tests that exist, or says that there are none",
    ({ name, tests }) => {
      const files = new Set(
        titles.filter(({ title }) => title.startsWith(`${name}:`)).map(({ file }) => file),
      );
      const named = [...tests.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
      expect(named.filter((file) => !files.has(file))).toEqual([]);
      expect({ files: [...files], saysNone: tests === "not built yet" }).toMatchObject({
        saysNone: files.size === 0,
      });
      expect(named.length > 0).toBe(files.size > 0);
    },
  );
});

/** Titles of tests and suites, conformance suites included. */
function listTitles(): readonly { readonly file: string; readonly title: string }[] {
  return ["src", "test"]
    .flatMap((folder) => listFiles(root, folder))
    .flatMap((file) =>
      [
        ...read(file).matchAll(
          /\b(?:test|it|describe)(?:\.\w+(?:\(.*?\))?)?\(\s*["'`](I\d+:[^"'`]*)/g,
        ),
      ].map((match) => ({
        file,
        title: match[1] ?? "",
      })),
    );
}

test("each boundary of the trust page names tests that exist", () => {
  const rows = read("docs/trust-boundaries.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .slice(1);
  expect(rows.length).toBeGreaterThanOrEqual(16);
  for (const row of rows) {
    const files = [
      ...row
        .split(" | ")
        .at(-1)!
        .matchAll(/`([^`]+)`/g),
    ].map(([, file]) => file!);
    expect(files, row).not.toEqual([]);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  }
});
