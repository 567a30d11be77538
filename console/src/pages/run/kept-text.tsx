import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { parseKept, type Kept } from "./parse-kept.ts";
import { contentQuery } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";

export interface KeptTextProps {
  readonly source: RunSource;
  readonly digest: string;
  readonly children: (kept: Kept) => ReactNode;
}

/** A text that an event names, read once it is looked at. */
export function KeptText({ source, digest, children }: KeptTextProps) {
  const { data, error } = useQuery(contentQuery(source, digest));
  if (error !== null) return <p className="text-sm text-danger">{error.message}</p>;
  if (data === undefined)
    return (
      <div
        role="status"
        aria-label="Reading"
        className="h-5 w-2/3 animate-pulse rounded bg-hover"
      />
    );
  if (data === null)
    return (
      <p className="text-sm text-muted">
        {source.isLive ? "This text is gone: it was erased." : "The file does not hold this text."}
      </p>
    );
  return children(parseKept(data));
}
