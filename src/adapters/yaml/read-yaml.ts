import { isScalar, parseDocument, type Document } from "yaml";
import type { KeyPath, Problem } from "../../model/problem.ts";
import { createLocate, type Place } from "./locate.ts";
import { scanYaml } from "./scan-yaml.ts";
import { toSyntaxMessage } from "./syntax-message.ts";
import { toPlain } from "./to-plain.ts";

export type YamlReading =
  | {
      readonly kind: "read";
      readonly value: unknown;
      /** What is refused though it can be read: doubled keys, anchors, aliases, tags. */
      readonly problems: readonly Problem[];
      readonly placeOf: (path: KeyPath, at: "key" | "value") => Place;
    }
  | { readonly kind: "unreadable"; readonly problems: readonly Problem[] };

/** Reads one YAML 1.2 document into plain values and remembers where each of them stands. */
export function readYaml(text: string): YamlReading {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  const locate = createLocate(source);
  const complain = (offset: number, message: string): Problem => ({
    ...locate(offset),
    key: "",
    message,
    suggestion: null,
  });
  const refusal = scanYaml(source);
  if (refusal !== null)
    return { kind: "unreadable", problems: [complain(refusal.offset, refusal.message)] };

  const document = parseDocument(source, {
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    // The parser compares every key with every other; a set below does it in one pass.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const complaints = [
    ...document.errors,
    ...document.warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED"),
  ];
  if (complaints.length > 0) {
    const problems = complaints.map(({ pos, code }) => complain(pos[0], toSyntaxMessage(code)));
    return { kind: "unreadable", problems };
  }
  if (hasDirective(document)) {
    return { kind: "unreadable", problems: [complain(0, toSyntaxMessage("BAD_DIRECTIVE"))] };
  }
  if (
    document.contents === null ||
    (isScalar(document.contents) && document.contents.value === null)
  ) {
    const message = "the document is empty; it needs at least `version: 1`";
    return { kind: "unreadable", problems: [complain(document.contents?.range[0] ?? 0, message)] };
  }
  return { kind: "read", ...toPlain(document.contents, locate) };
}

function hasDirective({ directives }: Document.Parsed): boolean {
  const tags = Object.keys(directives.tags);
  return directives.yaml.explicit === true || tags.some((handle) => handle !== "!!");
}
