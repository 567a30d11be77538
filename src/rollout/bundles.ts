import { fromBundleBytes, toBundleBytes, type Bundle } from "../model/bundle.ts";
import type { SkillTree } from "../model/skill.ts";
import { Fault, toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { AgentListing, BuiltBundle, Bundles } from "../ports/bundles.ts";
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
  /** The files of the skills that the configuration names, by the skills' digests. */
  readonly skills: ReadonlyMap<Digest, SkillTree>;
  /** Whose store has the contents of these files. */
  readonly home: TenantId;
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
  const { config, catalog, blobs, skills, toDecider, cache = cacheDefault } = options;
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
    return buildBundle(agent, { config, catalog: catalog(), skills, tenant });
  }

  return {
    resolve,
    async build(tenant, agent) {
      const resolved = await resolve(tenant, agent);
      const known = find(tenant, resolved.digest);
      if (known !== null) return known;
      return keep(tenant, resolved, await put(tenant, resolved, options));
    },
    async read(tenant, digest) {
      const known = find(tenant, digest);
      if (known !== null) return known;
      const bytes = await blobs.get(tenant, digest);
      if (bytes === null) return null;
      return keep(tenant, { digest, bundle: fromKept(bytes, digest) }, bytes.length);
    },
    readFile: (tenant, digest) => readKeptFile(blobs, tenant, digest),
    agents: () => toListings(config),
    close: () => {
      rules.close();
      kept.clear();
      keptBytes = 0;
    },
  };
}

function toListings({ agents }: BundledConfig): readonly AgentListing[] {
  return Object.entries(agents).map(([name, { description }]) => ({ name, description }));
}

async function readKeptFile(blobs: Blobs, tenant: TenantId, digest: Digest) {
  const bytes = await blobs.get(tenant, digest);
  if (bytes !== null && toDigest(bytes) !== digest) throw unlike("file", digest);
  return bytes;
}

function toKey(tenant: TenantId, digest: Digest): string {
  return `${tenant}\n${digest}`;
}

function fromKept(bytes: Uint8Array, digest: Digest): Bundle {
  if (toDigest(bytes) === digest) return fromBundleBytes(bytes);
  throw unlike("bundle", digest);
}

function unlike(what: string, digest: Digest): Fault {
  const message = `The bytes kept for this ${what} are not those of its digest.`;
  return new Fault("record_unreadable", message, { details: { digest } });
}

/** How many bytes it has. */
async function put(
  tenant: TenantId,
  { bundle, digest }: ResolvedBundle,
  options: BundlesOptions,
): Promise<number> {
  const bytes = toBundleBytes(bundle);
  // First: a bundle that is kept has its files.
  await keepFiles(tenant, bundle, options);
  await options.blobs.put(tenant, digest, bytes);
  return bytes.length;
}

/** A tenant's bundles stand by themselves: what they name is the tenant's own. */
async function keepFiles(
  tenant: TenantId,
  { skills }: Bundle,
  { blobs, home }: BundlesOptions,
): Promise<void> {
  if (tenant === home) return;
  for (const digest of new Set(skills.flatMap(({ files }) => files.map((file) => file.digest)))) {
    const bytes = await blobs.get(home, digest);
    if (bytes === null)
      throw new Fault("config_invalid", "A file of a skill is not in the store.", {
        details: { digest },
      });
    await blobs.put(tenant, digest, bytes);
  }
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
