import { expect, test } from "vitest";
import { startGateUnderTest, whenListed } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "./raw-clients.ts";
import { startHttpFixture } from "./fixture-http.ts";
import { startScriptedServer, type Asked } from "./scripted-server.ts";

type Json = Record<string, unknown>;

const secret = "canary-5d81f0c2/9b+67?e3";
const reference = "secret://mail-token";
const plain = [
  secret,
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("hex"),
  encodeURIComponent(secret),
];
/** What must not be anywhere, in any spelling. */
const spelled = (value: unknown): readonly string[] => {
  const said = JSON.stringify(value);
  return plain.filter((each) => said.includes(each) || said.includes(JSON.stringify(each)));
};
const text = (value: string): Json => ({ type: "text", text: value });

interface More {
  readonly values?: Readonly<Record<string, string>>;
  readonly headers?: Json;
  readonly tools?: Json;
}

/** A server that is sent the secret in a header, and what it says of it. */
async function open(answer: (asked: Asked) => Json | Promise<Json>, more: More = {}) {
  const server = await startScriptedServer({ tools: ["say", "kept"], answer });
  const gate = await startGateUnderTest(
    {
      servers: {
        up: {
          transport: "http",
          url: server.url,
          private: true,
          effect: "read",
          headers: more.headers ?? { "x-token": { secret: reference } },
          tools: { kept: { effect: "read", cache: "1h" } },
        },
      },
    },
    undefined,
    more.values ?? { [reference]: secret },
  );
  await whenListed(gate);
  const client = (say: () => Json = () => ({})) =>
    createModernClient({ url: gate.url, answer: say });
  return { gate, client, server };
}

const call = (client: RawClient, args: Json, meta: Json = {}) =>
  client.request("tools/call", { name: "up__say", arguments: args, _meta: meta });
const fine = () => ({ result: { content: [] } });

async function readEntries({ store }: Awaited<ReturnType<typeof open>>["gate"]): Promise<Json[]> {
  const entries = await store.entries.page("default" as never, { after: 0n, limit: 100 });
  return entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Json);
}

test.each<[string, Json, string]>([
  ["a value", { to: { mail: secret } }, "/arguments/to/mail"],
  ["within a longer text", { url: `https://a.example/?t=${secret}&x` }, "/arguments/url"],
  ["in a list", { tags: ["a", `b ${secret}`] }, "/arguments/tags/1"],
  ["base64", { blob: Buffer.from(`user:${secret}`).toString("base64") }, "/arguments/blob"],
  ["hex", { blob: Buffer.from(secret).toString("hex") }, "/arguments/blob"],
  ["percent-encoded", { q: encodeURIComponent(secret) }, "/arguments/q"],
  ["JSON in a text", { body: JSON.stringify({ secret }) }, "/arguments/body"],
  ["the key of an object", { map: { [secret]: 1 } }, "/arguments/map/[redacted]"],
])("I9: arguments with a known secret are denied: %s", async (_name, args, pointer) => {
  const { client, gate, server } = await open(fine);
  const answer = await call(client(), args);
  expect(answer["result"]).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining(`${pointer} holds the secret ${reference}`) }],
    _meta: { "dev.countersign/outcome": { outcome: "denied", rule: "leak" } },
  });
  expect(server.seen).toEqual([]);
  expect(await readEntries(gate)).toMatchObject([{ outcome: "denied", reason: "leak" }]);
  expect(gate.counted).toContain("gate_leaks arguments");
  expect(spelled([answer, gate.logged, await readEntries(gate)])).toEqual([]);
  expect(gate.logged).toContainEqual(
    expect.objectContaining({ message: "a call with a known secret in it was denied" }),
  );
});

test("I9: neither a URI, nor a prompt's arguments, nor forwarded _meta carry one out", async () => {
  const { client, server, gate } = await open(fine);
  const one = client();
  const asked: readonly (readonly [string, Json, string])[] = [
    ["resources/read", { uri: `fix://state/${encodeURIComponent(secret)}` }, "/uri"],
    ["resources/read", { uri: `fix://state/${secret}` }, "/uri"],
    ["prompts/get", { name: "up__greet", arguments: { who: secret } }, "/arguments/who"],
    [
      "completion/complete",
      {
        ref: { type: "ref/prompt", name: "up__greet" },
        argument: { name: "who", value: secret },
      },
      "/argument/value",
    ],
  ];
  for (const [method, params, pointer] of asked) {
    const answer = await one.request(method, params);
    expect(answer).toMatchObject({ error: { code: 4_030, data: { rule: "leak" } } });
    expect(JSON.stringify(answer)).toContain(`${pointer} holds`);
    expect(spelled(answer)).toEqual([]);
  }
  const answer = await call(one, { x: 1 }, { "com.example/note": { deep: [secret] } });
  expect(JSON.stringify(answer)).toContain("/_meta/com.example~1note/deep/0 holds");
  expect(spelled([answer, gate.logged])).toEqual([]);
  expect(server.seen).toEqual([]);
});

test("I9: the capabilities that a client declares carry none out, and who it is goes to no server", async () => {
  const { gate, server } = await open(fine);
  const options = { url: gate.url, answer: () => ({}) };
  for (const capabilities of [
    { extensions: { "com.example/a": { note: secret } } },
    { experimental: { [secret]: {} } },
    { elicitation: { form: {} }, extensions: { deep: [Buffer.from(secret).toString("base64")] } },
  ]) {
    const modern = createModernClient({ ...options, capabilities });
    const legacy = await createLegacyClient({ ...options, capabilities });
    const answers = [await call(modern, {}), await call(legacy, {})];
    for (const answer of answers)
      expect(answer["result"]).toMatchObject({
        isError: true,
        _meta: { "dev.countersign/outcome": { outcome: "denied", rule: "leak" } },
      });
    expect(JSON.stringify(answers[0])).toContain(
      "/_meta/io.modelcontextprotocol~1clientCapabilities/",
    );
    expect(JSON.stringify(answers[1])).toContain("/capabilities/");
    expect(await modern.request("resources/read", { uri: "fix://state" })).toMatchObject({
      error: { code: 4_030, data: { rule: "leak" } },
    });
    expect(spelled([answers, gate.logged, await readEntries(gate)])).toEqual([]);
  }
  expect(server.seen).toEqual([]);
  const named = { "io.modelcontextprotocol/clientInfo": { name: secret, version: secret } };
  expect(await call(createModernClient(options), {}, named)).toMatchObject({ result: {} });
  expect(server.seen).toHaveLength(1);
  expect(spelled([server.seen.map(({ params }) => params), gate.logged])).toEqual([]);
});

test("what cannot be found is not: split over two arguments, encoded twice, or spelled anew", async () => {
  const { client, server } = await open(fine);
  const half = secret.length / 2;
  const twice = Buffer.from(Buffer.from(secret).toString("base64")).toString("base64");
  const args = [
    { a: secret.slice(0, half), b: secret.slice(half) },
    { twice },
    { reversed: secret.split("").toReversed().join("") },
  ];
  for (const each of args) expect((await call(client(), each))["error"]).toBeUndefined();
  expect(server.seen).toHaveLength(args.length);
});

test("I9: what a server says of a known secret is replaced, and is JSON still", async () => {
  const { client, gate } = await open(({ headers, name, notify, params }) => {
    const said = String(headers["x-token"]);
    if (name === "fix://state")
      return { result: { contents: [{ uri: name, text: `it is ${said}` }] } };
    if (name === "greet")
      return { result: { messages: [{ role: "user", content: text(encodeURIComponent(said)) }] } };
    const { kind } = params["arguments"] as Json;
    if (kind === "error")
      return { error: { code: -32_050, message: said, data: { [said]: said } } };
    const { progressToken } = params["_meta"] as Json;
    notify("notifications/progress", { progressToken, progress: 1, message: said });
    notify("notifications/message", { level: "info", data: { said } });
    return {
      result: {
        isError: kind === "fail",
        structuredContent: { headers, list: [said, Buffer.from(said).toString("hex")] },
        content: [text(JSON.stringify({ headers })), text(Buffer.from(said).toString("base64"))],
      },
    };
  });
  const one = client();
  const meta = { progressToken: "p" };
  const answers = [
    await call(one, {}, meta),
    await call(one, { kind: "fail" }, meta),
    await call(one, { kind: "error" }),
    await one.request("resources/read", { uri: "fix://state" }),
    await one.request("prompts/get", { name: "up__greet", arguments: { who: "a" } }),
  ];
  expect(spelled([answers, one.notifications, gate.logged])).toEqual([]);
  for (const answer of answers) expect(JSON.stringify(answer)).toContain("[redacted]");
  expect(one.notifications).toHaveLength(4);
  const entries = await readEntries(gate);
  expect(entries).toHaveLength(5);
  for (const entry of entries) expect(entry["redacted"]).toEqual([`secret:${reference}`]);
  expect(gate.counted.filter((each) => each === "gate_leaks answer")).toHaveLength(5);
  expect(gate.counted.filter((each) => each === "gate_leaks message")).toHaveLength(4);
});

test("a kept result is kept without the secret, and says so each time", async () => {
  const { client, gate, server } = await open(() => ({ result: { content: [text(secret)] } }));
  for (let each = 0; each < 2; each += 1) {
    const answer = await client().request("tools/call", { name: "up__kept", arguments: {} });
    expect(answer["result"]).toMatchObject({ content: [text("[redacted]")] });
  }
  expect(server.seen).toHaveLength(1);
  for (const { redacted } of await readEntries(gate))
    expect(redacted).toEqual([`secret:${reference}`]);
});

test("a question of the server and the client's answer to it carry no secret either way", async () => {
  const asking = ({ params }: Asked): Json => {
    if (params["inputResponses"] !== undefined) return { result: { content: [text("done")] } };
    const ask = {
      method: "elicitation/create",
      params: {
        mode: "form",
        message: `Is it ${secret}?`,
        requestedSchema: { type: "object", properties: { it: { type: "string" } } },
      },
    };
    return { result: { resultType: "input_required", inputRequests: { it: ask } } };
  };
  const { client, gate, server } = await open(asking);
  let given = "no";
  const one = client(() => ({ action: "accept", content: { it: given } }));
  const legacy = await createLegacyClient({
    url: gate.url,
    answer: () => ({ action: "accept", content: { it: given } }),
  });
  for (const each of [one, legacy]) {
    given = "no";
    const answer = await call(each, {});
    expect(answer["result"]).toMatchObject({ content: [text("done")] });
    given = secret;
    const refused = await call(each, {});
    expect(JSON.stringify(refused)).toMatch(/known secret|leak/);
    expect(spelled([answer, refused, each.asked])).toEqual([]);
    expect(JSON.stringify(each.asked)).toContain("Is it [redacted]?");
  }
  expect(spelled(server.seen)).toEqual([]);
});

test("a legacy server's question in the middle of a call is cleaned, and its answer looked at", async () => {
  const { url, requests } = await startHttpFixture("legacy");
  const gate = await startGateUnderTest(
    {
      servers: {
        fix: {
          transport: "http",
          url,
          private: true,
          effect: "read",
          headers: { "x-token": { secret: reference } },
        },
      },
    },
    undefined,
    { [reference]: secret },
  );
  await whenListed(gate);
  const answer = () => ({ action: "accept", content: { name: secret } });
  const legacy = await createLegacyClient({ url: gate.url, answer });
  await legacy.request("tools/call", { name: "fix__elicit", arguments: {} });
  expect(JSON.stringify(requests)).toContain("holds a known secret");
  expect(spelled(requests)).toEqual([]);
});

test("where there is no secret, nothing is looked at", async () => {
  const { client, gate } = await open(({ params }) => ({ result: { structuredContent: params } }), {
    headers: {},
  });
  expect(JSON.stringify(await call(client(), { text: secret }))).toContain(secret);
  expect(gate.counted.filter((each) => each.startsWith("gate_leaks"))).toEqual([]);
});

test("a short value is not looked for, which is said once and by name", async () => {
  const { client, gate } = await open(
    ({ headers }) => ({ result: { content: [text(String(headers["x-token"]))] } }),
    { values: { [reference]: "abc1234" } },
  );
  expect(JSON.stringify(await call(client(), { text: "abc1234" }))).toContain("abc1234");
  await gate.gate.registry.refresh("up");
  const warnings = gate.logged.filter(({ message }) => message.includes("too short"));
  expect(warnings).toMatchObject([{ level: "warn", fields: { secret: reference } }]);
  expect(JSON.stringify(warnings)).not.toContain("abc1234");
});
