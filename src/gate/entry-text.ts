import { hash } from "node:crypto";
import type { EntryId } from "../model/index.ts";
import type { SandboxStamp } from "../model/sandbox.ts";
import type { Call, DecidedCall } from "./call.ts";
import type { Outcome } from "./outcome.ts";

export interface Leaf {
  readonly id: EntryId;
  readonly atMs: number;
}

/** Canonical text of an intent entry; a test holds it to `toEntryBytes`. */
export function toIntentText(call: DecidedCall, { id, atMs }: Leaf): string {
  const { intent, approval } = call;
  const rules = JSON.stringify(intent.rules);
  const kind = approval === null ? "allow" : "ask";
  return (
    `{"approval":${approval === null ? "null" : `"${approval.id}"`},"atMs":${atMs},"credential":null` +
    `,"decision":{"kind":"${kind}","policy":"${intent.policy}","rules":${rules}}` +
    `,"id":"${id}","intent":"${intent.digest}","kind":"intent","previous":${toPreviousText(call)},"run":${toRunText(call)}` +
    `,${toTargetText(call)}}`
  );
}

function toRunText({ request: { run } }: Call): string {
  return run === undefined ? "null" : `"${run.run}"`;
}

/** As of now: whatever else of the run becomes durable meanwhile was begun beside it. */
function toPreviousText({ request: { run } }: Call): string {
  const previous = run?.previous() ?? null;
  return previous === null ? "null" : `"${previous}"`;
}

/** The last members of an entry, in canonical order. */
function toTargetText({ request, server, tool }: Call): string {
  const name = tool === null ? "null" : JSON.stringify(tool.name);
  return `"server":${JSON.stringify(server.name)},"tenant":"${request.principal.tenant}","tool":${name},"v":1`;
}

/** Canonical text of an outcome entry; a test holds it to `toEntryBytes`. */
export function toOutcomeText(
  outcome: Outcome,
  { id, atMs, salt }: Leaf & { readonly salt: string },
): string {
  const { call, intent, of, result, endpoint, reason, queuedUs, upstreamUs } = outcome;
  const credential = outcome.credential === null ? "null" : JSON.stringify(outcome.credential);
  const trace = toTraceText(call.forwarded["traceparent"]);
  return (
    `{"atMs":${atMs},"cost":null,"credential":${credential},"declaredCost":null` +
    `,"endpoint":${toEndpointText(endpoint)}` +
    `,"id":"${id}","intent":"${intent.digest}","kind":"outcome","of":${JSON.stringify(of)}` +
    `,"outcome":"${outcome.outcome}","previous":${toPreviousText(call)},"reason":${JSON.stringify(reason)}` +
    toRedactedText(outcome.redacted) +
    `,"result":${result === null ? "null" : toResultText(result, salt)},"run":${toRunText(call)},"sandbox":${toSandboxText(outcome.sandbox)}` +
    `,"server":${JSON.stringify(call.server.name)},"tenant":"${call.request.principal.tenant}"` +
    `,"timings":{"queuedUs":${queuedUs},"upstreamUs":${upstreamUs}}` +
    `,"tool":${call.tool === null ? "null" : JSON.stringify(call.tool.name)},"trace":${trace},"v":1}`
  );
}

function toSandboxText(stamp: SandboxStamp | null): string {
  if (stamp === null) return "null";
  const { downgraded, driver, egress, evidence, exit, limits, tier, usage } = stamp;
  const named = (digest: string | null): string => (digest === null ? "null" : `"${digest}"`);
  const reached =
    egress === null
      ? "null"
      : `{"attempts":${egress.attempts},"digest":"${egress.digest}","refused":${egress.refused}}`;
  return (
    `{"downgraded":${downgraded},"driver":${JSON.stringify(driver)},"egress":${reached}` +
    `,"evidence":${named(evidence)}${exit === undefined ? "" : `,"exit":${exit}`}` +
    `,"limits":${named(limits)},"tier":"${tier}"${usage === undefined ? "" : toUsageText(usage)}}`
  );
}

function toUsageText({ cpuUs, memoryPeakBytes }: NonNullable<SandboxStamp["usage"]>): string {
  return `,"usage":{"cpuUs":${cpuUs},"memoryPeakBytes":${memoryPeakBytes}}`;
}

const maxEndpoint = 256;

/** Which copy answered: never the query of its address, which may hold a key. */
function toEndpointText(endpoint: string | null): string {
  return JSON.stringify(endpoint?.split("?", 1)[0]!.slice(0, maxEndpoint) ?? null);
}

function toRedactedText(redacted: readonly string[] | undefined): string {
  return redacted === undefined ? "" : `,"redacted":${JSON.stringify(redacted)}`;
}

/** The commitment is over the salt and the bytes that are handed over: none is read to be hashed. */
function toResultText(result: string, salt: string): string {
  const commitment = hash("sha256", `${salt}\n${result}`, "hex");
  return `{"bytes":${Buffer.byteLength(result)},"commitment":"sha256:${commitment}"}`;
}

function toTraceText(parent: unknown): string {
  const trace = parent === undefined ? null : readTrace(parent);
  return trace === null ? "null" : `"${trace}"`;
}

const traceShape = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace of a `traceparent`; null where it names none. */
export function readTrace(parent: unknown): string | null {
  return (typeof parent === "string" ? traceShape.exec(parent)?.[1] : null) ?? null;
}
