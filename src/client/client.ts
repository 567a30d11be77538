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
