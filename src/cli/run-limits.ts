import { Fault } from "../model/fault.ts";

/** Flags that bound what a run may use. The server says what is wrong in an amount or a time. */
export interface LimitFlags {
  readonly money?: string;
  readonly tokens?: string;
  readonly calls?: string;
  readonly deadline?: string;
}

export function toLimits({ money, tokens, calls, deadline }: LimitFlags) {
  const caps = {
    ...(money !== undefined && { money }),
    ...(tokens !== undefined && { tokens: parseCount("--tokens", tokens) }),
    ...(calls !== undefined && { calls: parseCount("--calls", calls) }),
  };
  return {
    ...(Object.keys(caps).length > 0 && { caps }),
    ...(deadline !== undefined && { deadline }),
  };
}

export function parseCount(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Fault("usage_invalid", `${flag} takes a whole number.`);
}
