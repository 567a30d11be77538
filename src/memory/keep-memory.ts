import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import { embedderLimits, type Embedder } from "../ports/embedder.ts";
import type { Memory, MemoryMeasure, StalePage, StaleRow } from "../ports/memory.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { hasDirection, toEmbeddedText } from "./memories.ts";

export interface MemoryKeeping {
  readonly memory: Memory;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Rows that are embedded anew in one round; 0: none. */
  readonly reembed: number;
}

const everyMs = 60_000;
const kinds = ["agent", "subject"] as const;

/** Says each minute how fresh memories are, and embeds anew what another embedder has embedded. */
export function keepMemory(options: MemoryKeeping): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    let after: StalePage["after"] = null;
    do after = await round(options, after, signal);
    while (await slept(options.clock, signal));
  })();
  return {
    async stop() {
      stopping.abort(new Fault("draining", "The revision ends."));
      await running;
    },
  };
}

async function round(
  options: MemoryKeeping,
  after: StalePage["after"],
  signal: AbortSignal,
): Promise<StalePage["after"]> {
  const { memory, embedder, telemetry } = options;
  try {
    const measures = await memory.measure(embedder);
    tell(options, measures);
    const isStale = measures.some(({ stale }) => stale > 0);
    return isStale ? await reembed(options, { after, signal, limit: options.reembed }) : null;
  } catch (fault) {
    if (!signal.aborted)
      telemetry.log("warn", "memories could not be kept; it is tried again", { fault });
    return after;
  }
}

function tell({ telemetry, clock }: MemoryKeeping, measures: readonly MemoryMeasure[]): void {
  for (const scope of kinds) {
    const measure = measures.find(({ kind }) => kind === scope);
    const { rows = 0, stale = 0, newestAtMs = null } = measure ?? {};
    const ageMs = newestAtMs === null ? 0 : Math.max(0, clock.nowMs() - newestAtMs);
    telemetry.gauge("memory_rows", rows, { scope });
    telemetry.gauge("memory_newest_age_seconds", ageMs / 1_000, { scope });
    telemetry.gauge("memory_stale_share", rows === 0 ? 0 : stale / rows, { scope });
  }
}

export interface Reembedding extends StalePage {
  readonly signal: AbortSignal;
}

/**
 * Embeds stale rows anew, a bounded number from where it stopped before; where to go on, null at the end.
 * What was done is not stale any more, so that whoever begins anew begins with what is left.
 */
export async function reembed(
  options: Pick<MemoryKeeping, "memory" | "embedder" | "telemetry">,
  { after, limit, signal }: Reembedding,
): Promise<StalePage["after"]> {
  const { memory, embedder } = options;
  let last = after;
  for (let left = limit; left > 0;) {
    signal.throwIfAborted();
    const asked = Math.min(left, embedderLimits.texts);
    const page = await memory.listStale(embedder, { after: last, limit: asked });
    if (page.length === 0) return null;
    const vectors = await embedPage(options, page, signal);
    for (const [at, row] of page.entries()) {
      const values = vectors[at] ?? null;
      if (values === null || !hasDirection(values)) continue;
      const { id, version } = embedder;
      await memory.reembed(row, { id, version, values });
    }
    if (page.length < asked) return null;
    last = page.at(-1)!;
    // Whoever takes none of a page takes none of the next: all the others are not sent one by one.
    if (vectors.every((each) => each === null)) return last;
    left -= page.length;
  }
  return last;
}

/** One text that its embedder refuses keeps none of the others from being embedded. */
async function embedPage(
  { embedder, telemetry }: Pick<MemoryKeeping, "embedder" | "telemetry">,
  page: readonly StaleRow[],
  signal: AbortSignal,
): Promise<readonly (Float32Array | null)[]> {
  const texts = page.map(toEmbeddedText);
  try {
    const vectors = await embedder.embed(texts, signal);
    telemetry.count("memory_embeddings", { outcome: "embedded" }, page.length);
    return vectors;
  } catch (error) {
    const isRefused = error instanceof Fault && error.code === "model_refused";
    if (!isRefused || texts.length === 0) throw error;
    if (texts.length > 1) {
      const halves = [page.slice(0, page.length >> 1), page.slice(page.length >> 1)];
      const done = [];
      for (const half of halves)
        done.push(...(await embedPage({ embedder, telemetry }, half, signal)));
      return done;
    }
    telemetry.count("memory_embeddings", { outcome: "failed" });
    return [null];
  }
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(everyMs, signal).then(
    () => true,
    () => false,
  );
}
