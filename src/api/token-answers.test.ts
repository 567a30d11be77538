import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { createAgentTokens } from "../adapters/oidc/agent-tokens.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemRandom as random } from "../adapters/system/system-random.ts";
import { createIdentity } from "../authority/identity.ts";
import { createKeyring, hashKey } from "../authority/keyring.ts";
import { createTokenAnswers } from "./token-answers.ts";

const publicUrl = "https://gate.example.com";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";

test("a token is minted for our own endpoints, and for no URL that only begins like ours", async () => {
  const foreign = [":8443/realms/x", ".evil.example/mcp", ":8443/mcp", "/realms/x", "/mcp-2", ""];
  const tokens = createAgentTokens({
    keys: [generateKeyPairSync("ed25519").privateKey],
    clock,
    random,
    issuer: publicUrl,
    mintsFor: ["/mcp", "/mcp/travel", ...foreign].map((rest) => `${publicUrl}${rest}`),
    accepts: [`${publicUrl}/mcp`],
  });
  const identity = createIdentity({
    keyring: createKeyring([{ id: "ci", role: "caller", sha256: hashKey("key") }]),
    tokens: null,
    resources: null,
    agents: { publicUrl, tokens },
  });
  const answers = createTokenAnswers({
    identity: () => identity,
    clock,
    telemetry: { count: () => {}, observe: () => {}, gauge: () => {}, log: () => {} },
  });
  const ask = async (audience: string) => {
    const body = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: "key",
      subject_token_type: accessToken,
      requested_actor: `agent@sha256:${"0".repeat(64)}`,
      audience,
    }).toString();
    const asked = { body, headers: undefined, params: undefined, query: undefined, holder: null };
    const { signal } = new AbortController();
    return (await answers.exchangeToken({ ...asked, signal })).body;
  };
  for (const place of ["/mcp", "/mcp/travel"]) {
    expect(await ask(`${publicUrl}${place}`)).toHaveProperty("access_token");
  }
  for (const place of [...foreign, "/mcp/none"]) {
    expect(await ask(`${publicUrl}${place}`)).toMatchObject({ error: "invalid_target" });
  }
});
