import {
  Fault,
  joinLabels,
  toCanonicalText,
  toDigest,
  toSubjectKey,
  type FaultCode,
  type Label,
  type Principal,
} from "../model/index.ts";
import type { MemoryLanguage } from "../model/memory-language.ts";
import { toMemoryScope } from "../model/memory-scope.ts";
import type { Clock } from "../ports/clock.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { Memory, MemoryFound, MemoryPlace, Written } from "../ports/memory.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface MemoriesOptions {
  readonly memory: Memory;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly language: MemoryLanguage;
  /** Of one scope. */
  readonly rows: number;
  /** Agents with one memory for all their subjects. */
  readonly shared: readonly string[];
}

export interface Remembering {
  readonly key: string;
  readonly text: string;
  readonly source: string | null;
  /** Of the source; null: nobody knows when it has changed. */
  readonly version: string | null;
  /** What whoever writes has touched. */
  readonly labels: readonly Label[];
  /** Asked before anything leaves, and again before anything is kept; what it throws ends it. */
  readonly beforeWrite: () => void;
}

export interface Remembered {
  readonly written: Written;
  /** Why it has no vector; null: it has one. */
  readonly unembedded: FaultCode | null;
  /** Memories that are outdated now: they are of another version of the same source. */
  readonly outdated: number;
}

export interface Recalled extends MemoryFound {
  readonly labels: readonly Label[];
  /** Why words alone were looked for; null: the query has a vector. */
  readonly unembedded: FaultCode | null;
}

/** What callers keep and find, each in the place that is theirs. */
export interface Memories {
  remember(who: Principal, what: Remembering, signal: AbortSignal): Promise<Remembered>;
  recall(
    who: Principal,
    query: { readonly text: string; readonly limit: number },
    signal: AbortSignal,
  ): Promise<Recalled>;
  forget(who: Principal, key: string): Promise<boolean>;
}

export function createMemories(options: MemoriesOptions): Memories {
  const { memory, embedder, clock, language, rows } = options;
  const { id, version, leastLikeness } = embedder;
  const toPlace = (who: Principal): MemoryPlace => ({
    tenant: who.tenant,
    scope: toMemoryScope(who, options.shared),
  });
  return {
    async remember(who, what, signal) {
      const { key, text, beforeWrite } = what;
      const place = toPlace(who);
      beforeWrite();
      const embedded = await embedOne(options, toEmbeddedText({ key, text }), signal);
      beforeWrite();
      const nowMs = clock.nowMs();
      const source = toSource(what);
      const values = embedded.vector;
      const written = await memory.write(
        {
          ...place,
          key,
          text,
          language,
          source,
          subject: toSubjectKey(who),
          labels: joinLabels(what.labels),
          embedding: values === null ? null : { id, version, values },
          atMs: nowMs,
        },
        { rows },
      );
      const { name, digest } = source;
      const isNoted = written !== "full" && name !== null && what.version !== null;
      const outdated = isNoted ? await memory.noteSource(place, { name, digest, nowMs }) : 0;
      return { written, outdated, unembedded: embedded.why };
    },
    async recall(who, { text, limit }, signal) {
      const { vector, why } = await embedOne(options, text, signal);
      const by = { language, leastLikeness, embedder: { id, version } };
      const found = await memory.search(toPlace(who), { ...by, text, limit, vector });
      const labels = joinLabels(...found.hits.map((hit) => hit.labels));
      return { ...found, labels, unembedded: why };
    },
    forget: (who, key) => memory.forget(toPlace(who), key, clock.nowMs()),
  };
}

/** As it is found by: a key says what the text is about. */
export function toEmbeddedText({ key, text }: { readonly key: string; readonly text: string }) {
  return `${key}\n${text}`;
}

function toSource({ text, source, version }: Remembering) {
  const of = version === null ? text : toCanonicalText({ source, version });
  return { name: source, digest: toDigest(of) };
}

/** What cannot be embedded now is kept and found by its words, and that is said. */
async function embedOne(
  { embedder, telemetry }: MemoriesOptions,
  text: string,
  signal: AbortSignal,
): Promise<{ readonly vector: Float32Array | null; readonly why: FaultCode | null }> {
  try {
    const [vector = null] = await embedder.embed([text], signal);
    telemetry.count("memory_embeddings", { outcome: "embedded" });
    return { vector: vector !== null && hasDirection(vector) ? vector : null, why: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault)) throw error;
    telemetry.count("memory_embeddings", { outcome: "failed" });
    telemetry.log("warn", "a memory could not be embedded", { fault: error });
    return { vector: null, why: error.code };
  }
}

/** A text without a word is like no other. */
export function hasDirection(vector: Float32Array): boolean {
  return vector.some((value) => value !== 0);
}
