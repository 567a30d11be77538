import { hash } from "node:crypto";
import { Fault } from "../../../model/index.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Release } from "./firecracker-release.ts";

const fetchMs = 300_000;

/** The whole file, once its digest is the one that was asked for. */
export async function fetchRelease(
  { url, sha256, mostBytes }: Release,
  clock: Clock,
): Promise<Buffer> {
  const over = new AbortController();
  const done = new AbortController();
  clock.sleep(fetchMs, done.signal).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    const bytes = await read(url, mostBytes, over.signal);
    const found = hash("sha256", bytes, "hex");
    if (found === sha256) return bytes;
    throw new Fault(
      "setup_failed",
      `${url} is not the file that was asked for: its SHA-256 is ${found}, not ${sha256}.`,
    );
  } finally {
    done.abort();
  }
}

async function read(url: string, mostBytes: number, signal: AbortSignal): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw unread(url, `the answer is ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw unread(url, `it is larger than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unread(url, signal.aborted ? `it took longer than ${fetchMs / 1000} s` : toReason(cause));
  }
}

const unread = (url: string, why: string): Fault =>
  new Fault("setup_failed", `${url} cannot be fetched: ${why}.`);

/** The message is always the same; what it is about is in the cause. */
function toReason(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? String(error);
}
