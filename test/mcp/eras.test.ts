import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Era } from "./fixture-server.ts";
import { share } from "../at-end.ts";
import { createMemoryConnector } from "./fixture-memory.ts";
import { startHttpFixture } from "./fixture-http.ts";
import { startGateUnderTest, whenListed, type GateUnderTest } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "./raw-clients.ts";

/** Every pair of eras has to do every one of these, whichever way its server is reached. */
const eras: readonly Era[] = ["modern", "legacy"];
const transports = ["memory", "http", "stdio"] as const;
const pairs = eras.flatMap((client) =>
  eras.flatMap((server) => transports.map((transport) => ({ client, server, transport }))),
);

type Json = Record<string, unknown>;
type Pair = (typeof pairs)[number];

const fixture = path.join(import.meta.dirname, "fixture-stdio.ts");

async function toServer({ server, transport }: Pair): Promise<object> {
  if (transport !== "http")
    return {
      transport: "stdio",
      command: [process.execPath, fixture, server],
      sandbox: "none",
    };
  return { transport, url: (await startHttpFixture(server)).url, private: true };
}

const answer = (method: string): Json =>
  method === "sampling/createMessage"
    ? { role: "assistant", model: "none", content: { type: "text", text: "4" } }
    : { action: "accept", content: { name: "Ada" } };

async function openGate(pair: Pair): Promise<GateUnderTest> {
  const memory = createMemoryConnector(pair.server);
  const gate = await startGateUnderTest(
    { servers: { fix: await toServer(pair) } },
    pair.transport === "memory" ? { http: memory, sse: memory, stdio: memory } : undefined,
  );
  await whenListed(gate);
  return gate;
}

async function openClient({ client }: Pair, { url }: GateUnderTest): Promise<RawClient> {
  const options = { url, answer };
  return client === "modern" ? createModernClient(options) : createLegacyClient(options);
}

function textOf(message: Json): unknown {
  return ((message["result"] as Json)["content"] as Json[])[0]!["text"];
}

const call = (client: RawClient, name: string, args: Json = {}, options = {}) =>
  client.request("tools/call", { name: `fix__${name}`, arguments: args }, options);

describe.each(pairs)("$client client, $server server over $transport", (pair) => {
  const gate = share(() => openGate(pair));
  const open = async () => openClient(pair, await gate());

  test("lists and calls, defaults filled in", async () => {
    const client = await open();
    const { result } = (await client.request("tools/list")) as { result: { tools: Json[] } };
    expect(result.tools.map(({ name }) => name)).toContain("fix__echo");
    expect(textOf(await call(client, "echo", { text: "hi" }))).toBe("hi ×1");
    const read = (await client.request("resources/read", { uri: "fix://item/7" })) as {
      result: { contents: Json[] };
    };
    expect(read.result.contents[0]!["text"]).toBe("content of fix://item/7");
    const got = await client.request("prompts/get", {
      name: "fix__greet",
      arguments: { who: "Bo" },
    });
    expect(JSON.stringify(got)).toContain("Greet Bo");
    const ref = { type: "ref/prompt", name: "fix__greet" };
    const completed = await client.request("completion/complete", {
      ref,
      argument: { name: "who", value: "w" },
    });
    expect(JSON.stringify(completed)).toContain("world");
  });

  test("elicits in the middle of a call", async () => {
    const client = await open();
    expect(textOf(await call(client, "elicit"))).toBe("hello Ada (accept)");
    expect(client.asked).toMatchObject([
      { method: "elicitation/create", params: { message: "Your name?" } },
    ]);
  });

  test("samples in the middle of a call", async () => {
    const client = await open();
    expect(textOf(await call(client, "sample"))).toBe("the model says 4");
  });

  test("passes progress on under the client's own token", async () => {
    const client = await open();
    expect(textOf(await call(client, "progress", {}, { progressToken: "mine" }))).toBe("done");
    const progress = client.notifications.filter(
      ({ method }) => method === "notifications/progress",
    );
    expect(progress.map(({ params }) => [params["progressToken"], params["progress"]])).toEqual([
      ["mine", 1],
      ["mine", 2],
      ["mine", 3],
    ]);
  });

  test("cancels upstream when the client leaves", async () => {
    const client = await open();
    const leaving = new AbortController();
    const slow = call(client, "slow", {}, { signal: leaving.signal }).catch(() => "left");
    await vi.waitFor(async () =>
      expect(textOf(await call(client, "counts"))).toContain('"calls":'),
    );
    leaving.abort();
    expect(await slow).toBe("left");
    await vi.waitFor(async () =>
      expect(textOf(await call(client, "counts"))).toContain('"cancelled":1'),
    );
  });

  test("announces a changed list, and lists what is new", async () => {
    const client = await open();
    await client.listen([]);
    await call(client, "grow");
    await vi.waitFor(
      () =>
        expect(client.notifications.map(({ method }) => method)).toContain(
          "notifications/tools/list_changed",
        ),
      5_000,
    );
    expect(JSON.stringify(await client.request("tools/list"))).toContain("fix__extra-0");
  });

  test("tells of a resource that was subscribed to", async () => {
    const client = await open();
    await client.listen(["fix://state"]);
    await vi.waitFor(async () => {
      await call(client, "touch");
      expect(client.notifications).toContainEqual(
        expect.objectContaining({ method: "notifications/resources/updated" }),
      );
    }, 5_000);
  });

  test("tells a tool's own error from an error of the protocol, and both from a wrong argument", async () => {
    const client = await open();
    expect(await call(client, "fail")).toMatchObject({ result: { isError: true } });
    expect(await call(client, "boom")).toMatchObject({
      error: { code: -32_050, data: { why: "asked to" } },
    });
    expect(await call(client, "echo", { text: 7 })).toMatchObject({
      error: { code: -32_602, data: { problems: [{ pointer: "/text" }] } },
    });
    expect(await call(client, "none")).toMatchObject({ error: { code: -32_602 } });
  });
});
