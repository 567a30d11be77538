import type { ErrorCode } from "yaml";

/**
 * What is wrong with the YAML itself, in our words: the parser's own messages quote the source,
 * and the source may hold a secret in the wrong place.
 */
const messages: Record<ErrorCode, string> = {
  ALIAS_PROPS: "an alias takes no anchor and no tag",
  BAD_ALIAS: "refers to an anchor that does not exist",
  BAD_COLLECTION_TYPE: "a tag does not fit the value",
  BAD_DIRECTIVE: "directives (%) are not accepted",
  BAD_DQ_ESCAPE:
    "unknown escape in a double-quoted text; use single quotes, or double the backslash",
  BAD_INDENT: "the indentation does not fit the lines above",
  BAD_PROP_ORDER: "anchor or tag in the wrong place",
  BAD_SCALAR_START: "a text starting with this character needs quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second colon on one line; put the value in quotes or on its own line",
  BLOCK_IN_FLOW: "an indented block inside [ ] or { }",
  DUPLICATE_KEY: "the key is there twice",
  IMPOSSIBLE: "not readable as YAML",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a quote, bracket, comma, space or colon is missing",
  MULTILINE_IMPLICIT_KEY: "a key runs over several lines; is a colon or a quote missing?",
  MULTIPLE_ANCHORS: "several anchors at one value",
  MULTIPLE_DOCS: "a second document starts here; the configuration is one document",
  MULTIPLE_TAGS: "several tags at one value",
  NON_STRING_KEY: "a key must be a plain text",
  RESOURCE_EXHAUSTION: "nested too deep",
  TAB_AS_INDENT: "a tab in the indentation; use spaces",
  TAG_RESOLVE_FAILED: "tags (!) are not accepted",
  UNEXPECTED_TOKEN:
    "something is here that YAML does not expect; is a quote or a dash missing or doubled?",
};

export function toSyntaxMessage(code: ErrorCode): string {
  return messages[code] ?? messages.IMPOSSIBLE;
}
