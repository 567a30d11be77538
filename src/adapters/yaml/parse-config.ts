import { toComplaints } from "../../model/config-complaint.ts";
import { toConfigRevision, type ConfigRevision } from "../../model/config-revision.ts";
import { configSchema } from "../../model/config.ts";
import { listProblems, renderKeyPath, type Problem } from "../../model/problem.ts";
import { readYaml } from "./read-yaml.ts";

export type ParsedConfig =
  | { readonly kind: "valid"; readonly revision: ConfigRevision }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** `countersign.yaml` (or the same as JSON) to a revision, or everything that is wrong with it. */
export function parseConfig(document: string): ParsedConfig {
  const reading = readYaml(document);
  if (reading.kind === "unreadable")
    return { kind: "invalid", problems: listProblems(reading.problems) };

  const parsed = configSchema.safeParse(reading.value);
  if (parsed.success && reading.problems.length === 0) {
    return { kind: "valid", revision: toConfigRevision(parsed.data) };
  }
  const complaints = parsed.success ? [] : toComplaints(parsed.error.issues, reading.value);
  const problems = complaints
    .map(({ path, at, message, suggestion }): Problem => {
      const key = renderKeyPath(path);
      return { ...reading.placeOf(path, at), key, message, suggestion };
    })
    // An alias that was refused reads as nothing; that it is "missing" would be a second, wrong, word on it.
    .filter(({ key }) => !reading.problems.some((earlier) => isWithin(key, earlier.key)));
  return { kind: "invalid", problems: listProblems([...reading.problems, ...problems]) };
}

function isWithin(key: string, outer: string): boolean {
  return key === outer || key.startsWith(`${outer}.`) || key.startsWith(`${outer}[`);
}
