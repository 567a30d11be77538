import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import {
  createOpenaiEmbedder,
  type OpenaiEmbedderOptions,
} from "../../src/adapters/model-http/openai-embedder.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createInMemorySecrets } from "../../src/ports/in-memory-secrets.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";

const key = "sk-canary-1234567890";
const { signal } = new AbortController();

interface Asked {
  readonly model: string;
  readonly input: readonly string[];
}
type Answer = (asked: Asked, response: ServerResponse) => void;

async function open(answer: Answer, changes: Partial<OpenaiEmbedderOptions> = {}) {
  const seen: { readonly url: string; readonly key: string; readonly asked: Asked }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
      seen.push({ url: request.url!, key: request.headers.authorization!, asked });
      answer(asked, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const embedder = createOpenaiEmbedder({
    url: `http://127.0.0.1:${port}/v1`,
    private: true,
    tls: null,
    connections: 2,
    model: "embed-small",
    version: "7",
    dimensions: 2,
    leastLikeness: 0.1,
    key: "env://KEY",
    timeoutMs: 10_000,
    secrets: createInMemorySecrets(new Map([["env://KEY", key]])),
    dialer: createDialer(),
    clock: systemClock,
    random: createSeededRandom(1),
    ...changes,
  });
  onTestFinished(async () => {
    await embedder.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { embedder, seen };
}

const toData = ({ input }: Asked) =>
  input.map((text, index) => ({ object: "embedding", index, embedding: [text.length, 1] }));
const say = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

test("texts are embedded in their order, whatever the order of the answer", async () => {
  const { embedder, seen } = await open((asked, response) =>
    say(response, { data: toData(asked).toReversed(), usage: { total_tokens: 3 } }),
  );
  expect([embedder.id, embedder.version]).toEqual(["embed-small", "7@2"]);
  const vectors = await embedder.embed(["a", "bb", "ccc"], signal);
  expect(vectors.map((each) => [...each])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
  expect(seen).toMatchObject([
    { url: "/v1/embeddings", key: `Bearer ${key}`, asked: { model: "embed-small" } },
  ]);
  expect(await embedder.embed([], signal)).toEqual([]);
});

test("a busy server is asked again, as it says, and a refusal is not", async () => {
  let times = 0;
  const { embedder } = await open((asked, response) => {
    times += 1;
    if (times < 3) return response.writeHead(429, { "retry-after-ms": "5" }).end();
    return say(response, { data: toData(asked) });
  });
  expect(await embedder.embed(["a"], signal)).toHaveLength(1);
  expect(times).toBe(3);
  const wrong = await open((_, response) =>
    say(response, { error: { message: `bad ${key}` } }, 400),
  );
  const refused = wrong.embedder.embed(["a"], signal);
  await expect(refused).rejects.toMatchObject({ code: "model_refused" });
  await expect(refused).rejects.not.toThrow(key);
  expect(wrong.seen).toHaveLength(1);
});

test.each<[string, (asked: Asked) => unknown]>([
  ["vectors of another length", () => ({ data: [{ index: 0, embedding: [1, 2, 3] }] })],
  ["fewer than were asked", () => ({ data: [] })],
  ["one twice", (asked) => ({ data: [...toData(asked), ...toData(asked)] })],
  ["one that was not asked", () => ({ data: [{ index: 5, embedding: [1, 2] }] })],
  ["what is no number", () => ({ data: [{ index: 0, embedding: [1, "2"] }] })],
  ["what is too large for one", () => ({ data: [{ index: 0, embedding: [1, 1e300] }] })],
  ["no object", () => []],
])("%s: nothing of it is believed", async (_, answer) => {
  const { embedder } = await open((asked, response) => say(response, answer(asked)));
  await expect(embedder.embed(["a"], signal)).rejects.toMatchObject({ code: "model_refused" });
});

test("what is larger than any answer, and what never ends, is cut off", async () => {
  const { embedder, seen } = await open((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const fill = () => {
      while (!response.destroyed && response.write(" ".repeat(1024 * 1024)));
      response.once("drain", fill);
    };
    fill();
  });
  await expect(embedder.embed(["a"], signal)).rejects.toMatchObject({ code: "model_broken" });
  expect(seen.length).toBeLessThanOrEqual(3);
  const silent = await open(() => undefined, { timeoutMs: 150 });
  await expect(silent.embedder.embed(["a"], signal)).rejects.toMatchObject({
    code: "model_unavailable",
  });
  const gone = new AbortController();
  const waiting = silent.embedder.embed(["a"], gone.signal);
  gone.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
});
