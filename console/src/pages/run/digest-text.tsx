import { useQuery } from "@tanstack/react-query";
import { Copy } from "../../ui/copy.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { contentQuery } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";
import { toSaidText } from "./said-text.ts";

/** More than this of one text makes a page that nobody reads. */
const mostCharacters = 20_000;

/** A text that the log names by its digest, read when somebody wants to see it. */
export function DigestText({
  source,
  digest,
}: {
  readonly source: RunSource;
  readonly digest: string;
}) {
  const { data, error, refetch } = useQuery(contentQuery(source, digest));
  if (data === undefined && error !== null)
    return <FaultNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton rows={3} />;
  if (data === null)
    return (
      <p className="text-sm text-muted">
        {source.isLive
          ? "The text is gone: it was erased, or its time is over."
          : "The text is not in the file: it was exported without --contents."}
      </p>
    );
  return <SaidText text={toSaidText(data)} digest={digest} />;
}

function SaidText({ text, digest }: { readonly text: string; readonly digest: string }) {
  return (
    <>
      <pre
        tabIndex={0}
        aria-label="Text"
        className="max-h-112 overflow-y-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
      >
        <Inert text={text.slice(0, mostCharacters)} lines />
      </pre>
      <p className="mt-1 text-xs text-muted">
        {text.length > mostCharacters
          ? `The first ${mostCharacters.toLocaleString("en")} of ${text.length.toLocaleString("en")} characters; the export has all. `
          : ""}
        <Copy text={digest} label="text's digest" />
      </p>
    </>
  );
}
