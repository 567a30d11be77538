/** One backend of a route, as it is at this moment. */
export interface RouteMember {
  readonly weight: number;
  /** It failed this request already, its breaker is open, or it has no price where one is needed. */
  readonly isOut: boolean;
  /** Null: it would begin at once. */
  readonly waitMs: number | null;
  /** It asked to be left alone for a while. */
  readonly isResting: boolean;
  readonly hasRoom: boolean;
}

export type RouteChoice<Member> =
  | { readonly kind: "chosen"; readonly member: Member }
  /** All that are left are busy for longer than there is time. */
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  | { readonly kind: "none" };

/**
 * Group by group: who begins at once, by weight; else the shortest line of those whose turn comes
 * before the deadline. Who asked to be left alone is waited for only where nobody else is left.
 */
export function chooseMember<Member extends RouteMember>(
  groups: readonly (readonly Member[])[],
  { remainingMs, fraction }: { readonly remainingMs: number; readonly fraction: number },
): RouteChoice<Member> {
  const left = groups.map((group) => group.filter(({ isOut }) => !isOut));
  const isInTime = ({ hasRoom, waitMs }: Member) => hasRoom && (waitMs ?? 0) < remainingMs;
  for (const group of left) {
    const free = group.filter(({ waitMs }) => waitMs === null);
    if (free.length > 0) return { kind: "chosen", member: chooseByWeight(free, fraction) };
    const [shortest] = byWait(group.filter((member) => !member.isResting && isInTime(member)));
    if (shortest !== undefined) return { kind: "chosen", member: shortest };
  }
  const all = byWait(left.flat());
  const [soonest] = all;
  if (soonest === undefined) return { kind: "none" };
  const member = all.find(isInTime);
  if (member !== undefined) return { kind: "chosen", member };
  return { kind: "busy", retryAfterMs: Math.max(1, Math.ceil(soonest.waitMs ?? 0)) };
}

function byWait<Member extends RouteMember>(members: readonly Member[]): readonly Member[] {
  return members.toSorted((one, other) => (one.waitMs ?? 0) - (other.waitMs ?? 0));
}

function chooseByWeight<Member extends RouteMember>(
  group: readonly Member[],
  fraction: number,
): Member {
  const sum = group.reduce((total, { weight }) => total + weight, 0);
  let rest = fraction * sum;
  for (const member of group) {
    rest -= member.weight;
    if (rest < 0) return member;
  }
  return group.at(-1)!;
}
