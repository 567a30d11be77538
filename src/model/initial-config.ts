import { starterRules } from "./starter-rules.ts";
import { configJsonSchema } from "./config-complaint.ts";

export interface InitialWishes {
  readonly listen?: string;
  /** Reference to the URL of a Postgres; null for the embedded one. */
  readonly postgres?: string | null;
  /** Where editors find the schema, as seen from the file. */
  readonly schema?: string;
}

/** The file name that the first line of a new configuration refers to. */
export const configSchemaFile = "countersign.schema.json";

/** The countersign.yaml that `init` writes: what most people set, the rest in the reference. */
export function renderInitialConfig(wishes: InitialWishes = {}): string {
  const { listen = "127.0.0.1:7070", postgres = null, schema = `./${configSchemaFile}` } = wishes;
  const store =
    postgres === null
      ? "  kind: embedded # a real Postgres, started here\n  directory: .countersign"
      : `  kind: postgres\n  url: ${JSON.stringify(postgres)}`;
  return `# yaml-language-server: $schema=${schema}
# Every key, its default and its bounds: docs/configuration.md
version: 1

# Other machines reach it only after auth.adminKey is configured.
listen: ${JSON.stringify(listen)}

# Secrets stand here as references only: env://NAME or file:///path.
store:
${store}

# Who may do what, in Cedar: docs/policy.md. What no rule permits is denied. A tool counts as an effect
# until its server's \`tools\` say \`effect: read\`.
policy:
  rules:
    starter: |
${indent(starterRules)}

log:
  level: info
`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, "      ");
}

/** The JSON Schema of countersign.yaml, for editors. */
export function renderConfigSchema(): string {
  const text = JSON.stringify(configJsonSchema, null, 2);
  // Short lists on one line, as the formatter of this repository writes them.
  const tidied = text.replace(/\[\n\s+("[^"]*"(?:,\n\s+"[^"]*")*)\n\s+\]/g, (_, items: string) => {
    return `[${items.replace(/\n\s+/g, " ")}]`;
  });
  return `${tidied}\n`;
}
