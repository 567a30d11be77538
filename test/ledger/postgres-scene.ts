import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { openPostgresStore } from "../../src/adapters/postgres/postgres-store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { verifyLog, type LogReport } from "../../src/ledger/verify-log.ts";
import { keepCheckpoints } from "../../src/main/keep-checkpoints.ts";
import type { TenantId } from "../../src/model/index.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createScene, type Scene } from "./ledger-scene.ts";

/** A ledger on a real Postgres, with checkpoints on the disk. Closed with the test. */
export async function openPostgresScene(url: string, given?: string) {
  const directory = given ?? mkdtempSync(path.join(tmpdir(), "cs-ledger-"));
  const telemetry = createInMemoryTelemetry({ clock: systemClock });
  const parts = { clock: systemClock, random: systemRandom, telemetry };
  const store = await openPostgresStore({ url, ...parts });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await store.close();
    isOpen = false;
  };
  onTestFinished(async () => {
    await close();
    if (given === undefined) rmSync(directory, { recursive: true, force: true });
  });
  const checkpoints = await keepCheckpoints({ directory, clock: systemClock });
  const scene = await createScene({ ...parts, store, checkpoints });
  return { ...scene, telemetry, directory, close };
}

/** What `ledger verify` does, past the network. */
export async function verifyScene(
  { ledger, keys }: Scene,
  tenant: TenantId,
  notes: readonly string[],
): Promise<LogReport> {
  const { epochs } = await ledger.state(tenant);
  const own = epochs.flatMap(({ checkpoint }) => checkpoint ?? []);
  return verifyLog(
    {
      epochs,
      read: async (epoch, fromTile) =>
        (await ledger.leaves({ tenant, epoch, from: fromTile * 256, limit: 4_096 })).tiles,
    },
    { notes: [...notes, ...own], keys: keys.verifiers },
  );
}
