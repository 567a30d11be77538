import { z } from "zod";
import { cutShort } from "../../lib/cut-short.ts";
import { untilAborted } from "../../lib/until-aborted.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import { toDestination } from "../../ports/credentials.ts";
import type { Dialer, DialTls, Origin } from "../../ports/dialer.ts";
import { embedderLimits, type Embedder } from "../../ports/embedder.ts";
import type { Random } from "../../ports/random.ts";
import type { Secrets } from "../../ports/secrets.ts";
import { toStatusFault, toWireFault } from "./to-model-fault.ts";

export interface OpenaiEmbedderOptions {
  /** Base URL, with `/v1`. */
  readonly url: string;
  readonly private: boolean;
  readonly tls: DialTls | null;
  readonly connections: number;
  readonly model: string;
  readonly version: string;
  readonly dimensions: number;
  readonly leastLikeness: number;
  /** Reference to the API key; null for a server that wants none. */
  readonly key: string | null;
  /** For all tries together. */
  readonly timeoutMs: number;
  readonly secrets: Secrets;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: Random;
}

/** A vector of the most dimensions, as text, for each of the most texts, fits twice. */
const maxAnswerBytes = 16 * 1024 * 1024;
const maxTries = 3;
const firstPauseMs = 200;

/** `/v1/embeddings` of OpenAI and whoever is compatible. */
export function createOpenaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const { url, tls, connections, dialer, clock, timeoutMs } = options;
  const { model, version, dimensions, leastLikeness } = options;
  const origin = dialer.open({ url, private: options.private, tls, connections });
  const { host } = new URL(url);
  const late = () =>
    new Fault("model_unavailable", `${host} did not embed in time.`, { details: { host } });
  return {
    id: model,
    version: `${version}@${dimensions}`,
    dimensions,
    leastLikeness,
    embed(texts, signal) {
      if (texts.length === 0) return Promise.resolve([]);
      if (texts.length > embedderLimits.texts) throw new Error("too many texts at once");
      const limits = { clock, signal, withinMs: timeoutMs, late };
      return cutShort(limits, (until) => embedAgain({ ...options, origin, host }, texts, until));
    },
    close: () => origin.close(),
  };
}

interface Opened extends OpenaiEmbedderOptions {
  readonly origin: Origin;
  readonly host: string;
}

async function embedAgain(
  opened: Opened,
  texts: readonly string[],
  until: AbortSignal,
): Promise<readonly Float32Array[]> {
  const { clock, random } = opened;
  for (let tries = 1; ; tries += 1) {
    try {
      return await embed(opened, texts, until);
    } catch (error) {
      until.throwIfAborted();
      const fault = toWireFault(error, opened.host);
      if (tries >= maxTries || !isWorthAnother(fault)) throw fault;
      const asked = fault.details["retryAfterMs"];
      const pauseMs = firstPauseMs * 2 ** tries * (0.5 + random.fraction());
      await clock.sleep(Math.max(pauseMs, typeof asked === "number" ? asked : 0), until);
    }
  }
}

function isWorthAnother(error: unknown): error is Fault {
  const codes: readonly string[] = ["model_busy", "model_unavailable", "model_broken"];
  return error instanceof Fault && codes.includes(error.code);
}

async function embed(
  opened: Opened,
  texts: readonly string[],
  until: AbortSignal,
): Promise<readonly Float32Array[]> {
  const { url, origin, host, clock, model } = opened;
  const key = await untilAborted(readKey(opened), until);
  const input = texts.map((text) => text.slice(0, embedderLimits.characters).toWellFormed());
  const { pathname, search } = new URL(url);
  const answer = await origin.request({
    method: "POST",
    path: `${pathname.replace(/\/+$/, "")}/embeddings${search}`,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      "user-agent": "countersign",
      "content-type": "application/json",
      accept: "application/json",
    },
    body: JSON.stringify({ model, input, encoding_format: "float" }),
    signal: until,
  });
  if (answer.status !== 200) throw await toStatusFault(answer, { host, key }, clock.nowMs());
  return readVectors(await answer.text(maxAnswerBytes), texts.length, opened);
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

const answerSchema = z.object({
  data: z
    .array(
      z.object({
        index: z.int().nonnegative(),
        embedding: z.array(z.number()).max(embedderLimits.dimensions),
      }),
    )
    .max(embedderLimits.texts),
});

/** Each text has one vector of the length that is configured, or nothing of the answer is believed. */
function readVectors(
  text: string,
  count: number,
  { host, dimensions }: Opened,
): readonly Float32Array[] {
  const wrong = (what: string) =>
    new Fault("model_refused", `${host} answered ${what}.`, { details: { host } });
  const parsed = answerSchema.safeParse(parseJson(text));
  if (!parsed.success) throw wrong("with what are no embeddings");
  const vectors: (Float32Array | undefined)[] = Array.from({ length: count });
  for (const { index, embedding } of parsed.data.data) {
    if (embedding.length !== dimensions)
      throw wrong(`with vectors of ${embedding.length} numbers, and ${dimensions} are configured`);
    if (index >= count || vectors[index] !== undefined) throw wrong("of a text that was not asked");
    vectors[index] = Float32Array.from(embedding);
  }
  const whole = vectors.filter((each) => each !== undefined);
  if (whole.length !== count || !whole.every((each) => each.every(Number.isFinite)))
    throw wrong("for other texts than were asked");
  return whole;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
