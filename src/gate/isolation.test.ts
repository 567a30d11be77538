import { expect, test } from "vitest";
import { makeCall, makeTool } from "../../test/made-up-call.ts";
import { serverSchema } from "../model/config-servers.ts";
import { toDigest, type Obligation } from "../model/index.ts";
import { chooseTier, isDowngraded, isIsolated } from "./isolation.ts";

const program = { transport: "stdio", command: ["node"] } as const;

/** A call of `act` on a server that is configured so. */
function callOn(written: object, tools: object = {}) {
  const call = makeCall();
  return { ...call, server: { ...call.server, config: serverSchema.parse({ tools, ...written }) } };
}

const tier = (name: "T0" | "T1" | "T2" | "T3") => ({ kind: "sandbox", tier: name }) as const;
const egress = (...hosts: string[]) => ({ kind: "egress", hosts }) as const;

test("I12: what a rule wants of a sandbox holds where the server's is as strong, and nowhere else", () => {
  const inT2 = callOn({ ...program, sandbox: "T2" });
  expect((["T0", "T1", "T2", "T3"] as const).map((each) => isIsolated(inT2, tier(each)))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  const bare = callOn({ ...program, sandbox: "none" });
  const remote = makeCall();
  for (const call of [bare, remote])
    for (const owed of [tier("T0"), tier("T1"), egress("api.example.com:443")])
      expect(isIsolated(call, owed)).toBe(false);
});

test("a program without any word about it runs in T1 and reaches nothing", () => {
  const call = callOn(program);
  expect(isIsolated(call, tier("T1"))).toBe(true);
  expect(isIsolated(call, tier("T2"))).toBe(false);
  expect(isIsolated(call, egress("api.example.com:443"))).toBe(true);
});

test("a server that reaches one host more than a rule names does not hold", () => {
  const call = callOn({ ...program, egress: ["a.example:443", "b.example:443"] });
  expect(isIsolated(call, egress("b.example:443", "a.example:443"))).toBe(true);
  expect(isIsolated(call, egress("a.example:443"))).toBe(false);
  expect(isIsolated(call, egress("a.example:443", "b.example:80"))).toBe(false);
});

const decide = (...obligations: Obligation[]) =>
  ({ kind: "allow", policy: toDigest("policy"), reasons: [], obligations }) as const;

test("a tool for which less is enough runs there, and its receipts say so", () => {
  const enough = callOn(program, { act: { downgrade: "T1" } });
  expect(isIsolated(enough, tier("T3"))).toBe(true);
  expect(isDowngraded({ ...enough, decision: decide(tier("T3")) })).toBe(true);
  expect(isDowngraded({ ...enough, decision: decide(tier("T1")) })).toBe(false);
  expect(isDowngraded({ ...enough, decision: decide() })).toBe(false);
  const other = callOn(program, { other: { downgrade: "T1" } });
  expect(isIsolated(other, tier("T3"))).toBe(false);
  const stronger = callOn(program, { act: { downgrade: "T2" } });
  expect(isIsolated(stronger, tier("T3"))).toBe(false);
  const bare = callOn({ ...program, sandbox: "none" }, { act: { downgrade: "T1" } });
  expect(isIsolated(bare, tier("T2"))).toBe(false);
});

/** A call of this tool of a workbench. */
function callOnBench(name: string, written: object = {}) {
  const call = callOn({ transport: "workbench", ...written });
  return { ...call, tool: makeTool(name, { server: "lab" }) };
}

test("of a workbench programs are as strong as is wanted, files as configured, and compute is an engine", () => {
  for (const name of ["run_code", "bash", "read_file", "write_file"]) {
    const isProgram = name === "run_code" || name === "bash";
    expect(isIsolated(callOnBench(name), tier("T3"))).toBe(true);
    expect(isIsolated(callOnBench(name, { sandbox: "T2" }), tier("T3"))).toBe(isProgram);
    const open = callOnBench(name, { egress: ["a.example:443"] });
    expect(isIsolated(open, egress("b.example:443"))).toBe(false);
    expect(isIsolated(open, egress("a.example:443"))).toBe(true);
  }
  const compute = callOnBench("compute", { egress: ["a.example:443"] });
  expect(isIsolated(compute, tier("T0"))).toBe(true);
  expect(isIsolated(compute, tier("T1"))).toBe(false);
  expect(isIsolated(compute, egress("b.example:443"))).toBe(true);
});

test("a program of a workbench runs in the stronger of what is configured and what is owed", () => {
  const choose = (name: string, written: object, ...owed: Obligation[]) => {
    const call = { ...callOnBench(name, written), decision: decide(...owed) };
    return [chooseTier(call), isDowngraded(call)];
  };
  const inT2 = { sandbox: "T2" };
  expect(choose("bash", inT2)).toEqual(["T2", false]);
  expect(choose("bash", inT2, tier("T1"))).toEqual(["T2", false]);
  expect(choose("bash", inT2, tier("T3"), tier("T1"))).toEqual(["T3", false]);
  expect(choose("run_code", {}, tier("T2"))).toEqual(["T3", false]);
  // It was said that less is enough: then that holds, and its receipts say so.
  const enough = { ...inT2, tools: { bash: { downgrade: "T2" } } };
  expect(choose("bash", enough, tier("T3"))).toEqual(["T2", true]);
  expect(choose("read_file", inT2)).toEqual(["T2", false]);
  expect(choose("compute", inT2, tier("T0"))).toEqual(["T0", false]);
  expect(chooseTier({ ...makeCall(), decision: decide(tier("T3")) })).toBeNull();
  const bare = callOn({ ...program, sandbox: "none" });
  expect(chooseTier({ ...bare, decision: decide(tier("T3")) })).toBeNull();
});
