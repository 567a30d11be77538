import { createPrivateKey } from "node:crypto";
import { toKeyRing } from "../../src/adapters/oidc/agent-keys.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { A2aParts } from "../../src/api/a2a/options.ts";
import { openRuns } from "../runs/runs-under-test.ts";
import { tell, type ApiScript, type Tell, type Told } from "../start-api.ts";

/** The listener with agents that others may call, over runs that go on only when a test says so. */

export function makeCardKeys(): NonNullable<ReturnType<A2aParts["keys"]>> {
  const der = Buffer.from("302e020100300506032b657004220420", "hex");
  const seed = systemRandom.bytes(32);
  const key = Buffer.concat([der, seed]);
  return toKeyRing([createPrivateKey({ key, format: "der", type: "pkcs8" })]);
}

const skill = {
  name: "packing",
  description: "Packs bags.",
  digest: `sha256:${"0".repeat(64)}` as never,
  wishes: [],
};

export const exposed: ReturnType<A2aParts["agents"]> = {
  travel: {
    description: "Books flights.",
    loadedSkills: [skill],
    a2a: { public: true, skills: false },
  },
  clerk: { description: "Is called by those who know it.", a2a: { public: false, skills: false } },
  quiet: { description: "Is called by nobody." },
};

export const publicUrl = "https://gate.example.com";

export async function openA2a(script: ApiScript = {}, agents = exposed) {
  const keys = makeCardKeys();
  const api = await openRuns({
    agents: () => ({
      travel: { toolset: "trips", agents: [] },
      clerk: { agents: [] },
      quiet: { agents: [] },
    }),
    a2a: { agents: () => agents, keys: () => keys, url: () => publicUrl },
    ...script,
  });
  return {
    ...api,
    keys,
    /** One request as it is sent; `ada` is a caller. */
    send: (body: unknown, options: Sending = {}) => send(api.url, body, options),
    async call(method: string, params: object, options: Sending = {}): Promise<Told> {
      return send(api.url, { jsonrpc: "2.0", id: 1, method, params }, options);
    },
  };
}

export interface Sending extends Pick<Tell, "headers"> {
  readonly key?: string | null;
  readonly path?: string;
}

function send(url: string, body: unknown, { key = "ada", path, headers }: Sending) {
  return tell(url, path ?? "/a2a/travel", {
    method: "POST",
    key,
    headers: { "content-type": "application/json", "a2a-version": "1.0", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

let sent = 0;

export function toMessage(text: string, more: object = {}) {
  sent += 1;
  return { messageId: `m-${sent}`, role: "ROLE_USER", parts: [{ text }], ...more };
}

export const atOnce = { configuration: { returnImmediately: true } };
