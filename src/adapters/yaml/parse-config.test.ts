import { describe, expect, test } from "vitest";
import { renderProblem } from "../../model/problem.ts";
import { decodeDocument } from "./decode-document.ts";
import { parseConfig } from "./parse-config.ts";

function problemsOf(document: string): readonly string[] {
  const parsed = parseConfig(document);
  return parsed.kind === "valid"
    ? []
    : parsed.problems.map((problem) => renderProblem(problem, "c"));
}

test("one pass names every problem, in the order of the document", () => {
  const document = `version: 1
limits:
  drain_time: 5s
  requestDeadline: 30
bodySize: 4MiB
listen: 0.0.0.0:80
worker:
  slots: 4
  slotsPerTenant: 8
allowedHosts: [a.example, "b b"]
log:
  level: warning
`;
  expect(problemsOf(document)).toEqual([
    "c:3:3: limits.drain_time is not a known key. Try: drainTime",
    "c:4:20: limits.requestDeadline takes a duration such as 30s. Try: 60s",
    "c:5:1: bodySize is not a known key. Try: limits.bodySize",
    "c:6:9: listen is reachable from other machines, which requires auth.adminKey to be configured. Try: 127.0.0.1:7070",
    "c:9:19: worker.slotsPerTenant is more than worker.slots",
    "c:10:27: allowedHosts[1] takes a host name as it stands in the Host header, such as agents.example.com or agents.example.com:8443",
    "c:12:10: log.level takes debug, info, warn or error. Try: warn",
  ]);
});

test.each([
  ["", "c:1:1: the document is empty; it needs at least `version: 1`"],
  ["# nothing\n", "c:1:1: the document is empty; it needs at least `version: 1`"],
  ["text", "c:1:1: the document takes keys and values"],
  ["[1]", "c:1:1: the document takes keys and values"],
  ["log: {}", "c:1:1: version is missing. Try: 1"],
  ["version: 1\nlog:\n", "c:2:1: log has no value"],
  ["version: 1\nstore: {}", "c:2:1: store.kind is missing"],
  ["version: 1\nstore: {kind: postgres}", "c:2:1: store.url is missing"],
  ["version: 1\nversion: 1", "c:2:1: version is there twice"],
  ["version: &a 1", "c:1:13: version has an anchor (&); write the value out where it is used"],
  ["version: !!int 1", "c:1:16: version has a tag (!); write a plain value"],
  ["version: ! 1", "c:1:12: version has a tag (!); write a plain value"],
  ["version: 1\n<<: {log: {}}", 'c:2:1: "<<" is a merge key; write the keys out'],
  ["version: 1\n__proto__: {}", "c:2:1: __proto__ is not a known key"],
  ["version: 1\n? [a]\n: 1", "c:2:3: a key must be a plain text"],
  ["%YAML 1.1\n---\nversion: 1", "c:1:1: directives (%) are not accepted"],
  ["%TAG ! tag:x,2000:\n---\nversion: 1", "c:1:1: directives (%) are not accepted"],
  [
    "version: 1\n---\nversion: 1",
    "c:2:1: a second document starts here; the configuration is one document",
  ],
  ["version: 1\nlisten: 'x\n", "c:2:9: the quote that opens here is never closed"],
  ["version: 1\n\tlog: x", "c:2:1: a tab in the indentation; use spaces"],
  ["version: 1\nlog: \0", "c:2:6: the document holds U+0000, which is no text"],
  ['version: 1\nlog: "\\0"', "c:2:6: log holds a character that is no text"],
  ['version: 1\nlog: "\\ud800"', "c:2:6: log holds a character that is no text"],
  ["version: 1\nlog: \ud800", "c:2:6: the document holds U+D800, which is no text"],
  ["version: 1\r\nlog:\r\n  levle: info\r\n", "c:3:3: log.levle is not a known key. Try: level"],
  ["\ufeffversion: 2", "c:1:10: version takes 1, the only version of this format. Try: 1"],
])("%j is refused with its place", (document, problem) => {
  expect(problemsOf(document)).toEqual([problem]);
});

test("an alias is refused once, and not also as missing", () => {
  expect(problemsOf("version: 1\nlisten: &x 127.0.0.1:1\nlog:\n  level: *x\n")).toEqual([
    "c:2:12: listen has an anchor (&); write the value out where it is used",
    "c:4:10: log.level is an alias (*); write the value out",
  ]);
});

describe("secrets", () => {
  const literal = "postgres://user:hunter2@db.example/main";
  test.each([
    [`version: 1\nstore:\n  kind: postgres\n  url: ${literal}\n`, "c:4:8: store.url"],
    [`version: 1\nauth:\n  adminKey: sk-${literal}\n`, "c:3:13: auth.adminKey"],
    [`version: 1\nauth:\n  adminKey: env://${literal}\n`, "c:3:13: auth.adminKey"],
    [`version: 1\nlisten: ${literal}\n`, "c:2:9: listen"],
    [`version: 1\nlog:\n  level: ${literal}\n`, "c:3:10: log.level"],
    [`version: 1\nlimits:\n  drainTime: ${literal}\n`, "c:3:14: limits.drainTime"],
    [`version: 1\nfoo: ${literal}\n`, "c:2:1: foo"],
    [`version: 1\nlisten: "${literal}\n`, "c:2:9"],
    [`version: 1\nlisten: *${literal}\n`, "c:2:9"],
    [`version: 1\nlisten: !${literal} x\n`, "c:2:"],
  ])("a literal is refused and not repeated: %j", (document, place) => {
    const parsed = parseConfig(document);
    expect(JSON.stringify(parsed)).not.toContain("hunter2");
    expect(problemsOf(document)[0]).toContain(place);
  });

  const pasted = "canary/5d81+f0c2=9b?67&e3a4";
  const server = "servers:\n  web:\n    transport: http\n    url: https://a.example/\n";
  test.each([
    [`version: 1\n"${pasted}": 1\n`, "c:2:1: (a key of 27 characters) is not a known key"],
    [
      `version: 1\nlog:\n  ${pasted}: x\n`,
      "c:3:3: log.(a key of 27 characters) is not a known key",
    ],
    [`version: 1\n${pasted}: 1\n${pasted}: 2\n`, "c:3:1: (a key of 27 characters) is there twice"],
    [`version: 1\nservers:\n  ${pasted}: {}\n`, "c:3:3: servers.(a key of 27 characters)"],
    [
      `version: 1\n${server}    headers:\n      ${pasted}: { secret: "env://A" }\n`,
      "c:7:7: servers.web",
    ],
    [
      `version: 1\n${server}    credential: { ghp_16C7e42F292c6912E7710c838347Ae178B4a: x }\n`,
      "c:6:",
    ],
  ])("a secret that stands as a key is not repeated: %j", (document, place) => {
    const said = problemsOf(document).join("\n");
    expect(said).toContain(place);
    for (const part of ["canary", "5d81", "e3a4", "ghp_"]) expect(said).not.toContain(part);
  });

  test("a literal where a reference belongs is told what to write", () => {
    const [problem] = problemsOf(`version: 1\nauth: {adminKey: "s3cr3t"}`);
    expect(problem).toContain("never the secret itself: env://NAME, file:///path or secret://name");
  });

  test.each(["env://DB_URL", "file:///run/secrets/db", "file://secrets/db", "secret://db-url"])(
    "%s is a reference",
    (reference) => {
      const parsed = parseConfig(`version: 1\nstore: {kind: postgres, url: "${reference}"}`);
      expect(parsed.kind === "valid" && parsed.revision.config.store).toMatchObject({
        url: reference,
      });
    },
  );
});

describe("bounds", () => {
  // Each of these kept the parser busy for seconds, or overflowed its stack, when it was let in whole.
  test.each([
    ["open lists", "[".repeat(500_000)],
    ["open mappings", "{a: ".repeat(250_000)],
    ["dashes", "- ".repeat(500_000)],
    ["fewer dashes", "- ".repeat(50_000)],
    ["complex keys", "? ".repeat(90_000)],
    ["documents", "---\n".repeat(250_000)],
    ["anchors", "&a ".repeat(90_000)],
    ["aliases", `[${"*a,".repeat(90_000)}]`],
    ["tags", "! ".repeat(500_000)],
    ["quotes", '"'.repeat(1_000_000)],
    ["directives", "%a\n".repeat(60_000)],
    [
      "deep blocks",
      Array.from({ length: 1400 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    ],
    ["keys", Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join("\n")],
    ["one long word", "x".repeat(2_000_000)],
    ["a bomb of aliases", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\nversion: 1"],
  ])("a flood of %s is refused, soon and briefly", (_, document) => {
    const before = performance.now();
    const problems = problemsOf(document);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(50);
    expect(Math.max(...problems.map((problem) => problem.length))).toBeLessThan(600);
  });

  test("more than fifty problems end with a count", () => {
    const keys = Array.from({ length: 80 }, (_, index) => `k${index}: 1`).join("\n");
    const problems = problemsOf(`version: 1\n${keys}`);
    expect(problems).toHaveLength(50);
    expect(problems.at(-1)).toBe("c:51:1: 31 more problems follow");
  });

  test("brackets inside texts are no nesting", () => {
    const brackets = Array.from({ length: 100 }, () => "[").join("\n");
    const indented = brackets.replaceAll("\n", "\n    ");
    expect(problemsOf(`version: 1\nlog:\n  level: |\n    ${indented}\n`)[0]).toContain("log.level");
  });
});

describe("bytes", () => {
  const bytes = (...parts: readonly (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string)));

  test("UTF-8 becomes text", () => {
    expect(decodeDocument(bytes("version: 1 # ü\ufffd"))).toEqual({
      kind: "text",
      text: "version: 1 # ü\ufffd",
    });
  });

  test("what is not UTF-8 is refused with its place", () => {
    expect(decodeDocument(bytes("a: \ufffd\nb: ü", [0xff], "\n"))).toMatchObject({
      kind: "invalid",
      problems: [{ line: 2, column: 5, message: "the document is not UTF-8 here" }],
    });
  });

  test("more than a megabyte is refused before it is decoded", () => {
    expect(decodeDocument(Buffer.alloc(1_048_577, 32))).toMatchObject({ kind: "invalid" });
  });
});

test("what is wrong with models is told where it stands", () => {
  const document = `version: 1
models:
  backends:
    a: { kind: openai, model: m, url: "http://models.example/v1" }
    b: { kind: antropic, model: m }
  routes:
    main: [[{ backend: c }]]
`;
  const parsed = parseConfig(document);
  expect(parsed.kind === "invalid" && parsed.problems).toEqual(
    expect.arrayContaining([expect.objectContaining({ line: 5, key: "models.backends.b.kind" })]),
  );
  const rest = parseConfig(document.replace(/^ {4}b: .*\n/m, ""));
  expect(rest.kind === "invalid" && rest.problems).toEqual([
    expect.objectContaining({ line: 4, key: "models.backends.a.url" }),
    expect.objectContaining({ line: 6, key: "models.routes.main[0][0].backend" }),
  ]);
});
