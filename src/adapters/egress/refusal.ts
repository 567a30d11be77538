/** Where a proxy's answer needs a number: as HTTP says it, and as SOCKS does. */
export const refusals = {
  malformed: { status: 400, line: "Bad Request", socks: 1 },
  forbidden: { status: 403, line: "Forbidden", socks: 2 },
  slow: { status: 408, line: "Request Timeout", socks: 1 },
  large: { status: 431, line: "Request Header Fields Too Large", socks: 1 },
  unreachable: { status: 502, line: "Bad Gateway", socks: 4 },
  busy: { status: 503, line: "Service Unavailable", socks: 1 },
} as const;

/** Ends the reading of a connection from wherever it is; caught where the connection began. */
export class EgressRefusal extends Error {
  readonly kind: keyof typeof refusals;

  constructor(kind: keyof typeof refusals, reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** What a client of HTTP reads. Reasons hold nothing of what the program wrote but canonical names. */
export function toHttpRefusal({ kind, message }: EgressRefusal): string {
  const { status, line } = refusals[kind];
  const body = `countersign: ${message}\n`;
  return [
    `HTTP/1.1 ${status} ${line}`,
    "content-type: text/plain; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

/** For the log. */
export function toReason(error: unknown): string {
  if (error instanceof EgressRefusal) return error.message;
  return `the connection broke (${(error as NodeJS.ErrnoException).code ?? "unknown"})`;
}
