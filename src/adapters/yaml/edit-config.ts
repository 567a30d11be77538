import { parseDocument } from "yaml";
import { Fault } from "../../model/index.ts";

/** Puts a value into a document and leaves the rest as it was written, comments and all. */
export function editConfig(text: string, path: readonly string[], value: object): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new Fault("config_invalid", "The document has to be correct before it is changed.");
  }
  if (document.hasIn(path)) {
    throw new Fault("usage_invalid", `${path.join(".")} is there already.`);
  }
  document.setIn(path, document.createNode(value));
  return document.toString({ lineWidth: 100 });
}
