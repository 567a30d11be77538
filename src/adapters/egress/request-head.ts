import type { Take } from "./first-bytes.ts";
import { EgressRefusal } from "./refusal.ts";

/** The head of a request, of which every byte was looked at. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minor: "0" | "1";
  readonly fields: readonly Field[];
  /** Null: there is none, as HTTP/1.0 allows. */
  readonly host: string | null;
  readonly body: Framing;
}

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** How long a body is: so many bytes, or until its chunks say so. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

const [cr, lf] = [0x0d, 0x0a];
const maxFields = 128;
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
/** What stands after the look-ahead is read in one way only, so that a long line costs no more than its length. */
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?![ \t])([\t\x20-\x7e\x80-\xff]*)$/;

/** Looks at each byte once, however it is cut. Lines end with CRLF and nothing else. */
export function takeRequestHead(): Take<RequestHead> {
  let seen = 0;
  return (held) => {
    for (let at = held.indexOf(lf, seen); at >= 0; at = held.indexOf(lf, at + 1)) {
      if (held[at - 1] !== cr) throw malformed("a line does not end with CRLF");
      if (held[at - 2] === lf) {
        return { value: parseRequestHead(held.toString("latin1", 0, at - 3)), used: at + 1 };
      }
    }
    seen = held.length;
    return null;
  };
}

function parseRequestHead(text: string): RequestHead {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target, minor] = requestLine.exec(first) ?? [];
  if (method === undefined || target === undefined) {
    throw malformed("the first line is not that of a request of HTTP/1.1");
  }
  if (lines.length > maxFields) throw new EgressRefusal("large", "the head has too many fields");
  const fields = lines.map(parseField);
  const host = only(fields, "host");
  if (host === null && minor === "1") throw malformed("there is no Host");
  return {
    method,
    target,
    minor: minor as "0" | "1",
    fields,
    host,
    body: toFraming(fields, minor!),
  };
}

/** Neither folded lines nor a space before the colon: each is read in two ways somewhere. */
function parseField(line: string): Field {
  const [, name, value] = fieldLine.exec(line) ?? [];
  if (name === undefined || value === undefined) throw malformed("a field is not well formed");
  return { name, value };
}

function only(fields: readonly Field[], name: string): string | null {
  const found = fields.filter((field) => field.name.toLowerCase() === name);
  if (found.length > 1) throw malformed(`there is more than one ${name}`);
  return found[0]?.value ?? null;
}

function toFraming(fields: readonly Field[], minor: string): Framing {
  const length = only(fields, "content-length");
  const coding = only(fields, "transfer-encoding");
  if (coding === null) {
    if (!/^\d{1,15}$/.test(length ?? "0")) throw malformed("the content-length is no number");
    return { kind: "length", bytes: Number(length ?? 0) };
  }
  if (length !== null) throw malformed("there is a content-length and a transfer-encoding");
  if (minor === "0") throw malformed("HTTP/1.0 has no transfer-encoding");
  if (coding.toLowerCase() !== "chunked") throw malformed("the transfer-encoding is not chunked");
  return { kind: "chunked" };
}

/** What concerns this connection alone. An upgrade would leave HTTP, and so is passed on only where that is meant. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "te",
  "upgrade",
  "http2-settings",
  "host",
]);

export interface Outgoing {
  readonly path: string;
  readonly host: string;
  /** Whether it may leave HTTP for WebSocket. */
  readonly isUpgrade: boolean;
}

/** As it goes out: of what was parsed and nothing else, for one request on one connection. */
export function renderRequestHead(
  head: Pick<RequestHead, "method" | "minor" | "fields">,
  { path, host, isUpgrade }: Outgoing,
): Buffer {
  const passed = head.fields.filter(({ name }) => !ofConnection.has(name.toLowerCase()));
  const lines = [
    `${head.method} ${path} HTTP/1.${head.minor}`,
    `Host: ${host}`,
    ...passed.map(({ name, value }) => `${name}: ${value}`),
    ...(isUpgrade ? ["Upgrade: websocket", "Connection: Upgrade"] : ["Connection: close"]),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** A request that asks to go on with WebSocket, as RFC 6455 writes it. */
export function isWebSocketRequest({ method, minor, fields, body }: RequestHead): boolean {
  const has = (name: string, token: string): boolean =>
    fields.some(
      (field) =>
        field.name.toLowerCase() === name &&
        field.value.split(",").some((each) => each.trim().toLowerCase() === token),
    );
  const isBare = body.kind === "length" && body.bytes === 0;
  return (
    isBare &&
    method === "GET" &&
    minor === "1" &&
    has("upgrade", "websocket") &&
    has("connection", "upgrade")
  );
}

function malformed(reason: string): EgressRefusal {
  return new EgressRefusal("malformed", reason);
}
