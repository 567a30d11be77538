import type { Clock } from "../../../ports/clock.ts";
import type { SandboxSpec } from "../../../ports/sandbox.ts";
import { fail } from "./fail.ts";
import { giveWritable } from "./give-writable.ts";
import { findBarrier } from "./judge-mounts.ts";
import { seeOffUser } from "./living.ts";
import type { Plan } from "./plan.ts";
import type { Uids } from "./uids.ts";

/** Of the host, whom a sandbox runs as. */
export interface User {
  readonly uid: number;
  /** Null: we are that user already. */
  readonly become: number | null;
  /** Waits until nothing runs as it, where only one sandbox did. Gives what stays. */
  readonly giveBack: () => Promise<readonly string[]>;
}

/** The number of a user that owns nothing: where it may go, everybody may. */
const nobodys = 0xffff_fffe;

/** Before one is drawn: who, or somebody that may do as little as any of them. */
export function toPlannedUser(uids: Uids | null, { mounts }: SandboxSpec): number {
  if (uids === null) return process.getuid!();
  return mounts.some((mount) => mount.isWritable) ? uids.writer : nobodys;
}

/** Root runs none as root; what may be written has to be given to whom it runs as, first. */
export async function chooseUser(
  uids: Uids | null,
  { mounts, placed, covers }: Pick<Plan, "mounts" | "placed" | "covers">,
  clock: Clock,
): Promise<User> {
  const nothing = () => Promise.resolve([]);
  if (uids === null) return { uid: process.getuid!(), become: null, giveBack: nothing };
  const writable = mounts.filter((mount) => mount.isWritable);
  const sources = placed.flatMap((one) => (one.kind === "bind" ? [one.source] : []));
  const isShared = writable.length > 0;
  const uid = isShared ? uids.writer : uids.take();
  let given: Promise<readonly string[]> | null = null;
  // Once: it may be another sandbox's afterwards.
  const giveBack = isShared
    ? nothing
    : () => (given ??= seeOffUser(uid, clock).finally(() => uids.giveBack(uid)));
  try {
    const except = covers.map((cover) => cover.path);
    for (const { path } of writable) await giveWritable(path, { uid, except });
    for (const path of [...sources, ...mounts.map((mount) => mount.path)]) {
      const barrier = await findBarrier(path, uid);
      if (barrier !== null)
        throw fail(`${path} cannot be mounted: ${barrier} lets no other user in.`);
    }
    return { uid, become: uid, giveBack };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

interface Becoming {
  readonly env: string;
  readonly setpriv: string;
  /** The one group that the user is in besides its own. */
  readonly group?: number | null;
}

/** What stands before a program so that it runs as that user, with none of our environment. */
export function toBecoming(
  { env, setpriv, group = null }: Becoming,
  uid: number | null,
  flags: readonly string[] = [],
): readonly string[] {
  const cleared = [env, "-i"];
  if (uid !== null) {
    const groups = group === null ? "--clear-groups" : `--groups=${group}`;
    const who = [`--reuid=${uid}`, `--regid=${uid}`, groups, "--no-new-privs"];
    return [...cleared, setpriv, ...who, ...flags];
  }
  return flags.length === 0 ? cleared : [...cleared, setpriv, ...flags];
}
