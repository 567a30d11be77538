import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { callerKey, otherKey } from "../mcp/gate-under-test.ts";
import { createLegacyClient, createModernClient } from "../mcp/raw-clients.ts";
import { createBrowser } from "./browse.ts";
import { openPage } from "./connect-browser.ts";
import {
  accepted,
  agree,
  ask,
  echo,
  listEntries,
  openScene,
  rest,
  send,
  sentOf,
  textOf,
  touch,
  whose,
  type Json,
} from "./consent-scene.ts";

describe.each(["modern", "legacy"] as const)("a person's consent, for a %s server", (era) => {
  test("is asked for, given through the page, and the call goes on", async () => {
    const scene = await openScene(era);
    const { url, requestState } = await ask(scene, touch);
    expect(sentOf(scene)).toEqual([]);
    // Before it is there, coming back asks again, for the same page.
    const again = await send(scene, { ...touch, inputResponses: accepted, requestState });
    expect(again).toMatchObject({ inputRequests: { consent: { params: { url } } } });
    await agree(url, callerKey, "ann");
    const done = await send(scene, { ...touch, inputResponses: accepted, requestState });
    expect(done["isError"]).not.toBe(true);
    // Our question and its answer are nothing of the server's.
    expect(sentOf(scene)).toHaveLength(1);
    expect(sentOf(scene)[0]!.body).not.toContain("inputResponses");
    const entries = await listEntries(scene);
    expect(entries.map((each) => each.kind === "outcome" && [each.outcome, each.reason])).toEqual([
      false,
      ["denied", "consent_required"],
      false,
      ["denied", "consent_required"],
      false,
      ["answered", null],
    ]);
    expect(entries.at(-1)).toMatchObject({
      credential: expect.stringMatching(/^fix\/user\/[0-9a-f]{12}@/),
    });
    expect(scene.gate.logged).toContainEqual(
      expect.objectContaining({ message: "a credential was granted" }),
    );
  });

  test("I10: is each one's own, and neither token nor key is where it should not be", async () => {
    const scene = await openScene(era);
    const [mine, theirs] = [await ask(scene), await ask(scene, echo, otherKey)];
    expect(mine.url).not.toBe(theirs.url);
    await agree(mine.url, callerKey, "ann");
    expect(await send(scene, echo, otherKey)).toMatchObject({ resultType: "input_required" });
    await agree(theirs.url, otherKey, "bob");
    const keys = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? callerKey : otherKey));
    await Promise.all(keys.map((key) => send(scene, echo, key)));
    const bearers = [...new Set(sentOf(scene).map(({ authorization }) => authorization))];
    expect(bearers).toHaveLength(2);
    const people = await Promise.all(bearers.map((bearer) => whose(scene, bearer)));
    expect(new Set(people)).toEqual(new Set(["ann", "bob"]));
    const entries = await listEntries(scene);
    const said = inspect([entries, scene.gate.logged, scene.gate.base.broker], { depth: 9 });
    for (const secret of [...bearers.map((each) => each.slice(7)), callerKey, otherKey])
      expect(said).not.toContain(secret);
    const wire = scene.server.arrived.map(({ headers, body }) => headers + body).join("\n");
    expect(wire).not.toContain(callerKey);
    expect(wire).not.toContain(otherKey);
    const rows = await scene.gate.vault.list("default" as never, { after: null, limit: 100 });
    expect(rows.map(({ name, subject }) => [name, subject])).toEqual([
      ["oauth.grant.fix", "service:caller"],
      ["oauth.grant.fix", "service:other"],
    ]);
  });
});

test("a grant that is gone in the middle of a server's own question loses neither side's words", async () => {
  const scene = await openScene();
  await agree((await ask(scene)).url, callerKey, "ann");
  const elicit = { name: "fix__elicit", arguments: {} };
  const asked = await send(scene, elicit);
  expect(asked).toMatchObject({ inputRequests: { who: { params: { mode: "form" } } } });
  await rest(scene, "/v1/credentials/fix", { method: "DELETE" });
  const answered = { who: { action: "accept", content: { name: "Ada" } } };
  const second = await send(scene, {
    ...elicit,
    inputResponses: answered,
    requestState: asked["requestState"],
  });
  const { inputRequests } = second as { inputRequests: Record<string, { params: Json }> };
  expect(Object.keys(inputRequests)).toEqual(["consent"]);
  await agree(String(inputRequests["consent"]!.params["url"]), callerKey, "ann");
  const done = await send(scene, {
    ...elicit,
    inputResponses: accepted,
    requestState: second["requestState"],
  });
  expect(textOf(done)).toBe("hello Ada (accept)");
  // Its state is bound to this call: another one does not take it up.
  const other = await send(scene, {
    ...echo,
    inputResponses: accepted,
    requestState: second["requestState"],
  });
  expect(other).toMatchObject({ error: { code: -32_602 } });
});

describe("clients that cannot be sent to a page by the protocol's question", () => {
  test("get the older error for it, or words with the page in them", async () => {
    const scene = await openScene();
    const answer = () => ({ action: "accept" });
    const { url } = scene.gate;
    const legacy = await createLegacyClient({ url, answer });
    expect(await legacy.request("tools/call", echo)).toMatchObject({
      error: {
        code: -32_042,
        data: {
          elicitations: [{ mode: "url", url: expect.stringContaining("/connect?consent=") }],
        },
      },
    });
    expect(legacy.asked).toEqual([]);
    for (const client of [
      await createLegacyClient({ url, answer, capabilities: {} }),
      createModernClient({ url, answer, capabilities: { elicitation: { form: {} } } }),
    ]) {
      const { result } = (await client.request("tools/call", echo)) as { result: Json };
      expect(result["isError"]).toBe(true);
      expect(textOf(result)).toMatch(/^Not done: .*http:\/\/127.0.0.1:\d+\/connect\?consent=fix\./);
    }
    const called = await rest(scene, "/v1/tools/call", {
      method: "POST",
      body: JSON.stringify(echo),
    });
    expect(await called.json()).toMatchObject({ outcome: "consent" });
    expect(sentOf(scene)).toEqual([]);
    for (const each of await listEntries(scene))
      expect(each).toMatchObject({ outcome: "denied", reason: "consent_required" });
  });
});

describe("a consent that is not given", () => {
  test("to the client's own question ends the call", async () => {
    const scene = await openScene();
    const { requestState } = await ask(scene);
    const inputResponses = { consent: { action: "decline" } };
    const result = await send(scene, { ...echo, inputResponses, requestState });
    expect(result["isError"]).toBe(true);
    expect(textOf(result)).toContain("did not agree");
    expect((await listEntries(scene)).at(-1)).toMatchObject({
      outcome: "denied",
      reason: "consent_declined",
    });
    expect(sentOf(scene)).toEqual([]);
  });

  test("at the authorization server is said on the page, and the call is asked for again", async () => {
    const scene = await openScene();
    const { url } = await ask(scene);
    const issuer = await (await openPage(url)).submit(callerKey);
    const back = await openPage(await createBrowser().deny(issuer!, "ann"));
    expect(await back.submit(callerKey)).toBeNull();
    expect(back.element("said").textContent).toContain("did not agree");
    expect((await ask(scene)).url).not.toBe(url);
    expect(scene.provider.tokenRequests).toEqual([]);
  });

  test("by the same person is given to nobody, at either page", async () => {
    const scene = await openScene();
    const { url } = await ask(scene);
    const first = await openPage(url);
    expect(await first.submit(otherKey)).toBeNull();
    expect(first.element("said").textContent).toContain("Somebody else asked");
    expect(await first.submit("no-key-of-anybody")).toBeNull();
    expect(first.element("said").textContent).toContain("not known here");
    // Ann goes on; the callback is opened by the other one.
    const issuer = await first.submit(callerKey);
    const callback = await createBrowser().agree(issuer!, "bob");
    const back = await openPage(callback);
    expect(await back.submit(otherKey)).toBeNull();
    expect(back.element("said").textContent).toContain("Somebody else asked");
    expect(scene.provider.tokenRequests).toEqual([]);
    const unnamed = await fetch(new URL("/v1/consents/finish", scene.origin), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ url: callback }),
    });
    expect(unnamed.status).toBe(401);
  });
});

describe("what was granted", () => {
  test("is listed as facts, to each one's own, and revoked here and there", async () => {
    const scene = await openScene();
    await agree((await ask(scene)).url, callerKey, "ann");
    await send(scene, echo);
    const bearer = sentOf(scene)[0]!.authorization;
    const listed = (await (await rest(scene, "/v1/credentials")).json()) as Json;
    expect(listed).toEqual({
      credentials: [
        {
          server: "fix",
          subject: "service:caller",
          hosts: [new URL(scene.server.url).host],
          writtenAt: expect.any(String),
        },
      ],
      next: null,
    });
    const others = await rest(scene, "/v1/credentials", { key: otherKey });
    expect(await others.json()).toEqual({ credentials: [], next: null });
    const method = "DELETE";
    const path = "/v1/credentials/fix";
    const forbidden = await rest(scene, `${path}?subject=service:caller`, {
      method,
      key: otherKey,
    });
    expect(forbidden.status).toBe(403);
    expect((await rest(scene, "/v1/credentials/none", { method })).status).toBe(404);
    const revoked = await rest(scene, path, { method });
    expect(await revoked.json()).toEqual({ server: "fix", removed: true, revoked: true });
    expect(await whose(scene, bearer)).toBeUndefined();
    await ask(scene);
    expect(await (await rest(scene, path, { method })).json()).toMatchObject({ removed: false });
  });

  test("lists a server that shows its tools to nobody else, where the configuration says so", async () => {
    const listAs = { subject: "caller" };
    const scene = await openScene("modern", { listAs });
    const state = () => scene.gate.gate.registry.catalog().servers.get("fix")!.state;
    expect(state()).toMatchObject({
      kind: "down",
      message: expect.stringContaining("service caller"),
    });
    await agree(`${scene.origin}/connect?server=fix`, callerKey, "ann");
    await scene.gate.gate.registry.refresh("fix");
    expect(state().kind).toBe("ready");
    const listing = scene.server.arrived.find(({ method }) => method === "tools/list");
    expect(await whose(scene, listing!.authorization)).toBe("ann");
    // Another one's call still asks for that one's own.
    expect(await send(scene, echo, otherKey)).toMatchObject({ resultType: "input_required" });
  });
});

test("a key stays that of the call when its person agrees to a credential in between", async () => {
  const scene = await openScene();
  const keyed = { ...touch, _meta: { "dev.countersign/key": "one" } };
  const { url, requestState } = await ask(scene, keyed);
  await agree(url, callerKey, "ann");
  const back = { ...keyed, inputResponses: accepted, requestState };
  const many = await Promise.all(Array.from({ length: 5 }, () => send(scene, back)));
  const done = many.filter((each) => !("error" in each));
  expect(done).not.toEqual([]);
  // Whoever did not hear of it and sends it again is told what came of it.
  for (const again of [keyed, back]) expect(await send(scene, again)).toEqual(done[0]);
  expect(sentOf(scene)).toHaveLength(1);
});
