import { expect, test } from "vitest";
import { looker, toCatalog, toConfig, travel } from "../../test/rollout/scene.ts";
import { startTestApi, tell } from "../../test/start-api.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import { createKeyIdentity } from "../authority/identity.ts";
import type { KeyHolder, Role } from "../authority/keyring.ts";
import { toDigest, type TenantId } from "../model/index.ts";
import { createInMemoryBlobs } from "../ports/in-memory-rows.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createBundles } from "../rollout/bundles.ts";

const blobs = createInMemoryBlobs();

async function open(config = toConfig()) {
  const catalog = await toCatalog(config);
  return createBundles({
    config,
    catalog: () => catalog,
    look: () => Promise.reject(new Error("nobody is new")),
    blobs,
    skills: new Map(),
    home: "default" as TenantId,
    clock: createManualClock(1_000),
    toDecider: () => createRuleDecider("deny-all"),
  });
}

const everybody = ["admin", "viewer", "operator", "auditor", "caller", "approver"] as const;

function toHolder(role: Role, tenant: string): KeyHolder {
  const name = { tenant: tenant as TenantId, subject: role };
  const calls = role !== "approver";
  return {
    id: role,
    access: [role],
    principal: calls ? { ...name, kind: "service", actor: null } : null,
    approves: calls ? null : name,
    roles: [],
    toolsets: null,
    opens: null,
    proof: { scopes: [], audiences: [], expiresAtMs: Number.POSITIVE_INFINITY },
  };
}

const holders = new Map<string, KeyHolder>([
  ...everybody.map((role) => [`${role}-key`, toHolder(role, "default")] as const),
  ["foreign-key", toHolder("viewer", "other")],
]);
const keyring = {
  identify: (key: string) => holders.get(key) ?? null,
  identifyByNames: () => null,
};

async function start() {
  let current = await open();
  const api = await startTestApi({
    bundles: () => current,
    identity: createKeyIdentity(keyring),
  });
  const get = (path: string, key = "admin-key") => tell(api.url, `/v1/bundles${path}`, { key });
  const build = (body: unknown, key = "admin-key") =>
    tell(api.url, "/v1/bundles", {
      method: "POST",
      key,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const serve = async (config: ReturnType<typeof toConfig>) => void (current = await open(config));
  return { get, build, serve };
}

test("a bundle is built, shown, and compared with the next one", async () => {
  const { get, build, serve } = await start();
  const first = await build({ agent: "travel" });
  expect(first).toMatchObject({ status: 200, body: { bundle: { agent: "travel" } } });
  expect((await get(`/${first.body.digest}`)).body).toEqual(first.body);
  await serve(toConfig({ agents: { travel: { ...travel, maxTokens: 9 }, looker } }));
  const second = await build({ agent: "travel" });
  const diff = await get(`/${first.body.digest}/diff/${second.body.digest}`);
  expect(diff.body).toEqual({
    from: first.body.digest,
    to: second.body.digest,
    changes: [{ component: "model fast", text: "model fast: maxTokens 4096 → 9" }],
  });
});

test("the list names each agent's bundle of now, or why there is none, and keeps nothing", async () => {
  const { get, serve } = await start();
  await serve(
    toConfig({
      agents: { travel: { ...travel, maxSteps: 3 }, looker: { ...looker, tools: ["no"] } },
    }),
  );
  const { body } = await get("");
  expect(body.bundles).toMatchObject([
    { agent: "travel", description: "Books flights.", problem: null },
    { agent: "looker", digest: null, problem: expect.stringContaining("tool no") as string },
  ]);
  expect((await get(`/${body.bundles[0].digest}`)).status).toBe(404);
  expect((await get("?agent=travel")).body.bundles).toHaveLength(1);
  const unknown = await get("?agent=travle");
  expect(unknown.status).toBe(404);
  expect(unknown.text).toContain("Did you mean travel?");
});

test("what is no agent, no digest or no body is refused", async () => {
  const { get, build, serve } = await start();
  expect((await build({ agent: "nobody" })).status).toBe(404);
  expect((await build({ agnet: "travel" })).status).toBe(400);
  expect((await build({ agent: "a".repeat(5_000) })).status).toBe(413);
  expect((await get("/sha256:1")).status).toBe(400);
  const none = toDigest("none");
  expect((await get(`/${none}`)).status).toBe(404);
  expect((await get(`/${none}/diff/${none}`)).status).toBe(404);
  await serve(toConfig({ agents: { looker: { ...looker, tools: ["flights__gone"] } } }));
  const drifted = await build({ agent: "looker" });
  expect([drifted.status, drifted.body.error?.code ?? drifted.text]).toEqual([409, "tool_blocked"]);
});

test("who may read may look, operators may build, approvers and callers neither", async () => {
  const { get, build } = await start();
  const { digest } = (await build({ agent: "travel" })).body;
  const codes: Record<string, readonly number[]> = {};
  for (const role of ["viewer", "auditor", "operator", "caller", "approver"]) {
    const key = `${role}-key`;
    const answers = [
      await get("", key),
      await get(`/${digest}`, key),
      await get(`/${digest}/diff/${digest}`, key),
      await build({ agent: "travel" }, key),
    ];
    codes[role] = answers.map(({ status }) => status);
  }
  // What another tenant keeps is not there, whatever its digest.
  expect((await get(`/${digest}`, "foreign-key")).status).toBe(404);
  expect((await get(`/${digest}/diff/${digest}`, "foreign-key")).status).toBe(404);
  expect(codes).toEqual({
    viewer: [200, 200, 200, 403],
    auditor: [200, 200, 200, 403],
    operator: [200, 200, 200, 200],
    caller: [403, 403, 403, 403],
    approver: [403, 403, 403, 403],
  });
});
