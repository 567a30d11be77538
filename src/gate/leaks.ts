import { toPointer, type Json } from "../lib/strict-json.ts";
import { metaKeys } from "../mcp/protocol.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Call } from "./call.ts";

/** A known secret in what a caller wants to send. */
export interface Leak {
  readonly secret: string;
  readonly spelling: string;
  /** JSON Pointer into the `params` of the request, or of `initialize`; the value is never in it. */
  readonly pointer: string;
}

/**
 * Looks through everything of a request that goes upstream: arguments or the URI, forwarded `_meta`,
 * what the client answers to the server's questions, and its capabilities. Who the client is goes to
 * no server.
 */
export function findLeak(call: Call, scan: LeakScan): Leak | null {
  if (scan.isEmpty) return null;
  const { members, args, forwarded, method, request } = call;
  const isNamed = method === "tools/call" || method === "prompts/get";
  return (
    look(scan, { text: members, value: args, path: isNamed ? ["arguments"] : [] }) ??
    lookInto(scan, forwarded, ["_meta"]) ??
    lookInto(scan, request.params["inputResponses"], ["inputResponses"]) ??
    lookInto(scan, request.client.capabilities as Json, capabilityPaths[request.client.era])
  );
}

const capabilityPaths = {
  modern: ["_meta", metaKeys.clientCapabilities],
  legacy: ["capabilities"],
} as const;

/** Looks through any value that leaves. */
export function findLeakIn(scan: LeakScan, value: Json): Leak | null {
  return scan.isEmpty ? null : lookInto(scan, value, []);
}

interface Part {
  readonly text: string;
  readonly value: Json;
  readonly path: readonly string[];
}

function lookInto(scan: LeakScan, value: Json | undefined, path: readonly string[]): Leak | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  return text === "{}" ? null : look(scan, { text, value, path });
}

/** The text is searched once; where in it is asked only when there is something. */
function look(scan: LeakScan, { text, value, path }: Part): Leak | null {
  const [found] = scan.find(text);
  if (found === undefined) return null;
  const place = locate(scan, value, path) ?? { found, path };
  const { name, spelling } = place.found;
  return { secret: name, spelling, pointer: toPointer(place.path) };
}

interface Place {
  readonly found: ReturnType<LeakScan["find"]>[number];
  readonly path: readonly (string | number)[];
}

/** The first member that holds one by itself; null where it reaches over several. */
function locate(scan: LeakScan, value: Json, path: Place["path"]): Place | null {
  if (typeof value !== "object" || value === null) {
    const [found] = scan.find(String(value));
    return found === undefined ? null : { found, path };
  }
  for (const [key, member] of Object.entries(value)) {
    const [inKey] = Array.isArray(value) ? [] : scan.find(key);
    if (inKey !== undefined) return { found: inKey, path: [...path, scan.redact(key)] };
    const place = locate(scan, member, [...path, Array.isArray(value) ? Number(key) : key]);
    if (place !== null) return place;
  }
  return null;
}
