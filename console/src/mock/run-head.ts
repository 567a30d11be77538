import type { Run } from "../../../src/client/client.ts";

/** What the list of runs says of one. */
export interface RunHead {
  readonly id: string;
  readonly agent: string;
  readonly subject: string;
  readonly state: Run["state"];
  readonly parent: string | null;
  readonly createdAt: string;
  /** What it waits for, or the code for which it does not go on. */
  readonly why: string | null;
}
