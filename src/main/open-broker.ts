import { createDialer } from "../adapters/dialer/dialer.ts";
import { createTokenIssuers } from "../adapters/oauth/token-issuers.ts";
import { createBroker, type Broker } from "../authority/broker.ts";
import type { ListenAddress } from "../model/config-field.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Vault } from "../ports/vault.ts";
import {
  connectPath,
  createCredentialSources,
  type CredentialSources,
} from "./credential-sources.ts";
import { ownTenant } from "./own-tenant.ts";

export interface OpenBrokerOptions {
  readonly vault: Vault;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: ListenAddress;
}

export interface OpenedBroker {
  readonly broker: Broker;
  readonly sources: CredentialSources;
}

/** One for the process: what it keeps in memory outlives a revision that says the same. */
export function openBroker(options: OpenBrokerOptions): OpenedBroker {
  const { vault, secrets, clock, random, listen } = options;
  const sources = createCredentialSources(listen);
  const broker = createBroker({
    vault: createReferenceVault(vault, secrets),
    clock,
    random,
    issuers: createTokenIssuers({ dialer: createDialer(), clock }),
    sourceOf: (tenant, server) => sources.of(tenant, server),
    mint: (principal, audience) => sources.mint(principal, audience),
    connectUrl: () => `${sources.publicUrl()}${connectPath}`,
  });
  return { broker, sources };
}

/** The vault, in which a reference of the configuration is a name as well. */
function createReferenceVault(vault: Vault, secrets: Secrets): Vault {
  return {
    put: (key, change) => vault.put(key, change),
    list: (tenant, page) => vault.list(tenant, page),
    remove: (key) => vault.remove(key),
    update: (key, change, pace) => vault.update(key, change, pace),
    async read(key) {
      const [, scheme, name = ""] = /^(env|file|secret):\/\/(.+)$/s.exec(key.name) ?? [];
      if (scheme === undefined) return vault.read(key);
      // With its hosts, which the broker compares with where the issuer is.
      if (scheme === "secret") return vault.read({ tenant: ownTenant, name, subject: null });
      const value = await secrets.resolve(key.name);
      return { ...key, value, version: 0, hosts: [], writtenAtMs: 0 };
    },
  };
}
