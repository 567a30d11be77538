import { labelSchema, type TenantId } from "../../model/index.ts";
import type { MemoryRow } from "../../ports/memory.ts";
import { fromDigestBytes } from "./digest-bytes.ts";
import { fromEmbedderText } from "./memory-vector.ts";

export interface StoredMemory {
  readonly tenant: string;
  readonly scope: string;
  readonly key: string;
  readonly subject: string;
  readonly text: string;
  readonly labels: string[];
  readonly source_name: string | null;
  readonly source: Buffer;
  readonly changed_at: number | null;
  readonly embedder: string;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Of `memories m`, without what is only looked for by. */
export const rowColumns = `m.tenant, m.scope, m.key, m.subject, m.text, m.labels, m.source_name,
  m.source, m.changed_at, m.embedder, m.created_at, m.updated_at`;

const labelsSchema = labelSchema.array();

export function toMemoryRow(row: StoredMemory): MemoryRow {
  return {
    tenant: row.tenant as TenantId,
    scope: row.scope,
    key: row.key,
    subject: row.subject,
    text: row.text,
    labels: labelsSchema.parse(row.labels),
    source: { name: row.source_name, digest: fromDigestBytes(row.source) },
    changedAtMs: row.changed_at,
    embedder: fromEmbedderText(row.embedder),
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}
