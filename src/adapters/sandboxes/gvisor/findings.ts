import { findings, isNone } from "../host/findings.ts";
import type { Finding } from "../host/judge-canary.ts";

/** The same for every one of them: it is what gVisor says of itself. */
const ownKernel = "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016";

/** What every program is given, and what a shell adds. */
const mayHave = /^(?:PATH|HOME|PWD|OLDPWD|SHLVL|_)$/;

/** What the canary of T2 has to find. */
export const gvisorFindings: readonly Finding[] = [
  {
    holds: ({ kernel }) => kernel === ownKernel,
    evidence: "its kernel is gVisor's own",
    otherwise: ({ kernel }) => `its kernel was another one (${kernel})`,
  },
  {
    holds: ({ uid }, hostUid) => uid === 0 && hostUid !== 0,
    evidence: "it calls itself user 0, and is not root of the host",
    otherwise: ({ uid }) => `it ran as user ${uid}, or as root of the host`,
  },
  {
    // Its kernel tells four sets, and the last of them bounds what it could gain.
    ...findings.powers,
    holds: ({ capabilities }) =>
      capabilities.length === 5 &&
      capabilities.slice(0, 4).every(isNone) &&
      capabilities[4] === null,
  },
  {
    holds: ({ unixSocket }) => unixSocket === "ENOENT" || unixSocket === "ECONNREFUSED",
    evidence: "it reaches no Unix socket of the host",
    otherwise: ({ unixSocket }) => `a Unix socket was not refused (${unixSocket})`,
  },
  findings.network,
  findings.processes,
  {
    // It is the first process itself, so what that one was given is what it has.
    ...findings.environment,
    holds: ({ self, variables }) => self === "1" && variables.every((name) => mayHave.test(name)),
    otherwise: ({ variables }) => `it saw other variables (${variables.join(", ")})`,
  },
  findings.descriptors,
  findings.files,
];
