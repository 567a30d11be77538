import type {
  Run,
  RunContext,
  RunEvents,
  RunExplanation,
  RunTrace,
} from "../../../../src/client/client.ts";

export type ShownEvent = RunEvents["events"][number];

/**
 * Where a run page reads from: the server, or an exported file. What a file does not hold is null, and
 * the page says so.
 */
export interface RunSource {
  /** Names what is shown, for the page's cache. */
  readonly id: string;
  /** Whether more may still happen to it: a file is as it was. */
  readonly isLive: boolean;
  readonly readRun: () => Promise<Run>;
  readonly readTrace: () => Promise<RunTrace>;
  /** Every event there is after the named sequence, page by page. */
  readonly readEvents: (after: number) => Promise<RunEvents>;
  /** Events as they come, from after the named sequence; ends where the stream does. Absent: none come. */
  readonly followEvents?: (after: number, signal: AbortSignal) => AsyncIterable<ShownEvent>;
  /** What the agent was told before anything else, by the digest of its bundle. Absent: it is not here. */
  readonly readInstructions?: (bundle: string) => Promise<string | null>;
  /** A text that an event names; null where it is gone or was not exported. */
  readonly readContent: (digest: string) => Promise<string | null>;
  /** What the model was shown at a step. */
  readonly readContext: (step: number) => Promise<RunContext | null>;
  /** The run from the outside in. */
  readonly readExplanation: () => Promise<RunExplanation | null>;
}
