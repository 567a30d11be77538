import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { toDigest } from "../../src/model/index.ts";
import { startRecordingUpstream } from "../oidc/recording-upstream.ts";
import { askForClient, askForUser, startProvider } from "../oidc/start-provider.ts";
import { tell, type Tell, type Told } from "../start-api.ts";
import { createHome } from "./home.ts";

// A server with its database and two more, beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 });

// Behind a proxy: clients know the server by this name, and so do their tokens.
const publicUrl = "https://gate.example.com";

const toDocument = (upstream: string, auth: string): string => `version: 1
publicUrl: ${publicUrl}
auth:
  ${auth}
policy:
  rules:
    people: |
      @id("travellers") permit (principal in Role::"default/traveller", action, resource);
      @id("agents") permit (principal is Agent, action, resource);
servers:
  mail: { transport: http, url: "${upstream}", private: true }
toolsets:
  one: { servers: [mail] }
`;

function callWith(url: string, place: string, key: string): Promise<Told> {
  const name = "mail__echo";
  const message = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name,
      arguments: { text: "hi" },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  };
  const asked: Tell = {
    method: "POST",
    key,
    headers: {
      host: "gate.example.com",
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": message.method,
      "mcp-name": name,
    },
    body: JSON.stringify(message),
  };
  return tell(url, place, asked);
}

/** The server lists its upstream in the background. */
async function untilCalled(call: () => Promise<Told>): Promise<Told> {
  for (let tries = 0; ; tries += 1) {
    const told = await call();
    if (told.text.includes("hi ×1") || tries > 200) return told;
    await systemClock.sleep(50);
  }
}

function exchange(url: string, given: Record<string, string>): Promise<Told> {
  const asked = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    requested_actor: `travel@${toDigest("a bundle")}`,
    ...given,
  };
  return tell(url, "/oauth/token", {
    method: "POST",
    key: null,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(asked).toString(),
  });
}

test("I10: people of a real provider call through a real server, as do their agents, until the issuer goes", async () => {
  const home = createHome();
  const provider = await startProvider([`${publicUrl}/mcp`, `${publicUrl}/mcp/one`]);
  const upstream = await startRecordingUpstream();
  const file = path.join(home.directory, "countersign.yaml");
  const issuer = `issuer: "${provider.issuer}", private: true, rolesClaim: groups, requiredScopes: [calls]`;
  writeFileSync(file, toDocument(upstream.url, `issuers: { corp: { ${issuer} } }`));
  const { url, kill, ended, events } = await home.up();

  const { accessToken, idToken } = await askForUser(provider, `${publicUrl}/mcp`, "alice");
  const called = await untilCalled(() => callWith(url, "/mcp", accessToken));
  expect(called.text).toContain("hi ×1");
  const other = await callWith(url, "/mcp/one", accessToken);
  expect(other.status).toBe(401);
  expect(other.headers["www-authenticate"]).toContain(
    `${publicUrl}/.well-known/oauth-protected-resource/mcp/one`,
  );
  expect((await callWith(url, "/mcp", idToken)).status).toBe(401);
  const machine = await askForClient(provider, `${publicUrl}/mcp/one`);
  expect((await callWith(url, "/mcp/one", machine)).text).toContain("hi ×1");

  const resource = `${publicUrl}/mcp`;
  const told = await exchange(url, { subject_token: accessToken, resource });
  const agent = String(told.body.access_token);
  expect((await callWith(url, "/mcp", agent)).text).toContain("hi ×1");
  // The caller key of this user has no role that a rule permits, and so its agents have none.
  const callerKey = readFileSync(
    path.join(home.directory, "config", "countersign", "caller.key"),
    "utf8",
  ).trim();
  const plain = await exchange(url, { subject_token: callerKey, resource });
  expect((await callWith(url, "/mcp", String(plain.body.access_token))).text).toContain("denied");

  const keyFile = path.join(home.directory, "config", "countersign", "agent.key");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const jwks = await tell(url, "/.well-known/jwks.json", { key: null });
  expect(jwks.body.keys).toHaveLength(1);
  expect(Object.keys(jwks.body.keys[0] as object)).not.toContain("d");

  // Nothing of what callers prove themselves with reaches a server of others.
  const proofs = [accessToken, idToken, machine, agent, callerKey];
  for (const proof of proofs) expect(upstream.seen()).not.toContain(proof);
  expect(upstream.seen().toLowerCase()).not.toContain("authorization");
  expect(JSON.stringify(events)).not.toContain(accessToken);

  writeFileSync(file, toDocument(upstream.url, "callers: {}"));
  expect((await home.run("apply")).code).toBe(0);
  const gone = await callWith(url, "/mcp", accessToken);
  expect([gone.status, gone.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  kill("SIGTERM");
  expect(await ended).toBe(0);
  // What is on disk holds no token that somebody could use.
  const texts = readdirSync(home.data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "latin1"));
  for (const proof of proofs) {
    const [, , signature = proof] = proof.split(".");
    expect(texts.filter((text) => text.includes(signature))).toEqual([]);
  }
});

test("tokens need a name for the server, and a wrong issuer is named at its line", async () => {
  const home = createHome();
  const file = path.join(home.directory, "countersign.yaml");
  writeFileSync(file, "version: 1\nauth:\n  issuers:\n    corp: { issuer: https://idp.example }\n");
  const unnamed = await home.run("up", "--listen", "127.0.0.1:0");
  expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining("needs publicUrl")]);
  writeFileSync(file, "version: 1\nauth:\n  issuers:\n    corp: { issuer: http://idp.example }\n");
  const plain = await home.run("up");
  expect([plain.code, plain.err]).toEqual([
    2,
    expect.stringContaining("countersign.yaml:4:21 auth.issuers.corp.issuer is not https"),
  ]);
  expect(home.postmasters()).toEqual([]);
});
