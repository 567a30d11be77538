import type { Call, DecidedCall } from "../src/gate/call.ts";
import type { Outcome } from "../src/gate/outcome.ts";
import type { Json } from "../src/lib/strict-json.ts";
import { serverSchema } from "../src/model/config-servers.ts";
import {
  toCanonicalText,
  toDigest,
  toUuidV7,
  type Principal,
  type RunId,
  type TenantId,
} from "../src/model/index.ts";
import type { CatalogServer, CatalogTool, CatalogToolset } from "../src/ports/catalog.ts";
import type { GateRequest, RunOfCall } from "../src/ports/gate.ts";

export const ada: Principal = {
  tenant: "acme" as TenantId,
  kind: "user",
  subject: "ada",
  actor: null,
};

export function makeServer(
  name: string,
  { config, ...more }: Partial<Omit<CatalogServer, "config">> & { readonly config?: object } = {},
): CatalogServer {
  return {
    name,
    config: serverSchema.parse({ transport: "http", url: "https://up.example/mcp", ...config }),
    state: { kind: "ready", era: "modern", version: "2026-07-28" },
    listedAtMs: 0,
    capabilities: {},
    instructions: null,
    serverVersion: "1.0.0",
    ...more,
  };
}

/** A tool that takes anything. */
export function makeTool(name: string, more: Partial<CatalogTool> = {}): CatalogTool {
  const exposed = more.exposed ?? `${more.server ?? "up"}__${name}`;
  const description = more.description ?? `Does what ${name} says.`;
  return {
    exposed,
    server: "up",
    name,
    title: null,
    description,
    pin: toDigest(name),
    acting: toDigest(name),
    text: JSON.stringify({ name: exposed, description, inputSchema: { type: "object" } }),
    effect: "write",
    idempotent: false,
    config: { effect: "write", idempotent: false },
    blocked: null,
    endpoints: null,
    input: () => ({ kind: "valid", filled: null }),
    output: null,
    mirrored: [],
    ...more,
  };
}

export function makeToolset(
  tools: readonly CatalogTool[],
  more: Partial<CatalogToolset> = {},
): CatalogToolset {
  return {
    name: "",
    tools: new Map(tools.map((tool) => [tool.exposed, tool])),
    prompts: new Map(),
    resources: new Map(),
    templates: [],
    servers: ["up"],
    gaps: [],
    instructions: null,
    search: false,
    batch: false,
    reveal: "explain",
    ...more,
  };
}

export function makeRequest(more: Partial<GateRequest> = {}): GateRequest {
  return {
    principal: ada,
    roles: [],
    context: "",
    toolset: "",
    method: "tools/call",
    params: {},
    argumentsText: null,
    client: { era: "modern", version: "2026-07-28", capabilities: {}, ask: null },
    cancel: new AbortController(),
    deadlineMs: 60_000,
    onNotification: () => undefined,
    ...more,
  };
}

/** A call of a run that has no rules and no pins of its own, and whose events are for nobody. */
export function makeRun(more: Partial<RunOfCall> = {}): RunOfCall {
  return {
    run: toUuidV7(0, new Uint8Array(10)) as RunId,
    step: 0,
    ordinal: 0,
    facts: { step: 0, calls: 0, spentMicros: 0 },
    previous: () => null,
    pin: null,
    rules: null,
    commit: async () => ({ kind: "committed", head: 1 }),
    ...more,
  };
}

export function makeCall({ args = {}, ...more }: Partial<Call> = {}): Call {
  const canonical = toCanonicalText(args satisfies Json);
  return {
    request: makeRequest(),
    server: makeServer("up"),
    tool: makeTool("act"),
    method: "tools/call",
    kind: "Tool",
    target: "act",
    effect: "write",
    idempotent: false,
    outward: false,
    args,
    canonical,
    members: `"name":"act","arguments":${canonical}`,
    forwarded: {},
    mirrored: {},
    own: { key: null, claim: null, waitMs: 0 },
    withinMs: 60_000,
    notAfterMs: 60_000,
    startedMs: 0,
    ...more,
  };
}

/** Marked as decided without anybody having decided: for tests of what comes after. */
export function makeDecided(
  more: Partial<Omit<DecidedCall, keyof DecidedCall & symbol>> = {},
): DecidedCall {
  const policy = toDigest("policy");
  return {
    ...makeCall(more),
    decision: { kind: "allow", policy, reasons: [], obligations: [] },
    intent: {
      digest: toDigest("intent"),
      policy,
      rules: [],
      salt: "00".repeat(32),
      notAfterMs: 60_000,
    },
    approval: null,
    claims: null,
    ...more,
  } as DecidedCall;
}

/** A read that was answered. */
export function makeOutcome(more: Partial<Outcome> = {}): Outcome {
  return {
    call: makeCall({ effect: "read" }),
    intent: {
      digest: toDigest("intent"),
      policy: toDigest("policy"),
      rules: [],
      salt: "00".repeat(32),
      notAfterMs: 0,
    },
    of: null,
    outcome: "answered",
    reason: null,
    result: "{}",
    handed: { kind: "result", text: "{}", isError: false },
    endpoint: null,
    credential: null,
    sandbox: null,
    queuedUs: 0,
    upstreamUs: 1,
    ...more,
  };
}
