import { hash } from "node:crypto";
import { untilAborted } from "../lib/until-aborted.ts";
import { toPrincipalKey } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { AdmittedCall, Opened } from "./call.ts";
import type { Exchanged } from "./exchange.ts";

/**
 * Results of reads whose tool says `cache:`, for the same caller, pin and arguments. Identical reads
 * under way share one sending. Whatever a server changes by a call with an effect, by a changed list or
 * by a connection that ended makes all that is kept of it old.
 */
export interface ResultCache {
  through(opened: Opened, signal: AbortSignal, send: () => Promise<Exchanged>): Promise<Exchanged>;
  /** A call that had waited goes on: with an effect, it changes its server now. */
  resumed(opened: Opened, send: () => Promise<Exchanged>): Promise<Exchanged>;
  /** Something of this server changed. */
  touch(server: string): void;
}

type Send = () => Promise<Exchanged>;

export interface ResultCacheOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Tells other replicas. */
  readonly onEffect: (server: string) => void;
}

const maxEntries = 10_000;
const maxTextLength = 64 * 1024 * 1024;

type Ended = Extract<Exchanged, { kind: "ended" }>;
interface Kept {
  readonly ended: Ended;
  readonly untilMs: number;
  /** Changes of the server that had been seen when it was read. */
  readonly seen: number;
}

/** What was read, within bounds: the one that was kept first goes first. */
class KeptResults {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  /** How often each server has changed: what was read before the last change is old. */
  readonly #changes = new Map<string, number>();
  #textLength = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  touch(server: string): void {
    this.#changes.set(server, this.changesOf(server) + 1);
  }

  changesOf(server: string): number {
    return this.#changes.get(server) ?? 0;
  }

  find(key: string, server: string): Ended | null {
    const found = this.#kept.get(key);
    if (found === undefined) return null;
    if (found.seen === this.changesOf(server) && found.untilMs > this.#clock.monotonicMs())
      return found.ended;
    this.#forget(key);
    return null;
  }

  keep(key: string, { ended, seen, lifeMs }: Omit<Kept, "untilMs"> & { readonly lifeMs: number }) {
    const length = lengthOf(ended);
    if (length > maxTextLength / 16) return;
    this.#forget(key);
    this.#kept.set(key, { ended, seen, untilMs: this.#clock.monotonicMs() + lifeMs });
    this.#textLength += length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxEntries && this.#textLength <= maxTextLength) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const found = this.#kept.get(key);
    if (found === undefined) return;
    this.#textLength -= lengthOf(found.ended);
    this.#kept.delete(key);
  }
}

export function createResultCache({ clock, telemetry, onEffect }: ResultCacheOptions): ResultCache {
  const kept = new KeptResults(clock);
  const underWay = new Map<string, Promise<Exchanged>>();

  async function sendEffect({ server }: AdmittedCall, send: Send): Promise<Exchanged> {
    if (!isCaching(server.config.tools)) return send();
    kept.touch(server.name);
    try {
      return await send();
    } finally {
      kept.touch(server.name);
      onEffect(server.name);
    }
  }

  async function sendFirst(call: AdmittedCall, key: string, send: Send): Promise<Exchanged> {
    const { server, tool } = call;
    const seen = kept.changesOf(server.name);
    const sent = send();
    underWay.set(key, sent);
    try {
      const ended = await sent;
      if (isKeepable(ended) && seen === kept.changesOf(server.name))
        kept.keep(key, { ended, seen, lifeMs: tool?.config.cache ?? 0 });
      return ended;
    } finally {
      underWay.delete(key);
    }
  }

  return {
    touch: (server) => kept.touch(server),
    resumed: ({ call }, send) => (call.effect === "read" ? send() : sendEffect(call, send)),
    async through({ call, extra }, signal, send) {
      if (call.effect !== "read") return sendEffect(call, send);
      const isKept = call.tool?.config.cache !== undefined && call.approval === null;
      // A run may have begun with facts of a tool that says `cache` by now.
      const isFresh = call.request.run?.isFresh === true;
      if (!isKept || isFresh || extra !== "") return send();
      const key = toKey(call);
      const found = kept.find(key, call.server.name);
      const first = underWay.get(key);
      const outcome = found !== null ? "hit" : first !== undefined ? "shared" : "miss";
      telemetry.count("gate_cache", { outcome });
      if (found !== null) return { ...found, endpoint: cacheEndpoint };
      if (first === undefined) return sendFirst(call, key, send);
      const shared = await untilAborted(first, signal).catch(() => null);
      signal.throwIfAborted();
      // What failed for the first may do for the second, whose own deadline and client it has.
      if (shared === null || !isKeepable(shared)) return send();
      return { ...shared, endpoint: cacheEndpoint };
    },
  };
}

/** Named in the entry in place of the endpoint: nothing was sent for this call. */
const cacheEndpoint = "cache";

function isCaching(tools: Readonly<Record<string, { readonly cache?: number | undefined }>>) {
  return Object.values(tools).some(({ cache }) => cache !== undefined);
}

function isKeepable(exchanged: Exchanged): exchanged is Ended {
  return (
    exchanged.kind === "ended" &&
    exchanged.answer.kind === "result" &&
    exchanged.answer.value["isError"] !== true
  );
}

function lengthOf(ended: Ended): number {
  return ended.answer.kind === "result" ? ended.answer.text.length : 0;
}

/** One caller's own: what a server says may depend on who asks. */
function toKey({ request, server, tool, canonical }: AdmittedCall): string {
  const who = toPrincipalKey(request.principal);
  const scope = JSON.stringify([who, server.name, tool?.name, tool?.pin]);
  return hash("sha256", `${scope}\n${canonical}`, "base64");
}
