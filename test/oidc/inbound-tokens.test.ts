import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { callerKey, otherKey } from "../mcp/gate-under-test.ts";
import { tell } from "../start-api.ts";
import { encode, makeKey, startIssuer, toClaims } from "./fixture-issuer.ts";
import { openWithTokens } from "./gate-with-tokens.ts";

test("I10: a token calls tools as its subject, policies see its roles, and nothing of it goes upstream", async () => {
  const { mint, call, upstream, gate } = await openWithTokens();
  const token = await mint();
  expect(await call(token)).toContain("hi ×1");
  // The second time it is recalled; its holder is the same.
  expect(await call(token)).toContain("hi ×1");
  const stranger = await mint({ groups: ["stranger"] });
  expect(await call(stranger)).toContain("denied");
  expect(await call(otherKey)).toContain("hi ×1");
  expect(await call(callerKey)).toContain("denied");
  expect(upstream.calls()).toBe(3);
  const said = upstream.seen() + JSON.stringify(gate.logged);
  for (const one of [token, stranger, callerKey, otherKey]) {
    expect(said).not.toContain(one);
    expect(said).not.toContain(one.split(".").at(-1));
  }
  expect(said.toLowerCase()).not.toContain("authorization");
});

test("a token for one endpoint opens no other, and is told which one it lacks", async () => {
  const { mint, knock, publicUrl } = await openWithTokens();
  const places = ["/mcp", "/mcp/one", "/mcp/two"];
  for (const place of places) {
    const token = await mint({ aud: `${publicUrl}${place}` });
    for (const asked of places) {
      const told = await knock(token, asked);
      expect([place, asked, told.status]).toEqual([place, asked, asked === place ? 200 : 401]);
      if (asked === place) continue;
      expect(told.headers["www-authenticate"]).toBe(
        `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource${asked}", ` +
          'error="invalid_token", error_description="The token was not issued for this resource.", ' +
          'scope="calls"',
      );
    }
    expect((await tell(publicUrl, "/v1/version", { key: token })).status).toBe(401);
  }
  const both = await mint({ aud: [`${publicUrl}/mcp/one`, `${publicUrl}/mcp/two`] });
  expect((await knock(both, "/mcp/two")).status).toBe(200);
  expect((await knock(both, "/mcp/two/")).status).toBe(200);
  expect((await knock(both)).status).toBe(401);
  for (const odd of ["/mcp/one/two", "/mcp/%6fne", "/mcp//one", "/mcp/nothing"])
    expect([odd, (await knock(both, odd)).status]).toEqual([odd, 401]);
});

test("what does not prove itself is refused, and what is refused is never repeated", async () => {
  const { mint, knock, issuer, key, publicUrl } = await openWithTokens({
    tenantClaim: "org",
    tenants: { acme: "default" },
  });
  const good = { org: "acme" };
  const nowS = Math.floor(systemClock.nowMs() / 1_000);
  const other = await makeKey("one");
  const stranger = await startIssuer(other);
  const claims = toClaims(issuer.url, { ...good, iat: nowS, exp: nowS + 60, scope: "calls" });
  const unsigned = `${encode({ alg: "none", kid: "one" })}.${encode(claims)}.`;
  const pem = key.publicKey.export({ format: "pem", type: "spki" }).toString();
  const shared = `${encode({ alg: "HS256", kid: "one" })}.${encode(claims)}.${encode(pem)}`;
  expect((await knock(await mint(good))).status).toBe(200);
  const wrong: readonly (readonly [what: string, token: string, message: string])[] = [
    ["another audience", await mint({ ...good, aud: "https://crm.example" }), "this resource"],
    ["a longer audience", await mint({ ...good, aud: `${publicUrl}/mcp/` }), "this resource"],
    ["expired", await mint({ ...good, iat: nowS - 900, exp: nowS - 600 }), "expired"],
    ["early", await mint({ ...good, nbf: nowS + 600 }), "not valid yet"],
    ["another issuer", await mint({ ...good, iss: stranger.url }, other), "not trusted"],
    ["another's key", await mint(good, other), "not signed"],
    ["another tenant", await mint({ org: "umbrella" }), "no tenant"],
    ["no tenant", await mint(), "no tenant"],
    ["a line break in its name", await mint({ ...good, sub: "a\nb" }), "no subject"],
    ["an actor of its own", await mint({ ...good, act: { sub: "agent" } }), "actor"],
    ["no signature", unsigned, "not accepted"],
    ["a shared secret", shared, "not accepted"],
    ["another type", await mint(good, key, { typ: "logout+jwt" }), "type"],
    ["too long", `ey${"a".repeat(14_000)}.b.c`, "header"],
    ["nonsense", "eyJ.eyJ.eyJ", "header"],
  ];
  for (const [what, token, message] of wrong) {
    const told = await knock(token);
    expect([what, told.status]).toEqual([what, 401]);
    expect(told.body.error.message).toContain(message);
    expect(told.headers["www-authenticate"]).toContain('error="invalid_token"');
    expect(JSON.stringify([told.text, told.headers])).not.toContain(token);
  }
});

test("without a scope that is needed the answer is 403 and names it", async () => {
  const { mint, knock } = await openWithTokens();
  const told = await knock(await mint({ scope: "openid" }));
  expect([told.status, told.body.error.code]).toEqual([403, "forbidden"]);
  expect(told.headers["www-authenticate"]).toContain('error="insufficient_scope"');
  expect(told.headers["www-authenticate"]).toContain('scope="calls"');
});

test("while the issuer's keys cannot be read the answer is 503, with nothing about a token", async () => {
  const { mint, knock, issuer } = await openWithTokens();
  issuer.answer = (_path, response) => {
    response.writeHead(500).end();
    return true;
  };
  const told = await knock(await mint());
  expect([told.status, told.body.error.code]).toEqual([503, "issuer_unavailable"]);
  expect(told.headers).toMatchObject({ "retry-after": "1" });
  expect(told.headers["www-authenticate"]).toBeUndefined();
});

test("a key that the issuer adds is taken without a restart", async () => {
  const { mint, knock, issuer } = await openWithTokens();
  const next = await makeKey("two");
  issuer.published = [next.jwk];
  expect((await knock(await mint({}, next))).status).toBe(200);
});

test("a token in the query is no token, with a key in the header or without", async () => {
  const { mint, knock, publicUrl } = await openWithTokens();
  const token = await mint();
  for (const name of ["access_token", "token", "authorization"]) {
    const told = await knock(null, `/mcp?${name}=${token}`);
    expect(told.status).toBe(401);
    expect(told.headers["www-authenticate"]).not.toContain("error=");
    expect(JSON.stringify([told.text, told.headers])).not.toContain(token);
  }
  const own = await mint({ aud: publicUrl });
  expect((await knock(own, `/mcp?access_token=${token}`)).status).toBe(401);
});

test("claimed roles give roles of the API, and whoever configures does not approve", async () => {
  const { mint, publicUrl, call } = await openWithTokens();
  const statusOf = async (groups: readonly string[], method: string, path: string) => {
    const key = await mint({ aud: publicUrl, groups });
    const headers = { "content-type": "application/yaml" };
    const body = method === "GET" ? undefined : "version: 1";
    return (await tell(publicUrl, path, { key, method, headers, ...(body && { body }) })).status;
  };
  const plan = ["POST", "/v1/config/plan"] as const;
  expect(await statusOf([], "GET", "/v1/config")).toBe(403);
  expect(await statusOf(["traveller"], "GET", "/v1/servers")).toBe(403);
  expect(await statusOf(["watch"], "GET", "/v1/servers")).toBe(200);
  expect(await statusOf(["watch"], ...plan)).toBe(403);
  expect(await statusOf(["watch"], "POST", "/v1/servers/mail/refresh")).toBe(403);
  expect(await statusOf(["ops"], "POST", "/v1/servers/mail/refresh")).toBe(200);
  expect(await statusOf(["ops"], ...plan)).toBe(403);
  expect(await statusOf(["root"], ...plan)).toBe(200);
  // Who approves may see what runs, and configures nothing.
  expect(await statusOf(["yes"], "GET", "/v1/version")).toBe(200);
  expect(await statusOf(["yes"], ...plan)).toBe(403);
  // Both at once: neither.
  expect(await statusOf(["yes", "root"], ...plan)).toBe(403);
  expect(await statusOf(["yes", "root"], "GET", "/v1/version")).toBe(403);
  expect(await statusOf(["yes", "root", "watch"], "GET", "/v1/version")).toBe(200);
  // A role of the API is none of a policy's.
  expect(await call(await mint({ groups: ["root"] }))).toContain("denied");
});

test("the roles of another tenant's people are none of the API's", async () => {
  const { mint, publicUrl } = await openWithTokens({ tenant: "acme" });
  const key = await mint({ aud: publicUrl, groups: ["root", "watch"] });
  expect((await tell(publicUrl, "/v1/version", { key })).status).toBe(403);
});

test("an audience that stands for the whole server opens what the issuer's toolsets say", async () => {
  const { mint, knock, publicUrl } = await openWithTokens({
    audiences: ["api://countersign"],
    toolsets: ["one"],
  });
  const token = await mint({ aud: "api://countersign", groups: ["watch"] });
  expect((await tell(publicUrl, "/v1/version", { key: token })).status).toBe(200);
  expect((await knock(token, "/mcp/one")).status).toBe(200);
  expect((await knock(token, "/mcp/two")).status).toBe(403);
  expect((await knock(token)).status).toBe(403);
  // Whoever names one of the two has asked for that alone, and may not have it.
  const narrow = await mint({ aud: `${publicUrl}/mcp/two`, groups: ["watch"] });
  expect((await knock(narrow, "/mcp/two")).status).toBe(403);
  expect((await knock(narrow, "/mcp/one")).status).toBe(401);
  // Nobody's tokens open these two, so nobody is sent for one.
  const document = async (place: string) =>
    (await tell(publicUrl, `/.well-known/oauth-protected-resource${place}`, { key: null })).status;
  expect(await Promise.all(["", "/mcp/one", "/mcp/two", "/mcp"].map(document))).toEqual([
    200, 200, 404, 404,
  ]);
});
