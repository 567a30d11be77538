import type { SandboxProbe } from "../../../ports/sandbox.ts";
import type { Missing } from "../host/find-programs.ts";
import { toEnforcement } from "../host/groups.ts";
import { findNamespaceFix } from "../host/namespace-switches.ts";
import { probeByCanary, type Probing } from "../host/probe-by-canary.ts";
import { bubblewrapFindings } from "./findings.ts";
import type { Host } from "./read-host.ts";

export interface BubblewrapProbing extends Pick<Probing, "clock" | "nodePath" | "start"> {
  readonly host: Host | Missing;
}

export async function probeBubblewrap(probing: BubblewrapProbing): Promise<SandboxProbe> {
  const { host } = probing;
  if (host.kind === "missing") return host;
  const { sh, bwrap } = host.programs;
  return probeByCanary({
    ...probing,
    sh,
    maker: `${bwrap} --unshare-user --ro-bind / / -- /bin/true`,
    findings: bubblewrapFindings,
    enforcement: toEnforcement(host.groups),
    findFix: (complaint) =>
      /unknown option/i.test(complaint)
        ? "apt-get install bubblewrap (0.8 or newer)"
        : findNamespaceFix(),
  });
}
