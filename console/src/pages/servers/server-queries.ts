import { queryOptions } from "@tanstack/react-query";
import type { Freezes } from "../../../../src/client/client.ts";
import type { Client } from "../../../../src/client/client.ts";

const everyMs = 3_000;
/** Definitions and complaints change when a server is listed again. */
const slowMs = 15_000;

export function serversQuery(client: Client) {
  return queryOptions({
    queryKey: ["servers"],
    queryFn: async () => (await client.listServers()).body.servers,
    refetchInterval: everyMs,
  });
}

export function serverQuery(client: Client, name: string) {
  return queryOptions({
    queryKey: ["servers", name],
    queryFn: async () => (await client.getServer({ name })).body,
    refetchInterval: everyMs,
  });
}

export function toolsQuery(client: Client) {
  return queryOptions({
    queryKey: ["tools"],
    queryFn: async () => (await client.listTools()).body.tools,
    refetchInterval: slowMs,
  });
}

export function lintQuery(client: Client) {
  return queryOptions({
    queryKey: ["tools", "lint"],
    queryFn: async () => (await client.lintTools()).body.findings,
    refetchInterval: slowMs,
  });
}

export function driftQuery(client: Client) {
  return queryOptions({
    queryKey: ["drift"],
    queryFn: async () => (await client.listDrift()).body.drifts,
    refetchInterval: everyMs,
  });
}

/** As it was pinned: with another pin it is another question. */
export function definitionQuery(client: Client, { name, pin }: { name: string; pin: string }) {
  return queryOptions({
    queryKey: ["tools", name, pin],
    queryFn: async () => (await client.getToolDefinition({ name })).body.definition,
  });
}

export function freezesQuery(client: Client) {
  return queryOptions({
    queryKey: ["freezes"],
    queryFn: async () => (await client.listFreezes()).body.freezes,
    refetchInterval: everyMs,
  });
}

export type Freeze = Freezes["freezes"][number];

/** What stops a server's calls now: its own freeze first. */
export function findFreeze(freezes: readonly Freeze[], server: string): Freeze | null {
  const active = freezes.filter(({ lifted }) => lifted === null);
  return (
    active.find(({ kind, name }) => kind === "server" && name === server) ??
    active.find(({ kind }) => kind === "tenant" || kind === "all") ??
    null
  );
}
