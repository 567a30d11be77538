import type { z } from "zod";
import { configJsonSchema } from "../src/model/config-complaint.ts";
import { restartKeys } from "../src/model/config.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** docs/configuration.md, from the schema that editors and the program use. */
export function renderConfigReference(): string {
  return `# Configuration

\`countersign.yaml\` is one YAML 1.2 document of at most 1 MiB. Unknown keys, doubled keys, anchors,
aliases, tags and a second document are refused, each with its line, column and key. Durations are
written \`250ms\`, \`30s\`, \`1m30s\`; sizes \`512B\`, \`16KiB\`, \`64MiB\`. Secrets are never written here, only
references to them: \`env://NAME\` (a variable of the server's environment), \`file:///path\` (relative
paths start at the file's directory: \`file://secrets/key\`), \`secret://name\` (the encrypted store,
which this version does not have yet).

The file is the truth when a process starts; a wrong file ends the start. While it runs, \`plan\` shows
what a changed file would do and \`apply\` makes it the new revision, whole or not at all. Keys marked
"restart" are bound to something that exists once a process: a running process refuses to change them.

This page is generated from the schema in \`src/model/config.ts\`; the same schema is
\`countersign.schema.json\`, for editors.

## Keys

${toRows(configJsonSchema, "").join("\n")}
`;
}

function toRows(schema: JsonSchema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, below]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const field = below as JsonSchema;
    const isRequired = schema.required?.includes(name) === true;
    const branches = (field.oneOf ?? []) as readonly JsonSchema[];
    const row = toRow(key, field, isRequired);
    return [row, ...toRows(field, key), ...branches.flatMap((branch) => toBranchRows(branch, key))];
  });
}

function toBranchRows(branch: JsonSchema, key: string): readonly string[] {
  const kind = (branch.properties?.["kind"] as JsonSchema | undefined)?.const as string;
  const heading = `- \`${key}.kind: ${kind}\`: ${branch.description ?? ""}`;
  return [heading, ...toRows(branch, key).filter((row) => !row.startsWith(`- \`${key}.kind\``))];
}

function toRow(key: string, field: JsonSchema, isRequired: boolean): string {
  const isRestart = restartKeys.some((each) => key === each || key.startsWith(`${each}.`));
  const given = field.default;
  const fallback = typeof given === "string" ? given : JSON.stringify(given);
  const hasDefault = given !== undefined && typeof given !== "object";
  const facts = [
    ...toKind(field),
    ...(isRequired ? ["required"] : []),
    ...(hasDefault ? [`default \`${fallback}\``] : []),
    ...(isRestart ? ["restart"] : []),
  ];
  return `- \`${key}\`${facts.length === 0 ? "" : ` (${facts.join("; ")})`}: ${field.description ?? ""}`;
}

function toKind(field: JsonSchema): readonly string[] {
  if (field.const !== undefined) return [`\`${JSON.stringify(field.const)}\``];
  if (field.enum !== undefined) return [field.enum.map((each) => `\`${String(each)}\``).join(", ")];
  if (field.oneOf !== undefined || field.type === "object") return [];
  if (field.type === "array") {
    return [`list of ${toKind(field.items as JsonSchema).join("")}, at most ${field.maxItems}`];
  }
  if (field.type === "integer") return [`whole number, ${field.minimum} to ${field.maximum}`];
  return [field.title ?? "text"];
}
