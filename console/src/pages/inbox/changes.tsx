import { diffJson, type Difference } from "../../../../src/lib/diff-json.ts";
import { toJsonLines } from "../../../../src/lib/json-lines.ts";
import type { Json } from "../../../../src/lib/strict-json.ts";
import { Inert } from "../../ui/inert.tsx";
import { shorten } from "./shorten.ts";

const changesAtFirst = 50;

/** What differs from the last approved call. The arguments themselves stand above, whole. */
export function Changes({ before, after }: { readonly before: Json; readonly after: Json }) {
  const { list, more } = diffJson(before, after);
  if (list.length === 0)
    return <p className="text-sm text-muted">Nothing: the arguments are the same.</p>;
  const shown = list.slice(0, changesAtFirst);
  const rest = list.length - shown.length;
  const count = `${more ? "more than " : ""}${rest.toLocaleString("en")}`;
  return (
    <>
      <ul data-part="changes" className="grid gap-2.5 font-mono text-[0.8125rem]">
        {shown.map((each) => (
          <Change key={each.pointer} difference={each} />
        ))}
      </ul>
      {rest === 0 ? null : (
        <p className="mt-3 text-sm text-muted">And {count} further differences.</p>
      )}
    </>
  );
}

function Change({ difference }: { readonly difference: Difference }) {
  const { pointer, kind, before, after } = difference;
  const [was, now] = shorten(toText(before), toText(after));
  return (
    <li className="min-w-0">
      <p className="text-muted">
        <Inert text={pointer === "" ? "(all of it)" : pointer} />
      </p>
      <p className="mt-0.5 rounded-t bg-danger-soft px-2 py-0.5 text-danger">
        <span className="mr-2 select-none">was</span>
        {kind === "added" ? (
          <span className="font-sans">not there</span>
        ) : (
          <del className="no-underline">
            <Inert text={was} escapes />
          </del>
        )}
      </p>
      <p className="rounded-b bg-ok-soft px-2 py-0.5 text-ok">
        <span className="mr-2 select-none">now</span>
        {kind === "removed" ? (
          <span className="font-sans">not there</span>
        ) : (
          <ins className="no-underline">
            <Inert text={now} escapes />
          </ins>
        )}
      </p>
    </li>
  );
}

function toText(value: Json | undefined): string {
  if (value === undefined) return "";
  return toJsonLines(value)
    .map(({ text }) => text)
    .join(" ");
}
