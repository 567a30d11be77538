import { fromBundleBytes, toBundleBytes, type Bundle } from "../model/bundle.ts";
import { Fault, toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { BuiltBundle, Bundles } from "../ports/bundles.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Blobs } from "../ports/store.ts";
import { buildBundle, type BundledConfig, type ResolvedBundle } from "./build-bundle.ts";
import { createCompiledRules, type ToDecider } from "./compiled-rules.ts";

export interface BundlesOptions {
  readonly config: BundledConfig;
  readonly catalog: () => Catalog;
  /** Lists a server now; it ends when that is known or the server is down. */
  readonly look: (server: string) => Promise<unknown>;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly toDecider: ToDecider;
  readonly cache?: { readonly bundles: number; readonly bytes: number };
}

export interface OpenBundles extends Bundles {
  /** As `build` would have it now; nothing is kept. */
  resolve(tenant: TenantId, agent: string): Promise<ResolvedBundle>;
  close(): void;
}

/** A bundle with long rules has a megabyte or two; runs that go on at once share few. */
const cacheDefault = { bundles: 256, bytes: 64 * 1024 * 1024 };

/** Servers that were never looked at are given this long: a bundle built at the start has their tools, too. */
const lookWithinMs = 5_000;

interface Kept {
  readonly built: BuiltBundle;
  readonly bytes: number;
}

/** Agents of one revision as bundles, and bundles of any revision as they were. */
export function createBundles(options: BundlesOptions): OpenBundles {
  const { config, catalog, blobs, toDecider, cache = cacheDefault } = options;
  const rules = createCompiledRules(toDecider);
  const kept = new Map<string, Kept>();
  let keptBytes = 0;

  function find(tenant: TenantId, digest: Digest): BuiltBundle | null {
    const key = toKey(tenant, digest);
    const known = kept.get(key);
    if (known === undefined) return null;
    kept.delete(key);
    kept.set(key, known);
    return known.built;
  }

  function keep(tenant: TenantId, { bundle, digest }: ResolvedBundle, bytes: number): BuiltBundle {
    const built = Object.freeze({ digest, bundle, rules: rules.of(bundle) });
    const key = toKey(tenant, digest);
    if (bytes > cache.bytes || kept.has(key)) return built;
    kept.set(key, { built, bytes });
    keptBytes += bytes;
    for (const [oldest, { bytes: size }] of kept) {
      if (kept.size <= cache.bundles && keptBytes <= cache.bytes) break;
      kept.delete(oldest);
      keptBytes -= size;
    }
    return built;
  }

  async function resolve(tenant: TenantId, agent: string): Promise<ResolvedBundle> {
    await lookAtNew(agent, options);
    return buildBundle(agent, { config, catalog: catalog(), tenant });
  }

  return {
    resolve,
    async build(tenant, agent) {
      const resolved = await resolve(tenant, agent);
      const known = find(tenant, resolved.digest);
      if (known !== null) return known;
      const bytes = toBundleBytes(resolved.bundle);
      await blobs.put(tenant, resolved.digest, bytes);
      return keep(tenant, resolved, bytes.length);
    },
    async read(tenant, digest) {
      const known = find(tenant, digest);
      if (known !== null) return known;
      const bytes = await blobs.get(tenant, digest);
      if (bytes === null) return null;
      return keep(tenant, { digest, bundle: fromKept(bytes, digest) }, bytes.length);
    },
    agents: () =>
      Object.entries(config.agents).map(([name, { description }]) => ({ name, description })),
    close: () => {
      rules.close();
      kept.clear();
      keptBytes = 0;
    },
  };
}

function toKey(tenant: TenantId, digest: Digest): string {
  return `${tenant}\n${digest}`;
}

function fromKept(bytes: Uint8Array, digest: Digest): Bundle {
  if (toDigest(bytes) === digest) return fromBundleBytes(bytes);
  throw new Fault(
    "record_unreadable",
    "The bytes kept for this bundle are not those of its digest.",
    {
      details: { digest },
    },
  );
}

/** A replica that has just started has not heard of its servers yet. */
async function lookAtNew(
  agent: string,
  { config, catalog, look, clock }: BundlesOptions,
): Promise<void> {
  const { toolsets, servers } = catalog();
  const toolset = toolsets.get(config.agents[agent]?.toolset ?? "");
  const fresh = (toolset?.servers ?? []).filter(
    (name) => servers.get(name)?.state.kind === "connecting",
  );
  if (fresh.length === 0) return;
  const done = new AbortController();
  const late = clock.sleep(lookWithinMs, done.signal).catch(() => undefined);
  // Who does not answer is down, which the catalog says.
  await Promise.race([late, Promise.allSettled(fresh.map(look))]);
  done.abort();
}
