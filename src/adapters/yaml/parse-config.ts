import { toComplaints } from "../../model/config-complaint.ts";
import { toConfigRevision, type ConfigRevision } from "../../model/config-revision.ts";
import { configSchema } from "../../model/config.ts";
import type { KeyPath, Problem } from "../../model/problem.ts";
import type { Place } from "./locate.ts";
import { parseBySchema } from "./parse-by-schema.ts";
import { readYaml } from "./read-yaml.ts";

export type ParsedConfig =
  | { readonly kind: "valid"; readonly revision: ConfigRevision }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** `countersign.yaml` (or the same as JSON) to a revision, or everything that is wrong with it. */
export function parseConfig(document: string): ParsedConfig {
  const parsed = parseBySchema(document, { schema: configSchema, toComplaints });
  if (parsed.kind === "invalid") return parsed;
  return { kind: "valid", revision: toConfigRevision(parsed.value) };
}

/** Where a line of a text in the document stands; of a text in one line, where that begins. */
export function placeInConfig(document: string, path: KeyPath, line: number): Place {
  const reading = readYaml(document);
  if (reading.kind === "unreadable") return { line: 1, column: 1 };
  const place = reading.placeOf(path, "value");
  const source = document.split("\n")[place.line - 1]?.slice(place.column - 1) ?? "";
  return /^[|>]/.test(source) ? { line: place.line + line, column: 1 } : place;
}
