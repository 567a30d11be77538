import type {
  Run,
  RunContext,
  RunEvents,
  RunExplanation,
  RunTrace,
} from "../../../../src/client/client.ts";
import { findWrong, isObject } from "./read-shape.ts";
import {
  contextShape,
  eventShape,
  eventShapes,
  explanationShape,
  runShape,
  traceShape,
} from "./run-shapes.ts";

/** As `countersign runs export` writes it; what older versions did not write is absent. */
export interface RunFile {
  readonly run: Run;
  readonly trace: RunTrace;
  readonly events: RunEvents["events"];
  readonly explanation?: RunExplanation;
  readonly contexts?: readonly RunContext[];
}

export type ParsedRunFile =
  | { readonly kind: "parsed"; readonly file: RunFile }
  | { readonly kind: "refused"; readonly why: string; readonly remedy: string };

/** A browser holds a text of some 500 MB at most, and its value is several times that. */
export const mostFileBytes = 200 * 1_024 * 1_024;

const version = 1;
const exportAgain = "Export it again: countersign runs export ID > run.json";

export function parseRunFile(text: string): ParsedRunFile {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const where = error instanceof Error ? error.message : "";
    return refuse(`The file is not JSON: ${where}.`, `It may have been cut short. ${exportAgain}`);
  }
  if (!isObject(given) || given["format"] !== "countersign-run")
    return refuse(
      `The file is JSON and no exported run: its format is not "countersign-run".`,
      "Choose a file that `countersign runs export` wrote.",
    );
  if (given["version"] !== version)
    return refuse(
      `The file is of version ${JSON.stringify(given["version"]) ?? "none"}; this console reads version ${version}.`,
      "Open it in the console of the Countersign that wrote it.",
    );
  const wrong = findWrongPart(given);
  if (wrong !== null) return refuse(wrong, exportAgain);
  return { kind: "parsed", file: given as unknown as RunFile };
}

function findWrongPart(given: Readonly<Record<string, unknown>>): string | null {
  const wrong =
    findWrong(given["run"], runShape, "run") ??
    findWrong(given["trace"], traceShape, "trace") ??
    findWrong(given["events"], { listOf: eventShape }, "events") ??
    findWrong(given["explanation"], { maybe: explanationShape }, "explanation") ??
    findWrong(given["contexts"], { maybe: { listOf: contextShape } }, "contexts");
  return wrong ?? findWrongEvent(given["events"] as RunEvents["events"]);
}

function findWrongEvent(events: RunEvents["events"]): string | null {
  let before = 0;
  for (const [at, { seq, event }] of events.entries()) {
    const place = `events[${at}]`;
    if (seq <= before) return `${place}.seq is ${seq} and comes after ${before}.`;
    before = seq;
    const shape = Object.hasOwn(eventShapes, event.type) ? eventShapes[event.type]! : "any";
    const wrong = findWrong(event, shape, `${place}.event`);
    if (wrong !== null) return wrong;
  }
  return null;
}

function refuse(why: string, remedy: string): ParsedRunFile {
  return { kind: "refused", why, remedy };
}
