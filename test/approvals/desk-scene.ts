import { starterRules } from "../../src/model/starter-rules.ts";
import { startHttpFixture } from "../mcp/fixture-http.ts";
import { approverKey, startGateUnderTest, whenListed } from "../mcp/gate-under-test.ts";
import { createLegacyClient, createModernClient, type RawClient } from "../mcp/raw-clients.ts";

type Json = Record<string, unknown>;

/** A client that cannot be asked: what waits for a person is told to it in words. */
const mute = { answer: () => ({}), capabilities: {} };

/** A gate in front of a mailer whose effects ask, and the desk where a person decides. */
export async function openDeskScene(
  more: { readonly rules?: string; readonly config?: Json } = {},
) {
  const mail = await startHttpFixture("modern");
  const gate = await startGateUnderTest({
    policy: { rules: { test: more.rules ?? starterRules } },
    servers: {
      mail: { transport: "http", url: mail.url, private: true, labels: ["trusted"] },
    },
    ...more.config,
  });
  await whenListed(gate);
  const api = new URL("/v1/", gate.url).href;
  const tell = async (path: string, body?: unknown, key = approverKey) => {
    const response = await fetch(new URL(path, api), {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
  return {
    gate,
    mail,
    tell,
    /** What the server was sent, its arguments. */
    sent: () =>
      mail.requests
        .filter(({ method }) => method === "tools/call")
        .map(({ params }) => (params as Json)["arguments"]),
    modern: (options: Json = {}) => createModernClient({ ...mute, url: gate.url, ...options }),
    legacy: (options: Json = {}) => createLegacyClient({ ...mute, url: gate.url, ...options }),
    waiting: async () =>
      (await tell("approvals?state=pending")).body["approvals"] as readonly Waiting[],
    decide: ({ id, digest }: Pick<Waiting, "id" | "digest">, word = "approved", added: Json = {}) =>
      tell(`approvals/${id}/decision`, { digest, word, ...added }),
  };
}

export interface Waiting extends Json {
  readonly id: string;
  readonly digest: string;
}

export function callOf(client: RawClient, args: Json = { text: "hi" }, meta: Json = {}) {
  return client.request("tools/call", { name: "mail__echo", arguments: args, _meta: meta });
}

/** What the gate says became of it; `done`: the server's own answer. */
export function outcomeOf(answer: Json): Json | "done" {
  const result = answer["result"] as Json | undefined;
  const meta = result?.["_meta"] as Json | undefined;
  return (meta?.["dev.countersign/outcome"] as Json | undefined) ?? "done";
}
