import { cutShort } from "../../lib/cut-short.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import { toDestination } from "../../ports/credentials.ts";
import type { Dialer, Origin, OriginAnswer } from "../../ports/dialer.ts";
import type { Secrets } from "../../ports/secrets.ts";
import type { Sent, Sink } from "../../ports/sink.ts";
import { readRejected } from "./read-rejected.ts";
import type { EncodingOptions } from "./write-request.ts";

export interface OtlpSinkOptions<Batch> {
  readonly encode: (batch: Batch, options: EncodingOptions) => Uint8Array;
  /** Path and all. */
  readonly url: string;
  readonly private: boolean;
  /** By name: a reference to the value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly version: string;
  readonly instance?: string;
}

/** As exporters of OpenTelemetry wait by default. */
const answerWithinMs = 10_000;
const maxAnswerBytes = 64 * 1024;
/** A collector that wants to be left alone for longer is asked all the same. */
const longestRetryMs = 3_600_000;
/** These bytes are wrong, today and tomorrow. Of a wrong path or key nothing is lost: both can be mended. */
const never = new Set([400, 413, 415, 422]);

/** OTLP over HTTP with protobuf, through the one way out. */
export function createOtlpSink<Batch>(options: OtlpSinkOptions<Batch>): Sink<Batch> {
  let opened: Origin | null = null;
  const origin = (): Origin =>
    (opened ??= options.dialer.open({
      url: options.url,
      private: options.private,
      tls: null,
      connections: 1,
    }));
  return {
    async send(batch, signal) {
      const late = () => new Fault("deadline_exceeded", `No answer within ${answerWithinMs} ms.`);
      const limits = { clock: options.clock, signal, withinMs: answerWithinMs, late };
      try {
        return await cutShort(limits, (until) => send({ ...options, origin }, batch, until));
      } catch (error) {
        // What is no fault of the way out is a bug of ours, and whoever sends is told of it.
        if (signal.aborted || !(error instanceof Fault)) throw error;
        return { kind: "failed", why: error.code, retryAfterMs: null };
      }
    },
    async close() {
      await opened?.close();
    },
  };
}

interface Sending<Batch> extends OtlpSinkOptions<Batch> {
  readonly origin: () => Origin;
}

async function send<Batch>(
  { origin, url, version, instance, clock, encode, ...options }: Sending<Batch>,
  batch: Batch,
  signal: AbortSignal,
): Promise<Sent> {
  const { pathname, search } = new URL(url);
  const answer = await origin().request({
    method: "POST",
    path: `${pathname}${search}`,
    headers: {
      ...(await readHeaders(options, url)),
      "content-type": "application/x-protobuf",
      "user-agent": `countersign/${version}`,
    },
    body: encode(batch, { version, ...(instance === undefined ? {} : { instance }) }),
    signal,
  });
  const { status } = answer;
  if (status >= 200 && status < 300)
    return { kind: "taken", rejected: readRejected(await readBytes(answer)) };
  const retryAfterMs = readRetryAfter(answer, clock.nowMs());
  answer.discard();
  if (never.has(status)) return { kind: "refused", why: `status ${status}` };
  // With a time it asks for patience; without one nothing says that it will ever be better.
  if (status >= 500 && retryAfterMs === null) return { kind: "broken", why: `status ${status}` };
  return { kind: "failed", why: `status ${status}`, retryAfterMs };
}

/** Read each time, so that a rotated key is taken at once, and given to its own host alone. */
async function readHeaders(
  { headers, secrets }: Pick<OtlpSinkOptions<never>, "headers" | "secrets">,
  url: string,
): Promise<Readonly<Record<string, string>>> {
  const read = Object.entries(headers).map(async ([name, reference]) => {
    const value = await secrets.resolve(reference, toDestination(url) ?? undefined);
    const text = value.reveal().trim();
    if (/^[\x20-\x7e]+$/.test(text)) return [name, text] as const;
    throw new Fault("credential_refused", `${reference} does not hold what fits into a header.`, {
      details: { reference },
    });
  });
  return Object.fromEntries(await Promise.all(read));
}

/** What is longer is no answer to this, and counts as an empty one. */
async function readBytes(answer: OriginAnswer): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.chunks()) {
    length += part.length;
    if (length > maxAnswerBytes) return new Uint8Array();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Seconds or a date; null: nothing that can be read. */
function readRetryAfter(answer: OriginAnswer, nowMs: number): number | null {
  const text = answer.header("retry-after") ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestRetryMs) : null;
}
