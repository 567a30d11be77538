import { bareStamp } from "../model/sandbox.ts";
import type { Errand, ErrandEnd, Errands, WorkChanges } from "./errands.ts";

/** What one program does, as a test writes it: nothing runs anywhere. */
export interface ScriptedErrand {
  readonly exitCode?: number | null;
  readonly reason?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly changes?: WorkChanges | null;
  readonly ending?: Partial<ErrandEnd>;
}

export interface InMemoryErrands extends Errands {
  /** All that were asked for, the first one first. */
  readonly asked: readonly Errand[];
}

/** The twin: a function stands for every program, and it says in the stamp that it was in no sandbox. */
export function createInMemoryErrands(
  carryOut: (errand: Errand, signal: AbortSignal) => ScriptedErrand | Promise<ScriptedErrand>,
): InMemoryErrands {
  const asked: Errand[] = [];
  return {
    asked,
    async run(errand, signal) {
      signal.throwIfAborted();
      asked.push(errand);
      errand.beforeBegin?.();
      return toEnd(await carryOut(errand, signal));
    },
    close: async () => undefined,
  };
}

const nothingChanged: WorkChanges = { written: [], removed: [] };

function toEnd(scripted: ScriptedErrand): ErrandEnd {
  const { exitCode = 0, stdout = "", stderr = "", changes = nothingChanged, ending } = scripted;
  const { reason = exitCode === null ? "was ended by SIGKILL" : `ended with ${exitCode}` } =
    scripted;
  return {
    reason,
    exitCode,
    stdout: toSaid(stdout),
    stderr: toSaid(stderr),
    changes,
    usage: { memoryPeakBytes: null, cpuUs: null, refusedProcesses: null, memoryKills: null },
    stamp: bareStamp,
    ms: 0,
    wasWarm: false,
    ...ending,
  };
}

function toSaid(text: string) {
  return { bytes: new TextEncoder().encode(text), droppedBytes: 0 };
}
