import { Fault } from "../../model/index.ts";

/** Of a sandbox that was not started: nothing of it is left. */
export function fail(message: string, cause?: unknown): Fault {
  return new Fault("sandbox_failed", message, cause === undefined ? {} : { cause });
}

export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
