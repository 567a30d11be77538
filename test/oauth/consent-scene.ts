import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { fromEntryBytes, type Entry } from "../../src/model/entry.ts";
import {
  callerKey,
  startGateUnderTest,
  whenListed,
  type GateUnderTest,
} from "../mcp/gate-under-test.ts";
import { createBrowser } from "./browse.ts";
import { introspect, startCheckedServer, type CheckedServer } from "./checked-server.ts";
import { openPage } from "./connect-browser.ts";
import { clientSecret, startProvider, type ProviderUnderTest } from "./start-provider.ts";

export type Json = Record<string, unknown>;
export const echo = { name: "fix__echo", arguments: { text: "hi" } };
export const touch = { name: "fix__touch", arguments: {} };

export interface Scene {
  readonly gate: GateUnderTest;
  readonly server: CheckedServer;
  readonly provider: ProviderUnderTest;
  readonly origin: string;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lists are open; calls take the token of a person. */
export async function openScene(
  era: "modern" | "legacy" = "modern",
  more: object = {},
  root: object = {},
): Promise<Scene> {
  const origin = `http://127.0.0.1:${await freePort()}`;
  const provider = await startProvider({
    clients: [
      {
        client_id: "person",
        token_endpoint_auth_method: "none",
        redirect_uris: [`${origin}/connect/callback/fix`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
      {
        client_id: "machine",
        client_secret: clientSecret,
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
      },
    ],
  });
  const server = await startCheckedServer({
    era,
    async accepts({ authorization, method }) {
      if (method !== "tools/call") return true;
      const found = await introspect(provider.issuer, { secret: clientSecret, authorization });
      return found.active && found.sub !== undefined;
    },
  });
  const gate = await startGateUnderTest({
    ...root,
    publicUrl: origin,
    servers: {
      fix: {
        transport: "http",
        url: server.url,
        private: true,
        tools: { echo: { effect: "read" } },
        credential: {
          kind: "user",
          issuer: provider.issuer,
          private: true,
          clientId: "person",
          scopes: ["openid", "offline_access", "read"],
          ...more,
        },
      },
    },
  });
  await whenListed(gate);
  return { gate, server, provider, origin };
}

const version = "2026-07-28";

/** One request of a modern client, as it is: what it asks is answered by the test. */
export async function send({ gate }: Scene, params: Json, key = callerKey): Promise<Json> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {}, url: {} } },
  };
  const response = await fetch(gate.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": version,
      "mcp-method": "tools/call",
      "mcp-name": String(params["name"]),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { ...params, _meta: { ...meta, ...(params["_meta"] as Json | undefined) } },
    }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? text : /^data: (\{.*\})$/m.exec(text)![1]!;
  return ((JSON.parse(json) as Json)["result"] ?? JSON.parse(json)) as Json;
}

interface Asked {
  readonly url: string;
  readonly requestState: string;
}

export async function ask(scene: Scene, params: Json = echo, key = callerKey): Promise<Asked> {
  const result = await send(scene, params, key);
  expect(result).toMatchObject({
    resultType: "input_required",
    inputRequests: {
      consent: { method: "elicitation/create", params: { mode: "url" } },
    },
  });
  const { inputRequests, requestState } = result as {
    inputRequests: Record<string, { params: { url: string } }>;
    requestState: string;
  };
  return { url: inputRequests["consent"]!.params.url, requestState };
}

export const accepted = { consent: { action: "accept" } };

/** Through the pages as they are, and the provider's own. */
export async function agree(url: string, key: string, login: string): Promise<void> {
  const first = await openPage(url);
  const issuer = await first.submit(key);
  if (issuer === null) throw new Error(first.element("said").textContent);
  const back = await openPage(await createBrowser().agree(issuer, login));
  expect(await back.submit(key)).toBeNull();
  expect(back.element("said").textContent).toMatch(/^Done: fix is connected/);
}

export async function listEntries({ gate }: Pick<Scene, "gate">): Promise<readonly Entry[]> {
  const rows = await gate.store.entries.page("default" as never, { after: 0n, limit: 1_000 });
  return rows.map(({ bytes }) => fromEntryBytes(bytes));
}

export const sentOf = ({ server }: Scene) =>
  server.arrived.filter(({ method }) => method === "tools/call");

export function textOf(result: Json): unknown {
  return (result["content"] as Json[])[0]!["text"];
}

export async function whose(
  { provider }: Scene,
  authorization: string,
): Promise<string | undefined> {
  return (await introspect(provider.issuer, { secret: clientSecret, authorization })).sub;
}

export function rest(
  scene: Scene,
  path: string,
  { key = callerKey, ...init }: RequestInit & { key?: string } = {},
) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(new URL(path, scene.origin), { ...init, headers });
}
