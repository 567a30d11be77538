import type { Json } from "../../lib/strict-json.ts";
import type { Claims } from "./read-token.ts";

/** As it stands at the top, or by a JSON Pointer, which a claim's name never looks like. */
export function toClaim(claims: Claims, name: string): Json | undefined {
  const path = name.startsWith("/")
    ? name
        .slice(1)
        .split("/")
        .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    : [name];
  return path.reduce<Json | undefined>(toMember, claims);
}

function toMember(value: Json | undefined, step: string): Json | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, step) ? (value as Claims)[step] : undefined;
}

const maxNameLength = 256;
// Names are joined with line breaks to make keys, and printed in logs and terminals.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export function isPlainName(value: Json | undefined): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= maxNameLength &&
    !unprintable.test(value)
  );
}

/** A name, or a list of names; null for anything else. */
export function readNames(value: Json | undefined): readonly string[] | null {
  const names: readonly Json[] = Array.isArray(value)
    ? (value as readonly Json[])
    : [value ?? null];
  return names.every(isPlainName) ? names : null;
}
