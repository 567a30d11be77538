import { isMap, isScalar, parseDocument } from "yaml";
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

/** Names under a place, whatever they hold; none where there is no map. */
export function namesOf(text: string, path: readonly string[]): readonly string[] {
  const found = parseDocument(text).getIn(path);
  if (!isMap(found)) return [];
  return found.items.map(({ key }) => String(isScalar(key) ? key.value : key));
}
