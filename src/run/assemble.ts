import type { Json } from "../lib/strict-json.ts";
import { toCanonicalText, toDigest, type Digest } from "../model/index.ts";
import type { ContextSnapshot } from "../model/run-event.ts";
import { estimateTokens } from "../model/skill-text.ts";
import type { ModelMessage, ModelRequest } from "../ports/model-backend.ts";
import { chooseTools, sumTokens, type ChosenTools } from "./choose-tools.ts";
import { sumParts } from "./measure.ts";
import { shorten } from "./shorten.ts";
import { toShown, type ShownPart } from "./shown-parts.ts";
import { toMessage, toRequest } from "./to-request.ts";
import type { RunView } from "./view.ts";
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

/** `mostOfResult`: tokens that one result may have where all else does not fit; null: as it is. */
export async function assemble(
  { journal, contents, built, options }: Work,
  mostOfResult: number | null = null,
): Promise<Assembled> {
  const { view } = journal;
  const { parts, dropped } = toShown(view);
  const values = await contents.read(parts.map(({ digest }) => digest));
  const sized = parts.map((part, index) =>
    toSized(part, shorten(part, values[index]!, mostOfResult)),
  );
  const shortened = sized.filter(({ content }, index) => content !== values[index]);
  const chosen = chooseTools(built.bundle, options.catalog(), view.found);
  const { tools, searches } = chosen;
  const request = toRequest({ bundle: built.bundle, tools, searches, parts: sized });
  const tokens = {
    instructions: estimateTokens(request.instructions),
    tools: sumTokens(tools),
    conversation: sumParts(sized.filter(({ part }) => part.kind !== "source")),
    sources: Object.fromEntries(sized.flatMap(toSource)),
  };
  const snapshot: ContextSnapshot = {
    parent: view.snapshot,
    tokens,
    ...(mostOfResult === null ? {} : { mostOfResult }),
    dropped: [...dropped, ...shortened.map(toShortened), ...toDroppedTools(chosen, view)].slice(
      -1_000,
    ),
  };
  return {
    request,
    snapshot,
    digest: toSnapshotDigest(view.snapshot, request, { parts, mostOfResult }),
    parts: sized,
    tokens: tokens.instructions + tokens.tools + sumParts(sized),
  };
}

/** What stands in it, in its order: the same log gives the same one, wherever it is read. */
function toSnapshotDigest(
  parent: Digest | null,
  { instructions, tools }: ModelRequest,
  { parts, mostOfResult }: Parts,
): Digest {
  return toDigest(
    toCanonicalText({
      v: 1,
      parent,
      instructions: toDigest(instructions),
      tools: tools.map(({ name }) => name),
      parts: parts.map(({ kind, digest }) => [kind, digest]),
      ...(mostOfResult === null ? {} : { mostOfResult }),
    }),
  );
}

interface Parts {
  readonly parts: readonly ShownPart[];
  readonly mostOfResult: number | null;
}

const toShortened = ({ part: { kind, step, ordinal } }: SizedPart) =>
  ({ kind, step, ordinal, why: "shortened" }) as const;

const toDroppedTools = ({ dropped }: ChosenTools, { step }: RunView) =>
  dropped.map(({ name, why }) => ({ kind: "tool", step, ordinal: 0, name, why }));

export const toSized = (part: ShownPart, content: Json): SizedPart => ({
  part,
  content,
  tokens: estimateTokens(toText(toMessage(part, content))),
});

function toText(message: ModelMessage): string {
  const calls = message.role === "assistant" ? message.calls : [];
  return message.text + calls.map(({ name, args }) => `${name}${args}`).join("");
}

const toSource = ({ part, tokens }: SizedPart): readonly (readonly [string, number])[] =>
  part.kind === "source" ? [[part.name ?? "", tokens]] : [];
