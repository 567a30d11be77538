import type { AttributeName, Attributes } from "../model/span-attributes.ts";
import type { EndedSpan } from "../model/span.ts";

export interface Redaction {
  /** Attributes that are not sent. */
  readonly drop: readonly AttributeName[];
  /** Takes known secrets out of a text. */
  readonly redact: (text: string) => string;
}

/** Words and ids of ours, which no one from outside has a say in: most of what a span of a call has. */
const ours: ReadonlySet<string> = new Set<AttributeName>([
  "gen_ai.operation.name",
  "openinference.span.kind",
  "mcp.method.name",
  "countersign.entry",
  "countersign.outcome",
]);

/** A span as one destination is sent it. Names of tools are the model's own words, so they are looked at, too. */
export function toExported(span: EndedSpan, { drop, redact }: Redaction): EndedSpan {
  const kept = Object.entries(span.attributes).filter(
    ([name]) => !drop.includes(name as AttributeName),
  );
  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return redact(value);
    return Array.isArray(value) ? value.map(clean) : value;
  };
  const attributes: Attributes = Object.fromEntries(
    kept.map(([name, value]) => [name, ours.has(name) ? value : clean(value)]),
  );
  return { ...span, name: redact(span.name), attributes };
}
