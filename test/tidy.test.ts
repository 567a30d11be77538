import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findWrongConsole } from "./tidy/console.ts";
import { findCycles } from "./tidy/cycles.ts";
import { findBarrels, findWrongDirections } from "./tidy/direction.ts";
import { findClockAndChance, findEnvironment } from "./tidy/outside.ts";
import { findLongFiles, findLongFunctions, findLongNinetieth, limits } from "./tidy/sizes.ts";
import { readSources, toSources, type Finding, type Source } from "./tidy/source.ts";
import { findVagueWords, toWords } from "./tidy/words.ts";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const house = readSources(root, ["bin", "console/src", "src", "test"]);

type Rule = (sources: readonly Source[]) => readonly Finding[];
const lines = (count: number) => "// a line\n".repeat(count);
const longFunction = `export function f() {\n${lines(limits.function)}}\n`;

/** Each rule beside trees that it must complain about, and one that it must let be. */
const rules: readonly {
  readonly name: string;
  readonly rule: Rule;
  readonly wrong: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly right: Readonly<Record<string, string>>;
}[] = [
  {
    name: "imports follow the direction table",
    rule: findWrongDirections,
    wrong: {
      "a folder above": { "src/model/a.ts": `import { b } from "../ports/b.ts";` },
      "only a type": { "src/gate/a.ts": `import type { B } from "../run/b.ts";` },
      "an inline type": { "src/gate/a.ts": `export type A = import("../run/b.ts").B;` },
      "a late import": { "src/run/a.ts": `export const a = () => import("../adapters/x/b.ts");` },
      "a re-export": { "src/lib/a.ts": `export { b } from "../model/b.ts";` },
      "a worker": { "src/run/a.ts": `new Worker(new URL("../main/b.ts", import.meta.url));` },
      "another adapter": { "src/adapters/yaml/a.ts": `import { b } from "../postgres/b.ts";` },
      "another's library": { "src/adapters/yaml/a.ts": `import pg from "pg";` },
      "a package in model": { "src/model/a.ts": `import { Hono } from "hono";` },
      "a built-in in lib": { "src/lib/a.ts": `import path from "node:path";` },
      "input and output in gate": {
        "src/gate/a.ts": `import { readFile } from "node:fs/promises";`,
      },
      "a built-in without node:": { "src/gate/a.ts": `import fs from "fs";` },
      "main from api": { "src/api/a.ts": `import { b } from "../main/b.ts";` },
      "a test": { "src/run/a.ts": `import { b } from "./b.test.ts";` },
      "a file outside src": { "src/run/a.ts": `import { b } from "../../test/b.ts";` },
      "an unknown folder": { "src/misc/a.ts": `import { b } from "../model/b.ts";` },
      "an unknown adapter": { "src/adapters/misc/a.ts": `import { b } from "../../model/b.ts";` },
    },
    right: {
      "src/model/a.ts": `import { z } from "zod";\nimport { createHash } from "node:crypto";\nimport { b } from "../lib/b.ts";`,
      "src/adapters/postgres/a.ts": `import pg from "pg";\nimport type { Store } from "../../ports/store.ts";`,
      "src/run/a.test.ts": `import { b } from "../main/b.ts";`,
    },
  },
  {
    name: "the console stands on the client, pure parts of the model and the verifier",
    rule: findWrongConsole,
    wrong: {
      "the model's front door": {
        "console/src/a.ts": `import { b } from "../../src/model/index.ts";`,
      },
      "the API": { "console/src/a.tsx": `import type { B } from "../../src/api/b.ts";` },
      "a port": { "console/src/pages/a.ts": `import type { B } from "../../../src/ports/b.ts";` },
      "a built-in": { "console/src/a.ts": `import { hash } from "node:crypto";` },
      "a package": { "console/src/a.ts": `import { z } from "zod";` },
      "a test": { "console/src/a.ts": `import { b } from "./b.test.ts";` },
    },
    right: {
      "console/src/ui/a.tsx": `import { useState } from "react";\nimport { b } from "../b.ts";`,
      "console/src/c.ts": `import { d } from "../../src/client/d.ts";\nimport { e } from "../../src/model/e.ts";`,
      "console/src/c.test.ts": `import { test } from "vitest";`,
    },
  },
  {
    name: "the only barrel is src/model/index.ts",
    rule: findBarrels,
    wrong: { "a second one": { "src/run/index.ts": `export * from "./a.ts";` } },
    right: { "src/model/index.ts": `export * from "./id.ts";` },
  },
  {
    name: "no import cycles, type imports included",
    rule: findCycles,
    wrong: {
      "two files": {
        "src/run/a.ts": `import { b } from "./b.ts";`,
        "src/run/b.ts": `import type { A } from "./a.ts";`,
      },
      "three files": {
        "src/run/a.ts": `export { b } from "./b.ts";`,
        "src/run/b.ts": `export type B = import("./c.ts").C;`,
        "src/run/c.ts": `import { a } from "./a.ts";`,
      },
      itself: { "src/run/a.ts": `import { a } from "./a.ts";` },
    },
    right: {
      "src/run/a.ts": `import { b } from "./b.ts";\nimport { c } from "./c.ts";`,
      "src/run/b.ts": `import { c } from "./c.ts";`,
      "src/run/c.ts": `export const c = 1;`,
    },
  },
  {
    name: `no file has more than ${limits.file} lines`,
    rule: findLongFiles,
    wrong: { "one more": { "src/run/a.ts": lines(limits.file + 1) } },
    right: { "src/run/a.ts": lines(limits.file) },
  },
  {
    name: `nine files in ten have at most ${limits.ninetiethFile} lines`,
    rule: findLongNinetieth,
    wrong: {
      "two in ten": Object.fromEntries(
        Array.from({ length: 10 }, (_, i) => [
          `src/run/${i}.ts`,
          lines(i < 2 ? limits.ninetiethFile + 1 : 1),
        ]),
      ),
    },
    right: Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [
        `src/run/${i}.ts`,
        lines(i < 1 ? limits.ninetiethFile + 1 : 1),
      ]),
    ),
  },
  {
    name: `no function has more than ${limits.function} lines or ${limits.parameters} parameters`,
    rule: findLongFunctions,
    wrong: {
      declaration: { "src/run/a.ts": longFunction },
      arrow: { "src/run/a.ts": `export const f = () => {\n${lines(limits.function)}};\n` },
      method: { "src/run/a.ts": `export class A {\n  f() {\n${lines(limits.function)}}\n}\n` },
      parameters: { "src/run/a.ts": `export function f(a: 1, b: 2, c: 3, d: 4) {}` },
    },
    right: {
      "src/run/a.ts": `export function f(a: 1, b: 2, c: 3) {\n${lines(limits.function - 2)}}\n`,
      "src/run/a.test.ts": longFunction,
    },
  },
  {
    name: "process.env is read in main only",
    rule: findEnvironment,
    wrong: {
      member: { "src/run/a.ts": `export const a = process.env.HOME;` },
      computed: { "src/run/a.ts": `export const a = process["env"];` },
      global: { "src/run/a.ts": `export const a = globalThis.process.env;` },
      "taken apart": { "src/run/a.ts": `const { env } = process;` },
      imported: { "src/adapters/yaml/a.ts": `import { env as e } from "node:process";` },
    },
    right: {
      "src/main/a.ts": `export const a = process.env.HOME;`,
      "src/run/a.ts": `// process.env is not read here\nexport const a = "process.env";`,
    },
  },
  {
    name: "clock, timers and chance are used in adapters only",
    rule: findClockAndChance,
    wrong: {
      now: { "src/run/a.ts": `export const a = Date.now();` },
      date: { "src/run/a.ts": `export const a = new Date();` },
      "date as a function": { "src/run/a.ts": `export const a = Date();` },
      performance: { "src/main/a.ts": `export const a = performance.now();` },
      hrtime: { "src/run/a.ts": `export const a = process.hrtime.bigint();` },
      timer: { "src/api/a.ts": `setTimeout(() => {}, 1);` },
      interval: { "src/api/a.ts": `globalThis.setInterval(() => {}, 1);` },
      "imported timer": {
        "src/api/a.ts": `import { setTimeout as sleep } from "node:timers/promises";`,
      },
      "timeout signal": { "src/api/a.ts": `fetch("/", { signal: AbortSignal.timeout(5) });` },
      random: { "src/run/a.ts": `export const a = Math.random();` },
      "handed on": { "src/run/a.ts": `export const clock = { now: Date.now };` },
      uuid: { "src/run/a.ts": `import { randomUUID } from "node:crypto";` },
      "web crypto": { "src/run/a.ts": `crypto.getRandomValues(new Uint8Array(8));` },
    },
    right: {
      "src/adapters/system/a.ts": `export const a = Date.now();`,
      "src/run/a.ts": `import { randomBytes } from "./b.ts";\nexport const a = new Date(0);`,
      "src/run/a.test.ts": `export const a = Date.now();`,
    },
  },
  {
    name: "names say what a thing is",
    rule: findVagueWords,
    wrong: {
      file: { "src/run/run-manager.ts": "" },
      class: { "src/run/a.ts": `export class WakeHandler {}` },
      type: { "src/run/a.ts": `export interface RunInfo { a: 1 }` },
      constant: { "src/run/a.ts": `export const runData = 1;` },
      "re-export": { "src/run/a.ts": `const a = 1; export { a as utils };` },
      verb: { "src/run/a.ts": `function handleWake() {}` },
      "verb of an arrow": { "src/run/a.ts": `const processRun = () => 1;` },
      "verb of a method": { "src/run/a.ts": `class A { performWake() {} }` },
    },
    right: {
      "src/run/data-directory.ts": `export interface DataDirectory { readonly data: 1 }`,
      "src/run/a.ts": `export const metadata = 1;\nexport function readStamp() { return process.pid; }`,
    },
  },
];

describe.each(rules)("$name", ({ rule, wrong, right }) => {
  test("in the house", () => {
    expect(toText(rule(house))).toEqual([]);
  });

  test.each(Object.entries(wrong))("catches %s", (_case, files) => {
    expect(rule(toSources(files))).not.toEqual([]);
  });

  test("lets be what is right", () => {
    expect(toText(rule(toSources(right)))).toEqual([]);
  });
});

test("the rules see the whole house", () => {
  expect(house.map(({ path: file }) => file)).toEqual(
    expect.arrayContaining(["bin/bootstrap.js", "src/model/index.ts", "test/tidy.test.ts"]),
  );
});

test("a name falls into its words", () => {
  expect(toWords("parseHTTPUrl-of_thing")).toEqual(["parse", "http", "url", "of", "thing"]);
});

function toText(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ place, message }) => `${place} ${message}`);
}
