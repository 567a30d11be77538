import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { createQuickjsUnderTest } from "../conformance/quickjs-under-test.ts";

/** Attempts to get out of T0, to take more than it has, or to deceive whoever reads what it says. */
const { driver, start, run, limits, findProcesses } = createQuickjsUnderTest(67_300);
const probe = await driver.probe();
if (probe.kind === "missing") console.log(`NOT RUN: attempts on quickjs: ${probe.reason}`);

/** What a program elsewhere would find, by any way to a global object. */
const powers = `["process", "require", "fetch", "WebAssembly", "Worker", "Deno", "module", "global",
  "setTimeout", "performance", "FinalizationRegistry", "Atomics", "navigator", "std", "os", "scriptArgs"]`;
const nothing = "[]\n";

const reaching: readonly (readonly [name: string, code: string, stdout: string])[] = [
  [
    "a chain of constructors",
    `[].constructor.constructor("return ${powers.replaceAll('"', "'").replaceAll("\n", "")}.filter((name) => name in globalThis)")()`,
    nothing,
  ],
  [
    "Function",
    `Function("all", "return all.filter((name) => name in globalThis)")(${powers})`,
    nothing,
  ],
  ["eval", `(0, eval)(\`${powers}.filter((name) => name in this)\`)`, nothing],
  [
    "constructors of functions of all kinds",
    `[async () => {}, function* () {}, async function* () {}].map((one) => one.constructor)
      .flatMap((make) => { make("return 1")(); return ${powers}.filter((name) => name in globalThis); })`,
    nothing,
  ],
  [
    "an import of anything",
    `const said = [];
     for (const name of ["node:fs", "fs", "file:///etc/passwd", "/etc/passwd", "./child.ts", "quickjs-wasi", "std", "os",
       "data:text/javascript,1"]) try { said.push(await import(name)) } catch (error) { said.push(error.message.includes("/work")) }
     said.filter((one) => one !== false)`,
    nothing,
  ],
  [
    "the functions on the stack that prints",
    `const seen = [];
     Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getFunction());
     console.log({ toJSON() { seen.push(...new Error().stack); return 0; } });
     const found = [];
     for (const one of seen) if (typeof one === "function")
       found.push(...(await one.constructor("return ${powers.replaceAll('"', "'").replaceAll("\n", "")}.filter((name) => name in globalThis)")()));
     found`,
    `0\n${nothing}`,
  ],
  [
    "the host's stack in an exception",
    `const stacks = [];
     for (const act of [() => import("x"), () => null.x, () => console.log(1n, { toJSON() { throw new Error(); } })])
       try { await act(); } catch (error) { stacks.push(String(error.stack)); }
     [stacks.length, stacks.some((text) => /file:|node:|\\/|\\.ts|wasm/.test(text))]`,
    "[3,false]\n",
  ],
  [
    "what lies in memory that was freed",
    `new Uint8Array(1 << 20).some((byte) => byte !== 0)`,
    "false\n",
  ],
  [
    "the time zone and the place of the host",
    `[new Date().getTimezoneOffset(), new Date(0).toString(), typeof Intl, new Date(0).toLocaleString()]`,
    `[0,"Thu Jan 01 1970 00:00:00 GMT+0000","undefined","01/01/1970, 12:00:00 AM"]\n`,
  ],
  [
    "a clock that is finer than a millisecond",
    `const from = Date.now(); while (Date.now() === from) ; [typeof performance, Number.isInteger(Date.now())]`,
    `["undefined",true]\n`,
  ],
  ["Atomics.wait", "typeof Atomics", `"undefined"\n`],
  [
    "globals that are not the language's",
    `Object.getOwnPropertyNames(globalThis).filter((name) => typeof globalThis[name] !== "function" || !/^[A-Z]/.test(name)).sort().join()`,
    `"Infinity,JSON,Math,NaN,Reflect,atob,btoa,console,decodeURI,decodeURIComponent,encodeURI,encodeURIComponent,escape,eval,globalThis,input,isFinite,isNaN,parseFloat,parseInt,queueMicrotask,undefined,unescape"\n`,
  ],
];

const deceiving: readonly (readonly [name: string, code: string, stdout: string])[] = [
  [
    "prototypes of everything that prints",
    `Object.prototype.value = "fake"; Object.prototype.toJSON = undefined;
     String.prototype.slice = String.prototype.charCodeAt = () => "fake";
     JSON.stringify = Reflect.apply = globalThis.String = Function.prototype.call = Function.prototype.apply = () => "fake";
     Promise.prototype.then = () => "fake"; Promise.resolve = () => "fake"; 42`,
    "42\n",
  ],
  [
    "setters where our lists are made",
    `for (const name of ["0", "1", "length", "value"]) try { Object.defineProperty(Array.prototype, name, { set() { throw 1; }, get() { throw 1; } }); } catch {}
     Object.defineProperty(Object.prototype, "get", { get() { throw 2; } }); "kept"`,
    `"kept"\n`,
  ],
  [
    "console and input replaced",
    `const said = input; console = null; input = null; said`,
    `"given"\n`,
  ],
  [
    "a proxy as the value",
    `let asked = 0; new Proxy({ a: 1 }, { get: (of, name) => { asked += 1; return of[name]; } })`,
    `{"a":1}\n`,
  ],
  [
    "a thenable that gives thenables",
    `({ then(give) { give({ then(last) { last("last"); } }); } })`,
    `"last"\n`,
  ],
  [
    "characters that are none",
    `"\\ud83d" + "\\u2028\\u0000\\u202e" + "x".repeat(3)`,
    `"\\ud83d\u2028\\u0000\u202exxx"\n`,
  ],
  [
    "characters that lie across two pieces",
    `console.log("x".repeat(65535) + "\u{1f600}"); "end"`,
    `${"x".repeat(65_535)}\u{1f600}\n"end"\n`,
  ],
];

/** Each ends by itself, told as an error, and within what it may have. */
const hogs: readonly (readonly [name: string, code: string, stderr: RegExp])[] = [
  [
    "a string that doubles",
    `let text = "x"; for (;;) text += text`,
    /out of memory|string too long/i,
  ],
  [
    "a list without an end",
    `const list = []; for (;;) list.push({ at: list.length })`,
    /out of memory/,
  ],
  ["a buffer of a gigabyte", `new Uint8Array(1 << 30).fill(1)`, /out of memory|invalid/i],
  [
    "a shared buffer of a gigabyte",
    `new Uint8Array(new SharedArrayBuffer(1 << 30)).fill(1)`,
    /out of memory|invalid/i,
  ],
  [
    "a map without an end",
    `const map = new Map(); for (let at = 0; ; at += 1) map.set(at, [at])`,
    /out of memory/,
  ],
  [
    "a recursion without an end",
    `function down() { return down() + 1; } down()`,
    /call stack|stack overflow/i,
  ],
  [
    "JSON of great depth, read",
    `JSON.parse("[".repeat(1e6) + "]".repeat(1e6))`,
    /stack|out of memory/i,
  ],
  [
    "JSON of great depth, printed",
    `let deep = []; for (let at = 0; at < 1e5; at += 1) deep = [deep]; deep`,
    /stack|out of memory|gave up/i,
  ],
  ["a value within itself", `const ring = {}; ring.ring = ring`, /circular/i],
  ["code of great depth", `eval("(".repeat(4e5))`, /stack|out of memory/i],
  ["a number without an end", `3n ** (1n << 40n)`, /./],
  [
    "promises without an end",
    `const all = []; for (;;) all.push(new Promise(() => {}))`,
    /out of memory/,
  ],
  ["a huge error", `throw new Error("x".repeat(1e7))`, /^Error: x{16000}/],
  [
    "an error that cannot be shown",
    `throw { toString() { throw 1; }, get stack() { throw 2; } }`,
    /cannot be shown/,
  ],
  [
    "an error whose stack is no text",
    `throw { toString: () => "it", get stack() { return { toString() { throw 3; } }; } }`,
    /^it\n$/,
  ],
  [
    "a value that cannot be shown",
    `({ toJSON() { throw new RangeError("never"); } })`,
    /^RangeError: never/,
  ],
  ["an import in its text", `import "node:fs"; 1`, /^SyntaxError|could not load/i],
];

/** Each goes on until it is killed. */
const endless: readonly (readonly [name: string, code: string])[] = [
  ["a loop", `for (;;) {}`],
  ["a loop that catches everything", `for (;;) try { for (;;) ; } catch {} finally { continue; }`],
  [
    "a sort within the interpreter, which asks nobody",
    `"x".repeat(5e6).split("").sort().length; for (;;) "x".repeat(5e6).split("").sort()`,
  ],
  ["a pattern that tries everything", `/^(a+)+$/.test("a".repeat(60) + "b")`],
  ["a number that is squared", `for (;;) 3n ** 500000n`],
  [
    "a storm of microtasks",
    `const again = () => Promise.resolve().then(again); again(); await 1; 5`,
  ],
  ["a storm after the value", `const again = () => queueMicrotask(again); again(); 5`],
  ["a getter that our side's reading ends in", `throw { get stack() { for (;;) ; } }`],
  ["a value that is never printed", `({ toJSON() { for (;;) ; } })`],
  ["a thenable that never comes", `({ get then() { for (;;) ; } })`],
];

describe.runIf(probe.kind === "usable")("T0", () => {
  afterAll(() => expect(findProcesses()).toEqual([]));

  test("the list has at least twenty-five attempts, each with a name of its own", () => {
    const names = [...reaching, ...deceiving, ...hogs, ...endless].map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(25);
  });

  test.each([...reaching, ...deceiving])("I12: nothing comes of %s", async (_, code, stdout) => {
    expect(await run(code, { input: "given" })).toMatchObject({
      stdout,
      stderr: "",
      reason: "ended with 0",
      remains: [],
    });
  });

  test.each(hogs)("I12: %s is told as an error", async (_, code, stderr) => {
    const ended = await run(code);
    expect(ended).toMatchObject({ stdout: "", reason: "ended with 1", remains: [] });
    expect(ended.stderr).toMatch(stderr);
    expect(ended.stderr).not.toMatch(/file:|node_modules|\/src\//);
    expect(ended.stderr.length).toBeLessThan(40_000);
    if (ended.usage.memoryPeakBytes !== null)
      expect(ended.usage.memoryPeakBytes).toBeLessThan(limits.memoryBytes + 200 * 1024 * 1024);
  });

  test.each(endless)("I12: %s ends when it is killed", async (_, code) => {
    const memoryBytes = 512 * 1024 * 1024;
    const { reason, remains, stdout } = await run(code, { killAfterMs: 400, memoryBytes });
    expect({ reason, remains }).toEqual({ reason: "was ended by SIGKILL", remains: [] });
    expect(["", "5\n"]).toContain(stdout);
  });

  test("I12: our own functions, called with what they do not expect, deceive the code alone", async () => {
    const { reason, stdout, stderr } = await run(`
      const seen = new Set();
      Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getFunction());
      console.log({ toJSON() { for (const one of new Error().stack) seen.add(one); return 0; } });
      for (const one of seen) for (const given of [[], [1e9], [{}], [null, null], [Symbol()]])
        try { await one?.(...given); } catch {}
      console.log(seen.size > 2);`);
    expect(stdout).toMatch(/^0\n(?:.*\n)*true\n$/);
    expect(reason).toMatch(/^ended with [01]$/);
    expect(stderr).not.toMatch(/file:|node_modules|\/src\//);
  });

  test("I12: a flood that nobody reads waits, and is kept nowhere", async () => {
    const before = process.memoryUsage().rss;
    const sandbox = await start(`for (;;) console.log("x".repeat(1e6))`);
    sandbox.stdin.end();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const grown = process.memoryUsage().rss - before;
    sandbox.kill();
    const { usage, remains } = await sandbox.ended;
    expect(remains).toEqual([]);
    expect(grown).toBeLessThan(64 * 1024 * 1024);
    if (usage.memoryPeakBytes !== null)
      expect(usage.memoryPeakBytes).toBeLessThan(200 * 1024 * 1024);
    // It spent that time waiting.
    if (usage.cpuUs !== null) expect(usage.cpuUs).toBeLessThan(800_000);
  });

  test("I12: a line without an end goes by in pieces", async () => {
    const sandbox = await start(`const line = "x".repeat(1e7); for (;;) console.error(line, line)`);
    sandbox.stdin.end();
    let bytes = 0;
    sandbox.stderr.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > 50_000_000) sandbox.kill();
    });
    const { usage, reason } = await sandbox.ended;
    expect(reason).toBe("was ended by SIGKILL");
    if (usage.memoryPeakBytes !== null)
      expect(usage.memoryPeakBytes).toBeLessThan(300 * 1024 * 1024);
  });

  test("I12: nobody who looks at the list of processes sees the code, or the input", async () => {
    const sandbox = await start(`console.log("up"); for (;;) {} // canary-of-code`);
    sandbox.stdin.end("canary-of-input");
    await new Promise((resolve) => sandbox.stdout.once("data", resolve));
    const [found = ""] = findProcesses();
    const [pid = ""] = found.split(" ");
    expect(found).not.toContain("canary");
    expect(found).toContain("--permission");
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    sandbox.kill();
    expect((await sandbox.ended).remains).toEqual([]);
  });
});
