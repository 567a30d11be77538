import { createHmac, randomBytes, sign as signBytes } from "node:crypto";
import { exportSPKI, SignJWT } from "jose";
import { expect, test } from "vitest";
import { maxTokenBytes } from "../../src/adapters/oidc/read-token.ts";
import type { TenantId } from "../../src/model/index.ts";
import type { TokenRefusal } from "../../src/ports/token-verifier.ts";
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
  type SigningKey,
} from "../oidc/fixture-issuer.ts";

const nowS = startMs / 1_000;

function refused(why: TokenRefusal): unknown {
  return expect.objectContaining({ kind: "refused", why });
}

async function startOne(alg: "RS256" | "EdDSA" = "EdDSA") {
  const key = await makeKey("one", alg);
  const issuer = await startIssuer(key);
  return { key, issuer, ...createVerifierUnderTest([toIssuer(issuer)]) };
}

test("each claim that is wrong refuses the token, for its own reason", async () => {
  const { key, issuer, verifier } = await startOne();
  const cases: readonly (readonly [TokenRefusal, Readonly<Record<string, unknown>>])[] = [
    ["audience", { aud: "https://other.example/mcp" }],
    ["audience", { aud: `${audience}/` }],
    ["audience", { aud: audience.toUpperCase() }],
    ["audience", { aud: `${audience} https://other.example` }],
    ["audience", { aud: [] }],
    ["audience", { aud: [[audience]] }],
    ["audience", { aud: [audience, 7] }],
    ["audience", { aud: { [audience]: true } }],
    ["audience", { aud: undefined }],
    ["expired", { exp: nowS - 31 }],
    ["expired", { exp: 0 }],
    ["claims", { exp: undefined }],
    ["claims", { exp: String(nowS + 600) }],
    ["claims", { exp: null }],
    ["claims", { exp: nowS + 2 * 86_400 }],
    ["claims", { exp: Number.MAX_SAFE_INTEGER }],
    ["early", { nbf: nowS + 31 }],
    ["early", { iat: nowS + 31 }],
    ["claims", { nbf: "soon" }],
    ["claims", { sub: undefined }],
    ["claims", { sub: "" }],
    ["claims", { sub: 7 }],
    ["claims", { sub: "a".repeat(256) }],
    // A principal's key is its parts joined with line breaks.
    ["claims", { sub: "alice\nsha256:0\nagent" }],
    ["claims", { sub: "alice\u202e" }],
    ["claims", { jti: 7 }],
    ["claims", { scope: 7 }],
    ["claims", { scp: ["calls admin"] }],
    ["claims", { cnf: { jkt: "x" } }],
    ["claims", { act: { sub: "agent@sha256:0" } }],
    ["claims", { events: {} }],
    ["issuer", { iss: "https://nobody.example" }],
    ["issuer", { iss: `${issuer.url}/` }],
    ["issuer", { iss: [issuer.url] }],
    ["issuer", { iss: undefined }],
  ];
  for (const [why, given] of cases) {
    const token = await sign(toClaims(issuer.url, given), key);
    expect(await verifier.verify(token), JSON.stringify(given)).toEqual(refused(why));
    expect(verifier.recall(token)).toBe(null);
  }
  const skewed = { exp: nowS - 29, nbf: nowS + 29, iat: nowS + 29, aud: ["urn:else", audience] };
  const good = await verifier.verify(await sign(toClaims(issuer.url, skewed), key));
  expect(good).toMatchObject({ kind: "proven", audiences: [audience] });
});

test("one issuer's keys prove nothing in another's name", async () => {
  const [ours, theirs] = [await makeKey("same"), await makeKey("same")];
  const [first, second] = [await startIssuer(ours), await startIssuer(theirs)];
  const { verifier } = createVerifierUnderTest([toIssuer(first), toIssuer(second)]);

  const mixed = await sign(toClaims(second.url), ours);
  expect(await verifier.verify(mixed)).toEqual(refused("signature"));
  const forged = await sign(toClaims(first.url), theirs);
  expect(await verifier.verify(forged)).toEqual(refused("signature"));
  // The same subject at two issuers is two principals.
  const names = await Promise.all(
    [sign(toClaims(first.url), ours), sign(toClaims(second.url), theirs)].map(async (token) => {
      const verdict = await verifier.verify(await token);
      return verdict.kind === "proven" ? verdict.principal.subject : null;
    }),
  );
  expect(names).toEqual([`${first.url}#alice`, `${second.url}#alice`]);
});

test("no game with the algorithm opens a door", async () => {
  const { key, issuer, verifier } = await startOne("RS256");
  const claims = toClaims(issuer.url);
  const head = (alg: unknown) => `${encode({ alg, kid: "one", typ: "at+jwt" })}.${encode(claims)}`;
  // The public key is known to everybody; as a shared secret it would let everybody sign.
  for (const secret of [await exportSPKI(key.publicKey), JSON.stringify(key.jwk), key.jwk.n!]) {
    for (const trimmed of [secret, secret.trim()]) {
      const text = head("HS256");
      const mac = createHmac("sha256", trimmed).update(text).digest("base64url");
      expect(await verifier.verify(`${text}.${mac}`)).toEqual(refused("algorithm"));
    }
  }
  const [, , genuine] = (await sign(claims, key)).split(".");
  for (const alg of ["none", "None", "NONE", "nOnE", "rs256", "Rs256", "RS256 ", "HS512", ""]) {
    for (const signature of ["", genuine])
      expect(await verifier.verify(`${head(alg)}.${signature}`), alg).toEqual(refused("algorithm"));
  }
  for (const alg of [null, 7, ["RS256"], { alg: "RS256" }, undefined])
    expect(await verifier.verify(`${head(alg)}.${genuine}`)).toEqual(refused("malformed"));
  // Allowed in general, and not what this key is for.
  for (const alg of ["PS256", "ES256", "EdDSA"])
    expect(await verifier.verify(`${head(alg)}.${genuine}`)).toEqual(refused("signature"));
  // None of this made anybody ask the issuer more than once.
  expect(issuer.count("/jwks")).toBeLessThanOrEqual(1);
});

test("an altered token is not the one that was signed", async () => {
  const { key, issuer, verifier } = await startOne();
  const token = await sign(toClaims(issuer.url), key);
  const [head = "", body = "", signature = ""] = token.split(".");
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });

  const promoted = encode(toClaims(issuer.url, { sub: "root" }));
  expect(await verifier.verify(`${head}.${promoted}.${signature}`)).toEqual(refused("signature"));
  const other = encode({ alg: "EdDSA", kid: "one" });
  expect(await verifier.verify(`${other}.${body}.${signature}`)).toEqual(refused("signature"));
  const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  expect(await verifier.verify(`${head}.${body}.${flipped}`)).toEqual(refused("signature"));
  expect(await verifier.verify(`${head}.${body}.`)).toEqual(refused("signature"));
  const again = [
    `${token}=`,
    ` ${token}`,
    `${token}\n`,
    `${token}.`,
    `${head}.${body}`,
    `${head}..${signature}`,
    `.${body}.${signature}`,
    "",
    "..",
    `${token}.${token}`,
    // The four last bits of 64 bytes in base64url are thrown away: another text, the same bytes.
    `${head}.${body}.${signature.slice(0, -1)}${nextLetter(signature.at(-1)!)}`,
  ];
  for (const text of again) expect(await verifier.verify(text), text).toEqual(refused("malformed"));
});

function nextLetter(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(letter) + 1]!;
}

test("what two parsers could read differently is read by none", async () => {
  const { key, issuer, verifier } = await startOne();
  const [head] = (await sign(toClaims(issuer.url), key)).split(".") as [string];
  const text = JSON.stringify(toClaims(issuer.url)).slice(1, -1);
  const bodies = [
    `{${text},"sub":"root"}`,
    `{"sub":"root",${text}}`,
    `{${text},"s\\u0075b":"root"}`,
    `{${text},"realm":{"role":"user","role":"admin"}}`,
    `{${text}} `.concat("{}"),
    `[{${text}}]`,
    `"${issuer.url}"`,
    "null",
    `{${text},"x":"\\ud800"}`,
    `{${text},"x":${"[".repeat(20)}${"]".repeat(20)}}`,
    `\ufeff{${text}}`,
  ];
  for (const body of bodies) {
    const signed = signText(head, encode(body), key);
    expect(await verifier.verify(signed), body).toEqual(refused("malformed"));
  }
  const bytes = Buffer.concat([
    Buffer.from(`{${text},"x":"`),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ]);
  const garbled = signText(head, bytes.toString("base64url"), key);
  expect(await verifier.verify(garbled)).toEqual(refused("malformed"));

  const doubled = encode('{"alg":"none","alg":"EdDSA","kid":"one"}');
  const body = encode(toClaims(issuer.url));
  expect(await verifier.verify(signText(doubled, body, key))).toEqual(refused("malformed"));
  // Names of an object's own machinery are names like others.
  const own = signText(head, encode(`{${text},"__proto__":{"act":{"sub":"x"}}}`), key);
  expect(await verifier.verify(own)).toMatchObject({ kind: "proven" });
});

function signText(head: string, body: string, key: SigningKey): string {
  const signature = signBytes(null, Buffer.from(`${head}.${body}`), key.privateKey);
  return `${head}.${body}.${signature.toString("base64url")}`;
}

test("a token that is too large is not looked at", async () => {
  const { key, issuer, verifier } = await startOne();
  const padding = randomBytes(maxTokenBytes).toString("hex");
  const huge = await sign(toClaims(issuer.url, { padding }), key);
  expect(await verifier.verify(huge)).toEqual(refused("malformed"));
  const endless = "a".repeat(64 * 1_024 * 1_024);
  expect(await verifier.verify(endless)).toEqual(refused("malformed"));
  expect(verifier.recall(endless)).toBe(null);
  expect(issuer.asked).toEqual([]);
});

test("a tenant is what the issuer's configuration says, and a value that it does not know is none", async () => {
  const key = await makeKey("one");
  const issuer = await startIssuer(key);
  const map = { "org-1": "acme" as TenantId, "org-2": "globex" as TenantId };
  const { verifier } = createVerifierUnderTest([
    toIssuer(issuer, { tenant: { by: "claim", claim: "org", map } }),
  ]);
  const verify = async (org: unknown) =>
    verifier.verify(await sign(toClaims(issuer.url, { org }), key));
  expect(await verify("org-2")).toMatchObject({ principal: { tenant: "globex" } });
  const wrong = [
    "globex",
    "org-3",
    "ORG-1",
    "",
    "__proto__",
    "constructor",
    "toString",
    ["org-1"],
    null,
  ];
  for (const org of [...wrong, undefined, { org: "org-1" }])
    expect(await verify(org), JSON.stringify(org)).toEqual(refused("claims"));
});

test("a token for another purpose is no access token, whoever signed it", async () => {
  const { key, issuer, verifier } = await startOne();
  const verify = async (claims: Readonly<Record<string, unknown>>, typ?: string) => {
    const header = { typ } as Readonly<Record<string, unknown>>;
    return verifier.verify(await sign(toClaims(issuer.url, claims), key, header));
  };
  const proven = expect.objectContaining({ kind: "proven" });
  for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt", undefined])
    expect(await verify({}, typ), typ).toEqual(proven);
  for (const typ of [
    "logout+jwt",
    "dpop+jwt",
    "secevent+jwt",
    "id_token+jwt",
    "at+jwt ",
    "",
    "JOSE",
  ])
    expect(await verify({}, typ), typ).toEqual(refused("claims"));
  for (const sign_ of [{ nonce: "n" }, { at_hash: "h" }, { c_hash: "h" }, { typ: "ID" }])
    for (const typ of ["JWT", undefined])
      expect(await verify(sign_, typ)).toEqual(refused("claims"));
  // An access token may say when it was asked for, where its type leaves no doubt.
  expect(await verify({ nonce: "n" }, "at+jwt")).toEqual(proven);
});

test("a bearer token works for whoever has it until it expires; how long that may be is bounded", async () => {
  const { key, issuer, verifier, clock } = await startOne();
  const token = await sign(toClaims(issuer.url, { exp: nowS + 60, jti: "once" }), key);
  const first = await verifier.verify(token);
  expect(await verifier.verify(token)).toBe(first);
  expect(verifier.recall(token)).toBe(first);
  expect(first).toMatchObject({ id: "once", expiresAtMs: startMs + 60_000 });
  clock.advance(60_000 + 29_999);
  expect(verifier.recall(token)).toBe(first);
  clock.advance(1);
  expect(verifier.recall(token)).toBe(null);
  expect(await verifier.verify(token)).toEqual(refused("expired"));
  // A whole day, and not a second more.
  const late = (startMs + 90_000) / 1_000;
  const day = { iat: late, exp: late + 86_400 + 30 };
  expect(await verifier.verify(await sign(toClaims(issuer.url, day), key))).toMatchObject({
    kind: "proven",
  });
  const longer = { iat: late, exp: late + 86_400 + 31 };
  const refusal = await verifier.verify(await sign(toClaims(issuer.url, longer), key));
  expect(refusal).toEqual(refused("claims"));
});

test("what is said of a refused token repeats nothing of it", async () => {
  const { key, issuer, verifier } = await startOne();
  const marked = { sub: "MARK\n", aud: "MARK", org: "MARK", scope: "MARK", typ: "MARK" };
  const tokens = [
    await sign(toClaims(issuer.url, marked), key),
    await sign(toClaims(issuer.url, { ...marked, aud: audience }), key),
    await sign(toClaims("https://MARK.example"), key),
    await sign(toClaims(issuer.url), key, { typ: "MARK" }),
    await sign(toClaims(issuer.url), key, { kid: "MARK" }),
    await new SignJWT(toClaims(issuer.url))
      .setProtectedHeader({ alg: "HS256" })
      .sign(randomBytes(32)),
    "MARK",
  ];
  for (const token of tokens) {
    const verdict = await verifier.verify(token);
    expect(verdict.kind).toBe("refused");
    const said = JSON.stringify(verdict);
    expect(said).not.toContain("MARK");
    for (const part of token.split(".")) expect(said).not.toContain(part);
  }
});
