import { connect } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../adapters/system/system-clock.ts";
import { adminKey, base, speak, startTestApi, tell } from "../../test/start-api.ts";

const yaml = { "content-type": "application/yaml" };
const plan = (body: string) => ({ method: "POST", headers: yaml, body });
const valid = { kind: "valid", digest: base, base, changes: [] } as const;

/** A plan that waits until the test lets it go. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let entered = 0;
  return {
    open: resolve,
    entered: () => entered,
    plan: async () => {
      entered += 1;
      await promise;
      return valid;
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 2_000) throw new Error("it did not come to pass");
    await systemClock.sleep(5);
  }
}

test("a body over the limit is refused by what it says of itself", async () => {
  const { url } = await startTestApi();
  const told = await tell(url, "/v1/config/plan", plan("x".repeat(1025)));
  expect(told.status).toBe(413);
  expect(told.body.error.details).toEqual({ limitBytes: 1024 });
  expect((await tell(url, "/v1/config/plan", plan("x".repeat(1024)))).status).toBe(200);
});

test("a chunked body over the limit is refused by what comes, long before its end", async () => {
  const { url } = await startTestApi();
  let sent = 0;
  async function* drip() {
    for (; sent < 10_000; sent++) {
      yield "x".repeat(100);
      await systemClock.sleep(1);
    }
  }
  const told = await tell(url, "/v1/config/plan", { method: "POST", headers: yaml, body: drip() });
  expect(told.status).toBe(413);
  expect(sent).toBeLessThan(200);
});

test("a body that is not UTF-8 is refused, not mended", async () => {
  const { url } = await startTestApi();
  const told = await tell(url, "/v1/config/plan", {
    method: "POST",
    headers: yaml,
    body: [Uint8Array.of(0x61, 0xff, 0x62)],
  });
  expect(told.body.error).toMatchObject({
    code: "request_invalid",
    message: "The body is not UTF-8.",
  });
});

test("headers over the limit are refused in the same words as the rest", async () => {
  const { url } = await startTestApi();
  const answer = await speak(
    url,
    `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(5000)}\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 431 /);
  expect(JSON.parse(answer.split("\r\n\r\n")[1]!).error.code).toBe("headers_too_large");
});

test("bytes that are no request are refused in the same words", async () => {
  const { url } = await startTestApi();
  const answer = await speak(url, "\x16\x03\x01 hello\r\n\r\n");
  expect(JSON.parse(answer.split("\r\n\r\n")[1]!).error.code).toBe("request_invalid");
});

test("a client that drips its headers or its body is cut with 408", async () => {
  const timeouts = { headersMs: 300, requestMs: 500, keepAliveMs: 1000, checkEveryMs: 50 };
  const { url } = await startTestApi({ timeouts });
  const head = "POST /v1/config/plan HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/yaml\r\n";
  const key = `authorization: Bearer ${adminKey}\r\n`;
  const [headers, body] = await Promise.all([
    speak(url, head, 200, "x: 1\r\n", 200, "y: 1\r\n", 200, "z: 1\r\n"),
    speak(url, `${head}${key}content-length: 100\r\n\r\na`, 200, "b", 200, "c", 200, "d"),
  ]);
  for (const answer of [headers, body]) {
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain("request_timeout");
  }
});

test("over the bound requests wait; over the queue they are told to come again", async () => {
  const gate = createGate();
  const { url, waiting } = await startTestApi({
    limits: { concurrentRequests: 2, queuedRequests: 3 },
    plan: gate.plan,
  });
  const asked = Array.from({ length: 5 }, () => tell(url, "/v1/config/plan", plan("a: 1")));
  await until(() => gate.entered() === 2 && waiting() === 3);
  const told = await tell(url, "/v1/config/plan", plan("a: 1"));
  expect(told.status).toBe(503);
  expect(told.body.error.code).toBe("overloaded");
  expect(told.headers["retry-after"]).toBe("1");
  expect(gate.entered()).toBe(2);
  expect((await tell(url, "/ready")).status).toBe(200);
  gate.open();
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

test("a request past its deadline is answered with 504, and keeps its place until its work ends", async () => {
  const gate = createGate();
  const { url, active } = await startTestApi({
    limits: { concurrentRequests: 1, queuedRequests: 0, requestDeadlineMs: 100 },
    plan: gate.plan,
  });
  const late = await tell(url, "/v1/config/plan", plan("a: 1"));
  expect([late.status, late.body.error.code]).toEqual([504, "deadline_exceeded"]);
  expect((await tell(url, "/v1/version")).body.error.code).toBe("overloaded");
  gate.open();
  await until(() => active() === 0);
  expect((await tell(url, "/v1/version")).status).toBe(200);
});

test("whoever does not read the answer is cut at the deadline", async () => {
  const { url, active } = await startTestApi({
    limits: { concurrentRequests: 1, queuedRequests: 0, requestDeadlineMs: 4_000 },
    document: JSON.stringify("x".repeat(32 * 1024 * 1024)),
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  socket.on("error", () => undefined);
  socket.write(
    `GET /v1/config HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${adminKey}\r\n\r\n`,
  );
  await until(() => active() === 1);
  expect((await tell(url, "/v1/version")).body.error.code).toBe("overloaded");
  await until(() => active() === 0);
  expect((await tell(url, "/v1/version")).status).toBe(200);
  socket.destroy();
});

test("whoever waits and goes away leaves the queue", async () => {
  const gate = createGate();
  const { url, waiting } = await startTestApi({
    limits: { concurrentRequests: 1, queuedRequests: 1 },
    plan: gate.plan,
  });
  const first = tell(url, "/v1/config/plan", plan("a: 1"));
  await until(() => gate.entered() === 1);
  const leaving = new AbortController();
  const gone = fetch(`${url}/v1/version`, {
    headers: { authorization: `Bearer ${adminKey}` },
    signal: leaving.signal,
  }).catch(() => "gone");
  await until(() => waiting() === 1);
  expect((await tell(url, "/v1/version")).status).toBe(503);
  leaving.abort();
  expect(await gone).toBe("gone");
  await until(() => waiting() === 0);
  const next = tell(url, "/v1/version");
  await until(() => waiting() === 1);
  gate.open();
  expect([(await first).status, (await next).status]).toEqual([200, 200]);
});

test("draining: what is under way ends, what waits or comes is refused by name, /ready says so at once", async () => {
  const gate = createGate();
  const { url, drain, waiting } = await startTestApi({
    limits: { concurrentRequests: 1 },
    plan: gate.plan,
  });
  const underWay = tell(url, "/v1/config/plan", plan("a: 1"));
  await until(() => gate.entered() === 1);
  const queued = tell(url, "/v1/version");
  await until(() => waiting() === 1);

  const drained = drain(5_000);
  const refused = await queued;
  expect([refused.status, refused.body.error.code]).toEqual([503, "draining"]);
  expect(refused.headers).toMatchObject({ "retry-after": "1", connection: "close" });
  const coming = await tell(url, "/v1/version");
  expect([coming.status, coming.body.error.code]).toEqual([503, "draining"]);
  const ready = await tell(url, "/ready", { key: null });
  expect([ready.status, ready.body.checks]).toEqual([
    503,
    [{ name: "serving", ready: false, reason: "shutting down" }],
  ]);
  expect((await tell(url, "/health", { key: null })).status).toBe(200);

  gate.open();
  expect((await underWay).status).toBe(200);
  expect(await drained).toBe("drained");
  await expect(tell(url, "/health")).rejects.toThrow("ECONNREFUSED");
});

test("draining cuts what does not end within the bound", async () => {
  const gate = createGate();
  const { url, drain } = await startTestApi({ plan: gate.plan });
  const underWay = tell(url, "/v1/config/plan", plan("a: 1")).catch(
    (error: Error) => error.message,
  );
  await until(() => gate.entered() === 1);
  expect(await drain(100)).toBe("cut");
  expect(await underWay).toContain("socket hang up");
  gate.open();
});

test("/ready names what is not, and a check that hangs or throws is not ready", async () => {
  const { url } = await startTestApi({
    checks: [
      { name: "store", check: () => "does not answer" },
      { name: "wake", check: () => new Promise(() => undefined) },
      { name: "config", check: () => Promise.reject(new Error("postgres://user:password@host")) },
      { name: "bus", check: () => null },
    ],
  });
  const told = await tell(url, "/ready", { key: null });
  expect(told.status).toBe(503);
  expect(told.body).toEqual({
    status: "not ready",
    checks: [
      { name: "serving", ready: true, reason: null },
      { name: "store", ready: false, reason: "does not answer" },
      { name: "wake", ready: false, reason: "does not answer in time" },
      { name: "config", ready: false, reason: "fails" },
      { name: "bus", ready: true, reason: null },
    ],
  });
});
