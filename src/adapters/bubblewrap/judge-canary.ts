import { z } from "zod";

const seenSchema = z.strictObject({
  uid: z.number(),
  capabilities: z.array(z.string()),
  seccomp: z.string(),
  noNewPrivileges: z.string(),
  interfaces: z.array(z.string()),
  firstEnvironment: z.string(),
  processes: z.array(z.string()),
  self: z.string(),
  root: z.string(),
  writable: z.array(z.string()),
  descriptors: z.array(z.string()),
  namespaces: z.string(),
  unixSocket: z.string(),
});
type Seen = z.infer<typeof seenSchema>;

/** All that a sandbox without mounts may write: its scratch, and devices that keep nothing. */
const mayWrite = /^\/(?:tmp|proc|dev\/(?:shm|pts|null|zero|full|random|urandom|tty|console))$/;

interface Finding {
  readonly holds: (seen: Seen, hostUid: number) => boolean;
  /** The same on every machine where it holds: receipts name a digest of all of it. */
  readonly evidence: string;
  readonly otherwise: (seen: Seen) => string;
}

const findings: readonly Finding[] = [
  {
    holds: ({ uid }, hostUid) => uid === 65_534 && hostUid !== 0,
    evidence: "it runs as user 65534, and not as root of the host",
    otherwise: ({ uid }) => `it ran as user ${uid}, or as root of the host`,
  },
  {
    holds: ({ capabilities, noNewPrivileges }) =>
      noNewPrivileges === "1" &&
      capabilities.length === 5 &&
      capabilities.every((set) => /^0+$/.test(set)),
    evidence: "it has no capabilities and can gain none",
    otherwise: () => "it had capabilities, or could gain some",
  },
  {
    holds: ({ seccomp, unixSocket }) => seccomp === "2" && unixSocket === "EAFNOSUPPORT",
    evidence: "its system calls are filtered: a Unix socket was refused",
    otherwise: ({ unixSocket }) =>
      `its system calls were not filtered (a Unix socket: ${unixSocket})`,
  },
  {
    holds: ({ namespaces }) => namespaces === "refused",
    evidence: "it can make no namespaces",
    otherwise: ({ namespaces }) => `it could make namespaces (${namespaces})`,
  },
  {
    holds: ({ interfaces }) => interfaces.length === 1 && interfaces[0] === "lo",
    evidence: "it has no network but loopback",
    otherwise: ({ interfaces }) => `it saw the network interfaces ${interfaces.join(", ")}`,
  },
  {
    holds: ({ processes, self }) => processes.every((pid) => pid === "1" || pid === self),
    evidence: "it sees no process but its own",
    otherwise: ({ processes }) => `it saw ${processes.length} processes`,
  },
  {
    holds: ({ firstEnvironment }) => firstEnvironment === "done",
    evidence: "it sees no environment but its own",
    otherwise: ({ firstEnvironment }) => `it saw another environment (${firstEnvironment})`,
  },
  {
    // The list was read by a program that opened the folder for it: one more than the streams.
    holds: ({ descriptors }) => descriptors.toSorted().join(" ") === "0 1 2 3",
    evidence: "it was handed no descriptors but its streams",
    otherwise: ({ descriptors }) => `it was handed the descriptors ${descriptors.join(", ")}`,
  },
  {
    holds: ({ root, writable }) => root === "EROFS" && writable.every((one) => mayWrite.test(one)),
    evidence: "it can write nothing but its scratch",
    otherwise: ({ root, writable }) => `it could write (/: ${root}; ${writable.join(", ")})`,
  },
];

export type CanaryVerdict =
  | { readonly kind: "held"; readonly evidence: readonly string[] }
  | { readonly kind: "failed"; readonly reason: string };

/** A canary that says nothing readable has shown nothing. */
export function judgeCanary(said: string, hostUid: number): CanaryVerdict {
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
