import type { Hear, Line } from "./line.ts";
import { createBodyPart } from "./request-body.ts";
import { renderRequestHead, type Outgoing, type RequestHead } from "./request-head.ts";

/** The head as it was parsed, and of what follows only the body that it says. */
export function carryRequest(
  line: Line,
  head: RequestHead,
  { hear, ...outgoing }: Outgoing & { readonly hear?: Hear },
): Promise<string> {
  const toPart = createBodyPart(head.body);
  let start: Buffer | null = renderRequestHead(head, outgoing);
  return line.carry(async () => {
    const chunk = start ?? (await line.first.next());
    if (start === null) return chunk === null ? null : toPart(chunk);
    start = null;
    return chunk;
  }, hear);
}
