import { expect } from "vitest";
import { toUuidV7, type RunId, type TenantId } from "../../src/model/index.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Random } from "../../src/ports/random.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Serving, Wake, Worker, Woken } from "../../src/ports/wake.ts";

/** What an engine of wakes is tried in: with the store that its wakes are enlisted by. */
export interface WakeWorld {
  readonly wake: Wake;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Attempts after the first; few, so that a test sees the end of them. */
  readonly retries: number;
  close(): Promise<void>;
}

export const acme = "acme" as TenantId;
export const bytes = (text: string) => Buffer.from(text);

export class WakeBench {
  readonly world: WakeWorld;
  readonly faults: unknown[] = [];
  readonly log: Woken[] = [];
  readonly #servings: Serving[] = [];
  /** How long anything may take that should happen soon. */
  readonly #patienceMs: number;

  constructor(world: WakeWorld, { patienceMs = 15_000 }: { readonly patienceMs?: number } = {}) {
    this.world = world;
    this.#patienceMs = patienceMs;
  }

  newRun(): RunId {
    const { clock, random } = this.world;
    return toUuidV7(clock.nowMs(), random.bytes(10)) as RunId;
  }

  async create(tenant = acme, events = [bytes("{}")]): Promise<RunId> {
    const run = this.newRun();
    expect(await this.world.store.runs.create({ run, tenant, events })).toBe("created");
    return run;
  }

  /** Serves, and logs each wake before it is passed on. */
  async serve(worker: Partial<Worker> = {}): Promise<Serving> {
    const serving = await this.world.wake.serve({
      slots: 8,
      onFault: (fault) => this.faults.push(fault),
      ...worker,
      onWake: async (wake, signal) => {
        this.log.push(wake);
        await worker.onWake?.(wake, signal);
      },
    });
    this.#servings.push(serving);
    return serving;
  }

  async until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const { clock } = this.world;
    const untilMs = clock.monotonicMs() + this.#patienceMs;
    while (!(await isTrue())) {
      if (clock.monotonicMs() > untilMs) throw new Error(`it did not come to pass: ${what}`);
      await clock.sleep(5);
    }
  }

  settled(): Promise<void> {
    return this.until("nothing queued, nothing active", async () => {
      const { queued, active } = await this.world.wake.depth();
      return queued + active === 0;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#servings.map((serving) => serving.stop({ withinMs: 0 })));
    await this.world.close();
  }
}
