import type { Json } from "../../lib/strict-json.ts";
import type { WorkbenchServerConfig } from "../../model/config-servers.ts";
import type { Digest } from "../../model/index.ts";
import type { SandboxStamp, Tier } from "../../model/sandbox.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Errands } from "../../ports/errands.ts";
import type { Sandboxes } from "../../ports/sandbox.ts";
import type { Whose, Workspaces } from "./workspaces.ts";

export interface WorkbenchParts {
  readonly workspaces: Workspaces;
  readonly errands: Pick<Errands, "run">;
  readonly sandboxes: Pick<Sandboxes, "start">;
  readonly clock: Clock;
}

/** One call of a tool, its arguments as its schema wants them. */
export interface ToolCall {
  readonly server: string;
  readonly config: WorkbenchServerConfig;
  readonly args: Readonly<Record<string, Json>>;
  readonly whose: Whose;
  readonly callKey: string | null;
  /** Where its program runs, if it has one. */
  readonly tier: Tier;
  /** When the call's time is over. */
  readonly untilMs: () => number;
  readonly signal: AbortSignal;
  /** Asked right before anything is done; what it throws ends the call undone (I4). */
  readonly beforeWrite: () => void;
}

/** What a tool answers. */
export interface Told {
  readonly text: string;
  readonly isError?: boolean;
  /** Of the workspace, so that a receipt binds what became of it. */
  readonly workspace?: { readonly before: Digest; readonly after: Digest };
  readonly sandbox?: SandboxStamp;
}

export function textOf({ args }: Pick<ToolCall, "args">, name: string): string {
  const value = args[name];
  if (typeof value !== "string") throw new Error(`a call of a tool has no ${name}`);
  return value;
}

/** Null: it is left out. */
export function countOf({ args }: Pick<ToolCall, "args">, name: string): number | null {
  const value = args[name];
  return typeof value === "number" ? value : null;
}
