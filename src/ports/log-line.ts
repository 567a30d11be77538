import type { LogLevel } from "./telemetry.ts";

export interface LogRecord {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

// A line must stay readable and cheap whatever is put in it: these bound what one record can say.
const maxDepth = 6;
const maxItems = 50;
const maxTextLength = 4096;
const maxLineLength = 16_384;

const severity = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<
  LogLevel,
  number
>;

export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return severity[level] >= severity[least];
}

/** One JSON object on one line: never throws, never longer than the bound, secrets as `[secret]`. */
export function renderLogLine({ atMs, level, message, fields }: LogRecord): string {
  const head = { time: new Date(atMs).toISOString(), level, message: cut(message) };
  const line = toText({ ...toFields(fields), ...head });
  if (line.length <= maxLineLength) return line;
  return toText({ ...head, cut: `${line.length} characters` });
}

function toFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return toPlain(fields, { depth: 0, above: [] }) as Record<string, unknown>;
  } catch {
    return { fields: "[unreadable]" };
  }
}

/** Line breaks and what a terminal could obey are escaped; JSON leaves some of that as it is. */
function toText(record: Record<string, unknown>): string {
  const ordered = { time: record["time"], level: record["level"], message: record["message"] };
  return escape(JSON.stringify({ ...ordered, ...record }));
}

/** A text as a value in a line that is put together by hand. */
export function toSafeText(text: string): string {
  return escape(JSON.stringify(cut(text)));
}

function escape(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether it is still a line after something was taken out of it. */
export function isLogLine(line: string): boolean {
  try {
    const { atMs, level, message } = parseLogLine(line);
    return Number.isFinite(atMs) && Object.hasOwn(severity, level) && typeof message === "string";
  } catch {
    return false;
  }
}

/** What was rendered: a reader of the line and whoever is sent it are told the same. */
export function parseLogLine(line: string): LogRecord {
  const { time, level, message, ...fields } = JSON.parse(line) as {
    time: string;
    level: LogLevel;
    message: string;
  };
  return { atMs: Date.parse(time), level, message, fields };
}

interface Position {
  readonly depth: number;
  readonly above: readonly object[];
}

function toPlain(value: unknown, position: Position): unknown {
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "function") return "[function]";
  if (typeof value !== "object" || value === null) return value;
  if (position.above.includes(value)) return "[circular]";
  if (position.depth >= maxDepth) return "[deep]";
  return toPlainObject(value, { depth: position.depth + 1, above: [...position.above, value] });
}

function toPlainObject(value: object, position: Position): unknown {
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (value instanceof Error) return toPlainError(value, position);
  // Dates, URLs, digests of our own, and secrets, which say `[secret]`.
  if (hasJson(value)) {
    const said = value.toJSON();
    return typeof said === "object" ? toPlain(said, position) : said;
  }
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => toPlain(item, position));
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const plain = entries
    .slice(0, maxItems)
    .map(([key, item]) => [cut(String(key)), toPlain(item, position)]);
  return Object.fromEntries(plain);
}

function hasJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

/** Own properties of foreign errors stay out: drivers and clients hang whole requests on them. */
function toPlainError(error: Error, position: Position): unknown {
  const { code, details } = error as { code?: unknown; details?: unknown };
  return {
    name: error.name,
    message: cut(error.message),
    ...(typeof code === "string" ? { code: cut(code) } : {}),
    ...(details === undefined ? {} : { details: toPlain(details, position) }),
    ...(error.stack === undefined ? {} : { stack: cut(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: toPlain(error.cause, position) }),
  };
}

function cut(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= maxTextLength ? whole : `${whole.slice(0, maxTextLength)}…`;
}
