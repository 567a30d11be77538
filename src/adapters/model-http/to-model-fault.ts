import { Fault } from "../../model/index.ts";
import type { OriginAnswer } from "../../ports/dialer.ts";

export interface Backend {
  /** Host and port, for messages. */
  readonly host: string;
  /** What must not be repeated. */
  readonly key: string | null;
}

const maxErrorBytes = 64 * 1024;
const shownCharacters = 300;
/** A backend that asks for more is left alone for this long, then asked again. */
const maxRetryAfterMs = 10 * 60_000;
const defaultRetryAfterMs = 1_000;

/** A status that is no answer, as a Fault. Reads what is told of a wrong request, and throws the rest away. */
export async function toStatusFault(
  answer: OriginAnswer,
  { host, key }: Backend,
  nowMs: number,
): Promise<Fault> {
  const { status } = answer;
  const details = { host, status };
  if (status === 429 || status === 529) {
    const retryAfterMs = readRetryAfter(answer, nowMs);
    answer.discard();
    return new Fault("model_busy", `${host} takes no more now (${status}).`, {
      details: { ...details, retryAfterMs },
    });
  }
  // What is said of a wrong key often repeats part of it.
  if (status === 401 || status === 403) {
    answer.discard();
    return new Fault("credential_rejected", `${host} does not take the key (${status}).`, {
      details,
    });
  }
  if (status >= 500 || status < 400 || status === 408) {
    answer.discard();
    return new Fault("model_unavailable", `${host} does not answer now (${status}).`, { details });
  }
  const said = toShown(toMessage(await answer.text(maxErrorBytes).catch(() => "")), key);
  const message = `${host} does not take the request (${status})${said === "" ? "." : `: ${said}`}`;
  return new Fault(status === 404 ? "model_unavailable" : "model_refused", message, { details });
}

/** What a backend says of itself in the middle of an answer. */
export function toFailed(said: { readonly busy: boolean; readonly message: string }, of: Backend) {
  const text = toShown(said.message, of.key);
  const message = `${of.host} gave up${text === "" ? "." : `: ${text}`}`;
  const details = said.busy
    ? { host: of.host, retryAfterMs: defaultRetryAfterMs }
    : { host: of.host };
  return new Fault(said.busy ? "model_busy" : "model_broken", message, { details });
}

/** What went wrong on the way, in the words of models. */
export function toWireFault(error: unknown, host: string): unknown {
  if (!(error instanceof Fault)) return error;
  const options = { cause: error, details: { host } };
  // A reader of events does not know whose they are.
  const message = error.message.includes(host) ? error.message : `${host}: ${error.message}`;
  switch (error.code) {
    case "upstream_unreachable":
      return new Fault("model_unavailable", message, options);
    case "upstream_lost":
    case "upstream_garbled":
      return new Fault("model_broken", message, options);
    default:
      return error;
  }
}

function readRetryAfter(answer: OriginAnswer, nowMs: number): number {
  const exact = Number(answer.header("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(exact)) return bounded(exact);
  const text = answer.header("retry-after") ?? "";
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return bounded(Number(text) * 1000);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? defaultRetryAfterMs : bounded(atMs - nowMs);
}

function bounded(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 1), maxRetryAfterMs);
}

function toMessage(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? error.message : "";
  } catch {
    return "";
  }
}

/** One line of it, and the key in no case. */
function toShown(message: string, key: string | null): string {
  const without = key === null ? message : message.replaceAll(key, "[secret]");
  return without
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .slice(0, shownCharacters)
    .trim();
}
