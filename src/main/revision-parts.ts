import type { Identity } from "../authority/identity.ts";
import type { ApiLimits } from "../api/api.ts";
import type { ListenAddress } from "../model/config-field.ts";
import type { Config } from "../model/config.ts";
import type { Random } from "../ports/random.ts";
import type { ModelRouter } from "../run/model-router.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { KeyPlace } from "../cli/context.ts";
import { readApiKeys } from "./api-keys.ts";
import type { GateBase } from "./gate-base.ts";
import { startGate, type GateOfRevision } from "./gate-parts.ts";
import { guardBase } from "./guard-base.ts";
import { listOwnHosts, startIdentity } from "./start-identity.ts";
import { startModels } from "./start-models.ts";
import type { StoredVersions } from "./stored-secrets.ts";
import type { Running } from "./start-parts.ts";

/** What lives exactly as long as one revision: keys, bounds, and the gate with its servers. */
export interface RevisionParts {
  readonly identity: Identity;
  readonly limits: ApiLimits;
  readonly keys: readonly KeyPlace[];
  readonly gate: GateOfRevision;
  readonly models: ModelRouter;
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
}

export async function startRevisionParts(
  config: Config,
  options: RevisionPartsOptions,
): Promise<Running<RevisionParts>> {
  const { base, readVersions } = options;
  // Before any of them is used: a change in between is noticed.
  const stored = await readVersions(config);
  const { keyring, keys } = await readApiKeys(config, options);
  const started = await startIdentity(config, { ...base, ...options, keyring });
  const models = await startModels(config.models, guardBase(base).base);
  const gate = await startGate(config, { ...base, agents: started.identity.agents }).catch(
    async (error: unknown) => {
      await models.close();
      throw error;
    },
  );
  return {
    parts: Object.freeze({
      identity: started.identity,
      limits: toLimits(config),
      keys,
      gate,
      models: models.router,
      stored,
    }),
    stop: async () => {
      await Promise.all([gate.close(), models.close()]);
      started.close();
    },
  };
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
