import type { Json } from "../lib/strict-json.ts";
import { toCanonicalText, toDigest, type Digest } from "../model/index.ts";
import type { ContextSnapshot } from "../model/run-event.ts";
import { estimateTokens } from "../model/skill-text.ts";
import type { ModelMessage, ModelRequest } from "../ports/model-backend.ts";
import { listTools } from "./offered-tools.ts";
import { toShown, type ShownPart } from "./shown-parts.ts";
import { toMessage, toRequest } from "./to-request.ts";
import type { Work } from "./worker.ts";

/** One turn's context, from the log and the bundle alone, and what it takes of the window. */
export interface Assembled {
  readonly request: ModelRequest;
  readonly snapshot: ContextSnapshot;
  readonly digest: Digest;
  readonly parts: readonly SizedPart[];
  readonly tokens: number;
}

export interface SizedPart {
  readonly part: ShownPart;
  readonly content: Json;
  readonly tokens: number;
}

export async function assemble({ journal, contents, built, options }: Work): Promise<Assembled> {
  const { view } = journal;
  const { parts, dropped } = toShown(view);
  const values = await contents.read(parts.map(({ digest }) => digest));
  const sized = parts.map((part, index) => toSized(part, values[index]!));
  const tools = listTools(built.bundle, options.catalog());
  const request = toRequest({ bundle: built.bundle, tools, parts: sized });
  const tokens = {
    instructions: estimateTokens(request.instructions),
    tools: tools.reduce((sum, tool) => sum + estimateTokens(JSON.stringify(tool)), 0),
    conversation: sum(sized.filter(({ part }) => part.kind !== "source")),
    sources: Object.fromEntries(sized.flatMap(toSource)),
  };
  const snapshot: ContextSnapshot = {
    parent: view.snapshot,
    tokens,
    dropped: dropped.slice(-1_000),
  };
  return {
    request,
    snapshot,
    digest: toSnapshotDigest(view.snapshot, request, parts),
    parts: sized,
    tokens: tokens.instructions + tokens.tools + sum(sized),
  };
}

/** What stands in it, in its order: the same log gives the same one, wherever it is read. */
function toSnapshotDigest(
  parent: Digest | null,
  { instructions, tools }: ModelRequest,
  parts: readonly ShownPart[],
): Digest {
  return toDigest(
    toCanonicalText({
      v: 1,
      parent,
      instructions: toDigest(instructions),
      tools: tools.map(({ name }) => name),
      parts: parts.map(({ kind, digest }) => [kind, digest]),
    }),
  );
}

const toSized = (part: ShownPart, content: Json): SizedPart => ({
  part,
  content,
  tokens: estimateTokens(toText(toMessage(part, content))),
});

function toText(message: ModelMessage): string {
  const calls = message.role === "assistant" ? message.calls : [];
  return message.text + calls.map(({ name, args }) => `${name}${args}`).join("");
}

const sum = (parts: readonly SizedPart[]): number =>
  parts.reduce((total, { tokens }) => total + tokens, 0);

const toSource = ({ part, tokens }: SizedPart): readonly (readonly [string, number])[] =>
  part.kind === "source" ? [[part.name ?? "", tokens]] : [];
