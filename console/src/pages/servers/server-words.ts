import type { Drift, Server, Tool } from "../../../../src/client/client.ts";
import type { Tone } from "../../ui/badge.tsx";
import { toDuration } from "../../words/to-duration.ts";

export const stateTones: Readonly<Record<Server["state"], Tone>> = {
  ready: "ok",
  connecting: "info",
  down: "danger",
};

export const gradeTones: Readonly<Record<Drift["grade"], Tone>> = {
  cosmetic: "neutral",
  widening: "info",
  breaking: "warn",
  dangerous: "danger",
};

export const effectTones: Readonly<Record<Tool["effect"], Tone>> = {
  read: "neutral",
  write: "info",
  destructive: "danger",
};

export type Breaker = "closed" | "open" | "probing";
export const breakerTones: Readonly<Record<Breaker, Tone>> = {
  closed: "ok",
  open: "danger",
  probing: "warn",
};

export type Recent = NonNullable<NonNullable<Server["seen"]>["recent"]>;

/** `12.4`; with less than a few calls a minute one digit behind the point. */
export function toRate({ calls, windowMs }: Pick<Recent, "calls" | "windowMs">): string {
  if (calls === 0 || windowMs <= 0) return "0";
  const rate = calls / (windowMs / 60_000);
  return rate >= 10 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1);
}

/** Of the calls that were let through, those that failed; null where there were none. */
export function toErrorShare({
  calls,
  denied,
  errors,
}: Pick<Recent, "calls" | "denied" | "errors">): number | null {
  const sent = calls - denied;
  return sent <= 0 ? null : Math.min(1, errors / sent);
}

export function toPercent(share: number): string {
  if (share === 0) return "0 %";
  return share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`;
}

export function toLatency(ms: number | null): string {
  return ms === null ? "–" : toDuration(ms < 10 ? ms : Math.round(ms));
}

/** Whether a word is in what a tool is called, or in what it says. */
export function findTools<T extends Pick<Tool, "name" | "title" | "description">>(
  tools: readonly T[],
  wanted: string,
): readonly T[] {
  const words = wanted
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return tools;
  const at = (tool: T): number | null => {
    const name = tool.name.toLowerCase();
    const all = `${name} ${tool.title ?? ""} ${tool.description}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) return null;
    return words.every((word) => name.includes(word)) ? 0 : 1;
  };
  return tools
    .map((tool) => ({ tool, place: at(tool) }))
    .filter(({ place }) => place !== null)
    .toSorted((a, b) => a.place! - b.place!)
    .map(({ tool }) => tool);
}
