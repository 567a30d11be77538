import { Fault, labelSchema } from "../model/index.ts";
import { memoryLanguages } from "../model/memory-language.ts";
import { embedderLimits, type EmbedderName } from "./embedder.ts";
import {
  memoryLimits,
  type MemoryDraft,
  type MemoryEmbedding,
  type MemoryQuery,
} from "./memory.ts";
import { requireCount, requireDigest, requireName, requireText, requireWhole } from "./storable.ts";

export function requireStorableDraft(draft: MemoryDraft): void {
  const { tenant, scope, key, subject, text, source, labels, embedding, atMs } = draft;
  for (const [place, name] of Object.entries({ tenant, scope, key }))
    requireText(place, name, memoryLimits.nameBytes);
  requireText("subject", subject, memoryLimits.subjectBytes);
  requireText("text", text, memoryLimits.textBytes);
  requireDigest("source", source.digest);
  if (source.name !== null) requireText("source", source.name, memoryLimits.nameBytes);
  requireCount("labels", labels.length, labelSchema.options.length);
  for (const label of labels) labelSchema.parse(label);
  requireLanguage(draft.language);
  if (embedding !== null) requireEmbedding(embedding);
  requireWhole("atMs", atMs);
}

export function requireEmbedding({ id, version, values }: MemoryEmbedding): void {
  requireEmbedder({ id, version });
  requireVector(values);
}

export function requireQuery(query: MemoryQuery): void {
  const { text, language, embedder, vector, leastLikeness, limit } = query;
  requireText("text", text, memoryLimits.textBytes);
  requireLanguage(language);
  requireEmbedder(embedder);
  if (vector !== null) requireVector(vector);
  requireWhole("limit", limit);
  if (!(leastLikeness >= 0 && leastLikeness <= 1))
    throw new Fault("payload_invalid", "leastLikeness lies from 0 to 1");
}

function requireEmbedder({ id, version }: EmbedderName): void {
  if (id === "" || version === "") throw new Fault("payload_invalid", "an embedder has no name");
  requireName("embedder", id);
  requireName("embedder", version);
}

function requireVector(values: Float32Array): void {
  requireCount("embedding", values.length, embedderLimits.dimensions);
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new Fault("payload_invalid", "a vector holds no numbers, or what is none");
}

/** It becomes the name of a configuration of Postgres. */
function requireLanguage(language: string): void {
  if (!(memoryLanguages as readonly string[]).includes(language))
    throw new Fault("payload_invalid", "a language that is not known");
}
