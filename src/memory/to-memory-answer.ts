import { toOwnAnswer } from "../mcp/own-upstream.ts";
import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { labelSchema, type Label } from "../model/index.ts";
import type { MemoryHit } from "../ports/memory.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import type { Recalled, Remembered } from "./memories.ts";
import { listNotes } from "./list-notes.ts";
import { toAge } from "./to-age.ts";

type Answer = Extract<UpstreamAnswer, { kind: "result" }>;

function toToolAnswer(text: string, structuredContent: Json): Answer {
  return toOwnAnswer({ content: [{ type: "text", text }], structuredContent });
}

/** Nothing was kept, and whoever asked can do something about it. */
export function toRefused(why: string): Answer {
  return toOwnAnswer({ content: [{ type: "text", text: why }], isError: true });
}

export function toRemembered(key: string, labels: readonly Label[], given: Remembered): Answer {
  const { written, unembedded, outdated } = given;
  if (written === "full")
    return toRefused("This memory is full: forget something first, or use a key that is there.");
  const said = [
    written === "created"
      ? `Kept under ${key}.`
      : `Kept under ${key}, instead of what stood there.`,
    ...(unembedded === null
      ? []
      : [`It could not be embedded (${unembedded}): until it is, it is found by its words alone.`]),
    ...(outdated === 0 ? [] : [`${outdated} of the source's other versions are outdated now.`]),
  ];
  const structured = { key, written, labels: [...labels], outdated, embedded: unembedded === null };
  return toToolAnswer(said.join(" "), structured);
}

export function toForgotten(key: string, wasThere: boolean): Answer {
  const text = wasThere ? `What stood under ${key} is forgotten.` : `Nothing stood under ${key}.`;
  return toToolAnswer(text, { key, forgotten: wasThere });
}

/** With its labels, which whoever reads it has touched then. */
export function toRecalled(found: Recalled, nowMs: number): Answer {
  const { hits, labels, rows, stale, changed, writtenAtMs } = found;
  const notes = listNotes(found, nowMs);
  const memories = hits.map((hit) => toShown(hit, nowMs));
  const lines = [
    `${hits.length} of ${rows} memories.`,
    ...hits.map((hit) => `[${hit.key}] (${toOrigin(hit, nowMs)})\n${hit.text}`),
    ...notes.map((note) => `Note: ${note}`),
  ];
  const freshness = {
    rows,
    stale,
    changed,
    lastWritten: writtenAtMs === null ? null : new Date(writtenAtMs).toISOString(),
    notes: [...notes],
  };
  const structured = { memories, labels: [...labels], freshness };
  return { ...toToolAnswer(lines.join("\n\n"), structured), labels };
}

/** Of what was recalled before, and is handed over again: all of them, where a redaction took them away. */
export function toLabelsOfAnswer(kept: string): readonly Label[] {
  const result: unknown = JSON.parse(kept);
  const said = isObject(result) ? result["structuredContent"] : undefined;
  const labels = isObject(said) ? said["labels"] : undefined;
  return labelSchema.array().catch(labelSchema.options).parse(labels);
}

function toShown(hit: MemoryHit, nowMs: number) {
  const { key, text, labels, source, changedAtMs, updatedAtMs } = hit;
  return {
    key,
    text,
    labels: [...labels],
    source: source.name,
    sourceDigest: source.digest,
    written: new Date(updatedAtMs).toISOString(),
    age: toAge(nowMs - updatedAtMs),
    outdated: changedAtMs !== null,
  };
}

function toOrigin({ source, changedAtMs, updatedAtMs, labels }: MemoryHit, nowMs: number): string {
  return [
    `written ${toAge(nowMs - updatedAtMs)} ago`,
    ...(source.name === null ? [] : [`from ${source.name}`]),
    ...(changedAtMs === null
      ? []
      : [`OUTDATED: its source was another ${toAge(nowMs - changedAtMs)} ago`]),
    ...labels.filter((label) => label !== "trusted"),
  ].join("; ");
}
