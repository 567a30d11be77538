import { Fault } from "../model/fault.ts";
import type { Files } from "./context.ts";

/** A file that has to be there. */
export async function readText(files: Files, file: string): Promise<string> {
  const text = await files.read(file);
  if (text !== null) return text;
  throw new Fault("usage_invalid", `${file} is not there.`, { details: { file } });
}
