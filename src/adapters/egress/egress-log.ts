import { toCanonicalText, toDigest } from "../../model/index.ts";
import type { EgressAttempt, EgressLog } from "../../ports/egress.ts";

export interface AttemptLog {
  add(attempt: EgressAttempt): void;
  drop(): void;
  read(): EgressLog;
}

/** Counts and a running digest; the attempts themselves are kept by whoever is told of them. */
export function createAttemptLog(): AttemptLog {
  let [attempts, refused, dropped] = [0, 0, 0];
  let digest = toDigest("");
  return {
    add(attempt) {
      attempts += 1;
      if (attempt.verdict === "refused") refused += 1;
      digest = toDigest(`${digest}\n${toCanonicalText({ ...attempt })}`);
    },
    drop() {
      dropped += 1;
    },
    read: () => ({ attempts, refused, dropped, digest }),
  };
}
