import type { AttributeName } from "../model/span-attributes.ts";
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

/** Far longer than names are, and ids of tools. */
const mostNamed = 200;

/** Spans as one destination is sent them. Names come again and again, so each is looked at once a batch. */
export function toExportedAll(
  spans: readonly EndedSpan[],
  { drop, redact }: Redaction,
): readonly EndedSpan[] {
  const seen = new Map<string, string>();
  const redactOnce = (text: string): string => {
    if (text.length > mostNamed) return redact(text);
    const known = seen.get(text) ?? redact(text);
    seen.set(text, known);
    return known;
  };
  return spans.map((span) => toExported(span, { drop, redact: redactOnce }));
}

/** Names of tools are the model's own words, so they are looked at, too. */
export function toExported(span: EndedSpan, { drop, redact }: Redaction): EndedSpan {
  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return redact(value);
    return Array.isArray(value) ? value.map(clean) : value;
  };
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(span.attributes))
    if (!drop.includes(name as AttributeName))
      attributes[name] = ours.has(name) ? value : clean(value);
  return { ...span, name: redact(span.name), attributes };
}
