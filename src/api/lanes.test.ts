import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { approverKey, speak, startTestApi, tell } from "../../test/start-api.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { createKeyring, hashKey, type KeyHolder } from "../authority/keyring.ts";
import { createApp } from "./app.ts";
import type { Contract } from "./contract.ts";
import { createLanes } from "./lanes.ts";

const json = { method: "POST", headers: { "content-type": "application/json" } };
const all = { kind: "all", name: "" };
const stop = { ...json, body: JSON.stringify({ ...all, reason: "stop" }) };
const lift = { ...json, body: JSON.stringify(all) };
const token = { method: "POST", key: null, headers: { "content-type": "text/plain" }, body: "" };

test("whoever has no key holds no place of those who have one", async () => {
  const { url } = await startTestApi({ limits: { concurrentRequests: 1, queuedRequests: 0 } });
  const { hostname, port } = new URL(url);
  for (let count = 0; count < 40; count += 1) {
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write(
      "POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n" +
        "content-type: application/x-www-form-urlencoded\r\n\r\n",
    );
  }
  await vi.waitFor(async () => {
    expect((await tell(url, "/oauth/token", token)).body.error.code).toBe("overloaded");
  });
  expect((await tell(url, "/v1/version")).status).toBe(200);
  expect((await tell(url, "/connect", { key: null })).status).toBe(200);
  expect((await tell(url, "/v1/freezes", stop)).status).toBe(200);
});

test("however busy others keep the server, whoever may freeze it does", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  onTestFinished(() => resolve());
  const { url, active } = await startTestApi({
    limits: { concurrentRequests: 1, queuedRequests: 0 },
    plan: () => promise.then(() => ({ kind: "invalid", problems: [] }) as never),
  });
  const headers = { "content-type": "application/yaml" };
  void tell(url, "/v1/config/plan", { method: "POST", headers, body: "a: 1" }).catch(() => null);
  await vi.waitFor(() => expect(active()).toBe(1));
  expect((await tell(url, "/v1/version")).body.error.code).toBe("overloaded");
  expect((await tell(url, "/v1/freezes", stop)).status).toBe(200);
  expect((await tell(url, "/v1/freezes/lift", lift)).status).toBe(200);
  // Whoever may not has no place there to take, and what only looks has none either.
  const other = await tell(url, "/v1/freezes", { ...stop, key: approverKey });
  expect(other.body.error.code).toBe("overloaded");
  expect((await tell(url, "/v1/freezes")).body.error.code).toBe("overloaded");
});

test("a body that does not arrive in its time is not waited for", async () => {
  const contract = {
    post: {
      method: "POST",
      path: "/form",
      summary: "",
      access: "open",
      consumes: ["text/plain"],
      bodyWithinMs: 100,
      answers: { 200: { description: "", schema: z.string() } },
    },
  } as const satisfies Contract;
  const telemetry = { count: () => {}, observe: () => {}, gauge: () => {}, log: () => {} };
  const answers = { post: ({ body }: { body: string }) => ({ status: 200, body }) as const };
  const bodyLimitBytes = () => 1_000;
  const app = createApp({ contract, answers, clock: systemClock, telemetry, bodyLimitBytes });
  const server = createServer((incoming, outgoing) => {
    const gone = new AbortController();
    const visit = { id: "id", holder: null, gone, signal: gone.signal, pending: null };
    void app(incoming, outgoing, visit);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const head =
    "POST /form HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n";
  const slow = await speak(url, `${head}\r\na`);
  expect(slow).toMatch(/^HTTP\/1.1 408 /);
  expect(slow).toMatch(/request_timeout/);
  expect(await speak(url, `${head}connection: close\r\n\r\nabc`)).toMatch(/200 OK[^]*"abc"$/);
});

test("one caller takes half of the streams at most, and those who stop wait for every lane", async () => {
  const keys = ["a", "b"].map((id) => ({ id, role: "caller", sha256: hashKey(id) }) as const);
  const keyring = createKeyring(keys);
  const limits = { concurrentRequests: 1, queuedRequests: 1, openStreams: 4 };
  const lanes = createLanes({ limits: () => limits, telemetry: { gauge: () => undefined } });
  const { signal } = new AbortController();
  const holderOf = (id: string): KeyHolder => keyring.identify(id)!;
  const enter = (id: string) =>
    lanes.enter({ lane: "streams", roles: [], holder: holderOf(id), signal });
  const [leave] = [await enter("a"), await enter("a")];
  await expect(enter("a")).rejects.toMatchObject({ code: "overloaded" });
  await enter("b");
  leave();
  leave();
  await enter("a");
  await expect(enter("a")).rejects.toMatchObject({ code: "overloaded" });

  const form = await lanes.enter({ lane: "forms", roles: [], holder: null, signal });
  lanes.drain();
  let isIdle = false;
  const idle = lanes.whenIdle().then(() => void (isIdle = true));
  await new Promise(setImmediate);
  expect([lanes.draining, isIdle]).toEqual([true, false]);
  form();
  await idle;
});
