import canonicalize from "canonicalize";
import { flattenedVerify, importJWK, type JWK } from "jose";
import { expect, test } from "vitest";
import { exposed, openA2a, publicUrl } from "../../../test/doors/a2a-under-test.ts";
import { tell } from "../../../test/start-api.ts";
import { toDigest } from "../../model/index.ts";

type Api = Awaited<ReturnType<typeof openA2a>>;
type Card = Record<string, unknown> & {
  readonly signatures: readonly { readonly protected: string; readonly signature: string }[];
};

/** By other code than ours: another canonical form, another implementation of JWS. */
async function verify(api: Api, { signatures, ...card }: Card): Promise<boolean> {
  const { body: jwks } = await tell(api.url, "/a2a/jwks.json", { key: null });
  const [signed] = signatures;
  const payload = Buffer.from(canonicalize(card)!).toString("base64url");
  const header = JSON.parse(Buffer.from(signed!.protected, "base64url").toString()) as JWK;
  const jwk = (jwks.keys as readonly JWK[]).find(({ kid }) => kid === header.kid)!;
  try {
    await flattenedVerify({ ...signed!, payload }, await importJWK(jwk), { algorithms: ["EdDSA"] });
    return true;
  } catch {
    return false;
  }
}

const at = (api: Api, path: string) => tell(api.url, path, { key: null });
const cardOf = (agent: string) => `/a2a/${agent}/.well-known/agent-card.json`;

test("a public card needs no key, says where and how to call, and is signed", async () => {
  const api = await openA2a();
  const { status, headers, body } = await at(api, cardOf("travel"));
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
  });
  expect(body).toMatchObject({
    name: "travel",
    description: "Books flights.",
    supportedInterfaces: [
      { url: `${publicUrl}/a2a/travel`, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
    ],
    capabilities: { streaming: true, pushNotifications: false },
    securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } } },
  });
  expect(body.version).toMatch(/^sha256:/);
  const header = JSON.parse(Buffer.from(body.signatures[0].protected, "base64url").toString());
  expect(header).toEqual({
    alg: "EdDSA",
    typ: "JOSE",
    kid: api.keys.signing.id,
    jku: `${publicUrl}/a2a/jwks.json`,
  });
  expect(await verify(api, body)).toBe(true);
  const etag = headers["etag"]!;
  const known = { key: null, headers: { "if-none-match": etag } };
  expect((await tell(api.url, cardOf("travel"), known)).status).toBe(304);
});

test("any change of a card breaks its signature", async () => {
  const api = await openA2a();
  const { body } = await at(api, cardOf("travel"));
  const [first] = body.supportedInterfaces;
  const tampered = [
    { ...body, supportedInterfaces: [{ ...first, url: "https://evil.example/a2a" }] },
    { ...body, description: "Books flights!" },
    { ...body, securityRequirements: [] },
    { ...body, iconUrl: "https://evil.example/x.png" },
    { ...body, signatures: [{ ...body.signatures[0], signature: "A".repeat(86) }] },
  ];
  for (const card of tampered) expect(await verify(api, card)).toBe(false);
  const other = await openA2a();
  // The same card, signed by whoever has another key.
  const { body: theirs } = await at(other, cardOf("travel"));
  expect(await verify(api, theirs)).toBe(false);
});

test("an agent that the configuration does not expose has no card and no key signs for it", async () => {
  const api = await openA2a();
  for (const path of [cardOf("clerk"), cardOf("nobody"), cardOf("quiet"), cardOf("constructor")])
    expect((await at(api, path)).status, path).toBe(404);
  const none = await openA2a({
    a2a: { agents: () => ({}), keys: () => null, url: () => publicUrl },
  });
  for (const path of [cardOf("travel"), "/.well-known/agent-card.json", "/a2a/jwks.json"])
    expect((await at(none, path)).status, path).toBe(404);
});

test("the card of the server is that of its only public agent", async () => {
  const api = await openA2a();
  const root = "/.well-known/agent-card.json";
  expect((await at(api, root)).body).toEqual((await at(api, cardOf("travel"))).body);
  const both = { ...exposed, clerk: { description: "x", a2a: { public: true, skills: false } } };
  const two = await openA2a({}, both);
  expect((await at(two, root)).status).toBe(404);
  expect((await at(two, cardOf("clerk"))).status).toBe(200);
});

test("a public card names skills only where it is said so, and a caller's card the tools, too", async () => {
  const digest = toDigest("a bundle");
  const tool = { exposed: "air__book", effect: "destructive" };
  const bundle = {
    description: "Books flights.",
    toolset: "trips",
    tools: [tool],
    skills: exposed["travel"]!.loadedSkills,
  };
  const api = await openA2a({
    bundles: () => ({ resolve: async () => ({ digest, bundle }) }) as never,
    catalog: () => ({ toolsets: new Map() }) as never,
  });
  const idsOf = (card: { readonly skills: readonly { readonly id: string }[] }) =>
    card.skills.map(({ id }) => id);
  expect(idsOf((await at(api, cardOf("travel"))).body)).toEqual(["travel"]);
  const { body } = await api.call("GetExtendedAgentCard", {});
  expect(idsOf(body.result)).toEqual(["travel", "skill:packing", "tool:air__book"]);
  expect(body.result.version).toBe(digest);
  expect(await verify(api, body.result)).toBe(true);
  const narrow = await api.call("GetExtendedAgentCard", {}, { key: "narrow" });
  expect(narrow.status).toBe(403);
  const travel = { ...exposed["travel"]!, a2a: { public: true, skills: true } };
  const open = await openA2a({}, { travel });
  expect(idsOf((await at(open, cardOf("travel"))).body)).toEqual(["travel", "skill:packing"]);
});

test("documents take GET alone, also from pages of other sites, and nothing else is open", async () => {
  const api = await openA2a();
  const headers = { origin: "https://elsewhere.example" };
  const path = cardOf("travel");
  expect((await tell(api.url, path, { key: null, headers })).status).toBe(200);
  expect((await tell(api.url, path, { key: null, method: "POST", headers })).status).toBe(405);
  const asked = await tell(api.url, path, { key: null, method: "OPTIONS", headers });
  expect(asked.headers["access-control-allow-headers"]).toContain("a2a-version");
  const call = { method: "POST", headers };
  expect((await tell(api.url, "/a2a/travel", call)).status).toBe(403);
  const strange = { key: null, headers: { host: "evil.example" } };
  expect((await tell(api.url, path, strange)).status).toBe(403);
});
