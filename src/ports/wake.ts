import type { RunId, TenantId } from "../model/index.ts";
import type { WakeNow } from "./store.ts";

/** Liveness: what makes a run go on. It may wake late or once too often, never lose a wake. */
export interface Wake {
  /** Wakes now, or at `atMs` through the run's timer row. At most one wake a run is active. */
  wake(request: WakeNow & { readonly atMs?: number }): Promise<void>;
  serve(worker: Worker): Promise<Serving>;
  depth(): Promise<{ readonly queued: number; readonly active: number; readonly oldestAgeMs: number }>;
  close(): Promise<void>;
}

export interface Worker {
  /** Wakes advanced at once by this worker. */
  readonly slots: number;
  /** Wakes of one tenant advanced at once by this worker. */
  readonly slotsPerTenant?: number;
  /** The signal fires when this worker may have lost the wake, or is told to stop at once. */
  readonly onWake: (wake: Woken, signal: AbortSignal) => Promise<void>;
  readonly onFault?: (fault: unknown) => void;
}

export interface Woken {
  readonly run: RunId;
  readonly tenant: TenantId;
  /** How often this wake was taken over from a worker that died or threw. */
  readonly attempt: number;
}

export interface Serving {
  /** Takes no more wakes, waits for those in flight up to the bound, then aborts them. */
  stop(options: { readonly withinMs: number }): Promise<void>;
}
