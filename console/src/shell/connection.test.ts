import { afterEach, expect, test, vi } from "vitest";
import { lostSinceMs, watchedFetch } from "./connection.ts";

const target = new URL("http://127.0.0.1/v1/runs");

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  lostSinceMs.set(null);
});

/** Answers nothing until it is given up. */
function stubSilence(): void {
  vi.stubGlobal("fetch", (_: URL, { signal }: { readonly signal: AbortSignal }) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
    return promise;
  });
}

test("a server that takes a request and says nothing is lost, too, until one is answered", async () => {
  stubSilence();
  const late = AbortSignal.abort(new DOMException("", "TimeoutError"));
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(late);
  const { signal } = new AbortController();
  await expect(watchedFetch(target, { method: "GET" }, signal)).rejects.toThrow(late.reason);
  expect(lostSinceMs.get()).not.toBeNull();
  vi.restoreAllMocks();
  vi.stubGlobal("fetch", async () => new Response("{}"));
  await watchedFetch(target, { method: "GET" }, signal);
  expect(lostSinceMs.get()).toBeNull();
});

test("a session that has ended asks nothing more, and what it still waits for is given up", async () => {
  stubSilence();
  const over = new AbortController();
  const stream = new AbortController().signal;
  const asked = [{}, { signal: stream }].map((init) =>
    watchedFetch(target, { method: "GET", ...init }, over.signal),
  );
  over.abort();
  for (const each of asked) await expect(each).rejects.toThrow("abort");
  const sent = vi.fn(async () => new Response("{}"));
  vi.stubGlobal("fetch", sent);
  await expect(watchedFetch(target, { method: "POST" }, over.signal)).rejects.toThrow("abort");
  expect(sent).not.toHaveBeenCalled();
  expect(lostSinceMs.get()).toBeNull();
});

test("what is being changed is not broken off, and its answer is nobody's", async () => {
  const answer = Promise.withResolvers<Response>();
  let given: AbortSignal | null = null;
  vi.stubGlobal("fetch", (_: URL, init: { readonly signal: AbortSignal }) => {
    given = init.signal;
    return answer.promise;
  });
  const over = new AbortController();
  const asked = watchedFetch(target, { method: "POST" }, over.signal);
  over.abort();
  expect(given!.aborted).toBe(false);
  answer.resolve(new Response("{}"));
  await expect(asked).rejects.toThrow("abort");
});
