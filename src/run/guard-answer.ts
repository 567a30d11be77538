import { Fault } from "../model/index.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { ModelCall, ModelEvent, RefusedCall } from "../ports/model-backend.ts";

interface AnswerGuardOptions {
  readonly scan: LeakScan;
  /** The names of known secrets that were found; they are taken out, or nothing more is passed on. */
  readonly onFound: (names: readonly string[]) => void;
  readonly onEvent: (event: ModelEvent) => void;
}

interface AnswerGuard {
  /** Passes on what cannot be part of a known secret any more. Throws where a part of one is out. */
  push(event: ModelEvent): void;
  /** The answer is whole: passes on what was kept back. */
  end(): void;
}

/** Longer than keys and tokens are. Of what is longer, the beginning may be out when it is found. */
const maxSecret = 4_096;

/** I9: what a model says is looked through as it comes; while no secret is known, nothing is kept back. */
export function createAnswerGuard(options: AnswerGuardOptions): AnswerGuard {
  const { onEvent } = options;
  const text = createTextGuard(options);
  const calls = createCallGuard(options);
  return {
    push(event) {
      if (event.kind === "text") return text.push(event.text);
      text.end();
      switch (event.kind) {
        case "call_delta":
          return calls.push(event);
        case "call":
          return onEvent({ ...event, call: calls.end(event.index, event.call) });
        case "call_refused":
          return onEvent(calls.endRefused(event));
        default:
          onEvent(event);
      }
    },
    end: () => text.end(),
  };
}

function createTextGuard(options: AnswerGuardOptions) {
  const { scan, onFound, onEvent } = options;
  /** What was passed on last, and what was not yet. */
  let [said, kept] = ["", ""];

  function pass(most: number): void {
    const piece = kept.slice(0, most);
    [said, kept] = [`${said}${piece}`.slice(-maxSecret), kept.slice(most)];
    if (piece !== "") onEvent({ kind: "text", text: piece });
  }

  return {
    push(piece: string): void {
      kept += piece;
      if (scan.isEmpty) return pass(kept.length);
      const all = namesIn(scan, `${said}${kept}`);
      if (all.length > 0) {
        const found = namesIn(scan, kept);
        // One with spaces in it: its first words are out already.
        if (found.length === 0) throw broken(options, all);
        onFound(found);
        kept = scan.redact(kept);
      }
      pass(Math.max(toLastWord(kept), kept.length - maxSecret));
    },
    end: () => pass(kept.length),
  };
}

interface OpenCall {
  /** Not passed on yet. */
  kept: string;
  /** Something of its arguments was passed on. */
  isOut: boolean;
  /** A known secret is in what is kept: it is dealt with when the call is whole. */
  isStopped: boolean;
}

/** Arguments have no words to wait for: of each call the last of it is kept back. */
function createCallGuard(options: AnswerGuardOptions) {
  const { scan, onFound, onEvent } = options;
  const open = new Map<number, OpenCall>();

  function callOf(index: number): OpenCall {
    const call = open.get(index) ?? { kept: "", isOut: false, isStopped: false };
    open.set(index, call);
    return call;
  }

  function end(index: number, whole: ModelCall): ModelCall {
    const { kept, isOut } = callOf(index);
    const { id, name, args } = whole;
    const found = namesIn(scan, id, name, args);
    if (found.length > 0 && isOut) throw broken(options, found);
    if (found.length > 0) onFound(found);
    const isClean = found.length === 0;
    const shown = isClean
      ? whole
      : { id: scan.redact(id), name: scan.redact(name), args: scan.redact(args) };
    const text = isOut ? kept : shown.args;
    if (text !== "") onEvent({ kind: "call_delta", index, id: shown.id, name: shown.name, text });
    return shown;
  }

  return {
    push(event: Extract<ModelEvent, { kind: "call_delta" }>): void {
      const { index, id, name, text } = event;
      const call = callOf(index);
      call.kept += text;
      if (call.isStopped) return;
      call.isStopped = namesIn(scan, id ?? "", name ?? "", call.kept).length > 0;
      if (call.isStopped) return;
      const until = scan.isEmpty ? call.kept.length : Math.max(0, call.kept.length - maxSecret);
      // Without any of its arguments, too: which tool is called is shown at once.
      onEvent({ ...event, text: call.kept.slice(0, until) });
      call.isOut ||= until > 0;
      call.kept = call.kept.slice(until);
    },
    end,
    endRefused(event: RefusedCall): RefusedCall {
      const { index, id, name, text } = event;
      if (id === null || name === null) return event;
      const shown = end(index, { id, name, args: text });
      return { ...event, id: shown.id, name: shown.name, text: shown.args };
    },
  };
}

function broken({ onFound }: AnswerGuardOptions, names: readonly string[]): Fault {
  onFound(names);
  return new Fault("model_broken", "The answer holds a known secret, and is not passed on.");
}

function namesIn(scan: LeakScan, ...texts: readonly string[]): readonly string[] {
  if (scan.isEmpty) return [];
  return [...new Set(texts.flatMap((text) => scan.find(text).map(({ name }) => name)))];
}

/** Keys and tokens are printable ASCII without spaces: with anything else, they are over. */
function toLastWord(text: string): number {
  let at = text.length;
  while (at > 0 && text.charCodeAt(at - 1) > 0x20 && text.charCodeAt(at - 1) < 0x7f) at -= 1;
  return at;
}
