import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { PasskeyPlace } from "../../src/adapters/webauthn/to-place.ts";
import { createWebauthnCeremonies } from "../../src/adapters/webauthn/webauthn-ceremonies.ts";
import { createPasskeys } from "../../src/authority/passkeys.ts";
import { createSealer } from "../../src/authority/sealer.ts";
import type { TenantId } from "../../src/model/index.ts";
import { createInMemoryPasskeys } from "../../src/ports/in-memory-passkeys.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";

export const place: PasskeyPlace = { name: "gate.example", origin: "https://gate.example" };

export const ada = { tenant: "default" as TenantId, subject: "ada" };
export const bob = { tenant: "default" as TenantId, subject: "bob" };
/** Of the same name elsewhere. */
export const otherAda = { tenant: "other" as TenantId, subject: "ada" };

const startMs = Date.UTC(2026, 10, 20, 12);

/** The real authority and the real adapter, over rows in memory, at a place that the test may move. */
export function openPasskeysUnderTest(first: PasskeyPlace | null = place) {
  let here = first;
  const clock = createManualClock(startMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const rows = createInMemoryPasskeys();
  const sealer = createSealer([systemRandom.bytes(32)], systemRandom);
  const ceremonies = createWebauthnCeremonies(() => here);
  const parts = { rows, ceremonies, sealer, clock, random: systemRandom, telemetry };
  return {
    ...parts,
    passkeys: createPasskeys(parts),
    /** Another replica: the same rows and keys, and a memory of its own. */
    replica: createPasskeys({ ...parts, ceremonies: createWebauthnCeremonies(() => here) }),
    moveTo(next: PasskeyPlace | null) {
      here = next;
    },
  };
}
