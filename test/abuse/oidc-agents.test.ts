import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { inspect } from "node:util";
import { createLocalJWKSet, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { expect, test } from "vitest";
import {
  createAgentTokens,
  type AgentTokensOptions,
} from "../../src/adapters/oidc/agent-tokens.ts";
import { combineVerifiers } from "../../src/adapters/oidc/combine-verifiers.ts";
import { toDigest, type Principal, type TenantId } from "../../src/model/index.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { ExchangeSubject } from "../../src/ports/token-exchange.ts";
import type { ProvenToken } from "../../src/ports/token-verifier.ts";
import {
  audience,
  createVerifierUnderTest,
  encode,
  makeKey,
  sign,
  startIssuer,
  startMs,
  toClaims,
  toIssuer,
} from "../oidc/fixture-issuer.ts";

const ourIssuer = "https://gate.example/agents";
const crm = "https://crm.example/api";
const bundle = toDigest("a bundle");
const actor = `travel@${bundle}`;
const asked = { agent: "travel", bundle, audience };
const nowS = startMs / 1_000;
const key = generateKeyPairSync("ed25519").privateKey;

const alice: Principal = {
  tenant: "acme" as TenantId,
  kind: "user",
  subject: "https://idp.example#alice",
  actor: null,
};

function toSubject(given: Partial<ExchangeSubject> = {}): ExchangeSubject {
  return {
    principal: alice,
    scopes: ["calls"],
    roles: ["contractor"],
    audiences: [audience],
    expiresAtMs: startMs + 3_600_000,
    ...given,
  };
}

function create(given: Partial<AgentTokensOptions> = {}) {
  const clock = createManualClock(startMs);
  const tokens = createAgentTokens({
    keys: [key],
    clock,
    random: createSeededRandom(7),
    issuer: ourIssuer,
    mintsFor: [audience, crm],
    accepts: [audience],
    ...given,
  });
  const mint = async (...given_: Parameters<typeof tokens.exchange>): Promise<string> => {
    const outcome = await tokens.exchange(...given_);
    if (outcome.kind === "refused") throw new Error(outcome.message);
    return outcome.token.reveal();
  };
  return { tokens, clock, mint };
}

function proven(verdict: unknown): ProvenToken {
  expect(verdict).toMatchObject({ kind: "proven" });
  return verdict as ProvenToken;
}

/** Signed with our own key, as no outsider could: what is left is what the claims may say. */
function forge(given: JWTPayload, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { kid } = create().tokens.jwks.keys[0]!;
  const claims = {
    iss: ourIssuer,
    sub: alice.subject,
    aud: audience,
    tenant: alice.tenant,
    kind: "user",
    act: { sub: actor },
    client_id: actor,
    iat: nowS,
    exp: nowS + 300,
    jti: "one",
    ...given,
  };
  const present = Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  ) as JWTPayload;
  return new SignJWT(present)
    .setProtectedHeader({ alg: "EdDSA", kid, typ: "at+jwt", ...header })
    .sign(key);
}

test("an agent's token says who acts for whom, for one audience and five minutes at most", async () => {
  const { tokens, clock, mint } = create();
  const token = await mint(toSubject(), asked);
  const verdict = proven(await tokens.verify(token));
  expect(verdict).toEqual({
    kind: "proven",
    issuer: ourIssuer,
    principal: { ...alice, actor: { agent: "travel", bundle } },
    scopes: ["calls"],
    // A policy that forbids the subject's role something forbids it to the agent.
    roles: ["contractor"],
    audiences: [audience],
    expiresAtMs: startMs + 300_000,
    id: expect.stringMatching(/^[\w-]{22}$/),
  });
  expect(Object.isFrozen(verdict.principal.actor)).toBe(true);
  expect(tokens.recall(token)).toBe(verdict);
  clock.advance(299_999);
  expect(tokens.recall(token)).toBe(verdict);
  clock.advance(1);
  expect(tokens.recall(token)).toBe(null);
  expect(await tokens.verify(token)).toMatchObject({ why: "expired" });
});

test("others verify it with the published keys, which have nothing private in them", async () => {
  const { tokens, mint } = create();
  const token = await mint(toSubject(), { ...asked, audience: crm });
  const { payload, protectedHeader } = await jwtVerify(
    token,
    createLocalJWKSet({ keys: tokens.jwks.keys.map((each) => ({ ...each })) }),
    { issuer: ourIssuer, audience: crm, typ: "at+jwt", currentDate: new Date(startMs) },
  );
  expect(payload).toMatchObject({ sub: alice.subject, act: { sub: actor }, aud: crm });
  expect(protectedHeader.alg).toBe("EdDSA");
  const { d } = key.export({ format: "jwk" });
  expect(JSON.stringify(tokens.jwks)).not.toContain(d);
  // At our own door it is worth nothing.
  expect(await tokens.verify(token)).toMatchObject({ why: "audience" });
});

test("it never outlives what proves its subject, and an expired subject gets none", async () => {
  const { tokens, clock } = create();
  const until = async (expiresAtMs: number) => tokens.exchange(toSubject({ expiresAtMs }), asked);
  expect(await until(startMs + 60_999)).toMatchObject({ expiresAtMs: startMs + 60_000 });
  expect(await until(Number.POSITIVE_INFINITY)).toMatchObject({ expiresAtMs: startMs + 300_000 });
  for (const past of [startMs + 999, startMs, startMs - 1, 0])
    expect(await until(past)).toMatchObject({ kind: "refused", why: "expired" });
  // Renewed at its last moment it lasts not a moment longer.
  const first = await tokens.exchange(toSubject({ expiresAtMs: startMs + 300_000 }), asked);
  if (first.kind === "refused") throw new Error(first.message);
  const held = proven(await tokens.verify(first.token.reveal()));
  clock.advance(298_000);
  expect(await tokens.exchange(held, asked)).toMatchObject({ expiresAtMs: startMs + 300_000 });
});

test("an exchange widens nothing: not the agent, not the bundle, not the audience", async () => {
  const { tokens, mint } = create();
  const held = proven(await tokens.verify(await mint(toSubject(), asked)));
  const refusal = async (...given: Parameters<typeof tokens.exchange>) => {
    const outcome = await tokens.exchange(...given);
    return outcome.kind === "refused" ? outcome.why : "minted";
  };
  expect(await refusal(held, { ...asked, agent: "other" })).toBe("actor");
  expect(await refusal(held, { ...asked, bundle: toDigest("another") })).toBe("actor");
  expect(await refusal(held, { ...asked, audience: crm })).toBe("audience");
  expect(await refusal(held, asked)).toBe("minted");
  for (const elsewhere of ["https://evil.example", `${audience}/`, "", "*"])
    expect(await refusal(toSubject(), { ...asked, audience: elsewhere })).toBe("audience");
  for (const agent of ["", "a\nb", "x".repeat(257)])
    expect(await refusal(toSubject(), { ...asked, agent })).toBe("claims");
  // Two scopes that came as one would come back as two.
  expect(await refusal(toSubject({ scopes: ["calls admin"] }), asked)).toBe("claims");
  expect(await refusal(toSubject({ roles: ["a\nb"] }), asked)).toBe("claims");
});

test("an agent's name cannot pass for another agent's, or its bundle for another", async () => {
  const { tokens, mint } = create();
  const tricky = `travel@${toDigest("another")}`;
  const token = await mint(toSubject(), { ...asked, agent: tricky });
  expect(proven(await tokens.verify(token)).principal.actor).toEqual({ agent: tricky, bundle });
});

test("whatever our own key signed is still held to what an agent's token may say", async () => {
  const { tokens } = create();
  expect(await tokens.verify(await forge({}))).toMatchObject({ kind: "proven" });
  const wrong: readonly (readonly [string, JWTPayload])[] = [
    ["claims", { exp: nowS + 301 }],
    ["claims", { exp: undefined } as unknown as JWTPayload],
    ["claims", { aud: [audience] }],
    ["claims", { aud: [audience, crm] }],
    ["audience", { aud: crm }],
    ["claims", { act: undefined }],
    ["claims", { act: { sub: actor, act: { sub: actor } } }],
    ["claims", { act: { sub: "travel" } }],
    ["claims", { act: { sub: `@${bundle}` }, client_id: `@${bundle}` }],
    ["claims", { client_id: `other@${bundle}` }],
    ["claims", { tenant: "Not A Tenant" }],
    ["claims", { kind: "admin" }],
    ["claims", { roles: "approver" }],
    ["claims", { roles: ["a\nb"] }],
    ["claims", { may_act: { sub: actor } }],
    ["claims", { sub: "" }],
    ["expired", { iat: nowS - 300, exp: nowS }],
    ["early", { iat: nowS + 6, exp: nowS + 60 }],
  ];
  for (const [why, given] of wrong)
    expect(await tokens.verify(await forge(given)), JSON.stringify(given)).toMatchObject({
      kind: "refused",
      why,
    });
  for (const typ of ["JWT", "jwt", undefined])
    expect(await tokens.verify(await forge({}, { typ }))).toMatchObject({ why: "claims" });
});

test("nobody else signs in our name, whatever keys and ids they use", async () => {
  const attacker = await makeKey("attacker");
  const { tokens, mint } = create();
  const { kid } = tokens.jwks.keys[0]!;
  const claims = JSON.parse(
    Buffer.from((await mint(toSubject(), asked)).split(".")[1]!, "base64url").toString(),
  ) as JWTPayload;
  for (const header of [
    { kid },
    { kid: "attacker" },
    { kid: undefined },
    { kid, jwk: attacker.jwk },
  ])
    expect(await tokens.verify(await sign(claims, attacker, header))).toMatchObject({
      why: "signature",
    });
  const unsigned = `${encode({ alg: "none", kid, typ: "at+jwt" })}.${encode(claims)}.`;
  expect(await tokens.verify(unsigned)).toMatchObject({ why: "algorithm" });
});

test("an outside issuer makes no agents of ours, in its own name or in ours", async () => {
  const outsider = await makeKey("outsider");
  const issuer = await startIssuer(outsider);
  const { tokens, mint } = create();
  const outside = createVerifierUnderTest([toIssuer(issuer)]).verifier;
  const all = combineVerifiers([tokens, outside]);
  const claims = { tenant: alice.tenant, kind: "user", act: { sub: actor }, client_id: actor };

  const inItsOwn = await sign(toClaims(issuer.url, claims), outsider);
  expect(await all.verify(inItsOwn)).toMatchObject({ kind: "refused", why: "claims" });
  const inOurs = await sign(toClaims(ourIssuer, { ...claims, jti: "x" }), outsider);
  expect(await all.verify(inOurs)).toMatchObject({ kind: "refused", why: "signature" });
  // Even where somebody trusts it under our own name: whoever is asked first has the last word.
  const posing = createVerifierUnderTest([
    toIssuer({ url: ourIssuer }, { jwksUri: `${issuer.url}/jwks` }),
  ]).verifier;
  const posed = await sign(toClaims(ourIssuer), outsider);
  expect(await posing.verify(posed)).toMatchObject({ kind: "proven" });
  expect(await combineVerifiers([tokens, posing]).verify(posed)).toMatchObject({
    why: "signature",
  });

  const ours = await mint(toSubject(), asked);
  expect(await all.verify(ours)).toMatchObject({ principal: { actor: { agent: "travel" } } });
  expect(all.recall(ours)).toMatchObject({ kind: "proven" });
  const theirs = await sign(toClaims(issuer.url), outsider);
  expect(await all.verify(theirs)).toMatchObject({ principal: { actor: null } });
  expect(all.recall(theirs)).toMatchObject({ kind: "proven" });
  expect(await all.verify(await sign(toClaims("https://nobody.example"), outsider))).toMatchObject({
    why: "issuer",
  });
  expect(all.recall("no token")).toBe(null);
});

test("keys rotate: the first signs, the others still verify, and one that is gone does not", async () => {
  const next = generateKeyPairSync("ed25519").privateKey;
  const old = await create().mint(toSubject(), asked);
  const both = create({ keys: [next, key] });
  const fresh = await both.mint(toSubject(), asked);
  expect(await both.tokens.verify(old)).toMatchObject({ kind: "proven" });
  expect(await both.tokens.verify(fresh)).toMatchObject({ kind: "proven" });
  const only = create({ keys: [next] }).tokens;
  expect(await only.verify(fresh)).toMatchObject({ kind: "proven" });
  expect(await only.verify(old)).toMatchObject({ kind: "refused", why: "signature" });
});

test("a ring that cannot sign is refused at the start", () => {
  const { publicKey } = generateKeyPairSync("ed25519");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  const x25519 = generateKeyPairSync("x25519").privateKey;
  const rings: readonly (readonly KeyObject[])[] = [
    [],
    [publicKey],
    [rsa],
    [x25519],
    [key, rsa],
    Array<KeyObject>(9).fill(key),
  ];
  for (const keys of rings) expect(() => create({ keys })).toThrow(/tokens/);
  const copy = createPrivateKey(key.export({ format: "pem", type: "pkcs8" }));
  expect(create({ keys: [copy, publicKey] }).tokens.jwks.keys).toHaveLength(2);
});

test("a minted token does not print itself", async () => {
  const { tokens } = create();
  const outcome = await tokens.exchange(toSubject(), asked);
  if (outcome.kind === "refused") throw new Error(outcome.message);
  const text = outcome.token.reveal();
  for (const printed of [JSON.stringify(outcome), String(outcome.token), inspect(outcome)])
    expect(printed).not.toContain(text);
});
