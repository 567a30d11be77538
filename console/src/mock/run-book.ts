import type { RunTrace } from "../../../src/client/client.ts";
import { mockDigest } from "./mock-world.ts";

export interface MockEvent {
  readonly seq: number;
  readonly event: {
    readonly v: 1;
    readonly type: string;
    readonly atMs: number;
    readonly [name: string]: unknown;
  };
}

type Span = RunTrace["spans"][number];

/** What a run of the mock consists of, written as it goes on. */
export interface RunBook {
  readonly run: string;
  readonly events: MockEvent[];
  readonly spans: Span[];
  /** By digest. */
  readonly contents: Map<string, string>;
  atMs: number;
}

/** Digests that differ from run to run. */
export function createBook(run: string, atMs: number): RunBook {
  return { run, events: [], spans: [], contents: new Map(), atMs };
}

/** Some time later something happened. */
export function tell(
  book: RunBook,
  laterMs: number,
  event: { readonly type: string; readonly [name: string]: unknown },
): void {
  book.atMs += laterMs;
  const seq = book.events.length + 1;
  book.events.push({ seq, event: { v: 1, atMs: book.atMs, ...event } });
}

/** A text that an event names. */
export function keep(book: RunBook, content: object): string {
  const digest = mockDigest(numberOf(book.run) * 1_000 + book.contents.size);
  book.contents.set(digest, JSON.stringify(content));
  return digest;
}

export function numberOf(id: string): number {
  return Number.parseInt(id.slice(-8), 16);
}

export interface Opened {
  readonly name: string;
  readonly parent: string | null;
  readonly fromMs: number;
  /** Null: it is under way. */
  readonly toMs: number | null;
  readonly error?: boolean;
  readonly attributes: Span["attributes"];
  /** Of a sub-agent. */
  readonly run?: string;
}

export function addSpan(book: RunBook, opened: Opened): string {
  const { name, parent, fromMs, toMs, error = false, attributes, run = book.run } = opened;
  const number = numberOf(run) * 1_000 + book.spans.length + 1;
  const id = `5a${number.toString(16).padStart(14, "0")}`;
  book.spans.push({
    id,
    parent,
    run,
    name,
    kind: "client",
    start: new Date(fromMs).toISOString(),
    end: toMs === null ? null : new Date(toMs).toISOString(),
    error,
    attributes: { "countersign.run": run, "user.id": "ada", ...attributes },
  });
  return id;
}

/** What is known of it only later: its end, how it ended. */
export function endSpan(
  book: RunBook,
  id: string,
  { error = false, attributes = {} }: Partial<Pick<Opened, "error" | "attributes">> = {},
): void {
  const at = book.spans.findIndex((span) => span.id === id);
  const span = book.spans[at]!;
  const end = new Date(book.atMs).toISOString();
  book.spans[at] = { ...span, end, error, attributes: { ...span.attributes, ...attributes } };
}
