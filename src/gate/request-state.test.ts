import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, makeCall, makeRequest, makeServer, makeTool } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import { createSealer } from "../authority/sealer.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import type { Call } from "./call.ts";
import { createRequestStates, type RequestState } from "./request-state.ts";

const lifeMs = 600_000;
const args = { text: "hello", count: 2 };
const call = makeCall({ args });
const parked: RequestState = { kind: "parked", id: "one", owner: "replica-1" };

function open(keySeed = 1) {
  const clock = createManualClock(1_700_000_000_000);
  const random = createSeededRandom(keySeed);
  const sealer = createSealer([random.bytes(32)], random);
  return { clock, sealer, states: createRequestStates({ sealer, clock, lifeMs }) };
}

/** What a client is told; null where it was let through. */
function refusalOf(unseal: () => unknown): string | null {
  try {
    unseal();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(RpcRefusal);
    expect(error).toMatchObject({ code: rpcCodes.invalidParams, status: 200 });
    return (error as RpcRefusal).message;
  }
}

test("what was sealed for a call comes back for that call", () => {
  const { states } = open();
  const some: readonly RequestState[] = [
    parked,
    { kind: "relay", state: null, after: "" },
    { kind: "relay", state: "", after: "" },
    { kind: "relay", state: '"}\u2028é🙂\\', after: "" },
  ];
  for (const state of some)
    expect(states.unseal(call, states.seal(call, state))).toMatchObject(state);
});

test("the request that brings it back is another one, with a deadline and metadata of its own", () => {
  const { states } = open();
  const again = makeCall({
    args: { count: 2, text: "hello" },
    request: makeRequest({ params: { inputResponses: {}, _meta: { progressToken: 7 } } }),
    forwarded: { progressToken: 7 },
    notAfterMs: call.notAfterMs + 1,
    startedMs: 5,
  });
  expect(states.unseal(again, states.seal(call, parked))).toMatchObject(parked);
});

const asked = (principal: object) =>
  makeCall({ args, request: makeRequest({ principal: { ...ada, ...principal } }) });
const others: readonly (readonly [string, Call])[] = [
  ["another subject", asked({ subject: "eve" })],
  ["another tenant", asked({ tenant: "other" as TenantId })],
  ["an agent of the same subject", asked({ actor: { agent: "a", bundle: toDigest("b") } })],
  ["another toolset", makeCall({ args, request: makeRequest({ toolset: "ops" }) })],
  ["another context", makeCall({ args, request: makeRequest({ context: "elsewhere" }) })],
  ["another server", makeCall({ args, server: makeServer("down") })],
  ["another method", makeCall({ args, method: "prompts/get" })],
  ["another tool", makeCall({ args, target: "other" })],
  ["another definition", makeCall({ args, tool: makeTool("act", { acting: toDigest("new") }) })],
  ["no tool", makeCall({ args, tool: null })],
  ["another argument", makeCall({ args: { ...args, text: "hello!" } })],
  ["one more argument", makeCall({ args: { ...args, more: null } })],
  ["no arguments", makeCall({ args: {} })],
];
test.each(others)("%s gets nothing out of it", (_, other) => {
  const { states } = open();
  expect(refusalOf(() => states.unseal(other, states.seal(call, parked)))).toMatch(
    /belongs to another request/,
  );
  expect(refusalOf(() => states.unseal(call, states.seal(other, parked)))).toMatch(
    /belongs to another request/,
  );
});

test("parts that read alike when put together are told apart", () => {
  const { states } = open();
  const one = makeCall({ server: makeServer("up"), target: "a\nb", method: "c" });
  const other = makeCall({ server: makeServer("up"), target: "b", method: "c\na" });
  expect(refusalOf(() => states.unseal(other, states.seal(one, parked)))).not.toBeNull();
});

test("it is worth something to its last millisecond, and nothing from then on", () => {
  const { states, clock } = open();
  const sealed = states.seal(call, parked);
  clock.advance(lifeMs - 1);
  expect(refusalOf(() => states.unseal(call, sealed))).toBeNull();
  clock.advance(1);
  expect(refusalOf(() => states.unseal(call, sealed))).toMatch(/has expired/);
});

test("what was not sealed by us, as this, is refused, whatever it is", () => {
  const { states, sealer } = open();
  const odd = [
    "",
    "{}",
    "null",
    "A".repeat(200),
    open(2).states.seal(call, parked),
    sealer.seal("cursor", JSON.stringify(parked)),
    sealer.seal("session", JSON.stringify(parked)),
    // Ours by key and purpose, though no request state of any call.
    sealer.seal("request-state", "null"),
    sealer.seal("request-state", "[]"),
    sealer.seal("request-state", "{}"),
    sealer.seal("request-state", JSON.stringify(parked)),
  ];
  for (const sealed of odd)
    expect(
      refusalOf(() => states.unseal(call, sealed)),
      sealed,
    ).not.toBeNull();
});

test("a client that changes it, cuts it or adds to it is refused", () => {
  const { states } = open();
  const sealed = states.seal(call, { kind: "relay", state: "of the server", after: "" });
  const garbled = fc.oneof(
    fc
      .tuple(fc.nat(sealed.length - 1), fc.string({ unit: "binary", minLength: 1, maxLength: 2 }))
      .map(([at, text]) => sealed.slice(0, at) + text + sealed.slice(at + 1)),
    fc.nat(sealed.length - 1).map((length) => sealed.slice(0, length)),
    fc.string({ minLength: 1 }).map((more) => sealed + more),
  );
  fc.assert(
    fc.property(garbled, (text) => {
      if (text === sealed) return;
      expect(refusalOf(() => states.unseal(call, text))).toMatch(/not one of ours/);
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) },
  );
});

test("it says nothing of the call or of the server's state to whoever carries it", () => {
  const { states } = open();
  const sealed = states.seal(call, { kind: "relay", state: "a-secret-of-the-server", after: "" });
  const bytes = Buffer.from(sealed, "base64url").toString("latin1");
  for (const text of ["a-secret", "relay", "ada", "hello"]) {
    expect(sealed).not.toContain(text);
    expect(bytes).not.toContain(text);
  }
});
