import { z } from "zod";

const seenSchema = z.strictObject({
  kernel: z.string(),
  uid: z.number(),
  /** Null where this kernel does not tell. */
  capabilities: z.array(z.string().nullable()),
  seccomp: z.string(),
  noNewPrivileges: z.string().nullable(),
  interfaces: z.array(z.string()),
  firstEnvironment: z.string(),
  variables: z.array(z.string()),
  processes: z.array(z.string()),
  self: z.string(),
  root: z.string(),
  writable: z.array(z.string()),
  descriptors: z.array(z.string()),
  namespaces: z.string(),
  unixSocket: z.string(),
});
export type Seen = z.infer<typeof seenSchema>;

/** One thing that has to be so in a sandbox. */
export interface Finding {
  readonly holds: (seen: Seen, hostUid: number) => boolean;
  /** The same on every machine where it holds: receipts name a digest of all of it. */
  readonly evidence: string;
  readonly otherwise: (seen: Seen) => string;
}

export type CanaryVerdict =
  | { readonly kind: "held"; readonly evidence: readonly string[] }
  | { readonly kind: "failed"; readonly reason: string };

/** A canary that says nothing readable has shown nothing. */
export function judgeCanary(
  said: string,
  hostUid: number,
  findings: readonly Finding[],
): CanaryVerdict {
  const seen = seenSchema.safeParse(parseJson(said));
  if (!seen.success) return { kind: "failed", reason: "its canary said nothing that can be read" };
  const wrong = findings.filter(({ holds }) => !holds(seen.data, hostUid));
  if (wrong.length === 0)
    return { kind: "held", evidence: findings.map(({ evidence }) => evidence) };
  const reasons = wrong.map(({ otherwise }) => otherwise(seen.data));
  return { kind: "failed", reason: `its canary was not kept in: ${reasons.join("; ")}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
