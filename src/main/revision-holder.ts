import { createSerial, type Serial } from "../lib/serial.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Revision } from "../ports/configuration.ts";
import type { Revisions } from "../ports/revision-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { stopParts, type Running, type StartParts } from "./start-parts.ts";

/** What readers see: one object, replaced whole. Take it once a request and keep it. */
export interface Live<Parts> {
  readonly revision: Revision;
  readonly config: Config;
  readonly parts: Parts;
}

export interface HolderOptions<Parts> {
  readonly start: StartParts<Parts>;
  readonly revisions: Revisions;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A revision with its started parts. */
export interface Started<Parts> {
  readonly revision: Revision;
  readonly config: Config;
  readonly running: Running<Parts>;
}

/** The one mutable place of a configuration; everything that writes it runs in its `serial`. */
export interface Holder<Parts> {
  readonly options: HolderOptions<Parts>;
  readonly serial: Serial;
  live: Live<Parts>;
  started: Started<Parts>;
  /** The end of the parts that were swapped out last. */
  retiring: Promise<void>;
  /** Another replica's revision that did not start here, and when it was last tried. */
  refused: { readonly digest: string; readonly atMs: number } | null;
  closed: boolean;
}

/** One person applies at a time; more than this in the row is a loop gone wrong. */
const maxWaiting = 16;

export function createHolder<Parts>(
  options: HolderOptions<Parts>,
  started: Started<Parts>,
): Holder<Parts> {
  measure(options, started);
  const onFull = () =>
    new Fault("config_busy", "Too many changes of the configuration wait already.");
  return {
    options,
    serial: createSerial(maxWaiting, onFull),
    live: toLive(started),
    started,
    retiring: Promise.resolve(),
    refused: null,
    closed: false,
  };
}

/** Readers go over in one assignment; the old parts drain behind the answer, not before it. */
export function replaceStarted<Parts>(holder: Holder<Parts>, next: Started<Parts>): void {
  const old = holder.started;
  holder.live = toLive(next);
  holder.started = next;
  holder.retiring = retire(holder, old);
  measure(holder.options, next);
}

function measure<Parts>({ telemetry }: HolderOptions<Parts>, { revision }: Started<Parts>): void {
  telemetry.gauge("config_applied_timestamp_seconds", revision.appliedAtMs / 1000);
}

export async function closeHolder<Parts>(holder: Holder<Parts>): Promise<void> {
  await holder.serial(async () => {
    if (holder.closed) return;
    holder.closed = true;
    await Promise.all([holder.retiring, retire(holder, holder.started)]);
  });
}

async function retire<Parts>(holder: Holder<Parts>, { config, running, revision }: Started<Parts>) {
  const { clock, telemetry } = holder.options;
  const { digest } = revision;
  try {
    const end = await stopParts(running, { config, clock });
    if (end === "abandoned") {
      telemetry.log("error", "parts of an old revision did not stop in time", { digest });
    }
  } catch (fault) {
    telemetry.log("error", "parts of an old revision failed to stop", { digest, fault });
  }
}

function toLive<Parts>({ revision, config, running }: Started<Parts>): Live<Parts> {
  return Object.freeze({ revision, config, parts: running.parts });
}
