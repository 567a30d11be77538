import { expect, test } from "vitest";
import { makeCall } from "../../test/made-up-call.ts";
import { serverSchema } from "../model/config-servers.ts";
import { toDigest, type Obligation } from "../model/index.ts";
import { isDowngraded, isIsolated } from "./isolation.ts";

const program = { transport: "stdio", command: ["node"] } as const;

/** A call of `act` on a server that is configured so. */
function callOn(written: object, tools: object = {}) {
  const call = makeCall();
  return { ...call, server: { ...call.server, config: serverSchema.parse({ ...written, tools }) } };
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

test("a tool for which less is enough runs there, and its receipts say so", () => {
  const decide = (...obligations: Obligation[]) =>
    ({ kind: "allow", policy: toDigest("policy"), reasons: [], obligations }) as const;
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
