import { expect, test } from "vitest";
import { approverKey, callerKey } from "../mcp/gate-under-test.ts";
import { openDeskScene } from "./desk-scene.ts";

type Json = Record<string, unknown>;

/** The scene, and `POST /v1/tools/call` as a caller makes it. */
async function open(config: Json = {}) {
  const scene = await openDeskScene({ config });
  const call = async (args: Json, meta: Json = {}, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL("/v1/tools/call", scene.gate.url), {
      method: "POST",
      headers: {
        authorization: `Bearer ${callerKey}`,
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify({ name: "mail__echo", arguments: args, _meta: meta }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
  return { ...scene, call };
}

const hi = { text: "hi" };
const key = (name: string) => ({ "dev.countersign/key": name });

test("over REST, what became of a call is said in the gate's own word", async () => {
  const { call, waiting, decide, sent } = await open();
  const asked = await call(hi, { "dev.countersign/claim": "It is urgent." });
  const [one] = await waiting();
  expect(asked).toMatchObject({
    status: 200,
    body: {
      outcome: "asks",
      result: { _meta: { "dev.countersign/outcome": { approval: one!.id, digest: one!.digest } } },
    },
  });
  expect(one).toMatchObject({ claim: "It is urgent.", url: expect.stringContaining(one!.id) });
  await decide(one!, "denied", { reason: "no" });
  expect((await call(hi)).body).toMatchObject({ outcome: "denied" });
  await call({ text: "other" });
  const [other] = await waiting();
  await decide(other!);
  expect((await call({ text: "other" })).body).toMatchObject({ outcome: "answered" });
  expect(sent()).toEqual([{ text: "other", times: 1 }]);
});

test("a caller that waits hears of the decision, and of half of its time without one", async () => {
  const { call, waiting, decide, sent } = await open({ limits: { requestDeadline: "2s" } });
  const late = await call(hi, { "dev.countersign/wait": 600 });
  expect(late).toMatchObject({ status: 200, body: { outcome: "asks" } });
  const [one] = await waiting();
  const waits = call(hi, { "dev.countersign/wait": 600 });
  await decide(one!);
  expect(await waits).toMatchObject({ status: 200, body: { outcome: "answered" } });
  expect(sent()).toHaveLength(1);
});

test("Idempotency-Key: the same call is made once, another with the same key is refused", async () => {
  const { call, waiting, decide, sent } = await open();
  const header = { "idempotency-key": "k-1" };
  expect((await call(hi, {}, header)).body).toMatchObject({ outcome: "asks" });
  const [one] = await waiting();
  await decide(one!);
  const first = await call(hi, {}, header);
  expect(first.body).toMatchObject({ outcome: "answered" });
  // What was kept is said again, with the entry of the call that was made.
  expect(first.body["entry"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(await call(hi, {}, header)).toEqual(first);
  // In `_meta` it is the same key.
  expect(await call(hi, key("k-1"))).toEqual(first);
  expect(await call(hi, key("k-1"), header)).toEqual(first);
  expect(await call({ text: "other" }, {}, header)).toMatchObject({
    status: 422,
    body: { error: { code: "key_reused" } },
  });
  expect(sent()).toHaveLength(1);
  expect(await waiting()).toEqual([]);
});

test("nothing else goes upstream in _meta, and nothing in it contradicts the header", async () => {
  const { call, sent, waiting } = await open();
  const refused: [Json, Record<string, string>][] = [
    [{ progressToken: 1 }, {}],
    [{ "dev.countersign/approval": "x" }, {}],
    [{ "dev.countersign/wait": 601 }, {}],
    [{ "dev.countersign/wait": "1" }, {}],
    [key("k-1"), { "idempotency-key": "k-2" }],
  ];
  for (const [meta, headers] of refused)
    expect(await call(hi, meta, headers), JSON.stringify(meta)).toMatchObject({ status: 400 });
  for (const bad of ["", "two words", "x".repeat(256)])
    expect((await call(hi, key(bad))).body).toMatchObject({ outcome: "refused" });
  expect([sent(), await waiting()]).toEqual([[], []]);
});

test("whoever waits for news, however often, leaves room for others", async () => {
  const { tell, gate, call } = await open();
  const { seen } = (await tell("approvals")).body;
  const gone = new AbortController();
  const polls = Array.from({ length: 40 }, async () => {
    const response = await fetch(new URL(`/v1/approvals?seen=${String(seen)}&wait=30`, gate.url), {
      headers: { authorization: `Bearer ${approverKey}` },
      signal: gone.signal,
    });
    return response.status;
  });
  const ended: number[] = [];
  for (const poll of polls)
    poll.then(
      (status) => void ended.push(status),
      () => undefined,
    );
  await expect.poll(() => ended.length, { timeout: 20_000 }).toBe(24);
  expect(new Set(ended)).toEqual(new Set([503]));
  expect((await tell("approvals")).status).toBe(200);
  // Those that wait hear of what comes; then others may wait.
  await call(hi);
  expect((await Promise.all(polls)).filter((status) => status === 200)).toHaveLength(16);
  const late = tell(`approvals?seen=${String(seen)}&wait=30`);
  expect((await late).status).toBe(200);
  gone.abort();
});

test("an approver's key calls nothing", async () => {
  const { tell, sent, waiting } = await open();
  const called = await tell("tools/call", { name: "mail__echo", arguments: hi }, approverKey);
  expect([called.status, sent(), await waiting()]).toEqual([403, [], []]);
});

const batch = { toolsets: { many: { servers: ["mail"], batch: true } } };

test("several calls at once: each is asked for by itself, and has a key of its own", async () => {
  const { modern, gate, waiting, decide, sent } = await open(batch);
  const client = modern({ url: `${gate.url}/many` });
  const calls = ["a", "b", "a"].map((text) => ({ name: "mail__echo", arguments: { text } }));
  const callAll = async (meta: Json) => {
    const params = { name: "call_tools", arguments: { calls }, _meta: meta };
    const answer = await client.request("tools/call", params);
    const { structuredContent } = (answer["result"] ?? {}) as Json;
    const ended = (structuredContent as { calls: { outcome: string }[] } | undefined)?.calls;
    return { outcomes: ended?.map(({ outcome }) => outcome), error: answer["error"] };
  };
  expect((await callAll(key("trip"))).outcomes).toEqual(["asks", "asks", "asks"]);
  // Both of `a` are the same action, so they wait for the same approval, which is used once.
  const both = await waiting();
  expect(both).toHaveLength(2);
  for (const one of both) await decide(one);
  expect((await callAll(key("trip"))).outcomes).toEqual(["answered", "answered", "asks"]);
  const [third] = await waiting();
  await decide(third!);
  expect((await callAll(key("trip"))).outcomes).toEqual(["answered", "answered", "answered"]);
  expect((await callAll(key("trip"))).outcomes).toEqual(["answered", "answered", "answered"]);
  expect(sent().map((args) => (args as Json)["text"])).toEqual(["a", "b", "a"]);
  const long = await callAll(key("x".repeat(253)));
  expect(long.error).toMatchObject({ code: -32_602 });
  expect(await waiting()).toEqual([]);
});
