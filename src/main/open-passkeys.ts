import { toPlace } from "../adapters/webauthn/to-place.ts";
import { createWebauthnCeremonies } from "../adapters/webauthn/webauthn-ceremonies.ts";
import type { PasskeyParts } from "../authority/passkey-parts.ts";
import { createPasskeys, type Passkeys } from "../authority/passkeys.ts";
import type { Store } from "../ports/store.ts";

export interface PasskeyBase extends Omit<PasskeyParts, "rows" | "ceremonies"> {
  readonly store: Pick<Store, "passkeys">;
}

export interface OpenedPasskeys extends Passkeys {
  /** Where the server listens, once it does: where passkeys are used when nothing else is said. */
  listensAt(url: string): void;
}

/** `publicUrl` as the revision that is serving says it. */
export function openPasskeys(
  { store, sealer, clock, random, telemetry }: PasskeyBase,
  publicUrl: () => string | undefined,
): OpenedPasskeys {
  let listened: string | null = null;
  const ceremonies = createWebauthnCeremonies(() =>
    listened === null ? null : toPlace(publicUrl(), listened),
  );
  const rows = store.passkeys;
  const passkeys = createPasskeys({ rows, ceremonies, sealer, clock, random, telemetry });
  return {
    ...passkeys,
    listensAt: (url) => {
      listened = url;
    },
  };
}
