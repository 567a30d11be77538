import { inspect } from "node:util";
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from "jose";
import { expect, test } from "vitest";
import { toDigest } from "../../src/model/index.ts";
import { callerKey, otherKey, startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { createModernClient } from "../mcp/raw-clients.ts";
import { startCheckedServer } from "./checked-server.ts";
import { echo, freePort, listEntries, textOf, type Json } from "./consent-scene.ts";
import { listen, readForm } from "./listen.ts";
import { clientSecret } from "./start-provider.ts";

const bundle = toDigest("a bundle");
const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";

/** An authorization server that exchanges what it can verify by our published keys. */
async function startExchanger(publicUrl: string) {
  const seen: { readonly payload: JWTPayload; readonly audience: string | null }[] = [];
  const issuer: string = await listen((incoming, outgoing) => void answer(incoming, outgoing));
  const keys = createRemoteJWKSet(new URL(`${publicUrl}/.well-known/jwks.json`));
  async function answer(...[incoming, outgoing]: Parameters<Parameters<typeof listen>[0]>) {
    const form = await readForm(incoming);
    const { payload } = await jwtVerify(form.get("subject_token")!, keys, {
      issuer: publicUrl,
      audience: issuer,
      typ: "at+jwt",
    });
    seen.push({ payload, audience: form.get("audience") });
    outgoing.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        access_token: `exchanged-${seen.length}`,
        issued_token_type: accessToken,
        token_type: "Bearer",
        expires_in: 600,
      }),
    );
  }
  return { issuer, seen };
}

async function open() {
  const publicUrl = `http://127.0.0.1:${await freePort()}`;
  const exchanger = await startExchanger(publicUrl);
  const server = await startCheckedServer({
    era: "legacy",
    accepts: ({ authorization, method }) =>
      method !== "tools/call" || authorization.startsWith("Bearer exchanged-"),
  });
  const credential = {
    kind: "exchange",
    issuer: exchanger.issuer,
    tokenEndpoint: `${exchanger.issuer}/token`,
    private: true,
    clientId: "us",
    secret: "env://CLIENT_SECRET",
    audience: "fix-api",
  };
  const fix = { transport: "http", url: server.url, private: true, credential };
  const gate = await startGateUnderTest({ publicUrl, servers: { fix } }, undefined, {
    "env://CLIENT_SECRET": clientSecret,
  });
  await whenListed(gate);
  const toAgent = async (key: string, agent: string): Promise<string> => {
    const told = await fetch(`${publicUrl}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: grantType,
        subject_token: key,
        subject_token_type: accessToken,
        requested_actor: `${agent}@${bundle}`,
        resource: `${publicUrl}/mcp`,
      }),
    });
    return String(((await told.json()) as Json)["access_token"]);
  };
  const call = (key: string) =>
    createModernClient({ url: gate.url, key, answer: () => ({}) }).request("tools/call", echo);
  return { gate, server, exchanger, toAgent, call };
}

test("I10: an agent's call carries what our token for it was exchanged for, and no token of a caller", async () => {
  const { gate, server, exchanger, toAgent, call } = await open();
  const tokens = [
    await toAgent(callerKey, "travel"),
    await toAgent(callerKey, "mail"),
    await toAgent(otherKey, "travel"),
  ];
  for (const token of [...tokens, ...tokens])
    expect(textOf((await call(token))["result"] as Json)).toBe("hi ×1");
  const claimed = exchanger.seen.map(({ payload: { sub, act }, audience }) => [sub, act, audience]);
  expect(claimed).toEqual([
    ["caller", { sub: `travel@${bundle}` }, "fix-api"],
    ["caller", { sub: `mail@${bundle}` }, "fix-api"],
    ["other", { sub: `travel@${bundle}` }, "fix-api"],
  ]);
  const calls = server.arrived.filter(({ method }) => method === "tools/call");
  expect(calls.map(({ authorization }) => authorization)).toEqual(
    [1, 2, 3, 1, 2, 3].map((each) => `Bearer exchanged-${each}`),
  );
  const entries = await listEntries({ gate });
  const said = inspect([entries, gate.logged], { depth: 9 });
  const wire = server.arrived.map(({ headers, body }) => headers + body).join("\n");
  for (const token of tokens) expect(said + wire).not.toContain(token);
  expect(said).not.toContain("exchanged-");
  const credentials = entries.flatMap((each) => (each.kind === "outcome" ? each.credential : []));
  expect(new Set(credentials).size).toBe(3);
});

test("who calls without an agent is told so, and the authorization server is not asked", async () => {
  const { gate, server, exchanger, toAgent, call } = await open();
  for (let round = 0; round < 10; round += 1) {
    expect(await call(callerKey)).toMatchObject({
      error: {
        message: expect.stringContaining("service caller calls without an agent"),
        data: { fault: "credential_refused" },
      },
    });
  }
  expect(exchanger.seen).toEqual([]);
  expect(server.arrived.filter(({ method }) => method === "tools/call")).toEqual([]);
  const last = (await listEntries({ gate })).at(-1);
  expect(last).toMatchObject({ outcome: "fault", reason: "credential_refused" });
  // Nobody else pays for it.
  const token = await toAgent(otherKey, "travel");
  expect(textOf((await call(token))["result"] as Json)).toBe("hi ×1");
});
