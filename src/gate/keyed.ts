import { Fault, toSubjectKey } from "../model/index.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call, CallClaim } from "./call.ts";
import { toBound } from "./forwarded.ts";
import type { GateParts } from "./gate-parts.ts";
import { deniedCode, renderOutcome } from "./render.ts";

type KeyParts = Pick<
  GateParts,
  "calls" | "openings" | "hashes" | "clock" | "limits" | "resolveCall"
>;

export type Keyed =
  /** Nobody has the key yet, or what had it was not carried out. */
  | { readonly kind: "free"; readonly claims: CallClaim }
  | { readonly kind: "answered"; readonly answer: GateAnswer };

/** What a caller's key stands for is done once: whoever sends it again is told what came of it. */
export async function findKeyed(parts: KeyParts, call: Call, key: string): Promise<Keyed> {
  const claims = await toClaim(parts, call, key);
  const { tenant } = call.request.principal;
  const known = await parts.calls.byKey(tenant, claims.hash, parts.clock.nowMs());
  if (known === null) return { kind: "free", claims };
  if (known.fingerprint !== claims.fingerprint)
    throw new Fault("key_reused", "The key stands for a call with other content.");
  if (known.call.state === "failed") return { kind: "free", claims };
  if (await mayGoAgain(parts, call, known.call)) return { kind: "free", claims };
  return { kind: "answered", answer: await recall(parts, call, known.call) };
}

/**
 * Nobody knows how it ended, nothing of it is sent any more, and its tool takes the key: the tool does
 * nothing twice, so it is sent again with the same one. That, too, is recorded.
 */
async function mayGoAgain(
  { clock, resolveCall }: KeyParts,
  { tool }: Call,
  known: CallRow,
): Promise<boolean> {
  const isOver = known.state === "unknown" || known.notAfterMs <= clock.nowMs();
  if (known.state === "done" || !isOver || tool?.config.idempotencyKey === undefined) return false;
  const evidence = "The tool takes the call's key, and is sent the same one again.";
  return resolveCall(known, { outcome: "retry", by: "countersign", evidence });
}

/** The caller's own, and of everything that is sent. */
async function toClaim(
  { hashes, clock, limits }: KeyParts,
  call: Call,
  key: string,
): Promise<CallClaim> {
  const { request, server, method, target, canonical, forwarded } = call;
  const subject = toSubjectKey(request.principal);
  const { tenant } = request.principal;
  const done = [subject, server.name, method, target, canonical, toBound(forwarded)];
  return {
    hash: await hashes.hash(tenant, "call-key", [subject, key]),
    fingerprint: await hashes.hash(tenant, "call-fingerprint", done),
    expiresAtMs: clock.nowMs() + limits.keyMs,
  };
}

async function recall({ openings }: KeyParts, call: Call, known: CallRow): Promise<GateAnswer> {
  const { id, tenant, state, result } = known;
  if (state === "open") throw new Fault("key_in_use", "The call with this key is under way.");
  if (state === "unknown") {
    return renderOutcome(call, {
      message: `Nobody knows whether the call with this key was carried out. An operator can look and say so: countersign calls resolve ${id}`,
      outcome: { outcome: "unknown", call: id, remedy: "resolve" },
      code: deniedCode,
    });
  }
  const kept =
    result === null ? null : await openings.open({ tenant, what: `result:${id}` }, result);
  if (typeof kept === "object" && kept !== null && "text" in kept) {
    const { text, isError } = kept;
    return { kind: "result", text: String(text), isError: isError === true };
  }
  return renderOutcome(call, {
    message: "The call with this key was carried out before. Its answer is not kept.",
    outcome: { outcome: "done_before", call: id, remedy: null },
    code: deniedCode,
  });
}

/** A server that asked back is answered once: the state that it gave goes with one call. */
export async function toContinuedClaim(
  { hashes, clock, limits }: KeyParts,
  call: Call,
  sealed: string,
): Promise<CallClaim> {
  const { tenant } = call.request.principal;
  const hash = await hashes.hash(tenant, "call-continued", [sealed]);
  return { hash, fingerprint: hash, expiresAtMs: clock.nowMs() + limits.keyMs };
}
