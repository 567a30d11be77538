import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  agree,
  ann,
  bob,
  clientSecretKey,
  createHouse,
  putSecret,
  show,
  sources,
  tenant,
  toAsk,
  toPrincipal,
  userSource,
} from "../../test/oauth/broker-under-test.ts";
import { createScriptedIssuers } from "../../test/oauth/scripted-issuers.ts";
import { Fault, type Digest, type TenantId } from "../model/index.ts";
import { SecretValue } from "../ports/secrets.ts";

const apiKey = sources.static.secret;

describe("a static header", () => {
  test("is read once, given without waiting after that, and looked at again in half a minute", async () => {
    const { clock, vault, createReplica } = createHouse(createScriptedIssuers(), sources.static);
    const broker = createReplica();
    expect(show(await broker.headersFor(toAsk()))).toBe("secret_missing");
    await putSecret(vault, apiKey, "one-secret");
    clock.advance(1_000);
    expect(broker.recall(toAsk())).toBeNull();
    const first = await broker.headersFor(toAsk());
    expect(show(first)).toEqual({ "x-api-key": "key one-secret" });
    expect(broker.recall(toAsk())).toBe(first);
    // For anybody of the tenant.
    expect(broker.recall(toAsk({ principal: bob }))).toBe(first);
    await putSecret(vault, apiKey, "two-secret");
    clock.advance(30_000);
    expect(broker.recall(toAsk())).toBeNull();
    const second = await broker.headersFor(toAsk());
    expect(show(second)).toEqual({ "x-api-key": "key two-secret" });
    expect([first, second].map((one) => one.kind === "ready" && one.id)).toEqual([
      expect.stringMatching(/^github\/static\/[0-9a-f]{12}@1$/),
      expect.stringMatching(/^github\/static\/[0-9a-f]{12}@2$/),
    ]);
  });

  test.each(["line\nbreak", "carriage\rreturn", "nul\0", "größe", "x".repeat(20_000)])(
    "is refused where its value is no header: %j",
    async (value) => {
      const { vault, createReplica } = createHouse(createScriptedIssuers(), sources.static);
      await putSecret(vault, apiKey, value);
      const outcome = await createReplica().headersFor(toAsk());
      expect(show(outcome)).toBe("secret_unusable");
      expect(JSON.stringify(outcome)).not.toContain(value);
    },
  );

  test("stays with its tenant and with the hosts that the secret itself is bound to", async () => {
    const elsewhere = { ...apiKey, tenant: "other" as TenantId };
    const house = createHouse(createScriptedIssuers(), { ...sources.static, secret: elsewhere });
    await putSecret(house.vault, elsewhere, "of-another-tenant");
    expect(show(await house.createReplica().headersFor(toAsk()))).toBe("other_tenant");
    const foreign = toAsk({ principal: toPrincipal("ann", { tenant: "other" as TenantId }) });
    expect(show(await house.createReplica().headersFor(foreign))).toBe("other_tenant");
    house.sources.set("github", sources.static);
    await putSecret(house.vault, apiKey, "of-this-tenant");
    expect(show(await house.createReplica().headersFor(foreign))).toBe("other_tenant");
    const asking = { tenant: "nobody" as TenantId };
    expect(show(await house.createReplica().headersFor(toAsk(asking)))).toBe("other_tenant");

    const hosts = ["api.example.com", "b.example.com"];
    house.sources.set("github", { ...sources.static, hosts });
    const value = new SecretValue("bound-secret");
    await house.vault.put(apiKey, { value, hosts: ["b.example.com"] });
    const broker = house.createReplica();
    expect(show(await broker.headersFor(toAsk({ host: "b.example.com:443" })))).toEqual({
      "x-api-key": "key bound-secret",
    });
    for (let round = 0; round < 2; round += 1)
      expect(show(await broker.headersFor(toAsk()))).toBe("host_not_bound");
  });
});

test("another revision of the configuration does not use what the one before it kept", async () => {
  const {
    vault,
    sources: configured,
    createReplica,
  } = createHouse(createScriptedIssuers(), sources.static);
  await putSecret(vault, apiKey, "one-secret");
  const broker = createReplica();
  await broker.headersFor(toAsk());
  configured.set("github", { ...sources.static, header: "X-Other", prefix: "" });
  expect(broker.recall(toAsk())).toBeNull();
  expect(show(await broker.headersFor(toAsk()))).toEqual({ "x-other": "one-secret" });
  configured.delete("github");
  expect(show(await broker.headersFor(toAsk()))).toBe("not_configured");
});

describe("client credentials", () => {
  test("are asked for once by many, kept until shortly before they run out, then asked for anew", async () => {
    const issuers = createScriptedIssuers();
    const { clock, vault, createReplica } = createHouse(issuers, sources.clientCredentials);
    await putSecret(vault, clientSecretKey, "client-secret-value");
    const broker = createReplica();
    const many = await Promise.all(Array.from({ length: 20 }, () => broker.headersFor(toAsk())));
    expect(new Set(many.map((one) => one.kind === "ready" && one.id)).size).toBe(1);
    expect(show(many[0]!)).toEqual({ authorization: "Bearer access-1" });
    expect(issuers.grants).toEqual([
      {
        kind: "client-credentials",
        scopes: ["read"],
        resource: "https://api.example.com/mcp",
        audience: null,
      },
    ]);
    clock.advance(3_600_000 - 30_001);
    expect(show(broker.recall(toAsk()))).toEqual({ authorization: "Bearer access-1" });
    clock.advance(1);
    expect(broker.recall(toAsk())).toBeNull();
    expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer access-2" });
  });

  test("that are rejected are asked for once more, whoever says so, and not again for a minute", async () => {
    const issuers = createScriptedIssuers();
    const { clock, vault, createReplica } = createHouse(issuers, sources.clientCredentials);
    await putSecret(vault, clientSecretKey, "client-secret-value");
    const broker = createReplica();
    const idOf = async (): Promise<string> => {
      const outcome = await broker.headersFor(toAsk());
      return outcome.kind === "ready" ? outcome.id : "";
    };
    const first = await idOf();
    // Twenty calls were under way with it.
    expect(Array.from({ length: 20 }, () => broker.rejected(first))).not.toContain(false);
    const second = await idOf();
    expect(broker.rejected(first)).toBe(true);
    expect(second).not.toBe(first);
    expect(broker.rejected(second)).toBe(false);
    expect(await idOf()).toBe(second);
    expect(issuers.grants).toHaveLength(2);
    clock.advance(60_000);
    expect(broker.rejected(second)).toBe(true);
    expect(await idOf()).not.toBe(second);
    expect(broker.rejected("github/client-credentials/unknown@1")).toBe(false);
  });

  test("that are refused are not asked for by each call", async () => {
    const issuers = createScriptedIssuers();
    issuers.answer = async () => ({ kind: "refused", error: "invalid_client" });
    const { clock, vault, createReplica } = createHouse(issuers, sources.clientCredentials);
    await putSecret(vault, clientSecretKey, "client-secret-value");
    const broker = createReplica();
    for (let round = 0; round < 5; round += 1)
      expect(show(await broker.headersFor(toAsk()))).toBe("issuer_refused");
    expect(issuers.grants).toHaveLength(1);
    clock.advance(30_000);
    await broker.headersFor(toAsk());
    expect(issuers.grants).toHaveLength(2);
  });

  test("I13: an issuer that fails is left alone, longer each time, and asked again later", async () => {
    const issuers = createScriptedIssuers();
    const works = issuers.answer;
    issuers.answer = () => Promise.reject(new Fault("upstream_unreachable", "down"));
    const { clock, vault, createReplica } = createHouse(issuers, sources.clientCredentials);
    await putSecret(vault, clientSecretKey, "client-secret-value");
    const broker = createReplica();
    const codes: string[] = [];
    for (let second = 0; second < 300; second += 1) {
      await broker.headersFor(toAsk()).catch((error: Fault) => codes.push(error.code));
      clock.advance(1_000);
    }
    expect(codes).toHaveLength(300);
    expect(codes.filter((code) => code === "upstream_unreachable").length).toBeLessThan(15);
    expect(new Set(codes)).toEqual(new Set(["upstream_unreachable", "upstream_open"]));
    issuers.answer = works;
    clock.advance(60_000);
    expect(show(await broker.headersFor(toAsk()))).toMatchObject({
      authorization: expect.stringMatching(/^Bearer /),
    });
  });

  test("the client's secret goes to no issuer that it is not bound to", async () => {
    const issuers = createScriptedIssuers();
    const { vault, createReplica } = createHouse(issuers, sources.clientCredentials);
    const value = new SecretValue("client-secret-value");
    await vault.put(clientSecretKey, { value, hosts: ["other-issuer.example"] });
    expect(show(await createReplica().headersFor(toAsk()))).toBe("host_not_bound");
    expect(issuers.grants).toEqual([]);
    await vault.put(clientSecretKey, { value, hosts: ["issuer.example"] });
    expect(show(await createReplica().headersFor(toAsk()))).toEqual({
      authorization: "Bearer access-1",
    });
  });
});

describe("token exchange", () => {
  test("I10: carries our own token for each principal, and keeps what it gets apart", async () => {
    const issuers = createScriptedIssuers();
    const { minted, createReplica } = createHouse(issuers, sources.exchange);
    const broker = createReplica();
    const bundle = `sha256:${"0".repeat(64)}` as Digest;
    const agent = toPrincipal("ann", { actor: { agent: "helper", bundle } });
    // Written so that a key of joined lines would take it for the agent of ann.
    const trick = toPrincipal(`ann\n${bundle}\nhelper`);
    for (const principal of [ann, agent, bob, trick, ann])
      expect(show(await broker.headersFor(toAsk({ principal })))).toHaveProperty("authorization");
    expect(minted.map(({ principal }) => principal)).toEqual([ann, agent, bob, trick]);
    expect(minted[0]!.audience).toBe("https://issuer.example");
    expect(
      issuers.grants.map((grant) => grant.kind === "exchange" && grant.subjectToken.reveal()),
    ).toEqual([
      "minted-for-ann",
      "minted-for-ann",
      "minted-for-bob",
      `minted-for-${trick.subject}`,
    ]);
  });
});

test("I9: nothing that comes out prints a value", async () => {
  const issuers = createScriptedIssuers();
  const { vault, createReplica } = createHouse(issuers, userSource);
  const broker = createReplica();
  await agree(broker);
  const outcome = await broker.headersFor(toAsk());
  const stored = await vault.list(tenant, { after: null, limit: 10 });
  for (const value of [outcome, stored, issuers.grants, broker]) {
    const printed = `${inspect(value, { depth: 9, showHidden: true })}${JSON.stringify(value)}`;
    expect(printed).not.toMatch(/access-\d|refresh-\d/);
  }
  expect(String(outcome.kind === "ready" && outcome.headers)).toBe("[secret]");
});

test("I13: the memory of credentials is bounded, and what is pushed out is got again", async () => {
  const issuers = createScriptedIssuers();
  const { createReplica } = createHouse(issuers, sources.exchange, { maxCached: 10 });
  const broker = createReplica();
  const asks = Array.from({ length: 30 }, (_, index) =>
    toAsk({ principal: toPrincipal(`user-${index}`) }),
  );
  for (const ask of asks) await broker.headersFor(ask);
  expect(asks.filter((ask) => broker.recall(ask) !== null)).toEqual(asks.slice(20));
  expect(show(await broker.headersFor(asks[0]!))).toHaveProperty("authorization");
});
