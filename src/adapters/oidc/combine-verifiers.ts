import type { TokenVerdict, TokenVerifier } from "../../ports/token-verifier.ts";
import { refuse } from "./refuse.ts";

/**
 * One verifier for the issuers of all. Each is asked in turn until one knows the issuer, and what it
 * says stands: nobody gets a second opinion on a token that its own verifier refused. Our own agents'
 * come first, so that no configured issuer can take their name.
 */
export function combineVerifiers(verifiers: readonly TokenVerifier[]): TokenVerifier {
  async function verify(token: string): Promise<TokenVerdict> {
    for (const each of verifiers) {
      const verdict = await each.verify(token);
      if (verdict.kind === "proven" || verdict.why !== "issuer") return verdict;
    }
    return refuse("issuer", "The token's issuer is not trusted here.");
  }

  function recall(token: string) {
    for (const each of verifiers) {
      const proven = each.recall(token);
      if (proven !== null) return proven;
    }
    return null;
  }

  return { verify, recall };
}
