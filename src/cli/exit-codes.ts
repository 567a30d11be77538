import { Fault } from "../model/fault.ts";
import { faults } from "../model/faults.ts";

/** What a script may rely on. Faults carry their own code, from this table, in the catalogue. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unauthenticated: 4,
  denied: 5,
  waiting: 6,
  budget: 7,
  deadline: 8,
  regressed: 9,
  unverified: 10,
  drift: 11,
  tryLater: 75,
  interrupted: 130,
} as const;

export function toExitCode(error: unknown): number {
  return error instanceof Fault ? faults[error.code].exit : exitCodes.failed;
}
