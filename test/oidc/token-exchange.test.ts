import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { expect, test } from "vitest";
import { toDigest } from "../../src/model/index.ts";
import { approverKey, callerKey, otherKey } from "../mcp/gate-under-test.ts";
import { tell } from "../start-api.ts";
import { openWithTokens } from "./gate-with-tokens.ts";

const bundle = toDigest("a bundle");
const accessToken = "urn:ietf:params:oauth:token-type:access_token";
const grant = "urn:ietf:params:oauth:grant-type:token-exchange";

async function open(more?: Record<string, unknown>) {
  const opened = await openWithTokens(more);
  const { publicUrl } = opened;
  const ask = (given: Record<string, string>, extra = "") =>
    tell(publicUrl, "/oauth/token", {
      method: "POST",
      key: null,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `${new URLSearchParams({
        grant_type: grant,
        subject_token_type: accessToken,
        requested_actor: `travel@${bundle}`,
        resource: `${publicUrl}/mcp`,
        ...given,
      }).toString()}${extra}`,
    });
  const mintFor = async (subject: string, place = "/mcp"): Promise<string> => {
    const told = await ask({ subject_token: subject, resource: `${publicUrl}${place}` });
    if (told.status !== 200) throw new Error(told.text);
    return String(told.body.access_token);
  };
  return { ...opened, ask, mintFor };
}

test("a user's token becomes an agent's, which calls as both and proves itself to others", async () => {
  const { mint, ask, call, knock, publicUrl, upstream, gate, issuer } = await open();
  const told = await ask({ subject_token: await mint() });
  expect(told.status).toBe(200);
  expect(told.headers["cache-control"]).toBe("no-store");
  expect(told.body).toEqual({
    access_token: expect.any(String),
    issued_token_type: accessToken,
    token_type: "Bearer",
    expires_in: expect.any(Number),
    scope: "calls",
  });
  expect(told.body.expires_in).toBeGreaterThan(290);
  expect(told.body.expires_in).toBeLessThanOrEqual(300);
  const token = String(told.body.access_token);
  // The subject's roles came along: what the subject may not, its agent may not.
  expect(await call(token)).toContain("hi ×1");
  const keys = createRemoteJWKSet(new URL(`${publicUrl}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(token, keys, {
    issuer: publicUrl,
    audience: `${publicUrl}/mcp`,
    typ: "at+jwt",
  });
  expect(payload).toMatchObject({
    sub: `${issuer.url}#alice`,
    act: { sub: `travel@${bundle}` },
    roles: ["traveller"],
  });
  // One endpoint, and nothing of the API, whatever its subject may.
  expect((await knock(token, "/mcp/one")).status).toBe(401);
  expect((await tell(publicUrl, "/v1/version", { key: token })).status).toBe(401);
  expect(upstream.seen() + JSON.stringify(gate.logged)).not.toContain(token);
  const actors = gate.logged.filter(({ message }) => message.includes("for an agent"));
  expect(actors).toMatchObject([{ fields: { agent: "travel", bundle } }]);
});

test("an API key's holder has agents too, with its own roles and no more", async () => {
  const { mintFor, call, mint } = await open();
  expect(await call(await mintFor(otherKey))).toContain("hi ×1");
  // Agents are permitted; these subjects are not.
  expect(await call(await mintFor(callerKey))).toContain("denied");
  expect(await call(await mintFor(await mint({ groups: ["stranger"] })))).toContain("denied");
});

test("an agent gets nowhere that its subject does not, and hands nothing on", async () => {
  const { mint, ask, mintFor, publicUrl } = await open({ toolsets: ["", "one"] });
  const subject = await mint({ aud: [`${publicUrl}/mcp`, `${publicUrl}/mcp/two`] });
  const errorOf = async (given: Record<string, string>, extra?: string) => {
    const told = await ask({ subject_token: subject, ...given }, extra);
    return told.status === 200 ? "issued" : `${told.status} ${String(told.body.error)}`;
  };
  expect(await errorOf({})).toBe("issued");
  const to = (place: string) => errorOf({ resource: `${publicUrl}${place}` });
  // Its token is not for the one, its issuer not for the other, and the API is for no agent.
  for (const place of ["/mcp/one", "/mcp/two", "", "/", "/mcp/", "/mcp/nothing"])
    expect([place, await to(place)]).toEqual([place, "400 invalid_target"]);
  expect(await errorOf({ resource: "https://crm.example" })).toBe("400 invalid_target");
  expect(await errorOf({ scope: "calls" })).toBe("issued");
  expect(await errorOf({ scope: "calls admin" })).toBe("400 invalid_scope");
  const agent = await mintFor(subject);
  expect(await errorOf({ subject_token: agent })).toBe("issued");
  const other = { subject_token: agent, requested_actor: `other@${bundle}` };
  expect(await errorOf(other)).toBe("400 invalid_request");
});

test("what is not a whole exchange is refused in the words of OAuth, and never repeated", async () => {
  const { mint, ask, publicUrl } = await open();
  const subject = await mint();
  const wrong: readonly (readonly [
    error: string,
    given: Record<string, string>,
    extra?: string,
  ])[] = [
    ["unsupported_grant_type", { grant_type: "client_credentials" }],
    ["invalid_request", { subject_token: "" }],
    ["invalid_request", { subject_token: "canary-0123456789" }],
    ["invalid_request", { subject_token: approverKey }],
    ["invalid_request", { subject_token: await mint({ scope: "openid" }) }],
    ["invalid_request", { subject_token_type: "urn:ietf:params:oauth:token-type:saml2" }],
    ["invalid_request", { requested_token_type: "urn:ietf:params:oauth:token-type:id_token" }],
    ["invalid_request", { requested_actor: "travel" }],
    ["invalid_request", { requested_actor: `@${bundle}` }],
    ["invalid_request", { requested_actor: `a\nb@${bundle}` }],
    ["invalid_request", { actor_token: "eyJ" }],
    ["invalid_request", { audience: `${publicUrl}/mcp` }],
    ["invalid_request", {}, "&resource=https%3A%2F%2Fcrm.example"],
  ];
  for (const [error, given, extra] of wrong) {
    const told = await ask({ subject_token: subject, ...given }, extra);
    expect([given, told.status, told.body.error]).toEqual([given, 400, error]);
    expect(told.text).not.toContain(subject);
    expect(told.text).not.toContain("canary");
  }
  const large = await ask({ subject_token: subject, padding: "x".repeat(70_000) });
  expect(large.status).toBe(413);
});

test("an OAuth client that others wrote exchanges a token", async () => {
  const { mint, publicUrl } = await open();
  const server = { issuer: publicUrl, token_endpoint: `${publicUrl}/oauth/token` };
  // eslint-disable-next-line typescript/no-deprecated -- it is loopback, without TLS
  const insecure = { [oauth.allowInsecureRequests]: true };
  const client = { client_id: "a client" };
  const response = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.None(),
    grant,
    {
      subject_token: await mint(),
      subject_token_type: accessToken,
      requested_actor: `travel@${bundle}`,
      audience: `${publicUrl}/mcp`,
    },
    insecure,
  );
  const issued = await oauth.processGenericTokenEndpointResponse(server, client, response);
  expect(issued).toMatchObject({ token_type: "bearer", scope: "calls" });
});
