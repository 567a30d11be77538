import type { Json } from "../lib/strict-json.ts";
import { toSubjectKey, toTextCommitment, type EntryId, type Intent } from "../model/index.ts";
import type { CallDraft } from "../ports/call-rows.ts";
import type { RunOfCall } from "../ports/gate.ts";
import type { Openings } from "../ports/openings.ts";
import type { DecidedCall } from "./call.ts";
import { toBound } from "./forwarded.ts";
import type { Outcome } from "./outcome.ts";

/** Arguments and results that are longer are not kept: their digests are. */
const maxKeptLength = 256 * 1024;

interface Drafting {
  readonly id: EntryId;
  readonly atMs: number;
  readonly openings: Openings;
}

/** The row of a call, with what its intent was made of, sealed. */
export async function toDraft(
  call: DecidedCall,
  { id, atMs, openings }: Drafting,
): Promise<CallDraft> {
  const { request, server, tool, intent, approval, claims, canonical, own } = call;
  const { tenant } = request.principal;
  const args = canonical.length > maxKeptLength ? null : canonical;
  const made = { v: 1, intent: toIntent(call), salt: intent.salt, args, claim: own.claim };
  return {
    subject: toSubjectKey(request.principal),
    server: server.name,
    tool: tool?.name ?? null,
    intent: intent.digest,
    approval: approval?.id ?? null,
    run: request.run?.run ?? null,
    notAfterMs: call.notAfterMs,
    opening: await openings.seal({ tenant, what: `call:${id}` }, made),
    atMs,
    key: claims,
  };
}

/** What the digest of the intent was taken over; a test holds it to the template. */
export function toIntent(call: DecidedCall): Intent {
  const { request, server, method, target, tool, intent, canonical, forwarded } = call;
  return {
    ...toStanding({ request, server, method, target, tool }),
    args: toTextCommitment(intent.salt, canonical),
    forwarded: toBound(forwarded),
    policy: intent.policy,
    notAfterMs: intent.notAfterMs,
  };
}

/** All of an intent that does not change from one asking to the next. */
export function toStanding({
  request,
  server,
  method,
  target,
  tool,
}: Pick<DecidedCall, "request" | "server" | "method" | "target" | "tool">) {
  const { principal, run } = request;
  const { actor } = principal;
  return {
    v: 1,
    tenant: principal.tenant,
    principal,
    agent: actor?.agent ?? null,
    bundle: actor?.bundle ?? null,
    ...(run === undefined ? outsideOfRuns : toPlace(run)),
    server: server.name,
    method,
    target,
    definition: tool?.acting ?? null,
    task: null,
  } as const;
}

const outsideOfRuns = Object.freeze({ run: null, step: null });

/** Two calls of one step that are alike in everything else are asked about one by one. */
function toPlace({ run, step, ordinal, basis }: RunOfCall) {
  return { run, step, ordinal, ...(basis === undefined ? {} : { facts: basis.digest }) };
}

/** As it is handed to whoever comes back with the same key. */
export type KeptResult = {
  readonly text: string;
  readonly isError: boolean;
  /** Of the commitment in the outcome's entry. */
  readonly salt: string;
} & { readonly [name: string]: Json };

export function toKeptResult({ keeps, result, outcome }: Outcome, salt: string): KeptResult | null {
  if (keeps !== true || result === null || result.length > maxKeptLength) return null;
  return { text: result, isError: outcome === "tool_error", salt };
}
