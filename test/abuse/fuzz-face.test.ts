import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { callerKey, startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { scaled, seed } from "../scale.ts";

/** What an attacker, or a broken client, sends: only defined errors may come back, and the next call works. */
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const sound = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "fix__echo", arguments: { text: "hi" }, _meta: meta },
};

const deep = fc
  .integer({ min: 1, max: 400 })
  .map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`);
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  deep,
  fc.constantFrom(
    "",
    "null",
    "NaN",
    "1e400",
    "-0",
    '"\\ud800"',
    "{",
    "[1,]",
    '{"a":1,"a":2}',
    "\u0000",
    "tru",
  ),
);

/** A sound message with one of its parts replaced by something else. */
const spoilt = fc
  .tuple(
    fc.constantFrom("jsonrpc", "id", "method", "params", "name", "arguments", "_meta", "text"),
    odd,
  )
  .map(([part, value]) => {
    const text = JSON.stringify(sound);
    const at = text.indexOf(`"${part}":`) + part.length + 3;
    const rest = text.slice(at);
    const end = /^(?:"[^"]*"|\{(?:[^{}]|\{[^{}]*\})*\}|\d+)/.exec(rest)?.[0].length ?? 1;
    return `${text.slice(0, at)}${value}${rest.slice(end)}`;
  });

const body = fc.oneof(
  spoilt,
  odd,
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(spoilt, { maxLength: 3 }).map((all) => `[${all.join()}]`),
);
const token = fc.string({
  unit: fc.constantFrom(...Array.from("abcdefghijklmnopqrstuvwxyz0123456789-=?/+. ")),
  maxLength: 40,
});
const headers = fc.record(
  {
    "mcp-protocol-version": fc.constantFrom(
      "2026-07-28",
      "2025-11-25",
      "2025-03-26",
      "1900-01-01",
      "x",
      "9999-99-99",
    ),
    "mcp-method": fc.oneof(fc.constant("tools/call"), token),
    "mcp-name": fc.oneof(
      fc.constantFrom("fix__echo", "=?base64?!!?=", "=?base64?Zml4X19lY2hv?="),
      token,
    ),
    "mcp-session-id": token,
    accept: fc.constantFrom("application/json", "text/event-stream", "*/*", "image/png", ""),
    "content-type": fc.constantFrom(
      "application/json",
      "application/json; charset=utf-8",
      "text/plain",
      "application/json; charset=utf-16",
    ),
    "content-encoding": fc.constantFrom("identity", "gzip"),
  },
  { requiredKeys: [] },
);

/** Once everything that can go is gone. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

const defined = new Set([
  200, 202, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 429, 431, 503,
]);

test("malformed envelopes, headers, ids and depths get defined errors, and nothing is left behind", async () => {
  const fixture = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    servers: { fix: { transport: "http", url: fixture.url, private: true } },
  });
  await whenListed(gate);
  const send = (text: string, more: Record<string, string>) =>
    fetch(gate.url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${callerKey}`,
        "content-type": "application/json",
        ...more,
      },
      body: text,
    });
  const spoil = (half: number) =>
    fc.assert(
      fc.asyncProperty(body, headers, async (text, more) => {
        const response = await send(text, more);
        const told = await response.text();
        expect(defined).toContain(response.status);
        if (response.status === 200 || response.status === 202) return;
        const { error } = JSON.parse(told) as { error: { code: number | string; message: string } };
        expect(["number", "string"]).toContain(typeof error.code);
        expect(error.message.length).toBeGreaterThan(0);
        expect(told).not.toContain("    at ");
      }),
      { seed: seed() + half, numRuns: scaled({ test: 1_000, prove: 50_000 }) },
    );
  await spoil(0);
  const before = heapInUse();
  await spoil(1);
  const grownMb = (heapInUse() - before) / 1e6;
  console.log(`the heap grew by ${grownMb.toFixed(1)} MB in the second half`);
  expect(grownMb).toBeLessThan(32);
  expect(gate.logged.filter(({ message }) => message === "bug")).toEqual([]);
  const named = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "fix__echo",
  };
  expect(await (await send(JSON.stringify(sound), named)).text()).toContain("hi ×1");
}, 600_000);

const smuggled = [
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  "POST http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
  "POST //mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
  "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n\r\n",
  "POST /mcp HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
  `POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`,
  "\u0000\u0001\u0002\r\n\r\n",
];

test.each(smuggled)(
  "a request that two readers could split differently is refused: %j",
  async (text) => {
    const gate = await startGateUnderTest({});
    const { hostname, port } = new URL(gate.url);
    const told = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.end(text));
      let heard = "";
      socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
      socket.on("close", () => resolve(heard));
      socket.on("error", reject);
    });
    const statuses = [...told.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect(statuses.every((status) => status >= 400 && status < 500)).toBe(true);
  },
);
