import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenIssuers } from "../../src/adapters/oauth/token-issuers.ts";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { Broker } from "../../src/authority/broker.ts";
import type { Digest, TenantId } from "../../src/model/index.ts";
import type { UserSource } from "../../src/ports/credentials.ts";
import {
  ann,
  bob,
  clientSecretKey,
  connectUrl,
  createHouse,
  putSecret,
  redirectUri,
  show,
  tenant,
  toAsk,
  toPrincipal,
  userSource,
} from "../oauth/broker-under-test.ts";
import { listen, readForm } from "../oauth/listen.ts";
import { scaled, seed } from "../scale.ts";
import { createScriptedIssuers } from "../oauth/scripted-issuers.ts";

const holder = { tenant, server: "github", principal: ann };

function toHouse(source: UserSource = userSource) {
  const issuers = createScriptedIssuers();
  return { issuers, ...createHouse(issuers, source) };
}

async function ticketOf(broker: Broker): Promise<string> {
  const asked = await broker.begin(holder);
  if (asked.kind !== "consent") throw new Error(asked.kind);
  return new URL(asked.url).searchParams.get("consent")!;
}

async function callbackOf(broker: Broker): Promise<string> {
  const sent = await broker.authorize(await ticketOf(broker), ann);
  if (sent.kind !== "redirect") throw new Error(sent.why);
  return `${redirectUri}?code=c&state=${new URL(sent.url).searchParams.get("state")}`;
}

test("the page is ours and says nothing of the person, the state or the verifier", async () => {
  const { vault, createReplica } = toHouse();
  const broker = createReplica();
  const ticket = await ticketOf(broker);
  const asked = await broker.headersFor(toAsk());
  expect(asked).toMatchObject({ kind: "consent", id: ticket });
  if (asked.kind === "consent") expect(asked.url.startsWith(`${connectUrl}?`)).toBe(true);
  const key = { tenant, name: "oauth.consent.github", subject: "user:ann" };
  const stored = JSON.parse((await vault.read(key))!.value.reveal()) as Record<string, string>;
  for (const member of ["state", "verifier", "nonce"])
    expect(JSON.stringify(asked)).not.toContain(stored[member]);
  expect(JSON.stringify(asked)).not.toContain("ann");
});

test.each([
  ["somebody else", bob, "other_person"],
  ["nobody", null, "unconfirmed"],
  [
    "the same name in another tenant",
    toPrincipal("ann", { tenant: "evil" as TenantId }),
    "other_person",
  ],
  ["a service of the same name", toPrincipal("ann", { kind: "service" }), "other_person"],
  [
    "an agent of the same person",
    toPrincipal("ann", { actor: { agent: "a", bundle: `sha256:${"0".repeat(64)}` as Digest } }),
    "unconfirmed",
  ],
])("%s can neither go on with a consent nor finish it, nor spoil it", async (_, other, why) => {
  const { issuers, createReplica } = toHouse();
  const broker = createReplica();
  expect(await broker.authorize(await ticketOf(broker), other)).toMatchObject({ why });
  const callback = await callbackOf(broker);
  expect(await broker.finish(callback, other)).toMatchObject({ kind: "refused", why });
  expect(issuers.grants).toEqual([]);
  expect(await broker.finish(callback, ann)).toMatchObject({ kind: "granted" });
});

test("a state is used once, also by twenty who bring it at the same moment to two replicas", async () => {
  const { issuers, createReplica } = toHouse();
  const replicas = [createReplica(), createReplica()];
  const callback = await callbackOf(replicas[0]!);
  const done = await Promise.all(
    Array.from({ length: 20 }, (_, at) => replicas[at % 2]!.finish(callback, ann)),
  );
  expect(done.filter(({ kind }) => kind === "granted")).toHaveLength(1);
  expect(issuers.grants).toHaveLength(1);
  expect(await replicas[1]!.finish(callback, ann)).toMatchObject({ why: "state_unknown" });
});

test("a consent that is ten minutes old, or of another configuration, is none", async () => {
  const { issuers, clock, sources, createReplica } = toHouse();
  const broker = createReplica();
  const callback = await callbackOf(broker);
  const ticket = await ticketOf(broker);
  clock.advance(10 * 60_000);
  expect(await broker.authorize(ticket, ann)).toMatchObject({ why: "state_unknown" });
  expect(await broker.finish(callback, ann)).toMatchObject({ why: "state_unknown" });
  const fresh = await callbackOf(broker);
  sources.set("github", { ...userSource, scopes: ["read", "admin"] });
  expect(await broker.finish(fresh, ann)).toMatchObject({ why: "state_unknown" });
  expect(issuers.grants).toEqual([]);
});

test("a consent that is pending while the grant is revoked gives none afterwards", async () => {
  const { issuers, createReplica } = toHouse();
  const broker = createReplica();
  const callback = await callbackOf(broker);
  await broker.revoke(holder);
  expect(await broker.finish(callback, ann)).toMatchObject({ why: "state_unknown" });
  expect(issuers.grants).toEqual([]);
});

test("a callback before the page was opened, at another place, or with two states is none", async () => {
  const { issuers, vault, createReplica } = toHouse();
  const broker = createReplica();
  await ticketOf(broker);
  const key = { tenant, name: "oauth.consent.github", subject: "user:ann" };
  const stored = JSON.parse((await vault.read(key))!.value.reveal()) as { state: string };
  expect(await broker.finish(`${redirectUri}?code=c&state=${stored.state}`, ann)).toMatchObject({
    why: "state_unknown",
  });
  const callback = await callbackOf(broker);
  const state = new URL(callback).searchParams.get("state")!;
  for (const url of [
    callback.replace("gate.example", "evil.example"),
    callback.replace("/callback", "/callback/x"),
    callback.replace("https:", "http:"),
    `${callback}&state=${state}`,
    `${callback}&state=other`,
    callback.replace(state, state.toUpperCase()),
    callback.replace(state, `${state}x`),
  ])
    expect(await broker.finish(url, ann), url).toMatchObject({ why: "state_unknown" });
  expect(issuers.grants).toEqual([]);
});

test("a ticket or a state that is well-formed but not ours is none, and spoils nothing", async () => {
  const { issuers, createReplica } = toHouse();
  const broker = createReplica();
  const guess = (text: string): string => text.replace(/[\w-]{43}$/, "A".repeat(43));
  expect(await broker.authorize(guess(await ticketOf(broker)), ann)).toMatchObject({
    why: "state_unknown",
  });
  const callback = await callbackOf(broker);
  expect(await broker.finish(guess(callback), ann)).toMatchObject({ why: "state_unknown" });
  expect(issuers.grants).toEqual([]);
  expect(await broker.finish(callback, ann)).toMatchObject({ kind: "granted" });
});

test("whatever is brought as a callback or a ticket is refused without throwing", async () => {
  const { issuers, createReplica } = toHouse();
  const broker = createReplica();
  const real = await callbackOf(broker);
  const state = new URL(real).searchParams.get("state")!;
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl({ withQueryParameters: true }),
    fc.string().map((text) => `${redirectUri}?state=${text}`),
    fc.nat(state.length - 1).map((at) => `${redirectUri}?code=c&state=${state.slice(0, at)}`),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      expect((await broker.finish(text, ann)).kind).toBe("refused");
      expect((await broker.authorize(text, ann)).kind).toBe("refused");
    }),
    { seed: seed(), numRuns: scaled({ test: 300, prove: 10_000 }) },
  );
  expect(issuers.grants).toEqual([]);
  expect(await broker.finish(real, ann)).toMatchObject({ kind: "granted" });
});

/** An authorization server made up for one test: what it says of itself, and its token endpoint. */
async function startMadeUp(metadata: Record<string, unknown>) {
  const requests: string[] = [];
  const forms: URLSearchParams[] = [];
  const issuer = await listen((incoming, outgoing) => {
    requests.push(incoming.url!);
    void readForm(incoming).then((form) => forms.push(form));
    outgoing.setHeader("content-type", "application/json");
    const endpoints = {
      issuer: `http://${incoming.headers.host}`,
      authorization_endpoint: `http://${incoming.headers.host}/authorize`,
      token_endpoint: `http://${incoming.headers.host}/token`,
    };
    const answer = incoming.url!.startsWith("/.well-known/")
      ? { ...endpoints, ...metadata }
      : { access_token: "given-away", token_type: "Bearer" };
    outgoing.end(JSON.stringify(answer));
  });
  const issuers = createTokenIssuers({ dialer: createDialer(), clock: systemClock });
  const place = { kind: "discovered", issuer, private: true } as const;
  const house = createHouse(issuers, { ...userSource, issuer: place });
  return { issuer, requests, forms, broker: house.createReplica() };
}

const s256 = { code_challenge_methods_supported: ["S256"] };

test("issuer mix-up: a response that names another issuer, or fails to name one, is not exchanged", async () => {
  const says = { ...s256, authorization_response_iss_parameter_supported: true };
  const { issuer, requests, broker } = await startMadeUp(says);
  for (const iss of [
    "",
    "&iss=https://honest.example",
    `&iss=${issuer}/`,
    `&iss=${issuer}&iss=x`,
  ]) {
    const outcome = await broker.finish(`${await callbackOf(broker)}${iss}`, ann);
    expect(outcome, iss).toMatchObject({ why: "response_invalid" });
  }
  for (const changed of ["code=c&code=d", "no=code", "code="]) {
    const callback = `${await callbackOf(broker)}&iss=${encodeURIComponent(issuer)}`;
    const outcome = await broker.finish(callback.replace("code=c", changed), ann);
    expect(outcome, changed).toMatchObject({ why: "response_invalid" });
  }
  expect(requests).not.toContain("/token");
  const right = `${await callbackOf(broker)}&iss=${encodeURIComponent(issuer)}`;
  expect(await broker.finish(right, ann)).toMatchObject({ kind: "granted" });
  expect(show(await broker.headersFor(toAsk()))).toEqual({ authorization: "Bearer given-away" });
});

test.each([
  {},
  { code_challenge_methods_supported: ["plain"] },
  { code_challenge_methods_supported: [] },
])("PKCE downgrade: nobody is sent to an issuer that says %j", async (says) => {
  const { broker } = await startMadeUp(says);
  const outcome = await broker.authorize(await ticketOf(broker), ann);
  expect(outcome).toMatchObject({ why: "issuer_refused" });
  expect(JSON.stringify(outcome)).toContain("no_pkce");
});

test("what goes out in the browser carries an S256 challenge, the resource, and no verifier", async () => {
  const { broker, issuer } = await startMadeUp(s256);
  const sent = await broker.authorize(await ticketOf(broker), ann);
  const parameters = new URL(sent.kind === "redirect" ? sent.url : "").searchParams;
  expect(Object.fromEntries(parameters)).toEqual({
    response_type: "code",
    client_id: "us",
    redirect_uri: redirectUri,
    scope: "read",
    resource: "https://api.example.com/mcp",
    state: expect.stringMatching(/^github\.[0-9a-f]{16}\.[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: "S256",
  });
  expect(issuer).toMatch(/^http:/);
});

test.each([
  ["says that it is another", { issuer: "https://honest.example" }, /another issuer/],
  ["sends the browser to a script", { authorization_endpoint: "javascript:alert(1)" }, /not https/],
  [
    "sends the browser to plaintext elsewhere",
    { authorization_endpoint: "http://evil.example/" },
    /not https/,
  ],
  ["names no URL", { authorization_endpoint: "authorize here" }, /no URL/],
])("an issuer whose metadata %s is not gone to", async (_, says, message) => {
  const { broker } = await startMadeUp({ ...s256, ...says });
  await expect(ticketOf(broker).then((ticket) => broker.authorize(ticket, ann))).rejects.toThrow(
    message,
  );
});

test("our metadata document is the client where the issuer reads those, and then is so for good", async () => {
  const metadataUrl = "https://gate.example/client.json";
  for (const [says, id] of [
    [{ client_id_metadata_document_supported: true }, metadataUrl],
    [{}, "us"],
  ] as const) {
    const { issuer, forms } = await startMadeUp({ ...s256, ...says });
    const issuers = createTokenIssuers({ dialer: createDialer(), clock: systemClock });
    const place = { kind: "discovered", issuer, private: true } as const;
    const auth = { kind: "secret", secret: clientSecretKey, how: "post" } as const;
    const client = { ...userSource.client, metadataUrl, auth };
    const house = createHouse(issuers, { ...userSource, issuer: place, client });
    await putSecret(house.vault, clientSecretKey, "secret-of-the-configured-id");
    const broker = house.createReplica();
    const sent = await broker.authorize(await ticketOf(broker), ann);
    const url = new URL(sent.kind === "redirect" ? sent.url : "");
    expect(url.searchParams.get("client_id")).toBe(id);
    const state = url.searchParams.get("state");
    expect(await broker.finish(`${redirectUri}?code=c&state=${state}`, ann)).toMatchObject({
      kind: "granted",
    });
    const form = forms.at(-1)!;
    expect(form.get("client_id")).toBe(id);
    // The secret was given with the configured id, and goes with no other.
    expect(form.get("client_secret")).toBe(id === "us" ? "secret-of-the-configured-id" : null);
  }
});
