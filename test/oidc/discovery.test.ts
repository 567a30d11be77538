import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { tell } from "../start-api.ts";
import { openWithTokens } from "./gate-with-tokens.ts";
import { findFreePort, startRecordingUpstream } from "./recording-upstream.ts";
import { askForClient, browse, publicClient, startProvider } from "./start-provider.ts";

/** A real authorization server, and the gate as one of its resources. */
async function open() {
  const publicUrl = `http://127.0.0.1:${await findFreePort()}`;
  const provider = await startProvider([`${publicUrl}/mcp`, `${publicUrl}/mcp/one`]);
  const upstream = await startRecordingUpstream();
  const gate = await startGateUnderTest({
    publicUrl,
    policy: {
      rules: {
        test: '@id("t") permit (principal in Role::"default/traveller", action, resource);',
      },
    },
    auth: {
      issuers: {
        corp: {
          issuer: provider.issuer,
          private: true,
          rolesClaim: "groups",
          requiredScopes: ["calls"],
        },
      },
    },
    servers: { mail: { transport: "http", url: upstream.url, private: true } },
    toolsets: { one: { servers: ["mail"] } },
  });
  await whenListed(gate);
  return { publicUrl, provider, upstream };
}

test("the official client walks from 401 to a token by itself, and calls a tool with it", async () => {
  const { publicUrl, upstream } = await open();
  let verifier = "";
  let tokens: object | undefined;
  let asked: URL | undefined;
  const url = new URL(`${publicUrl}/mcp/one`);
  const authProvider = {
    redirectUrl: publicClient.redirectUri,
    clientMetadata: { redirect_uris: [publicClient.redirectUri] },
    clientInformation: () => ({ client_id: publicClient.id }),
    tokens: () => tokens as never,
    saveTokens: (given: object) => void (tokens = given),
    redirectToAuthorization: (given: URL) => void (asked = given),
    saveCodeVerifier: (given: string) => void (verifier = given),
    codeVerifier: () => verifier,
  };
  const first = new StreamableHTTPClientTransport(url, { authProvider });
  const connecting = new Client({ name: "a client", version: "1" }).connect(first);
  await expect(connecting).rejects.toThrow(/nauthorized/);
  // It asked for a token of this very endpoint, with the scope that the challenge named.
  expect(asked?.searchParams.get("resource")).toBe(url.href);
  expect(asked?.searchParams.get("scope")).toContain("calls");
  const callback = await browse(asked!, "alice");
  await first.finishAuth(callback.searchParams);

  const client = new Client({ name: "a client", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(url, { authProvider }));
  const called = await client.callTool({ name: "mail__echo", arguments: { text: "hi" } });
  expect(JSON.stringify(called)).toContain("hi ×1");
  await client.close();
  const { access_token: token } = tokens as { access_token: string };
  expect(upstream.seen()).not.toContain(token);
});

test("each step of the walk, as the specification has it", async () => {
  const { publicUrl, provider } = await open();
  const refused = await tell(publicUrl, "/mcp", { method: "POST", key: null });
  expect(refused.status).toBe(401);
  const challenge = String(refused.headers["www-authenticate"]);
  expect(challenge).toBe(
    `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp", scope="calls"`,
  );
  const place = new URL(/resource_metadata="([^"]+)"/.exec(challenge)![1]!);
  const document = await tell(place.origin, place.pathname, { key: null });
  expect(document.body).toEqual({
    resource: `${publicUrl}/mcp`,
    authorization_servers: [provider.issuer],
    scopes_supported: ["calls"],
    bearer_methods_supported: ["header"],
    resource_name: "Countersign",
  });
  const [server] = document.body.authorization_servers as string[];
  const metadata = await tell(server!, "/.well-known/openid-configuration", { key: null });
  expect(metadata.body.issuer).toBe(server);
  const token = await askForClient(provider, document.body.resource as string);
  const told = await tell(publicUrl, "/mcp", { method: "GET", key: token });
  expect(told.status).not.toBe(401);
});

const wellKnown = "/.well-known/oauth-protected-resource";

test("a document is for everybody: cached, readable by pages, without a key", async () => {
  const { publicUrl } = await openWithTokens();
  const origin = "https://client.example";
  const told = await tell(publicUrl, `${wellKnown}/mcp/one`, { key: null, headers: { origin } });
  expect(told.status).toBe(200);
  expect(told.headers).toMatchObject({
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=300",
    "cross-origin-resource-policy": "cross-origin",
    "content-type": "application/json",
  });
  expect(told.headers["access-control-allow-credentials"]).toBeUndefined();
  const preflight = await tell(publicUrl, `${wellKnown}/mcp/one`, {
    method: "OPTIONS",
    key: null,
    headers: { origin, "access-control-request-headers": "mcp-protocol-version" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers["access-control-allow-headers"]).toContain("mcp-protocol-version");
  const head = await tell(publicUrl, `${wellKnown}/mcp`, { method: "HEAD", key: null });
  expect([head.status, head.text]).toEqual([200, ""]);
  const post = await tell(publicUrl, wellKnown, { method: "POST", key: null });
  expect([post.status, post.headers.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
  // Everything else is still closed to pages, and the name that was called is still checked.
  const page = await tell(publicUrl, "/v1/version", { key: null, headers: { origin } });
  expect(page.status).toBe(403);
  const rebound = await tell(publicUrl, wellKnown, {
    key: null,
    headers: { host: "evil.example" },
  });
  expect(rebound.status).toBe(403);
});

test("there is a document for each resource and for nothing else", async () => {
  const { publicUrl } = await openWithTokens();
  const status = async (path: string) => (await tell(publicUrl, path, { key: null })).status;
  for (const place of ["", "/mcp", "/mcp/one", "/mcp/two"])
    expect(await status(`${wellKnown}${place}`)).toBe(200);
  for (const place of ["/", "/mcp/", "/mcp/three", "/mcp/one/two", "/v1", "/mcp/__proto__"])
    expect([place, await status(`${wellKnown}${place}`)]).toEqual([place, 404]);
  expect(await status(`${wellKnown}x`)).toBe(401);
});

test("without issuers there is no document, and a challenge names none", async () => {
  const gate = await startGateUnderTest({});
  const base = new URL(gate.url).origin;
  expect((await tell(base, wellKnown, { key: null })).status).toBe(404);
  expect((await tell(base, "/.well-known/jwks.json", { key: null })).status).toBe(404);
  const told = await tell(base, "/mcp", { method: "POST", key: "eyJhbGciOiJub25lIn0.e30." });
  expect([told.status, told.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
});
