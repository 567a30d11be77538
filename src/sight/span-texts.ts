import type { Digest, RunId, TenantId } from "../model/index.ts";
import type { EndedSpan } from "../model/span.ts";
import type { RunDesk } from "../ports/run-desk.ts";

export interface TextReading {
  readonly runs: Pick<RunDesk, "content">;
  readonly tenant: TenantId;
  readonly run: RunId;
  /** Takes known secrets out. */
  readonly redact: (text: string) => string;
}

/** Of one text. Systems that are sent spans drop those that are much larger. */
const mostCharacters = 16 * 1024;

/** The span with what was said, as far as that is still there. Reasoning is in no text: none is kept. */
export async function withTexts(reading: TextReading, span: EndedSpan): Promise<EndedSpan> {
  const { input, output } = span.texts;
  const taken = await readText(reading, input);
  const given = await readText(reading, output);
  const attributes = {
    ...span.attributes,
    ...(taken === null ? {} : { "input.value": taken }),
    ...(given === null ? {} : { "output.value": given }),
  };
  return { ...span, attributes };
}

async function readText(
  { runs, tenant, run, redact }: TextReading,
  digest: Digest | null,
): Promise<string | null> {
  const content = digest === null ? null : await runs.content(tenant, run, digest);
  if (content === null) return null;
  // Before it is cut: half of a secret is not known as one.
  const text = redact(toShown(JSON.parse(content)));
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`.toWellFormed();
}

interface Kept {
  readonly text: string;
  /** Of an answer of a model. */
  readonly calls?: readonly { readonly name: string; readonly args: string }[];
}

function toShown(value: unknown): string {
  const { text, calls = [] } = value as Kept;
  return [...(text === "" ? [] : [text]), ...calls.map(({ name, args }) => `${name} ${args}`)].join(
    "\n",
  );
}
