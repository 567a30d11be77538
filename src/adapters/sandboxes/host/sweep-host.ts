import type { Clock } from "../../../ports/clock.ts";
import { fail } from "./fail.ts";
import type { GroupPlaces } from "./group-places.ts";
import { sweepGroups } from "./groups.ts";
import { sweepStreams } from "./streams.ts";
import { sweepUsers } from "./sweep-users.ts";
import type { UidRange, Uids } from "./uids.ts";

export interface HostSweep {
  readonly range: UidRange | null;
  /** Null: sandboxes run as the user that we are. */
  readonly uids: Uids | null;
  readonly groups: GroupPlaces;
  readonly clock: Clock;
}

/** Takes away what servers that were killed have left: processes, groups, then folders named as they are. */
export async function sweepHost({ range, uids, groups, clock }: HostSweep): Promise<void> {
  if (range !== null && uids !== null) sweepUsers(range, uids.taken);
  const remains = await sweepGroups(groups, clock);
  await sweepStreams();
  if (remains.length > 0)
    throw fail(`What is left of earlier sandboxes stays: ${remains.join(", ")}`);
}
