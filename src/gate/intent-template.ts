import { hash } from "node:crypto";
import type { Json } from "../lib/strict-json.ts";
import {
  saltLength,
  toCanonicalText,
  toDigest,
  type Digest,
  type Principal,
} from "../model/index.ts";
import type { RunOfCall } from "../ports/gate.ts";

/** What of an intent stays the same from call to call: written once, filled in per call. */
export interface IntentTemplate {
  fill(values: IntentValues): Digest;
}

interface IntentParts {
  readonly principal: Principal;
  readonly server: string;
  readonly method: string;
  readonly target: string;
  readonly definition: Digest | null;
  readonly policy: Digest;
}

interface IntentValues {
  /** Canonical text of the arguments. */
  readonly canonical: string;
  readonly salt: string;
  readonly forwarded: Readonly<Record<string, Json>>;
  readonly notAfterMs: number;
  /** The place of the call; absent for one of no run. */
  readonly run?: Pick<RunOfCall, "run" | "step" | "ordinal" | "basis"> | undefined;
}

/** The canonical text of an `Intent`, key by key in canonical order; a test holds the two together. */
export function createIntentTemplate(parts: IntentParts): IntentTemplate {
  const { principal, server, method, target, definition, policy } = parts;
  const { actor } = principal;
  const beforeArgs = `{"agent":${JSON.stringify(actor?.agent ?? null)},"args":"`;
  const bundle = JSON.stringify(actor?.bundle ?? null);
  const afterArgs = `","bundle":${bundle},"definition":${JSON.stringify(definition)}`;
  const beforeNotAfter = `,"method":${JSON.stringify(method)},"notAfterMs":`;
  const beforeRun = `,"policy":${JSON.stringify(policy)},"principal":${toCanonicalText(principal)},"run":`;
  const beforeStep = `,"server":${JSON.stringify(server)},"step":`;
  const afterStep =
    `,"target":${JSON.stringify(target)}` +
    `,"task":null,"tenant":${JSON.stringify(principal.tenant)},"v":1}`;
  const outsideOfRuns = `${beforeRun}null${beforeStep}null${afterStep}`;
  return {
    fill({ canonical, salt, forwarded, notAfterMs, run }) {
      const commitment = hash("sha256", `{"args":${canonical},"salt":"${salt}"}`, "hex");
      const forwardedText = isEmpty(forwarded) ? "{}" : toCanonicalText(forwarded);
      const basis = run?.basis === undefined ? "" : `,"facts":"${run.basis.digest}"`;
      const args = `${beforeArgs}sha256:${commitment}${afterArgs}${basis},"forwarded":${forwardedText}`;
      const rest =
        run === undefined
          ? outsideOfRuns
          : `,"ordinal":${run.ordinal}${beforeRun}"${run.run}"${beforeStep}${run.step}${afterStep}`;
      return toDigest(`${args}${beforeNotAfter}${notAfterMs}${rest}`);
    },
  };
}

function isEmpty(object: object): boolean {
  for (const key in object) if (Object.hasOwn(object, key)) return false;
  return true;
}

/** Salts and ids are drawn from a pool: one call for random bytes serves hundreds of calls. */
export function createRandomPool(draw: (length: number) => Uint8Array): (length: number) => Buffer {
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return (length) => {
    if (at + length > pool.length) {
      pool = Buffer.from(draw(poolBytes));
      at = 0;
    }
    at += length;
    return pool.subarray(at - length, at);
  };
}

const poolBytes = 128 * saltLength;
