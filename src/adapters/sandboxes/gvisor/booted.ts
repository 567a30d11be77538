import type { SandboxLimits } from "../../../model/sandbox.ts";
import { placeOwnPart, toOwnPath } from "../host/own-part.ts";
import type { Extra, Plan } from "../host/plan.ts";
import { proxyPort } from "../host/proxy.ts";
import type { Box } from "./bundle.ts";

/** The first process, and the threads of our own part, which stay as long as the program does and are counted with it. */
const ownThreads = 8;

/**
 * The first process takes in what has lost its parent, and sees to its end: Node would let it stand, and be
 * counted, for ever. A shell gives what it starts in the background no input unless it is told to.
 */
const first = `exec 9<&0
"$@" <&9 9<&- &
part=$!
exec <&- 9<&-
trap 'kill -TERM $part' TERM
while :; do wait $part; code=$?; kill -0 $part 2>/dev/null || exit $code; done`;

export function withBoot({ placed, programs }: Extra, nodePath: string): Extra {
  return {
    placed: [...placed, placeOwnPart("boot", import.meta.url)],
    programs: [nodePath, ...programs],
  };
}

/** Our own part comes first, starts the other one, and listens to nothing that its variables say. */
export function toBooted(plan: Plan, limits: SandboxLimits): Omit<Box, "nothing"> {
  const [node = ""] = plan.programs;
  const init = ["/bin/sh", "-c", first, "sh"];
  const boot = [...init, node, "--disable-sigusr1", toOwnPath("boot"), String(proxyPort)];
  return {
    ...plan,
    command: [...boot, ...plan.command],
    environment: {},
    limits: { ...limits, processes: limits.processes + ownThreads },
  };
}
