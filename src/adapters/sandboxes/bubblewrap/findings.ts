import { findings } from "../host/findings.ts";
import type { Finding } from "../host/judge-canary.ts";

/** What the canary of T1 has to find. */
export const bubblewrapFindings: readonly Finding[] = [
  {
    holds: ({ uid }, hostUid) => uid === 65_534 && hostUid !== 0,
    evidence: "it runs as user 65534, and not as root of the host",
    otherwise: ({ uid }) => `it ran as user ${uid}, or as root of the host`,
  },
  findings.powers,
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
  findings.network,
  findings.processes,
  findings.environment,
  findings.descriptors,
  findings.files,
];
