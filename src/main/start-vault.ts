import { createLocalKeys } from "../authority/local-keys.ts";
import { createVault, type RotatingVault } from "../authority/vault.ts";
import type { Config } from "../model/config.ts";
import type { Clock } from "../ports/clock.ts";
import type { SecretRows } from "../ports/secret-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { readKeyRing, type KeyRingOptions } from "./key-rings.ts";

export interface StartVaultOptions extends KeyRingOptions {
  readonly rows: SecretRows;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface StartedVault {
  readonly vault: RotatingVault;
  close(): Promise<void>;
}

/** Opens the vault, and puts what older keys wrapped under the newest while the server runs. */
export async function startVault(options: StartVaultOptions): Promise<StartedVault> {
  const { rows, clock, random } = options;
  const keys = createLocalKeys(await readKeyRing("vault", options), random);
  const vault = createVault({ rows, keys, clock, random });
  const stop = new AbortController();
  const rewrapping = rewrap(vault, options.telemetry, stop.signal);
  return {
    vault,
    async close() {
      stop.abort();
      await rewrapping;
    },
  };
}

async function rewrap(
  vault: RotatingVault,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { moved, lost } = await vault.rewrap(signal);
    if (moved > 0) {
      telemetry.log("info", "stored secrets were put under the newest vault key", { moved });
    }
    if (lost > 0) {
      telemetry.log(
        "error",
        "stored secrets cannot be read: they were altered, or their key is not among auth.vaultKeys",
        { secrets: lost },
      );
    }
  } catch (fault) {
    telemetry.log("warn", "stored secrets stay under older vault keys until the next start", {
      fault,
    });
  }
}

/** As configured; none: this user's own key. */
export function listVaultKeys({ auth }: Config): readonly string[] {
  return auth.vaultKeys;
}
