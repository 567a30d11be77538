import { isObject } from "../mcp/read-message.ts";
import { Fault, toPrincipalKey, toSubjectKey } from "../model/index.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call, CallClaim } from "./call.ts";
import { toBound } from "./forwarded.ts";
import type { GateParts } from "./gate-parts.ts";
import { deniedCode, renderOutcome } from "./render.ts";
import type { UsedApproval } from "./request-state.ts";

type KeyParts = Pick<
  GateParts,
  "calls" | "openings" | "hashes" | "clock" | "limits" | "giveUpCall" | "freshen"
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
  if (mayGoAgain(parts, call, known.call)) {
    // It stays in doubt until the intent that repeats it is durable: whoever never comes so far leaves it.
    if (known.call.state === "open" && !(await parts.giveUpCall(known.call)))
      throw new Fault("key_in_use", "The call with this key has just ended. Send it again.");
    return { kind: "free", claims: { ...claims, repeats: known.call.id } };
  }
  const answer = await recall(parts, call, known.call);
  call.request.onEntry?.(known.call.id);
  return { kind: "answered", answer };
}

/**
 * A run knows from its log that nothing has the key: it is not looked for. Where that is not so after
 * all, the key is not had, and then it is asked what became of it.
 */
export async function claimKeyed(parts: KeyParts, call: Call, key: string): Promise<Keyed> {
  if (call.request.run?.isFirst !== true) return findKeyed(parts, call, key);
  return { kind: "free", claims: await toClaim(parts, call, key) };
}

/**
 * Nobody knows how it ended, nothing of it is sent any more, and its tool takes the key: the tool does
 * nothing twice, so it is sent again with the same one. That, too, is recorded, with the new intent.
 * A run that another worker has taken over does not wait until nothing is sent any more.
 */
function mayGoAgain({ clock }: KeyParts, { tool, request }: Call, known: CallRow): boolean {
  if (tool?.config.idempotencyKey === undefined) return false;
  // Only the worker that has the run asks for it: one that is under way is of a worker that lost it.
  const isLeft = request.run !== undefined && known.state === "open";
  return isLeft || isInDoubt(known, clock.nowMs());
}

/** From its last moment on nothing of it is sent, as they are listed for whoever can look. */
function isInDoubt({ state, notAfterMs }: CallRow, nowMs: number): boolean {
  return state === "unknown" || (state === "open" && notAfterMs <= nowMs);
}

/** The caller's own, and of everything that is sent. */
async function toClaim(
  { hashes, clock, limits }: KeyParts,
  call: Call,
  key: string,
): Promise<CallClaim> {
  const { request, server, method, target, canonical, forwarded } = call;
  const { principal, run } = request;
  const { tenant, actor } = principal;
  // Agents of one person do not hear what came of each other's calls, nor does another bundle.
  const whose = [toSubjectKey(principal), actor?.agent ?? null];
  // A run's keys are its own: nobody else can take one before it does.
  if (run !== undefined) whose.push(run.run);
  const done = [
    toPrincipalKey(principal),
    server.name,
    method,
    target,
    canonical,
    toBound(forwarded),
  ];
  return {
    hash: await hashes.hash(tenant, "call-key", [...whose, key]),
    fingerprint: await hashes.hash(tenant, "call-fingerprint", done),
    expiresAtMs: clock.nowMs() + limits.keyMs,
  };
}

async function recall(
  { openings, clock, freshen }: KeyParts,
  call: Call,
  known: CallRow,
): Promise<GateAnswer> {
  const { id, tenant, state, result, notAfterMs } = known;
  if (isInDoubt(known, clock.nowMs())) {
    return renderOutcome(call, {
      message: `Nobody knows whether the call with this key was carried out. An operator can look and say so: countersign calls resolve ${id}`,
      outcome: { outcome: "unknown", call: id, remedy: "resolve" },
      code: deniedCode,
    });
  }
  if (state === "open") {
    const details = call.request.run === undefined ? {} : { retryAtMs: notAfterMs };
    throw new Fault("key_in_use", "The call with this key is under way.", { details });
  }
  const kept =
    result === null ? null : await openings.open({ tenant, what: `result:${id}` }, result);
  if (isObject(kept) && typeof kept["text"] === "string") {
    const { text } = kept;
    const fresh = await freshen(call, text);
    return fresh ?? { kind: "result", text, isError: kept["isError"] === true };
  }
  return renderOutcome(call, {
    message: "The call with this key was carried out before. Its answer is not kept.",
    outcome: { outcome: "done_before", call: id, remedy: null },
    code: deniedCode,
  });
}

/**
 * A server that asked back is answered once: of all the states that go on from one point, one goes with
 * a call. That is remembered for longer than any of them is good.
 */
export async function toContinuedClaim(
  { hashes, clock, limits }: KeyParts,
  call: Call,
  { id, round }: UsedApproval,
): Promise<CallClaim> {
  const { tenant } = call.request.principal;
  const hash = await hashes.hash(tenant, "call-continued", [id, round]);
  const rememberMs = Math.max(limits.keyMs, 2 * limits.parkMs);
  return { hash, fingerprint: hash, expiresAtMs: clock.nowMs() + rememberMs };
}
