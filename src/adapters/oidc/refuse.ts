import type { RefusedToken, TokenRefusal } from "../../ports/token-verifier.ts";

export function refuse(why: TokenRefusal, message: string): RefusedToken {
  return Object.freeze({ kind: "refused", why, message });
}
