import type { AgentContext } from "../model/agent-context.ts";
import type { Assembled, SizedPart } from "./assemble.ts";
import { sumParts } from "./measure.ts";
import { canShorten } from "./shorten.ts";
import { isSummarised } from "./shown-parts.ts";

/** What becomes of a turn's context before the model is asked. */
export type ContextPlan =
  | { readonly kind: "ask" }
  /** Asked with each result at most so long, in tokens: nothing older can be left out. */
  | { readonly kind: "shorten"; readonly most: number }
  /** All before this step is summarised first. */
  | { readonly kind: "compact"; readonly upTo: number }
  /** It does not fit, whatever is left out. */
  | { readonly kind: "full"; readonly least: number };

export interface Room {
  /** Tokens as we estimate them: of the window, what an answer leaves. */
  readonly tokens: number;
  /** From here on it is summarised. */
  readonly from: number;
  /** That a summary is asked for. */
  readonly summary: number;
  /** That what is done may take of a ledger. */
  readonly done: number;
}

/** A small window leaves a summary less than it may have. */
const summaryShare = 1 / 4;
const doneShare = 1 / 8;

/** `factor`: tokens that the backend counts for one of ours. */
export function toRoom(
  { window, compaction }: AgentContext,
  { maxTokens, factor }: { readonly maxTokens: number; readonly factor: number },
): Room {
  const tokens = Math.max(0, Math.floor((window - maxTokens) / factor));
  return {
    tokens,
    from: Math.floor(tokens * compaction.at),
    summary: Math.max(16, Math.min(compaction.maxTokens, Math.floor(tokens * summaryShare))),
    done: Math.floor(tokens * doneShare),
  };
}

/** What a summary may take as we count it: a model's tokens may be longer than ours. */
export function toMostOfSummary({ summary }: Pick<Room, "summary">): number {
  return Math.ceil(summary * 1.5);
}

export interface Planning {
  readonly assembled: Pick<Assembled, "parts" | "tokens">;
  readonly room: Room;
  readonly keepTurns: number;
  /** Tokens of the ledger that would stand there. */
  readonly ledger: number;
}

/** Less than this share of what is there is not worth a summary while all of it fits. */
const leastGain = 1 / 8;
/** How long results may still be, in tokens, where they are all that can be made shorter. */
const lengths = [8_000, 2_000, 500, 120];
/** What stands around a summary, a ledger or a text that is cut. */
const around = 64;

export function planContext(planning: Planning): ContextPlan {
  const { assembled, room, keepTurns } = planning;
  const { tokens } = assembled;
  if (tokens <= room.from) return { kind: "ask" };
  const usual = toOption(planning, keepTurns);
  if (tokens <= room.tokens) {
    const isWorth = usual !== null && tokens - usual.tokens >= tokens * leastGain;
    return isWorth ? { kind: "compact", upTo: usual.upTo } : { kind: "ask" };
  }
  for (let keep = keepTurns; keep >= 1; keep -= 1) {
    const option = toOption(planning, keep);
    if (option !== null && option.tokens <= room.tokens)
      return { kind: "compact", upTo: option.upTo };
  }
  const least = toOption(planning, 1);
  const shortest = lengths.at(-1)!;
  if (least !== null && least.tokens - toSaved(least.stay, shortest) <= room.tokens)
    return { kind: "compact", upTo: least.upTo };
  const most = lengths.find((each) => tokens - toSaved(assembled.parts, each) <= room.tokens);
  if (most !== undefined) return { kind: "shorten", most };
  const leastTokens = Math.min(
    tokens - toSaved(assembled.parts, shortest),
    ...(least === null ? [] : [least.tokens - toSaved(least.stay, shortest)]),
  );
  return { kind: "full", least: leastTokens };
}

interface Option {
  readonly upTo: number;
  readonly stay: readonly SizedPart[];
  /** What it would take then, at most. */
  readonly tokens: number;
}

/** So many of the newest turns stay, all of whose calls have ended; null: there is nothing older than they are. */
function toOption(planning: Planning, keep: number): Option | null {
  const { assembled, room, ledger } = planning;
  const steps = assembled.parts
    .filter(({ part }) => part.kind === "response")
    .map(({ part }) => part.step);
  const upTo = steps.at(-keep);
  if (upTo === undefined) return null;
  const { stay, go } = splitParts(assembled.parts, upTo);
  if (!go.some(({ part }) => isSummarised(part))) return null;
  const stand = toMostOfSummary(room) + ledger + 2 * around;
  return { upTo, stay, tokens: assembled.tokens - sumParts(go) + stand };
}

/** What would go: answers and results before that step, with the summary and the ledger before. */
export function splitParts(parts: readonly SizedPart[], upTo: number) {
  const first = parts.findIndex(({ part }) => part.kind === "response" && part.step >= upTo);
  const border = first === -1 ? parts.length : first;
  const goes = ({ part }: SizedPart, index: number): boolean =>
    part.kind === "summary" || part.kind === "ledger" || (isSummarised(part) && index < border);
  return {
    go: parts.filter((each, index) => goes(each, index)),
    stay: parts.filter((each, index) => !goes(each, index)),
  };
}

function toSaved(parts: readonly SizedPart[], most: number): number {
  return parts
    .filter(({ part }) => canShorten(part))
    .reduce((sum, { tokens }) => sum + Math.max(0, tokens - most - around), 0);
}
