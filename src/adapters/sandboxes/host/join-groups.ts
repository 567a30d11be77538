/**
 * Joins all groups or ends: nothing runs in a sandbox without its limits. Whoever starts a program by
 * this empties the environment after it: a shell leaves something there, and the program could read it.
 */
const join = `n=$1; shift
while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done
exec "$@"`;

/** What stands before a program, so that it and all that it starts are in these groups from the beginning. */
export const toJoining = (sh: string, groups: readonly string[]): readonly string[] => [
  sh,
  "-c",
  join,
  "sh",
  String(groups.length),
  ...groups,
];
