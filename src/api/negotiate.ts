import type { IncomingHttpHeaders } from "node:http";
import { Fault } from "../model/index.ts";

/** Whether the client takes what the route produces. Absent means anything. */
export function checkAccept(accept: string | undefined, produced: string): void {
  if (accept === undefined || accept.trim() === "") return;
  const [family] = produced.split("/");
  const isTaken = accept.split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return false;
    return type === "*/*" || type === `${family}/*` || type === produced;
  });
  if (!isTaken) {
    throw new Fault("not_acceptable", `This path answers ${produced}.`, { details: { produced } });
  }
}

/** Whether the body is text of a type that the route consumes, and as it is: not compressed. */
export function checkContent(headers: IncomingHttpHeaders, consumed: readonly string[]): void {
  const [type = "", ...parameters] = (headers["content-type"] ?? "")
    .split(";")
    .map((part) => part.trim().toLowerCase());
  const encoding = headers["content-encoding"] ?? "identity";
  const foreign = parameters.find((parameter) => !/^charset="?utf-8"?$/.test(parameter));
  if (consumed.includes(type) && foreign === undefined && encoding === "identity") return;
  throw new Fault("media_unsupported", `This path takes ${consumed.join(" or ")}, as UTF-8.`, {
    details: { consumed },
  });
}
