import type { RunId, TenantId } from "../model/index.ts";
import type { WakeNow } from "./run-rows.ts";

/**
 * Liveness: what makes a run go on. It may wake late or once too often, never lose a wake.
 * At most one wake a run is active on all workers together. One that arrives meanwhile is queued
 * and runs after it; one that arrives while another of the run is queued joins it.
 */
export interface Wake {
  /** Wakes now, or at `atMs` through the run's timer row. Wakes a parked run as well. */
  wake(request: WakeNow & { readonly atMs?: number }): Promise<void>;
  serve(worker: Worker): Promise<Serving>;
  depth(): Promise<WakeDepth>;
  /** Stops what still serves, at once. */
  close(): Promise<void>;
}

export interface WakeDepth {
  /** Waiting for a worker, those that wait for another attempt included. */
  readonly queued: number;
  readonly active: number;
  /** Runs whose attempts are used up: nothing wakes them until somebody does. */
  readonly parked: number;
  /** Age of the oldest wake that a worker could take now; 0 when there is none. */
  readonly oldestAgeMs: number;
}

export interface Worker {
  /** Wakes advanced at once by this worker. */
  readonly slots: number;
  /**
   * Wakes of one tenant advanced at once by this worker. With or without it tenants take turns:
   * a free slot goes to the one that holds the fewest, and priority orders the wakes of one tenant.
   */
  readonly slotsPerTenant?: number;
  /** The signal fires when this worker may have lost the wake, or is told to stop at once. */
  readonly onWake: (wake: Woken, signal: AbortSignal) => Promise<void>;
  /** What `onWake` threw, what the engine met, and a `wake_parked` for each run that was parked. */
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
