import { FaultNotice } from "../ui/fault-notice.tsx";

/** A bug of the console's ends the page that it is on, and says so. */
export function Crash({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  return (
    <main className="mx-auto max-w-xl p-6">
      <FaultNotice error={error} onRetry={reset} />
    </main>
  );
}
