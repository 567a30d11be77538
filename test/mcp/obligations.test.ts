import { expect, test } from "vitest";
import { startGateUnderTest, whenListed, otherKey } from "./gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "./raw-clients.ts";
import { startScriptedServer, type Asked } from "./scripted-server.ts";

type Json = Record<string, unknown>;

const hide = `@id("hide") @obligation("redact /user/email")
forbid (principal, action, resource) unless { context.obligation.met };\n`;
const all = `@id("all") permit (principal, action, resource);\n`;
const email = "ada@example.com";
const user = { user: { name: "Ada", email } };
const text = (value: unknown): Json => ({
  type: "text",
  text: typeof value === "string" ? value : JSON.stringify(value),
});

/** One server that answers as `answer` says; its only tool reads. */
async function open(
  rules: string,
  answer: (asked: Asked) => Json | Promise<Json>,
  more: { readonly toolsets?: Json } = {},
) {
  const server = await startScriptedServer({ tools: ["find", "keep"], answer });
  const gate = await startGateUnderTest({
    policy: { rules: { test: all + rules } },
    servers: {
      up: {
        transport: "http",
        url: server.url,
        private: true,
        effect: "read",
        tools: { keep: { effect: "read", cache: "1h" } },
      },
    },
    ...more,
  });
  await whenListed(gate);
  const client = (key?: string) =>
    createModernClient({
      url: gate.url,
      answer: () => ({ action: "accept", content: { email } }),
      ...(key === undefined ? {} : { key }),
    });
  return { gate, client, server };
}

const call = (client: RawClient, name = "find", args: Json = {}, options = {}) =>
  client.request("tools/call", { name: `up__${name}`, arguments: args }, options);

async function readEntries({ store }: Awaited<ReturnType<typeof open>>["gate"]): Promise<Json[]> {
  const entries = await store.entries.page("default" as never, { after: 0n, limit: 100 });
  return entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Json);
}

test("a redacted member leaves neither in the structured content nor in texts of JSON", async () => {
  const { client, gate } = await open(hide, () => ({
    result: {
      structuredContent: { ...user, id: 12_345 },
      content: [
        text(user),
        { type: "resource", resource: { uri: "fix://1", text: JSON.stringify([1, 2]) } },
      ].slice(0, 1),
      _meta: { email },
    },
  }));
  const answer = await call(client());
  expect(JSON.stringify(answer)).not.toContain(email);
  expect(answer["result"]).toEqual({
    resultType: "complete",
    structuredContent: { user: { name: "Ada", email: "[redacted]" }, id: 12_345 },
    content: [text({ user: { name: "Ada", email: "[redacted]" } })],
  });
  expect(await readEntries(gate)).toMatchObject([{ outcome: "answered", redacted: ["hide"] }]);
  expect(gate.counted).toContain("gate_redactions redacted");
});

test.each([
  ["a text that is not JSON", { content: [text(`mail ${email}`)] }],
  ["a member that is not there", { content: [text({ email })] }],
  ["a list in place of an object", { structuredContent: { user: [email] } }],
  ["a scalar in place of an object", { structuredContent: { user: email } }],
  ["one good and one bad document", { structuredContent: user, content: [text([email])] }],
  ["an image", { content: [text(user), { type: "image", data: "aGk=", mimeType: "image/png" }] }],
  ["a blob", { content: [{ type: "resource", resource: { uri: "fix://x", blob: "aGk=" } }] }],
  ["a link", { content: [{ type: "resource_link", uri: `fix://${email}`, name: email }] }],
  ["an error of the tool", { content: [text(`no ${email}`)], isError: true }],
  ["no content at all but a text", { content: email }],
  ["a question", { resultType: "input_required", inputRequests: { [email]: {} } }],
  [
    "a document nested deeper than anybody reads",
    { content: [text(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)] },
  ],
])("I14: a result is withheld, not passed: %s", async (_name, result) => {
  const { client, gate } = await open(hide, () => ({ result }));
  const answer = await call(client());
  expect(JSON.stringify(answer)).not.toContain(email);
  expect(answer["result"]).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/^The call was made\. Its result is withheld/) }],
    _meta: { "dev.countersign/outcome": { outcome: "withheld", rule: "hide", remedy: null } },
  });
  expect(await readEntries(gate)).toMatchObject([{ reason: "withheld", redacted: ["hide"] }]);
});

test("a toolset that hides its rules does not name the one that withholds", async () => {
  const { gate } = await open(hide, () => ({ result: { content: [text(email)] } }), {
    toolsets: { shy: { servers: ["up"], reveal: "hide" } },
  });
  const shy = createModernClient({ url: `${gate.url}/shy`, answer: () => ({}) });
  expect((await call(shy))["result"]).toMatchObject({
    content: [{ text: expect.stringContaining("because a rule asks") }],
    _meta: { "dev.countersign/outcome": { outcome: "withheld", rule: null } },
  });
});

test("an error of the protocol keeps its code and loses its words", async () => {
  const { client, gate } = await open(hide, () => ({
    error: { code: -32_050, message: `no such user ${email}`, data: { email } },
  }));
  const answer = await call(client());
  expect(answer["error"]).toEqual({
    code: -32_050,
    message: "The server answered with an error; a rule withholds its words.",
  });
  expect(await readEntries(gate)).toMatchObject([{ reason: "rpc:-32050", redacted: ["hide"] }]);
});

test("resources and prompts are redacted or withheld as results are", async () => {
  const document = JSON.stringify(user);
  let isPlain = false;
  const { client } = await open(hide, ({ method }) => ({
    result:
      method === "resources/read"
        ? { contents: [{ uri: "fix://state", text: isPlain ? email : document }] }
        : {
            description: email,
            messages: [{ role: "user", content: text(isPlain ? email : user) }],
          },
  }));
  const one = client();
  const asked = [
    ["resources/read", { uri: "fix://state" }],
    ["prompts/get", { name: "up__greet", arguments: { who: "ada" } }],
  ] as const;
  for (const [method, params] of asked) {
    isPlain = false;
    const redacted = JSON.stringify((await one.request(method, params))["result"]);
    expect(redacted).toContain("[redacted]");
    expect(redacted).not.toContain(email);
    isPlain = true;
    const withheld = await one.request(method, params);
    expect(withheld).toMatchObject({ error: { code: 4_031, data: { outcome: "withheld" } } });
    expect(JSON.stringify(withheld)).not.toContain(email);
  }
});

test("numbers and other members of a redacted document stay as they were", async () => {
  const document = `{"id":12345678901234567890,"price":1.10,"user":{"email":"${email}"}}`;
  const { client } = await open(hide, () => ({ result: { content: [text(document)] } }));
  const answer = await call(client());
  const [block] = (answer["result"] as { content: { text: string }[] }).content;
  expect(block!.text).toBe(document.replace(email, "[redacted]"));
});

test("what is said during a call under redaction is dropped, and nobody is asked", async () => {
  const { client, gate } = await open(hide, ({ notify, params }) => {
    const { progressToken } = params["_meta"] as Json;
    notify("notifications/progress", { progressToken, progress: 1, message: email });
    notify("notifications/message", { level: "info", data: email });
    return { result: { structuredContent: user } };
  });
  for (const one of [client(), await createLegacyClient({ url: gate.url, answer: () => ({}) })]) {
    const answer = await call(one, "find", {}, { progressToken: "p" });
    expect(JSON.stringify([answer, one.notifications])).not.toContain(email);
    expect(one.notifications).toEqual([]);
  }
  expect(gate.counted.filter((each) => each === "gate_redactions dropped")).toHaveLength(4);
});

test("a kept result is redacted for each decision by itself", async () => {
  // A conversation that has touched what anybody could have written sees less.
  const rules = `@id("hide") @obligation("redact /user/email")
forbid (principal, action, resource) when { context.labels.contains("untrusted") } unless { context.obligation.met };\n`;
  const { client, server } = await open(rules, () => ({ result: { structuredContent: user } }));
  const read = async (context: string) => {
    const _meta = { "dev.countersign/context": context };
    const answer = await client().request("tools/call", { name: "up__keep", arguments: {}, _meta });
    return (answer["result"] as Json)["structuredContent"];
  };
  const redacted = { user: { name: "Ada", email: "[redacted]" } };
  expect(await read("one")).toEqual(user);
  expect(await read("one")).toEqual(redacted);
  expect(await read("another")).toEqual(user);
  expect(await read("another")).toEqual(redacted);
  expect(server.seen).toHaveLength(1);
});

test("a rate lets as many calls through as it says, by rule, caller and tool", async () => {
  const rate = `@id("slow") @obligation("rate 3/1h")
forbid (principal, action == Action::"up__find", resource) unless { context.obligation.met };\n`;
  const { client, server, gate } = await open(rate, () => ({ result: { content: [] } }));
  const one = client();
  for (let each = 0; each < 3; each += 1) expect((await call(one))["error"]).toBeUndefined();
  const refused = await call(one);
  expect(refused).toMatchObject({ status: 429, error: { data: { fault: "caller_busy" } } });
  expect(JSON.stringify(refused)).toContain("Rule slow allows 3 calls");
  expect(server.seen).toHaveLength(3);
  expect((await call(client(otherKey)))["error"]).toBeUndefined();
  expect((await call(one, "keep"))["error"]).toBeUndefined();
  // A client is told when it may come again.
  const response = await fetch(gate.url, {
    method: "POST",
    headers: {
      authorization: "Bearer the-key-of-the-caller",
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "up__find",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: "up__find",
        arguments: {},
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
  expect(response.status).toBe(429);
  const seconds = Number(response.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(3_500);
  expect(seconds).toBeLessThanOrEqual(3_640);
});

test.each([
  ["sandbox T2", "sandbox", "a sandbox of tier T2"],
  ["egress api.example.com:443", "egress", "a sandbox that reaches api.example.com:443 at most"],
])(
  "I12, I14: %s is a no for a server that is no program of ours",
  async (obligation, kind, words) => {
    const rule = `@id("box") @obligation("${obligation}") forbid (principal, action, resource) unless { context.obligation.met };\n`;
    const { client, server, gate } = await open(rule + hide, () => ({ result: {} }));
    const answer = await call(client());
    expect(JSON.stringify(answer)).toContain(
      `A rule asks for ${words}, and the server is not run so.`,
    );
    expect(server.seen).toEqual([]);
    expect(await readEntries(gate)).toMatchObject([{ reason: `obligation:${kind}` }]);
  },
);

test("the server's own schema is checked on what it said, before anything is taken out", async () => {
  const { client, gate } = await open(hide, () => ({ result: { structuredContent: user } }));
  await call(client());
  expect(await readEntries(gate)).toMatchObject([{ reason: null, redacted: ["hide"] }]);
});
