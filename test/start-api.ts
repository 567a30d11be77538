import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { startApi, type ApiLimits, type ApiOptions } from "../src/api/api.ts";
import type { PolicyDesk } from "../src/api/policy-answers.ts";
import { createReadiness, type ReadinessCheck } from "../src/api/readiness.ts";
import { createKeyIdentity, type Identity } from "../src/authority/identity.ts";
import { createKeyring, hashKey } from "../src/authority/keyring.ts";
import { toDigest, type Digest } from "../src/model/index.ts";
import { createInMemoryStore } from "../src/ports/in-memory-store.ts";
import { createInMemoryVault } from "../src/ports/in-memory-vault.ts";
import type { Vault } from "../src/ports/vault.ts";
import { noLedger } from "./ledger/no-ledger.ts";
import { openPasskeysUnderTest } from "./webauthn/passkeys-under-test.ts";
import type { Applied, Configuration, Plan } from "../src/ports/configuration.ts";
import { noSandboxes } from "./no-sandboxes.ts";

/** The real listener on a free port, over a configuration that the test scripts. */

export const adminKey = "test-admin-key";
export const approverKey = "test-approver-key";

const limits: ApiLimits = {
  concurrentRequests: 8,
  queuedRequests: 8,
  openStreams: 8,
  requestDeadlineMs: 5_000,
  bodyBytes: 1024,
  allowedHosts: [],
  allowedOrigins: [],
};

export interface ApiScript {
  readonly limits?: Partial<ApiLimits>;
  readonly timeouts?: ApiOptions["timeouts"];
  readonly checks?: readonly ReadinessCheck[];
  readonly document?: string;
  readonly vault?: Vault;
  readonly identity?: Identity;
  readonly broker?: ApiOptions["broker"];
  readonly policy?: PolicyDesk;
  readonly runs?: ApiOptions["runs"];
  readonly agents?: ApiOptions["agents"];
  readonly costs?: ApiOptions["costs"];
  readonly desk?: ApiOptions["desk"];
  readonly clock?: ApiOptions["clock"];
  readonly passkeys?: ApiOptions["passkeys"];
  readonly ledger?: ApiOptions["ledger"];
  readonly bundles?: ApiOptions["bundles"];
  readonly a2a?: ApiOptions["a2a"];
  readonly console?: ApiOptions["console"];
  readonly catalog?: ApiOptions["catalog"];
  readonly plan?: (document: string) => Promise<Plan>;
  readonly apply?: (document: string, previous: Digest | null) => Promise<Applied>;
}

const isAbsent = () => Promise.reject(new Error("no broker here"));
const noBroker = { begin: isAbsent, authorize: isAbsent, finish: isAbsent, revoke: isAbsent };

const noPolicy: PolicyDesk = {
  open: () => Promise.reject(new Error("no policy here")),
  check: () => Promise.reject(new Error("no policy here")),
  readCases: () => ({ kind: "invalid", problems: [] }),
  schemaText: () => Promise.reject(new Error("no policy here")),
};

export const base = toDigest('{"version":1}');

const absent = (): never => {
  throw new Error("no desk here");
};
const noDesk = {
  desk: { read: absent, list: absent, readLast: absent, beginSigning: absent, decide: absent },
  urlOf: absent,
  news: { tell: absent, changed: absent, count: absent, since: 0, close: absent },
  catalog: absent,
  calls: createInMemoryStore().calls,
  resolveCall: absent,
  erasePersonal: absent,
  voidApprovals: async () => undefined,
};

export const noRuns = {
  start: absent,
  byKey: absent,
  read: absent,
  list: absent,
  count: absent,
  events: absent,
  changed: absent,
  content: absent,
  context: absent,
  tell: absent,
  fork: absent,
};

/** Nothing was spent, and nothing is capped. */
export function noCosts(): ApiOptions["costs"] {
  const { costs, runs, spendings } = createInMemoryStore();
  const parts = { budgets: () => ({}), agents: () => [], models: () => [] };
  return { rows: costs, runs, spendings, ...parts };
}

export async function startTestApi(script: ApiScript = {}) {
  const logged: { level: string; message: string; fields?: unknown }[] = [];
  const told: string[] = [];
  const gauges: Record<string, number> = {};
  const identity = createKeyIdentity(
    createKeyring([
      { id: "admin", role: "admin", sha256: hashKey(adminKey) },
      { id: "approver", role: "approver", sha256: hashKey(approverKey) },
    ]),
  );
  const server = await startApi({
    version: "0.0.0",
    node: process.version,
    configuration: createScriptedConfiguration(script),
    sandboxes: noSandboxes,
    registry: () => {
      throw new Error("no registry here");
    },
    gate: { exchange: () => Promise.reject(new Error("no gate here")) },
    models: () => {
      throw new Error("no models here");
    },
    completions: () => {
      throw new Error("no models here");
    },
    bundles: script.bundles ?? absent,
    vault: script.vault ?? createInMemoryVault(systemClock),
    broker: script.broker ?? noBroker,
    sourceOf: () => null,
    freezes: createInMemoryStore().freezes,
    onFreeze: async () => undefined,
    onSecret: async (name) => void told.push(name),
    policy: script.policy ?? noPolicy,
    ...noDesk,
    ...(script.desk === undefined
      ? {}
      : { desk: script.desk, urlOf: (id) => `http://localhost/approvals/${id}` }),
    ...(script.catalog === undefined ? {} : { catalog: script.catalog }),
    runs: script.runs ?? noRuns,
    agents: script.agents ?? (() => ({})),
    costs: script.costs ?? noCosts(),
    console: script.console ?? null,
    a2a: script.a2a ?? { agents: () => ({}), keys: () => null, url: absent },
    passkeys: script.passkeys ?? openPasskeysUnderTest(null).passkeys,
    ledger: script.ledger ?? noLedger,
    face: {
      serve: async (_incoming, outgoing) => void outgoing.writeHead(204).end(),
      hear: () => ({ kind: "result", text: "{}", isError: false }),
      close: () => undefined,
    },
    readiness: createReadiness(systemClock, script.checks ?? []),
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "up 1\n" }),
    listen: { host: "127.0.0.1", port: 0 },
    headerBytes: 4096,
    ...(script.timeouts === undefined ? {} : { timeouts: script.timeouts }),
    clock: script.clock ?? systemClock,
    random: systemRandom,
    telemetry: {
      count: () => undefined,
      observe: () => undefined,
      gauge: (metric, value) => void (gauges[metric] = value),
      log: (level, message, fields) => logged.push({ level, message, fields }),
    },
    identity: () => script.identity ?? identity,
    limits: () => ({ ...limits, ...script.limits }),
  });
  onTestFinished(async () => {
    await server.drain(0);
  });
  const active = () => gauges["http_requests_active"] ?? 0;
  const waiting = () => gauges["http_requests_waiting"] ?? 0;
  return { ...server, logged, told, active, waiting };
}

export function createScriptedConfiguration(script: ApiScript): Configuration {
  return {
    current: () => ({
      digest: base,
      bytes: new TextEncoder().encode(script.document ?? '{"version":1}'),
      appliedAtMs: 0,
    }),
    plan: script.plan ?? (async () => ({ kind: "valid", digest: base, base, changes: [] })),
    apply: script.apply ?? (async () => ({ kind: "unchanged", digest: base })),
  };
}

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // What a test looks at in JSON; `any` keeps the expectations short.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Tell {
  readonly method?: string;
  readonly key?: string | null;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
}

/** One request, headers exactly as given: `fetch` would not let a test forge Host or Origin. */
export async function tell(url: string, path: string, options: Tell = {}): Promise<Told> {
  const { method = "GET", key = adminKey, headers = {}, body } = options;
  const target = new URL(url);
  return await new Promise((resolve, reject) => {
    const request = httpRequest({
      host: target.hostname,
      port: target.port,
      path,
      method,
      agent: false,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
        const parsed: unknown = isJson && text !== "" ? JSON.parse(text) : null;
        resolve({ status: response.statusCode!, headers: response.headers, text, body: parsed });
      });
    });
    // Of what a DELETE carries, Node by itself says no length.
    if (method === "DELETE" && typeof body === "string" && !("content-length" in headers)) {
      request.setHeader("content-length", Buffer.byteLength(body));
    }
    void write(request, body).catch(reject);
  });
}

async function write(request: ReturnType<typeof httpRequest>, body: Tell["body"]): Promise<void> {
  if (body !== undefined && typeof body !== "string") {
    for await (const chunk of body) {
      if (request.destroyed || request.closed) return;
      request.write(chunk);
    }
    request.end();
    return;
  }
  request.end(body);
}

/** Raw bytes out, all bytes until the other side closes back in. */
export async function speak(url: string, ...parts: readonly (string | number)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  for (const part of parts) {
    if (typeof part === "string") socket.write(part);
    else await systemClock.sleep(part);
  }
  await closed;
  return Buffer.concat(received).toString();
}
