import { inspect } from "node:util";
import { expect, test } from "vitest";
import { approverKey, startTestApi, tell } from "../../test/start-api.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { systemRandom } from "../adapters/system/system-random.ts";
import { createLocalKeys } from "../authority/local-keys.ts";
import { createVault } from "../authority/vault.ts";
import { SecretValue } from "../ports/secrets.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import type { TenantId } from "../model/index.ts";

const tenant = "default" as TenantId;

async function scene(bodyBytes = 1_000_000) {
  const rows = createInMemoryStore().secrets;
  const keys = createLocalKeys([systemRandom.bytes(32)], systemRandom);
  const vault = createVault({ rows, keys, clock: systemClock, random: systemRandom });
  const api = await startTestApi({ vault, limits: { bodyBytes } });
  const put = (name: string, body: unknown, key?: string) =>
    tell(api.url, `/v1/secrets/${name}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(key === undefined ? {} : { key }),
    });
  return { ...api, vault, put };
}

test("I9: a value goes in and does not come out: not in answers, not in the log", async () => {
  const { url, vault, put, logged, told } = await scene();
  const answers = [
    await put("token", { value: "hunter2", hosts: ["api.example.com"] }),
    await put("token", { value: "hunter2-again" }),
    await tell(url, "/v1/secrets"),
    await tell(url, "/v1/secrets/token"),
    await tell(url, "/v1/secrets/token", { method: "DELETE" }),
    await tell(url, "/v1/secrets/token", { method: "DELETE" }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 405, 200, 404]);
  const [first, , listed] = answers;
  expect(first!.body).toEqual({
    name: "token",
    subject: null,
    version: 1,
    hosts: ["api.example.com"],
    writtenAt: expect.stringMatching(/^20.*Z$/) as unknown,
  });
  expect(listed!.body).toEqual({
    secrets: [{ ...first!.body, version: 2, hosts: [], writtenAt: expect.any(String) as unknown }],
    next: null,
  });
  expect(await vault.read({ tenant, name: "token", subject: null })).toBeNull();
  expect(told).toEqual(["token", "token", "token"]);
  expect(logged).toMatchObject([
    { message: "a secret was written", fields: { name: "token", version: 1, by: "admin" } },
    { message: "a secret was written", fields: { version: 2 } },
    { message: "a secret was removed", fields: { name: "token", subject: null } },
  ]);
  expect(inspect([answers, logged], { depth: 10 })).not.toContain("hunter2");
});

test.each([
  ["no JSON", "hunter2", 400, "not JSON"],
  ["a text alone", '"hunter2"', 400, "value and hosts, and nothing else"],
  ["a value as a key", '{"hunter2":"x"}', 400, "value takes a text"],
  ["another key beside it", '{"value":"x","hunter2":1}', 400, "nothing else"],
  ["a key twice", '{"hunter2":1,"hunter2":2}', 400, "not JSON"],
  ["no text", '{"value":{"hunter2":1}}', 400, "value takes a text"],
  [
    "hosts that are URLs",
    '{"value":"x","hosts":["https://hunter2@a.example.com/"]}',
    400,
    "hosts takes",
  ],
  ["an empty value", '{"value":""}', 400, "not empty"],
  ["too long a value", JSON.stringify({ value: "hunter2".repeat(10_000) }), 413, "at most 65536"],
])("I9: %s is refused and not repeated", async (_, body, status, why) => {
  const { put, logged } = await scene();
  const told = await put("token", body);
  expect([told.status, told.body.error.message]).toEqual([status, expect.stringContaining(why)]);
  expect(told.text + inspect(logged, { depth: 10 })).not.toContain("hunter2");
});

test("a value of 64 KiB passes in whatever spelling, a body beyond the limit does not", async () => {
  const { put, vault } = await scene();
  const escaped = `{"value":"${"\\u0061".repeat(65_536)}"}`;
  expect((await put("token", escaped)).status).toBe(200);
  const read = await vault.read({ tenant, name: "token", subject: null });
  expect(read!.value.reveal()).toHaveLength(65_536);
  expect((await (await scene(1_000)).put("token", escaped)).status).toBe(413);
});

test("only the admin key writes and lists, and a name is a name", async () => {
  const { url, put } = await scene();
  expect((await put("token", { value: "x" }, approverKey)).status).toBe(403);
  expect((await tell(url, "/v1/secrets", { key: approverKey })).status).toBe(403);
  expect((await tell(url, "/v1/secrets", { key: null })).status).toBe(401);
  const removed = await tell(url, "/v1/secrets/token", { method: "DELETE", key: approverKey });
  expect(removed.status).toBe(403);
  for (const name of ["Hunter2", "-x", "a%2Fb", "a%00b", "x".repeat(129)]) {
    const told = await put(name, { value: "x" });
    expect([told.status, told.text]).toEqual([400, expect.not.stringContaining("Hunter2")]);
  }
});

test("lists in pages, grants of subjects among them, and removes one of these", async () => {
  const { url, vault } = await scene();
  const change = { value: new SecretValue("x"), hosts: [] };
  for (let n = 0; n < 450; n += 1) {
    await vault.put({ tenant, name: "grant", subject: `user ${n}` }, change);
  }
  await vault.put({ tenant: "other" as TenantId, name: "grant", subject: null }, change);
  const sizes: number[] = [];
  const seen = new Set<string>();
  for (let after: string | null = ""; after !== null;) {
    const { body } = await tell(url, `/v1/secrets${after === "" ? "" : `?after=${after}`}`);
    sizes.push(body.secrets.length);
    for (const { subject } of body.secrets) seen.add(subject);
    after = body.next;
  }
  expect([sizes, seen.size]).toEqual([[200, 200, 50], 450]);
  const path = "/v1/secrets/grant";
  expect((await tell(url, path, { method: "DELETE" })).status).toBe(404);
  const removed = await tell(url, `${path}?subject=user%207`, { method: "DELETE" });
  expect(removed.body).toEqual({ name: "grant", subject: "user 7" });
  expect((await tell(url, "/v1/secrets?after=nonsense")).status).toBe(400);
});
