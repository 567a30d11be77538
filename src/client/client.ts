// Written by src/api/client-source.ts from the contract. Change the contract instead.
import type { Received, Send } from "./send.ts";

export type Health = { readonly status: "live" };

export type Readiness = {
  readonly status: "ready" | "not ready";
  readonly checks: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly reason: string | null;
  }[];
};

export type Version = {
  readonly version: string;
  readonly node: string;
  readonly revision: string;
};

export type Revision = {
  readonly digest: string;
  readonly appliedAt: string;
  readonly document: unknown;
};

export type Change = {
  readonly kind: "added" | "removed" | "changed";
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly restart: boolean;
};

export type ConfigPlan = {
  readonly digest: string;
  readonly base: string;
  readonly changes: readonly Change[];
};

export type ConfigApplied = { readonly kind: "applied" | "unchanged"; readonly digest: string };

export type Server = {
  readonly name: string;
  readonly transport: "http" | "sse" | "stdio";
  readonly state: "connecting" | "ready" | "down";
  readonly reason: string | null;
  readonly version: string | null;
  readonly listedAt: string | null;
  readonly tools: number;
  readonly blocked: number;
  readonly drifts: number;
};

export type Servers = { readonly servers: readonly Server[] };

export type Tool = {
  readonly name: string;
  readonly server: string;
  readonly title: string | null;
  readonly description: string;
  readonly effect: "read" | "write" | "destructive";
  readonly pin: string;
  readonly blocked: readonly string[] | null;
};

export type Tools = { readonly tools: readonly Tool[] };

export type Drift = {
  readonly server: string;
  readonly tool: string;
  readonly grade: "cosmetic" | "widening" | "breaking" | "dangerous";
  readonly reasons: readonly string[];
  readonly pinned: string | null;
  readonly observed: string | null;
  readonly before: string | null;
  readonly after: string | null;
};

export type Drifts = { readonly drifts: readonly Drift[] };

export type DriftAccepted = {
  readonly server: string;
  readonly tool: string;
  readonly pin: string | null;
};

export type Secret = {
  readonly name: string;
  readonly subject: string | null;
  readonly version: number;
  readonly hosts: readonly string[];
  readonly writtenAt: string;
};

export type Secrets = {
  readonly secrets: readonly {
    readonly name: string;
    readonly subject: string | null;
    readonly version: number;
    readonly hosts: readonly string[];
    readonly writtenAt: string;
  }[];
  readonly next: string | null;
};

export type Freezes = {
  readonly freezes: readonly {
    readonly kind: "agent" | "tool" | "server" | "tenant" | "all";
    readonly name: string;
    readonly reason: string;
    readonly by: string;
    readonly at: string;
    readonly lifted: { readonly by: string; readonly at: string } | null;
  }[];
};

export type FreezeChange = {
  readonly kind: "agent" | "tool" | "server" | "tenant" | "all";
  readonly name: string;
  readonly changed: boolean;
  readonly known: boolean;
  readonly meant: string | null;
};

export type SecretRemoved = { readonly name: string; readonly subject: string | null };

export type Lint = {
  readonly findings: readonly {
    readonly tool: string;
    readonly rule: string;
    readonly message: string;
  }[];
};

export type Called = {
  readonly outcome: "answered" | "tool_error" | "refused";
  readonly result: unknown;
};

const operations = {
  /** Whether the process lives. Says nothing about what it depends on. */
  getHealth: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Health; readonly etag: string | null }>(
      await send({ method: "GET", path: "/health", expects: [200] }),
    ),

  /** Whether requests may be sent here, and what is missing if not. */
  getReady: async (send: Send) =>
    as<
      | { readonly status: 200; readonly body: Readiness; readonly etag: string | null }
      | { readonly status: 503; readonly body: Readiness; readonly etag: string | null }
    >(await send({ method: "GET", path: "/ready", expects: [200, 503] })),

  /** Metrics in the text format of Prometheus. */
  getMetrics: async (send: Send) =>
    as<{ readonly status: 200; readonly body: string; readonly etag: string | null }>(
      await send({ method: "GET", path: "/metrics", expects: [200] }),
    ),

  /** This contract. */
  getOpenapi: async (send: Send) =>
    as<{
      readonly status: 200;
      readonly body: Readonly<Record<string, unknown>>;
      readonly etag: string | null;
    }>(await send({ method: "GET", path: "/openapi.json", expects: [200] })),

  /** What is running. */
  getVersion: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Version; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/version", expects: [200] }),
    ),

  /** The revision that is serving. */
  getConfig: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Revision; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/config", expects: [200] }),
    ),

  /** Makes the document the new revision, if the named one is still serving. */
  applyConfig: async (send: Send, input: { readonly ifMatch: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConfigApplied; readonly etag: string | null }>(
      await send({
        method: "PUT",
        path: "/v1/config",
        expects: [200],
        headers: { "if-match": input.ifMatch },
        body: input.body,
        contentType: "application/yaml",
      }),
    ),

  /** What a document would change. Changes nothing. */
  planConfig: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: ConfigPlan; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/config/plan",
        expects: [200],
        body: input.body,
        contentType: "application/yaml",
      }),
    ),

  /** Registered servers and how they are. */
  listServers: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Servers; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/servers", expects: [200] }),
    ),

  /** Lists a server again now, and says how it is. */
  refreshServer: async (send: Send, input: { readonly name: string }) =>
    as<{ readonly status: 200; readonly body: Server; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/servers/" + encodeURIComponent(input.name) + "/refresh",
        expects: [200],
      }),
    ),

  /** Tools as they are offered on /mcp. */
  listTools: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Tools; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/tools", expects: [200] }),
    ),

  /** Where servers define something else than what was accepted. */
  listDrift: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Drifts; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/drift", expects: [200] }),
    ),

  /** Accepts what is observed of a tool as its new pin. */
  acceptDrift: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: DriftAccepted; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/drift/accept",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What makes tools hard to use for a model. */
  lintTools: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Lint; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/tools/lint", expects: [200] }),
    ),

  /** Calls a tool through the gate, as the holder of the key. */
  callTool: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: Called; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/tools/call",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** What is frozen and what was, by whom and why. */
  listFreezes: async (send: Send) =>
    as<{ readonly status: 200; readonly body: Freezes; readonly etag: string | null }>(
      await send({ method: "GET", path: "/v1/freezes", expects: [200] }),
    ),

  /** Stops an agent, a tool, a server, the tenant or everything, on every replica. */
  freeze: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: FreezeChange; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/freezes",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Lifts a freeze. */
  unfreeze: async (send: Send, input: { readonly body: string }) =>
    as<{ readonly status: 200; readonly body: FreezeChange; readonly etag: string | null }>(
      await send({
        method: "POST",
        path: "/v1/freezes/lift",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Stored secrets, without their values. */
  listSecrets: async (send: Send, input: { readonly after?: string }) =>
    as<{ readonly status: 200; readonly body: Secrets; readonly etag: string | null }>(
      await send({
        method: "GET",
        path: "/v1/secrets",
        expects: [200],
        query: { after: input.after },
      }),
    ),

  /** Stores a value under a name, in the place of the one before. It is never shown again. */
  setSecret: async (send: Send, input: { readonly name: string; readonly body: string }) =>
    as<{ readonly status: 200; readonly body: Secret; readonly etag: string | null }>(
      await send({
        method: "PUT",
        path: "/v1/secrets/" + encodeURIComponent(input.name) + "",
        expects: [200],
        body: input.body,
        contentType: "application/json",
      }),
    ),

  /** Removes a stored secret. */
  removeSecret: async (send: Send, input: { readonly name: string; readonly subject?: string }) =>
    as<{ readonly status: 200; readonly body: SecretRemoved; readonly etag: string | null }>(
      await send({
        method: "DELETE",
        path: "/v1/secrets/" + encodeURIComponent(input.name) + "",
        expects: [200],
        query: { subject: input.subject },
      }),
    ),
};

type Operations = typeof operations;
type Input<O> = O extends (send: Send, ...input: infer I) => unknown ? I : never;

export type Client = {
  readonly [K in keyof Operations]: (...input: Input<Operations[K]>) => ReturnType<Operations[K]>;
};

export function createClient(send: Send): Client {
  type Unbound = (send: Send, ...input: readonly unknown[]) => unknown;
  const bound = Object.entries(operations as unknown as Record<string, Unbound>).map(
    ([name, operation]) => [name, (...input: readonly unknown[]) => operation(send, ...input)],
  );
  return Object.fromEntries(bound) as Client;
}

function as<A>(received: Received): A {
  return received as A;
}
