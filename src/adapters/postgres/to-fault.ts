import { Fault, type FaultCode } from "../../model/index.ts";

/**
 * What an error means for the statement that met it.
 * - `lost`: the connection is gone, so the statement may have committed or not.
 * - `conflict`: Postgres chose it as the victim of a deadlock; nothing was written.
 * - `spoilt`: something in it cannot be stored; a part of it may well be.
 * - `refused`: nothing was written, and trying the same again at once will not help.
 */
export type Trouble = "lost" | "conflict" | "spoilt" | "refused";

export function toTrouble(error: unknown): Trouble {
  const state = toSqlState(error);
  if (state === null) return isLostConnection(error) ? "lost" : "refused";
  if (isLostState(state) || isSessionOver(error)) return "lost";
  if (state === "40001" || state === "40P01") return "conflict";
  if (/^(?:22|23|54|P0)/.test(state)) return "spoilt";
  return "refused";
}

/** The one place where SQLSTATEs become faults. What is not an error of Postgres passes through. */
export function toFault(error: unknown): unknown {
  if (error instanceof Fault) return error;
  const state = toSqlState(error);
  if (state === null && !isLostConnection(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = toCode(state, message);
  // A session that Postgres would not begin, for whatever reason, is Postgres not answering.
  const code = known === "internal" && isSessionOver(error) ? "store_unavailable" : known;
  return new Fault(code, message, {
    cause: error,
    details: state === null ? {} : { sqlState: state },
  });
}

export const uniqueViolation = "23505";
export const readOnly = "25006";

export function toSqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function toCode(state: string | null, message: string): FaultCode {
  if (state === null || isLostState(state)) return "store_unavailable";
  if (state === "53100") return "store_full";
  if (state === readOnly) return "store_read_only";
  // EROFS, EPERM and EACCES of a data file all arrive as "insufficient privilege".
  if (state === "42501" && /Read-only file system|could not .* file/.test(message)) {
    return "store_read_only";
  }
  if (state === "23514" || state.startsWith("22") || state.startsWith("23")) {
    return "payload_invalid";
  }
  if (state.startsWith("54")) return "payload_too_large";
  // A deadlock that came back after every retry, or a lock that was not had in time.
  if (state.startsWith("40") || state === "55P03") return "store_busy";
  // Too many connections, out of memory, cancelled by its timeout, a failing disk, no such login.
  if (/^(?:53|57|58|28|3D)/.test(state)) return "store_unavailable";
  return "internal";
}

function isLostState(state: string): boolean {
  return state.startsWith("08") || state === "57P01" || state === "57P02" || state === "57P03";
}

/** A session that ends with a FATAL or PANIC, a full WAL disk for one, may have committed before. */
function isSessionOver(error: unknown): boolean {
  const severity = error instanceof Error && "severity" in error ? error.severity : null;
  return severity === "FATAL" || severity === "PANIC";
}

const lostCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** `pg` reports a broken connection by plain errors that differ in their words alone. */
const lostWords =
  /^Connection terminated|connection error and is not queryable|Client was closed|timeout expired|Query read timeout|timeout exceeded when trying to connect|Cannot use a pool after/;

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isLostConnection);
  if ("code" in error && typeof error.code === "string" && lostCodes.has(error.code)) return true;
  return lostWords.test(error.message);
}
