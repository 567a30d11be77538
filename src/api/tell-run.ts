import type { KeyHolder } from "../authority/keyring.ts";
import type { RunId } from "../model/index.ts";
import type { RunDesk, RunWord } from "../ports/run-desk.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { tenantOf } from "./tenant-of.ts";

interface TellRunOptions {
  readonly runs: Pick<RunDesk, "tell">;
  readonly telemetry: Telemetry;
}

/** Who tells a run something that it has a right to tell. */
export async function tellRun(
  { runs, telemetry }: TellRunOptions,
  { run, holder }: { readonly run: RunId; readonly holder: KeyHolder | null },
  toWord: (by: string) => RunWord,
): Promise<RunWord["kind"]> {
  const by = holder?.id ?? "unknown";
  const word = toWord(by);
  await runs.tell(tenantOf(holder), run, word);
  telemetry.log("info", "a run was told something", { run, word: word.kind, by });
  return word.kind;
}
