import { systemClock } from "../adapters/system/system-clock.ts";
import type { Connection } from "../cli/context.ts";
import { createClient } from "../client/client.ts";
import { createReadStream } from "../client/read-stream.ts";
import { createSend } from "../client/send.ts";
import { Fault } from "../model/fault.ts";
import { findHolder } from "./directory-lock.ts";
import type { Environment } from "./environment.ts";
import { readKeyFile, toKeyPath } from "./key-files.ts";
import path from "node:path";

const defaultUrl = "http://127.0.0.1:7070";
/** The server gives up on its own sooner; this is for a server that is gone or stopped. */
const answerWithinMs = 90_000;

export interface ConnectOptions {
  readonly environment: Environment;
  readonly cwd: string;
}

/** The server that is named, or that of this directory, or the usual one; with this user's key. */
export async function connect(
  { environment, cwd }: ConnectOptions,
  given: string | undefined,
  as: "admin" | "approver" = "admin",
): Promise<Connection> {
  const url = await findServer({ environment, cwd }, given);
  const file = toKeyPath(environment.configDirectory, as);
  const key = environment.apiKey ?? (await readKeyFile(file));
  if (key !== null && !/^[\x21-\x7e]+$/.test(key)) {
    throw new Fault("keys_unusable", "COUNTERSIGN_API_KEY holds what no header carries.");
  }
  return {
    url,
    client: createClient(createSend({ url, key, fetch: fetchInTime })),
    readStream: createReadStream({ url, key, fetch: fetchStream }),
  };
}

export async function findServer(
  { environment, cwd }: ConnectOptions,
  given: string | undefined,
): Promise<string> {
  return parseUrl(given ?? environment.url ?? (await findUrl(cwd)) ?? defaultUrl);
}

async function findUrl(cwd: string): Promise<string | null> {
  const holder = await findHolder(path.join(cwd, ".countersign"));
  return holder?.url ?? null;
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Fault("usage_invalid", `${text} is not an http URL.`);
  }
  return url.origin;
}

async function fetchInTime(target: URL, init: RequestInit): Promise<Response> {
  const late = new AbortController();
  const answered = new AbortController();
  systemClock.sleep(answerWithinMs, answered.signal).then(
    () => late.abort(new Fault("deadline_exceeded", `No answer from ${target.origin} in time.`)),
    () => undefined,
  );
  try {
    const response = await fetch(target, { ...init, signal: late.signal });
    return await readWhole(response);
  } finally {
    answered.abort();
  }
}

/** The server says something four times a minute: one that is silent for longer is gone. */
const silentMs = 60_000;

/** Without an end of its own; what comes is read as it comes, and silence cuts it. */
async function fetchStream(target: URL, init: RequestInit): Promise<Response> {
  const watched = watchSilence(target);
  try {
    const given = init.signal ?? null;
    const signal = given === null ? watched.signal : AbortSignal.any([watched.signal, given]);
    const response = await fetch(target, { ...init, signal });
    const { status, headers, body } = response;
    const chunks = watched.follow((body ?? []) as AsyncIterable<Uint8Array>);
    return new Response(ReadableStream.from<Uint8Array>(chunks), { status, headers });
  } catch (error) {
    watched.stop();
    throw error;
  }
}

function watchSilence(target: URL) {
  const late = new AbortController();
  let heard = new AbortController();
  const listen = (): void => {
    heard.abort();
    heard = new AbortController();
    systemClock.sleep(silentMs, heard.signal).then(
      () => late.abort(new Fault("unreachable", `${target.origin} is silent.`)),
      () => undefined,
    );
  };
  const stop = (): void => heard.abort();
  listen();
  return {
    signal: late.signal,
    stop,
    async *follow(chunks: AsyncIterable<Uint8Array>) {
      try {
        for await (const chunk of chunks) {
          listen();
          yield chunk;
        }
      } finally {
        stop();
      }
    },
  };
}

/** As large as any answer of ours. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Read within the deadline and the bound: what drips or never ends is no answer. */
async function readWhole(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Fault("unreachable", "The answer has no end.");
    chunks.push(chunk);
  }
  const { status, headers } = response;
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers });
}
