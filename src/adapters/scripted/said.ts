import type { ScriptTurn } from "../../model/model-script.ts";
import type { AskedModel } from "./asked.ts";

/** An answer before it is written in a format. */
export interface Said {
  readonly id: string;
  readonly model: string;
  readonly createdMs: number;
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: string }[];
  readonly stop: "ended" | "tool_calls" | "length" | "refused";
  /** Null: it is not told. */
  readonly usage: {
    readonly input: number;
    readonly output: number;
    readonly cached: number;
  } | null;
}

export interface Telling {
  readonly turn: ScriptTurn;
  readonly asked: AskedModel;
  readonly model: string;
  readonly createdMs: number;
}

const charactersPerToken = 4;

/** The same conversation gets the same answer, ids included. */
export function toSaid({ turn, asked, model, createdMs }: Telling): Said {
  const { fault, usage } = turn;
  const id = `scripted-${asked.messages}`;
  const calls = turn.calls.map(({ tool, args }, index) => ({
    id: `${id}-${fault?.kind === "duplicate_ids" ? 0 : index}`,
    name: tool,
    args: fault?.kind === "malformed_args" ? `${JSON.stringify(args)},` : JSON.stringify(args),
  }));
  const written = turn.say.length + JSON.stringify(calls).length;
  const counted = { input: toTokens(asked.size), output: toTokens(written), cached: 0 };
  return {
    id,
    model,
    createdMs,
    text: turn.say,
    calls,
    stop: turn.stop ?? (calls.length > 0 ? "tool_calls" : "ended"),
    usage: fault?.kind === "no_usage" ? null : (usage ?? counted),
  };
}

function toTokens(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

/** In pieces as a model gives them; code points are not cut. */
export function toPieces(text: string, length: number): readonly string[] {
  const points = Array.from(text);
  return Array.from({ length: Math.ceil(points.length / length) }, (_, index) =>
    points.slice(index * length, (index + 1) * length).join(""),
  );
}
