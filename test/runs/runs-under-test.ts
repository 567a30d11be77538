import { request as httpRequest, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";
import { createKeyIdentity } from "../../src/authority/identity.ts";
import { createKeyring, hashKey, type KeyHolder, type Role } from "../../src/authority/keyring.ts";
import type { Principal, TenantId } from "../../src/model/index.ts";
import { adminKey, startTestApi, tell, type ApiScript } from "../start-api.ts";
import { openFakeRunDesk } from "./fake-run-desk.ts";

export const own = "default" as TenantId;
const principalOf = (subject: string, tenant = own): Principal => ({
  tenant,
  kind: "service",
  subject,
  actor: null,
});
export const admin = principalOf("admin");
export const ada = principalOf("ada");
export const ben = principalOf("ben");

/** Keys of several callers, and of holders with roles that only tokens have. */
function openIdentity() {
  const callers = [
    { id: "ada", tenant: own },
    { id: "ben", tenant: own },
    { id: "eve", tenant: "other" as TenantId },
    { id: "narrow", tenant: own, toolsets: ["books"] },
  ];
  const keyed = createKeyIdentity(
    createKeyring([
      { id: "admin", role: "admin", sha256: hashKey(adminKey) },
      { id: "approver", role: "approver", sha256: hashKey("approver-key") },
      ...callers.map((each) => ({ ...each, role: "caller" as const, sha256: hashKey(each.id) })),
    ]),
  );
  const roles: Readonly<Record<string, Role>> = {
    vera: "viewer",
    olga: "operator",
    aud: "auditor",
  };
  return {
    ...keyed,
    identify(presented: string) {
      const role = Object.hasOwn(roles, presented) ? roles[presented]! : null;
      if (role === null) return keyed.identify(presented);
      const holder: KeyHolder = {
        id: presented,
        access: [role],
        principal: principalOf(presented),
        approves: null,
        roles: [],
        toolsets: null,
        opens: null,
        proof: { scopes: [], audiences: [], expiresAtMs: Number.POSITIVE_INFINITY },
      };
      return holder;
    },
  };
}

export async function openRuns(script: ApiScript = {}) {
  const fake = openFakeRunDesk();
  const api = await startTestApi({
    runs: fake.desk,
    identity: openIdentity(),
    agents: () => ({
      travel: { toolset: "trips", agents: ["clerk"] },
      clerk: { toolset: "books", agents: [] },
    }),
    ...script,
    limits: { bodyBytes: 4_194_304, openStreams: 16, ...script.limits },
  });
  const ask = (path: string, key = adminKey) => tell(api.url, path, { key });
  const post = (path: string, body?: unknown, key = adminKey) =>
    tell(api.url, path, {
      method: "POST",
      key,
      ...(body === undefined
        ? {}
        : {
            headers: { "content-type": "application/json" },
            body: typeof body === "string" ? body : JSON.stringify(body),
          }),
    });
  return { ...api, ...fake, ask, post };
}

export interface Sent {
  readonly id: string | null;
  readonly event: string;
  // As a test looks at it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any;
}

/** One stream as a client reads it: event by event, and only as fast as the test asks. */
export async function openStream(url: string, path: string, headers: Record<string, string> = {}) {
  const target = new URL(path, url);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest(target, {
    agent: false,
    headers: { authorization: `Bearer ${adminKey}`, accept: "text/event-stream", ...headers },
  });
  request.on("response", resolve).on("error", reject);
  request.end();
  onTestFinished(() => void request.destroy());
  const response = await promise;
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let text = "";
  let comments = 0;

  /** Null once the stream is over. */
  async function next(): Promise<Sent | null> {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        if (!block.startsWith(":")) return toSent(block);
        comments += 1;
        continue;
      }
      const { done, value } = await chunks.next().catch(() => ({ done: true, value: undefined }));
      if (done === true || value === undefined) return null;
      text += value.toString();
    }
  }

  return {
    status: response.statusCode!,
    headers: response.headers,
    response,
    next,
    comments: () => comments,
    drop: () => void request.destroy(),
    async take(count: number): Promise<readonly (Sent | null)[]> {
      const taken = [];
      for (let at = 0; at < count; at += 1) taken.push(await next());
      return taken;
    },
  };
}

function toSent(block: string): Sent {
  const fields = Object.fromEntries(
    block
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  const { id = null, event = "", data = "null" } = fields as Record<string, string | undefined>;
  return { id, event, data: JSON.parse(data) as unknown };
}
