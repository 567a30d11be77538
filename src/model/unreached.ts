import type { FaultCode } from "./faults.ts";

const codes: ReadonlySet<string> = new Set<FaultCode>(["upstream_unreachable", "upstream_open"]);

/** Nothing was sent, since the server is away; it may be back soon. */
export function isUnreachedCode(code: string | null): boolean {
  return code !== null && codes.has(code);
}
