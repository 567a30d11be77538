import { untilAborted } from "../../lib/until-aborted.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import { toDestination } from "../../ports/credentials.ts";
import type { Dialer, DialTls, Origin } from "../../ports/dialer.ts";
import type { ModelBackend, ModelRequest, StreamOptions } from "../../ports/model-backend.ts";
import type { ModelFormat } from "../../ports/model-format.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { startPatience, type PatienceBounds } from "./patience.ts";
import { readTurn, type TurnBounds } from "./read-turn.ts";
import { toStatusFault, toWireFault, type Backend } from "./to-model-fault.ts";

export interface ModelHttpOptions extends PatienceBounds {
  readonly format: ModelFormat;
  /** Base URL, as the official clients of the format take it. */
  readonly url: string;
  readonly private: boolean;
  readonly tls: DialTls | null;
  readonly connections: number;
  /** Reference to the API key; null for a server that wants none. */
  readonly key: string | null;
  readonly secrets: Secrets;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly bounds?: Partial<TurnBounds & { readonly requestBytes: number }>;
}

/** A window of a million tokens, and images beside it, fit. */
const defaults = {
  eventBytes: 1024 * 1024,
  answerBytes: 16 * 1024 * 1024,
  calls: 128,
  requestBytes: 32 * 1024 * 1024,
};

/** A backend over HTTP in one of the formats. */
export function createModelHttp(options: ModelHttpOptions): ModelBackend {
  const { url, dialer, tls, connections } = options;
  const origin = dialer.open({ url, private: options.private, tls, connections });
  return {
    stream: (request, how) => stream({ ...options, origin }, request, how),
    look: (signal) => look({ ...options, origin }, signal),
    close: () => origin.close(),
  };
}

interface Opened extends ModelHttpOptions {
  readonly origin: Origin;
}

async function stream(
  opened: Opened,
  request: ModelRequest,
  { model, signal, deadlineMs, onEvent, traceparent }: StreamOptions,
): Promise<void> {
  const { clock, format, origin } = opened;
  signal.throwIfAborted();
  const bounds = { ...defaults, ...opened.bounds };
  const body = toBytes(format.toBody(request, model), bounds.requestBytes);
  const { host } = new URL(opened.url);
  const patience = startPatience(clock, opened, { host, deadlineMs });
  const until = AbortSignal.any([signal, patience.signal]);
  try {
    const backend = { host, key: await untilAborted(readKey(opened), until) };
    const answer = await origin.request({
      method: "POST",
      path: toPath(opened.url, format.path),
      headers: {
        ...toHeaders(opened, backend),
        "content-type": "application/json",
        accept: "text/event-stream",
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      body,
      signal: until,
    });
    if (answer.status !== 200) throw await toStatusFault(answer, backend, clock.nowMs());
    checkType(answer.header("content-type"), host);
    const onProgress = (isToken: boolean) => patience.progressed(isToken);
    await readTurn(answer, { format, backend, bounds, onEvent, onProgress });
  } catch (error) {
    // What ended it is the reason, however the stream then failed.
    until.throwIfAborted();
    throw toWireFault(error, host);
  } finally {
    patience.stop();
  }
}

async function look(opened: Opened, signal: AbortSignal): Promise<void> {
  const { format, origin, clock } = opened;
  const { host } = new URL(opened.url);
  try {
    const backend = { host, key: await untilAborted(readKey(opened), signal) };
    const answer = await origin.request({
      method: "GET",
      path: toPath(opened.url, format.lookPath),
      headers: toHeaders(opened, backend),
      body: null,
      signal,
    });
    if (answer.status !== 200) throw await toStatusFault(answer, backend, clock.nowMs());
    answer.discard();
  } catch (error) {
    signal.throwIfAborted();
    throw toWireFault(error, host);
  }
}

function toBytes(body: unknown, maxBytes: number): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(body));
  if (bytes.length <= maxBytes) return bytes;
  throw new Fault(
    "payload_too_large",
    `The request to the model is larger than ${maxBytes} bytes.`,
  );
}

/** Read for each request, so that a rotated key is taken at once, and given to its own host alone. */
async function readKey({ key, secrets, url }: Opened): Promise<string | null> {
  if (key === null) return null;
  const text = (await secrets.resolve(key, toDestination(url) ?? undefined)).reveal().trim();
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new Fault("credential_refused", `${key} does not hold what fits into a header.`, {
    details: { reference: key },
  });
}

function toHeaders({ format }: Opened, { key }: Backend) {
  return { ...format.toHeaders(key), "user-agent": "countersign" };
}

function toPath(base: string, path: string): string {
  const { pathname, search } = new URL(base);
  return `${pathname.replace(/\/+$/, "")}${path}${search}`;
}

function checkType(type: string | null, host: string): void {
  if (type?.split(";", 1)[0]?.trim().toLowerCase() === "text/event-stream") return;
  throw new Fault("upstream_garbled", `${host} did not answer with a stream of events.`);
}
