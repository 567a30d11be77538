import { useEffect } from "react";
import { createSignal, useSignal } from "./signal.ts";

/** The page's clock: one timer, however many times are shown. */
const now = createSignal(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNowMs(): number {
  useEffect(() => {
    readers += 1;
    timer ??= setInterval(() => now.set(Date.now()), 1_000);
    return () => {
      readers -= 1;
      if (readers > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return useSignal(now);
}
