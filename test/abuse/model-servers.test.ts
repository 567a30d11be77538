import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createModelHttp } from "../../src/adapters/model-http/model-http.ts";
import { createOpenaiFormat } from "../../src/adapters/openai/openai-format.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createInMemorySecrets } from "../../src/ports/in-memory-secrets.ts";
import { listen } from "../conformance/model-backend.ts";
import { key } from "../conformance/model-wire.ts";

/** A backend that is told the key, and would like it to end up elsewhere. */

type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

async function start(serve: Serve): Promise<string> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(serve: Serve) {
  const backend = createModelHttp({
    format: createOpenaiFormat("max_tokens"),
    url: await start(serve),
    private: true,
    tls: null,
    connections: 1,
    key: "env://KEY",
    secrets: createInMemorySecrets(new Map([["env://KEY", key]])),
    dialer: createDialer(),
    clock: systemClock,
    firstTokenMs: 10_000,
    idleMs: 10_000,
  });
  onTestFinished(() => backend.close());
  const { error, events } = await listen(backend);
  const look: unknown = await backend
    .look(new AbortController().signal)
    .catch((caught: unknown) => caught);
  return { error, events, shown: `${String(error)}${JSON.stringify(error)}${String(look)}` };
}

test("a redirect is not followed, and the key goes nowhere else", async () => {
  let reached = 0;
  const elsewhere = await start((_incoming, outgoing) => {
    reached += 1;
    outgoing.end();
  });
  for (const status of [301, 307, 308]) {
    const { error } = await ask((_incoming, outgoing) => {
      outgoing.writeHead(status, { location: `${elsewhere}/chat/completions` }).end();
    });
    expect(error).toMatchObject({ code: "model_unavailable" });
  }
  expect(reached).toBe(0);
});

test("errors that repeat the key, or would act in a terminal, show neither", async () => {
  for (const status of [400, 401, 403, 404, 500]) {
    const message = `wrong\u001b[2J key ${key} ${"x".repeat(100_000)}`;
    const { error, shown } = await ask((_incoming, outgoing) => {
      outgoing.writeHead(status).end(JSON.stringify({ error: { message } }));
    });
    expect(error).toMatchObject({ details: { status } });
    expect(shown).not.toContain(key);
    expect(shown).not.toContain("\u001b");
    expect(shown.length).toBeLessThan(2_000);
  }
  const { shown } = await ask((_incoming, outgoing) => {
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    outgoing.end(`data: ${JSON.stringify({ error: { message: `no ${key}` } })}\n\n`);
  });
  expect(shown).not.toContain(key);
});

test("what is no stream of events is no answer", async () => {
  for (const type of ["application/json", "text/html", ""]) {
    const { error, events } = await ask((_incoming, outgoing) => {
      outgoing.writeHead(200, { "content-type": type }).end('data: {"choices":[]}\n\n');
    });
    expect([error, events]).toEqual([expect.objectContaining({ code: "model_broken" }), []]);
  }
});

test("Retry-After has a bound, and a date that is over is none", async () => {
  const { error } = await ask((_incoming, outgoing) => {
    outgoing.writeHead(429, { "retry-after": "99999999" }).end();
  });
  expect(error).toMatchObject({ code: "model_busy", details: { retryAfterMs: 600_000 } });
  const date = await ask((_incoming, outgoing) => {
    outgoing.writeHead(529, { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }).end();
  });
  expect(date.error).toMatchObject({ details: { retryAfterMs: 1 } });
});
