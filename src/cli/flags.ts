/** Flags that several commands take. */
export const json = {
  kind: "boolean",
  brief: "Print one JSON object on stdout",
  default: false,
  withNegated: false,
} as const;

const text = (input: string): string => input;

export function optionalText(brief: string, placeholder: string) {
  return { kind: "parsed", parse: text, brief, placeholder, optional: true } as const;
}

export const file = optionalText("The configuration (countersign.yaml)", "path");

export const url = optionalText(
  "The server (COUNTERSIGN_URL, else the one of this directory, else 127.0.0.1:7070)",
  "url",
);
