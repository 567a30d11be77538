import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { createModernClient } from "../mcp/raw-clients.ts";
import { tell, type Told } from "../start-api.ts";
import { makeKey, sign, startIssuer, toClaims, type SigningKey } from "./fixture-issuer.ts";
import { findFreePort, startRecordingUpstream } from "./recording-upstream.ts";

type Json = Record<string, unknown>;

/** Travellers may call; whoever else comes in calls nothing. */
export const rules = `@id("travellers")
permit (principal in Role::"default/traveller", action, resource);
@id("agents") permit (principal is Agent, action, resource);
@id("others") permit (principal in Role::"default/other", action, resource);
`;

/** The real gate and listener, an issuer that signs what a test asks for, and a server that records. */
export async function openWithTokens(more: Json = {}) {
  const key = await makeKey("one");
  const issuer = await startIssuer(key);
  const upstream = await startRecordingUpstream();
  const publicUrl = `http://127.0.0.1:${await findFreePort()}`;
  const gate = await startGateUnderTest({
    publicUrl,
    policy: { rules: { test: rules } },
    auth: {
      issuers: {
        corp: {
          issuer: issuer.url,
          private: true,
          rolesClaim: "groups",
          requiredScopes: ["calls"],
          // One of our own, listed once more, stands for its endpoint still.
          audiences: [`${publicUrl}/mcp/one`],
          access: { viewer: ["watch"], operator: ["ops"], approver: ["yes"], admin: ["root"] },
          ...more,
        },
      },
    },
    servers: { mail: { transport: "http", url: upstream.url, private: true } },
    toolsets: { one: { servers: ["mail"] }, two: { servers: ["mail"] } },
  });
  await whenListed(gate);
  const mint = (given: Json = {}, by: SigningKey = key, header: Json = {}): Promise<string> => {
    const nowS = Math.floor(systemClock.nowMs() / 1_000);
    const times = { iat: nowS, exp: nowS + 300 };
    const rights = { aud: `${publicUrl}/mcp`, groups: ["traveller"], scope: "calls" };
    return sign(toClaims(issuer.url, { ...times, ...rights, ...given }), by, header);
  };
  /** What a client without OAuth sees: the first answer of an endpoint. */
  const knock = (token: string | null, path = "/mcp"): Promise<Told> =>
    tell(publicUrl, path, {
      method: "POST",
      key: token,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: legacy }),
    });
  const call = async (token: string, path = "/mcp"): Promise<string> => {
    const client = createModernClient({
      url: `${publicUrl}${path}`,
      answer: () => ({}),
      key: token,
    });
    const params = { name: "mail__echo", arguments: { text: "hi" } };
    return JSON.stringify(await client.request("tools/call", params));
  };
  return { key, issuer, upstream, publicUrl, gate, mint, knock, call };
}

const legacy = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "test", version: "1" },
};
