import { queryOptions } from "@tanstack/react-query";
import type { Client } from "../../../../src/client/client.ts";

const everyMs = 5_000;

export const bundleReaders = ["admin", "viewer", "operator", "auditor"] as const;
export const bundleBuilders = ["admin", "operator"] as const;

export function bundlesQuery(client: Client) {
  return queryOptions({
    queryKey: ["bundles"],
    queryFn: async () => (await client.listBundles({})).body.bundles,
    refetchInterval: everyMs,
  });
}

/** A bundle never changes: its digest is its name. */
export function bundleQuery(client: Client, digest: string) {
  return queryOptions({
    queryKey: ["bundle", digest],
    queryFn: async () => (await client.getBundle({ digest })).body,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function bundleDiffQuery(
  client: Client,
  range: { readonly from: string; readonly to: string },
) {
  return queryOptions({
    queryKey: ["bundle-diff", range],
    queryFn: async () => (await client.diffBundles(range)).body,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

const runsLooked = 12;

/** Bundles that the latest runs of an agent started with, the newest first: those are kept. */
export function usedBundlesQuery(client: Client, agent: string) {
  return queryOptions({
    queryKey: ["bundles-used", agent],
    queryFn: async () => {
      const { runs } = (await client.listRuns({ agent, limit: runsLooked })).body;
      const read = await Promise.all(
        runs.map(async ({ id }) => (await client.getRun({ id })).body),
      );
      const seen = new Map<string, { digest: string; run: string; at: string }>();
      for (const { bundle, id, createdAt } of read)
        if (!seen.has(bundle)) seen.set(bundle, { digest: bundle, run: id, at: createdAt });
      return [...seen.values()];
    },
    staleTime: 10_000,
  });
}
