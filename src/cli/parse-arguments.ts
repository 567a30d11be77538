import { Fault } from "../model/fault.ts";

/** A JSON object as it was typed: numbers that a double does not keep are the server's to refuse. */
export function parseArguments(given: string, complaint: string): string {
  try {
    const read: unknown = JSON.parse(given);
    if (typeof read === "object" && read !== null && !Array.isArray(read)) return given;
  } catch {
    // Said below, as for any other value.
  }
  throw new Fault("usage_invalid", complaint);
}
