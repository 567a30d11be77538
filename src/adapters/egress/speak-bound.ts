import type { BoundPlace } from "./bound-place.ts";
import { carryRequest } from "./carry-request.ts";
import type { Line } from "./line.ts";
import { maskBytes } from "./mask.ts";
import type { NextBytes } from "./next-bytes.ts";
import { parsePlace, requireSame, toHostLine, type Place } from "./place.ts";
import { EgressRefusal, toHttpRefusal } from "./refusal.ts";
import {
  isWebSocketRequest,
  renderRequestHead,
  takeRequestHead,
  type Field,
} from "./request-head.ts";

const tlsPort = 443;

/**
 * TLS to a place that has credentials: it ends here, one request is read, gets its secrets and goes on
 * over TLS of our own. One request on one connection, as in plain text: each next one is judged anew.
 */
export async function speakBound(
  line: Line,
  { place, bound }: { readonly place: Place; readonly bound: BoundPlace },
): Promise<string> {
  await line.endTls(place.host);
  line.toAnswer = toHttpRefusal;
  const head = await line.read(takeRequestHead());
  line.seen.method = head.method;
  if (refusedMethods.has(head.method))
    throw new EgressRefusal("forbidden", `${head.method} is not for a host with credentials`);
  if (!/^\/[^#]*$/.test(head.target))
    throw new EgressRefusal("malformed", "a request in a tunnel names a path");
  if (head.host !== null) requireSame(parsePlace(head.host, tlsPort), place);
  const { fields, names, unsayable } = bound.swap(withoutPacking(head.fields));
  await line.beginTls(place.host);
  line.seen.credentials = names;
  const isUpgrade = isWebSocketRequest(head);
  const outgoing = { path: head.target, host: toHostLine(place, tlsPort), isUpgrade };
  if (!isUpgrade) {
    const hear = (next: NextBytes) => maskBytes(next, unsayable);
    return carryRequest(line, { ...head, fields }, { ...outgoing, hear });
  }
  const { hasSwitched, watch } = watchSwitch();
  let start: Buffer | null = renderRequestHead({ ...head, fields }, outgoing);
  return line.carry(
    async () => {
      const first = start;
      start = null;
      if (first !== null) return first;
      // Were it said before, a server that stays with HTTP could take it for another request.
      return (await hasSwitched) ? line.first.next() : null;
    },
    (next) => maskBytes(watch(next), unsayable),
  );
}

/** One leaves HTTP, and the other is answered with what was sent. */
const refusedMethods: ReadonlySet<string> = new Set(["CONNECT", "TRACE"]);

/** A WebSocket is packed by what it agrees on as an extension. */
const packing: ReadonlySet<string> = new Set(["accept-encoding", "sec-websocket-extensions"]);

/** An answer that is packed would be passed on with a secret in it that nobody sees. */
const withoutPacking = (fields: readonly Field[]): readonly Field[] => [
  ...fields.filter(({ name }) => !packing.has(name.toLowerCase())),
  { name: "Accept-Encoding", value: "identity" },
];

const switching = "HTTP/1.1 101 ";

/** Says whether the answer begins as that of a server that leaves HTTP. */
function watchSwitch() {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let start = "";
  const watch =
    (next: NextBytes): NextBytes =>
    async () => {
      const chunk = await next();
      if (start.length < switching.length) {
        start += chunk?.toString("latin1", 0, switching.length) ?? "";
        if (chunk === null || start.length >= switching.length)
          resolve(start.startsWith(switching));
      }
      return chunk;
    };
  return { hasSwitched: promise, watch };
}
