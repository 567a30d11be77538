import { createSignal } from "../ui/signal.ts";

/** Since when the server has not answered; null while it does. */
export const lostSinceMs = createSignal<number | null>(null);

/** The longest a request may take; streams and long polls are given up by whoever reads them. */
const withinMs = 60_000;

/** `fetch` that notices whether the server is there. */
export async function watchedFetch(target: URL, init: RequestInit): Promise<Response> {
  const isStream = init.signal !== undefined && init.signal !== null;
  const signal = isStream ? init.signal! : AbortSignal.timeout(withinMs);
  try {
    const response = await fetch(target, { ...init, signal, credentials: "omit" });
    lostSinceMs.set(null);
    return response;
  } catch (cause) {
    if (!signal.aborted) lostSinceMs.set(lostSinceMs.get() ?? Date.now());
    throw cause;
  }
}
