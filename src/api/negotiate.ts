import type { IncomingHttpHeaders } from "node:http";
import { Fault } from "../model/index.ts";

/** Whether the client takes what the route produces. Absent means anything. */
export function checkAccept(accept: string | undefined, produced: string): void {
  if (accept === undefined || isTaken(accept, produced)) return;
  throw new Fault("not_acceptable", `This path answers ${produced}.`, { details: { produced } });
}

const isTaken = remember((accept: string, produced: string): boolean => {
  if (accept.trim() === "") return true;
  const [family] = produced.split("/");
  return accept.split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return false;
    return type === "*/*" || type === `${family}/*` || type === produced;
  });
});

/** Whether the body is text of a type that the route consumes, and as it is: not compressed. */
export function checkContent(headers: IncomingHttpHeaders, consumed: readonly string[]): void {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = headers;
  if (encoding === "identity" && consumed.some((each) => isText(type, each))) return;
  throw new Fault("media_unsupported", `This path takes ${consumed.join(" or ")}, as UTF-8.`, {
    details: { consumed },
  });
}

const isText = remember((given: string, consumed: string): boolean => {
  const [type = "", ...parameters] = given.split(";").map((part) => part.trim().toLowerCase());
  return type === consumed && parameters.every((each) => /^charset="?utf-8"?$/.test(each));
});

/** Clients say the same with every request; there are few ways to say it, and few are kept. */
function remember(judge: (given: string, ours: string) => boolean) {
  const known = new Map<string, boolean>();
  return (given: string, ours: string): boolean => {
    const key = `${ours}\n${given}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const judged = judge(given, ours);
    if (known.size >= maxKnown) known.clear();
    if (given.length <= maxKept) known.set(key, judged);
    return judged;
  };
}

const maxKnown = 256;
const maxKept = 512;
