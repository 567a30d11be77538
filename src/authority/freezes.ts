import { Fault } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { FreezeSubject, Freezes } from "../ports/freezes.ts";
import type { FreezeRow, FreezeRows } from "../ports/freeze-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** Replicas tell each other here that something was frozen or lifted. */
export const freezeChannel = "freezes";

/** A replica that has not heard for this long cannot know what was stopped meanwhile (I14). */
const staleAfterMs = 5_000;
const pollMs = 1_000;

export interface FreezeViewOptions {
  readonly rows: Pick<FreezeRows, "active">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface FreezeView extends Freezes {
  /** Reads again now; resolves when what it read is in force. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Asks the store each second, and whenever another replica says so. The first look is awaited. */
export async function openFreezeView(options: FreezeViewOptions): Promise<FreezeView> {
  const { rows, bus, clock, telemetry } = options;
  const stopping = new AbortController();
  let view: View = { ...toView([]), heardMs: Number.NEGATIVE_INFINITY };

  async function refresh(): Promise<void> {
    // What is read is at least as new as the moment before it was asked for.
    const askedMs = clock.monotonicMs();
    const active = await rows.active();
    if (askedMs >= view.heardMs) view = { ...toView(active), heardMs: askedMs };
    telemetry.gauge("freezes", active.length);
  }
  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(pollMs, stopping.signal).catch(() => undefined);
      if (!stopping.signal.aborted) await refresh().catch(onFault);
    }
  }
  function onFault(fault: unknown): void {
    telemetry.log("warn", "what is frozen could not be read; effects end after 5 s of this", {
      fault,
    });
  }

  await refresh();
  const unsubscribe = await bus.subscribe(freezeChannel, () => void refresh().catch(onFault));
  const polling = poll();
  return {
    check(subject) {
      const stopped = find(view, subject);
      if (stopped !== undefined) throw toFrozen(stopped);
      if (subject.effect === "read" || clock.monotonicMs() - view.heardMs <= staleAfterMs) return;
      throw new Fault("freeze_unknown", "This replica has not heard for 5 s what is frozen.");
    },
    refresh,
    async close() {
      stopping.abort();
      await unsubscribe();
      await polling;
    },
  };
}

interface View {
  /** Of everything: the first that is in force. */
  readonly byKey: ReadonlyMap<string, FreezeRow>;
  readonly heardMs: number;
}

function toView(active: readonly FreezeRow[]): Omit<View, "heardMs"> {
  return { byKey: new Map(active.map((row) => [toKey(row.tenant, row.kind, row.name), row])) };
}

function find({ byKey }: View, { principal, server, tool }: FreezeSubject): FreezeRow | undefined {
  if (byKey.size === 0) return undefined;
  const { tenant, actor } = principal;
  return (
    byKey.get(toKey(everyTenant, "all", "")) ??
    byKey.get(toKey(tenant, "all", "")) ??
    byKey.get(toKey(tenant, "tenant", "")) ??
    (server === null ? undefined : byKey.get(toKey(tenant, "server", server))) ??
    (tool === null ? undefined : byKey.get(toKey(tenant, "tool", tool))) ??
    (actor === null ? undefined : byKey.get(toKey(tenant, "agent", actor.agent)))
  );
}

/** `all` is for whoever runs the installation; it is kept under a name that no tenant can have. */
export const everyTenant = "*";

function toKey(tenant: string, kind: string, name: string): string {
  return `${tenant}\n${kind}\n${name}`;
}

function toFrozen({ kind, name, reason }: FreezeRow): Fault {
  const what =
    kind === "all" ? "Everything" : kind === "tenant" ? "This tenant" : `${kind} ${name}`;
  return new Fault("frozen", `${what} is frozen: ${reason}`, { details: { kind, name } });
}
