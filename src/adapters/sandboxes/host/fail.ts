import { Fault } from "../../../model/index.ts";

/** Of a sandbox that was not started: nothing of it is left. */
export function fail(message: string, cause?: unknown): Fault {
  return new Fault("sandbox_failed", message, cause === undefined ? {} : { cause });
}

/** Whatever goes wrong before a program runs is this one fault: whoever hears it knows that nothing was done. */
export function toStartFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return fail(`The sandbox cannot be started (${message}).`, error);
}

export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
