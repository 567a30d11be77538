import { generateKeyPairSync, randomUUID, sign as signBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK } from "jose";
import { expect, onTestFinished, test } from "vitest";
import {
  createVerifierUnderTest,
  encode,
  makeKey,
  sign,
  startIssuer,
  startMs,
  toClaims,
  toIssuer,
} from "../oidc/fixture-issuer.ts";

const nowS = startMs / 1_000;
const cooldownMs = 15_000;

test("a flood of key ids that do not exist asks the issuer once a cooldown, and stops nobody", async () => {
  const [key, stranger] = [await makeKey("one"), await makeKey("stranger")];
  const issuer = await startIssuer(key);
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const flood = async (): Promise<void> => {
    const tokens = await Promise.all(
      Array.from({ length: 200 }, () =>
        sign(toClaims(issuer.url), stranger, { kid: randomUUID() }),
      ),
    );
    const verdicts = await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(verdicts.every((one) => one.kind === "refused" && one.why === "signature")).toBe(true);
  };
  await flood();
  await flood();
  expect(issuer.count("/jwks")).toBe(1);
  for (let round = 2; round <= 4; round += 1) {
    clock.advance(cooldownMs);
    await flood();
    await flood();
    expect(issuer.count("/jwks")).toBe(round);
  }
  expect(issuer.count("/.well-known/openid-configuration")).toBe(4);
  // Who has a real token neither waits for the flood nor is refused by it.
  expect(await verifier.verify(await sign(toClaims(issuer.url), key))).toMatchObject({
    kind: "proven",
  });
  expect(issuer.count("/jwks")).toBe(4);
});

test("a token of an issuer that nobody trusts makes nobody ask anything", async () => {
  const key = await makeKey("one");
  const [trusted, stranger] = [await startIssuer(key), await startIssuer(key)];
  const { verifier } = createVerifierUnderTest([toIssuer(trusted)]);
  const token = await sign(toClaims(stranger.url), key);
  expect(await verifier.verify(token)).toMatchObject({ why: "issuer" });
  expect([trusted.asked, stranger.asked]).toEqual([[], []]);
});

test("a new key is taken when it first signs, and not before the cooldown is over", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("new")];
  const issuer = await startIssuer(old);
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const before = await sign(toClaims(issuer.url), old);
  await verifier.verify(before);

  issuer.published = [fresh.jwk, old.jwk];
  const after = await sign(toClaims(issuer.url), fresh);
  expect(await verifier.verify(after)).toMatchObject({ kind: "refused", why: "signature" });
  clock.advance(cooldownMs);
  expect(await verifier.verify(after)).toMatchObject({ kind: "proven" });
  expect(await verifier.verify(before)).toMatchObject({ kind: "proven" });
  expect(issuer.count("/jwks")).toBe(2);
});

test("with a removed key goes what it signed, cached verdicts included", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("new")];
  const issuer = await startIssuer(old, fresh);
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const exp = nowS + 3_600;
  const doomed = await sign(toClaims(issuer.url, { exp }), old);
  const kept = await sign(toClaims(issuer.url, { exp }), fresh);
  expect(await verifier.verify(doomed)).toMatchObject({ kind: "proven" });
  expect(await verifier.verify(kept)).toMatchObject({ kind: "proven" });
  expect(verifier.recall(doomed)).not.toBe(null);

  issuer.published = [fresh.jwk];
  clock.advance(600_001);
  // Its age sends everybody back to the issuer before anything is answered from memory.
  expect(verifier.recall(doomed)).toBe(null);
  expect(await verifier.verify(doomed)).toMatchObject({ kind: "refused", why: "signature" });
  expect(verifier.recall(doomed)).toBe(null);
  expect(await verifier.verify(kept)).toMatchObject({ kind: "proven" });
  expect(verifier.recall(kept)).not.toBe(null);
});

test("a key that comes back under the same id with other bytes is another key", async () => {
  const [old, fresh] = [await makeKey("same"), await makeKey("same")];
  const issuer = await startIssuer(old);
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const token = await sign(toClaims(issuer.url, { exp: nowS + 3_600 }), old);
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });
  issuer.published = [fresh.jwk];
  clock.advance(600_001);
  expect(await verifier.verify(token)).toMatchObject({ kind: "refused", why: "signature" });
});

test("keys that a token brings along are not looked at", async () => {
  const [key, attacker] = [await makeKey("one"), await makeKey("attacker")];
  const issuer = await startIssuer(key);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end(JSON.stringify({ keys: [attacker.jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const { verifier } = createVerifierUnderTest([toIssuer(issuer)]);
  const jwk = await exportJWK(attacker.publicKey);
  const brought = [{ jwk }, { jku: url }, { x5u: url }, { x5c: ["MIIB"] }, { jwk, jku: url }];
  for (const header of brought) {
    for (const kid of ["one", "attacker", undefined]) {
      const token = await sign(toClaims(issuer.url), attacker, { ...header, kid });
      expect(await verifier.verify(token)).toMatchObject({ kind: "refused", why: "signature" });
    }
    // Some issuers write them. That takes nothing from their own signature.
    const genuine = await sign(toClaims(issuer.url), key, header);
    expect(await verifier.verify(genuine)).toMatchObject({ kind: "proven" });
  }
  expect(asked).toEqual([]);
});

test("a signer's critical extensions are refused, understood or not", async () => {
  const key = await makeKey("one");
  const issuer = await startIssuer(key);
  const { verifier } = createVerifierUnderTest([toIssuer(issuer)]);
  const head = { alg: "EdDSA", kid: "one", typ: "at+jwt" };
  const heads = [
    { ...head, crit: ["exp"], exp: 1 },
    { ...head, crit: [] },
    { ...head, crit: ["b64"], b64: true },
    { ...head, b64: false },
  ];
  const [, body, signature] = (await sign(toClaims(issuer.url), key)).split(".");
  for (const each of heads) {
    expect(await verifier.verify(`${encode(each)}.${body}.${signature}`)).toMatchObject({
      kind: "refused",
      why: "malformed",
    });
  }
});

test("an issuer's keys serve what they are published for and nothing else", async () => {
  const [signing, other] = [await makeKey("one"), await makeKey("other")];
  const issuer = await startIssuer(signing);
  const { kid: _, ...nameless } = other.jwk;
  const published: readonly (readonly [string, object[]])[] = [
    ["for encryption", [{ ...other.jwk, use: "enc" }]],
    ["for another operation", [{ ...other.jwk, key_ops: ["sign"] }]],
    ["for another algorithm", [{ ...other.jwk, alg: "ES256" }]],
    ["without the id", [nameless]],
    ["twice under one id", [other.jwk, { ...signing.jwk, kid: "other" }]],
    ["a shared secret", [{ kty: "oct", k: "c2VjcmV0", kid: "other", alg: "EdDSA" }]],
    ["broken", [{ ...other.jwk, x: "AAAA" }]],
  ];
  for (const [what, keys] of published) {
    issuer.published = [signing.jwk, ...keys] as typeof issuer.published;
    const { verifier } = createVerifierUnderTest([toIssuer(issuer)]);
    const token = await sign(toClaims(issuer.url), other);
    expect(await verifier.verify(token), what).toMatchObject({ why: "signature" });
    const good = await sign(toClaims(issuer.url), signing);
    expect(await verifier.verify(good), what).toMatchObject({ kind: "proven" });
  }
  // Without an id, one key of that kind is the key, and two are none.
  const unnamed = await sign(toClaims(issuer.url), signing, { kid: undefined });
  issuer.published = [signing.jwk];
  const alone = createVerifierUnderTest([toIssuer(issuer)]).verifier;
  expect(await alone.verify(unnamed)).toMatchObject({ kind: "proven" });
  issuer.published = [signing.jwk, other.jwk];
  const both = createVerifierUnderTest([toIssuer(issuer)]).verifier;
  expect(await both.verify(unnamed)).toMatchObject({ why: "signature" });
});

test("an RSA key that is too short proves nothing", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
  const issuer = await startIssuer();
  issuer.published = [{ ...(await exportJWK(publicKey)), kid: "short", alg: "RS256" }];
  const { verifier } = createVerifierUnderTest([toIssuer(issuer)]);
  const text = `${encode({ alg: "RS256", kid: "short" })}.${encode(toClaims(issuer.url))}`;
  const signature = signBytes("sha256", Buffer.from(text), privateKey).toString("base64url");
  expect(await verifier.verify(`${text}.${signature}`)).toMatchObject({ why: "signature" });
});

test("while an issuer is down its keys are used until they are too old, and then nothing is proven", async () => {
  const key = await makeKey("one");
  const issuer = await startIssuer(key);
  const { verifier, clock, telemetry } = createVerifierUnderTest([toIssuer(issuer)]);
  const exp = nowS + 86_000;
  const token = await sign(toClaims(issuer.url, { exp }), key);
  await verifier.verify(token);
  issuer.answer = (_path, response) => {
    response.writeHead(500).end();
    return true;
  };
  clock.advance(600_001);
  expect(verifier.recall(token)).toBe(null);
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });
  // Until the keys are too old memory answers again.
  expect(verifier.recall(token)).not.toBe(null);
  expect(telemetry.lines.join("\n")).toContain("cannot be read");
  clock.advance(3_000_000);
  expect(verifier.recall(token)).toBe(null);
  expect(await verifier.verify(token)).toMatchObject({ kind: "refused", why: "unavailable" });
  expect(verifier.recall(token)).toBe(null);
  issuer.answer = null;
  expect(await verifier.verify(token)).toMatchObject({ why: "unavailable" });
  clock.advance(cooldownMs);
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });
});
