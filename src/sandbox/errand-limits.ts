import { workPathLimits } from "../model/work-path.ts";

/** What one errand may bring, say and leave. Each bound is checked here, whatever the sandbox says. */
export interface ErrandLimits {
  /** Of one stream: a model reads thousands of words of it, not millions. */
  readonly keptBytes: number;
  readonly files: number;
  /** Of all files together. */
  readonly fileBytes: number;
  /** Files and folders that are looked at. */
  readonly entries: number;
  /** Folders within each other. */
  readonly depth: number;
  /** Command and environment together; Linux takes no more for one program. */
  readonly headBytes: number;
  /** Until a runner is ready: a virtual machine without help of the processor takes half of it. */
  readonly startMs: number;
  /** Errands under way. */
  readonly mostRunning: number;
}

export const defaultErrandLimits: ErrandLimits = {
  keptBytes: 256 * 1024,
  files: 1_000,
  fileBytes: 32 * 1024 * 1024,
  entries: 10_000,
  depth: workPathLimits.depth,
  headBytes: 1024 * 1024,
  startMs: 60_000,
  mostRunning: 64,
};
