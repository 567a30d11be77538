import { describe, expect, test } from "vitest";
import {
  agree,
  ann,
  bob,
  createHouse,
  show,
  tenant,
  toAsk,
  toPrincipal,
  userSource,
} from "../../test/oauth/broker-under-test.ts";
import { createScriptedIssuers, toToken } from "../../test/oauth/scripted-issuers.ts";
import { Fault, type Digest } from "../model/index.ts";
import type { SecretKey } from "../ports/vault.ts";

describe("a person's grant", () => {
  test("is asked for with a page of ours, and then is there for every replica and for the agent", async () => {
    const issuers = createScriptedIssuers();
    const { createReplica } = createHouse(issuers, userSource);
    const [one, other] = [createReplica(), createReplica()];
    const asked = await one.headersFor(toAsk());
    expect(asked).toMatchObject({
      kind: "consent",
      url: expect.stringMatching(/^https:\/\/gate\.example\/connect\?consent=/),
    });
    // Whoever asks meanwhile is shown the same page.
    expect(await other.headersFor(toAsk())).toEqual(asked);
    await agree(other);
    expect(show(await one.headersFor(toAsk()))).toEqual({ authorization: "Bearer access-1" });
    const actor = { agent: "helper", bundle: `sha256:${"0".repeat(64)}` as Digest };
    const principal = toPrincipal("ann", { actor });
    expect(show(await one.headersFor(toAsk({ principal })))).toEqual({
      authorization: "Bearer access-1",
    });
    expect(show(await one.headersFor(toAsk({ principal: bob })))).toBe("consent");
    // The same name of another kind is somebody else.
    const service = toPrincipal("ann", { kind: "service" });
    expect(show(await one.headersFor(toAsk({ principal: service })))).toBe("consent");
  });

  test("twenty calls on two replicas refresh once, and both use what that one got", async () => {
    const issuers = createScriptedIssuers();
    const { clock, createReplica } = createHouse(issuers, userSource);
    const replicas = [createReplica(), createReplica()];
    await agree(replicas[0]!);
    clock.advance(3_600_000);
    const calls = Array.from({ length: 20 }, (_, index) =>
      replicas[index % 2]!.headersFor(toAsk()),
    );
    const shown = new Set((await Promise.all(calls)).map((one) => JSON.stringify(show(one))));
    expect([...shown]).toEqual(['{"authorization":"Bearer access-2"}']);
    expect(issuers.grants.map(({ kind }) => kind)).toEqual(["code", "refresh"]);
    clock.advance(3_600_000);
    await Promise.all(replicas.map((replica) => replica.headersFor(toAsk())));
    const tokens = issuers.grants.flatMap((one) =>
      one.kind === "refresh" ? [one.token.reveal()] : [],
    );
    expect(tokens).toEqual(["refresh-1", "refresh-2"]);
  });

  test("a rejected token is refreshed once by however many replicas hear of it", async () => {
    const issuers = createScriptedIssuers();
    const { createReplica } = createHouse(issuers, userSource);
    const replicas = [createReplica(), createReplica()];
    await agree(replicas[0]!);
    const ids = await Promise.all(
      replicas.map(async (replica) => {
        const outcome = await replica.headersFor(toAsk());
        return outcome.kind === "ready" ? outcome.id : "";
      }),
    );
    expect(ids[0]).toBe(ids[1]);
    for (const replica of replicas) expect(replica.rejected(ids[0]!)).toBe(true);
    const outcomes = await Promise.all(replicas.map((replica) => replica.headersFor(toAsk())));
    expect(outcomes.map(show)).toEqual([
      { authorization: "Bearer access-2" },
      { authorization: "Bearer access-2" },
    ]);
    expect(issuers.grants).toHaveLength(2);
  });

  test("that the issuer no longer honours is removed, and the person is asked again", async () => {
    const issuers = createScriptedIssuers();
    const { clock, vault, createReplica } = createHouse(issuers, userSource);
    const broker = createReplica();
    await agree(broker);
    issuers.answer = async () => ({ kind: "refused", error: "invalid_grant" });
    clock.advance(3_600_000);
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
    const page = { after: null, limit: 10 };
    const names = (await vault.list(tenant, page)).map(({ name }) => name);
    expect(names).toEqual(["oauth.consent.github"]);
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
    expect(issuers.grants.filter(({ kind }) => kind === "refresh")).toHaveLength(1);
  });

  test("is kept when the issuer cannot be reached or refuses the client", async () => {
    const issuers = createScriptedIssuers();
    const works = issuers.answer;
    const { clock, createReplica } = createHouse(issuers, userSource);
    const broker = createReplica();
    await agree(broker);
    clock.advance(3_600_000);
    issuers.answer = () => Promise.reject(new Fault("upstream_unreachable", "down"));
    await expect(broker.headersFor(toAsk())).rejects.toMatchObject({
      code: "upstream_unreachable",
    });
    clock.advance(60_000);
    issuers.answer = async () => ({ kind: "refused", error: "invalid_client" });
    expect(show(await broker.headersFor(toAsk()))).toBe("issuer_refused");
    clock.advance(60_000);
    issuers.answer = works;
    expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer access-2" });
  });

  test("without a refresh token ends when the access token does", async () => {
    const issuers = createScriptedIssuers();
    issuers.answer = async () => toToken({ access: "a", refresh: null, expiresInS: 60 });
    const { clock, createReplica } = createHouse(issuers, userSource);
    const broker = createReplica();
    await agree(broker);
    expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer a" });
    clock.advance(54_000);
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
  });

  test("is for the issuer, client, scopes and hosts that the person agreed to, and for no others", async () => {
    const issuers = createScriptedIssuers();
    const house = createHouse(issuers, userSource);
    await agree(house.createReplica());
    const place = { ...userSource.issuer, issuer: "https://evil.example" };
    for (const changed of [
      { ...userSource, issuer: place },
      { ...userSource, client: { ...userSource.client, id: "them" } },
      { ...userSource, scopes: ["read", "write"] },
      { ...userSource, resource: "https://other.example/mcp" },
    ]) {
      house.sources.set("github", changed);
      house.clock.advance(3_600_000);
      expect(show(await house.createReplica().headersFor(toAsk()))).toBe("consent");
    }
    house.sources.set("github", { ...userSource, hosts: ["api.example.com", "new.example.com"] });
    const broker = house.createReplica();
    expect(show(await broker.headersFor(toAsk({ host: "new.example.com:443" })))).toBe("consent");
    expect(issuers.grants.map(({ kind }) => kind)).toEqual(["code", "refresh"]);
    expect(show(await broker.headersFor(toAsk()))).toHaveProperty("authorization");
  });

  test("is refreshed by rotate, and gone everywhere soon after revoke", async () => {
    const issuers = createScriptedIssuers();
    const { clock, createReplica } = createHouse(issuers, userSource);
    const [one, other] = [createReplica(), createReplica()];
    await agree(one);
    await other.headersFor(toAsk());
    expect(show(await one.rotate(toAsk()))).toEqual({ authorization: "Bearer access-2" });
    const holder = { tenant, server: "github", principal: ann };
    expect(await one.revoke(holder)).toEqual({ removed: true, revoked: true });
    expect(issuers.revoked.map(({ value, hint }) => [value.reveal(), hint])).toEqual([
      ["refresh-2", "refresh_token"],
    ]);
    expect(show(await one.headersFor(toAsk()))).toBe("consent");
    clock.advance(30_000);
    expect(show(await other.headersFor(toAsk()))).toBe("consent");
    expect(await one.revoke(holder)).toEqual({ removed: false, revoked: false });
  });

  test("that is read while it is revoked is not kept", async () => {
    const issuers = createScriptedIssuers();
    const house = createHouse(issuers, userSource);
    await agree(house.createReplica());
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = {
      ...house.vault,
      read: async (key: SecretKey) => {
        const read = await house.vault.read(key);
        await gate;
        return read;
      },
    };
    const replica = createHouse(issuers, userSource, { vault: slow, clock: house.clock });
    const broker = replica.createReplica();
    const reading = broker.headersFor(toAsk());
    const revoking = broker.revoke({ tenant, server: "github", principal: ann });
    // All of it that waits for nothing else is done by now.
    await new Promise((resolve) => setImmediate(resolve));
    open();
    await Promise.all([reading, revoking]);
    expect(broker.recall(toAsk())).toBeNull();
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
  });

  test("is removed here although the issuer cannot be told", async () => {
    const issuers = createScriptedIssuers();
    const { createReplica } = createHouse(issuers, userSource);
    const broker = createReplica();
    await agree(broker);
    issuers.revoke = () => Promise.reject(new Fault("upstream_unreachable", "down"));
    const holder = { tenant, server: "github", principal: ann };
    expect(await broker.revoke(holder)).toEqual({ removed: true, revoked: false });
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
  });
});
