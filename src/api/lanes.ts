import type { KeyHolder, Role } from "../authority/keyring.ts";
import { Fault, toSubjectKey } from "../model/index.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createAdmission, type Admission, type AdmissionBounds, type Leave } from "./admission.ts";

/**
 * Places of their own, so that whoever fills one lane is in nobody's way on another: `forms` and `pages`
 * are for those without a key, with a body to wait for and without one; `streams` last as long as their
 * client wants; `reserved` is kept free for what stops others.
 */
export type LaneName = "shared" | "reserved" | "forms" | "pages" | "streams";

export interface Lanes extends Omit<Admission, "enter"> {
  enter(entering: Entering): Promise<Leave>;
}

export interface Entering {
  readonly lane: LaneName;
  /** Whoever has none of these has no place on the reserved lane: any key could fill it. */
  readonly roles: readonly Role[];
  readonly holder: KeyHolder | null;
  readonly signal: AbortSignal;
}

export interface LanesOptions {
  /** Asked at each turn: a new revision holds for the next request. */
  readonly limits: () => AdmissionBounds & { readonly openStreams: number };
  readonly telemetry: Pick<Telemetry, "gauge">;
}

export function createLanes({ limits, telemetry }: LanesOptions): Lanes {
  const shared = createAdmission({ bounds: limits, telemetry });
  const [reserved, forms, pages] = [createFixed(8), createFixed(16), createFixed(256)];
  const streams = createAdmission({
    bounds: () => ({ concurrentRequests: limits().openStreams, queuedRequests: 0 }),
    telemetry: silent,
  });
  const lanes: Readonly<Record<LaneName, Admission>> = { shared, reserved, forms, pages, streams };
  // Streams end with the face that serves them.
  const ending = [shared, reserved, forms, pages];
  const shares = createShares(() => Math.ceil(limits().openStreams / 2));

  return {
    async enter({ lane, roles, holder, signal }) {
      if (lane === "streams") return shares.enter(holder, () => streams.enter(signal));
      const isKept = lane === "reserved" && holder?.access.some((role) => roles.includes(role));
      return lanes[lane === "reserved" && isKept !== true ? "shared" : lane].enter(signal);
    },
    drain() {
      for (const lane of ending) lane.drain();
    },
    async whenIdle() {
      await Promise.all(ending.map((lane) => lane.whenIdle()));
    },
    get draining() {
      return shared.draining;
    },
  };
}

/** The gauges are those of the shared lane; streams are counted by the protocol's own metrics. */
const silent = { gauge: () => undefined };

function createFixed(most: number): Admission {
  const bounds = { concurrentRequests: most, queuedRequests: most };
  return createAdmission({ bounds: () => bounds, telemetry: silent });
}

/** One subject, by however many agents, cannot take the places of all others. */
function createShares(most: () => number) {
  const taken = new Map<string, number>();

  function take(key: string): Leave {
    const before = taken.get(key) ?? 0;
    if (before >= most()) {
      throw new Fault("overloaded", "Too many requests and streams of this caller are open.", {
        details: { active: before },
      });
    }
    taken.set(key, before + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const now = taken.get(key)! - 1;
      if (now === 0) taken.delete(key);
      else taken.set(key, now);
    };
  }

  return {
    async enter(holder: KeyHolder | null, enter: () => Promise<Leave>): Promise<Leave> {
      const principal = holder?.principal ?? null;
      const giveBack = take(principal === null ? (holder?.id ?? "") : toSubjectKey(principal));
      try {
        const leave = await enter();
        return () => (giveBack(), leave());
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  };
}
