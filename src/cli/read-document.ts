import { Fault } from "../model/fault.ts";
import type { Files } from "./context.ts";

export interface Document {
  readonly file: string;
  readonly text: string;
}

/** The configuration as it stands on the disk; what is wrong in it is for the server to say. */
export async function readDocument(files: Files, given: string | undefined): Promise<Document> {
  const file = given ?? "countersign.yaml";
  const text = await files.read(file);
  if (text === null) {
    throw new Fault("usage_invalid", `${file} is not there; \`countersign init\` writes one.`, {
      details: { file },
    });
  }
  return { file, text };
}

/** Names the file where a refusal names a line of it. */
export async function withFile<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "config_invalid") throw error;
    const details = { ...error.details, file };
    throw new Fault(error.code, error.message, { cause: error, details });
  }
}
