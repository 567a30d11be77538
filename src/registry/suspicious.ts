import type { Json } from "../lib/strict-json.ts";
import { toPointer } from "../lib/strict-json.ts";

/** Characters that people do not see and models read: tags, bidirectional controls, zero width. */
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cf}]/u;
/** An emoji is allowed the selectors and joiners that it is made of, and no more of them. */
const emoji = /\p{RGI_Emoji}/gv;
/** Between letters of scripts that are joined by hand, these two are spelling. */
const joiner =
  /(?<=[\p{scx=Arab}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{M}])[\u200c\u200d](?=[\p{scx=Arab}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}])/gu;
const control = /(?![\t\n\r])\p{Cc}/u;

/** What speaks to the model rather than of the tool. Found words are a reason to ask a person, no proof. */
const instructions: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|other|all|any)\b.{0,40}\b(?:instruction|prompt|rule|message|polic)/is,
  /\b(?:do not|don't|never|without)\b.{0,30}\b(?:tell|inform|mention|notify|show|reveal|ask)\w*\b.{0,30}\b(?:user|person|human|anyone|operator)/is,
  /\b(?:system|developer)\s+(?:prompt|message|instruction)/is,
  /<\/?\s*(?:important|system|instructions?|secret|admin|hidden)\s*>/i,
  /\b(?:before|prior to|instead of|after)\b.{0,20}\b(?:using|calling|invoking)\b.{0,30}\b(?:this|any|other|another)\b.{0,20}\btool/is,
  /\b(?:must|always|first)\b.{0,30}\b(?:read|send|include|append|attach|pass|forward|exfiltrate|upload)\b.{0,60}(?:\.ssh|id_rsa|\.env\b|credential|password|api[_ -]?key|secret|token|conversation|chat history|mcp\.json|config)/is,
  /\byou (?:are now|must now|will now)\b/is,
];

export interface Suspicion {
  readonly kind: "hidden" | "instruction";
  readonly pointer: string;
}

/** Every text of a definition, its keys included. */
export function findSuspicions(
  value: Json,
  path: readonly (string | number)[] = [],
): readonly Suspicion[] {
  if (typeof value === "string") return judge(value, path);
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((inner, index) =>
      findSuspicions(inner, [...path, index]),
    );
  }
  return Object.entries(value).flatMap(([key, inner]) => [
    ...judge(key, [...path, key]),
    ...findSuspicions(inner, [...path, key]),
  ]);
}

function judge(text: string, path: readonly (string | number)[]): readonly Suspicion[] {
  const pointer = toPointer(path);
  const bare = text.replaceAll(emoji, "").replaceAll(joiner, "");
  const isHidden = hidden.test(bare) || control.test(bare);
  const speaks = instructions.some((pattern) =>
    pattern.test(text.normalize("NFKC").replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "")),
  );
  return [
    ...(isHidden ? [{ kind: "hidden", pointer } as const] : []),
    ...(speaks ? [{ kind: "instruction", pointer } as const] : []),
  ];
}
