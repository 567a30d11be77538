import { toFrameHead } from "../lib/frames.ts";
import type { Errand } from "../ports/errands.ts";
import type { ErrandLimits } from "./errand-limits.ts";

/** What is said to a runner; `src/adapters/sandboxes/runner/runner.ts` says the same frames. */
const toRunner = { errand: 1, file: 2, bytes: 3, go: 4 } as const;

/** What a runner says. */
export const fromRunner = {
  ready: 1,
  began: 2,
  stdout: 3,
  stderr: 4,
  exit: 5,
  file: 6,
  bytes: 7,
  removed: 8,
  over: 9,
  done: 10,
  refused: 11,
} as const;

/** The largest piece, with its kind. */
export const chunkBytes = 64 * 1024;

const encoder = new TextEncoder();

/** The whole errand, in pieces that lie in a row; files are not copied. */
export function toErrandPieces(
  { command, environment, files }: Pick<Errand, "command" | "environment" | "files">,
  limits: ErrandLimits,
): readonly Uint8Array[] {
  const { keptBytes, files: mostFiles, fileBytes, entries, depth } = limits;
  const wanted = { command, environment, keptBytes, files: mostFiles, fileBytes, entries, depth };
  const head = encoder.encode(JSON.stringify(wanted));
  const laidOut = files.flatMap(({ path, bytes, isExecutable }) => [
    ...toPieces(toRunner.file, new Uint8Array([isExecutable ? 1 : 0, ...encoder.encode(path)])),
    ...toChunks(bytes).flatMap((chunk) => toPieces(toRunner.bytes, chunk)),
  ]);
  const go = toFrameHead(toRunner.go, 0);
  return [...toPieces(toRunner.errand, head), ...laidOut, go];
}

const toPieces = (kind: number, bytes: Uint8Array): readonly Uint8Array[] => [
  toFrameHead(kind, bytes.length),
  bytes,
];

function toChunks(bytes: Uint8Array): readonly Uint8Array[] {
  const most = chunkBytes - 1;
  return Array.from({ length: Math.ceil(bytes.length / most) }, (_, index) =>
    bytes.subarray(index * most, (index + 1) * most),
  );
}
