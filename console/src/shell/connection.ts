import { createSignal } from "../ui/signal.ts";

/** Since when the server has not answered; null while it does. */
export const lostSinceMs = createSignal<number | null>(null);

/** The longest a request may take; streams and long polls are given up by whoever reads them. */
const withinMs = 60_000;

/**
 * `fetch` that notices whether the server is there. `over`: the session has ended; nothing is asked with
 * its key any more, and only what was to be changed is not broken off.
 */
export async function watchedFetch(
  target: URL,
  init: RequestInit,
  over: AbortSignal,
): Promise<Response> {
  over.throwIfAborted();
  const given = init.signal ?? null;
  const ends = [given ?? AbortSignal.timeout(withinMs), ...(init.method === "GET" ? [over] : [])];
  try {
    const signal = AbortSignal.any(ends);
    const response = await fetch(target, { ...init, signal, credentials: "omit" });
    lostSinceMs.set(null);
    return response;
  } catch (cause) {
    const isGivenUp = over.aborted || given?.aborted === true;
    if (!isGivenUp) lostSinceMs.set(lostSinceMs.get() ?? Date.now());
    throw cause;
  } finally {
    // What a key was answered after it had gone is nobody's.
    over.throwIfAborted();
  }
}
