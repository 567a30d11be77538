import { QueryCache, QueryClient, MutationCache } from "@tanstack/react-query";
import { Fault } from "../../../src/model/fault.ts";
import { signOut } from "../shell/session.ts";

const retries = 3;
const longestWaitMs = 8_000;

/** A key that is not accepted any more ends the session, wherever it was noticed. */
function noticeRefusal(error: unknown): void {
  if (error instanceof Fault && error.code === "unauthenticated")
    signOut("Your key is not accepted any more.");
}

/** What is retryable is in the catalogue of faults, for a person and for the page. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeRefusal }),
  mutationCache: new MutationCache({ onError: noticeRefusal }),
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // A poll tries again by itself, and what was read before stays on the screen.
      retry: (failures, error) => error instanceof Fault && error.retryable && failures < retries,
      retryDelay: (failures) => Math.min(longestWaitMs, 1_000 * 2 ** failures),
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
