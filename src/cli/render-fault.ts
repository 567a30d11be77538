import { withoutControls } from "../lib/without-controls.ts";
import { Fault } from "../model/fault.ts";
import { faults } from "../model/faults.ts";
import type { Voice } from "./voice.ts";

interface Place {
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly message: string;
  readonly suggestion: string | null;
}

/** An error as a person reads it: what, where, and what to do. With `--json`, as one object. */
export function renderFault(error: unknown, voice: Voice): void {
  const fault = error instanceof Fault ? error : null;
  const message = fault?.message ?? (error instanceof Error ? error.message : String(error));
  const hint = faults[fault?.code ?? "internal"].hint;
  const places = toPlaces(fault);
  const file = typeof fault?.details["file"] === "string" ? fault.details["file"] : "document";
  const { bold, dim, red } = voice.paint;
  // Parts of it may be a server's own words.
  voice.note(`${red(bold("error"))} ${withoutControls(message)}`);
  for (const place of places) {
    const where = `${file}:${place.line}:${place.column}`;
    voice.note(`  ${bold(where)} ${place.key === "" ? "" : `${place.key} `}${place.message}`);
    if (place.suggestion !== null) voice.note(`    ${dim("try")} ${place.suggestion}`);
  }
  voice.note(`${dim("hint")}  ${hint}`);
  if (fault === null && error instanceof Error) voice.note(dim(error.stack ?? ""));
  if (!voice.json) return;
  const { code, details } = fault ?? { code: "internal", details: {} };
  voice.answer({ error: { code, message, hint, details } }, "");
}

function toPlaces(fault: Fault | null): readonly Place[] {
  const problems = fault?.details["problems"];
  return Array.isArray(problems) ? (problems as Place[]) : [];
}
