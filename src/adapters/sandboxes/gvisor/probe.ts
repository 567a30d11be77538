import type { SandboxProbe } from "../../../ports/sandbox.ts";
import type { Enforcement } from "../../../model/sandbox.ts";
import type { Missing } from "../host/find-programs.ts";
import type { GroupPlaces } from "../host/group-places.ts";
import { toEnforcement } from "../host/groups.ts";
import { findNamespaceFix } from "../host/namespace-switches.ts";
import { probeByCanary, type Probing } from "../host/probe-by-canary.ts";
import { gvisorFindings } from "./findings.ts";
import type { Host } from "./read-host.ts";

export interface GvisorProbing extends Pick<Probing, "clock" | "nodePath" | "start"> {
  readonly host: Host | Missing;
}

export async function probeGvisor(probing: GvisorProbing): Promise<SandboxProbe> {
  const { host } = probing;
  if (host.kind === "missing") return host;
  const { sh, unshare } = host.programs;
  return probeByCanary({
    ...probing,
    sh,
    maker: `${unshare} --user /bin/true`,
    findings: gvisorFindings,
    enforcement: toGvisorEnforcement(host.groups),
    findFix: findNamespaceFix,
  });
}

/** Its kernel counts the program's processes; the group holds what they are on the host, and the rest. */
const toGvisorEnforcement = (groups: GroupPlaces): Enforcement => ({
  ...toEnforcement(groups),
  processes: "rlimit",
});
