import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../ui/button.tsx";
import { FaultNotice } from "../ui/fault-notice.tsx";
import { PartMissing } from "./load-page.ts";

/** A bug of the console's ends the page that it is on, and says so. What is around it stays. */
export function Crash({ error, reset }: ErrorComponentProps) {
  return (
    <div className="mx-auto max-w-xl p-6">
      {error instanceof PartMissing ? <Upgraded /> : <FaultNotice error={error} onRetry={reset} />}
    </div>
  );
}

/** The same where not even the shell is left. */
export function WholeCrash(props: ErrorComponentProps) {
  return (
    <main>
      <Crash {...props} />
    </main>
  );
}

/** A page that was open while its server was upgraded asks for files that are no more. */
function Upgraded() {
  return (
    <div role="alert" className="rounded-lg border border-line bg-warn-soft p-4">
      <p className="font-medium text-warn">Countersign was upgraded: reload</p>
      <p className="mt-1 text-sm text-ink">
        This page is older than its server, or the server does not answer. Reloading brings the
        newest; it asks for your key again.
      </p>
      <div className="mt-3">
        <Button onClick={() => location.reload()}>Reload</Button>
      </div>
    </div>
  );
}
