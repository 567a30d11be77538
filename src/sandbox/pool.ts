import { untilAborted } from "../lib/until-aborted.ts";
import { Fault, toCanonicalText } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createArrivals } from "./arrivals.ts";
import type { Kept, PoolLimits } from "./pool-limits.ts";
import { Stock } from "./stock.ts";

export interface PoolPlace {
  /** How many may wait at most. */
  readonly warm: number;
}

export interface PoolOptions<Place, T> {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: PoolLimits;
  readonly start: (place: Place) => Promise<T>;
}

export interface Pool<Place, T> {
  /** One that waits, or else one that is started for it. */
  take(place: Place, signal: AbortSignal): Promise<{ readonly kept: T; readonly wasWarm: boolean }>;
  /** One that is started for it. */
  start(place: Place, signal: AbortSignal): Promise<T>;
  /** Started for somebody who did not wait until it was there, and not gone yet. */
  readonly abandoned: number;
  /** Ends what waits, and what is being started. */
  close(): Promise<void>;
}

export function createPool<Place extends PoolPlace, T extends Kept>(
  options: PoolOptions<Place, T>,
): Pool<Place, T> {
  return new WarmPool(options);
}

/**
 * Keeps some of what takes long to start, as many as come while one is started. Nothing is started before
 * somebody has asked for that place, and nothing is handed out twice.
 */
class WarmPool<Place extends PoolPlace, T extends Kept> implements Pool<Place, T> {
  readonly #options: PoolOptions<Place, T>;
  readonly #stocks = new Map<string, Stock<T>>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  /** Of all stocks, with what is being started for them. */
  #waiting = 0;
  #abandoned = 0;

  constructor(options: PoolOptions<Place, T>) {
    this.#options = options;
  }

  async take(place: Place, signal: AbortSignal) {
    const { telemetry } = this.#options;
    const stock = this.#findStock(place);
    const warm = stock?.take() ?? null;
    telemetry.count("sandbox_claims", { start: warm === null ? "cold" : "warm" });
    if (warm !== null) return { kept: warm, wasWarm: true };
    return { kept: await this.#start(place, { signal, stock }), wasWarm: false };
  }

  start(place: Place, signal: AbortSignal): Promise<T> {
    return this.#start(place, { signal, stock: this.#stocks.get(toKey(place)) ?? null });
  }

  get abandoned(): number {
    return this.#abandoned;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Fault("draining", "The server is shutting down."));
    await Promise.all([
      ...[...this.#stocks.values()].map((stock) => stock.ended),
      ...this.#starting,
    ]);
  }

  async #start(
    place: Place,
    { signal, stock }: { readonly signal: AbortSignal; readonly stock: Stock<T> | null },
  ): Promise<T> {
    const waited = AbortSignal.any([signal, this.#closing.signal]);
    waited.throwIfAborted();
    const starting = this.#startTimed(place, stock);
    const claiming = untilAborted(starting, waited);
    // Whoever closes waits until it is gone.
    this.#follow(
      claiming.then(
        () => undefined,
        () => (waited.aborted ? this.#abandon(starting) : undefined),
      ),
    );
    const kept = await claiming;
    stock?.trust();
    return kept;
  }

  /** What nobody waits for any more is ended as soon as it is there. */
  async #abandon(starting: Promise<T>): Promise<void> {
    this.#abandoned += 1;
    await starting.then(end, () => undefined);
    this.#abandoned -= 1;
  }

  async #startTimed(place: Place, stock: Stock<T> | null): Promise<T> {
    const { clock, telemetry, start } = this.#options;
    const beganMs = clock.monotonicMs();
    const kept = await start(place);
    const tookMs = clock.monotonicMs() - beganMs;
    telemetry.observe("sandbox_start_seconds", tookMs / 1_000);
    stock?.noteStart(tookMs);
    return kept;
  }

  #follow(gone: Promise<unknown>): void {
    this.#starting.add(gone);
    void gone.then(() => this.#starting.delete(gone));
  }

  #findStock(place: Place): Stock<T> | null {
    const { clock, telemetry, limits } = this.#options;
    const key = toKey(place);
    const known = this.#stocks.get(key);
    if (known !== undefined) return known;
    if (place.warm <= 0 || this.#stocks.size >= limits.mostPlaces || this.#closing.signal.aborted)
      return null;
    const stock: Stock<T> = new Stock({
      clock,
      limits,
      arrivals: createArrivals(place.warm),
      closing: this.#closing.signal,
      start: () => this.#startTimed(place, stock),
      reserve: () => {
        if (this.#waiting >= limits.mostWaiting) return false;
        this.#count(1);
        return true;
      },
      release: () => this.#count(-1),
      onFault: (fault) =>
        telemetry.log("warn", "a sandbox that was to wait did not start, or ended early", {
          fault,
        }),
      onEmpty: () => {
        this.#stocks.delete(key);
        // Some of it may be ending still.
        this.#follow(stock.ended);
      },
    });
    this.#stocks.set(key, stock);
    return stock;
  }

  #count(by: number): void {
    this.#waiting += by;
    this.#options.telemetry.gauge("sandbox_waiting", this.#waiting);
  }
}

function end(kept: Kept): Promise<unknown> {
  kept.kill();
  return kept.ended;
}

/** Everything but how many may wait: places that agree in it share what waits. */
const toKey = (place: PoolPlace): string => toCanonicalText({ ...place, warm: 0 });
