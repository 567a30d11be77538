import { refusePasskey } from "../../ports/passkey-refusal.ts";
import type { PasskeyCeremonies } from "../../ports/passkeys.ts";
import type { PasskeyPlace } from "./to-place.ts";

/**
 * Passkeys by WebAuthn. The place is asked for at each ceremony: a new revision may say another. The
 * library is loaded by the first ceremony: it takes 160 ms and 26 MB, and most replicas see none.
 */
export function createWebauthnCeremonies(place: () => PasskeyPlace | null): PasskeyCeremonies {
  const here = (): PasskeyPlace => {
    const found = place();
    if (found === null) throw new Error("whoever begins a ceremony has asked for its origin first");
    return found;
  };
  return {
    origin: () => place()?.origin ?? null,
    async beginRegistration(asked) {
      return (await import("./begin.ts")).beginRegistration(asked, here());
    },
    async finishRegistration(made) {
      const found = place();
      if (found === null) return refusePasskey("no_origin");
      return (await import("./finish-registration.ts")).finishRegistration(made, found);
    },
    async beginSigning(asked) {
      return (await import("./begin.ts")).beginSigning(asked, here());
    },
    async finishSigning(made) {
      const found = place();
      if (found === null) return refusePasskey("no_origin");
      return (await import("./finish-signing.ts")).finishSigning(made, found);
    },
  };
}
