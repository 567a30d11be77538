import { parsePointer, readJsonExact, writeJsonExact, isContainer } from "../lib/exact-json.ts";
import { isObject } from "../mcp/read-message.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";

export type RedactedAnswer =
  | { readonly kind: "redacted"; readonly answer: UpstreamAnswer }
  /** Not everything could be taken out with certainty, so nothing is handed over. */
  | { readonly kind: "withheld"; readonly why: string };

const mark = "[redacted]";
const unsaid = "The server answered with an error; a rule withholds its words.";

/**
 * Replaces the members that the pointers lead to, in every document of an answer: `structuredContent`,
 * and each text that is JSON itself. Each pointer has to lead to a member of each document. Whatever
 * else an answer holds, but for its own frame, is left out or makes it be withheld.
 */
export function redactAnswer(
  answer: UpstreamAnswer,
  method: string,
  pointers: readonly string[],
): RedactedAnswer {
  // An error has its words in a text that is no document.
  if (answer.kind === "error") {
    const { code } = answer.error;
    return { kind: "redacted", answer: { kind: "error", error: { code, message: unsaid } } };
  }
  try {
    const given = readJsonExact(answer.text);
    if (!isObject(given)) throw new Withheld("it is no object");
    const paths = pointers.map(parsePointer);
    const whole = { ...toFrame(given), ...toParts(given, method, paths) };
    const text = writeJsonExact(whole);
    const value = JSON.parse(text) as typeof answer.value;
    return { kind: "redacted", answer: { kind: "result", text, value } };
  } catch (error) {
    if (error instanceof Withheld) return { kind: "withheld", why: error.message };
    // Nested deeper than the engine follows.
    if (error instanceof RangeError) return { kind: "withheld", why: "it cannot be read" };
    throw error;
  }
}

class Withheld extends Error {}

type Paths = readonly (readonly string[])[];
type Members = Readonly<Record<string, unknown>>;

/** What says how the answer is to be read. An answer that is none yet asks for something. */
function toFrame({ resultType, isError }: Members): Members {
  if (resultType !== undefined && resultType !== "complete")
    throw new Withheld("the server asks for something");
  return {
    ...(resultType === undefined ? {} : { resultType }),
    ...(typeof isError === "boolean" ? { isError } : {}),
  };
}

function toParts(given: Members, method: string, paths: Paths): Members {
  switch (method) {
    case "tools/call":
      return toToolParts(given, paths);
    case "resources/read":
      return { contents: listOf(given["contents"]).map((each) => toResource(each, paths)) };
    case "prompts/get":
      return {
        messages: listOf(given["messages"]).map((message) => {
          const { role, content } = toObject(message);
          if (role !== "user" && role !== "assistant") throw new Withheld("it has another shape");
          return { role, content: toBlock(content, paths) };
        }),
      };
    default:
      throw new Withheld("answers of this kind hold no documents");
  }
}

function toToolParts({ structuredContent, content = [] }: Members, paths: Paths): Members {
  return {
    content: listOf(content).map((block) => toBlock(block, paths)),
    ...(structuredContent === undefined
      ? {}
      : { structuredContent: redactDocument(structuredContent, paths) }),
  };
}

/** Of a block its documents; annotations and the like could hold anything. */
function toBlock(block: unknown, paths: Paths): Members {
  const { type, text, resource } = toObject(block);
  if (type === "text") return { type, text: redactText(text, paths) };
  if (type === "resource") return { type, resource: toResource(resource, paths) };
  throw new Withheld("a part of it is no text");
}

function toResource(resource: unknown, paths: Paths): Members {
  const { uri, mimeType, text } = toObject(resource);
  if (text === undefined) throw new Withheld("a part of it is no text");
  return {
    uri: textOf(uri),
    ...(typeof mimeType === "string" ? { mimeType } : {}),
    text: redactText(text, paths),
  };
}

function redactText(text: unknown, paths: Paths): string {
  let document: unknown;
  try {
    document = readJsonExact(textOf(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Withheld("a text in it is not JSON");
    throw error;
  }
  return writeJsonExact(redactDocument(document, paths));
}

/** First all are found, then all replaced: one may lie within another. */
function redactDocument(document: unknown, paths: Paths): unknown {
  const places = paths.map((path) => find(document, path));
  for (const { parent, key } of places) parent[key] = mark;
  return document;
}

function find(document: unknown, path: readonly string[]) {
  let parent: unknown = document;
  for (const [index, key] of path.entries()) {
    const isIndex = !Array.isArray(parent) || /^(?:0|[1-9]\d*)$/.test(key);
    if (!isContainer(parent) || !isIndex || !Object.hasOwn(parent, key)) break;
    if (index === path.length - 1) return { parent, key };
    parent = parent[key];
  }
  throw new Withheld("a member is not where the rule says");
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Withheld("it has another shape");
}

function toObject(value: unknown): Members {
  if (isContainer(value) && !Array.isArray(value)) return value;
  throw new Withheld("it has another shape");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Withheld("it has another shape");
}
