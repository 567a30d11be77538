import type { Identity } from "../authority/identity.ts";
import type { CardKeys } from "../api/a2a/card.ts";
import type { ApiLimits } from "../api/api.ts";
import type { ListenAddress } from "../model/config-field.ts";
import type { Config } from "../model/config.ts";
import type { Random } from "../ports/random.ts";
import type { OpenBundles } from "../rollout/bundles.ts";
import type { Completions } from "../run/completing.ts";
import type { ModelRouter } from "../run/model-router.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { KeyPlace } from "../cli/context.ts";
import { readApiKeys } from "./api-keys.ts";
import type { GateBase } from "./gate-base.ts";
import { startGate, type GateOfRevision, type RevisionBase } from "./gate-parts.ts";
import { guardBase } from "./guard-base.ts";
import { readCardKeys } from "./read-card-keys.ts";
import { listOwnHosts, startIdentity } from "./start-identity.ts";
import { startBundles } from "./start-bundles.ts";
import { startMemory } from "./start-memory.ts";
import { joinScans, learnModelKeys, startCompletions } from "./start-completions.ts";
import { startModels } from "./start-models.ts";
import { learnTraceKeys, type TraceParts } from "./learn-trace-keys.ts";
import { ownTenant } from "./own-tenant.ts";
import { keepSkills, type SkillShelf } from "./skill-shelf.ts";
import type { StoredVersions } from "./stored-secrets.ts";
import type { Running } from "./start-parts.ts";

/** What lives exactly as long as one revision: keys, bounds, and the gate with its servers. */
export interface RevisionParts {
  readonly identity: Identity;
  readonly limits: ApiLimits;
  readonly keys: readonly KeyPlace[];
  readonly gate: GateOfRevision;
  readonly models: ModelRouter;
  readonly completions: Completions;
  readonly traces: TraceParts;
  readonly bundles: OpenBundles;
  /** Null where no agent is exposed to others. */
  readonly cardKeys: CardKeys | null;
  /** Stored secrets that the configuration refers to, as they were when these parts started. */
  readonly stored: StoredVersions;
}

export interface RevisionPartsOptions {
  readonly secrets: Secrets;
  readonly random: Random;
  readonly configDirectory: string;
  readonly base: GateBase;
  /** Where clients reach this server, unless the configuration says so. */
  readonly listen: ListenAddress;
  readonly readVersions: (config: Config) => Promise<StoredVersions>;
  /** Skills that were read with the document. */
  readonly shelf: SkillShelf;
}

export async function startRevisionParts(
  config: Config,
  options: RevisionPartsOptions,
): Promise<Running<RevisionParts>> {
  const { base, readVersions, shelf } = options;
  // Before any of them is used: a change in between is noticed.
  const stored = await readVersions(config);
  const { blobs } = base.store;
  const skills = await keepSkills(config, { shelf, blobs, tenant: ownTenant });
  const { keyring, keys } = await readApiKeys(config, options);
  const cardKeys = await readCardKeys(config, options);
  const started = await startIdentity(config, { ...base, ...options, keyring });
  const { identity } = started;
  try {
    const acting = await startActing(config, { ...base, agents: identity.agents });
    const { gate, models, completions, traces } = acting;
    const bundles = startBundles(config, { ...base, skills, registry: gate.registry });
    const limits = toLimits(config);
    const own = { identity, limits, keys, cardKeys, stored };
    const parts = { ...own, gate, models: models.router, completions, traces, bundles };
    return {
      parts: Object.freeze(parts),
      stop: async () => {
        try {
          await Promise.all([closeActing(acting), models.close()]);
        } finally {
          // Until here calls that are under way ask the rules of their bundles.
          bundles.close();
          started.close();
        }
      },
    };
  } catch (error) {
    started.close();
    throw error;
  }
}

/** Calls that are under way still ask the embedder. */
async function closeActing({ gate, memory }: Awaited<ReturnType<typeof startActing>>) {
  try {
    await gate.close();
  } finally {
    await memory?.close();
  }
}

/** What reaches out. */
async function startActing(config: Config, base: RevisionBase) {
  const { base: guarded, known } = guardBase(base);
  const models = await startModels(config.models, guarded);
  const memory = config.memory === undefined ? null : startMemory(config.memory, guarded);
  try {
    const gate = await startGate(config, { ...base, memory: memory?.connector ?? null });
    await learnModelKeys(config.models, guarded.secrets);
    const secrets = await learnTraceKeys(config.telemetry, { secrets: base.secrets, known });
    // Everything that the revision knows: the gate's secrets, the keys of its models and of who is sent traces.
    const scan = joinScans([gate.scan, known.scan]);
    const { router } = models;
    const completions = startCompletions(config, { base: guarded, router, scan });
    return { models, memory, gate, completions, traces: { scan, secrets } };
  } catch (error) {
    await memory?.close();
    await models.close();
    throw error;
  }
}

function toLimits(config: Config): ApiLimits {
  const { limits, allowedHosts, allowedOrigins } = config;
  return {
    allowedHosts: [...allowedHosts, ...listOwnHosts(config)],
    allowedOrigins,
    bodyBytes: limits.bodySize,
    concurrentRequests: limits.concurrentRequests,
    queuedRequests: limits.queuedRequests,
    openStreams: limits.openStreams,
    requestDeadlineMs: limits.requestDeadline,
  };
}
