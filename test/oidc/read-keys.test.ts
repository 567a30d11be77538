import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { toMetadataUrls } from "../../src/adapters/oidc/read-keys.ts";
import {
  createVerifierUnderTest,
  makeKey,
  sign,
  startIssuer,
  toClaims,
  toIssuer,
} from "./fixture-issuer.ts";

const openId = "/.well-known/openid-configuration";
const oauth = "/.well-known/oauth-authorization-server";

async function start() {
  const key = await makeKey("one");
  const issuer = await startIssuer(key);
  return { key, issuer };
}

test("metadata is looked for where OpenID Connect and RFC 8414 put it", () => {
  expect(toMetadataUrls("https://idp.example")).toEqual([
    `https://idp.example${openId}`,
    `https://idp.example${oauth}`,
  ]);
  expect(toMetadataUrls("https://idp.example/")).toEqual(toMetadataUrls("https://idp.example"));
  expect(toMetadataUrls("https://idp.example/realms/one")).toEqual([
    `https://idp.example/realms/one${openId}`,
    `https://idp.example${oauth}/realms/one`,
    `https://idp.example${openId}/realms/one`,
  ]);
});

test("an issuer with a path and RFC 8414 metadata alone is found", async () => {
  const { key, issuer } = await start();
  const url = `${issuer.url}/realms/one`;
  issuer.answer = (path, response) => {
    if (path !== `${oauth}/realms/one`) return false;
    response.end(JSON.stringify({ issuer: url, jwks_uri: `${issuer.url}/jwks` }));
    return true;
  };
  const { verifier } = createVerifierUnderTest([toIssuer({ url })]);
  expect(await verifier.verify(await sign(toClaims(url), key))).toMatchObject({ kind: "proven" });
  expect(issuer.asked).toEqual([`/realms/one${openId}`, `${oauth}/realms/one`, "/jwks"]);
});

test("a key set that is configured needs no metadata", async () => {
  const { key, issuer } = await start();
  const { verifier } = createVerifierUnderTest([
    toIssuer({ url: "https://issuer.example" }, { jwksUri: `${issuer.url}/jwks` }),
  ]);
  const token = await sign(toClaims("https://issuer.example"), key);
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });
  expect(issuer.asked).toEqual(["/jwks"]);
});

/** What an issuer can answer instead of its metadata or its keys. */
const json = (value: unknown) => (response: ServerResponse) =>
  void response.end(JSON.stringify(value));

const cutOff = (response: ServerResponse) => void response.write("{", () => response.destroy());

test("metadata or keys that are not what they should be leave nothing proven", async () => {
  const { key, issuer } = await start();
  const own = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` };
  const other = await startIssuer(key);
  const metadata = (given: object) => json({ ...own, ...given });
  const elsewhere = other.url.replace("http:", "https:");
  type Answer = (response: ServerResponse) => void;
  const answers: readonly (readonly [why: string, place: string, answer: Answer])[] = [
    ["another issuer", openId, metadata({ issuer: "https://evil.example" })],
    ["another issuer", openId, metadata({ issuer: `${issuer.url}/` })],
    ["another issuer", openId, json({ jwks_uri: own.jwks_uri })],
    ["names no key set", openId, json({ issuer: issuer.url })],
    ["not a URL", openId, metadata({ jwks_uri: "/jwks" })],
    ["plaintext", openId, metadata({ jwks_uri: "file:///etc/passwd" })],
    // Reachable, and not where the configuration allows plain http or a private address.
    ["plaintext", openId, metadata({ jwks_uri: `${other.url}/jwks` })],
    ["private address", openId, metadata({ jwks_uri: `${elsewhere}/jwks` })],
    ["forbidden address", openId, metadata({ jwks_uri: "https://169.254.169.254/latest" })],
    ["not one JSON object", openId, (response) => response.end('{"issuer":"a","issuer":"b"}')],
    ["not one JSON object", openId, (response) => response.end("<html>")],
    ["no metadata", openId, (response) => response.writeHead(302, { location: "/jwks" }).end()],
    [
      "answers 302",
      "/jwks",
      (response) => response.writeHead(302, { location: `${other.url}/jwks` }).end(),
    ],
    ["answers 503", "/jwks", (response) => response.writeHead(503).end()],
    ["key set is not one", "/jwks", json({ keys: { one: key.jwk } })],
    ["key set is not one", "/jwks", json({ keys: ["one"] })],
    ["key set is not one", "/jwks", json({ keys: Array(101).fill(key.jwk) })],
    ["larger than", "/jwks", json({ keys: [key.jwk], padding: "x".repeat(300_000) })],
    ["before the answer was whole", "/jwks", cutOff],
    ["before the answer was whole", "/jwks", (response) => response.destroy()],
  ];
  for (const [why, place, answer] of answers) {
    issuer.answer = (path, response) => {
      if (path !== place) return false;
      answer(response);
      return true;
    };
    const { verifier, telemetry } = createVerifierUnderTest([toIssuer(issuer)]);
    const verdict = await verifier.verify(await sign(toClaims(issuer.url), key));
    expect(verdict).toMatchObject({ kind: "refused", why: "unavailable" });
    expect(telemetry.lines.join("\n")).toContain(why);
  }
  expect(other.asked).toEqual([]);
});

test("an address that is private needs a configuration that says so", async () => {
  const { key, issuer } = await start();
  const given = { private: false, issuer: issuer.url.replace("http:", "https:") };
  const { verifier, telemetry } = createVerifierUnderTest([toIssuer(issuer, given)]);
  const verdict = await verifier.verify(await sign(toClaims(given.issuer), key));
  expect(verdict).toMatchObject({ why: "unavailable" });
  expect(telemetry.lines.join("\n")).toContain("private address");
  expect(issuer.asked).toEqual([]);
});

test("an issuer that answers too slowly is given up, however it is slow", async () => {
  const { key, issuer } = await start();
  const slow: readonly ((response: ServerResponse) => void)[] = [
    () => undefined,
    (response) => void response.write("{"),
  ];
  for (const answer of slow) {
    issuer.answer = (_path, response) => {
      answer(response);
      return true;
    };
    const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
    const token = await sign(toClaims(issuer.url), key);
    const verdict = verifier.verify(token);
    const before = issuer.asked.length;
    while (issuer.asked.length === before) await turn();
    clock.advance(5_000);
    expect(await verdict).toMatchObject({ kind: "refused", why: "unavailable" });
    expect(clock.sleeping).toBe(0);
  }
});

test("a silent issuer makes its callers wait once, and not at each further attempt", async () => {
  const { key, issuer } = await start();
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const exp = toClaims("").exp! + 3_600;
  const token = await sign(toClaims(issuer.url, { exp }), key);
  await verifier.verify(token);
  issuer.answer = () => true;
  clock.advance(600_001);
  const waits = verifier.verify(token);
  while (issuer.asked.length < 3) await turn();
  clock.advance(5_000);
  expect(await waits).toMatchObject({ kind: "proven" });
  clock.advance(15_000);
  expect(verifier.recall(token)).toMatchObject({ kind: "proven" });
  expect(await verifier.verify(token)).toMatchObject({ kind: "proven" });
  while (issuer.asked.length < 4) await turn();
  expect(verifier.recall(token)).toMatchObject({ kind: "proven" });
});

test("closing ends what is being read", async () => {
  const { key, issuer } = await start();
  issuer.answer = () => true;
  const { verifier, clock } = createVerifierUnderTest([toIssuer(issuer)]);
  const verdict = verifier.verify(await sign(toClaims(issuer.url), key));
  while (issuer.asked.length === 0) await turn();
  verifier.close();
  expect(await verdict).toMatchObject({ why: "unavailable" });
  expect(clock.sleeping).toBe(0);
});
