import type { Bundle } from "../../../../src/client/client.ts";
import { toBytes, toCount, toMoney } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";

type Parts = Bundle["bundle"];

/** `demo, else spare or cheap (3 : 1)`: groups in the order in which they are asked. */
export function toRouteWords(route: Parts["model"]["route"]): string {
  if (route.length === 0) return "no backend";
  return route.map(toGroup).join(", else ");
}

function toGroup(group: Parts["model"]["route"][number]): string {
  const names = group.map((each) => toName(each["backend"]));
  if (names.length < 2) return names.join("");
  return `${names.join(" or ")} (${group.map((each) => toName(each["weight"] ?? 1)).join(" : ")})`;
}

const toName = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "?");

export function toCapsWords({ micros, tokens, calls }: Parts["limits"]["caps"]): string {
  const words = [
    ...(micros === null ? [] : [toMoney(String(micros / 1_000_000))]),
    ...(tokens === null ? [] : [`${toCount(tokens)} tokens`]),
    ...(calls === null ? [] : [`${toCount(calls)} calls`]),
  ];
  return words.length === 0 ? "none: it is not capped" : words.join(", ");
}

/** Each limit of a sandbox by the unit that its name ends with. */
export function toLimitWords(limits: Readonly<Record<string, number>>): string {
  return Object.entries(limits)
    .map(([name, value]) => {
      if (name.endsWith("Bytes")) return `${spell(name, "Bytes")} ${toBytes(value)}`;
      if (name.endsWith("Ms")) return `${spell(name, "Ms")} ${toDuration(value)}`;
      if (name.endsWith("Millis")) return `${spell(name, "Millis")} ${value / 1_000}`;
      return `${spell(name, "")} ${value.toLocaleString("en")}`;
    })
    .join(", ");
}

function spell(name: string, unit: string): string {
  const bare = name.slice(0, name.length - unit.length);
  return bare.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
