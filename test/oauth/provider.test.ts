import { describe, expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { Broker } from "../../src/authority/broker.ts";
import type { ClientSource, CredentialSource, UserSource } from "../../src/ports/credentials.ts";
import { createBrowser } from "./browse.ts";
import {
  ann,
  bob,
  clientSecretKey,
  createHouse,
  putSecret,
  show,
  sources,
  tenant,
  toAsk,
} from "./broker-under-test.ts";
import {
  clientKey,
  clientSecret,
  redirectUri,
  resource,
  startProvider,
  type ProviderUnderTest,
} from "./start-provider.ts";

const issuers = () => createTokenIssuers({ dialer: createDialer(), clock: systemClock });
const person: ClientSource = { metadataUrl: null, id: "person", auth: { kind: "none" } };
const holder = { tenant, server: "github", principal: ann };

function toHouse(source: CredentialSource) {
  const house = createHouse(issuers(), source, { random: systemRandom });
  // The provider's clock is the real one: time begins now, and can be put forward.
  house.clock.advance(systemClock.nowMs() - house.clock.nowMs());
  return house;
}

function toUser({ issuer }: ProviderUnderTest, scopes: readonly string[]): UserSource {
  const place = { kind: "discovered", issuer, private: true } as const;
  return { ...sources.user, issuer: place, client: person, scopes, redirectUri, resource };
}

function toMachine({ issuer }: ProviderUnderTest, client: ClientSource): CredentialSource {
  const place = { kind: "discovered", issuer, private: true } as const;
  return { ...sources.clientCredentials, issuer: place, client, resource };
}

async function open(broker: Broker): Promise<string> {
  const asked = await broker.begin(holder);
  if (asked.kind !== "consent") throw new Error(asked.kind);
  const ticket = new URL(asked.url).searchParams.get("consent")!;
  const sent = await broker.authorize(ticket, ann);
  if (sent.kind !== "redirect") throw new Error(`${sent.why}: ${sent.message}`);
  return sent.url;
}

async function agree(broker: Broker): Promise<unknown> {
  return broker.finish(await createBrowser().agree(await open(broker), "ann"), ann);
}

async function introspect({ issuer }: ProviderUnderTest, token: string): Promise<unknown> {
  const answer = await fetch(`${issuer}/token/introspection`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`machine:${clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  });
  return answer.json();
}

async function tokenOf(broker: Broker): Promise<string> {
  const shown = show(await broker.headersFor(toAsk())) as { authorization?: string };
  return shown.authorization?.replace("Bearer ", "") ?? JSON.stringify(shown);
}

describe("client credentials of a real provider", () => {
  test.each([
    ["a secret in the header", "machine", "basic"],
    ["a key", "keyed", "key"],
  ] as const)("with %s, for one resource", async (_, id, how) => {
    const provider = await startProvider();
    const auth =
      how === "key"
        ? { kind: "key" as const, secret: clientSecretKey, keyId: null }
        : { kind: "secret" as const, secret: clientSecretKey, how };
    const { vault, createReplica } = toHouse(toMachine(provider, { metadataUrl: null, id, auth }));
    const pem = String(clientKey.privateKey.export({ type: "pkcs8", format: "pem" }));
    await putSecret(vault, clientSecretKey, how === "key" ? pem : clientSecret);
    const token = await tokenOf(createReplica());
    expect(token).toMatch(/^[\w-]{20,}$/);
    const [request] = provider.tokenRequests;
    expect(request!.form.get("grant_type")).toBe("client_credentials");
    expect(request!.form.get("resource")).toBe(resource);
    expect(request!.authorization !== "").toBe(how === "basic");
    if (how === "basic")
      expect(await introspect(provider, token)).toMatchObject({ active: true, aud: resource });
  });

  test("with a wrong secret are refused, and nothing of it is in the message", async () => {
    const provider = await startProvider();
    const auth = { kind: "secret", secret: clientSecretKey, how: "basic" } as const;
    const client = { metadataUrl: null, id: "machine", auth };
    const { vault, createReplica } = toHouse(toMachine(provider, client));
    await putSecret(vault, clientSecretKey, "not-the-secret-at-all");
    const outcome = await createReplica().headersFor(toAsk());
    expect(show(outcome)).toBe("issuer_refused");
    expect(JSON.stringify(outcome)).toContain("invalid_client");
    expect(JSON.stringify(outcome)).not.toContain("not-the-secret");
  });
});

describe("a person's grant of a real provider", () => {
  test("is agreed to in the browser, refreshed with rotation, and revoked", async () => {
    const provider = await startProvider();
    const house = toHouse(toUser(provider, ["openid", "offline_access", "read"]));
    const replicas = [house.createReplica(), house.createReplica()];
    expect(await agree(replicas[0]!)).toEqual({ kind: "granted", server: "github" });
    const first = await tokenOf(replicas[1]!);
    const [code] = provider.tokenRequests;
    expect(code!.form.get("code_verifier")).toMatch(/^[\w-]{43}$/);
    expect(code!.form.get("resource")).toBe(resource);

    house.clock.advance(600_000);
    const calls = Array.from({ length: 20 }, (_, at) => replicas[at % 2]!.headersFor(toAsk()));
    const shown = (await Promise.all(calls)).map((one) => JSON.stringify(show(one)));
    expect(new Set(shown).size).toBe(1);
    const second = await tokenOf(replicas[0]!);
    expect(second).not.toBe(first);
    house.clock.advance(600_000);
    const third = await tokenOf(replicas[1]!);
    expect(third).not.toBe(second);
    const refreshes = provider.tokenRequests.flatMap(({ form }) =>
      form.get("grant_type") === "refresh_token" ? [form.get("refresh_token")] : [],
    );
    expect(refreshes).toHaveLength(2);
    expect(new Set(refreshes).size).toBe(2);
    expect(provider.revokedGrants).toEqual([]);

    expect(await replicas[0]!.revoke(holder)).toEqual({ removed: true, revoked: true });
    expect(provider.revokedGrants).toHaveLength(1);
    expect(await introspect(provider, third)).toEqual({ active: false });
    expect(show(await replicas[0]!.headersFor(toAsk()))).toBe("consent");
  });

  test("whose refresh token somebody else used is revoked by the provider, and asked for again", async () => {
    const provider = await startProvider();
    const house = toHouse(toUser(provider, ["openid", "offline_access", "read"]));
    const broker = house.createReplica();
    await agree(broker);
    house.clock.advance(600_000);
    await tokenOf(broker);
    const stolen = provider.tokenRequests.at(-1)!.form;
    // The thief comes late: the token was rotated, and the provider ends the whole grant.
    const reuse = await fetch(`${provider.issuer}/token`, { method: "POST", body: stolen });
    expect(await reuse.json()).toMatchObject({ error: "invalid_grant" });
    expect(provider.revokedGrants).toHaveLength(1);
    house.clock.advance(600_000);
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
    const before = provider.tokenRequests.length;
    expect(show(await broker.headersFor(toAsk()))).toBe("consent");
    expect(provider.tokenRequests).toHaveLength(before);
    expect(await agree(broker)).toMatchObject({ kind: "granted" });
    expect(await tokenOf(broker)).toMatch(/^[\w-]{20,}$/);
  });

  test("that the person denies is a denial, and the consent is used up", async () => {
    const provider = await startProvider();
    const broker = toHouse(toUser(provider, ["openid"])).createReplica();
    const callback = await createBrowser().deny(await open(broker), "ann");
    expect(await broker.finish(callback, ann)).toMatchObject({ kind: "refused", why: "denied" });
    expect(await broker.finish(callback, ann)).toMatchObject({ why: "state_unknown" });
    expect(provider.tokenRequests).toEqual([]);
  });

  test("goes to nobody when the victim of a passed-on URL agrees, even with a real code", async () => {
    const provider = await startProvider();
    const broker = toHouse(toUser(provider, ["openid"])).createReplica();
    // Ann opens our page, and sends the issuer's URL to Bob, who agrees.
    const callback = await createBrowser().agree(await open(broker), "bob");
    expect(new URL(callback).searchParams.get("code")).not.toBeNull();
    expect(await broker.finish(callback, bob)).toMatchObject({ why: "other_person" });
    expect(await broker.finish(callback, null)).toMatchObject({ why: "unconfirmed" });
    expect(provider.tokenRequests).toEqual([]);
    for (const principal of [ann, bob])
      expect(show(await broker.headersFor(toAsk({ principal })))).toBe("consent");
  });

  test("is not had by a code that was issued to another consent of another state", async () => {
    const provider = await startProvider();
    const [mine, theirs] = [0, 1].map(() => toHouse(toUser(provider, ["openid"])).createReplica());
    const stolen = new URL(await createBrowser().agree(await open(theirs!), "bob"));
    const injected = new URL(await createBrowser().agree(await open(mine!), "ann"));
    injected.searchParams.set("code", stolen.searchParams.get("code")!);
    // The verifier is of our own challenge, so the provider refuses the code.
    expect(await mine!.finish(injected.href, ann)).toMatchObject({ why: "issuer_refused" });
    expect(show(await mine!.headersFor(toAsk()))).toBe("consent");
  });
});
