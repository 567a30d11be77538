import type { Config } from "../model/config.ts";
import type { TenantId } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { SecretRows } from "../ports/secret-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** By name: which write of it; null where there is none. */
export type StoredVersions = Readonly<Record<string, string | null>>;

/** Names of the stored secrets that a configuration refers to, wherever in it. */
export function listStored(config: Config): readonly string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === "string") {
      if (value.startsWith("secret://")) names.add(value.slice("secret://".length));
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  walk(config);
  return [...names].toSorted();
}

export async function readVersions(
  { rows, tenant }: { readonly rows: SecretRows; readonly tenant: TenantId },
  names: readonly string[],
): Promise<StoredVersions> {
  const found = await Promise.all(
    names.map(async (name) => {
      const row = await rows.get({ tenant, name, subject: null });
      return [name, row === null ? null : `${row.version} ${row.writtenAtMs}`] as const;
    }),
  );
  return Object.freeze(Object.fromEntries(found));
}

/** Replicas tell each other here which secret was written or removed. */
export const secretsChannel = "secrets";

export interface StoredWatchOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** As the serving parts read them. */
  readonly serving: () => StoredVersions;
  readonly read: (names: readonly string[]) => Promise<StoredVersions>;
  /** Null, or why the parts of before go on. */
  readonly restart: () => Promise<string | null>;
}

/** Parts that did not start are tried again after this, not at every poll. */
const retryMs = 30_000;

/**
 * Starts the serving revision anew when a stored secret that it refers to was written or removed: at
 * once where the hint arrives, else with the poll of the bus.
 */
export async function watchStored(options: StoredWatchOptions): Promise<() => Promise<void>> {
  const { bus, telemetry } = options;
  const look = createLook(options);
  let looking: Promise<void> | null = null;
  let again = false;
  const ignore = await bus.subscribe(secretsChannel, () => {
    again = true;
    looking ??= (async () => {
      while (again) {
        again = false;
        await look().catch((fault: unknown) => {
          telemetry.log("error", "could not look for changed secrets", { fault });
        });
      }
      looking = null;
    })();
  });
  return async () => {
    await ignore();
    await looking;
  };
}

function createLook({ clock, telemetry, serving, read, restart }: StoredWatchOptions) {
  let refused: { readonly versions: string; readonly atMs: number } | null = null;
  return async (): Promise<void> => {
    const before = serving();
    const names = Object.keys(before);
    if (names.length === 0) return;
    const now = await read(names);
    const changed = names.filter((name) => now[name] !== before[name]);
    if (changed.length === 0) return;
    const versions = JSON.stringify(now);
    const isRecent = refused !== null && clock.monotonicMs() - refused.atMs < retryMs;
    if (refused?.versions === versions && isRecent) return;
    const reason = await restart();
    refused = reason === null ? null : { versions, atMs: clock.monotonicMs() };
    if (reason === null) {
      telemetry.log("info", "changed secrets are in use", { names: changed });
    } else {
      telemetry.log("error", "changed secrets cannot be used; what was read before still is", {
        names: changed,
        reason,
      });
    }
  };
}
