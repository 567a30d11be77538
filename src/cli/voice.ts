import type { Streams } from "./context.ts";

/**
 * How a command speaks: with `--json` one object on stdout and whatever is for people on stderr,
 * without it the result for people on stdout and what happens meanwhile on stderr.
 */
export interface Voice {
  readonly json: boolean;
  /** The result. Once a command; a stream of events says it once each, as NDJSON. */
  answer(value: object, text: string): void;
  /** What happens meanwhile. */
  note(text: string): void;
  readonly paint: Paint;
}

export type Paint = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow", (text: string) => string>
>;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

export function createVoice(streams: Streams, json: boolean): Voice {
  const paint = createPaint(streams.hasColor);
  return {
    json,
    paint,
    answer: (value, text) => streams.out(json ? `${JSON.stringify(value)}\n` : `${text}\n`),
    note: (text) => streams.err(`${text}\n`),
  };
}

function createPaint(hasColor: boolean): Paint {
  const entries = Object.entries(codes).map(([name, [on, off]]) => [
    name,
    (text: string) => (hasColor ? `\u001b[${on}m${text}\u001b[${off}m` : text),
  ]);
  return Object.fromEntries(entries) as Paint;
}
